"""Tables of piece rates and wage entries."""

from datetime import date

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, Fen, Grams, UtcTime, append_only

# What makes two rates rates of the same thing on the same day.
_SAME_RATE = ("operation", "product_key", "up_to_g", "valid_from")


class PieceRate(Base):
    """What a piece of work pays: by operation, product (or any), weight, from a day on.

    A rate that was typed wrong is never rewritten: a second row for the same day supersedes it, with a reason, and
    holds for work that is taken from then on.
    """

    __tablename__ = "piece_rates"
    __table_args__ = (
        CheckConstraint("rate_fen > 0 AND up_to_g > 0", name="rate_positive"),
        CheckConstraint("(supersedes_id IS NULL) = (reason = '')", name="correction_has_reason"),
        UniqueConstraint("id", *_SAME_RATE, name="uq_piece_rates_same"),
        ForeignKeyConstraint(
            ["supersedes_id", *_SAME_RATE],
            [f"piece_rates.{name}" for name in ("id", *_SAME_RATE)],
            name="fk_piece_rates_supersedes_id",
        ),
        Index("uq_piece_rates_first", *_SAME_RATE, unique=True, postgresql_where=text("supersedes_id IS NULL")),
        Index("uq_piece_rates_supersedes", "supersedes_id", unique=True),
    )

    id: Mapped[BigId]
    operation: Mapped[str]
    product_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("products.id"))
    # 0 where the rate is for any product: keys and references cannot hold an empty value.
    product_key: Mapped[int] = mapped_column(BigInteger, Computed("COALESCE(product_id, 0)", persisted=True))
    up_to_g: Mapped[Grams]
    rate_fen: Mapped[Fen]
    valid_from: Mapped[date]
    supersedes_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(default="", server_default="")


append_only("piece_rates")


# What a reversal shares with the entry that it takes back.
_SAME_TASK = ("id", "packer_id", "task_id", "round", "rate_fen")
_SAME_SHARE = ("id", "packer_id", "share_id", "rate_fen")


def _takes_back(columns: tuple[str, ...], name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["reverses_id", *columns[1:]], [f"wage_entries.{column}" for column in columns], name=name
    )


def _of_source(column: str, table: str, amount: str) -> ForeignKeyConstraint:
    """The line is about what it names: the same person and the same sum stand there."""
    return ForeignKeyConstraint(
        [column, "packer_id", "rate_fen"],
        [f"{table}.id", f"{table}.person_id", f"{table}.{amount}"],
        name=f"fk_wage_entries_{column}",
    )


class WageEntry(Base):
    """One line of what a person is owed: append-only; a correction is a new line.

    A line has one source: a packing task (``piece``), a share of other work (``work``), a correction that two people
    agreed on, or a top-up that was worked out. ``rate_fen`` is the task's frozen rate, else the sum that stands at the
    source. A task is paid at most once at a time: ``round`` counts how often it was finished after a reversal, and a
    reversal takes back exactly the entry that it names, once. ``by_id`` writes other work down; nobody does for oneself.
    """

    __tablename__ = "wage_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('piece', 'work', 'correction', 'top_up', 'reversal')", name="known_kind"),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reversal_names_its_entry"),
        CheckConstraint("num_nonnulls(task_id, share_id, correction_id, top_up_id) = 1", name="one_source"),
        CheckConstraint(
            "CASE kind WHEN 'piece' THEN task_id IS NOT NULL WHEN 'work' THEN share_id IS NOT NULL "
            "WHEN 'correction' THEN correction_id IS NOT NULL WHEN 'top_up' THEN top_up_id IS NOT NULL "
            "ELSE num_nonnulls(task_id, share_id) = 1 END",
            name="kind_has_its_source",
        ),
        CheckConstraint(
            "amount_fen = CASE WHEN kind = 'reversal' THEN -rate_fen ELSE rate_fen END", name="amount_is_rate"
        ),
        CheckConstraint(
            "round > 0 AND (rate_fen > 0 OR (rate_fen = 0 AND share_id IS NOT NULL) "
            "OR (rate_fen <> 0 AND correction_id IS NOT NULL))",
            name="rate_positive",
        ),
        CheckConstraint(
            "kind <> 'work' OR (by_id IS NOT NULL AND by_id <> packer_id)", name="nobody_books_for_oneself"
        ),
        UniqueConstraint(*_SAME_TASK, name="uq_wage_entries_same"),
        UniqueConstraint(*_SAME_SHARE, name="uq_wage_entries_same_share"),
        UniqueConstraint("id", "packer_id", "amount_fen", name="uq_wage_entries_paid_as"),
        UniqueConstraint("id", "packer_id", name="uq_wage_entries_owner"),
        _takes_back(_SAME_TASK, "fk_wage_entries_reverses_id"),
        _takes_back(_SAME_SHARE, "fk_wage_entries_reverses_share"),
        _of_source("share_id", "work_shares", "amount_fen"),
        _of_source("correction_id", "wage_corrections", "granted_fen"),
        _of_source("top_up_id", "top_ups", "amount_fen"),
        Index("uq_wage_entries_task_piece", "task_id", "round", unique=True, postgresql_where=text("kind = 'piece'")),
        Index("uq_wage_entries_share", "share_id", unique=True, postgresql_where=text("kind = 'work'")),
        Index("uq_wage_entries_correction", "correction_id", unique=True),
        Index("uq_wage_entries_top_up", "top_up_id", unique=True),
        Index("uq_wage_entries_reverses", "reverses_id", unique=True),
        Index("ix_wage_entries_packer_earned", "packer_id", "earned_at"),
        Index("ix_wage_entries_earned", "earned_at"),
        Index("ix_wage_entries_packer_id_id", "packer_id", "id"),
        Index("ix_wage_entries_task", "task_id"),
    )

    id: Mapped[BigId]
    packer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    task_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("packing_tasks.id"))
    share_id: Mapped[int | None] = mapped_column(BigInteger)
    correction_id: Mapped[int | None] = mapped_column(BigInteger)
    top_up_id: Mapped[int | None] = mapped_column(BigInteger)
    round: Mapped[int] = mapped_column(default=1)
    kind: Mapped[str]
    rate_fen: Mapped[Fen]
    amount_fen: Mapped[Fen]
    earned_at: Mapped[UtcTime]
    reverses_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(default="")
    by: Mapped[str]
    by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))


append_only("wage_entries")


# Checked at commit: what is owed for a task is its frozen rate, to who packed it, when it is packed; else nothing.
# Whoever writes one without the other (a bug, a hand at the database) is refused.
WAGES_TIED_SQL = """
CREATE OR REPLACE FUNCTION wages_tied_to_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  this_task bigint;
  packed record;
  owed record;
BEGIN
  IF TG_TABLE_NAME = 'packing_tasks' THEN this_task := NEW.id; ELSE this_task := NEW.task_id; END IF;
  SELECT packer_id, packed_at, rate_fen INTO packed FROM packing_tasks WHERE id = this_task;
  SELECT count(*) AS lines, COALESCE(sum(fen), 0) AS fen, min(packer_id) AS packer_id INTO owed FROM (
    SELECT packer_id, sum(amount_fen) AS fen FROM wage_entries WHERE task_id = this_task
    GROUP BY packer_id HAVING sum(amount_fen) <> 0
  ) live;
  IF (packed.packed_at IS NULL AND owed.lines <> 0) OR (packed.packed_at IS NOT NULL AND
     (owed.lines <> 1 OR owed.fen <> packed.rate_fen OR owed.packer_id <> packed.packer_id)) THEN
    RAISE EXCEPTION 'task %: owed % fen, which is not what was packed', this_task, owed.fen
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""
TIED_TRIGGERS_SQL = (
    """
CREATE CONSTRAINT TRIGGER wage_entries_tied_to_tasks AFTER INSERT ON wage_entries DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.task_id IS NOT NULL) EXECUTE FUNCTION wages_tied_to_tasks()
""",
    """
CREATE CONSTRAINT TRIGGER packing_tasks_packed_are_owed AFTER INSERT ON packing_tasks DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.packed_at IS NOT NULL) EXECUTE FUNCTION wages_tied_to_tasks()
""",
    """
CREATE CONSTRAINT TRIGGER packing_tasks_tied_to_wages AFTER UPDATE ON packing_tasks DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD.packed_at IS DISTINCT FROM NEW.packed_at OR (NEW.packed_at IS NOT NULL AND
  (OLD.rate_fen, OLD.packer_id) IS DISTINCT FROM (NEW.rate_fen, NEW.packer_id))) EXECUTE FUNCTION wages_tied_to_tasks()
""",
)

# Tasks have their table by then: the ledger refers to it.
for _sql in (WAGES_TIED_SQL.replace("%", "%%"), *TIED_TRIGGERS_SQL):
    event.listen(Base.metadata.tables["wage_entries"], "after_create", DDL(_sql))  # type: ignore[no-untyped-call]
