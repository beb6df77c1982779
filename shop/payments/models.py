"""Tables of payments, Stripe's events, and refunds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, Fen, UtcTime, one_of
from shop.payments.states import LIVE, PAYMENT_STATES


class Payment(Base):
    """One try to pay an order on one hosted page. Its id is the idempotency key towards Stripe."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint(one_of("state", PAYMENT_STATES), name="known_state"),
        CheckConstraint("currency = 'cny'", name="in_yuan"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("refunded_fen BETWEEN 0 AND amount_fen", name="refunds_within_paid"),
        CheckConstraint("refunded_fen = 0 OR state = 'succeeded'", name="only_paid_is_refunded"),
        # One page at a time: two tabs share it.
        Index("uq_payments_order_live", "order_id", unique=True, postgresql_where=text(one_of("state", LIVE))),
        # One payment pays an order; a second success is kept as a duplicate and refunded.
        Index(
            "uq_payments_order_paid",
            "order_id",
            unique=True,
            postgresql_where=text("state = 'succeeded' AND NOT duplicate"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    amount_fen: Mapped[Fen]
    currency: Mapped[str]
    state: Mapped[str]
    duplicate: Mapped[bool] = mapped_column(default=False)
    session_id: Mapped[str | None] = mapped_column(unique=True)
    intent_id: Mapped[str | None] = mapped_column(unique=True)
    url: Mapped[str | None]
    created_at: Mapped[UtcTime]
    expires_at: Mapped[UtcTime]
    succeeded_at: Mapped[datetime | None]
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    # What a person has to look at, such as an amount that is not the order's.
    trouble: Mapped[str | None]


class PaymentEvent(Base):
    """An event from Stripe, stored once by its id before anything is done about it."""

    __tablename__ = "payment_events"
    __table_args__ = (Index("ix_payment_events_waiting", "received_at", postgresql_where=text("applied_at IS NULL")),)

    event_id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    object_id: Mapped[str]
    created_at: Mapped[UtcTime]
    received_at: Mapped[UtcTime]
    applied_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Refund(Base):
    """Money going back: the wish is written first, then sent by the worker with ``id`` as idempotency key."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("state IN ('requested', 'pending', 'succeeded', 'failed')", name="known_state"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"), index=True)
    amount_fen: Mapped[Fen]
    reason: Mapped[str]
    state: Mapped[str]
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    requested_at: Mapped[UtcTime]
    requested_by: Mapped[str]
    finished_at: Mapped[datetime | None]


class PaymentNote(Base):
    """What was noticed about a payment: disputes, duplicates, wrong amounts, late money. For people to read.

    ``reference`` is Stripe's id of what it is about (a dispute, a refund), so that each is noted once.
    """

    __tablename__ = "payment_notes"
    __table_args__ = (UniqueConstraint("payment_id", "kind", "reference"),)

    id: Mapped[BigId]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    kind: Mapped[str]
    reference: Mapped[str] = mapped_column(default="")
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[UtcTime]
    closed_at: Mapped[datetime | None]
