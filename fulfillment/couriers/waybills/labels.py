"""Couriers' labels: made from an issued waybill, and every copy noted, as for slips."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.couriers.providers import Party as Sender
from fulfillment.couriers.rules import carrier_name
from fulfillment.couriers.waybills import queries
from fulfillment.couriers.waybills.models import Waybill, WaybillPrint
from fulfillment.couriers.waybills.service import lock_parcels
from fulfillment.couriers.waybills.states import ISSUED
from fulfillment.labels.courier import CourierLabel, Party
from fulfillment.labels.rules import SlipLine, mask_name, mask_note, mask_phone
from fulfillment.labels.service import masked_place
from fulfillment.packing.states import CANCELLED, HANDED_OVER
from kernel.audit import Actor
from kernel.errors import NotFound, Refused
from kernel.text import t

LARGEST_BATCH = 200


def label_of(waybill: Waybill, printed: WaybillPrint | None, *, sender: Sender, zone: ZoneInfo) -> CourierLabel:
    """The label of a recorded print, or a preview. The receiver is masked; the courier finds the rest by the number."""
    parcel, order = waybill.parcel, waybill.parcel.order
    at = f"{printed.at.astimezone(zone):%m-%d %H:%M}" if printed else ""
    return CourierLabel(
        carrier=waybill.carrier,
        carrier_name=carrier_name(waybill.carrier) or waybill.carrier,
        waybill=waybill.number or "",
        bulkpen=waybill.bulkpen,
        pkg_name=waybill.pkg_name,
        receiver=Party(mask_name(order.buyer_name), mask_phone(order.phone, order.phone_ext), masked_place(order)),
        sender=Party(sender.name, sender.phone, sender.address),
        parcel_number=parcel.number,
        lines=tuple(SlipLine(line.quantity, line.title, line.spec) for line in parcel.lines),
        weight_g=waybill.weight_g,
        printed=t("打印 {time}", "printed {time}", time=at) if at else "",
        part=t("第 {n} 箱", "box {n}", n=parcel.sequence) if parcel.sequence > 1 else "",
        note=mask_note(order.note),
        order_number=order.number,
        copy=printed.copy if printed else 0,
    )


def print_labels(
    session: Session, waybill_ids: Sequence[int], *, reason: str, now: datetime, by: Actor
) -> list[WaybillPrint]:
    """Note that these labels are printed, in this order; another copy of one needs its reason.

    Raises:
        NotFound: one is not there. Refused: one has no number, has left, or was printed before and no reason is given.
    """
    wanted = list(dict.fromkeys(waybill_ids))
    waybills = _lock(session, wanted)
    _refuse_unusable([waybill for waybill in waybills.values() if not may_print(waybill)])
    copies = queries.copies_of(session, wanted)
    if copies and not reason:
        numbers = ", ".join(waybill.number or "" for waybill in waybills.values() if waybill.id in copies)[:200]
        raise Refused(
            f"这些面单已经打印过了：{numbers}。要再打一张，请选原因。",
            f"Printed already: {numbers}. Choose a reason to print again.",
            code="printed_already",
        )
    prints = [_print(waybill_id, copies.get(waybill_id, 0) + 1, reason, now, by) for waybill_id in wanted]
    session.add_all(prints)
    session.flush()
    return prints


def may_print(waybill: Waybill) -> bool:
    """Whether a label is to be stuck on: its number stands, and its parcel is still here."""
    return waybill.state == ISSUED and waybill.parcel.state not in (HANDED_OVER, CANCELLED)


def _print(waybill_id: int, copy: int, reason: str, now: datetime, by: Actor) -> WaybillPrint:
    return WaybillPrint(waybill_id=waybill_id, copy=copy, at=now, by=by.name, reason=reason if copy > 1 else "")


def _lock(session: Session, waybill_ids: Sequence[int]) -> dict[int, Waybill]:
    parcel_ids = session.scalars(select(Waybill.parcel_id).where(Waybill.id.in_(waybill_ids))).all()
    lock_parcels(session, parcel_ids)
    found = session.scalars(
        select(Waybill)
        .where(Waybill.id.in_(waybill_ids))
        .order_by(Waybill.id)
        .with_for_update(of=Waybill)
        .execution_options(populate_existing=True)
    )
    waybills = {waybill.id: waybill for waybill in found}
    if len(waybills) != len(waybill_ids):
        raise NotFound("有的运单找不到了，请重新选。", "Some of the waybills are gone. Please choose again.")
    return waybills


def _refuse_unusable(unusable: Sequence[Waybill]) -> None:
    if unusable:
        numbers = ", ".join(waybill.parcel.number for waybill in unusable[:5])
        raise Refused(
            f"这些包裹没有能用的运单，或已经交走了：{numbers}",
            f"These parcels have no waybill that can be used, or have left: {numbers}",
            code="gone",
        )
