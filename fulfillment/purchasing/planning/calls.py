"""Whom to call this week, most pressing first; who was called lately is left in peace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Contract, Farmer
from fulfillment.purchasing.planning.call_rules import Reason, why_call
from fulfillment.purchasing.planning.models import FarmerCall
from fulfillment.purchasing.planning.queries import Plan, read_plan


@dataclass(frozen=True)
class ToCall:
    """A farmer to call, about which contract, and why; the last call about anything, where there was one."""

    farmer: Farmer
    contract: Contract
    reason: Reason
    last: FarmerCall | None


def to_call(session: Session, today: date, plan: Plan | None = None) -> list[ToCall]:
    """Everybody who should be called this week: one line a farmer, with the most pressing reason."""
    plan = plan or read_plan(session, today)
    last = _last_calls(session)
    found: dict[int, ToCall] = {}
    for product in plan.products:
        lies_over = product.outlook is not None and product.outlook.kind == "glut"
        for contract, promise in product.promises:
            reason = why_call(promise, today, lies_over=lies_over)
            call = last.get(contract.farmer_id)
            if reason is None or (call is not None and call.rest_until > today):
                continue
            known = found.get(contract.farmer_id)
            if known is None or reason.rank < known.reason.rank:
                found[contract.farmer_id] = ToCall(contract.farmer, contract, reason, call)
    return sorted(found.values(), key=lambda line: (line.reason.rank, line.farmer.id))


def _last_calls(session: Session) -> dict[int, FarmerCall]:
    newest = select(func.max(FarmerCall.id)).group_by(FarmerCall.farmer_id)
    calls = session.scalars(select(FarmerCall).where(FarmerCall.id.in_(newest)))
    return {call.farmer_id: call for call in calls}


def called_lately(session: Session, today: date, most: int = 20) -> Sequence[tuple[FarmerCall, Farmer]]:
    """Farmers who are left in peace for now, with what came of the call, newest first."""
    rows = (
        select(FarmerCall, Farmer)
        .join(Farmer, Farmer.id == FarmerCall.farmer_id)
        .where(FarmerCall.rest_until > today)
        .order_by(FarmerCall.id.desc())
        .limit(most)
    )
    return [(call, farmer) for call, farmer in session.execute(rows)]
