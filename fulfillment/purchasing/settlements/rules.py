"""What a settlement pays and keeps: every payable and credit whole, debts oldest first and never above the cap. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

WHOLE: Final = 10_000  # basis points
CASH, BANK = METHODS = ("cash", "bank")
TO_PAY, PAID, CAME_BACK, REVERSED = RESULTS = ("to_pay", "paid", "came_back", "reversed")


@dataclass(frozen=True)
class OpenEntry:
    """What of an entry no settlement has taken yet, in fen: above zero a credit, below zero a debt."""

    entry_id: int
    left_fen: int


@dataclass(frozen=True)
class Plan:
    """What one farmer is paid: for goods and credits, less the parts of debts that are set off."""

    gross_fen: int
    parts: Sequence[OpenEntry]
    kept_fen: int

    @property
    def total_fen(self) -> int:
        """What is handed out."""
        return self.gross_fen - self.kept_fen


class TooMuchSetOff(Exception):
    """More was to be set off than is owed, or than the cap allows; ``most_fen`` is what may be."""

    def __init__(self, most_fen: int) -> None:
        super().__init__(f"at most {most_fen} fen may be set off")
        self.most_fen = most_fen


def most_set_off(gross_fen: int, debts: Iterable[OpenEntry], cap_bps: int) -> int:
    """How much of a payment may be kept for debts, in fen: what is open, and at most the cap, rounded down."""
    return min(-sum(debt.left_fen for debt in debts), gross_fen * cap_bps // WHOLE)


def plan_payment(payable_fens: Iterable[int], entries: Sequence[OpenEntry], set_off_fen: int, cap_bps: int) -> Plan:
    """One farmer's payment. Credits among ``entries`` are paid whole; debts are set off oldest first, as much as asked.

    The order of ``entries`` does not matter: an older entry has the smaller id.

    Raises:
        TooMuchSetOff: more than the open debts or the cap. ValueError: below zero.
    """
    if set_off_fen < 0:
        raise ValueError("nothing less than zero is set off")
    added = [entry for entry in entries if entry.left_fen > 0]
    debts = sorted((entry for entry in entries if entry.left_fen < 0), key=lambda entry: entry.entry_id)
    gross = sum(payable_fens) + sum(entry.left_fen for entry in added)
    most = most_set_off(gross, debts, cap_bps)
    if set_off_fen > most:
        raise TooMuchSetOff(most)
    parts, still = sorted(added, key=lambda entry: entry.entry_id), set_off_fen
    for debt in debts:
        taken = min(still, -debt.left_fen)
        if taken:
            parts.append(OpenEntry(debt.entry_id, -taken))
        still -= taken
    return Plan(gross, parts, set_off_fen)


def result_of(*, is_paid: bool, is_returned: bool) -> str:
    """How a settlement ended so far: what came back before it was paid was reversed."""
    if is_returned:
        return CAME_BACK if is_paid else REVERSED
    return PAID if is_paid else TO_PAY
