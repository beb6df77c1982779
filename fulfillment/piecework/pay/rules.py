"""What a pay run counts for a person, what it warns of, and how account numbers are shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from fulfillment.piecework.minimum.rules import ToAdd

CASH, BANK = METHODS = ("cash", "bank")
PAID, CAME_BACK = "paid", "came_back"
OPEN, CLOSED, REVERSED = "open", "closed", "reversed"
LONGEST_RUN: Final = timedelta(days=366)

NEGATIVE, NO_BANK, COMPLAINT, NO_HOURS, UNDECIDED = WARNINGS = (
    "negative",
    "no_bank",
    "complaint",
    "no_hours",
    "undecided",
)


def masked(account_number: str) -> str:
    """Only the last four digits of an account number: enough to tell it from another."""
    return f"…{account_number[-4:]}" if account_number else ""


@dataclass(frozen=True)
class Sums:
    """What a person is owed by where it comes from, in fen; ``pieces`` are parcels packed."""

    pieces: int
    piece_fen: int
    work_fen: int
    correction_fen: int
    top_up_fen: int

    @property
    def total_fen(self) -> int:
        """All of it."""
        return self.piece_fen + self.work_fen + self.correction_fen + self.top_up_fen


@dataclass(frozen=True)
class PersonPay:
    """One person in an open run: the lines that it would take, and what the law adds on closing."""

    person_id: int
    name: str
    sums: Sums
    entry_ids: Sequence[int]
    method: str
    is_employee: bool
    additions: Sequence[ToAdd] = ()
    warnings: Sequence[str] = field(default_factory=tuple)

    @property
    def added_fen(self) -> int:
        """What the law adds on closing."""
        return sum(each.factors_fen + each.minimum_fen for each in self.additions)

    @property
    def total_fen(self) -> int:
        """What the person gets; below zero nothing is taken, and it waits for the next run."""
        return self.sums.total_fen + self.added_fen

    @property
    def is_paid(self) -> bool:
        """Whether closing the run takes this person's lines."""
        return self.total_fen >= 0 and bool(self.entry_ids or self.added_fen)
