"""Asking couriers for numbers and giving them back: written first, said outside any transaction, the answer written.

Each step may run twice, or twice at once: the courier knows the wish by its key and answers with the same number.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fulfillment.couriers.desk import CourierDesk
from fulfillment.couriers.providers import Cancellation, CourierAway, CourierRefuses, LabelRequest, Party
from fulfillment.couriers.waybills import answers
from fulfillment.couriers.waybills.models import Waybill
from fulfillment.packing.models import Parcel
from kernel.db import Database
from shop.orders.models import Order

_LONGEST_GOODS = 40


def send_waybill(database: Database, desk: CourierDesk, payload: Mapping[str, Any], now: datetime) -> None:
    """Job: ask for a number.

    Raises:
        CourierAway: no usable answer; the worker tries again later, with the same key.
    """
    waybill_id = int(payload["waybill"])
    with database.transaction() as session:
        waybill = answers.begin_sending(session, waybill_id, now)
        if waybill is None:
            return
        name, request = waybill.provider, request_of(waybill, desk.sender)
    try:
        issued = desk.provider_named(name).order(request)
        with database.transaction() as session:
            answers.note_issued(session, waybill_id, issued, now)
    except CourierRefuses as refusal:
        with database.transaction() as session:
            answers.note_refused(session, waybill_id, refusal, now)
    except CourierAway as away:
        _try_again(database, waybill_id, away, now)


def cancel_waybill(database: Database, desk: CourierDesk, payload: Mapping[str, Any], now: datetime) -> None:
    """Job: give a number back.

    Raises:
        CourierAway: no usable answer; the worker tries again later.
    """
    waybill_id = int(payload["waybill"])
    with database.transaction() as session:
        waybill = answers.begin_cancelling(session, waybill_id)
        if waybill is None:
            return
        name, cancellation = waybill.provider, _cancellation_of(waybill)
    try:
        desk.provider_named(name).cancel(cancellation)
    except CourierRefuses as refusal:
        with database.transaction() as session:
            answers.note_kept(session, waybill_id, refusal, now)
    except CourierAway as away:
        _try_again(database, waybill_id, away, now)
    else:
        with database.transaction() as session:
            answers.note_cancelled(session, waybill_id, now)


def _try_again(database: Database, waybill_id: int, away: CourierAway, now: datetime) -> None:
    with database.transaction() as session:
        is_on = answers.note_away(session, waybill_id, away.reason, now)
    if is_on:
        raise away


def request_of(waybill: Waybill, sender: Party) -> LabelRequest:
    """What the courier is told: the receiver whole, the goods in few words."""
    return LabelRequest(
        waybill.key,
        waybill.carrier,
        sender,
        receiver_of(waybill.parcel.order),
        goods_of(waybill.parcel),
        waybill.weight_g,
    )


def receiver_of(order: Order) -> Party:
    """Whom an order goes to; a virtual number keeps its extension."""
    phone = f"{order.phone}-{order.phone_ext}" if order.phone_ext else order.phone
    detail = f"{order.street}{order.detail}"
    return Party(order.buyer_name, phone, order.province, order.city, order.district, detail)


def goods_of(parcel: Parcel) -> str:
    """What is in the box, as couriers want it written."""
    titles = "、".join(dict.fromkeys(line.title for line in parcel.lines))
    return f"食用农产品({titles[:_LONGEST_GOODS]})"


def _cancellation_of(waybill: Waybill) -> Cancellation:
    order = str(waybill.facts.get("kdComOrderNum", ""))
    return Cancellation(waybill.key, waybill.carrier, waybill.number or "", order, waybill.reason or "订单取消")
