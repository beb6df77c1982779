"""Tables of orders: the order, its lines, and the log of its states."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, Fen, UtcTime, append_only, one_of
from shop.orders.states import STATES
from shop.vouchers.models import Voucher
from shop.vouchers.triggers import COUNT_SQL, TRIGGERS_SQL

OWN = "own"
CHANNELS = (OWN, "douyin", "kuaishou", "taobao", "pdd", "wechat", "tiktok", "shopify")


class Order(Base):
    """What one buyer ordered. The receiver's columns are blanked when the person is erased."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(one_of("state", STATES), name="known_state"),
        CheckConstraint(one_of("channel", CHANNELS), name="known_channel"),
        CheckConstraint("goods_fen >= 0 AND shipping_fen >= 0 AND discount_fen >= 0", name="money_not_negative"),
        CheckConstraint("total_fen = goods_fen + shipping_fen - discount_fen AND total_fen >= 0", name="total_adds_up"),
        CheckConstraint("refunded_fen BETWEEN 0 AND total_fen", name="refunds_within_total"),
        CheckConstraint("state <> 'held' OR hold_until IS NOT NULL", name="hold_has_an_end"),
        CheckConstraint(
            "state NOT IN ('paid', 'shipped', 'delivered') OR (paid_at IS NOT NULL AND ship_by IS NOT NULL)",
            name="paid_has_times",
        ),
        # A platform's order is at most one of ours; one that was called off may come back as a new one.
        Index(
            "uq_orders_live_channel_number",
            "channel",
            "channel_number",
            unique=True,
            postgresql_where=text("state <> 'refunded'"),
        ),
        Index("ix_orders_stream_created", "stream_id", "created_at"),
        Index("ix_orders_lapsing", "hold_until", postgresql_where=text("state = 'held'")),
        Index("ix_orders_state_created", "state", "created_at"),
        # Unpaid orders are not in it, so placing one costs nothing more.
        Index("ix_orders_paid", "paid_at", postgresql_where=text("paid_at IS NOT NULL")),
        Index("ix_orders_total", "total_fen", "id"),
        Index("ix_orders_province", "province", "id"),
        # Buyers who ring up say the last four digits.
        Index("ix_orders_phone_tail", text("right(phone, 4)")),
        # A name from its first character on.
        Index("ix_orders_buyer_name", "buyer_name", postgresql_ops={"buyer_name": "text_pattern_ops"}),
        CheckConstraint("replaced_by IS NULL OR paid_at IS NULL AND replaced_by <> number", name="replaced_unpaid"),
        CheckConstraint("num_nulls(gift_from, gift_words, giver_phone) IN (0, 3)", name="gift_whole_or_none"),
        Index("ix_orders_giver_phone", "giver_phone", postgresql_where=text("giver_phone IS NOT NULL")),
        Index("ix_orders_voucher", "voucher_id", "phone", postgresql_where=text("voucher_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    channel: Mapped[str] = mapped_column(default="own")
    channel_number: Mapped[str | None]
    stream_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("streams.id"))
    state: Mapped[str]
    buyer_name: Mapped[str]
    phone: Mapped[str] = mapped_column(index=True)
    phone_ext: Mapped[str | None]
    province: Mapped[str]
    city: Mapped[str]
    district: Mapped[str]
    street: Mapped[str]
    detail: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    # For news of the order, if the buyer gave one.
    email: Mapped[str] = mapped_column(default="", server_default="")
    # A present: who gives it and what the card says; news of the order go to the giver, not to the receiver.
    gift_from: Mapped[str | None]
    gift_words: Mapped[str | None]
    giver_phone: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="zh")
    currency: Mapped[str] = mapped_column(default="cny")
    goods_fen: Mapped[Fen]
    shipping_fen: Mapped[Fen]
    discount_fen: Mapped[Fen] = mapped_column(default=0)
    total_fen: Mapped[Fen]
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    hold_until: Mapped[datetime | None]
    created_at: Mapped[UtcTime]
    paid_at: Mapped[datetime | None]
    ship_by: Mapped[datetime | None]
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    request_hash: Mapped[str | None]
    voucher_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("vouchers.id"))
    # The number of the buyer's next order that took this hold over: counted there and not here.
    replaced_by: Mapped[str | None]
    # The browser that placed it: lets a buyer's new order take over her own unpaid hold.
    device_hash: Mapped[str | None]

    lines: Mapped[list["OrderLine"]] = relationship(back_populates="order", order_by="OrderLine.position")
    log: Mapped[list["OrderLog"]] = relationship(order_by="OrderLog.id")
    voucher: Mapped[Voucher | None] = relationship()

    @property
    def voucher_code(self) -> str:
        """The code it was placed with, or nothing."""
        return self.voucher.code if self.voucher else ""

    @property
    def is_gift(self) -> bool:
        """Whether it is a present: no price goes into the parcel."""
        return self.giver_phone is not None

    @property
    def told_phone(self) -> str:
        """Whose phone hears of the order: the giver's of a present, else the receiver's."""
        return self.phone if self.giver_phone is None else self.giver_phone


for _statement in (COUNT_SQL, *TRIGGERS_SQL):
    event.listen(Order.__table__, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]


class OrderLine(Base):
    """A variant and its price as they were when ordered."""

    __tablename__ = "order_lines"
    __table_args__ = (
        UniqueConstraint("order_id", "position"),
        CheckConstraint("quantity > 0 AND unit_price_fen >= 0", name="quantity_and_price"),
        CheckConstraint("line_total_fen = quantity * unit_price_fen", name="line_adds_up"),
    )

    id: Mapped[BigId]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    position: Mapped[int]
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"))
    offer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("offers.id"), index=True)
    quantity: Mapped[int]
    unit_price_fen: Mapped[Fen]
    line_total_fen: Mapped[Fen]
    sku: Mapped[str]
    title: Mapped[str]
    spec: Mapped[str]

    order: Mapped[Order] = relationship(back_populates="lines")


append_only("order_lines")


class PostageTable(Base):
    """What buyers pay for sending, by province; a change is a new version, and only one can follow another.

    ``rates`` maps a province to ``[first_g, first_fen, more_g, more_fen, free_from_fen or null]``; nothing is sent to a
    province that is not in it.
    """

    __tablename__ = "postage_tables"
    __table_args__ = (
        CheckConstraint("follows >= 0 AND follows < id", name="follows_an_earlier"),
        CheckConstraint("jsonb_typeof(rates) = 'object'", name="rates_are_a_table"),
    )

    id: Mapped[BigId]
    follows: Mapped[int] = mapped_column(BigInteger, unique=True)
    at: Mapped[UtcTime]
    by: Mapped[str]
    rates: Mapped[dict[str, list[int | None]]] = mapped_column(JSONB)


append_only("postage_tables")


class OrderLog(Base):
    """One move of an order: who moved it, from what to what, why."""

    __tablename__ = "order_log"

    id: Mapped[BigId]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")


append_only("order_log")
