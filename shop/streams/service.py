"""Running a stream: offers, what is on air, prices, the start and the end."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused
from shop.catalog.models import Variant
from shop.stock.service import open_level
from shop.streams.models import AirTime, Offer, Stream
from shop.streams.states import ENDED, LIVE, may_move

CHANGEABLE = ("price_fen", "list_price_fen", "allotment", "cap_per_buyer", "state", "ends_at", "position")


def plan_stream(
    session: Session, *, title_zh: str, title_en: str, starts_at: datetime, hold_minutes: int, now: datetime, by: Actor
) -> Stream:
    """Announce a stream."""
    stream = Stream(title_zh=title_zh, title_en=title_en, starts_at=starts_at, hold_minutes=hold_minutes)
    session.add(stream)
    session.flush()
    record_change(
        session, actor=by, action="stream.planned", subject=f"stream:{stream.id}", at=now, after={"title": title_zh}
    )
    return stream


def lock_stream(session: Session, stream_id: int) -> Stream:
    """The stream, locked until the transaction ends and read anew."""
    stream = session.scalar(
        select(Stream).where(Stream.id == stream_id).with_for_update().execution_options(populate_existing=True)
    )
    if stream is None:
        raise NotFound("没有这场直播。", "There is no such stream.")
    return stream


def _move(session: Session, stream: Stream, new: str, *, now: datetime, by: Actor) -> None:
    if not may_move(stream.state, new):
        raise Refused("这场直播已经不在这一步了。", "The stream is past that step.", code="wrong_state")
    record_change(
        session,
        actor=by,
        action=f"stream.{new}",
        subject=f"stream:{stream.id}",
        at=now,
        before={"state": stream.state},
        after={"state": new},
    )
    stream.state = new
    stream.revision += 1


def start_stream(session: Session, stream_id: int, *, now: datetime, by: Actor) -> Stream:
    """Go live; pressed twice it stays live."""
    stream = lock_stream(session, stream_id)
    if stream.state != LIVE:
        _move(session, stream, LIVE, now=now, by=by)
        stream.started_at = now
    return stream


def end_stream(session: Session, stream_id: int, *, now: datetime, by: Actor) -> Stream:
    """End the stream: nothing more is sold, holds that are open may still be paid until they run out."""
    stream = lock_stream(session, stream_id)
    if stream.state != ENDED:
        _move(session, stream, ENDED, now=now, by=by)
        if stream.on_air_offer_id is not None:
            session.add(AirTime(stream_id=stream.id, offer_id=None, at=now))
        stream.on_air_offer_id = None
        stream.ended_at = now
    return stream


def put_on_air(session: Session, stream_id: int, offer_id: int | None, *, now: datetime, by: Actor) -> Stream:
    """Show this offer now (``None``: nothing); pressed twice it changes nothing the second time."""
    stream = lock_stream(session, stream_id)
    if stream.state != LIVE:
        raise Refused("直播还没开始。请先开播。", "The stream is not live. Start it first.", code="not_live")
    if offer_id is not None and _offer_of(session, stream_id, offer_id) is None:
        raise NotFound("没有这个直播商品。", "There is no such offer in this stream.")
    if stream.on_air_offer_id != offer_id:
        record_change(
            session,
            actor=by,
            action="stream.on_air",
            subject=f"stream:{stream.id}",
            at=now,
            before={"offer": stream.on_air_offer_id},
            after={"offer": offer_id},
        )
        stream.on_air_offer_id = offer_id
        stream.revision += 1
        session.add(AirTime(stream_id=stream_id, offer_id=offer_id, at=now))
    return stream


def _offer_of(session: Session, stream_id: int, offer_id: int) -> Offer | None:
    return session.scalar(select(Offer).where(Offer.id == offer_id, Offer.stream_id == stream_id))


def add_offer(
    session: Session,
    stream_id: int,
    variant_id: int,
    *,
    price_fen: int,
    list_price_fen: int,
    allotment: int,
    cap_per_buyer: int | None,
    now: datetime,
    by: Actor,
) -> Offer:
    """Offer a variant in a stream, after the others."""
    stream = lock_stream(session, stream_id)
    if stream.state == ENDED:
        raise Refused("直播已经结束。", "The stream has ended.", code="wrong_state")
    variant = session.get(Variant, variant_id)
    if variant is None or not variant.sellable:
        raise NotFound("没有这个规格。", "There is no such variant to sell.")
    open_level(session, variant_id)
    last = session.scalar(
        select(Offer.position).where(Offer.stream_id == stream_id).order_by(Offer.position.desc()).limit(1)
    )
    offer = Offer(
        stream_id=stream_id,
        variant_id=variant_id,
        position=(last or 0) + 1,
        price_fen=price_fen,
        list_price_fen=list_price_fen,
        allotment=allotment,
        cap_per_buyer=cap_per_buyer,
    )
    try:
        with session.begin_nested():
            session.add(offer)
            session.flush()
    except IntegrityError:
        raise Refused(
            "这个规格已经在这场直播里了。", "That variant is already offered in this stream.", code="offered_already"
        ) from None
    stream.revision += 1
    record_change(session, actor=by, action="offer.added", subject=f"offer:{offer.id}", at=now, after=_facts(offer))
    return offer


def change_offer(
    session: Session, stream_id: int, offer_id: int, changes: dict[str, Any], *, now: datetime, by: Actor
) -> Offer:
    """Change an offer's price, allotment, cap, end, position or state. Orders placed keep the price they had.

    Raises:
        Refused: the allotment would fall below what is already held or sold (``below_taken``).
    """
    if not set(changes) <= set(CHANGEABLE):
        raise ValueError(f"not changeable: {set(changes) - set(CHANGEABLE)}")
    offer = session.scalar(
        select(Offer)
        .where(Offer.id == offer_id, Offer.stream_id == stream_id)
        .with_for_update(of=Offer)
        .execution_options(populate_existing=True)
    )
    if offer is None:
        raise NotFound("没有这个直播商品。", "There is no such offer in this stream.")
    if changes.get("allotment", offer.allotment) < offer.taken:
        raise Refused(
            f"已经锁定或卖出 {offer.taken} 件，不能改得更少。",
            f"{offer.taken} are already held or sold; the allotment cannot be less.",
            code="below_taken",
        )
    before = _facts(offer)
    for name, value in changes.items():
        setattr(offer, name, value)
    after = _facts(offer)
    if before != after:
        offer.revision += 1
        record_change(
            session, actor=by, action="offer.changed", subject=f"offer:{offer.id}", at=now, before=before, after=after
        )
        session.flush()
    return offer


def remove_offer(session: Session, stream_id: int, offer_id: int, *, now: datetime, by: Actor) -> None:
    """Take an offer off the run sheet, as long as nobody has ordered it."""
    stream = lock_stream(session, stream_id)
    offer = _offer_of(session, stream_id, offer_id)
    if offer is None:
        return
    if stream.on_air_offer_id == offer_id:
        raise Refused("它正在讲解中，请先换下一个。", "It is on air. Put another one on air first.", code="on_air")
    try:
        with session.begin_nested():
            session.delete(offer)
            session.flush()
    except IntegrityError:
        raise Refused(
            "已经有人下单，只能关闭，不能删除。", "It has orders: close it instead of removing it.", code="has_orders"
        ) from None
    stream.revision += 1
    record_change(session, actor=by, action="offer.removed", subject=f"offer:{offer_id}", at=now, before=_facts(offer))


def _facts(offer: Offer) -> dict[str, Any]:
    facts = {name: getattr(offer, name) for name in CHANGEABLE}
    facts["ends_at"] = offer.ends_at.isoformat() if offer.ends_at else None
    return facts
