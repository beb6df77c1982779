"""Lots made from lots: several mixed into one, fresh goods dried."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.purchasing.lots import queries, refusals, rules
from fulfillment.purchasing.lots.models import DryingRatio, LotPart
from fulfillment.purchasing.lots.service import flush_lots, move_stock
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.service import KeyReused
from kernel.audit import Actor, record_change
from kernel.errors import Refused
from kernel.text import Text
from shop.catalog.models import Variant
from shop.stock import service as stock

_LETTERS = {"mixed": "M", "dried": "D", "sorted": "S"}


@dataclass(frozen=True)
class Dried:
    """What came out of drying, in grams; ``is_sure``: weighed again although it is far from what is usual."""

    to_variant_id: int
    dry_g: int
    grade: str
    is_sure: bool = False


def mix_lots(
    session: Session, parts: Mapping[int, int], *, grade: str, key: str, today: date, now: datetime, by: Actor
) -> tuple[Lot, bool]:
    """Mix grams of several lots of the same raw goods into a new lot, good as long as its oldest part.

    The same key again changes nothing.

    Raises:
        Refused: different goods, fewer grams than that, a blocked or expired lot.
    """
    lots, known = _begin(session, parts, key, "mixed")
    if known is not None:
        return known, False
    if len(lots) < 2:
        raise refusals.marked("parts", "混装至少要两批。", "Mixing takes two lots at least.")
    if len({lot.variant_id for lot in lots.values()}) > 1:
        raise Refused("不同的货不能混成一批。", "Different goods cannot be mixed into one lot.", code="other_product")
    refuse_parts(session, lots, parts, today)
    made = new_lot(session, "mixed", key, today)
    made.variant_id = next(iter(lots.values())).variant_id
    made.received_g, made.grade = sum(parts.values()), grade
    made.best_before = rules.ends(lot.best_before for lot in lots.values())
    _write(session, made, lots, parts, now, by)
    return made, True


def dry_lots(
    session: Session, parts: Mapping[int, int], dried: Dried, *, key: str, today: date, now: datetime, by: Actor
) -> tuple[Lot, bool]:
    """Dry grams of lots to other raw goods: weighed before and after, the difference is loss.

    Goods of another product are new ones with their own shelf life; the same goods, dried on, keep theirs.

    Raises:
        Refused: more came out than went in, fewer grams than that, a blocked or expired lot, or (``odd_ratio``) far from
            what is usual and nobody is sure.
    """
    lots, known = _begin(session, parts, key, "dried")
    if known is not None:
        return known, False
    goal = session.get(Variant, dried.to_variant_id)
    if goal is None or goal.unit != "gram" or goal.product.form != "dry":
        raise refusals.marked("to", "请选晒成什么。", "Choose what it was dried to.")
    sources = {lot.variant_id for lot in lots.values()}
    if len(sources) > 1:
        raise Refused("不同的货要分开晒。", "Different goods are dried apart.", code="other_product")
    refuse_parts(session, lots, parts, today)
    source_id = sources.pop()
    fresh_g = sum(parts.values())
    _refuse_weight(session, source_id, fresh_g, dried)
    made = new_lot(session, "dried", key, today)
    made.variant_id, made.received_g, made.loss_g = goal.id, dried.dry_g, fresh_g - dried.dry_g
    made.grade = dried.grade
    kept = [lot.best_before for lot in lots.values() if lot.variant.product_id == goal.product_id]
    made.best_before = rules.ends(kept) if kept else rules.good_until(today, goal.product.shelf_life_days)
    _write(session, made, lots, parts, now, by)
    if source_id == goal.id:
        move_stock(session, [(goal.id, stock.consume, made.loss_g)], f"lot:{made.id}", now, by)
    else:
        moves = [(source_id, stock.consume, fresh_g), (goal.id, stock.receive, dried.dry_g)]
        move_stock(session, moves, f"lot:{made.id}", now, by)
    return made, True


def set_ratio(
    session: Session, from_variant_id: int, to_variant_id: int, ratio: rules.Ratio, *, now: datetime, by: Actor
) -> None:
    """From now on, this is what usually is left when these goods are dried to those."""
    after = {"low_bps": ratio.low_bps, "high_bps": ratio.high_bps}
    # Two who set it at once: the later one stands, and neither is turned away.
    session.scalars(
        insert(DryingRatio)
        .values(from_variant_id=from_variant_id, to_variant_id=to_variant_id, **after)
        .on_conflict_do_update(index_elements=[DryingRatio.from_variant_id, DryingRatio.to_variant_id], set_=after)
        .returning(DryingRatio),
        execution_options={"populate_existing": True},
    ).one()
    subject = f"drying:{from_variant_id}-{to_variant_id}"
    record_change(session, actor=by, action="drying.ratio_set", subject=subject, at=now, after=after)
    session.flush()


def _begin(session: Session, parts: Mapping[int, int], key: str, kind: str) -> tuple[dict[int, Lot], Lot | None]:
    """The locked lots, and the lot that the key has made already."""
    lots = queries.lock_lots(session, parts)
    if not lots or len(lots) != len(parts):
        raise refusals.no_such_lot()
    known = queries.lot_by_key(session, key)
    if known is not None and (known.kind != kind or queries.parts_of_lot(session, known.id) != dict(parts)):
        raise KeyReused
    return lots, known


def refuse_parts(session: Session, lots: Mapping[int, Lot], parts: Mapping[int, int], today: date) -> None:
    """Refuse what is blocked, past its day, nothing, or more than is there.

    Raises:
        Refused: with what to do instead.
    """
    refusals.refuse_blocked(queries.blocked_above(session, lots))
    refusals.refuse_expired(lots, today)
    if min(parts.values()) <= 0:
        raise refusals.marked("grams", "重量要大于零。", "The weight must be above zero.")
    refusals.refuse_too_much(lots, parts)


def _refuse_weight(session: Session, source_id: int, fresh_g: int, dried: Dried) -> None:
    if not 0 < dried.dry_g <= fresh_g:
        raise refusals.marked(
            "dry",
            "晒干以后不会比原来重，也不会没有。请再称一次。",
            "Drying adds no weight and leaves some. Weigh again.",
        )
    ratio = queries.ratio_of(session, source_id, dried.to_variant_id)
    if ratio and not dried.is_sure and rules.is_odd_ratio(fresh_g, dried.dry_g, ratio):
        share, low, high = (
            f"{bps / 100:g} %" for bps in (dried.dry_g * 10_000 / fresh_g, ratio.low_bps, ratio.high_bps)
        )
        said = Text(
            f"晒后剩 {share}，平常是 {low} 到 {high}。请再称一次；没错就勾上“称过两次”。",
            f"{share} is left; usual are {low} to {high}. Weigh again; if it is right, tick “weighed twice”.",
        )
        raise Refused(said.zh, said.en, code="odd_ratio", fields={"dry": said})


def new_lot(session: Session, kind: str, key: str | None, today: date) -> Lot:
    """A lot made today, numbered by its kind."""
    lot_id = queries.next_lot_id(session)
    return Lot(id=lot_id, key=key, kind=kind, number=f"{_LETTERS[kind]}{today:%y%m%d}-{lot_id:04d}", day=today)


def _write(
    session: Session, made: Lot, lots: Mapping[int, Lot], parts: Mapping[int, int], now: datetime, by: Actor
) -> None:
    session.add(made)
    session.flush()
    session.add_all(
        LotPart(child_lot_id=made.id, parent_lot_id=lot_id, grams=grams) for lot_id, grams in sorted(parts.items())
    )
    flush_lots(session, lots)
    after = {"parts": {lots[lot_id].number: grams for lot_id, grams in parts.items()}, "loss_g": made.loss_g}
    record_change(session, actor=by, action=f"lot.{made.kind}", subject=f"lot:{made.id}", at=now, after=after)
