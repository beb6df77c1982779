"""What must always be true, counted again from the rows: `gongfang check-invariants`.

Each invariant is one SQL query for what breaks it and one for how many rows it looked at, so that a check of nothing
is seen to be one. All of them read the same snapshot, so work may go on meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from kernel.db import Database

MOST_SHOWN = 20


@dataclass(frozen=True)
class Invariant:
    """A sentence that must be true.

    ``checked`` counts the rows that it is about; ``broken`` selects ``subject`` (``order:Q…``, never a person's data)
    and ``found`` (figures) of each that breaks it.
    """

    name: str
    says: str
    checked: str
    broken: str


@dataclass
class Report:
    """What a check found."""

    checked: dict[str, int] = field(default_factory=dict)
    violations: list[dict[str, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def found(self) -> int:
        """How many violations there are, also those that are not shown."""
        return sum(self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """The form of interfaces.md."""
        return {"ok": not self.found, "checked": self.checked, "violations": self.violations}


def check(database: Database, invariants: Sequence[Invariant]) -> Report:
    """Count everything again on one snapshot of the database; writes nothing."""
    with database.transaction() as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        session.execute(text("SET LOCAL statement_timeout = 0"))
        return check_within(session, invariants)


def check_within(session: Session, invariants: Sequence[Invariant]) -> Report:
    """Count everything again, as this transaction sees it."""
    report = Report()
    for invariant in invariants:
        _check_one(session, invariant, report)
    return report


def _check_one(session: Session, invariant: Invariant, report: Report) -> None:
    report.checked[invariant.name] = session.execute(text(invariant.checked)).scalar_one()
    listed = text(f"SELECT subject, found, count(*) OVER () AS number FROM ({invariant.broken}) broken LIMIT :most")  # noqa: S608 - our own words
    rows = session.execute(listed, {"most": MOST_SHOWN}).all()
    if rows:
        report.counts[invariant.name] = rows[0].number
    for row in rows:
        report.violations.append(
            {"invariant": invariant.name, "says": invariant.says, "subject": row.subject, "found": row.found}
        )
