"""Weighing in: a delivery with its lot and payable, written once."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing import queries, rules
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.models import Contract, ContractVersion
from fulfillment.purchasing.models import Bagging, Delivery, DeliveryQuote, Lot, Payable
from kernel.audit import Actor
from kernel.db import lock_row
from kernel.errors import Invalid, NotFound, Refused
from kernel.text import Text


@dataclass(frozen=True)
class WeighIn:
    """What the weigher typed; weights in grams, rates in basis points.

    ``refused_g`` goes home again, for ``refused_reason``; ``certificate_reason`` is why it was taken without one.
    """

    contract_id: int
    day: date
    gross_g: int
    tare_g: int
    moisture_bps: int
    foreign_bps: int
    grade: str
    has_certificate: bool
    note: str = ""
    refused_g: int = 0
    refused_reason: str = ""
    certificate_reason: str = ""

    @property
    def net_g(self) -> int:
        """What is taken: without the bags, and without what is refused."""
        return self.gross_g - self.tare_g - self.refused_g


@dataclass(frozen=True)
class Working:
    """A weigh-in that may be written, worked out under the terms of its contract that were in force on its day."""

    contract: Contract
    terms: ContractVersion
    chosen: rules.Chosen
    slip: rules.Slip


class KeyReused(Refused):
    """The form was sent before with other figures, and those were written."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(
            "这张单刚才已经记下了，和现在填的不一样。请先看记下的那一张，要再记一次请重新开始。",
            "This slip was written before with other figures. Look at that one first; to write another, start anew.",
        )


def work_out(
    session: Session, weigh_in: WeighIn, today: date, *, within_days: int | None = None, extra_g: int = 0
) -> Working:
    """The price of a weigh-in, for showing before it is written and for writing it.

    ``within_days``: how old a price may be that a second person lets count; none, as old as the contract says.
    ``extra_g``: what a second person is about to let the contract take besides.

    Raises:
        Invalid: a field cannot be right. Refused: no usable quote, or the goods are too moist for the contract.
    """
    contract, terms = check_weigh_in(session, weigh_in, today)
    check_room(contract, replace(weigh_in, gross_g=weigh_in.gross_g - extra_g))
    chosen = find_quote(session, contract, terms, weigh_in.day, within_days)
    if chosen is None:
        raise Refused(
            f"{weigh_in.day} 和之前 {terms.quote_days} 天都没有可用的行情，请先录入行情。",
            f"There is no usable quote of {weigh_in.day} or the {terms.quote_days} days before. Enter a price first.",
            code="no_quote",
        )
    return Working(contract, terms, chosen, _slip(terms, chosen.quote, _deduction(terms, weigh_in.grade), weigh_in))


def check_weigh_in(session: Session, weigh_in: WeighIn, today: date) -> tuple[Contract, ContractVersion]:
    """The contract of a weigh-in and its terms on that day, once everything typed can be right.

    Raises:
        Invalid: naming every field that cannot be right. Refused: the contract has ended.
    """
    contract = session.get(Contract, weigh_in.contract_id)
    if contract is None:
        raise NotFound("没有这份合同。", "There is no such contract.")
    if not contract.active:
        raise Refused(
            "这份合同已经结束了，不能再收。", "This contract has ended; it takes no more.", code="contract_ended"
        )
    weights = rules.Weights(weigh_in.gross_g, weigh_in.tare_g, weigh_in.refused_g)
    _refuse_marked(rules.find_faults(weights, day=weigh_in.day, today=today, season=season_of(contract)))
    terms = growers.terms_on(session, contract.id, weigh_in.day)
    _deduction(terms, weigh_in.grade)
    try:
        rules.refuse_too_moist(weigh_in.moisture_bps, terms.reject_above_bps)
    except rules.Rejected as rejected:
        fields = {"moisture": rejected.text}
        raise Refused(rejected.text.zh, rejected.text.en, code="too_moist", fields=fields) from None
    return contract, terms


def check_visit(session: Session, contract_id: int, gross_g: int, tare_g: int, day: date, today: date) -> Contract:
    """The contract under which somebody came, once weights and day can be right.

    Raises:
        Invalid: naming every field that cannot be right.
    """
    contract = session.get(Contract, contract_id)
    if contract is None:
        raise NotFound("没有这份合同。", "There is no such contract.")
    _refuse_marked(rules.find_faults(rules.Weights(gross_g, tare_g), day=day, today=today, season=season_of(contract)))
    return contract


def check_room(contract: Contract, weigh_in: WeighIn) -> None:
    """Raise ``Invalid`` when it is more than the contract still takes."""
    _refuse_marked(rules.find_excess(season_of(contract), weigh_in.net_g))


def _refuse_marked(faults: Mapping[str, Text]) -> None:
    if faults:
        raise Invalid(
            "有几处要改一下，已经标出来了。", "A few fields need another look; they are marked.", fields=faults
        )


def season_of(contract: Contract) -> rules.Season:
    """When a contract runs and how much it still takes."""
    return rules.Season(
        contract.season_start,
        contract.season_end,
        contract.agreed_g,
        contract.tolerance_bps,
        contract.delivered_g,
        contract.extra_g,
    )


def find_quote(
    session: Session, contract: Contract, terms: ContractVersion, day: date, within_days: int | None = None
) -> rules.Chosen | None:
    """The price that counts on a day under these terms; ``within_days`` lets an older one count."""
    days = max(within_days or 0, terms.quote_days)
    quotes = queries.usable_quotes(session, queries.kind_of(contract), terms, day, within_days=days)
    rule = queries.quote_rule(terms)
    # An older price counts only where there is none within the contract's own days.
    return rules.choose_quote(quotes, day, rule) or rules.choose_quote(
        quotes, day, replace(rule, newest_within_days=days)
    )


def _deduction(terms: ContractVersion, grade: str) -> int:
    """What the contract's own grade table takes off, in basis points."""
    if grade not in terms.deductions:
        raise Invalid("请选等级。", "Choose the grade.", fields={"grade": Text("请选等级。", "Choose the grade.")})
    return terms.deductions[grade]


def _slip(version: ContractVersion, quote: rules.Quote, deduction_bps: int, weigh_in: WeighIn) -> rules.Slip:
    terms = rules.Terms(
        version.premium_bps, version.floor_fen_per_kg, version.standard_moisture_bps, version.reject_above_bps
    )
    weighed = rules.Weighed(weigh_in.net_g, weigh_in.moisture_bps, weigh_in.foreign_bps, deduction_bps)
    price = rules.price_to_farmer(quote.fen_per_kg, terms, weighed)
    if price.pay_fen == 0:
        too_little = Text(
            "这点重量算不出钱，请再看一下毛重和皮重。", "Too little to pay for. Look at gross and tare again."
        )
        raise Invalid(too_little.zh, too_little.en, fields={"gross": too_little})
    return rules.Slip(
        weigh_in.gross_g, weigh_in.tare_g, weigh_in.grade, quote, terms, weighed, price, weigh_in.refused_g
    )


def slip_of(delivery: Delivery) -> rules.Slip:
    """The working of a delivery that is written: what was copied and paid, line by line."""
    terms = rules.Terms(delivery.premium_bps, delivery.floor_fen_per_kg, delivery.standard_moisture_bps)
    weighed = rules.Weighed(delivery.net_g, delivery.moisture_bps, delivery.foreign_bps, delivery.grade_deduction_bps)
    worked = rules.price_to_farmer(delivery.quote_fen_per_kg, terms, weighed)
    price = replace(
        worked,
        promised_fen_per_kg=delivery.promised_fen_per_kg,
        unit_fen_per_kg=delivery.unit_fen_per_kg,
        settle_g=delivery.settle_g,
        pay_fen=delivery.pay_fen,
        market_pay_fen=delivery.market_pay_fen,
    )
    quote = rules.Quote(
        delivery.quote_id,
        delivery.quote_market,
        delivery.quote_source,
        delivery.quote_day,
        delivery.quote_fen_per_kg,
    )
    return rules.Slip(
        delivery.gross_g, delivery.tare_g, delivery.grade, quote, terms, weighed, price, delivery.refused_g
    )


def record_delivery(
    session: Session,
    weigh_in: WeighIn,
    *,
    key: str,
    today: date,
    now: datetime,
    by: Actor,
    within_days: int | None = None,
) -> tuple[Delivery, bool]:
    """Write a delivery with its lot and payable; the same key again gives the same delivery.

    The contract is locked, so that two scales together cannot take more than it allows; the database refuses it too.

    Raises:
        KeyReused: the key has written other figures. And what :func:`work_out` raises.
    """
    lock_contract(session, weigh_in.contract_id)
    known = queries.delivery_by_key(session, key)
    if known is not None:
        check_same(known, weigh_in)
        return known, False
    working = work_out(session, weigh_in, today, within_days=within_days)
    session.execute(
        update(Contract)
        .where(Contract.id == working.contract.id)
        .values(delivered_g=Contract.delivered_g + weigh_in.net_g)
    )
    delivery = _delivery(weigh_in, working, key, now, by)
    insert_once(session, delivery)
    looked_at = enumerate(working.chosen.looked_at, 1)
    session.add_all(DeliveryQuote(delivery_id=delivery.id, place=place, quote_id=each.id) for place, each in looked_at)
    session.add(_lot(delivery))
    due_on = weigh_in.day + timedelta(days=working.terms.payment_days)
    session.add(
        Payable(
            farmer_id=delivery.farmer_id,
            delivery_id=delivery.id,
            amount_fen=delivery.pay_fen,
            due_on=due_on,
            at=now,
        )
    )
    session.flush()
    return delivery, True


def lock_contract(session: Session, contract_id: int) -> None:
    """Wait for other scales, then read the contract anew, also when it was read before in this transaction."""
    lock_row(session, Contract, contract_id)


def give_room(session: Session, delivery: Delivery) -> None:
    """The contract may take again what a delivery that was taken back had filled of it."""
    session.execute(
        update(Contract)
        .where(Contract.id == delivery.contract_id)
        .values(delivered_g=Contract.delivered_g - delivery.net_g)
    )


def check_same(known: Delivery, weigh_in: WeighIn) -> None:
    """Raise :class:`KeyReused` when the delivery that the key has written is another one."""
    if any(getattr(known, name) != value for name, value in asdict(weigh_in).items()):
        raise KeyReused


def insert_once(session: Session, row: Delivery | Bagging) -> None:
    """Insert a row with an idempotency key that another transaction may be writing at this moment."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        if "idempotency_key" not in str(error.orig):
            raise
        raise KeyReused from None


def _lot(delivery: Delivery) -> Lot:
    return Lot(
        number=f"L{delivery.day:%y%m%d}-{delivery.id:04d}",
        delivery_id=delivery.id,
        variant_id=delivery.variant_id,
        received_g=delivery.net_g,
    )


def _delivery(weigh_in: WeighIn, working: Working, key: str, now: datetime, by: Actor) -> Delivery:
    contract, slip = working.contract, working.slip
    return Delivery(
        **asdict(weigh_in),
        idempotency_key=key,
        contract_version=working.terms.version,
        farmer_id=contract.farmer_id,
        variant_id=contract.variant_id,
        net_g=slip.weighed.net_g,
        grade_deduction_bps=slip.weighed.grade_deduction_bps,
        quote_id=slip.quote.id,
        quote_fen_per_kg=slip.quote.fen_per_kg,
        quote_market=slip.quote.market,
        quote_source=slip.quote.source,
        quote_day=slip.quote.day,
        premium_bps=slip.terms.premium_bps,
        floor_fen_per_kg=slip.terms.floor_fen_per_kg,
        standard_moisture_bps=slip.terms.standard_moisture_bps,
        promised_fen_per_kg=slip.price.promised_fen_per_kg,
        unit_fen_per_kg=slip.price.unit_fen_per_kg,
        settle_g=slip.price.settle_g,
        pay_fen=slip.price.pay_fen,
        market_pay_fen=slip.price.market_pay_fen,
        at=now,
        by=by.name,
    )
