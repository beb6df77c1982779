"""Reading the fund: its sums and its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from fulfillment.fund.models import PAID_IN, SPENT, FundLine

_SIGNED = case((FundLine.takes_back_id.is_(None), FundLine.amount_fen), else_=-FundLine.amount_fen)


@dataclass(frozen=True)
class FundSum:
    """What came in and what was spent, in fen."""

    paid_in_fen: int = 0
    spent_fen: int = 0

    @property
    def left_fen(self) -> int:
        """What came in less what was spent."""
        return self.paid_in_fen - self.spent_fen


def sums(session: Session, first: date | None, last: date) -> FundSum:
    """The sums of the days from ``first`` (``None``: since ever) to ``last``, both inclusive."""
    wanted = select(FundLine.kind, func.sum(_SIGNED)).where(FundLine.day <= last).group_by(FundLine.kind)
    if first is not None:
        wanted = wanted.where(FundLine.day >= first)
    found = {kind: int(fen) for kind, fen in session.execute(wanted)}
    return FundSum(found.get(PAID_IN, 0), found.get(SPENT, 0))


def lines_of(session: Session, first: date, last: date, most: int) -> Sequence[tuple[FundLine, bool]]:
    """The lines of these days that stand or were taken back (then ``True``), the newest first."""
    back = aliased(FundLine)
    wanted = (
        select(FundLine, back.id)
        .outerjoin(back, back.takes_back_id == FundLine.id)
        .where(FundLine.day >= first, FundLine.day <= last, FundLine.takes_back_id.is_(None))
        .order_by(FundLine.day.desc(), FundLine.id.desc())
        .limit(most)
    )
    return [(line, taken_back is not None) for line, taken_back in session.execute(wanted)]
