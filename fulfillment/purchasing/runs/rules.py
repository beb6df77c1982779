"""What is unusual about a farmer's payment in a run, so that the person who closes it looks there first. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low
from typing import Final

DRAFT, CLOSED, DROPPED = "draft", "closed", "dropped"
FIRST, NEW_ACCOUNT, MUCH_MORE, QUESTIONED, NO_ACCOUNT, GONE, LESS_KEPT = MARKS = (
    "first",
    "new_account",
    "much_more",
    "questioned",
    "no_account",
    "gone",
    "less_kept",
)

# More than twice the middle one of the last payments, and by a sum that is worth a look.
_TIMES_USUAL: Final = 2
_WORTH_A_LOOK_FEN: Final = 50_000


@dataclass(frozen=True)
class Known:
    """What is known of a farmer when a payment is looked at: earlier payments in fen, how and since when by bank."""

    past_fens: Sequence[int]
    last_paid_at: datetime | None
    by_bank: bool
    has_account: bool
    account_changed_at: datetime | None


@dataclass(frozen=True)
class Chosen:
    """What a run means to pay, in fen and lines: ``gone`` were settled meanwhile, ``kept`` may be less than was asked."""

    gross_fen: int
    questioned: int
    gone: int
    asked_fen: int
    kept_fen: int


def marks(known: Known, chosen: Chosen) -> tuple[str, ...]:
    """Everything unusual, in the order in which it is looked at."""
    usual_fen = median_low(known.past_fens) if known.past_fens else 0
    changed = known.account_changed_at
    found = {
        FIRST: not known.past_fens,
        NEW_ACCOUNT: known.has_account
        and changed is not None
        and known.last_paid_at is not None
        and changed > known.last_paid_at,
        MUCH_MORE: usual_fen > 0
        and chosen.gross_fen > _TIMES_USUAL * usual_fen
        and chosen.gross_fen - usual_fen >= _WORTH_A_LOOK_FEN,
        QUESTIONED: chosen.questioned > 0,
        NO_ACCOUNT: known.by_bank and not known.has_account,
        GONE: chosen.gone > 0,
        LESS_KEPT: chosen.kept_fen < chosen.asked_fen,
    }
    return tuple(name for name in MARKS if found[name])
