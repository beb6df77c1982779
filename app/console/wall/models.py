"""The table of links to the board on the wall."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, UtcTime


class WallLink(Base):
    """A way to the board without signing in. Its key is worked out from a secret and its id, never stored; one is open."""

    __tablename__ = "wall_links"
    __table_args__ = (
        CheckConstraint("(revoked_at IS NULL) = (revoked_by = '')", name="revoked_by_somebody"),
        Index(
            "uq_wall_links_open", text("(revoked_at IS NULL)"), unique=True, postgresql_where=text("revoked_at IS NULL")
        ),
    )

    id: Mapped[BigId]
    made_at: Mapped[UtcTime]
    made_by: Mapped[str]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str] = mapped_column(default="")
