"""How many watched a stream, as each platform says it: typed in afterwards, since only the platforms know."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.audit import Actor, record_change
from kernel.db import Base, UtcTime, lock_row
from kernel.errors import NotFound, Refused
from shop.streams.models import Stream
from shop.streams.states import PLANNED

# More is a slip of the pen.
MOST_VIEWS: Final = 1_000_000_000


class StreamAudience(Base):
    """Views and unique visitors of a stream on one platform."""

    __tablename__ = "stream_audiences"
    __table_args__ = (CheckConstraint("views > 0 AND visitors > 0 AND visitors <= views", name="visitors_are_viewers"),)

    stream_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("streams.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    views: Mapped[int] = mapped_column(BigInteger)
    visitors: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[UtcTime]
    by: Mapped[str]


@dataclass(frozen=True)
class Watched:
    """Views, and the people behind them."""

    views: int
    visitors: int


def watched(session: Session, stream_id: int) -> dict[str, Watched]:
    """What is known, by channel."""
    rows = session.scalars(select(StreamAudience).where(StreamAudience.stream_id == stream_id))
    return {row.channel: Watched(row.views, row.visitors) for row in rows}


def note_audience(
    session: Session, stream_id: int, channel: str, seen: Watched | None, *, now: datetime, by: Actor
) -> None:
    """Write down what a platform says, or with ``None`` that nothing is known; the last word counts.

    Raises:
        NotFound: there is no such stream.
        Refused: it has not begun, or more people than views.
    """
    stream = lock_row(session, Stream, stream_id)
    if stream is None:
        raise NotFound("没有这场直播。", "There is no such stream.")
    if stream.state == PLANNED:
        raise Refused("还没开播，没有人看过。", "It has not begun, so nobody has watched.", code="not_begun")
    if seen and not 0 < seen.visitors <= seen.views:
        raise Refused(
            "看的人数不会比观看次数多。", "There cannot be more visitors than views.", code="more_people_than_views"
        )
    before = watched(session, stream_id).get(channel)
    if before == seen:
        return
    if seen is None:
        session.delete(session.get_one(StreamAudience, (stream_id, channel)))
    else:
        facts = {"views": seen.views, "visitors": seen.visitors, "at": now, "by": by.name}
        row = insert(StreamAudience).values(stream_id=stream_id, channel=channel, **facts)
        session.execute(row.on_conflict_do_update(index_elements=["stream_id", "channel"], set_=facts))
        session.expire_all()
    record_change(
        session,
        actor=by,
        action="stream.audience",
        subject=f"stream:{stream_id}",
        at=now,
        before={channel: vars(before) if before else None},
        after={channel: vars(seen) if seen else None},
    )


@dataclass(frozen=True)
class Taken:
    """What a file brought: figures that were new, that changed another, that stood already."""

    new: int = 0
    changed: int = 0
    same: int = 0


def take_audiences(session: Session, seen: Mapping[tuple[int, str], Watched], *, now: datetime, by: Actor) -> Taken:
    """Write down many, by stream and channel; the same file again changes nothing.

    Raises:
        NotFound, Refused: as :func:`note_audience`; nothing is then written.
    """
    known = {stream_id: watched(session, stream_id) for stream_id in {stream_id for stream_id, _ in seen}}
    before = {key: known[key[0]].get(key[1]) for key in seen}
    # In one order for everybody, so that two files never wait for each other in a ring.
    for stream_id, channel in sorted(seen):
        note_audience(session, stream_id, channel, seen[stream_id, channel], now=now, by=by)
    same = sum(before[key] == seen[key] for key in seen)
    new = sum(was is None for was in before.values())
    return Taken(new, len(seen) - same - new, same)
