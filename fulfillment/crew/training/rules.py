"""When a training is due again. Knows no database."""

from calendar import monthrange
from datetime import date, timedelta

# So long before, the lead is told.
_SOON = timedelta(days=30)


def due_on(trained_on: date, repeat_months: int | None) -> date | None:
    """The same day so many months later, or the month's last day; ``None`` when it holds for good."""
    if repeat_months is None:
        return None
    month = trained_on.month - 1 + repeat_months
    year, month = trained_on.year + month // 12, month % 12 + 1
    return date(year, month, min(trained_on.day, monthrange(year, month)[1]))


def standing(due: date | None, today: date) -> str:
    """How a training stands: ``holds``, ``soon`` due or ``over``due."""
    if due is None or due - today > _SOON:
        return "holds"
    return "over" if due < today else "soon"
