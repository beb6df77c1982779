"""Running a stream: offers, what is on air, prices, the start and the end."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused
from shop.catalog.models import Variant
from shop.stock.service import open_level
from shop.streams.changes import (
    CHANGEABLE,
    MOMENTS,
    OFFER_CHANGED,
    ON_AIR_CHANGED,
    ChangedMeanwhile,
    Meanwhile,
    as_recorded,
    changes_since,
    facts_of,
)
from shop.streams.models import AirTime, Offer, Stream
from shop.streams.rules import passed
from shop.streams.states import ENDED, LIVE, may_move


def plan_stream(
    session: Session,
    *,
    title_zh: str,
    title_en: str,
    starts_at: datetime,
    hold_minutes: int,
    watch_url: str = "",
    target_fen: int | None = None,
    now: datetime,
    by: Actor,
) -> Stream:
    """Announce a stream; ``target_fen`` is what it is meant to bring."""
    stream = Stream(
        title_zh=title_zh,
        title_en=title_en,
        starts_at=starts_at,
        hold_minutes=hold_minutes,
        watch_url=watch_url,
        target_fen=target_fen,
    )
    session.add(stream)
    session.flush()
    record_change(
        session, actor=by, action="stream.planned", subject=f"stream:{stream.id}", at=now, after={"title": title_zh}
    )
    return stream


def change_plan(
    session: Session,
    stream_id: int,
    *,
    title_zh: str,
    title_en: str,
    starts_at: datetime,
    hold_minutes: int,
    watch_url: str = "",
    target_fen: int | None = None,
    now: datetime,
    by: Actor,
) -> Stream:
    """Change a stream's name, start, hold and target; holds that are open keep the end they were promised."""
    stream = lock_open_stream(session, stream_id)
    wanted = {
        "title_zh": title_zh,
        "title_en": title_en,
        "starts_at": starts_at,
        "hold_minutes": hold_minutes,
        "watch_url": watch_url,
        "target_fen": target_fen,
    }
    before = {name: getattr(stream, name) for name in wanted}
    if before == wanted:
        return stream
    for name, value in wanted.items():
        setattr(stream, name, value)
    stream.revision += 1
    record_change(
        session,
        actor=by,
        action="stream.changed",
        subject=f"stream:{stream.id}",
        at=now,
        before={**before, "starts_at": before["starts_at"].isoformat()},
        after={**wanted, "starts_at": starts_at.isoformat()},
    )
    return stream


def lock_stream(session: Session, stream_id: int) -> Stream:
    """The stream, locked until the transaction ends and read anew.

    The lock lets orders in: they only need the stream's key to stay. Streams are locked before their offers.
    """
    stream = session.scalar(
        select(Stream)
        .where(Stream.id == stream_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if stream is None:
        raise NotFound("没有这场直播。", "There is no such stream.")
    return stream


def lock_open_stream(session: Session, stream_id: int) -> Stream:
    """As ``lock_stream``, for a stream that has not ended."""
    stream = lock_stream(session, stream_id)
    if stream.state == ENDED:
        raise Refused(
            "直播已经结束，不能再改。", "The stream has ended and cannot be changed any more.", code="wrong_state"
        )
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
        stream.rehearsing, stream.rehearsal_offer_id = False, None
        _move(session, stream, LIVE, now=now, by=by)
        stream.started_at = now
    return stream


def end_stream(session: Session, stream_id: int, *, now: datetime, by: Actor) -> Stream:
    """End the stream: nothing more is sold, holds that are open may still be paid until they run out."""
    stream = lock_stream(session, stream_id)
    if stream.state != ENDED:
        stream.rehearsing, stream.rehearsal_offer_id, stream.message = False, None, ""
        _move(session, stream, ENDED, now=now, by=by)
        if stream.on_air_offer_id is not None:
            session.add(AirTime(stream_id=stream.id, offer_id=None, at=now))
        stream.on_air_offer_id = None
        stream.ended_at = now
    return stream


def put_on_air(
    session: Session,
    stream_id: int,
    offer_id: int | None,
    *,
    now: datetime,
    by: Actor,
    action: str = ON_AIR_CHANGED,
) -> Stream:
    """Show this offer now (``None``: nothing); pressed twice it changes nothing the second time."""
    stream = lock_stream(session, stream_id)
    if stream.state != LIVE:
        raise Refused("现在没有在直播。请先开播。", "The stream is not live. Start it first.", code="not_live")
    if offer_id is not None and offer_of(session, stream_id, offer_id) is None:
        raise NotFound("没有这个直播商品。", "There is no such offer in this stream.")
    if stream.on_air_offer_id != offer_id:
        record_change(
            session,
            actor=by,
            action=action,
            subject=f"stream:{stream.id}",
            at=now,
            before={"offer": stream.on_air_offer_id},
            after={"offer": offer_id},
        )
        stream.on_air_offer_id = offer_id
        stream.revision += 1
        session.add(AirTime(stream_id=stream_id, offer_id=offer_id, at=now))
    return stream


def offer_of(session: Session, stream_id: int, offer_id: int) -> Offer | None:
    """The offer, when it is of this stream."""
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
    stream = lock_open_stream(session, stream_id)
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
    record_change(session, actor=by, action="offer.added", subject=f"offer:{offer.id}", at=now, after=facts_of(offer))
    return offer


def change_offer(
    session: Session,
    stream_id: int,
    offer_id: int,
    changes: Mapping[str, Any],
    *,
    now: datetime,
    by: Actor,
    seen: int | None = None,
) -> Offer:
    """Change an offer's price, allotment, cap, end, position or state. Orders placed keep the price they had.

    ``seen`` is the ``terms_revision`` of the page that the person decided on; without it the change is made whatever
    happened meanwhile.

    Raises:
        Refused: the allotment would fall below what is already held or sold (``below_taken``).
        ChangedMeanwhile: somebody else changed one of the same things after ``seen``, to something else.
    """
    lock_open_stream(session, stream_id)
    offer = lock_offer(session, stream_id, offer_id)
    if seen is not None and seen != offer.terms_revision:
        changes = _merged(offer, changes, changes_since(session, offer.id, seen))
    set_terms(session, offer, changes, now=now, by=by)
    return offer


def _merged(offer: Offer, changes: Mapping[str, Any], meanwhile: Sequence[Meanwhile]) -> dict[str, Any]:
    """What a person really changed on a page that others have overtaken; refuses what clashes with theirs.

    A form sends all its fields: one that still holds what the page was made with was left alone.
    """
    shown = {change.what: change.before for change in reversed(meanwhile)}
    touched = {name: value for name, value in changes.items() if name not in shown or as_recorded(value) != shown[name]}
    clashes = [
        change for change in meanwhile if change.what in touched and touched[change.what] != getattr(offer, change.what)
    ]
    if clashes:
        raise ChangedMeanwhile(clashes)
    return touched


def lock_offer(session: Session, stream_id: int, offer_id: int) -> Offer:
    """The offer, locked until the transaction ends and read anew."""
    offer = session.scalar(
        select(Offer)
        .where(Offer.id == offer_id, Offer.stream_id == stream_id)
        .with_for_update(of=Offer)
        .execution_options(populate_existing=True)
    )
    if offer is None:
        raise NotFound("没有这个直播商品。", "There is no such offer in this stream.")
    return offer


def set_terms(
    session: Session,
    offer: Offer,
    changes: Mapping[str, Any],
    *,
    now: datetime,
    by: Actor,
    action: str = OFFER_CHANGED,
) -> None:
    """Write new terms of a locked offer, if any differ, with what was before and after."""
    if not set(changes) <= set(CHANGEABLE):
        raise ValueError(f"not changeable: {set(changes) - set(CHANGEABLE)}")
    if changes.get("allotment", offer.allotment) < offer.taken:
        raise Refused(
            f"已经锁定或卖出 {offer.taken} 件，数量不能比这更少。",
            f"{offer.taken} are already held or sold; the allotment cannot be less.",
            code="below_taken",
        )
    if all(getattr(offer, name) == value for name, value in changes.items()):
        return
    price_fen = changes.get("price_fen", offer.price_fen)
    if price_fen > changes.get("list_price_fen", offer.list_price_fen):
        # Nothing is struck through above what it costs now.
        changes = {**changes, "list_price_fen": price_fen}
    before = facts_of(offer)
    # A moment that has passed counts as one change in the snapshot's version; setting a new one must not lose it.
    offer.revision += 1 + passed(now, *(getattr(offer, name) for name in MOMENTS))
    offer.terms_revision += 1
    for name, value in changes.items():
        setattr(offer, name, value)
    record_change(
        session, actor=by, action=action, subject=f"offer:{offer.id}", at=now, before=before, after=facts_of(offer)
    )
    session.flush()
