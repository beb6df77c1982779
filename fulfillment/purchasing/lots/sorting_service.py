"""A lot sorted into grades: one lot in, a lot for each grade out, and what fell off."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from fulfillment.purchasing.lots import queries, refusals, rules
from fulfillment.purchasing.lots.making_service import new_lot, refuse_parts
from fulfillment.purchasing.lots.models import LotPart, Sorting
from fulfillment.purchasing.lots.service import flush_lots, move_stock
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.service import KeyReused
from kernel.audit import Actor, record_change
from shop.stock import service as stock


@dataclass(frozen=True)
class Sorted:
    """What was taken to be sorted and what each grade weighs, in grams; ``reason`` is why the rest fell off."""

    taken_g: int
    grades: Mapping[str, int]
    reason: str = ""

    @property
    def loss_g(self) -> int:
        """What fell off."""
        return self.taken_g - sum(self.grades.values())


def sort_lot(
    session: Session, lot_id: int, wish: Sorted, *, key: str, today: date, now: datetime, by: Actor
) -> tuple[Sorting, bool]:
    """Sort grams of a lot into lots of their own, good as long as it is; the same key again changes nothing.

    Raises:
        Refused: fewer grams than that are left, more came out than went in, something fell off and nobody says why, fewer
            than two grades, a blocked or expired lot.
    """
    lots = queries.lock_lots(session, [lot_id])
    if not lots:
        raise refusals.no_such_lot()
    known = queries.sorting_by_key(session, key)
    if known is not None:
        _refuse_other(session, known, lot_id, wish)
        return known, False
    refuse_parts(session, lots, {lot_id: wish.taken_g}, today)
    _refuse_grades(wish)
    return _write(session, lots[lot_id], wish, key, today, now, by), True


def _refuse_other(session: Session, known: Sorting, lot_id: int, wish: Sorted) -> None:
    grades = {lot.grade: lot.received_g for lot in queries.lots_sorted(session, known.id)}
    if (known.lot_id, known.taken_g, grades) != (lot_id, wish.taken_g, dict(wish.grades)):
        raise KeyReused


def _refuse_grades(wish: Sorted) -> None:
    if len(wish.grades) < 2:
        raise refusals.marked(
            "grade-2",
            "至少写两个等级。只拣出坏的，请用“记损耗”。",
            "Two grades at least. For bad ones only, use “Waste”.",
        )
    if min(wish.grades.values()) <= 0:
        raise refusals.marked("grade-1", "重量要大于零。", "The weight must be above zero.")
    came_kg, taken_kg = sum(wish.grades.values()) / 1000, wish.taken_g / 1000
    if wish.loss_g < 0:
        raise refusals.marked(
            "grams",
            f"各级加起来 {came_kg:g} 公斤，比分的 {taken_kg:g} 公斤还多。请再称一次。",
            f"The grades add up to {came_kg:g} kg, more than the {taken_kg:g} kg that were sorted. Weigh again.",
        )
    if wish.loss_g and not wish.reason:
        raise refusals.marked(
            "reason",
            f"少了 {wish.loss_g / 1000:g} 公斤。请写为什么；没有少就改重量。",
            f"{wish.loss_g / 1000:g} kg are missing. Say why, or put the weights right.",
        )


def _write(session: Session, lot: Lot, wish: Sorted, key: str, today: date, now: datetime, by: Actor) -> Sorting:
    facts = {"taken_g": wish.taken_g, "loss_g": wish.loss_g, "reason": wish.reason if wish.loss_g else ""}
    sorting = Sorting(key=key, lot_id=lot.id, **facts, at=now, by=by.name)
    session.add(sorting)
    session.flush()
    shares = rules.share_loss(wish.loss_g, list(wish.grades.values()))
    for (grade, grams), loss_g in zip(wish.grades.items(), shares, strict=True):
        made = new_lot(session, "sorted", None, today)
        made.variant_id, made.grade, made.best_before = lot.variant_id, grade, lot.best_before
        made.received_g, made.loss_g = grams, loss_g
        session.add(made)
        session.flush()
        part = {"child_lot_id": made.id, "parent_lot_id": lot.id, "grams": grams + loss_g}
        session.add(LotPart(**part, sorting_id=sorting.id))
        move_stock(session, [(lot.variant_id, stock.consume, loss_g)], f"lot:{made.id}", now, by)
    flush_lots(session, {lot.id: lot})
    after = {**facts, "grades": dict(wish.grades)}
    record_change(session, actor=by, action="lot.sorted", subject=f"lot:{lot.id}", at=now, after=after)
    return sorting
