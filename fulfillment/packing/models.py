"""Tables of packers, parcels and packing tasks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, Grams, UtcTime, append_only
from kernel.people.models import Person
from shop.orders.models import Order


class Packer(Base):
    """Work that suits a person: preferences the person stated, never a diagnosis."""

    __tablename__ = "packers"
    __table_args__ = (CheckConstraint("priority BETWEEN 0 AND 2", name="priority_0_to_2"),)

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), primary_key=True)
    seated: Mapped[bool] = mapped_column(default=False)
    one_handed: Mapped[bool] = mapped_column(default=False)
    no_lifting: Mapped[bool] = mapped_column(default=False)
    low_sight: Mapped[bool] = mapped_column(default=False)
    no_reading: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[int] = mapped_column(default=0)

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class Parcel(Base):
    """One box. Its number is what is printed as Code 128."""

    __tablename__ = "parcels"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'packed', 'handed_over', 'cancelled')", name="known_state"),
        CheckConstraint(
            "(state = 'handed_over') = (tracking_number IS NOT NULL AND carrier IS NOT NULL AND handed_over_at IS NOT NULL)",
            name="handed_over_has_waybill",
        ),
        UniqueConstraint("order_id", "sequence"),
        # What goes in the box of another parcel goes under its number; that one goes in no other box itself.
        Index("uq_parcels_waybill", "carrier", "tracking_number", unique=True, postgresql_where=text("leads_box")),
        UniqueConstraint("id", "leads_box"),
        ForeignKeyConstraint(["sent_with_id", "rides"], ["parcels.id", "parcels.leads_box"]),
        Index("ix_parcels_sent_with", "sent_with_id", postgresql_where=text("sent_with_id IS NOT NULL")),
        Index("ix_parcels_state_due", "state", "due_at"),
        Index("ix_parcels_tracking", "tracking_number", postgresql_where=text("tracking_number IS NOT NULL")),
        Index("ix_parcels_handed_over", "handed_over_at", postgresql_where=text("handed_over_at IS NOT NULL")),
    )

    id: Mapped[BigId]
    number: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    sequence: Mapped[int]
    weight_g: Mapped[Grams]
    due_at: Mapped[UtcTime]
    state: Mapped[str]
    carrier: Mapped[str | None]
    tracking_number: Mapped[str | None]
    handed_over_at: Mapped[datetime | None]
    created_at: Mapped[UtcTime]
    # The parcel in whose box this one goes (fulfillment/packing/boxes); both go to the same door.
    sent_with_id: Mapped[int | None] = mapped_column(BigInteger)
    leads_box: Mapped[bool] = mapped_column(Computed("sent_with_id IS NULL", persisted=True))
    rides: Mapped[bool | None] = mapped_column(Computed("NULLIF(sent_with_id IS NOT NULL, false)", persisted=True))
    # The parcel that this one was split off from; that one is cancelled.
    split_from_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("parcels.id"))

    order: Mapped[Order] = relationship(lazy="joined", innerjoin=True)
    lines: Mapped[list["ParcelLine"]] = relationship(order_by="ParcelLine.id")
    task: Mapped["PackingTask"] = relationship(back_populates="parcel")


class ParcelLine(Base):
    """What goes into a parcel, as it stood on the order."""

    __tablename__ = "parcel_lines"
    __table_args__ = (
        UniqueConstraint("parcel_id", "order_line_id"),
        Index("ix_parcel_lines_order_line", "order_line_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    id: Mapped[BigId]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"))
    order_line_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("order_lines.id"))
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"))
    quantity: Mapped[int]
    sku: Mapped[str]
    title: Mapped[str]
    spec: Mapped[str]
    photo: Mapped[str]


append_only("parcel_lines")


# What is not packed yet.
TO_DO = "state IN ('waiting', 'taken')"
# Stopped in somebody's hands, and the goods are not back on the shelf yet.
TO_PUT_BACK = "state = 'stopped' AND packed_at IS NULL AND put_back_at IS NULL"
# Stopped after it was packed: a closed box to be put aside and unpacked.
TO_UNPACK = "state = 'stopped' AND packed_at IS NOT NULL AND put_back_at IS NULL"


class PackingTask(Base):
    """The work on one parcel. The piece rate is frozen when the work is taken.

    ``rests_until`` keeps work that was given back because of its goods out of everybody's hands while the lead looks.
    """

    __tablename__ = "packing_tasks"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'taken', 'packed', 'stopped')", name="known_state"),
        CheckConstraint(
            "state NOT IN ('taken', 'packed') OR (packer_id IS NOT NULL AND taken_at IS NOT NULL AND rate_fen IS NOT NULL)",
            name="taken_has_packer_and_rate",
        ),
        CheckConstraint("state <> 'packed' OR packed_at IS NOT NULL", name="packed_has_time"),
        Index("ix_packing_tasks_waiting", "due_at", "id", postgresql_where=text("state = 'waiting'")),
        Index("ix_packing_tasks_in_hand", "packer_id", postgresql_where=text("state = 'taken'")),
        Index("ix_packing_tasks_to_put_back", "packer_id", postgresql_where=text(TO_PUT_BACK)),
        Index("ix_packing_tasks_to_unpack", "id", postgresql_where=text(TO_UNPACK)),
        Index("ix_packing_tasks_batch", "batch"),
        # Whatever is still to be packed, the most urgent first.
        Index("ix_packing_tasks_to_do", "due_at", postgresql_where=text(TO_DO)),
        Index("ix_packing_tasks_packed_at", "packed_at", postgresql_where=text("packed_at IS NOT NULL")),
    )

    id: Mapped[BigId]
    # At most one task a parcel.
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"), unique=True)
    state: Mapped[str]
    due_at: Mapped[UtcTime]
    needs: Mapped[str] = mapped_column(default="")
    mix: Mapped[str]
    minutes: Mapped[int]
    packer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))
    taken_at: Mapped[datetime | None]
    rate_fen: Mapped[int | None] = mapped_column(BigInteger)
    packed_at: Mapped[datetime | None]
    batch: Mapped[UUID | None]
    # Which one of the batch, and in one word why this person was given it (fulfillment/routing/reasons.py).
    batch_place: Mapped[int | None]
    because: Mapped[str | None]
    trouble: Mapped[str | None]
    rests_until: Mapped[datetime | None]
    put_back_at: Mapped[datetime | None]

    parcel: Mapped[Parcel] = relationship(back_populates="task", lazy="joined", innerjoin=True)

    @property
    def needs_set(self) -> frozenset[str]:
        """The abilities that the work asks for."""
        return frozenset(self.needs.split())


class TaskLog(Base):
    """One move of a task: who, from what to what, why; ``rate_fen`` is the piece rate that was frozen at the time."""

    __tablename__ = "task_log"
    __table_args__ = (Index("ix_task_log_packer_at", "packer_id", "at"),)

    id: Mapped[BigId]
    task_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("packing_tasks.id"), index=True)
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    packer_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[UtcTime]
    by: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    rate_fen: Mapped[int | None] = mapped_column(BigInteger)


append_only("task_log")


class PrintJob(Base):
    """Slips printed in one document: when, by whom, how. ``key`` is the form's, so that a form prints once.

    The printer is copied: paper, offset in micrometres, and the first free place on the sheet. ``again_of_id`` is the job
    that this one prints again, ``came_out_at`` when somebody said that every paper is there.
    """

    __tablename__ = "print_jobs"
    __table_args__ = (
        CheckConstraint("first_place > 0", name="first_place_positive"),
        CheckConstraint("again_of_id IS NULL OR reason <> ''", name="again_has_reason"),
        Index("ix_print_jobs_at", "at"),
    )

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    at: Mapped[UtcTime]
    by: Mapped[str]
    by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))
    printer: Mapped[str]
    paper: Mapped[str]
    offset_x_um: Mapped[int] = mapped_column(default=0)
    offset_y_um: Mapped[int] = mapped_column(default=0)
    first_place: Mapped[int] = mapped_column(default=1)
    reason: Mapped[str] = mapped_column(default="")
    again_of_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("print_jobs.id"))
    came_out_at: Mapped[datetime | None]


class SlipPrint(Base):
    """A slip that was printed: the first one for packing, each further one with a reason; ``place`` counts within its job."""

    __tablename__ = "slip_prints"
    __table_args__ = (
        UniqueConstraint("parcel_id", "copy"),
        UniqueConstraint("job_id", "place"),
        CheckConstraint("copy = 1 OR reason <> ''", name="reprint_has_reason"),
        CheckConstraint("place > 0", name="place_positive"),
        Index("ix_slip_prints_at", "at"),
        Index("ix_slip_prints_again", "id", postgresql_where=text("copy > 1")),
    )

    id: Mapped[BigId]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"))
    copy: Mapped[int]
    at: Mapped[UtcTime]
    by: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    job_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("print_jobs.id"))
    place: Mapped[int]

    job: Mapped[PrintJob] = relationship(lazy="joined", innerjoin=True)


append_only("slip_prints")
