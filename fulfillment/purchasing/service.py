"""Changing purchasing: farmers, contracts, quotes, deliveries, bagging, settlements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing import queries, rules
from fulfillment.purchasing.models import (
    Bagging,
    Contract,
    Delivery,
    Farmer,
    Grade,
    Lot,
    MarketQuote,
    Payable,
    QuoteName,
    Settlement,
    SettlementLine,
)
from fulfillment.purchasing.quote_files import QuoteRow, is_jump
from kernel.audit import Actor, record_change
from kernel.errors import Invalid, NotFound, Refused
from kernel.text import Text
from shop.catalog.models import Variant
from shop.stock import service as stock


def add_farmer(session: Session, *, now: datetime, by: Actor, **facts: Any) -> Farmer:
    """Register a grower."""
    farmer = Farmer(created_at=now, **facts)
    session.add(farmer)
    session.flush()
    record_change(session, actor=by, action="farmer.added", subject=f"farmer:{farmer.id}", at=now)
    return farmer


def create_contract(session: Session, *, now: datetime, by: Actor, **terms: Any) -> Contract:
    """Sign a contract; the database refuses a second one for the same time, farmer, product and form."""
    contract = Contract(created_at=now, **terms)
    try:
        with session.begin_nested():
            session.add(contract)
            session.flush()
    except IntegrityError as error:
        if "no_two_overlap" not in str(error.orig):
            raise
        raise Refused(
            "这位农户这段时间已经有同样产品的合同了。",
            "This farmer has a contract for that product and time already.",
            code="contract_overlaps",
        ) from None
    record_change(
        session,
        actor=by,
        action="contract.signed",
        subject=f"contract:{contract.id}",
        at=now,
        after={
            "premium_bps": contract.premium_bps,
            "floor_fen_per_kg": contract.floor_fen_per_kg,
            "agreed_g": contract.agreed_g,
        },
    )
    return contract


@dataclass
class QuoteImport:
    """What became of the rows of a file or feed."""

    created: int = 0
    unchanged: int = 0
    flagged: int = 0
    not_comparable: int = 0
    unmatched: int = 0


def add_quotes(session: Session, source: str, rows: Iterable[QuoteRow], *, now: datetime, by: Actor) -> QuoteImport:
    """Keep quotes: accepted when they are comparable, known by name and not a jump; else held for a person."""
    result = QuoteImport()
    names = {row.name: row for row in session.scalars(select(QuoteName).where(QuoteName.source == source))}
    for row in sorted(rows, key=lambda row: (row.day, row.source_key)):
        _add_quote(session, source, row, names.get(row.name), result, now=now, by=by)
    return result


def _add_quote(
    session: Session,
    source: str,
    row: QuoteRow,
    known: QuoteName | None,
    result: QuoteImport,
    *,
    now: datetime,
    by: Actor,
) -> None:
    product, form, grade = (known.product, known.form, known.grade) if known else (None, row.form, row.grade or None)
    if known and row.form is not None:
        form, grade = row.form, row.grade or known.grade
    state, why = _judge(session, row, product, form, grade)
    values = {
        "source": source,
        "source_key": row.source_key,
        "market": row.market,
        "name": row.name,
        "product": product,
        "form": form,
        "grade": grade,
        "day": row.day,
        "low_fen": row.low_fen,
        "high_fen": row.high_fen,
        "fen_per_kg": row.fen_per_kg,
        "unit": row.unit,
        "comparable": row.comparable,
        "state": state,
        "why": why,
        "entered_at": now,
        "entered_by": by.name,
    }
    # Without a target: the row may be known by its own key, or the day may have its accepted price already.
    written = session.execute(
        insert(MarketQuote).values(values).on_conflict_do_nothing().returning(MarketQuote.id)
    ).first()
    if written is None:
        result.unchanged += 1
        return
    result.created += 1
    result.flagged += why == "jump"
    result.not_comparable += why == "not comparable"
    result.unmatched += why == "unknown name"


def _judge(
    session: Session, row: QuoteRow, product: str | None, form: str | None, grade: str | None
) -> tuple[str, str]:
    if not row.comparable:
        return "refused", "not comparable"
    if product is None or form is None or grade is None:
        return "held", "unknown name"
    recent = queries.recent_prices(session, product, form, grade, row.market, row.day)
    return ("held", "jump") if is_jump(row.fen_per_kg, recent) else ("accepted", "")


def decide_held_quote(session: Session, quote_id: int, *, accept: bool, now: datetime, by: Actor) -> MarketQuote:
    """A person accepts or refuses a quote that was held; an accepted one replaces the day's earlier one."""
    quote = session.scalar(select(MarketQuote).where(MarketQuote.id == quote_id).with_for_update())
    if quote is None:
        raise NotFound("没有这条行情。", "There is no such quote.")
    if quote.state != "held":
        return quote
    if accept and (quote.product is None or not quote.comparable):
        raise Refused("先说明它是哪个产品。", "Say first which product it is.", code="unknown_name")
    if accept:
        session.execute(
            update(MarketQuote)
            .where(
                MarketQuote.market == quote.market,
                MarketQuote.product == quote.product,
                MarketQuote.form == quote.form,
                MarketQuote.grade == quote.grade,
                MarketQuote.day == quote.day,
                MarketQuote.state == "accepted",
            )
            .values(state="replaced")
        )
    quote.state = "accepted" if accept else "refused"
    session.flush()
    record_change(session, actor=by, action=f"quote.{quote.state}", subject=f"quote:{quote.id}", at=now)
    return quote


def type_quote(
    session: Session,
    *,
    market: str,
    product: str,
    form: str,
    grade: str,
    day: date,
    fen_per_kg: int,
    now: datetime,
    by: Actor,
) -> MarketQuote:
    """A price that a person read off the board; it replaces the day's earlier one, which deliveries keep."""
    where = (
        MarketQuote.market == market,
        MarketQuote.product == product,
        MarketQuote.form == form,
        MarketQuote.grade == grade,
        MarketQuote.day == day,
        MarketQuote.state == "accepted",
    )
    session.execute(update(MarketQuote).where(*where).values(state="replaced"))
    quote = MarketQuote(
        source="manual",
        source_key=f"typed|{market}|{product}|{form}|{grade}|{day}|{now.isoformat()}",
        market=market,
        name=product,
        product=product,
        form=form,
        grade=grade,
        day=day,
        low_fen=fen_per_kg,
        high_fen=fen_per_kg,
        fen_per_kg=fen_per_kg,
        unit="元/公斤",
        comparable=True,
        state="accepted",
        entered_at=now,
        entered_by=by.name,
    )
    session.add(quote)
    session.flush()
    record_change(
        session, actor=by, action="quote.typed", subject=f"quote:{quote.id}", at=now, after={"fen_per_kg": fen_per_kg}
    )
    return quote


@dataclass(frozen=True)
class WeighIn:
    """What the weigher typed; weights in grams, rates in basis points."""

    contract_id: int
    day: date
    gross_g: int
    tare_g: int
    moisture_bps: int
    foreign_bps: int
    grade: str
    has_certificate: bool
    note: str = ""


@dataclass(frozen=True)
class Working:
    """A weigh-in that may be written: its contract, quote, grade and price."""

    contract: Contract
    quote: rules.Quote
    grade: Grade
    price: rules.Price


def work_out(session: Session, weigh_in: WeighIn, today: date) -> Working:
    """The price of a weigh-in, for showing before it is written and for writing it.

    Raises:
        Invalid: a field cannot be right. Refused: no usable quote, or the goods are too moist for the contract.
    """
    contract = session.get(Contract, weigh_in.contract_id)
    if contract is None or not contract.active:
        raise NotFound("没有这份合同。", "There is no such contract.")
    _check_fields(session, contract, weigh_in, today)
    grade = session.scalar(
        select(Grade).where(
            Grade.product == contract.product, Grade.form == contract.form, Grade.name == weigh_in.grade
        )
    )
    if grade is None:
        raise Invalid("请选等级。", "Choose the grade.", fields={"grade": Text("请选等级。", "Choose the grade.")})
    quote = rules.choose_quote(
        queries.usable_quotes(session, contract, weigh_in.day), weigh_in.day, contract.quote_days
    )
    if quote is None:
        raise Refused(
            f"最近 {contract.quote_days} 天没有可用的行情，请先录入今天的行情。",
            f"There is no usable quote of the last {contract.quote_days} days. Enter today's price first.",
            code="no_quote",
        )
    terms = rules.Terms(
        contract.premium_bps, contract.floor_fen_per_kg, contract.standard_moisture_bps, contract.reject_above_bps
    )
    weighed = rules.Weighed(
        weigh_in.gross_g - weigh_in.tare_g, weigh_in.moisture_bps, weigh_in.foreign_bps, grade.deduction_bps
    )
    try:
        price = rules.price_to_farmer(quote.fen_per_kg, terms, weighed)
    except rules.Rejected as rejected:
        raise Refused(rejected.text.zh, rejected.text.en, code="too_moist") from None
    return Working(contract, quote, grade, price)


def _check_fields(session: Session, contract: Contract, weigh_in: WeighIn, today: date) -> None:
    season = rules.Season(
        contract.season_start,
        contract.season_end,
        contract.agreed_g,
        contract.tolerance_bps,
        queries.delivered_g(session, contract.id),
    )
    faults = rules.find_faults(
        gross_g=weigh_in.gross_g, tare_g=weigh_in.tare_g, day=weigh_in.day, today=today, season=season
    )
    if faults:
        raise Invalid(
            "有几处要改一下，已经标出来了。", "A few fields need another look; they are marked.", fields=faults
        )


def record_delivery(
    session: Session, weigh_in: WeighIn, *, key: str, today: date, now: datetime, by: Actor
) -> tuple[Delivery, bool]:
    """Write a delivery with its lot and payable; the same key again gives the same delivery.

    The contract is locked, so that two scales together cannot take more than it allows.
    """
    session.execute(select(Contract.id).where(Contract.id == weigh_in.contract_id).with_for_update())
    known = session.scalar(select(Delivery).where(Delivery.idempotency_key == key))
    if known is not None:
        return known, False
    working = work_out(session, weigh_in, today)
    delivery = _delivery(weigh_in, working, key, now, by)
    session.add(delivery)
    session.flush()
    session.add(
        Lot(
            number=f"L{weigh_in.day:%y%m%d}-{delivery.id:04d}",
            delivery_id=delivery.id,
            variant_id=delivery.variant_id,
            received_g=delivery.net_g,
        )
    )
    session.add(
        Payable(
            farmer_id=delivery.farmer_id,
            delivery_id=delivery.id,
            amount_fen=delivery.pay_fen,
            due_on=weigh_in.day + timedelta(days=working.contract.payment_days),
            at=now,
        )
    )
    session.flush()
    return delivery, True


def _delivery(weigh_in: WeighIn, working: Working, key: str, now: datetime, by: Actor) -> Delivery:
    contract, quote, price = working.contract, working.quote, working.price
    return Delivery(
        idempotency_key=key,
        contract_id=contract.id,
        farmer_id=contract.farmer_id,
        variant_id=contract.variant_id,
        day=weigh_in.day,
        gross_g=weigh_in.gross_g,
        tare_g=weigh_in.tare_g,
        net_g=weigh_in.gross_g - weigh_in.tare_g,
        moisture_bps=weigh_in.moisture_bps,
        foreign_bps=weigh_in.foreign_bps,
        grade=working.grade.name,
        grade_deduction_bps=working.grade.deduction_bps,
        quote_id=quote.id,
        quote_fen_per_kg=quote.fen_per_kg,
        quote_market=quote.market,
        quote_source=quote.source,
        quote_day=quote.day,
        premium_bps=contract.premium_bps,
        floor_fen_per_kg=contract.floor_fen_per_kg,
        standard_moisture_bps=contract.standard_moisture_bps,
        promised_fen_per_kg=price.promised_fen_per_kg,
        unit_fen_per_kg=price.unit_fen_per_kg,
        settle_g=price.settle_g,
        pay_fen=price.pay_fen,
        market_pay_fen=price.market_pay_fen,
        has_certificate=weigh_in.has_certificate,
        note=weigh_in.note,
        at=now,
        by=by.name,
    )


def bag_lot(
    session: Session, lot_id: int, variant_id: int, bags: int, *, key: str, now: datetime, by: Actor
) -> tuple[Bagging, bool]:
    """Put raw goods of a lot into bags: raw stock falls, bag stock rises; the same key again changes nothing."""
    lot = session.scalar(select(Lot).where(Lot.id == lot_id).with_for_update(of=Lot))
    variant = session.get(Variant, variant_id)
    known = session.scalar(select(Bagging).where(Bagging.idempotency_key == key))
    if known is not None:
        return known, False
    if lot is None or variant is None or not variant.sellable:
        raise NotFound("没有这个批号或规格。", "There is no such lot or variant.")
    if variant.product.slug != lot.delivery.contract.product:
        raise Refused("这个批号不是这个产品。", "That lot is another product.", code="other_product")
    used_g = bags * variant.net_g
    if used_g > lot.received_g - lot.used_g:
        most = (lot.received_g - lot.used_g) // variant.net_g
        raise Refused(f"这批货最多还能装 {most} 袋。", f"That lot is enough for {most} bags.", code="lot_too_small")
    lot.used_g += used_g
    bagging = Bagging(
        idempotency_key=key, lot_id=lot_id, variant_id=variant_id, bags=bags, used_g=used_g, at=now, by=by.name
    )
    session.add(bagging)
    session.flush()
    source = f"bagging:{bagging.id}"
    stock.consume(session, lot.variant_id, used_g, source=source, by=by, at=now)
    stock.receive(session, variant_id, bags, source=source, by=by, at=now)
    return bagging, True


def settle(
    session: Session, farmer_id: int, payable_ids: Sequence[int], *, method: str, now: datetime, by: Actor
) -> Settlement:
    """Pay payables of one farmer, each once.

    Raises:
        Refused: nothing to pay, one is paid already, or one is below its promise.
    """
    payables = session.scalars(
        select(Payable).where(Payable.id.in_(payable_ids), Payable.farmer_id == farmer_id).order_by(Payable.id)
    ).all()
    if not payables or len(payables) != len(set(payable_ids)):
        raise Refused("请选要付的款。", "Choose what to pay.", code="nothing_to_pay")
    for payable in payables:
        _check_promise(payable.delivery)
    settlement = Settlement(
        farmer_id=farmer_id, total_fen=sum(x.amount_fen for x in payables), method=method, at=now, by=by.name
    )
    try:
        with session.begin_nested():
            session.add(settlement)
            session.flush()
            session.add_all(
                SettlementLine(payable_id=x.id, settlement_id=settlement.id, amount_fen=x.amount_fen) for x in payables
            )
            session.flush()
    except IntegrityError:
        raise Refused(
            "其中有一笔已经付过了，请刷新。", "One of these was paid already; reload.", code="settled_already"
        ) from None
    record_change(
        session,
        actor=by,
        action="settlement.paid",
        subject=f"settlement:{settlement.id}",
        at=now,
        after={"total_fen": settlement.total_fen, "method": method},
    )
    return settlement


def _check_promise(delivery: Delivery) -> None:
    """The last look before money moves: worked out again from the copied facts, never less than promised."""
    terms = rules.Terms(delivery.premium_bps, delivery.floor_fen_per_kg, delivery.standard_moisture_bps)
    weighed = rules.Weighed(delivery.net_g, delivery.moisture_bps, delivery.foreign_bps, delivery.grade_deduction_bps)
    promised = rules.price_to_farmer(delivery.quote_fen_per_kg, terms, weighed)
    if delivery.pay_fen < promised.pay_fen:
        raise Refused(
            "有一笔低于合同承诺的价格，不能付款，请负责人查看。",
            "A line is below the promised price and cannot be settled.",
            code="below_promise",
        )
