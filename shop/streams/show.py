"""What makes a stream a show: what is said of an offer, a message to viewers, and rehearsing what will be on air."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused
from shop.streams.changes import REHEARSAL_CHANGED
from shop.streams.models import Stream
from shop.streams.service import lock_offer, lock_open_stream, lock_stream, offer_of
from shop.streams.states import LIVE, PLANNED


def note_points(session: Session, stream_id: int, offer_id: int, points: str, *, now: datetime, by: Actor) -> None:
    """Write down what to say of an offer; viewers do not see it."""
    lock_open_stream(session, stream_id)
    offer = lock_offer(session, stream_id, offer_id)
    if offer.talking_points == points:
        return
    before, offer.talking_points = offer.talking_points, points
    record_change(
        session,
        actor=by,
        action="offer.points",
        subject=f"offer:{offer_id}",
        at=now,
        before={"points": before},
        after={"points": points},
    )


def say_to_viewers(session: Session, stream_id: int, message: str, *, now: datetime, by: Actor) -> None:
    """Show a few words on the live page until others are said; ``""`` takes them away.

    Raises:
        Refused: the stream is not live.
    """
    stream = lock_stream(session, stream_id)
    if stream.state != LIVE:
        raise Refused("现在没有在直播。请先开播。", "The stream is not live. Start it first.", code="not_live")
    if stream.message == message:
        return
    before, stream.message = stream.message, message
    stream.revision += 1
    record_change(
        session,
        actor=by,
        action="stream.message",
        subject=f"stream:{stream_id}",
        at=now,
        before={"message": before},
        after={"message": message},
    )


def rehearse(session: Session, stream_id: int, *, on: bool) -> Stream:
    """Begin or end a rehearsal of a stream that is planned: buyers see nothing of it, and nothing is sold.

    Raises:
        Refused: the stream has begun.
    """
    stream = lock_stream(session, stream_id)
    if stream.state != PLANNED:
        raise Refused("开播以后不能再排练。", "Once it is live there is no rehearsing.", code="wrong_state")
    stream.rehearsing, stream.rehearsal_offer_id = on, None
    return stream


def show_in_rehearsal(
    session: Session,
    stream_id: int,
    offer_id: int | None,
    *,
    now: datetime,
    by: Actor,
    action: str = REHEARSAL_CHANGED,
) -> None:
    """Show this offer in the rehearsal, as if it were on air; pressed twice it changes nothing the second time."""
    stream = lock_stream(session, stream_id)
    if not stream.rehearsing:
        raise Refused("现在没有在排练。", "There is no rehearsal.", code="not_live")
    if offer_id is not None and offer_of(session, stream_id, offer_id) is None:
        raise NotFound("没有这个直播商品。", "There is no such offer in this stream.")
    if stream.rehearsal_offer_id == offer_id:
        return
    record_change(
        session,
        actor=by,
        action=action,
        subject=f"stream:{stream_id}",
        at=now,
        before={"offer": stream.rehearsal_offer_id},
        after={"offer": offer_id},
    )
    stream.rehearsal_offer_id = offer_id
    # Whoever works beside sees it, too.
    stream.revision += 1
