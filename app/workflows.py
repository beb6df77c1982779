"""The one place where shop and fulfillment meet: paid -> parcels and tasks, packed -> shipped, weighed -> stock.

Every function takes the session of the edge's transaction and commits nothing. What happens when an order is
paid can be read here from top to bottom; there are no signals.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from fulfillment.couriers import leaving
from fulfillment.couriers import service as couriers
from fulfillment.couriers.fees import service as fees
from fulfillment.couriers.fees.service import Advice
from fulfillment.couriers.providers import CourierRefuses, Journey
from fulfillment.couriers.rules import carrier_name
from fulfillment.couriers.terms import SendingTerms
from fulfillment.couriers.tracking import queries as tracking_queries
from fulfillment.couriers.tracking import service as tracking
from fulfillment.couriers.waybills import queries as waybill_queries
from fulfillment.couriers.waybills import service as waybills
from fulfillment.couriers.weighing import service as weighing
from fulfillment.couriers.weighing.service import Weighed
from fulfillment.packing import opening_service as opening
from fulfillment.packing import queries as packing_queries
from fulfillment.packing import service as packing
from fulfillment.packing.boxes import service as boxes
from fulfillment.packing.boxes.rules import share_fen
from fulfillment.packing.models import Parcel
from fulfillment.packing.plans.terms import HandOutTerms
from fulfillment.purchasing import queries as purchasing_queries
from fulfillment.purchasing import service as purchasing
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.repacking import queries as repacking_queries
from fulfillment.purchasing.service import WeighIn
from kernel import outbox
from kernel.audit import SYSTEM, Actor, record_change
from kernel.errors import Refused
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.service import ChannelFacts
from shop.orders.states import DELIVERED, HELD, PAID, SHIPPED, TAKES_STOCK
from shop.payments import queries as payment_queries
from shop.payments import refunds
from shop.payments import service as payments
from shop.payments.rules import Decision, SessionFacts
from shop.payments.stripe_gateway import RefundFacts
from shop.stock import service as stock

# Above this a box is split; the setting HEAVIEST_PARCEL_G changes it (app/factory.py, app/worker.py).
heaviest_parcel_g = 10_000
# The workshop's terms of sending, likewise (app/terms.py).
sending_terms = SendingTerms(ZoneInfo("Asia/Shanghai"))
# How much is handed out at once, and what counts how much in the plan; settings change it too.
hand_out_terms = HandOutTerms()


def open_packing(session: Session, order: Order, now: datetime, reason: str = "") -> None:
    """A paid order becomes parcels and packing tasks, each with its courier; called twice it opens nothing twice."""
    parcels = opening.open_parcels(session, order, now, heaviest_g=heaviest_parcel_g, reason=reason)
    has_fresh = orders.has_fresh(session, order)
    fees.choose_for_new(session, parcels, has_fresh=has_fresh, terms=sending_terms, now=now, by=SYSTEM)


def expire_holds(session: Session, now: datetime) -> int:
    """End holds that have run out; each leaves a job that closes its open Checkout page. Returns how many ended."""
    return orders.expire_lapsed(session, now)


def note_worker_alive(session: Session, now: datetime) -> None:
    """The worker's sign of life, which readiness looks at."""
    outbox.note_alive(session, "worker", now)


def cancel_order(session: Session, order_id: UUID, *, by: Actor, reason: str, now: datetime) -> Order:
    """Cancel an order that has not been handed over: a held one at once, a paid one with its money back.

    Raises:
        Refused: a parcel has left already, or the order is in no state that can be cancelled.
    """
    order = orders.lock_order(session, order_id)
    if order.state == HELD:
        orders.cancel_held(session, order, at=now, by=by, reason=reason)
        payments.close_checkout(session, order, now)
    elif order.state == PAID:
        _stop_packing(session, order, reason=reason, now=now, by=by)
        orders.release_paid(session, order, at=now, by=by)
        refunds.refund_everything(session, order, reason=reason, now=now, by=by)
        orders.mark_refunded(session, order, at=now, by=by, reason=reason)
    else:
        raise Refused("这个订单现在不能取消了。", "This order can no longer be cancelled.", code="wrong_state")
    record_change(
        session, actor=by, action="order.cancelled", subject=f"order:{order.number}", at=now, after={"reason": reason}
    )
    return order


def _stop_packing(session: Session, order: Order, *, reason: str, now: datetime, by: Actor) -> None:
    """Nothing of a locked order will be sent; parcels of others that shared a box with it go without it.

    Raises:
        Refused: a parcel has left already.
    """
    staying = boxes.leave_boxes(session, order.id, now=now, by=by)
    packing.stop_tasks_of_order(session, order.id, now=now, by=by, reason=reason)
    waybills.drop_of_order(session, order.id, reason=reason, now=now, by=by)
    fees.choose_couriers(session, staying, terms=sending_terms, now=now, by=SYSTEM)


def hand_over(session: Session, parcel_id: int, *, carrier: str, tracking: str, by: Actor, now: datetime) -> Parcel:
    """The courier takes a box: the stock of all its parcels leaves, and with its last parcel an order is shipped."""
    box = boxes.lock_box(session, parcel_id)
    carrier = leaving.carrier_on_label(session, box, carrier, tracking)
    if couriers.hand_over_box(session, box, carrier=carrier, tracking=tracking, now=now, by=by):
        leaving.note_left(session, box, now=now, by=by)
        fees.note_departure(session, box[0], terms=sending_terms, now=now, by=by)
        _note_fee_told(session, box[0], now)
        _lock_goods(session, box)
        for parcel in box:
            _ship(session, parcel, now=now, by=by)
    return next(parcel for parcel in box if parcel.id == parcel_id)


def _note_fee_told(session: Session, lead: Parcel, now: datetime) -> None:
    """Some couriers say with the number what it costs: that is the bill, until a later one says otherwise."""
    waybill = waybill_queries.issued_of(session, lead.id)
    if waybill is not None and waybill.fee_fen is not None:
        fees.note_bill(session, lead, waybill.fee_fen, source=waybill.provider, now=now, by=SYSTEM)


def _lock_goods(session: Session, parcels: Sequence[Parcel]) -> None:
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


def choose_courier(session: Session, parcel_id: int, carrier: str, *, reason: str, by: Actor, now: datetime) -> None:
    """The lead takes another courier for the box that a parcel goes in."""
    box = boxes.lock_box(session, parcel_id)
    fees.choose_otherwise(session, box[0], carrier, reason=reason, terms=sending_terms, now=now, by=by)


def advise_courier(session: Session, lead: Parcel, *, now: datetime) -> Advice:
    """What each courier asks for a box, by the parcel that leads it, and in how many days it would be there."""
    (advice,) = fees.advise(session, [lead], terms=sending_terms, now=now)
    return advice


def weigh_box(session: Session, parcel_id: int, weight_g: int, *, reason: str, by: Actor, now: datetime) -> Weighed:
    """The box that a parcel goes in is on the scale; its courier stays, its fee follows the scale when it leaves."""
    box = boxes.lock_box(session, parcel_id)
    return weighing.weigh_box(session, box, weight_g, reason=reason, terms=sending_terms, now=now, by=by)


def combine_parcels(session: Session, parcel_ids: Sequence[int], *, by: Actor, now: datetime) -> Parcel:
    """Parcels of one buyer go in one box; its courier is chosen anew for the weight of all. Returns who leads it."""
    lead = boxes.combine(session, parcel_ids, heaviest_g=heaviest_parcel_g, now=now, by=by)
    riders = [parcel_id for parcel_id in parcel_ids if parcel_id != lead.id]
    waybills.drop_of_parcels(session, riders, reason="combined", now=now, by=by)
    fees.choose_couriers(session, [lead], terms=sending_terms, now=now, by=by)
    return lead


def take_box_apart(session: Session, parcel_id: int, *, by: Actor, now: datetime) -> None:
    """Parcels that shared a box go alone again, each with a courier of its own."""
    parcels = boxes.take_apart(session, parcel_id, now=now, by=by)
    fees.choose_couriers(session, parcels, terms=sending_terms, now=now, by=by)


def split_parcel(
    session: Session, parcel_id: int, wanted: Mapping[int, int], *, by: Actor, now: datetime
) -> list[Parcel]:
    """One parcel becomes two; ``wanted`` says how many of each order line go into the second."""
    parts = boxes.split(session, parcel_id, wanted, now=now, by=by)
    waybills.drop_of_parcels(session, [parcel_id], reason="split", now=now, by=by)
    fees.choose_couriers(session, parts, terms=sending_terms, now=now, by=by)
    return parts


def stop_rest(session: Session, order_id: UUID, *, by: Actor, reason: str, now: datetime) -> Order:
    """Some parcels of a paid order have left; the others stop, their goods are free, their share of the money goes back.

    Raises:
        Refused: the order is not waiting for parcels, nothing has left yet, or nothing is left to stop.
    """
    order = orders.lock_order(session, order_id)
    if order.state != PAID or not packing_queries.some_handed_over(session, order.id):
        raise Refused(
            "这个订单还没有交走一部分，请整单停。",
            "Nothing of this order has left; stop all of it.",
            code="wrong_state",
        )
    staying = boxes.leave_boxes(session, order.id, now=now, by=by)
    amounts = _shares(session, order)
    stopped = boxes.stop_what_is_here(session, order.id, amounts, reason=reason, now=now, by=by)
    waybills.drop_of_parcels(session, [parcel.id for parcel in stopped], reason=reason, now=now, by=by)
    _lock_goods(session, stopped)
    for parcel in stopped:
        goods = packing_queries.quantities_of(session, parcel.id)
        orders.release_part(session, goods, source=f"order:{order.id}:parcel:{parcel.id}", at=now, by=by)
    if sum(amounts.values()):
        refunds.request_refund(session, order, sum(amounts.values()), reason=reason, now=now, by=by)
    fees.choose_couriers(session, staying, terms=sending_terms, now=now, by=SYSTEM)
    record_change(
        session,
        actor=by,
        action="order.rest_stopped",
        subject=f"order:{order.number}",
        at=now,
        after={"reason": reason},
    )
    orders.mark_shipped(session, order, at=now, by=by)
    if order.refunded_fen == order.total_fen:
        orders.mark_refunded(session, order, at=now, by=by, reason=reason)
    return order


def _shares(session: Session, order: Order) -> dict[int, int]:
    """What goes back for each parcel that is still here, in fen, by parcel; nothing when the money is another platform's."""
    left = order.total_fen - order.refunded_fen if payment_queries.paid_payment(session, order.id) else 0
    shares = {}
    for parcel_id, value_fen in packing_queries.values_here(session, order.id).items():
        shares[parcel_id] = min(
            left, share_fen(max(0, order.goods_fen - order.discount_fen), order.goods_fen, value_fen)
        )
        left -= shares[parcel_id]
    return shares


def weigh_in(session: Session, facts: WeighIn, *, key: str, today: date, now: datetime, by: Actor) -> Delivery:
    """A farmer's delivery is weighed: priced, written, owed, and in stock, all or nothing."""
    delivery, is_new = purchasing.record_delivery(session, facts, key=key, today=today, now=now, by=by)
    if is_new:
        stock.receive(session, delivery.variant_id, delivery.net_g, source=f"delivery:{delivery.id}", by=by, at=now)
    return delivery


def refund_part(session: Session, order_id: UUID, amount_fen: int, *, reason: str, by: Actor, now: datetime) -> Order:
    """Send part of an order's money back; all of it before the goods have left is a cancellation.

    All of it while some parcels are on their way stops those that are still here.
    """
    order = orders.lock_order(session, order_id)
    left = order.total_fen - order.refunded_fen
    if amount_fen == left and order.state == PAID:
        if not packing_queries.some_handed_over(session, order.id):
            return cancel_order(session, order_id, by=by, reason=reason, now=now)
        stop_rest(session, order_id, by=by, reason=reason, now=now)
        amount_fen = order.total_fen - order.refunded_fen
        if not amount_fen:
            return order
    refunds.request_refund(session, order, amount_fen, reason=reason, now=now, by=by)
    if order.refunded_fen == order.total_fen:
        orders.mark_refunded(session, order, at=now, by=by, reason=reason)
    return order


def accept_channel_order(session: Session, facts: ChannelFacts, *, now: datetime, by: Actor) -> Order:
    """A paid order of another platform joins the packing queue beside the shop's own.

    Raises:
        OutOfStock: not everything is free; nothing is written then.
    """
    order = orders.accept_channel_order(session, facts, now=now, by=by)
    open_packing(session, order, now, facts.channel)
    return order


def call_off_channel_order(session: Session, order_id: UUID, *, reason: str, now: datetime, by: Actor) -> bool:
    """A platform sends the money back: work stops and stock is free. ``False`` when a parcel has left already."""
    order = orders.lock_order(session, order_id)
    if order.state != PAID:
        return order.state not in TAKES_STOCK
    try:
        with session.begin_nested():
            _stop_packing(session, order, reason=reason, now=now, by=by)
    except Refused:
        return False
    orders.release_paid(session, order, at=now, by=by)
    orders.mark_refunded(session, order, at=now, by=by, reason=reason)
    return True


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


def lot_story(session: Session, number: str) -> dict[str, Any] | None:
    """What the trace page tells of a lot: the grower only with consent, weigh-in, market price, premium; or ``None``."""
    lot = purchasing_queries.lot_by_number(session, number)
    if lot is None:
        return None
    delivery, farmer = lot.delivery, lot.delivery.contract.farmer
    return {
        "number": lot.number,
        "product": delivery.contract.product,
        "farmer": farmer.shown_name if farmer.consent_shown else None,
        "village": farmer.village,
        "day": delivery.day,
        "grade": delivery.grade,
        "has_certificate": delivery.has_certificate,
        "certificates": [each.number for each in repacking_queries.certificates_of(session, lot.id)],
        "quote_fen_per_kg": delivery.quote_fen_per_kg,
        "quote_market": delivery.quote_market,
        "quote_day": delivery.quote_day,
        "premium_bps": delivery.premium_bps,
        "promised_fen_per_kg": delivery.promised_fen_per_kg,
    }


def settle_payment(session: Session, payment_id: UUID, facts: SessionFacts, now: datetime) -> Decision:
    """What Stripe says about a payment is applied once; a paid order opens its packing work in the same commit."""
    return payments.apply_facts(session, payment_id, facts, now, lambda order: open_packing(session, order, now))


def settle_refund(session: Session, facts: RefundFacts, now: datetime) -> None:
    """What Stripe says about a refund is applied once; one made at Stripe that leaves nothing paid ends the order too."""
    order = refunds.apply_refund(session, facts, now)
    if order is None or order.refunded_fen < order.total_fen:
        return
    reason = "all money went back at Stripe"
    if order.state == PAID:
        with suppress(Refused), session.begin_nested():
            # Refused: every parcel has left, or somebody else ended it. It stays as it is, for a person to look at.
            if packing_queries.some_handed_over(session, order.id):
                stop_rest(session, order.id, by=SYSTEM, reason=reason, now=now)
            else:
                cancel_order(session, order.id, by=SYSTEM, reason=reason, now=now)
    elif order.state in TAKES_STOCK:
        orders.mark_refunded(session, order, at=now, by=SYSTEM, reason=reason)
