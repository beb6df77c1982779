"""Reading other platforms' orders: what waits, what a person should see, and orders in the form of the exports' facts."""

from collections.abc import Collection, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from shop.catalog.models import Variant
from shop.channels import rules
from shop.channels.facts import Receiver, SoldItem
from shop.channels.models import ChannelOrder, FileImport
from shop.channels.showing import Goods, shown_order
from shop.channels.states import ACCEPTED, NO_REFUND, PART_SHIPPED, RESTING, TO_SHIP, UNKNOWN, WAITING
from shop.stock.models import StockLevel


def goods_of(session: Session, skus: Collection[str]) -> dict[str, Goods]:
    """The variants with these SKUs that are sold by the piece, and how many of each are free."""
    found = session.execute(
        select(Variant, func.coalesce(StockLevel.on_hand - StockLevel.held, 0))
        .outerjoin(StockLevel, StockLevel.variant_id == Variant.id)
        .where(Variant.sku.in_(skus), Variant.unit == "piece")
    )
    return {
        variant.sku: Goods(
            variant_id=variant.id,
            title=variant.product.title_zh,
            spec=variant.spec_zh,
            net_g=variant.net_g,
            is_fresh=variant.product.is_fresh,
            free=free,
        )
        for variant, free in found
    }


def receiver_of(known: ChannelOrder) -> Receiver:
    """The receiver as kept."""
    return Receiver(
        name=known.buyer_name,
        phone=known.phone,
        phone_ext=known.phone_ext,
        province=known.province,
        city=known.city,
        district=known.district,
        street=known.street,
        detail=known.detail,
        zip_code=known.zip_code,
        masked=known.masked,
        encrypted=known.encrypted,
    )


def known_of(known: ChannelOrder) -> rules.Known:
    """What the rules decide by."""
    return rules.Known(
        status=known.status,
        refund=known.refund,
        words=known.words,
        items=[SoldItem(**item) for item in known.items],
        receiver=receiver_of(known),
        standing=known.standing,
        was_called_off=known.order_id is not None,
        is_approved=known.approved_at is not None,
    )


def known_by_number(session: Session, channel: str, numbers: Collection[str]) -> dict[str, ChannelOrder]:
    """Orders of a platform that are known already."""
    found = session.scalars(
        select(ChannelOrder).where(ChannelOrder.channel == channel, ChannelOrder.channel_number.in_(numbers))
    )
    return {known.channel_number: known for known in found}


def unsettled_ids(session: Session) -> list[int]:
    """Every order that may have to move, oldest first: the waiting ones, and any that an import was cut off from."""
    may_ship = ChannelOrder.status.in_((TO_SHIP, PART_SHIPPED, UNKNOWN))
    found = session.execute(
        select(ChannelOrder.id, ChannelOrder.standing, ChannelOrder.status, ChannelOrder.refund)
        .where(
            (ChannelOrder.standing == WAITING)
            | ((ChannelOrder.standing == RESTING) & may_ship)
            | ((ChannelOrder.standing == ACCEPTED) & ChannelOrder.notice.is_(None) & (ChannelOrder.refund != NO_REFUND))
        )
        .order_by(ChannelOrder.created_at, ChannelOrder.id)
    )
    return [row.id for row in found if rules.needs_a_look(row.standing, row.status, row.refund)]


def waiting_orders(session: Session, most: int) -> Sequence[ChannelOrder]:
    """Orders that should be packed and cannot be yet, oldest first."""
    return session.scalars(
        select(ChannelOrder)
        .where(ChannelOrder.standing == WAITING)
        .order_by(ChannelOrder.created_at, ChannelOrder.id)
        .limit(most)
    ).all()


def noticed_orders(session: Session, most: int) -> Sequence[ChannelOrder]:
    """Orders that a person should look at, newest change first, with what they are here."""
    return session.scalars(
        select(ChannelOrder)
        .where(ChannelOrder.notice.is_not(None))
        .options(selectinload(ChannelOrder.order))
        .order_by(ChannelOrder.changed_at.desc(), ChannelOrder.id)
        .limit(most)
    ).all()


def count_waiting(session: Session) -> int:
    """How many orders wait."""
    return session.scalar(select(func.count()).select_from(ChannelOrder).where(ChannelOrder.standing == WAITING)) or 0


def recent_imports(session: Session, most: int) -> Sequence[FileImport]:
    """The newest imports that were carried out."""
    return session.scalars(
        select(FileImport)
        .where(FileImport.state.in_(("done", "queued", "under_way")))
        .order_by(FileImport.at.desc(), FileImport.id.desc())
        .limit(most)
    ).all()


def orders_of(session: Session, channel: str) -> Sequence[ChannelOrder]:
    """A platform's orders, oldest first."""
    return session.scalars(
        select(ChannelOrder)
        .where(ChannelOrder.channel == channel)
        .order_by(ChannelOrder.created_at, ChannelOrder.channel_number)
    ).all()


def shown_orders(session: Session, channel: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    """A platform's orders in the fields of the sample files (``expected_*.json``), oldest first.

    Times are the workshop's. What an export keeps back (a refund's amount, a carrier) is ``null``.
    """
    known = orders_of(session, channel)
    goods = goods_of(session, {item["sku"] for order in known for item in order.items})
    return [shown_order(order, goods, zone) for order in known]
