"""Demo payments of growers: an advance partly set off, a closed run of which one payment came back, and one in review."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts import rules as accounts
from fulfillment.purchasing.accounts.models import FarmerPayFacts
from fulfillment.purchasing.accounts.service import Entry, add_entry, add_supplement
from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.runs import queries
from fulfillment.purchasing.runs import service as runs
from fulfillment.purchasing.runs.service import Choice
from fulfillment.purchasing.settlements import queries as settlements
from fulfillment.purchasing.settlements import result_service as results
from fulfillment.purchasing.settlements.models import SettlementRun
from fulfillment.purchasing.settlements.result_service import HandOut
from kernel.audit import Actor
from kernel.clock import local_day

_ZONE = ZoneInfo("Asia/Shanghai")
_CAP_BPS = 3_000


def load(session: Session, actors: dict[str, Actor], now: datetime) -> None:
    """What growers had in advance, how they are paid, a run that is closed and one that is looked at."""
    lead, owner = actors["lead"], actors["owner"]
    farmers = session.scalars(select(Farmer).order_by(Farmer.id)).all()
    by_bank, with_advance, other = farmers[0], farmers[1], farmers[2]
    long_ago = now - timedelta(days=40)
    for number, farmer in enumerate((by_bank, with_advance)):
        session.add(_by_bank(farmer, number, long_ago))
    _entries(session, with_advance, other, now, lead)
    day = local_day(now, _ZONE) + timedelta(days=2)
    paid = [by_bank.id, with_advance.id, other.id]
    closed = _draft(session, Choice(day, paid, _CAP_BPS), "demo-run-1", now - timedelta(days=2), lead)
    seen = [each for each in queries.review(session, closed) if each.is_paid]
    total = sum(each.plan.total_fen for each in seen)
    at = now - timedelta(days=1)
    runs.close(session, closed.id, seen_fen=total, seen_farmers=len(seen), now=at, by=owner)
    runs.hand_out_all(session, closed.id, HandOut("bank", "示例批次 0012"), now=at, by=owner)
    back = next(each for each in queries.outcomes(session, closed) if each.settlement.farmer_id == by_bank.id)
    results.take_money_back(session, back.settlement.id, reason="银行退回：户名不符", now=at, by=owner)
    _in_review(session, farmers, now, lead)


def _draft(session: Session, choice: Choice, key: str, at: datetime, by: Actor) -> SettlementRun:
    return runs.make_draft(session, choice, cap_bps=_CAP_BPS, key=key, now=at, by=by)


def _by_bank(farmer: Farmer, number: int, at: datetime) -> FarmerPayFacts:
    """Invented numbers: no bank gives out accounts of this form."""
    return FarmerPayFacts(
        farmer_id=farmer.id,
        method=accounts.BANK,
        bank="示例农商银行",
        account_holder=farmer.name,
        account_number=f"000000000000000{number:04d}",
        account_changed_at=at,
        address=farmer.village,
        own_growth_proof=f"村证明 2026-{number + 1:03d}",
        changed_at=at,
        changed_by="示例",
    )


def _entries(session: Session, with_advance: Farmer, other: Farmer, now: datetime, by: Actor) -> None:
    day = local_day(now, _ZONE)
    taken = Entry(
        with_advance.id, accounts.ADVANCE, 360_000, day - timedelta(days=35), what=accounts.SPAWN, paper_ref="收条 0031"
    )
    add_entry(session, taken, key="demo-advance-1", now=now - timedelta(days=35), by=by)
    agreed = Entry(
        other.id, accounts.DEDUCTION, 8_000, day - timedelta(days=20), paper_ref="协议 0007", reason="借用周转筐"
    )
    add_entry(session, agreed, key="demo-deduction-1", now=now - timedelta(days=20), by=by)
    delivery_id = settlements.open_payables(session, other.id)[-1].delivery_id
    add_supplement(
        session,
        farmer_id=other.id,
        delivery_id=delivery_id,
        amount_fen=12_600,
        reason="行情更正，补差价",
        key="demo-supplement-1",
        now=now - timedelta(days=1),
        by=by,
    )


def _in_review(session: Session, farmers: Sequence[Farmer], now: datetime, by: Actor) -> None:
    """Payables that fall due in the next days, of everybody; one line is under question."""
    open_ones = settlements.open_payables(session)
    if open_ones:
        results.ask_about(session, open_ones[-1].id, reason="农户说皮重多扣了，等复称", now=now, by=by)
    soon = local_day(now, _ZONE) + timedelta(days=7)
    _draft(session, Choice(soon, [farmer.id for farmer in farmers]), "demo-run-2", now, by)
