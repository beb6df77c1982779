"""Lots: mixed, dried, bagged, wasted, counted, blocked, taken back; no gram appears, and none is used twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.care import invariants
from app.care.lot_invariants import LOTS
from fulfillment.bags.models import BagStock
from fulfillment.purchasing.lots import changes_service as changes
from fulfillment.purchasing.lots import making_service as making
from fulfillment.purchasing.lots import queries, rules, service
from fulfillment.purchasing.lots.changes_service import Counted
from fulfillment.purchasing.lots.making_service import Dried
from fulfillment.purchasing.lots.models import LotChange
from fulfillment.purchasing.lots.service import BagWish
from fulfillment.purchasing.lots.sorting_service import Sorted, sort_lot
from fulfillment.purchasing.lots.undo_service import take_back_bagging, take_back_lot
from fulfillment.purchasing.models import Bagging, Lot
from kernel.errors import Problem
from shop.catalog.models import Variant
from tests.purchasing.world import (
    TODAY,
    WEIGHER,
    grams_in_ledger,
    grams_on_hand,
    make_contract,
    make_goods,
    make_quote,
    weigh_in,
    weighed,
)
from tests.world import NOW

WHEN = {"now": NOW, "by": WEIGHER}
DAY = {"today": TODAY, **WHEN}


def make_lots(session: Session, *loads: int) -> tuple[list[Lot], Variant]:
    """Lots of these grams, brought a day apart, the oldest first; and the bag of 250 g they can be filled into."""
    bag, raw = make_goods(session)
    contract = make_contract(session, raw=raw)
    days = [TODAY - timedelta(days=back) for back in reversed(range(len(loads)))]
    for day in days:
        make_quote(session, contract, day=day)
    facts = [weighed(contract, gross_g=load + 1_200, day=day) for load, day in zip(loads, days, strict=True)]
    return [weigh_in(session, each).lot for each in facts], bag


def mix(session: Session, parts: dict[int, int], key: str = "a-mixing") -> Lot:
    return making.mix_lots(session, parts, grade="一级", key=key, **DAY)[0]


def refusal(deed: Callable[[], object]) -> str:
    with pytest.raises(Problem) as refused:
        deed()
    return refused.value.code


# ---- mixing and drying ----


def test_a_mixed_lot_is_good_as_long_as_its_oldest_part(session: Session) -> None:
    (old, new), _ = make_lots(session, 10_000, 20_000)
    assert old.best_before < new.best_before
    made = mix(session, {old.id: 10_000, new.id: 5_000})
    assert (made.received_g, made.best_before, made.kind) == (15_000, old.best_before, "mixed")
    assert (old.used_g, new.used_g) == (10_000, 5_000)
    assert grams_on_hand(session, made.variant_id) == 30_000
    assert made.number == f"M261124-{made.id:04d}"
    assert mix(session, {old.id: 10_000, new.id: 5_000}).id == made.id
    assert refusal(lambda: mix(session, {old.id: 1, new.id: 5_000})) == "idempotency_key_reused"


def test_mixing_takes_two_lots_of_the_same_goods_and_no_more_than_they_hold(session: Session) -> None:
    (old, new), _ = make_lots(session, 10_000, 20_000)
    (other,), _ = make_lots(session, 10_000)
    assert refusal(lambda: mix(session, {old.id: 10_000}, "one")) == "invalid"
    assert refusal(lambda: mix(session, {old.id: 10_000, other.id: 1}, "strange")) == "other_product"
    assert refusal(lambda: mix(session, {old.id: 10_001, new.id: 1}, "too-much")) == "lot_too_small"
    assert refusal(lambda: mix(session, {old.id: 0, new.id: 1}, "nothing")) == "invalid"


def test_drying_loses_weight_once_and_changes_the_goods(session: Session) -> None:
    (fresh,), _ = make_lots(session, 40_000)
    _, dry = make_goods(session)
    dried = Dried(dry.id, 5_000, "一级")
    making.set_ratio(session, fresh.variant_id, dry.id, rules.Ratio(1_000, 1_500), **WHEN)
    made, is_new = making.dry_lots(session, {fresh.id: 40_000}, dried, key="a-drying", **DAY)
    assert is_new
    assert (made.received_g, made.loss_g, made.variant_id) == (5_000, 35_000, dry.id)
    assert made.best_before == TODAY + timedelta(days=dry.product.shelf_life_days)
    assert (grams_on_hand(session, fresh.variant_id), grams_on_hand(session, dry.id)) == (0, 5_000)
    assert making.dry_lots(session, {fresh.id: 40_000}, dried, key="a-drying", **DAY) == (made, False)


@pytest.mark.parametrize(
    ("dry_g", "is_sure", "code"), [(3_999, False, "odd_ratio"), (6_001, False, "odd_ratio"), (40_001, True, "invalid"), (0, True, "invalid")]
)  # fmt: skip
def test_an_odd_loss_is_asked_about_and_an_impossible_one_refused(
    session: Session, dry_g: int, is_sure: bool, code: str
) -> None:
    (fresh,), _ = make_lots(session, 40_000)
    _, dry = make_goods(session)
    making.set_ratio(session, fresh.variant_id, dry.id, rules.Ratio(1_000, 1_500), **WHEN)

    def dry_them(sure: bool) -> object:
        return making.dry_lots(session, {fresh.id: 40_000}, Dried(dry.id, dry_g, "", sure), key="k", **DAY)

    assert refusal(lambda: dry_them(is_sure)) == code
    if code == "odd_ratio":
        dry_them(True)


# ---- bagging ----


def test_bags_take_the_lot_that_goes_bad_first_and_another_only_with_a_reason(session: Session) -> None:
    (old, new), bag = make_lots(session, 10_100, 20_000)
    found = queries.as_open(queries.open_lots(session, bag.product_id, TODAY))
    assert rules.suggest_parts(15_000, 250, found) == {old.id: 10_000, new.id: 5_000}
    assert rules.suggest_parts(30_000, 250, found) == {old.id: 10_000, new.id: 20_000}
    wish = BagWish(bag.id, 4, {new.id: 1_000})
    assert refusal(lambda: service.bag_lots(session, wish, key="k1", **DAY)) == "out_of_turn"
    service.bag_lots(session, BagWish(bag.id, 4, {new.id: 1_000}, "顾客要新的"), key="k2", **DAY)
    bagging, _ = service.bag_lots(session, BagWish(bag.id, 41, {old.id: 10_100, new.id: 150}), key="k3", **DAY)
    assert session.get_one(BagStock, bagging.id).best_before == old.best_before
    assert bagging.lot_id == old.id
    assert grams_on_hand(session, bag.id) == 45


def test_parts_of_a_bagging_add_up(session: Session) -> None:
    (old, new), bag = make_lots(session, 10_000, 20_000)
    wish = BagWish(bag.id, 4, {old.id: 900, new.id: 99})
    assert refusal(lambda: service.bag_lots(session, wish, key="k", **DAY)) == "invalid"


def test_what_is_past_its_day_is_neither_bagged_nor_mixed(session: Session) -> None:
    (old, new), bag = make_lots(session, 10_000, 20_000)
    late = {"today": old.best_before + timedelta(days=1), **WHEN}
    assert refusal(lambda: service.bag_lot(session, old.id, bag.id, 1, key="k", **late)) == "lot_expired"
    assert refusal(lambda: making.mix_lots(session, {old.id: 1, new.id: 1}, grade="", key="m", **late)) == "lot_expired"
    # What may not be used any more does not stand in the way of what may.
    service.bag_lot(session, new.id, bag.id, 1, key="k", **late)


# ---- waste and counts ----


def test_waste_and_counts_move_the_book_and_the_stock_once(session: Session) -> None:
    (lot,), _ = make_lots(session, 10_000)
    for _ in range(2):
        changes.waste(session, lot.id, 1_000, reason="发霉", key="w", **WHEN)
        changes.count_lot(session, lot.id, Counted(8_900, "盘点"), key="c", **WHEN)
    assert (lot.left_g, grams_on_hand(session, lot.variant_id)) == (8_900, 8_900)
    changes.count_lot(session, lot.id, Counted(9_000, "找到了"), key="c2", **WHEN)
    assert (lot.left_g, grams_on_hand(session, lot.variant_id)) == (9_000, 9_000)
    assert changes.count_lot(session, lot.id, Counted(9_000, "又数"), key="c3", **WHEN) is None


def test_a_large_difference_is_weighed_twice_and_never_more_than_came(session: Session) -> None:
    (lot,), _ = make_lots(session, 10_000)

    def count(counted: Counted) -> object:
        return changes.count_lot(session, lot.id, counted, key="c", **WHEN)

    assert refusal(lambda: count(Counted(9_000, "盘点"))) == "count_again"
    assert refusal(lambda: count(Counted(9_000, "盘点", again_g=9_100))) == "count_again"
    assert refusal(lambda: count(Counted(10_001, "盘点"))) == "more_than_came"
    count(Counted(9_000, "盘点", again_g=9_000))
    assert lot.left_g == 9_000


# ---- blocking ----


def test_nothing_leaves_a_blocked_lot_or_what_was_made_from_it(session: Session) -> None:
    (old, new), bag = make_lots(session, 10_000, 20_000)
    made = mix(session, {old.id: 5_000, new.id: 5_000})
    bagging, _ = service.bag_lot(session, made.id, bag.id, 4, key="before", **DAY)
    service.block_lot(session, old.id, reason="有人说发霉", **WHEN)
    assert session.get_one(BagStock, bagging.id, populate_existing=True).blocked
    for lot in (old, made):
        assert refusal(lambda lot=lot: service.bag_lot(session, lot.id, bag.id, 1, key=f"k{lot.id}", **DAY)) == (  # type: ignore[misc]
            "lot_blocked"
        )
    assert refusal(lambda: mix(session, {made.id: 1, new.id: 1}, "hide")) == "lot_blocked"
    # The database says the same to whoever does not ask.
    forced = {"lot": made.id, "bagging": bagging.id}
    with pytest.raises(IntegrityError, match="lot_is_blocked"), session.begin_nested():
        session.execute(text("INSERT INTO bagging_parts SELECT :bagging, x.parent_lot_id, 1 FROM lot_parts x "
                             "WHERE x.child_lot_id = :lot"), forced)  # fmt: skip
    service.bag_lot(session, new.id, bag.id, 1, key="other", **DAY)
    service.free_lot(session, old.id, reason="看过了，没事", **WHEN)
    assert not session.get_one(BagStock, bagging.id, populate_existing=True).blocked
    service.bag_lot(session, made.id, bag.id, 1, key="after", **DAY)
    assert [line.blocked for line in queries.blocks_of(session, old.id)] == [False, True]


# ---- taking back ----


def test_what_came_from_a_blocked_lot_is_offered_nowhere_and_one_query_says_so(session: Session) -> None:
    (one, two, three, four), bag = make_lots(session, 10_000, 10_000, 10_000, 10_000)
    mixed = mix(session, {one.id: 1_000, two.id: 1_000})
    again = mix(session, {mixed.id: 500, three.id: 500}, "mixed-again")
    service.block_lot(session, one.id, reason="有虫", **WHEN)
    asked: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert [lot.id for lot in queries.open_lots(session, bag.product_id, TODAY)] == [two.id, three.id, four.id]
    assert len(asked) == 2
    assert [lot.id for lot in queries.lots_like(session, four, TODAY)] == [two.id, three.id]
    service.free_lot(session, one.id, reason="看错了", **WHEN)
    assert {mixed.id, again.id} < {lot.id for lot in queries.open_lots(session, bag.product_id, TODAY)}


def test_a_mixing_is_taken_back_while_nothing_left_it(session: Session) -> None:
    (old, new), bag = make_lots(session, 10_000, 20_000)
    first = mix(session, {old.id: 5_000, new.id: 5_000})
    service.bag_lot(session, first.id, bag.id, 1, key="k", **DAY)
    assert refusal(lambda: take_back_lot(session, first.id, reason="写错", **WHEN)) == "lot_in_use"
    assert refusal(lambda: take_back_lot(session, old.id, reason="写错", **WHEN)) == "lot_in_use"
    second = mix(session, {old.id: 1_000, new.id: 5_000}, "again")
    for _ in range(2):
        take_back_lot(session, second.id, reason="写错", **WHEN)
    assert (old.used_g, new.used_g, second.left_g) == (5_000, 5_000, 0)


def test_a_drying_and_a_bagging_are_taken_back_with_their_stock(session: Session) -> None:
    (fresh,), bag = make_lots(session, 40_000)
    _, dry = make_goods(session)
    made, _ = making.dry_lots(session, {fresh.id: 10_000}, Dried(dry.id, 1_200, ""), key="d", **DAY)
    take_back_lot(session, made.id, reason="写错", **WHEN)
    bagging, _ = service.bag_lot(session, fresh.id, bag.id, 8, key="b", **DAY)
    for _ in range(2):
        take_back_bagging(session, bagging.id, reason="写错", **WHEN)
    assert (grams_on_hand(session, fresh.variant_id), grams_on_hand(session, dry.id)) == (40_000, 0)
    assert (fresh.used_g, grams_on_hand(session, bag.id)) == (0, 0)
    assert session.get_one(BagStock, bagging.id, populate_existing=True).left == 0


# ---- the database ----


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lots SET used_g = used_g + 1 WHERE id = {lot}",
        (
            "INSERT INTO lots (number, kind, variant_id, received_g, used_g, day, grade, best_before) "
            "SELECT 'X', 'mixed', variant_id, 1, 0, day, grade, best_before FROM lots WHERE id = {lot}"
        ),
        (
            "INSERT INTO baggings (idempotency_key, lot_id, variant_id, bags, used_g, at, by) "
            "SELECT 'x', {lot}, {bag}, 1, 250, now(), 'x'"
        ),
        "UPDATE lots SET kind = 'mixed' WHERE id = {lot}",
    ],
)
def test_the_database_refuses_grams_from_nowhere(session: Session, statement: str) -> None:
    (lot,), bag = make_lots(session, 10_000)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(statement.format(lot=lot.id, bag=bag.id)))


# ---- random histories ----

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["mix", "dry", "sort", "bag", "waste", "count", "block", "free", "back"]),
        st.integers(0, 5),
        st.integers(0, 5),
        st.integers(1, 9_000),
    ),
    max_size=14,
)


def _make(session: Session, lots: list[Lot], one: Lot, other: Lot, kind: str, grams: int, key: str) -> None:
    if kind == "mix":
        lots.append(mix(session, {one.id: grams, other.id: grams // 2 + 1}, key))
    elif kind == "dry":
        dried = Dried(one.variant_id, max(1, grams * 9 // 10), "", True)
        lots.append(making.dry_lots(session, {one.id: grams}, dried, key=key, **DAY)[0])
    else:
        wish = Sorted(grams, {"甲": grams // 2, "乙": grams // 3}, "碎")
        sorting, _ = sort_lot(session, one.id, wish, key=key, **DAY)
        lots.extend(queries.lots_sorted(session, sorting.id))


def _step(session: Session, lots: list[Lot], bag: Variant, step: tuple[str, int, int, int], key: str) -> None:
    kind, one, two, grams = step
    lot, other = lots[one % len(lots)], lots[two % len(lots)]
    if kind in ("mix", "dry", "sort"):
        _make(session, lots, lot, other, kind, grams, key)
    elif kind == "bag":
        service.bag_lot(session, lot.id, bag.id, grams // 1_000 + 1, key=key, reason="试", **DAY)
    elif kind == "waste":
        changes.waste(session, lot.id, grams, reason="坏", key=key, **WHEN)
    elif kind == "count":
        changes.count_lot(session, lot.id, Counted(grams, "数", again_g=grams), key=key, **WHEN)
    elif kind == "block":
        service.block_lot(session, lot.id, reason="疑", **WHEN)
    elif kind == "free":
        service.free_lot(session, lot.id, reason="没事", **WHEN)
    elif two % 2 and (bagging := session.scalar(select(func.max(Bagging.id)))):
        take_back_bagging(session, bagging, reason="错", **WHEN)
    else:
        take_back_lot(session, lot.id, reason="错", **WHEN)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(steps=_STEPS)
def test_whatever_happens_to_lots_every_gram_is_somewhere(
    session: Session, steps: list[tuple[str, int, int, int]]
) -> None:
    with session.begin_nested() as all_of_it:
        lots, bag = make_lots(session, 9_000, 5_250, 2_600)
        came_g = sum(lot.received_g for lot in lots)
        for number, step in enumerate(steps):
            try:
                with session.begin_nested():
                    _step(session, lots, bag, step, f"step-{number}-{lots[0].id}")
            except Problem:
                lots[:] = [lot for lot in lots if session.get(Lot, lot.id)]
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        session.expire_all()
        left_g = sum(lot.left_g for lot in lots)
        lost_g = sum(lot.loss_g for lot in lots if not queries.taken_back(session, lot.id))
        changed = select(func.coalesce(func.sum(LotChange.grams), 0)).where(
            LotChange.lot_id.in_([lot.id for lot in lots])
        )
        bagged_g = grams_in_ledger(session, bag.id) * bag.net_g
        assert came_g == left_g + lost_g + int(session.scalar(changed) or 0) + bagged_g
        assert grams_in_ledger(session, lots[0].variant_id) == left_g
        assert invariants.check_within(session, LOTS).violations == []
        all_of_it.rollback()


# ---- rules ----


@given(
    st.integers(1, 100_000),
    st.integers(1, 2_000),
    st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 5)), max_size=6),
)
def test_what_is_suggested_is_there_and_is_in_turn(wanted_g: int, bag_g: int, stock: list[tuple[int, int]]) -> None:
    found = [rules.OpenLot(at, left, TODAY + timedelta(days=days)) for at, (left, days) in enumerate(stock)]
    parts = rules.suggest_parts(wanted_g, bag_g, found)
    assert sum(parts.values()) == min(wanted_g, sum(lot.left_g for lot in found))
    assert all(0 < grams <= found[lot_id].left_g for lot_id, grams in parts.items())
    assert wanted_g % bag_g or rules.passed_over(parts, bag_g, found) is None


@pytest.mark.parametrize(
    ("book_g", "counted_g", "is_large"),
    [(10_000, 9_500, False), (10_000, 9_499, True), (10_000, 10_501, True), (100_000, 98_000, False), (100_000, 97_999, True), (0, 501, True)],
)  # fmt: skip
def test_a_difference_is_large_by_weight_and_by_share(book_g: int, counted_g: int, is_large: bool) -> None:
    assert rules.is_large_difference(book_g, counted_g) is is_large


@pytest.mark.parametrize(
    ("days", "shelf_life_days", "soon"),
    [(30, 540, True), (31, 540, False), (-1, 540, True), (2, 7, True), (3, 7, False)],
)
def test_a_lot_is_named_in_time_and_fresh_goods_not_always(
    session: Session, days: int, shelf_life_days: int, soon: bool
) -> None:
    (lot,), bag = make_lots(session, 10_000)
    bag.product.shelf_life_days = shelf_life_days
    session.flush()
    today = lot.best_before - timedelta(days=days)
    assert rules.is_soon(lot.best_before, today, shelf_life_days) is soon
    assert (lot in queries.going_bad(session, today)) is soon
