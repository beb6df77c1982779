"""Reading runs: what could be chosen, the review of a draft, and how each payment of a closed one ended."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts.models import FarmerPayFacts
from fulfillment.purchasing.accounts.queries import facts_of
from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.models import Payable
from fulfillment.purchasing.runs import rules
from fulfillment.purchasing.runs.models import SettlementRunFarmer, SettlementRunPayable
from fulfillment.purchasing.settlements import queries as settlements
from fulfillment.purchasing.settlements import rules as paying
from fulfillment.purchasing.settlements.models import PayableQuestion, Settlement, SettlementRun
from fulfillment.purchasing.settlements.queries import EntryLeft

_LOOK_BACK = 6


def runs(session: Session, most: int = 30) -> Sequence[SettlementRun]:
    """Runs that were not dropped, newest first."""
    return session.scalars(
        select(SettlementRun).where(SettlementRun.state != rules.DROPPED).order_by(SettlementRun.id.desc()).limit(most)
    ).all()


@dataclass(frozen=True)
class Due:
    """A farmer whom a new run could pay: due payables that are in no run, credits, and debts, in fen."""

    farmer: Farmer
    payables: Sequence[Payable]
    credits: Sequence[EntryLeft]
    debts: Sequence[EntryLeft]
    questioned: int

    @property
    def gross_fen(self) -> int:
        """What would be paid before anything is set off."""
        return sum(each.amount_fen for each in self.payables) + sum(each.left_fen for each in self.credits)

    @property
    def debt_fen(self) -> int:
        """What of advances and deductions is open."""
        return -sum(each.left_fen for each in self.debts)


def due(session: Session, due_by: date) -> list[Due]:
    """Farmers with payables due by a day or open credits, earliest due first; lines under question are left out."""
    drafted = set(
        session.scalars(
            select(SettlementRunPayable.payable_id)
            .join(SettlementRun, SettlementRun.id == SettlementRunPayable.run_id)
            .where(SettlementRun.state == rules.DRAFT)
        )
    )
    questioned = open_questions(session)
    lines: dict[int, list[Payable]] = defaultdict(list)
    doubted: dict[int, int] = defaultdict(int)
    for payable in settlements.open_payables(session):
        if payable.due_on > due_by or payable.id in drafted:
            continue
        if payable.id in questioned:
            doubted[payable.farmer_id] += 1
        else:
            lines[payable.farmer_id].append(payable)
    entries = _entries(session)
    with_credit = {farmer_id for farmer_id, found in entries.items() if any(each.left_fen > 0 for each in found)}
    in_draft = set(
        session.scalars(
            select(SettlementRunFarmer.farmer_id)
            .join(SettlementRun, SettlementRun.id == SettlementRunFarmer.run_id)
            .where(SettlementRun.state == rules.DRAFT)
        )
    )
    order = [*lines, *sorted(with_credit - set(lines) - in_draft)]
    farmers = _farmers(session, order)
    return [
        Due(
            farmers[farmer_id],
            lines.get(farmer_id, ()),
            [each for each in entries[farmer_id] if each.left_fen > 0],
            [each for each in entries[farmer_id] if each.left_fen < 0],
            doubted.get(farmer_id, 0),
        )
        for farmer_id in order
    ]


def _entries(session: Session) -> dict[int, list[EntryLeft]]:
    found: dict[int, list[EntryLeft]] = defaultdict(list)
    for each in settlements.open_entries(session):
        found[each.entry.farmer_id].append(each)
    return found


def _farmers(session: Session, farmer_ids: Collection[int]) -> dict[int, Farmer]:
    return {farmer.id: farmer for farmer in session.scalars(select(Farmer).where(Farmer.id.in_(farmer_ids)))}


def open_questions(session: Session) -> dict[int, PayableQuestion]:
    """Questions that nobody has answered, by payable."""
    found = session.scalars(select(PayableQuestion).where(PayableQuestion.answered_at.is_(None)))
    return {question.payable_id: question for question in found}


@dataclass(frozen=True)
class Reviewed:
    """One farmer in a draft: what would be paid now, how, and what is unusual about it."""

    farmer: Farmer
    payables: Sequence[Payable]
    entries: Sequence[EntryLeft]
    plan: paying.Plan
    most_fen: int
    asked_fen: int
    method: str
    facts: FarmerPayFacts | None
    marks: Sequence[str]

    @property
    def is_paid(self) -> bool:
        """Whether closing the run writes a settlement."""
        return self.plan.gross_fen > 0


def review(session: Session, run: SettlementRun) -> list[Reviewed]:
    """Everybody in a draft with the figures as they are at this moment, by farmer id."""
    chosen = session.scalars(
        select(SettlementRunFarmer)
        .where(SettlementRunFarmer.run_id == run.id)
        .order_by(SettlementRunFarmer.farmer_id)
        .execution_options(populate_existing=True)
    ).all()
    ids = [each.farmer_id for each in chosen]
    asked: dict[int, set[int]] = defaultdict(set)
    for line in session.scalars(select(SettlementRunPayable).where(SettlementRunPayable.run_id == run.id)):
        asked[line.farmer_id].add(line.payable_id)
    still_open: dict[int, list[Payable]] = defaultdict(list)
    for payable in settlements.open_payables(session):
        if payable.id in asked[payable.farmer_id]:
            still_open[payable.farmer_id].append(payable)
    farmers, entries, facts = _farmers(session, ids), _entries(session), facts_of(session, ids)
    questions, known = open_questions(session), _known(session, ids, facts)
    return [
        _reviewed(
            farmers[each.farmer_id],
            still_open[each.farmer_id],
            len(asked[each.farmer_id]),
            entries[each.farmer_id],
            each.set_off_fen,
            run.set_off_cap_bps,
            facts.get(each.farmer_id),
            known[each.farmer_id],
            questions,
        )
        for each in chosen
    ]


def _reviewed(
    farmer: Farmer,
    payables: Sequence[Payable],
    asked_lines: int,
    entries: Sequence[EntryLeft],
    asked_fen: int,
    cap_bps: int,
    facts: FarmerPayFacts | None,
    known: rules.Known,
    questions: dict[int, PayableQuestion],
) -> Reviewed:
    lefts = [paying.OpenEntry(each.entry.id, each.left_fen) for each in entries]
    amounts = [payable.amount_fen for payable in payables]
    gross = paying.plan_payment(amounts, lefts, 0, cap_bps).gross_fen
    most = paying.most_set_off(gross, [left for left in lefts if left.left_fen < 0], cap_bps)
    plan = paying.plan_payment(amounts, lefts, min(asked_fen, most), cap_bps)
    questioned = sum(payable.id in questions for payable in payables)
    chosen = rules.Chosen(plan.gross_fen, questioned, asked_lines - len(payables), asked_fen, plan.kept_fen)
    method = facts.method if facts else paying.CASH
    marks = rules.marks(known, chosen)
    return Reviewed(farmer, payables, entries, plan, most, asked_fen, method, facts, marks)


def _known(session: Session, farmer_ids: Sequence[int], facts: dict[int, FarmerPayFacts]) -> dict[int, rules.Known]:
    """What was paid before, newest first, and by which way."""
    past: dict[int, list[Settlement]] = defaultdict(list)
    for settlement in session.scalars(
        select(Settlement).where(Settlement.farmer_id.in_(farmer_ids)).order_by(Settlement.id.desc())
    ):
        if settlement.payment is not None and settlement.returned is None:
            past[settlement.farmer_id].append(settlement)
    return {
        farmer_id: rules.Known(
            [each.total_fen for each in past[farmer_id][:_LOOK_BACK]],
            past[farmer_id][0].at if past[farmer_id] else None,
            farmer_id in facts and facts[farmer_id].method == paying.BANK,
            farmer_id in facts and facts[farmer_id].account_number != "",
            facts[farmer_id].account_changed_at if farmer_id in facts else None,
        )
        for farmer_id in farmer_ids
    }


@dataclass(frozen=True)
class Outcome:
    """One payment of a closed run: how it ended so far; whether the account was changed after the run was closed."""

    settlement: Settlement
    result: str
    facts: FarmerPayFacts | None
    account_changed: bool

    @property
    def may_go_by_bank(self) -> bool:
        """Whether it belongs in the bank's file: not handed out yet, to an account that was there when it was looked at."""
        has_account = self.facts is not None and self.facts.account_number != ""
        is_open = self.result == paying.TO_PAY and self.settlement.method == paying.BANK
        return is_open and has_account and not self.account_changed


def outcomes(session: Session, run: SettlementRun) -> list[Outcome]:
    """The payments of a closed run, by farmer's name."""
    found = session.scalars(select(Settlement).where(Settlement.run_id == run.id)).all()
    facts = facts_of(session, [each.farmer_id for each in found])
    made = []
    for each in sorted(found, key=lambda each: (each.farmer.name, each.id)):
        known = facts.get(each.farmer_id)
        changed = known is not None and run.closed_at is not None and known.account_changed_at > run.closed_at
        result = paying.result_of(is_paid=each.payment is not None, is_returned=each.returned is not None)
        made.append(Outcome(each, result, known, changed))
    return made
