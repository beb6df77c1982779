"""How often something may be tried, counted in the database so that every process counts the same."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, UtcTime
from kernel.errors import TooMany


class LimitCount(Base):
    """Tries in one window of one bucket (such as ``pin:12``)."""

    __tablename__ = "limit_counts"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[UtcTime]
    tries: Mapped[int]


_TAKE = text("""
    INSERT INTO limit_counts AS l (bucket, window_start, tries) VALUES (:bucket, :now, 1)
    ON CONFLICT (bucket) DO UPDATE SET
        tries = CASE WHEN l.window_start <= :oldest THEN 1 ELSE l.tries + 1 END,
        window_start = CASE WHEN l.window_start <= :oldest THEN :now ELSE l.window_start END
    RETURNING tries
""")


_COUNT = text("""
    INSERT INTO limit_counts AS l (bucket, window_start, tries)
    SELECT bucket, :now, tries FROM unnest(CAST(:buckets AS text[]), CAST(:counts AS int[])) AS n(bucket, tries)
    ORDER BY bucket
    ON CONFLICT (bucket) DO UPDATE SET
        tries = CASE WHEN l.window_start <= :oldest THEN excluded.tries ELSE l.tries + excluded.tries END,
        window_start = CASE WHEN l.window_start <= :oldest THEN :now ELSE l.window_start END
    RETURNING bucket, tries
""")


def take(session: Session, bucket: str, *, most: int, window: timedelta, now: datetime) -> None:
    """Count one try; raises ``TooMany`` when the bucket has had ``most`` in its window.

    The count must be committed even when the try then fails: take it in a transaction of its own.
    """
    tries = session.execute(_TAKE, {"bucket": bucket, "now": now, "oldest": now - window}).scalar_one()
    if tries > most:
        minutes = max(1, int(window.total_seconds() // 60))
        raise TooMany(
            f"试的次数太多了，请等 {minutes} 分钟再试，或请组长帮忙。",
            f"Too many tries. Wait {minutes} minutes, or ask the lead.",
            extra={"retry_after_s": int(window.total_seconds())},
        )


def count_tries(session: Session, counts: Mapping[str, int], *, window: timedelta, now: datetime) -> dict[str, int]:
    """Add tries to several buckets at once; returns how many each has had in its window, for the caller to judge."""
    if not counts:
        return {}
    # In one order of names for everybody, so that two processes never wait for each other in a ring.
    buckets = sorted(counts)
    rows = session.execute(
        _COUNT,
        {"buckets": buckets, "counts": [counts[name] for name in buckets], "now": now, "oldest": now - window},
    )
    return {row.bucket: row.tries for row in rows}


def forget(session: Session, bucket: str) -> None:
    """Clear a bucket, after a try that was right."""
    session.execute(text("DELETE FROM limit_counts WHERE bucket = :bucket"), {"bucket": bucket})


def give_back(session: Session, bucket: str) -> None:
    """Take one try off a bucket that many people share, after a try that was right."""
    session.execute(
        text("UPDATE limit_counts SET tries = tries - 1 WHERE bucket = :bucket AND tries > 0"), {"bucket": bucket}
    )
