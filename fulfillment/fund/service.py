"""Writing the fund's lines, and taking one back."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.fund.models import FundLine
from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused


@dataclass(frozen=True)
class FundFacts:
    """What is written down: ``kind`` paid_in or spent, money in fen, the day, what for or from whom."""

    kind: str
    amount_fen: int
    day: date
    what: str


def add_line(session: Session, facts: FundFacts, *, now: datetime, by: Actor) -> FundLine:
    """Write a line down. Whoever sends a form makes sure that it is carried out once."""
    line = FundLine(**vars(facts), at=now, by=by.name)
    session.add(line)
    session.flush()
    after = {**vars(facts), "day": facts.day.isoformat()}
    record_change(session, actor=by, action="fund.line", subject=f"fund:{line.id}", at=now, after=after)
    return line


def take_back(session: Session, line_id: int, reason: str, *, now: datetime, by: Actor) -> None:
    """Take a line back, once; a second time changes nothing.

    Raises:
        NotFound: there is no such line.
        Refused: it takes another one back itself.
    """
    line = session.get(FundLine, line_id)
    if line is None:
        raise NotFound("没有这一笔。", "There is no such line.")
    if line.takes_back_id is not None:
        raise Refused(
            "撤回的那一笔不能再撤回，请重新记。", "That line takes another back; write a new one.", code="is_reversal"
        )
    row = {"kind": line.kind, "amount_fen": line.amount_fen, "day": line.day, "what": reason, "at": now, "by": by.name}
    wanted = insert(FundLine).values(takes_back_id=line_id, **row)
    made = session.scalar(wanted.on_conflict_do_nothing(index_elements=["takes_back_id"]).returning(FundLine.id))
    if made is not None:
        after = {"reason": reason}
        record_change(session, actor=by, action="fund.taken_back", subject=f"fund:{line_id}", at=now, after=after)
