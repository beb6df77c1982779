"""Tables of other platforms' orders: what each export said of an order, and the files that were imported."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, Fen, UtcTime, one_of
from shop.channels.states import REFUNDS, STANDINGS, STATUSES
from shop.orders.models import CHANNELS, Order


class FileImport(Base):
    """A file that somebody gave: looked at first, then imported once, or left. Its bytes go when either is done."""

    __tablename__ = "file_imports"
    __table_args__ = (
        CheckConstraint("state IN ('looked_at', 'queued', 'under_way', 'done', 'left')", name="known_state"),
        CheckConstraint("state IN ('looked_at', 'queued') OR (content IS NULL AND detail IS NULL)", name="bytes_go"),
        Index("ix_file_imports_at", "at"),
    )

    id: Mapped[BigId]
    channel: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str]
    state: Mapped[str]
    # Large, so read only by whoever asks for them.
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    detail: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    # Counts of orders, refused rows, and a line for each order (its number, never its buyer).
    outcome: Mapped[dict[str, Any]] = mapped_column(JSONB)
    unknown_columns: Mapped[list[str]] = mapped_column(JSONB)
    person_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))
    by: Mapped[str]
    at: Mapped[UtcTime]
    done_at: Mapped[datetime | None]


class ChannelOrder(Base):
    """One order of a platform as its newest export says it, and how it stands here.

    The receiver's columns and both notes are blanked when the person is erased; ``items`` and ``words`` hold nobody's data.
    """

    __tablename__ = "channel_orders"
    __table_args__ = (
        UniqueConstraint("channel", "channel_number"),
        CheckConstraint(one_of("channel", CHANNELS[1:]), name="known_channel"),
        CheckConstraint(one_of("status", STATUSES), name="known_status"),
        CheckConstraint(one_of("refund", REFUNDS), name="known_refund"),
        CheckConstraint(one_of("standing", STANDINGS), name="known_standing"),
        CheckConstraint(
            "goods_fen >= 0 AND discount_fen >= 0 AND freight_fen >= 0 AND paid_fen >= 0", name="money_not_negative"
        ),
        CheckConstraint("standing NOT IN ('accepted', 'stopped') OR order_id IS NOT NULL", name="accepted_has_order"),
        CheckConstraint("(standing = 'waiting') = (reason IS NOT NULL)", name="waiting_has_reason"),
        Index("ix_channel_orders_waiting", "id", postgresql_where=text("standing = 'waiting'")),
        Index("ix_channel_orders_noticed", "id", postgresql_where=text("notice IS NOT NULL")),
        Index("ix_channel_orders_channel_created", "channel", "created_at"),
    )

    id: Mapped[BigId]
    channel: Mapped[str]
    channel_number: Mapped[str]
    status: Mapped[str]
    refund: Mapped[str]
    words: Mapped[dict[str, str]] = mapped_column(JSONB)
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    goods_fen: Mapped[Fen]
    discount_fen: Mapped[Fen]
    freight_fen: Mapped[Fen]
    paid_fen: Mapped[Fen]
    refund_fen: Mapped[int | None] = mapped_column(BigInteger)
    total_fen: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[UtcTime]
    paid_at: Mapped[datetime | None]
    ship_by: Mapped[datetime | None]
    carrier: Mapped[str]
    tracking: Mapped[str]
    anchor: Mapped[str]
    buyer_name: Mapped[str]
    phone: Mapped[str]
    phone_ext: Mapped[str | None]
    province: Mapped[str]
    city: Mapped[str]
    district: Mapped[str]
    street: Mapped[str]
    detail: Mapped[str]
    zip_code: Mapped[str]
    masked: Mapped[bool]
    encrypted: Mapped[bool]
    buyer_note: Mapped[str]
    seller_note: Mapped[str]
    standing: Mapped[str]
    reason: Mapped[str | None]
    reason_detail: Mapped[str] = mapped_column(default="")
    notice: Mapped[str | None]
    # Set when a person says that it is packed all the same; gone with the next change of its refund or status.
    approved_at: Mapped[datetime | None]
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("orders.id"), unique=True)
    first_import_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("file_imports.id"), index=True)
    first_seen_at: Mapped[UtcTime]
    changed_at: Mapped[UtcTime]

    order: Mapped[Order | None] = relationship()
