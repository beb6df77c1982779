"""Tables of piece rates and wage entries."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, Fen, Grams, UtcTime, append_only


class PieceRate(Base):
    """What one piece of work pays: by operation, by parcel weight, from a day on."""

    __tablename__ = "piece_rates"
    __table_args__ = (
        UniqueConstraint("operation", "up_to_g", "valid_from"),
        CheckConstraint("rate_fen > 0 AND up_to_g > 0", name="rate_positive"),
    )

    id: Mapped[BigId]
    operation: Mapped[str]
    up_to_g: Mapped[Grams]
    rate_fen: Mapped[Fen]
    valid_from: Mapped[date]


append_only("piece_rates")


# What a reversal shares with the entry that it takes back.
_SAME = ("id", "packer_id", "task_id", "round", "rate_fen")


class WageEntry(Base):
    """One line of what a packer is owed: append-only; a correction is a new line.

    A task is paid at most once at a time: ``round`` counts how often it was finished after a reversal, and a
    reversal takes back exactly the entry that it names (same packer, task, round and rate), once.
    """

    __tablename__ = "wage_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('piece', 'reversal')", name="known_kind"),
        CheckConstraint("(kind = 'piece') = (reverses_id IS NULL)", name="reversal_names_its_entry"),
        CheckConstraint(
            "(kind = 'piece' AND amount_fen = rate_fen) OR (kind = 'reversal' AND amount_fen = -rate_fen)",
            name="amount_is_rate",
        ),
        CheckConstraint("rate_fen > 0 AND round > 0", name="rate_positive"),
        UniqueConstraint(*_SAME, name="uq_wage_entries_same"),
        ForeignKeyConstraint(
            ["reverses_id", *_SAME[1:]], [f"wage_entries.{name}" for name in _SAME], name="fk_wage_entries_reverses_id"
        ),
        Index("uq_wage_entries_task_piece", "task_id", "round", unique=True, postgresql_where=text("kind = 'piece'")),
        Index("uq_wage_entries_reverses", "reverses_id", unique=True),
        Index("ix_wage_entries_packer_earned", "packer_id", "earned_at"),
        Index("ix_wage_entries_earned", "earned_at"),
        Index("ix_wage_entries_packer_id_id", "packer_id", "id"),
    )

    id: Mapped[BigId]
    packer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    task_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("packing_tasks.id"))
    round: Mapped[int]
    kind: Mapped[str]
    rate_fen: Mapped[Fen]
    amount_fen: Mapped[Fen]
    earned_at: Mapped[UtcTime]
    reverses_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(default="")
    by: Mapped[str]


append_only("wage_entries")
