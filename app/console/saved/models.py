"""The table of kept searches."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, UtcTime


class SavedView(Base):
    """One person's search of one page, such as ``orders``; ``query`` is what stands behind the question mark."""

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("person_id", "page", "name"),
        CheckConstraint("length(name) BETWEEN 1 AND 40", name="name_bounded"),
        CheckConstraint("query <> '' AND length(query) <= 500", name="query_bounded"),
    )

    id: Mapped[BigId]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    page: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    at: Mapped[UtcTime]
