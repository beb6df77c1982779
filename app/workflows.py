"""The one place where shop and fulfillment meet: paid -> parcels and tasks, packed -> shipped, weighed -> stock.

Every function takes the session of the edge's transaction and commits nothing. What happens when an order is
paid can be read here from top to bottom; there are no signals.
"""

from contextlib import suppress
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.couriers import service as couriers
from fulfillment.couriers.rules import carrier_name
from fulfillment.packing import queries as packing_queries
from fulfillment.packing import service as packing
from fulfillment.packing.models import Parcel
from fulfillment.purchasing import queries as purchasing_queries
from fulfillment.purchasing import service as purchasing
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.service import WeighIn
from kernel import outbox
from kernel.audit import SYSTEM, Actor, record_change
from kernel.errors import NotFound, Refused
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.service import ChannelFacts
from shop.orders.states import HELD, PAID, TAKES_STOCK
from shop.payments import queries as payment_queries
from shop.payments import refunds
from shop.payments import service as payments
from shop.payments.rules import Decision, SessionFacts
from shop.payments.stripe_gateway import RefundFacts
from shop.stock import service as stock

# Above this a box is split; the setting HEAVIEST_PARCEL_G changes it (app/factory.py, app/worker.py).
heaviest_parcel_g = 10_000


def open_packing(session: Session, order: Order, now: datetime, reason: str = "") -> None:
    """A paid order becomes parcels and packing tasks; called twice it opens nothing twice."""
    packing.open_parcels(session, order, now, heaviest_g=heaviest_parcel_g, reason=reason)


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
        packing.stop_tasks_of_order(session, order.id, now=now, by=by, reason=reason)
        orders.release_paid(session, order, at=now, by=by)
        refunds.refund_everything(session, order, reason=reason, now=now, by=by)
        orders.mark_refunded(session, order, at=now, by=by, reason=reason)
    else:
        raise Refused("这个订单现在不能取消了。", "This order can no longer be cancelled.", code="wrong_state")
    record_change(
        session, actor=by, action="order.cancelled", subject=f"order:{order.number}", at=now, after={"reason": reason}
    )
    return order


def hand_over(session: Session, parcel_id: int, *, carrier: str, tracking: str, by: Actor, now: datetime) -> Parcel:
    """The courier takes a parcel: its stock leaves, and with the last one the order is shipped."""
    order_id = session.scalar(select(Parcel.order_id).where(Parcel.id == parcel_id))
    if order_id is None:
        raise NotFound("没有这个包裹。", "There is no such parcel.")
    order = orders.lock_order(session, order_id)
    parcel, is_new = couriers.hand_over_parcel(session, parcel_id, carrier=carrier, tracking=tracking, now=now, by=by)
    if is_new:
        goods = packing_queries.quantities_of(session, parcel.id)
        orders.ship_lines(session, order, goods, source=f"parcel:{parcel.id}", at=now, by=by)
        if packing_queries.all_handed_over(session, order.id):
            orders.mark_shipped(session, order, at=now, by=by)
    return parcel


def weigh_in(session: Session, facts: WeighIn, *, key: str, today: date, now: datetime, by: Actor) -> Delivery:
    """A farmer's delivery is weighed: priced, written, owed, and in stock, all or nothing."""
    delivery, is_new = purchasing.record_delivery(session, facts, key=key, today=today, now=now, by=by)
    if is_new:
        stock.receive(session, delivery.variant_id, delivery.net_g, source=f"delivery:{delivery.id}", by=by, at=now)
    return delivery


def refund_part(session: Session, order_id: UUID, amount_fen: int, *, reason: str, by: Actor, now: datetime) -> Order:
    """Send part of an order's money back; all of it before the goods have left is a cancellation."""
    order = orders.lock_order(session, order_id)
    left = order.total_fen - order.refunded_fen
    if amount_fen == left and order.state == PAID:
        return cancel_order(session, order_id, by=by, reason=reason, now=now)
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
            packing.stop_tasks_of_order(session, order.id, now=now, by=by, reason=reason)
    except Refused:
        return False
    orders.release_paid(session, order, at=now, by=by)
    orders.mark_refunded(session, order, at=now, by=by, reason=reason)
    return True


def order_progress(session: Session, order: Order) -> dict[str, Any]:
    """What the buyer may see of packing, tracking and refunds."""
    parcels = packing_queries.parcels_for_buyer(session, order.id)
    return {
        "parcels": [{**parcel, "carrier_name": carrier_name(parcel["carrier"])} for parcel in parcels],
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
            # Refused: a parcel has left already. The order stays as it is, for a person to look at.
            cancel_order(session, order.id, by=SYSTEM, reason=reason, now=now)
    elif order.state in TAKES_STOCK:
        orders.mark_refunded(session, order, at=now, by=SYSTEM, reason=reason)
