"""Called off, whole or in part: work stops, stock is free, money goes back."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.workflows import sending, terms
from fulfillment.couriers.fees import service as fees
from fulfillment.couriers.waybills import service as waybills
from fulfillment.packing import queries as packing_queries
from fulfillment.packing import service as packing
from fulfillment.packing.boxes import service as boxes
from fulfillment.packing.boxes.rules import share_fen
from kernel.audit import SYSTEM, Actor, record_change
from kernel.errors import Refused
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.states import HELD, PAID, TAKES_STOCK
from shop.payments import queries as payment_queries
from shop.payments import refunds
from shop.payments import service as payments
from shop.payments.stripe_gateway import RefundFacts


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
    fees.choose_couriers(session, staying, terms=terms.sending_terms, now=now, by=SYSTEM)


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
    sending.lock_goods(session, stopped)
    for parcel in stopped:
        goods = packing_queries.quantities_of(session, parcel.id)
        orders.release_part(session, goods, source=f"order:{order.id}:parcel:{parcel.id}", at=now, by=by)
    if sum(amounts.values()):
        refunds.request_refund(session, order, sum(amounts.values()), reason=reason, now=now, by=by)
    fees.choose_couriers(session, staying, terms=terms.sending_terms, now=now, by=SYSTEM)
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
