"""People who do not work here any more: their bank details go once nothing is owed to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from fulfillment.piecework.minimum import service as minimum
from fulfillment.piecework.minimum.models import PayFacts
from kernel.audit import Actor
from kernel.errors import NotFound, Refused
from kernel.people.rules import PACKER


@dataclass(frozen=True)
class Leaver:
    """Somebody who has left and whose account is still known; what is still owed in fen, or waits to be decided."""

    person_id: int
    name: str
    account_number: str
    owed_fen: int
    is_undecided: bool

    @property
    def may_be_forgotten(self) -> bool:
        """Whether no money can still go to the account."""
        return self.owed_fen <= 0 and not self.is_undecided


# Owed is what no closed run has taken, and what a closed run has not handed out (or what came back from the bank).
_LEAVERS = text("""
    SELECT p.id, p.name, f.account_number,
      (SELECT COALESCE(sum(w.amount_fen), 0) FROM wage_entries w WHERE w.packer_id = p.id AND NOT EXISTS (
         SELECT 1 FROM pay_run_entries e JOIN pay_runs r ON r.id = e.run_id
         WHERE e.entry_id = w.id AND e.kind = 'taken' AND r.state = 'closed'))::bigint AS unpaid_fen,
      ((SELECT COALESCE(sum(g.amount_fen), 0) FROM pay_run_people g JOIN pay_runs r ON r.id = g.run_id
        WHERE g.person_id = p.id AND r.state = 'closed')
       - (SELECT COALESCE(sum(CASE o.kind WHEN 'paid' THEN o.fen ELSE -o.fen END), 0)
          FROM payouts o JOIN pay_runs r ON r.id = o.run_id
          WHERE o.person_id = p.id AND r.state = 'closed'))::bigint AS left_fen,
      EXISTS (SELECT 1 FROM wage_corrections c WHERE c.person_id = p.id AND c.decided_at IS NULL) AS is_undecided
    FROM pay_facts f JOIN people p ON p.id = f.person_id
    WHERE f.account_number <> '' AND NOT (p.active AND EXISTS (
      SELECT 1 FROM person_roles x WHERE x.person_id = p.id AND x.role = :packer))
    ORDER BY p.name, p.id
""")


def leavers(session: Session) -> Sequence[Leaver]:
    """Everybody who has left and has bank details, by name."""
    return [
        # What a run still has to hand out is not set off against what is below zero.
        Leaver(row.id, row.name, row.account_number, max(0, row.unpaid_fen) + row.left_fen, row.is_undecided)
        for row in session.execute(_LEAVERS, {"packer": PACKER})
    ]


def forget_account(session: Session, person_id: int, *, now: datetime, by: Actor) -> None:
    """Delete the bank details of somebody who has left. Deleted already: nothing changes.

    Raises:
        NotFound: nothing was ever noted of this person.
        Refused: the person works here, or is still owed something, or a correction waits.
    """
    facts = session.scalar(select(PayFacts).where(PayFacts.person_id == person_id).with_for_update(of=PayFacts))
    if facts is None:
        raise NotFound("没有这个人的账号。", "No account of this person is known.")
    if not facts.account_number:
        return
    found = next((each for each in leavers(session) if each.person_id == person_id), None)
    if found is None or not found.may_be_forgotten:
        raise Refused(
            "这个人还在干活，或者还有钱没发完，账号先留着。",
            "This person still works here or is still owed money; the account is kept for now.",
            code="still_owed",
        )
    minimum.forget_account(session, person_id, now=now, by=by)
