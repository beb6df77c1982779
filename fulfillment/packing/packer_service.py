"""What else a packer does: a number scanned or typed marks the parcel done, goods of stopped work go back."""

from datetime import datetime

from sqlalchemy.orm import Session

from fulfillment.packing import queries
from fulfillment.packing import service as packing
from fulfillment.packing.lead_rules import UNWELL, parcel_number, read_scan
from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.packing.states import STOPPED, TAKEN
from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused


def finish_scanned(
    session: Session, scanned: object, packer_id: int, *, card: int | None, now: datetime, by: Actor
) -> PackingTask:
    """Mark the scanned parcel done; ``card`` is the task on the packer's screen. A second scan changes nothing.

    Parcels that hold the same goods may be scanned in any order. One with other goods than the card shows is shown
    first, because its slip may have come to lie on the wrong box.

    Raises:
        NotFound: no parcel has this number.
        Refused: it is not in this packer's hands, it was stopped, or it holds other goods than the card shows.
    """
    parcel = queries.parcel_by_number(session, parcel_number(read_scan(scanned)))
    if parcel is None:
        raise unknown_parcel()
    task = parcel.task
    if task.packer_id != packer_id:
        raise not_in_your_hands()
    if task.state == TAKEN and card != task.id and holds_other_goods(session, task, card):
        raise other_goods(parcel)
    packing.finish_task(session, task.id, packer_id, now=now, by=by)
    return task


def unknown_parcel() -> NotFound:
    """No parcel has the number that was scanned or typed."""
    return NotFound(
        "没有这个包裹号。请扫单子上的条码，或照着单子输入。",
        "No parcel has this number. Scan the bars on the slip, or type the number under them.",
        code="unknown_parcel",
    )


def not_in_your_hands() -> Refused:
    """The parcel is somebody else's, or nobody's."""
    return Refused(
        "这个包裹不在您手上。请放到一边，交给组长。",
        "This parcel is not in your hands. Put it aside and give it to the lead.",
        code="not_in_your_hands",
    )


def other_goods(parcel: Parcel) -> Refused:
    """The parcel is the packer's, but the card on the screen shows other goods."""
    return Refused(
        "这是您的另一个包裹，里面的货不一样。请看图，包好以后再扫一次。",
        "This is another parcel of yours, with other goods. Look at the picture; scan again once it is packed.",
        code="other_goods",
        extra={"parcel": parcel.number},
    )


def holds_other_goods(session: Session, task: PackingTask, card: int | None) -> bool:
    """Whether the card on the screen shows other goods than the task; no card at all asks for a look, too."""
    shown = session.get(PackingTask, card) if card is not None else None
    return shown is None or shown.mix != task.mix


def note_put_back(session: Session, task_id: int, packer_id: int, *, now: datetime) -> None:
    """The goods of work that was stopped in somebody's hands are back on the shelf; a second time changes nothing."""
    task = packing.lock_task(session, task_id, packer_id)
    if task.state == STOPPED and task.packed_at is None and task.put_back_at is None:
        task.put_back_at = now
        session.flush()


def stop_unwell(session: Session, packer_id: int, *, now: datetime, by: Actor) -> None:
    """The person is unwell: the shift ends, everything in hand goes back, and the lead's board says who needs a look."""
    packing.leave_bench(session, packer_id, reason="unwell", now=now, by=by)
    record_change(session, actor=by, action=UNWELL, subject=f"person:{packer_id}", at=now)
