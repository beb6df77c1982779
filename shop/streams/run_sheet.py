"""The run sheet as a whole: the order of offers, taking one off, taking over those of an earlier stream."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused
from shop.stock.models import StockLevel
from shop.streams.changes import MOMENTS, facts_of
from shop.streams.models import Offer, Stream
from shop.streams.rules import renumbered
from shop.streams.service import add_offer, lock_open_stream, offer_of


def _offers_of(session: Session, stream_id: int) -> list[Offer]:
    return list(
        session.scalars(select(Offer).where(Offer.stream_id == stream_id).order_by(Offer.position, Offer.id)).unique()
    )


def move_offer(session: Session, stream_id: int, offer_id: int, place: int, *, now: datetime, by: Actor) -> None:
    """Put an offer at a place of the run sheet, counted from 1; pressed twice it stays there."""
    stream = lock_open_stream(session, stream_id)
    offers = {offer.id: offer for offer in _offers_of(session, stream_id)}
    if offer_id not in offers:
        raise NotFound("没有这个直播商品。", "There is no such offer in this stream.")
    before = list(offers)
    after = renumbered(before, offer_id, place)
    if before == after:
        return
    # The session writes the rows in id order, as everybody does: whoever sells meanwhile waits, and never in a ring.
    for position, moved in enumerate(after, 1):
        offers[moved].position = position
    stream.revision += 1
    record_change(
        session,
        actor=by,
        action="stream.order",
        subject=f"stream:{stream.id}",
        at=now,
        before={"offers": before},
        after={"offers": after},
    )
    session.flush()


def remove_offer(session: Session, stream_id: int, offer_id: int, *, now: datetime, by: Actor) -> None:
    """Take an offer off the run sheet, as long as nobody has ordered it; removed already, nothing changes."""
    stream = lock_open_stream(session, stream_id)
    offer = offer_of(session, stream_id, offer_id)
    if offer is None:
        return
    if stream.on_air_offer_id == offer_id:
        raise Refused("它正在讲解中，请先换下一个。", "It is on air. Put another one on air first.", code="on_air")
    before = facts_of(offer)
    try:
        with session.begin_nested():
            session.delete(offer)
            session.flush()
    except IntegrityError:
        raise Refused(
            "已经讲解过或有人下单，只能下架，不能删除。",
            "It was on air or has orders: close it instead of removing it.",
            code="has_orders",
        ) from None
    # The snapshot's version is a sum over the offers: what leaves the sum stays in the stream's own part.
    level = session.scalar(select(StockLevel).where(StockLevel.variant_id == offer.variant_id).with_for_update())
    stream.revision += 1 + len(MOMENTS) + offer.revision + (level.revision if level else 0)
    record_change(session, actor=by, action="offer.removed", subject=f"offer:{offer_id}", at=now, before=before)


@dataclass(frozen=True)
class Copied:
    """How many offers were taken over, and how many were here already or are not for sale any more."""

    added: int
    left_out: int


def copy_offers(session: Session, stream_id: int, from_stream_id: int, *, now: datetime, by: Actor) -> Copied:
    """Take over another stream's offers with their terms, after those that are here; a second time adds nothing."""
    lock_open_stream(session, stream_id)
    if from_stream_id == stream_id or session.get(Stream, from_stream_id) is None:
        raise Refused("请选另一场直播。", "Choose another stream.", code="no_such_source")
    here = {offer.variant_id for offer in _offers_of(session, stream_id)}
    source = _offers_of(session, from_stream_id)
    wanted = [offer for offer in source if offer.variant_id not in here and offer.variant.sellable]
    for offer in wanted:
        copied = add_offer(
            session,
            stream_id,
            offer.variant_id,
            price_fen=offer.price_fen,
            list_price_fen=offer.list_price_fen,
            allotment=offer.allotment,
            cap_per_buyer=offer.cap_per_buyer,
            now=now,
            by=by,
        )
        copied.talking_points = offer.talking_points
    return Copied(len(wanted), len(source) - len(wanted))
