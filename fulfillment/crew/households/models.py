"""The table of household kinds."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.crew.households.rules import KINDS
from kernel.db import Base, UtcTime, one_of


class Household(Base):
    """The kind that a person gave, with their agreement; no row says nothing. Taken back, the row is gone."""

    __tablename__ = "households"
    __table_args__ = (CheckConstraint(one_of("kind", KINDS), name="known_kind"),)

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), primary_key=True)
    kind: Mapped[str]
    agreed_at: Mapped[UtcTime]
    by: Mapped[str]
