"""A lot is called back: nothing more of it leaves the house, and afterwards what was a false alarm may go again."""

from datetime import datetime

from sqlalchemy.orm import Session

from fulfillment.bags import service as bags
from fulfillment.bags.service import Correction
from fulfillment.packing import queries as packing_queries
from fulfillment.packing.holds import queries as hold_queries
from fulfillment.packing.holds import service as holds
from fulfillment.packing.models import Parcel
from fulfillment.purchasing.lots import service as lots
from fulfillment.purchasing.tracing import queries as tracing
from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused


def block_recalled(session: Session, lot_id: int, *, reason: str, now: datetime, by: Actor) -> None:
    """The lot is blocked, and with it every bag of what was made of it. A second time changes nothing.

    A transaction of its own, before :func:`hold_recalled`: whoever packs holds a parcel and waits for its bags, so the
    bags must be let go before parcels are locked; and once this is committed no further parcel gets any of them.
    """
    lots.block_lot(session, lot_id, reason=reason, now=now, by=by)


def hold_recalled(session: Session, lot_id: int, *, reason: str, now: datetime, by: Actor) -> list[Parcel]:
    """Packed parcels that hold some of a blocked lot stay in the house. Returns those that were not held before."""
    ids = [parcel.id for parcel in tracing.recall(session, lot_id).here]
    return holds.hold_parcels(session, ids, lot_id=lot_id, reason=reason, now=now, by=by)


def end_recall(session: Session, lot_id: int, *, reason: str, now: datetime, by: Actor) -> int:
    """A false alarm: the lot is free, and so are the parcels that were held for it. Returns how many those were."""
    freed = holds.free_parcels_of(session, lot_id, reason=reason, now=now, by=by)
    lots.free_lot(session, lot_id, reason=reason, now=now, by=by)
    return len(freed)


def correct_bags(session: Session, number: str, move: Correction, *, now: datetime, by: Actor) -> Parcel:
    """Other bags are in a packed parcel than was written down; what stood there is kept in the record of changes.

    Raises:
        Refused: the parcel is not packed, or as ``fulfillment.bags.service.correct`` says.
        NotFound: there is no such parcel or bagging.
    """
    parcel = packing_queries.parcel_by_number(session, number)
    if parcel is None:
        raise NotFound("没有这个包裹。", "There is no such parcel.")
    bags.correct(session, parcel.id, move, now=now, by=by)
    record_change(
        session,
        actor=by,
        action="parcel.bags_corrected",
        subject=f"parcel:{parcel.number}",
        at=now,
        before={"bagging": move.from_id, "bags": move.bags},
        after={"bagging": move.to_id, "bags": move.bags},
    )
    return parcel


def free_parcel(session: Session, number: str, *, reason: str, now: datetime, by: Actor) -> Parcel:
    """One parcel that was held may leave: somebody looked into it, or put other bags in.

    Raises:
        Refused: bags of a blocked lot are still written down for it.
    """
    parcel = packing_queries.parcel_by_number(session, number)
    if parcel is None:
        raise NotFound("没有这个包裹。", "There is no such parcel.")
    if hold_queries.open_holds(session, [parcel.id]) and hold_queries.with_blocked_bags(session, [parcel.id]):
        raise Refused(
            "这个包裹里记着封存批号的袋子。请先换袋子并改批号，或者解除整个批号。",
            "Bags of a blocked lot are written down for this parcel. Put other bags in and correct them first, or set the lot free.",
            code="blocked_bags",
        )
    holds.free_parcel(session, parcel.id, reason=reason, now=now, by=by)
    return parcel
