"""Importing in steps: first everything that the file says is kept, in one commit; then order by order goes to the bench.

The second part holds stock, which buyers of a live stream are waiting for, so each order has a short transaction of its own. If it
is cut off, nothing is lost and nothing is doubled: the same file again, or "try again", goes on from there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from kernel.audit import Actor
from kernel.db import Database
from kernel.text import Text
from shop.channels import queries, rules, service, uploads
from shop.channels.facts import Reading, RefusedRow, SoldOrder
from shop.channels.models import ChannelOrder
from shop.channels.noting import CREATED, OLDER, OLDER_WORDS, UNCHANGED, UPDATED, Noted, changes_to, note_orders
from shop.channels.readers import PLATFORMS, read_orders
from shop.channels.reading import Platform
from shop.channels.service import Floor
from shop.channels.states import ACCEPTED, STOPPED, WAITING


@dataclass(frozen=True)
class Line:
    """What an import does with one order. ``reason`` and ``detail`` say why it waits (rules.REASONS)."""

    order: str
    row: int
    what: str
    standing: str
    status: str
    refund: str
    reason: str | None = None
    detail: str = ""

    @property
    def sentence(self) -> Text:
        """Why it waits, in words; empty when it does not."""
        return rules.Reason(self.reason, self.detail).sentence if self.reason else Text("", "")


@dataclass(frozen=True)
class Outcome:
    """What an import does, or would do, order by order."""

    lines: tuple[Line, ...]
    refused: tuple[RefusedRow, ...]

    def as_json(self) -> dict[str, Any]:
        """Counts of orders and the refused rows, in the form of interfaces.md."""
        counts = {what: sum(line.what == what for line in self.lines) for what in (CREATED, UPDATED, UNCHANGED)}
        return {
            "read": len(self.lines) + len(self.refused),
            **counts,
            "waiting": sum(line.standing == WAITING for line in self.lines),
            "refused": [
                {"row": refused.row, "order": refused.order, "reason": refused.sentence.en} for refused in self.refused
            ],
        }

    def as_kept(self) -> dict[str, Any]:
        """All of it, for the page of the import."""
        return {
            **self.as_json(),
            "refused": [
                {"row": x.row, "order": x.order, "zh": x.sentence.zh, "en": x.sentence.en} for x in self.refused
            ],
            "lines": [[x.order, x.row, x.what, x.standing, x.status, x.refund, x.reason, x.detail] for x in self.lines],
        }


@dataclass
class _Shelf:
    """Free stock while an import is only looked at: what one order would take is not there for the next."""

    free: dict[str, int] = field(default_factory=dict)

    def take(self, known: rules.Known) -> None:
        for item in known.to_pack:
            self.free[item.sku] -= item.quantity


def look(session: Session, platform: Platform, reading: Reading) -> Outcome:
    """What importing this would do, without writing or locking anything."""
    known = queries.known_by_number(session, platform.name, [order.order_id for order in reading.orders])
    goods = queries.goods_of(session, {item.sku for order in reading.orders for item in order.items})
    shelf = _Shelf({sku: good.free for sku, good in goods.items()})
    lines: list[Line] = []
    older: list[Line] = []
    for sold in reading.orders:
        line = _foreseen(sold, known.get(sold.order_id), shelf)
        (older if line.what == OLDER else lines).append(line)
    return _outcome(lines, older, reading.refused)


def _foreseen(sold: SoldOrder, known: ChannelOrder | None, shelf: _Shelf) -> Line:
    what, changes = changes_to(known, sold) if known else (CREATED, {})
    before = (
        queries.known_of(known)
        if known
        else rules.Known(sold.status, sold.refund, sold.words, sold.items, sold.receiver)
    )
    if what == OLDER:
        return Line(sold.order_id, sold.row, OLDER, before.standing, sold.status, sold.refund)
    after = replace(
        before,
        status=sold.status,
        refund=sold.refund,
        words=sold.words,
        items=sold.items,
        receiver=rules.newer_receiver(before.receiver, sold.receiver),
        is_approved=before.is_approved and not {"status", "refund"} & changes.keys(),
    )
    standing, reason = rules.next_standing(after, shelf.free)
    if standing == STOPPED and before.standing == ACCEPTED:
        standing, reason = rules.next_standing(replace(after, standing=STOPPED), shelf.free)
    if standing == ACCEPTED and before.standing != ACCEPTED:
        shelf.take(after)
    if what == UNCHANGED and standing != before.standing:
        what = UPDATED
    why = (reason.code, reason.detail) if reason else ()
    return Line(sold.order_id, sold.row, what, standing, sold.status, sold.refund, *why)


def _outcome(lines: Iterable[Line], older: Iterable[Line], refused: Iterable[RefusedRow]) -> Outcome:
    late = [RefusedRow(line.row, line.order, "", OLDER_WORDS) for line in older]
    return Outcome(tuple(lines), tuple(sorted([*refused, *late], key=lambda row: row.row)))


def bring_in(
    database: Database, platform: Platform, reading: Reading, *, import_id: int, floor: Floor, now: datetime, by: Actor
) -> Outcome:
    """Import what was read and note the outcome."""
    with database.transaction() as session:
        noted = note_orders(session, platform.name, reading.orders, import_id=import_id, now=now)
    moved = set()
    for one in noted:
        if one.needs_a_look or one.has_moved:
            with database.transaction() as session:
                if service.settle(session, one.id, floor=floor, now=now, by=by).has_moved:
                    moved.add(one.id)
                if one.has_moved:
                    service.renew_receiver(session, one.id, now=now, by=by)
    with database.transaction() as session:
        known = queries.known_by_number(session, platform.name, [one.channel_number for one in noted])
        outcome = _outcome(
            [_line(one, known[one.channel_number], moved) for one in noted if one.what != OLDER],
            [_line(one, known[one.channel_number], moved) for one in noted if one.what == OLDER],
            reading.refused,
        )
        uploads.finish(session, import_id, outcome.as_kept(), reading.unknown_columns, now=now, by=by)
    return outcome


def _line(one: Noted, known: ChannelOrder, moved: set[int]) -> Line:
    what = UPDATED if one.what == UNCHANGED and one.id in moved else one.what
    return Line(
        one.channel_number,
        one.row,
        what,
        known.standing,
        known.status,
        known.refund,
        known.reason,
        known.reason_detail,
    )


def import_kept(database: Database, import_id: int, *, zone: ZoneInfo, floor: Floor, now: datetime, by: Actor) -> None:
    """Import a file that was looked at; a second tap finds it taken and changes nothing."""
    with database.transaction() as session:
        kept = uploads.claim(session, import_id)
    if kept is None or kept.content is None:
        return
    platform = PLATFORMS[kept.channel]
    reading = read_orders(platform, kept.content, zone, kept.detail)
    bring_in(database, platform, reading, import_id=import_id, floor=floor, now=now, by=by)


def try_again(database: Database, *, floor: Floor, now: datetime, by: Actor) -> tuple[int, int]:
    """Look at every order that waits once more; returns how many went to the bench and how many still wait."""
    with database.transaction() as session:
        ids = queries.unsettled_ids(session)
    accepted = 0
    for id_ in ids:
        with database.transaction() as session:
            settled = service.settle(session, id_, floor=floor, now=now, by=by)
            accepted += settled.has_moved and settled.standing == ACCEPTED
    with database.transaction() as session:
        return accepted, queries.count_waiting(session)


def forget_upload(database: Database, _: object, payload: dict[str, Any], __: datetime) -> None:
    """Job: the bytes of a file that was only looked at go after an hour."""
    with database.transaction() as session:
        uploads.leave(session, payload["import"])
