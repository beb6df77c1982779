"""Keeping a search, and letting it go."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.console.saved.models import SavedView
from kernel.errors import Refused

MOST = 20


def views_of(session: Session, person_id: int, page: str) -> Sequence[SavedView]:
    """A person's kept searches of a page, by name."""
    wanted = select(SavedView).where(SavedView.person_id == person_id, SavedView.page == page)
    return session.scalars(wanted.order_by(SavedView.name)).all()


def keep(session: Session, person_id: int, page: str, name: str, query: str, *, now: datetime) -> None:
    """Keep a search under a name; the same name again is the newer search.

    Raises:
        Refused: there are twenty already.
    """
    others = select(func.count()).where(
        SavedView.person_id == person_id, SavedView.page == page, SavedView.name != name
    )
    if (session.scalar(others) or 0) >= MOST:
        raise Refused(
            f"已经存了 {MOST} 个，先去掉一个。", f"{MOST} are kept already; let one go first.", code="too_many_views"
        )
    row = insert(SavedView).values(person_id=person_id, page=page, name=name, query=query, at=now)
    session.execute(
        row.on_conflict_do_update(index_elements=["person_id", "page", "name"], set_={"query": query, "at": now})
    )


def let_go(session: Session, person_id: int, view_id: int) -> None:
    """Forget one of a person's searches; gone already, nothing changes."""
    session.execute(delete(SavedView).where(SavedView.id == view_id, SavedView.person_id == person_id))
