"""The one entry for a weigh-in: written at once, kept for a second person, or turned away.

Who decides about what is kept is in ``deciding_service``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.purchasing import queries as purchasing_queries
from fulfillment.purchasing import rules as price_rules
from fulfillment.purchasing import service as purchasing
from fulfillment.purchasing.asking import queries, rules
from fulfillment.purchasing.asking.models import TurnedAway, WeighInRequest
from fulfillment.purchasing.growers.models import Contract, ContractVersion
from fulfillment.purchasing.growers.rules import REFUSE
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.service import KeyReused, WeighIn
from fulfillment.purchasing.weighing.rules import Bag
from kernel.audit import Actor, record_change
from kernel.errors import Invalid
from kernel.text import Text


@dataclass(frozen=True)
class HandedIn:
    """A weigh-in as it was typed: its facts, and the bags that add up to its gross and tare (none: one lump).

    ``is_sure``: the person was asked about an unusual weight, or about the same figures written before, and said yes.
    ``certificate_is_asked``: this workshop wants a second person where the certificate is missing.
    """

    facts: WeighIn
    bags: Sequence[Bag] = ()
    is_sure: bool = False
    certificate_is_asked: bool = False


@dataclass(frozen=True)
class Visit:
    """Goods that were brought and go home again, all of them: grams, the moisture where it was measured."""

    contract_id: int
    day: date
    gross_g: int
    tare_g: int
    moisture_bps: int | None
    cause: str
    words: str


@dataclass(frozen=True)
class Answer:
    """What became of a weigh-in.

    ``state`` is ``written`` (with the delivery), ``waiting`` (with the request, and the reasons that a second person
    has to look at) or ``refused`` (a request that was refused or taken back, or a visit that was turned away).
    """

    state: str
    delivery_id: int | None = None
    request_id: int | None = None
    turned_away_id: int | None = None
    reasons: tuple[str, ...] = ()


class Writer(Protocol):
    """Writes a delivery with its lot, payable and stock: the roof's own flow, handed in."""

    def __call__(
        self,
        session: Session,
        facts: WeighIn,
        *,
        key: str,
        today: date,
        now: datetime,
        by: Actor,
        bags: Sequence[Bag] = (),
        within_days: int | None = None,
    ) -> Delivery:
        """Return the delivery; the same key again returns the same one."""


def hand_in(
    session: Session, handed: HandedIn, *, key: str, today: date, now: datetime, by: Actor, write: Writer
) -> Answer:
    """Write a weigh-in, or keep it for a second person; the same key again gives the same answer.

    Call it through the roof, ``flows().hand_in(session, handed, key=, today=, now=, by=)``, which hands in ``write``.

    Raises:
        KeyReused: the key came before with other figures. Invalid: a field cannot be right, or is to be confirmed
        (code ``unusual`` or ``written_twice``: send it again with ``is_sure``). Refused: the goods are too moist, or
        the contract has ended.
    """
    facts = handed.facts
    purchasing.lock_contract(session, facts.contract_id)
    known = _known_answer(session, facts, key)
    if known is not None:
        return known
    contract, terms = purchasing.check_weigh_in(session, facts, today)
    _check_words(facts)
    reasons = reasons_now(session, facts, contract, terms, certificate_is_asked=handed.certificate_is_asked)
    if contract.over_rule == REFUSE:
        purchasing.check_room(contract, facts)
    if not handed.is_sure:
        _ask_once(session, facts)
    if reasons:
        return _keep(session, handed, reasons, key=key, now=now, by=by)
    delivery = write(session, facts, key=key, today=today, now=now, by=by, bags=handed.bags)
    return Answer(rules.WRITTEN, delivery_id=delivery.id)


def _known_answer(session: Session, facts: WeighIn, key: str) -> Answer | None:
    request = queries.request_by_key(session, key)
    if request is not None:
        if facts_of(request) != facts:
            raise KeyReused
        return answer_of(request)
    if queries.turned_away_by_key(session, key) is not None:
        raise KeyReused
    delivery = purchasing_queries.delivery_by_key(session, key)
    if delivery is None:
        return None
    purchasing.check_same(delivery, facts)
    return Answer(rules.WRITTEN, delivery_id=delivery.id)


def answer_of(request: WeighInRequest) -> Answer:
    """What became of a request."""
    states = {rules.WAITING: rules.WAITING, rules.APPROVED: rules.WRITTEN}
    state = states.get(request.state, rules.REFUSED)
    return Answer(state, delivery_id=request.delivery_id, request_id=request.id, reasons=tuple(request.reasons))


def facts_of(request: WeighInRequest) -> WeighIn:
    """What was typed, exactly."""
    return WeighIn(**{name: getattr(request, name) for name in WeighIn.__dataclass_fields__})


def _check_words(facts: WeighIn) -> None:
    faults: dict[str, Text] = {}
    if facts.refused_g and facts.refused_reason not in rules.CAUSES:
        faults["refused_reason"] = Text("请选为什么退回。", "Choose why part of it is refused.")
    if not facts.has_certificate and not facts.certificate_reason:
        faults["certificate_reason"] = Text(
            "没有合格证也要收，请写一句为什么。", "There is no certificate. Write why it is taken all the same."
        )
    if faults:
        raise Invalid(
            "有几处要改一下，已经标出来了。", "A few fields need another look; they are marked.", fields=faults
        )


def reasons_now(
    session: Session, facts: WeighIn, contract: Contract, terms: ContractVersion, *, certificate_is_asked: bool
) -> tuple[str, ...]:
    """What a second person would have to look at as things are now."""
    bounds = rules.Bounds(
        has_quote=purchasing.find_quote(session, contract, terms, facts.day) is not None,
        over_g=price_rules.over_g(purchasing.season_of(contract), facts.net_g),
        needs_certificate=certificate_is_asked and not facts.has_certificate,
        premium_bps=terms.premium_bps,
    )
    return rules.reasons_to_ask(bounds)


def _ask_once(session: Session, facts: WeighIn) -> None:
    same = queries.same_figures(
        session, contract_id=facts.contract_id, day=facts.day, gross_g=facts.gross_g, tare_g=facts.tare_g
    )
    if same is not None:
        twice = Text(
            f"{facts.day} 已经记过一样重的一单（{same.lot.number}）。真是另一批，请再确认一次。",
            f"A slip of the same weights was written for {facts.day} ({same.lot.number}). If this is another one, confirm.",
        )
        raise Invalid(twice.zh, twice.en, code="written_twice", fields={"gross": twice})
    brought_g = facts.gross_g - facts.tare_g
    usual = rules.usual_g(queries.earlier_weights_g(session, facts.contract_id, facts.day))
    if usual is not None and rules.is_unusual(brought_g, usual):
        odd = Text(
            f"这位农户平常一次约 {usual / 1000:g} 公斤，这次是 {brought_g / 1000:g} 公斤。是不是把斤当成了公斤？没错就再确认一次。",
            f"This farmer usually brings about {usual / 1000:g} kg; this is {brought_g / 1000:g} kg. Are these catties? If it is right, confirm.",
        )
        raise Invalid(odd.zh, odd.en, code="unusual", fields={"gross": odd}, extra={"usual_g": usual})


def _keep(session: Session, handed: HandedIn, reasons: Sequence[str], *, key: str, now: datetime, by: Actor) -> Answer:
    """Keep everything that was typed until another person has decided."""
    row: dict[str, Any] = asdict(handed.facts) | {
        "key": key,
        "bags": [[bag.gross_g, bag.tare_g] for bag in handed.bags],
        "reasons": list(reasons),
        "state": rules.WAITING,
        "asked_by_id": by.person_id,
        "asked_by": by.name,
        "asked_at": now,
    }
    kept = insert(WeighInRequest).values(row).on_conflict_do_nothing().returning(WeighInRequest.id)
    request_id = session.scalar(kept)
    if request_id is None:  # the key was used for another contract at this very moment
        raise KeyReused
    subject = f"weigh_in_request:{request_id}"
    record_change(session, actor=by, action="weigh_in.asked", subject=subject, at=now, after={"reasons": list(reasons)})
    return Answer(rules.WAITING, request_id=request_id, reasons=tuple(reasons))


def turn_away(session: Session, visit: Visit, *, key: str, today: date, now: datetime, by: Actor) -> Answer:
    """Record that nothing was taken: nothing is owed and nothing enters stock; the same key again changes nothing.

    Raises:
        KeyReused: the key came before with other figures. Invalid: a field cannot be right.
    """
    purchasing.lock_contract(session, visit.contract_id)
    known = queries.turned_away_by_key(session, key)
    if known is not None:
        if any(getattr(known, name) != value for name, value in asdict(visit).items()):
            raise KeyReused
        return Answer(rules.REFUSED, turned_away_id=known.id)
    if queries.request_by_key(session, key) or purchasing_queries.delivery_by_key(session, key):
        raise KeyReused
    purchasing.check_visit(session, visit.contract_id, visit.gross_g, visit.tare_g, visit.day, today)
    row = insert(TurnedAway).values(asdict(visit) | {"key": key, "at": now, "by": by.name})
    turned_away_id = session.scalar(row.on_conflict_do_nothing().returning(TurnedAway.id))
    if turned_away_id is None:
        raise KeyReused
    subject, after = f"turned_away:{turned_away_id}", {"cause": visit.cause, "words": visit.words}
    record_change(session, actor=by, action="delivery.turned_away", subject=subject, at=now, after=after)
    return Answer(rules.REFUSED, turned_away_id=turned_away_id)
