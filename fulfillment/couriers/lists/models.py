"""Tables of signed hand-over lists."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, Grams, UtcTime, append_only


class HandOverList(Base):
    """What a collector signed for. A list is closed by its signature; what leaves afterwards is on the next one.

    ``signature`` is SVG path data on a field of 600 x 200, empty when the collector ticked instead of drawing.
    """

    __tablename__ = "hand_over_lists"
    __table_args__ = (
        CheckConstraint("boxes > 0 AND parcels >= boxes AND weight_g > 0", name="makes_sense"),
        CheckConstraint("length(signature) <= 20000", name="signature_bounded"),
        CheckConstraint("collector <> ''", name="somebody_signed"),
        Index("ix_hand_over_lists_signed_at", "signed_at"),
    )

    id: Mapped[BigId]
    number: Mapped[str] = mapped_column(unique=True)
    carrier: Mapped[str]
    collector: Mapped[str]
    signature: Mapped[str]
    boxes: Mapped[int]
    parcels: Mapped[int]
    weight_g: Mapped[Grams]
    signed_at: Mapped[UtcTime]
    by: Mapped[str]

    lines: Mapped[list["HandOverLine"]] = relationship(order_by="HandOverLine.position", viewonly=True)


class HandOverLine(Base):
    """A parcel on a list, as it was when the collector signed; a parcel is on one list at most."""

    __tablename__ = "hand_over_lines"
    __table_args__ = (
        UniqueConstraint("list_id", "position"),
        CheckConstraint("weight_g >= 0", name="not_negative"),
    )

    id: Mapped[BigId]
    list_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("hand_over_lists.id"))
    position: Mapped[int]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"), unique=True)
    parcel_number: Mapped[str]
    tracking_number: Mapped[str]
    province: Mapped[str]
    # The box's weight stands on its first parcel; what goes in the same box has none of its own.
    weight_g: Mapped[Grams]


append_only("hand_over_lists")
append_only("hand_over_lines")
