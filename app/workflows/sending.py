"""Boxes: which courier, how heavy, what shares one; handed over, followed, delivered."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.workflows import terms
from app.workflows.telling import tell_buyer
from fulfillment.couriers import leaving
from fulfillment.couriers import service as couriers
from fulfillment.couriers.fees import service as fees
from fulfillment.couriers.fees.service import Advice
from fulfillment.couriers.providers import CourierRefuses, Journey
from fulfillment.couriers.rules import carrier_name
from fulfillment.couriers.tracking import queries as tracking_queries
from fulfillment.couriers.tracking import service as tracking
from fulfillment.couriers.waybills import queries as waybill_queries
from fulfillment.couriers.waybills import service as waybills
from fulfillment.couriers.weighing import service as weighing
from fulfillment.couriers.weighing.service import Weighed
from fulfillment.packing import queries as packing_queries
from fulfillment.packing.boxes import service as boxes
from fulfillment.packing.holds import service as holds
from fulfillment.packing.models import Parcel
from kernel.audit import SYSTEM, Actor
from kernel.text import Text
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.states import DELIVERED, SHIPPED
from shop.payments import queries as payment_queries
from shop.stock import service as stock


def hand_over(session: Session, parcel_id: int, *, carrier: str, tracking: str, by: Actor, now: datetime) -> Parcel:
    """The courier takes a box: the stock of all its parcels leaves, and with its last parcel an order is shipped."""
    box = boxes.lock_box(session, parcel_id)
    holds.refuse_held(session, box)
    carrier = leaving.carrier_on_label(session, box, carrier, tracking)
    if couriers.hand_over_box(session, box, carrier=carrier, tracking=tracking, now=now, by=by):
        leaving.note_left(session, box, now=now, by=by)
        fees.note_departure(session, box[0], terms=terms.sending_terms, now=now, by=by)
        _note_fee_told(session, box[0], now)
        lock_goods(session, box)
        for parcel in box:
            _ship(session, parcel, now=now, by=by)
        _tell_it_left(session, box, tracking, now)
    return next(parcel for parcel in box if parcel.id == parcel_id)


def _tell_it_left(session: Session, box: Sequence[Parcel], tracking: str, now: datetime) -> None:
    """One message for one box, to the buyer whose parcels are in it."""
    order = box[0].order
    said = Text(
        f"您的包裹交给快递了，单号 {tracking}。到哪里了看：",
        f"Your parcel is with the courier, number {tracking}. Where it is:",
    )
    tell_buyer(session, order, f"left:{tracking}", said, now)


def _note_fee_told(session: Session, lead: Parcel, now: datetime) -> None:
    """Some couriers say with the number what it costs: that is the bill, until a later one says otherwise."""
    waybill = waybill_queries.issued_of(session, lead.id)
    if waybill is not None and waybill.fee_fen is not None:
        fees.note_bill(session, lead, waybill.fee_fen, source=waybill.provider, now=now, by=SYSTEM)


def lock_goods(session: Session, parcels: Sequence[Parcel]) -> None:
    """The goods of several parcels, by variant: parcel after parcel two boxes would wait for each other in a ring."""
    goods = {variant for parcel in parcels for variant in packing_queries.quantities_of(session, parcel.id)}
    stock.lock_levels(session, goods)


def _ship(session: Session, parcel: Parcel, *, now: datetime, by: Actor) -> None:
    """A parcel of a locked order has left: so has its stock, and with the last one the order is shipped."""
    goods = packing_queries.quantities_of(session, parcel.id)
    orders.ship_lines(session, parcel.order, goods, source=f"parcel:{parcel.id}", at=now, by=by)
    if packing_queries.all_handed_over(session, parcel.order_id):
        orders.mark_shipped(session, parcel.order, at=now, by=by)


def note_journey(
    session: Session,
    parcel_id: int,
    number: str,
    answer: Journey | CourierRefuses,
    stuck_after: timedelta,
    now: datetime,
) -> None:
    """What a courier tells of a box is written down; with its last parcel at the door an order is delivered."""
    box = boxes.lock_box(session, parcel_id)
    if isinstance(answer, CourierRefuses):
        tracking.note_refused(session, box[0], number, answer, now=now, stuck_after=stuck_after)
    elif tracking.note_journey(session, box[0], number, answer, now=now, stuck_after=stuck_after) == DELIVERED:
        for order in {parcel.order_id: parcel.order for parcel in box}.values():
            if order.state == SHIPPED and tracking_queries.all_delivered(session, order.id):
                orders.mark_delivered(session, order, at=now, by=SYSTEM)


def correct_waybill(
    session: Session, parcel_id: int, *, carrier: str, tracking_number: str, by: Actor, now: datetime
) -> Parcel:
    """The courier or the number of a box that has left is put right, and from now on the right one is followed."""
    box = boxes.lock_box(session, parcel_id)
    parcel = couriers.correct_waybill(session, parcel_id, carrier=carrier, tracking=tracking_number, now=now, by=by)
    tracking.follow_other_number(session, box[0], now)
    return parcel


def order_progress(session: Session, order: Order) -> dict[str, Any]:
    """What the buyer may see of packing, tracking and refunds."""
    parcels = packing_queries.parcels_for_buyer(session, order.id)
    ways = tracking_queries.ways_for_buyer(session, order.id)
    return {
        "parcels": [
            {**parcel, "carrier_name": carrier_name(parcel["carrier"]), "way": ways.get(str(parcel["number"]))}
            for parcel in parcels
        ],
        "refunds": payment_queries.refunds_for_buyer(session, order.id),
    }


def choose_courier(session: Session, parcel_id: int, carrier: str, *, reason: str, by: Actor, now: datetime) -> None:
    """The lead takes another courier for the box that a parcel goes in."""
    box = boxes.lock_box(session, parcel_id)
    fees.choose_otherwise(session, box[0], carrier, reason=reason, terms=terms.sending_terms, now=now, by=by)


def advise_courier(session: Session, lead: Parcel, *, now: datetime) -> Advice:
    """What each courier asks for a box, by the parcel that leads it, and in how many days it would be there."""
    (advice,) = fees.advise(session, [lead], terms=terms.sending_terms, now=now)
    return advice


def weigh_box(session: Session, parcel_id: int, weight_g: int, *, reason: str, by: Actor, now: datetime) -> Weighed:
    """The box that a parcel goes in is on the scale; its courier stays, its fee follows the scale when it leaves."""
    box = boxes.lock_box(session, parcel_id)
    return weighing.weigh_box(session, box, weight_g, reason=reason, terms=terms.sending_terms, now=now, by=by)


def combine_parcels(session: Session, parcel_ids: Sequence[int], *, by: Actor, now: datetime) -> Parcel:
    """Parcels of one buyer go in one box; its courier is chosen anew for the weight of all. Returns who leads it."""
    lead = boxes.combine(session, parcel_ids, heaviest_g=terms.heaviest_parcel_g, now=now, by=by)
    riders = [parcel_id for parcel_id in parcel_ids if parcel_id != lead.id]
    waybills.drop_of_parcels(session, riders, reason="combined", now=now, by=by)
    fees.choose_couriers(session, [lead], terms=terms.sending_terms, now=now, by=by)
    return lead


def take_box_apart(session: Session, parcel_id: int, *, by: Actor, now: datetime) -> None:
    """Parcels that shared a box go alone again, each with a courier of its own."""
    parcels = boxes.take_apart(session, parcel_id, now=now, by=by)
    fees.choose_couriers(session, parcels, terms=terms.sending_terms, now=now, by=by)


def split_parcel(
    session: Session, parcel_id: int, wanted: Mapping[int, int], *, by: Actor, now: datetime
) -> list[Parcel]:
    """One parcel becomes two; ``wanted`` says how many of each order line go into the second."""
    parts = boxes.split(session, parcel_id, wanted, now=now, by=by)
    waybills.drop_of_parcels(session, [parcel_id], reason="split", now=now, by=by)
    fees.choose_couriers(session, parts, terms=terms.sending_terms, now=now, by=by)
    return parts
