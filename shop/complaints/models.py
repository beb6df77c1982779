"""Tables of complaints and their photos."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from kernel.db import Base, BigId, UtcTime, one_of
from kernel.photos import LARGEST_PHOTO_BYTES, LARGEST_SIDE_PX
from shop.complaints.rules import KINDS, MOST_PHOTOS, STATES
from shop.orders.models import Order


class Complaint(Base):
    """One complaint of a buyer about one order; decided once, by a person, with words. Money goes back as a refund of the order."""

    __tablename__ = "complaints"
    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="known_kind"),
        CheckConstraint(one_of("state", STATES), name="known_state"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_or_open"),
        CheckConstraint("(state = 'granted') = (refund_fen IS NOT NULL)", name="granted_says_how_much"),
        CheckConstraint("refund_fen > 0", name="refund_positive"),
        CheckConstraint("state <> 'refused' OR answer <> ''", name="refused_says_why"),
        # One at a time: the next one after this is answered.
        Index("uq_complaints_one_open", "order_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_complaints_order", "order_id"),
    )

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    kind: Mapped[str]
    words: Mapped[str]
    state: Mapped[str]
    at: Mapped[UtcTime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(default="")
    refund_fen: Mapped[int | None] = mapped_column(BigInteger)

    order: Mapped[Order] = relationship(lazy="joined", innerjoin=True)
    photos: Mapped[list["ComplaintPhoto"]] = relationship(order_by="ComplaintPhoto.place")


class ComplaintPhoto(Base):
    """A photo of what arrived, drawn anew without what the camera wrote into it."""

    __tablename__ = "complaint_photos"
    __table_args__ = (
        UniqueConstraint("complaint_id", "place"),
        CheckConstraint(f"place BETWEEN 1 AND {MOST_PHOTOS}", name="photos_bounded"),
        CheckConstraint(f"octet_length(jpeg) BETWEEN 1 AND {LARGEST_PHOTO_BYTES}", name="size_bounded"),
        CheckConstraint(
            f"width BETWEEN 1 AND {LARGEST_SIDE_PX} AND height BETWEEN 1 AND {LARGEST_SIDE_PX}", name="pixels_bounded"
        ),
    )

    id: Mapped[BigId]
    complaint_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("complaints.id"))
    place: Mapped[int]
    jpeg: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    width: Mapped[int]
    height: Mapped[int]


ONCE_SQL = """
CREATE FUNCTION decide_complaints_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  emptied complaints := OLD;
BEGIN
  -- A buyer who is erased leaves no words behind; nothing else of it changes.
  emptied.words := '';
  IF NEW IS DISTINCT FROM emptied AND (OLD.state <> 'open'
      OR (NEW.order_id, NEW.kind, NEW.words, NEW.at) <> (OLD.order_id, OLD.kind, OLD.words, OLD.at)) THEN
    RAISE EXCEPTION 'complaint % is decided once', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'complaints_decided_once';
  END IF;
  RETURN NEW;
END $$
"""
TRIGGER_SQL = "CREATE TRIGGER complaints_decided_once BEFORE UPDATE ON complaints FOR EACH ROW EXECUTE FUNCTION decide_complaints_once()"
for _statement in (ONCE_SQL, TRIGGER_SQL):
    event.listen(Complaint.__table__, "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
