"""Joining the line, leaving it, and serving it: whoever is next gets a held order by herself, silence passes it on.

A turn is an ordinary held order: it has an end that the buyer can see, it is paid or runs out like any other, and what
runs out goes to the next in line. So waiting adds no second kind of hold to the stock.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.errors import NotFound, Problem, Refused
from kernel.ids import readable_code
from shop.orders import counter_sql as sql
from shop.orders.counter import place_locked, refuse_flood
from shop.orders.placing import Asked, AskedLine, KeyReused, OfferState, OutOfStock, Placed, grant
from shop.orders.postage_service import rates_in_force
from shop.orders.rules import Address, ShippingTerms
from shop.streams.models import Stream
from shop.streams.states import ENDED
from shop.vouchers.rules import Vouchers
from shop.waitlist import queries
from shop.waitlist.models import Wait
from shop.waitlist.states import LEFT, OVER, SERVED, WAITING

STREAM_ENDED = "stream_ended"


def join(session: Session, asked: Asked, now: datetime) -> Wait:
    """Stand in line for one offer with everything an order needs; the same key again is the same place.

    Raises:
        Refused: what would stand against an order too, or ``still_left``, ``already_waiting``. KeyReused: the key came
            before with another wish. NotFound: no such offer in this stream.
    """
    (line,) = asked.lines
    offers = sql.lock_offers(session, {line.offer_id})
    known = session.scalar(select(Wait).where(Wait.key == asked.idempotency_key))
    if known is not None:
        if known.request_hash != asked.request_hash:
            raise KeyReused(known.number)
        return known
    refuse_flood(asked, sql.count_tries(session, [asked], now))
    _refuse_what_can_be_bought(session, asked, offers, now)
    wait = Wait(
        number=f"W{now:%y%m%d}-{readable_code(8)}",
        stream_id=asked.stream_id,
        offer_id=line.offer_id,
        quantity=line.quantity,
        phone=asked.phone,
        wish=_wish(asked),
        key=asked.idempotency_key,
        request_hash=asked.request_hash,
        state=WAITING,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(wait)
            session.flush()
    except IntegrityError as error:
        if "uq_waits_once_in_line" not in str(error.orig):
            raise
        raise Refused(
            "这个手机号已经在排这件货了。",
            "This phone number is in line for this already.",
            code="already_waiting",
        ) from None
    return wait


def _refuse_what_can_be_bought(session: Session, asked: Asked, offers: dict[int, OfferState], now: datetime) -> None:
    """Only for what is sold out is there a line; everything else that stands against an order stands against it too."""
    left, terms = None, replace(asked.terms, rates=rates_in_force(session))
    # A voucher is for an order; whoever waits gives it when it is her turn.
    asked = replace(asked, terms=terms, voucher="")
    try:
        # Tried on what was read, and never written.
        grant(asked, offers, sql.taken_by_buyer(session, {asked.phone}, offers, now), Vouchers({}, {}), now)
    except OutOfStock as refusal:
        left = refusal.extra["left"]
    if left != 0:
        raise Refused(
            "现在还有货，不用排队，直接买。", "There is some left: buy it now, no need to wait.", code="still_left"
        )


def _wish(asked: Asked) -> dict[str, Any]:
    return {
        "buyer_name": asked.buyer_name,
        "phone_ext": asked.phone_ext,
        "address": asdict(asked.address),
        "note": asked.note,
        "locale": asked.locale,
        "device_hash": asked.device_hash,
    }


def leave(session: Session, number: str, now: datetime) -> Wait:
    """The buyer does not want to wait any longer; a wait that has ended stays as it ended."""
    known = queries.wait_by_number(session, number)
    if known is None:
        raise NotFound("没有这个排队号。", "There is no such place in line.")
    sql.lock_offers(session, {known.offer_id})
    (wait,) = _lock(session, [known.id])
    if wait.state == WAITING:
        _end(session, wait, LEFT, now)
    return wait


def _lock(session: Session, ids: Sequence[int]) -> Sequence[Wait]:
    """These waits in the order of the line, locked and read anew; their offers are locked already."""
    wanted = select(Wait).where(Wait.id.in_(ids)).order_by(Wait.id).with_for_update(of=Wait)
    return session.scalars(wanted.execution_options(populate_existing=True)).all()


def _end(
    session: Session, wait: Wait, state: str, now: datetime, *, why: str = "", placed: Placed | None = None
) -> None:
    wait.state, wait.why, wait.ended_at = state, why, now
    wait.order_id = placed.id if placed else None
    wait.phone, wait.wish = "", {}
    session.flush()


@dataclass(frozen=True)
class Ended:
    """A wait that ended in this turn, with what a message needs; ``placed`` is the order of whoever was served."""

    number: str
    phone: str
    locale: str
    title: str
    placed: Placed | None


def serve(session: Session, terms: ShippingTerms, now: datetime, most: int = 50) -> list[Ended]:
    """Give what came back to those who wait, first come first; one who wants more than there is gets what there is.

    Returns:
        Whose wait ended. Waits of streams that are over end without an order.
    """
    found = queries.due(session, now, most)
    offers = sql.lock_offers(session, {offer_id for _, offer_id in found})
    ended = []
    for wait in _lock(session, [wait_id for wait_id, _ in found]):
        if wait.state == WAITING:
            ended += _serve_one(session, wait, offers, terms, now)
    return ended


def _serve_one(
    session: Session, wait: Wait, offers: dict[int, OfferState], terms: ShippingTerms, now: datetime
) -> list[Ended]:
    facts = (wait.number, wait.phone, wait.wish["locale"], wait.offer.variant.product.title.pick(wait.wish["locale"]))
    if session.scalar(select(Stream.state).where(Stream.id == wait.stream_id)) == ENDED:
        _end(session, wait, OVER, now, why=STREAM_ENDED)
        return [Ended(*facts, None)]
    there = offers[wait.offer_id].left
    if not there:
        return []
    (answer,) = place_locked(session, [_asked(wait, min(wait.quantity, there), terms)], offers, now)
    if isinstance(answer, Placed):
        _end(session, wait, SERVED, now, placed=answer)
        return [Ended(*facts, answer)]
    if not isinstance(answer, Problem):
        raise answer
    if answer.code == "offer_closed":  # for now; it may be opened again
        return []
    _end(session, wait, OVER, now, why=answer.code)
    return [Ended(*facts, None)]


def _asked(wait: Wait, quantity: int, terms: ShippingTerms) -> Asked:
    wish = wait.wish
    return Asked(
        stream_id=wait.stream_id,
        lines=(AskedLine(wait.offer_id, quantity),),
        buyer_name=wish["buyer_name"],
        phone=wait.phone,
        phone_ext=wish["phone_ext"],
        address=Address(**wish["address"]),
        note=wish["note"],
        locale=wish["locale"],
        idempotency_key=f"wait:{wait.number}",
        request_hash=wait.request_hash,
        device_hash=wish["device_hash"],
        terms=terms,
        is_next_in_line=True,
    )
