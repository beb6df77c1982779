"""Keeping what exports say of orders: new ones are added, known ones brought up to date, none is ever there twice."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel.text import Text
from shop.channels import queries, rules
from shop.channels.facts import Receiver, SoldOrder
from shop.channels.models import ChannelOrder
from shop.channels.states import ACCEPTED, RESTING, is_older

CREATED, UPDATED, UNCHANGED, OLDER = "created", "updated", "unchanged", "older"
OLDER_WORDS = Text("这份导出比已经知道的旧，没有改动。", "this export is older than what is known; nothing was changed")


@dataclass(frozen=True)
class Noted:
    """What an export changed about one order."""

    id: int
    channel_number: str
    row: int
    what: str
    needs_a_look: bool
    has_moved: bool = False


def values_of(sold: SoldOrder) -> dict[str, Any]:
    """An order's facts as column values."""
    return {
        **{name: getattr(sold, name) for name in _PLAIN_FACTS},
        "items": [asdict(item) for item in sold.items],
        **receiver_values(sold.receiver),
    }


def receiver_values(receiver: Receiver) -> dict[str, Any]:
    """A receiver as column values."""
    return {column: getattr(receiver, name) for name, column in _RECEIVER_COLUMNS.items()}


_PLAIN_FACTS = (
    *("status", "refund", "words", "goods_fen", "discount_fen", "freight_fen", "paid_fen", "refund_fen", "total_fen"),
    *("created_at", "paid_at", "ship_by", "carrier", "tracking", "anchor", "buyer_note", "seller_note"),
)
_RECEIVER_COLUMNS = {"name": "buyer_name"} | {
    name: name
    for name in (
        "phone",
        "phone_ext",
        "province",
        "city",
        "district",
        "street",
        "detail",
        "zip_code",
        "masked",
        "encrypted",
    )
}


def note_orders(
    session: Session, channel: str, sold: Iterable[SoldOrder], *, import_id: int, now: datetime
) -> list[Noted]:
    """Keep what an export says: new orders are added, known ones brought up to date, none is ever there twice.

    Rows are written and locked in the order of their numbers, so that two imports at once wait for each other in line.
    """
    by_number = {order.order_id: order for order in sorted(sold, key=lambda order: order.order_id)}
    if not by_number:
        return []
    fresh = {
        "channel": channel,
        "standing": RESTING,
        "reason_detail": "",
        "first_import_id": import_id,
        "first_seen_at": now,
        "changed_at": now,
    }
    rows = [{**fresh, "channel_number": number, **values_of(order)} for number, order in by_number.items()]
    added = set(
        session.scalars(insert(ChannelOrder).on_conflict_do_nothing().returning(ChannelOrder.channel_number), rows)
    )
    found = session.scalars(
        select(ChannelOrder)
        .where(ChannelOrder.channel == channel, ChannelOrder.channel_number.in_(by_number))
        .order_by(ChannelOrder.channel_number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    noted = [
        _noted(known, by_number[known.channel_number], CREATED)
        if known.channel_number in added
        else _bring_up_to_date(known, by_number[known.channel_number], now)
        for known in found
    ]
    session.flush()
    return sorted(noted, key=lambda one: one.row)


def _bring_up_to_date(known: ChannelOrder, sold: SoldOrder, now: datetime) -> Noted:
    what, changes = changes_to(known, sold)
    if what != UPDATED:
        return _noted(known, sold, what)
    if {"status", "refund"} & changes.keys():
        known.approved_at = None
    has_moved = bool(changes.keys() & set(_RECEIVER_COLUMNS.values()))
    if known.standing == ACCEPTED:
        known.notice = (
            "lines_changed" if "items" in changes else "address_changed" if has_moved else None
        ) or known.notice
    for name, value in changes.items():
        setattr(known, name, value)
    known.changed_at = now
    return _noted(known, sold, UPDATED, has_moved=has_moved)


def _noted(known: ChannelOrder, sold: SoldOrder, what: str, *, has_moved: bool = False) -> Noted:
    needs_a_look = what != OLDER and rules.needs_a_look(known.standing, known.status, known.refund)
    return Noted(known.id, known.channel_number, sold.row, what, needs_a_look, has_moved)


def changes_to(known: ChannelOrder, sold: SoldOrder) -> tuple[str, dict[str, Any]]:
    """Whether an export says something new of a known order, and which columns change."""
    if is_older(sold.status, known.status):
        return OLDER, {}
    values = values_of(replace(sold, receiver=rules.newer_receiver(queries.receiver_of(known), sold.receiver)))
    if values["refund_fen"] is None and values["refund"] == known.refund:
        del values["refund_fen"]
    changes = {name: value for name, value in values.items() if getattr(known, name) != value}
    return (UPDATED if changes else UNCHANGED), changes
