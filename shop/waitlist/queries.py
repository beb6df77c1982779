"""Reading the line: a wait by its number, its place, who can be served."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, joinedload

from shop.waitlist.models import Wait
from shop.waitlist.states import WAITING

# Those for whom there is something, and those for whom nothing will come any more. Without anybody in a line it reads
# one empty index.
_DUE = text("""
    SELECT w.id, w.offer_id FROM waits w
    JOIN offers o ON o.id = w.offer_id JOIN streams s ON s.id = w.stream_id
    LEFT JOIN stock_levels l ON l.variant_id = o.variant_id
    WHERE w.state = 'waiting' AND (s.state = 'ended' OR (
        s.state = 'live' AND o.state = 'open' AND (o.ends_at IS NULL OR o.ends_at > :now)
        AND LEAST(o.allotment - o.taken, COALESCE(l.on_hand - l.held, 0)) > 0))
    ORDER BY w.id LIMIT :most
""")


def due(session: Session, now: datetime, most: int) -> Sequence[tuple[int, int]]:
    """Waits that can be served or are over, as (wait, offer), first come first."""
    return [(row.id, row.offer_id) for row in session.execute(_DUE, {"now": now, "most": most})]


def wait_by_number(session: Session, number: str) -> Wait | None:
    """The wait with its offer and order, or ``None``."""
    return session.scalar(select(Wait).where(Wait.number == number).options(joinedload(Wait.order)))


def waits_by_numbers(session: Session, numbers: Sequence[str]) -> Sequence[Wait]:
    """Those of these waits that have not ended, newest first."""
    wanted = select(Wait).where(Wait.number.in_(numbers), Wait.state == WAITING)
    return session.scalars(wanted.order_by(Wait.id.desc())).all()


def place_in_line(session: Session, wait: Wait) -> int:
    """1 for whoever is next."""
    ahead = select(func.count()).where(Wait.offer_id == wait.offer_id, Wait.state == WAITING, Wait.id < wait.id)
    return 1 + (session.scalar(ahead) or 0)
