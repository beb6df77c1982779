"""What devices sent: each action once, with what came of it, and what the lead decided about work that did not count."""

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, UtcTime, append_only
from kernel.people.models import Person

# What may be done on a device without asking the server first.
DONE: Final = "done"
SCAN: Final = "scan"
UNDO: Final = "undo"
GIVE_BACK: Final = "give_back"
PUT_BACK: Final = "put_back"
# A break, or being unwell, with nothing in hand: the one action that is about no task.
REST: Final = "rest"
KINDS: Final = (DONE, SCAN, UNDO, GIVE_BACK, PUT_BACK, REST)

# What came of it. "Already" means that it had happened before and happened no second time.
HAPPENED: Final = "done"
ALREADY: Final = "already"
REFUSED: Final = "refused"


class BenchAction(Base):
    """One press or scan on somebody's device, as it was received and answered; the key makes a repeat harmless.

    ``acted_at`` is when it happened by the server's reckoning (``queue_rules.reckon``), ``device_time`` what the
    device's own clock said, which decides nothing.
    """

    __tablename__ = "bench_actions"
    __table_args__ = (
        CheckConstraint("kind IN ('done', 'scan', 'undo', 'give_back', 'put_back', 'rest')", name="known_kind"),
        CheckConstraint("state IN ('done', 'already', 'refused')", name="known_state"),
        CheckConstraint("state <> 'refused' OR code <> ''", name="refusal_has_reason"),
        CheckConstraint("state <> 'done' OR (task_id IS NOT NULL) = (kind <> 'rest')", name="done_names_its_task"),
        CheckConstraint("acted_at <= received_at", name="acted_before_received"),
        Index("ix_bench_actions_person", "person_id", "received_at"),
        Index("ix_bench_actions_task", "task_id"),
        Index("ix_bench_actions_refused", "received_at", postgresql_where=text("state = 'refused'")),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    content_hash: Mapped[str]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    device: Mapped[str]
    kind: Mapped[str]
    task_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("packing_tasks.id"))
    detail: Mapped[str]
    device_time: Mapped[datetime | None]
    acted_at: Mapped[UtcTime]
    received_at: Mapped[UtcTime]
    state: Mapped[str]
    code: Mapped[str]
    say_zh: Mapped[str]
    say_en: Mapped[str]


# What the lead decided about work that was done and did not count.
NOTHING_TO_PAY: Final = "nothing"
CORRECTION: Final = "correction"


class LateDecision(Base):
    """What the lead decided about a refused action: nothing is to be paid, or a correction is proposed."""

    __tablename__ = "late_decisions"
    __table_args__ = (
        CheckConstraint("outcome IN ('nothing', 'correction')", name="known_outcome"),
        CheckConstraint("(outcome = 'correction') = (correction_id IS NOT NULL)", name="names_its_correction"),
        Index("ix_late_decisions_at", "at"),
    )

    action_key: Mapped[str] = mapped_column(ForeignKey("bench_actions.key"), primary_key=True)
    outcome: Mapped[str]
    correction_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("wage_corrections.id"))
    at: Mapped[UtcTime]
    by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))

    by: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


for _table in ("bench_actions", "late_decisions"):
    append_only(_table)
