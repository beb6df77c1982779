"""Tables of farmers' private links, and of the streams that are a farmer's own."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fulfillment.purchasing.growers.models import Farmer
from kernel.db import Base, BigId, UtcTime
from shop.streams.models import Stream


class GrowerLink(Base):
    """A farmer's way to their own page. Its key is worked out from a secret and its id, never stored.

    One of a farmer's links is open; whoever loses it is given another, and the old one opens nothing from then on.
    """

    __tablename__ = "grower_links"
    __table_args__ = (
        CheckConstraint("(revoked_at IS NULL) = (revoked_by = '')", name="revoked_by_somebody"),
        Index("uq_grower_links_open", "farmer_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )

    id: Mapped[BigId]
    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"))
    made_at: Mapped[UtcTime]
    made_by: Mapped[str]
    first_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str] = mapped_column(default="")

    farmer: Mapped[Farmer] = relationship(lazy="joined", innerjoin=True)


class GrowerStream(Base):
    """A stream that is a farmer's own: its sales stand on their page. The shop itself knows no farmers."""

    __tablename__ = "grower_streams"

    stream_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("streams.id"), primary_key=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"), index=True)
    at: Mapped[UtcTime]
    by: Mapped[str]

    farmer: Mapped[Farmer] = relationship(lazy="joined", innerjoin=True)
    stream: Mapped[Stream] = relationship(lazy="joined", innerjoin=True)
