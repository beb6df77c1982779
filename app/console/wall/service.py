"""Making the link to the board on the wall, and taking it back."""

from datetime import datetime
from typing import Final

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.console.wall.models import WallLink
from kernel.audit import Actor, record_change

# What a link's key is for (kernel/links.py).
LINK: Final = "wall"


def open_link(session: Session) -> WallLink | None:
    """The link that opens the wall now."""
    return session.scalar(select(WallLink).where(WallLink.revoked_at.is_(None)))


def is_open(session: Session, link_id: int) -> bool:
    """Whether this link still opens the wall."""
    return session.scalar(select(WallLink.id).where(WallLink.id == link_id, WallLink.revoked_at.is_(None))) is not None


def make_link(session: Session, *, now: datetime, by: Actor) -> None:
    """Let there be a link; where there is one already, it stays."""
    wanted = insert(WallLink).values(made_at=now, made_by=by.name, revoked_by="")
    there = wanted.on_conflict_do_nothing(
        index_elements=[text("(revoked_at IS NULL)")], index_where=text("revoked_at IS NULL")
    )
    made = session.scalar(there.returning(WallLink.id))
    if made is not None:
        record_change(session, actor=by, action="wall_link.made", subject=f"wall_link:{made}", at=now)


def take_back(session: Session, *, now: datetime, by: Actor) -> None:
    """Let the link, and every screen that came through it, open nothing any more; a second time changes nothing."""
    gone = session.scalars(
        update(WallLink)
        .where(WallLink.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=by.name)
        .returning(WallLink.id)
    ).all()
    for link_id in gone:
        record_change(session, actor=by, action="wall_link.revoked", subject=f"wall_link:{link_id}", at=now)
