"""Bringing platform orders that may ship to the bench, and taking them off it again. Services never commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound, Refused
from shop.channels import queries, rules
from shop.channels.facts import Receiver
from shop.channels.models import ChannelOrder
from shop.channels.noting import receiver_values
from shop.channels.showing import Goods
from shop.channels.states import (
    ACCEPTED,
    MOVES,
    NO_REFUND,
    PARTLY_REFUNDED,
    REFUNDED,
    STOPPED,
    WAITING,
)
from shop.orders import rules as order_rules
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.service import ChannelFacts, ChannelLine
from shop.orders.states import PAID
from shop.stock.service import OutOfStock


class Floor(Protocol):
    """How the roof puts an order on the bench and takes it off again (app/workflows)."""

    def accept_channel_order(self, session: Session, facts: ChannelFacts, *, now: datetime, by: Actor) -> Order:
        """The order becomes one of ours, with stock held and packing work opened."""

    def call_off_channel_order(
        self, session: Session, order_id: UUID, *, reason: str, now: datetime, by: Actor
    ) -> bool:
        """Its work stops and its stock is free; ``False`` when a parcel has left already."""


def lock_channel_order(session: Session, id_: int) -> ChannelOrder:
    """The platform's order, locked until the transaction ends and read anew."""
    found = lock_row(session, ChannelOrder, id_)
    if found is None:
        raise NotFound("没有这个平台订单。", "There is no such platform order.")
    return found


@dataclass(frozen=True)
class Settled:
    """Where an order stands after a look, and whether that is new."""

    standing: str
    has_moved: bool


def settle(session: Session, id_: int, *, floor: Floor, now: datetime, by: Actor) -> Settled:
    """Let an order go where its facts send it: to the bench, off it, or waiting."""
    known = lock_channel_order(session, id_)
    before = (known.standing, known.reason, known.reason_detail)
    goods = queries.goods_of(session, {item["sku"] for item in known.items})
    if known.standing == ACCEPTED and rules.must_stop(known.status, known.refund):
        _call_off(session, known, floor, now=now, by=by)
    if known.standing != ACCEPTED:
        free = {sku: good.free for sku, good in goods.items()}
        standing, reason = rules.next_standing(queries.known_of(known), free)
        if standing == ACCEPTED:
            _accept(session, known, goods, floor, now=now, by=by)
        else:
            _stand(known, standing, reason)
    _count_refund(session, known)
    session.flush()
    return Settled(known.standing, (known.standing, known.reason, known.reason_detail) != before)


def _stand(known: ChannelOrder, standing: str, reason: rules.Reason | None = None) -> None:
    """The one place where an order's standing changes."""
    if standing != known.standing and standing not in MOVES[known.standing]:
        raise Refused(
            "这个平台订单现在不能这样改。",
            f"A platform order that is {known.standing} cannot become {standing}.",
            code="wrong_state",
        )
    known.standing = standing
    known.reason = reason.code if reason else None
    known.reason_detail = reason.detail if reason else ""


def _accept(
    session: Session,
    known: ChannelOrder,
    goods: Mapping[str, Goods],
    floor: Floor,
    *,
    now: datetime,
    by: Actor,
) -> None:
    facts = queries.known_of(known)
    has_fresh = any(goods[item.sku].is_fresh for item in facts.to_pack)
    notice = rules.notice_of(facts, has_fresh=has_fresh, is_far=order_rules.refuses_fresh(known.province))
    try:
        order = floor.accept_channel_order(
            session, _facts_of(known, facts, goods, notice, has_fresh=has_fresh), now=now, by=by
        )
    except OutOfStock:
        # Somebody else took the last ones between the look and the hold.
        _stand(known, WAITING, rules.Reason("short", ", ".join(sorted({item.sku for item in facts.to_pack}))[:80]))
        return
    known.order_id = order.id
    known.notice = notice
    _stand(known, ACCEPTED)


def _facts_of(
    known: ChannelOrder,
    facts: rules.Known,
    goods: Mapping[str, Goods],
    notice: str | None,
    *,
    has_fresh: bool,
) -> ChannelFacts:
    """What the order is to us: the lines that are still to be packed, in the words of our own catalogue."""
    lines = [
        ChannelLine(
            variant_id=goods[item.sku].variant_id,
            quantity=item.quantity,
            unit_price_fen=item.unit_price_fen,
            sku=item.sku,
            title=goods[item.sku].title,
            spec=goods[item.sku].spec,
        )
        for item in facts.to_pack
    ]
    money = rules.money_of(facts.items, paid_fen=known.paid_fen, freight_fen=known.freight_fen)
    words = [rules.NOTICES[notice].zh if notice else "", known.seller_note, known.buyer_note]
    paid_at = known.paid_at or known.created_at
    return ChannelFacts(
        channel=known.channel,
        channel_number=known.channel_number,
        lines=lines,
        buyer_name=known.buyer_name,
        phone=known.phone,
        phone_ext=known.phone_ext,
        address=order_rules.Address(known.province, known.city, known.district, known.street, known.detail),
        note=" / ".join(filter(None, words)),
        shipping_fen=money.shipping_fen,
        discount_fen=money.discount_fen,
        created_at=known.created_at,
        paid_at=paid_at,
        ship_by=known.ship_by or order_rules.ship_by(paid_at, has_fresh=has_fresh),
    )


def _call_off(session: Session, known: ChannelOrder, floor: Floor, *, now: datetime, by: Actor) -> None:
    assert known.order_id is not None
    reason = f"{known.channel}: {known.status if known.refund == NO_REFUND else known.refund}"
    if floor.call_off_channel_order(session, known.order_id, reason=reason, now=now, by=by):
        _stand(known, STOPPED)
        known.notice = None
    else:
        known.notice = "refund_after_leaving"


def _count_refund(session: Session, known: ChannelOrder) -> None:
    """Money that the platform sent back counts on our order as well, so that reports of net sales are right."""
    if known.order_id is None or known.refund not in (REFUNDED, PARTLY_REFUNDED):
        return
    order = orders.lock_order(session, known.order_id)
    went_back = order.total_fen if known.refund == REFUNDED else min(known.refund_fen or 0, order.total_fen)
    if went_back > order.refunded_fen:
        orders.add_refunded(session, order, went_back - order.refunded_fen)


def renew_receiver(session: Session, id_: int, *, now: datetime, by: Actor) -> None:
    """A buyer's new address reaches an order that is on the bench; one that has left keeps the old."""
    known = lock_channel_order(session, id_)
    if known.standing != ACCEPTED or known.order_id is None or rules.reason_of_receiver(queries.receiver_of(known)):
        return
    order = orders.lock_order(session, known.order_id)
    if order.state != PAID:
        return
    for name in ("buyer_name", "phone", "phone_ext", "province", "city", "district", "street", "detail"):
        setattr(order, name, getattr(known, name))
    record_change(session, actor=by, action="order.address_renewed", subject=f"order:{order.number}", at=now)


def give_receiver(session: Session, id_: int, receiver: Receiver, *, now: datetime, by: Actor) -> ChannelOrder:
    """A person types the receiver of an order whose export keeps it back."""
    known = lock_channel_order(session, id_)
    if known.standing != WAITING:
        raise Refused("这个订单现在不缺地址。", "This order needs no address now.", code="wrong_state")
    for column, value in receiver_values(receiver).items():
        setattr(known, column, value)
    record_change(session, actor=by, action="channel_order.address_given", subject=_subject(known), at=now)
    return known


def approve(session: Session, id_: int, *, now: datetime, by: Actor) -> ChannelOrder:
    """A person says that an order is packed although its export leaves a doubt."""
    known = lock_channel_order(session, id_)
    if known.standing != WAITING or known.reason not in rules.ASK_A_PERSON:
        raise Refused("这个订单不等人决定。", "This order waits for no decision.", code="wrong_state")
    known.approved_at = now
    record_change(
        session,
        actor=by,
        action="channel_order.approved",
        subject=_subject(known),
        at=now,
        after={"reason": known.reason},
    )
    return known


def put_notice_away(session: Session, id_: int, *, now: datetime, by: Actor) -> None:
    """A person has seen the notice; a second tap changes nothing."""
    known = lock_channel_order(session, id_)
    if known.notice is None:
        return
    record_change(
        session,
        actor=by,
        action="channel_order.notice_seen",
        subject=_subject(known),
        at=now,
        before={"notice": known.notice},
    )
    known.notice = None


def _subject(known: ChannelOrder) -> str:
    return f"channel_order:{known.channel}:{known.channel_number}"
