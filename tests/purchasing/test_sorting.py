"""A lot sorted into grades: every gram is in a grade or fell off, once, and a suspicion follows it into each of them."""

from collections.abc import Callable
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.care import invariants
from app.care.lot_invariants import LOTS
from fulfillment.purchasing.lots import list_queries, queries, rules, service
from fulfillment.purchasing.lots.models import LotPart, LotTakenBack, Sorting
from fulfillment.purchasing.lots.sorting_service import Sorted, sort_lot
from fulfillment.purchasing.lots.undo_service import take_back_lot
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.tracing import queries as tracing
from kernel.db import Database
from kernel.errors import Problem
from tests.purchasing.test_lots import DAY, WHEN, make_lots, mix, refusal
from tests.purchasing.test_lots_at_once import look_without_waiting
from tests.purchasing.test_weigh_in import at_once
from tests.purchasing.world import grams_on_hand

TWO = Sorted(10_000, {"一级": 6_000, "二级": 3_400}, "碎了")


def sort(session: Session, lot_id: int, wish: Sorted = TWO, key: str = "a-sorting") -> list[Lot]:
    sorting, _ = sort_lot(session, lot_id, wish, key=key, **DAY)
    return list(queries.lots_sorted(session, sorting.id))


def test_each_grade_is_a_lot_of_the_same_goods_good_as_long_as_the_one_it_came_from(session: Session) -> None:
    (lot,), _ = make_lots(session, 12_000)
    first, second = sort(session, lot.id)
    assert [(one.grade, one.received_g, one.kind) for one in (first, second)] == [
        ("一级", 6_000, "sorted"),
        ("二级", 3_400, "sorted"),
    ]
    assert {one.variant_id for one in (lot, first, second)} == {lot.variant_id}
    assert {one.best_before for one in (first, second)} == {lot.best_before}
    assert first.loss_g + second.loss_g == 600
    assert (lot.left_g, grams_on_hand(session, lot.variant_id)) == (2_000, 11_400)
    family = list_queries.family_of(session, lot.id)
    assert [child.id for child, _ in family.children[lot.id]] == [first.id, second.id]
    assert sort(session, lot.id) == [first, second]
    assert (
        refusal(lambda: sort(session, lot.id, Sorted(10_000, {"一级": 1, "二级": 2}, "碎"))) == "idempotency_key_reused"
    )


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Sorted(10_000, {"一级": 6_000, "二级": 4_001}), "grams"),
        (Sorted(10_000, {"一级": 6_000, "二级": 3_999}), "reason"),
        (Sorted(10_000, {"一级": 9_000}, "碎了"), "grade-2"),
        (Sorted(12_001, {"一级": 6_000, "二级": 6_001}), "grams"),
        (Sorted(10_000, {"一级": 10_000, "二级": 0}), "grade-1"),
    ],
    ids=["more out than in", "missing without a word", "one grade", "more than is there", "nothing"],
)
def test_what_cannot_be_is_refused_where_it_stands(session: Session, wish: Sorted, field: str) -> None:
    (lot,), _ = make_lots(session, 12_000)
    with pytest.raises(Problem) as refused:
        sort(session, lot.id, wish)
    assert field in refused.value.fields
    assert lot.used_g == 0


def test_a_suspicion_goes_down_into_every_grade_and_none_is_sorted_from_it(session: Session) -> None:
    (lot,), bag = make_lots(session, 12_000)
    first, second = sort(session, lot.id)
    service.block_lot(session, lot.id, reason="有虫", **WHEN)
    for one in (first, second):
        assert refusal(lambda one=one: service.bag_lot(session, one.id, bag.id, 1, key="b", **DAY)) == "lot_blocked"  # type: ignore[misc]
    assert refusal(lambda: sort(session, lot.id, Sorted(1_000, {"一级": 500, "二级": 500}), "more")) == "lot_blocked"
    assert refusal(lambda: sort(session, first.id, Sorted(1_000, {"甲": 500, "乙": 500}), "more")) == "lot_blocked"


def test_a_recall_finds_what_was_filled_from_every_grade_in_one_query_and_the_way_back_the_farmer(
    session: Session,
) -> None:
    (lot, other), bag = make_lots(session, 12_000, 5_000)
    first, second = sort(session, lot.id)
    mixed = mix(session, {second.id: 3_000, other.id: 1_000})
    filled = [
        service.bag_lot(session, one.id, bag.id, 4, key=f"b-{one.id}", reason="试", **DAY)[0] for one in (first, mixed)
    ]
    asked: list[str] = []
    event.listen(session.get_bind(), "after_cursor_execute", lambda *facts: asked.append(facts[2]))
    found = tracing.recall(session, lot.id)
    assert len(asked) == 1
    assert [one.id for one in found.lots] == [lot.id, first.id, second.id, mixed.id]
    assert {one.id for one in found.baggings} == {one.id for one in filled}
    assert [one.lot_id for one in tracing.sources_of(session, first.id) if one.farmer_id] == [lot.id]


def test_a_sorting_is_taken_back_whole_while_nothing_left_any_grade(session: Session) -> None:
    (lot,), bag = make_lots(session, 12_000)
    first, second = sort(session, lot.id)
    service.bag_lot(session, second.id, bag.id, 1, key="b", reason="试", **DAY)
    assert refusal(lambda: take_back_lot(session, first.id, reason="写错", **WHEN)) == "lot_in_use"
    third, fourth = sort(session, lot.id, Sorted(2_000, {"一级": 1_000, "二级": 900}, "碎"), "again")
    for _ in range(2):
        take_back_lot(session, fourth.id, reason="写错", **WHEN)
    assert (lot.left_g, third.left_g, fourth.left_g) == (2_000, 0, 0)
    assert grams_on_hand(session, lot.variant_id) == 12_000 - 600 - 250
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    assert invariants.check_within(session, LOTS).violations == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lots SET received_g = received_g + 1, loss_g = loss_g - 1 WHERE id = {first}",
        "UPDATE lots SET best_before = best_before + 1 WHERE id = {first}",
        "UPDATE lots SET kind = 'dried' WHERE id = {first}",
        "UPDATE lots SET grade = '二级' WHERE id = {first}",
        "INSERT INTO lots_taken_back (lot_id, reason, at, by) VALUES ({first}, 'x', now(), 'x')",
        (
            "INSERT INTO sortings (key, lot_id, taken_g, loss_g, reason, at, by) "
            "VALUES ('x', {lot}, 100, 0, '', now(), 'x')"
        ),
        (
            "INSERT INTO sortings (key, lot_id, taken_g, loss_g, reason, at, by) "
            "VALUES ('y', {lot}, 100, 1, '', now(), 'x')"
        ),
    ],
)
def test_the_database_refuses_a_sorting_that_does_not_add_up(session: Session, statement: str) -> None:
    (lot,), _ = make_lots(session, 12_000)
    first, _ = sort(session, lot.id)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(statement.format(lot=lot.id, first=first.id)))


# ---- whatever is sorted ----

_GRADES = st.dictionaries(st.text("甲乙丙丁", min_size=1, max_size=2), st.integers(1, 2_000), min_size=2, max_size=6)


@given(st.integers(0, 5_000), st.lists(st.integers(1, 50_000), min_size=1, max_size=6))
def test_shares_of_the_loss_are_together_the_loss(loss_g: int, grams: list[int]) -> None:
    shares = rules.share_loss(loss_g, grams)
    assert (sum(shares), min(shares) >= 0) == (loss_g, True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(grades=_GRADES, loss_g=st.integers(0, 900))
def test_grades_and_what_fell_off_are_what_was_taken_in_whatever_order(
    session: Session, grades: dict[str, int], loss_g: int
) -> None:
    taken_g = sum(grades.values()) + loss_g
    with session.begin_nested() as all_of_it:
        lots, _ = make_lots(session, 20_000, 20_000)
        came: list[dict[str, int]] = []
        for lot, turned in zip(lots, (grades, dict(reversed(grades.items()))), strict=True):
            made = sort(session, lot.id, Sorted(taken_g, turned, "碎了"), f"sorting-{lot.id}")
            assert sum(one.received_g for one in made) + sum(one.loss_g for one in made) == taken_g
            assert sum(one.loss_g for one in made) == loss_g
            assert lot.left_g == 20_000 - taken_g
            came.append({one.grade: one.received_g for one in made})
        assert came[0] == came[1] == grades
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        assert invariants.check_within(session, LOTS).violations == []
        all_of_it.rollback()


# ---- two hands at one instant ----


def two_presses(database: Database, *keys: str) -> tuple[int, list[Callable[[Session], object]]]:
    """A lot that is enough for one sorting and a half, and what two people do who press for one each."""
    with database.transaction() as session:
        (lot,), _ = make_lots(session, 15_000)
        lot_id = lot.id

    def press(key: str) -> Callable[[Session], object]:
        return lambda session: sort_lot(session, lot_id, TWO, key=key, **DAY)

    return lot_id, [press(key) for key in keys]


def written(database: Database, lot_id: int) -> tuple[int, int]:
    """How many sortings there are, and what is left of the lot."""
    with database.transaction() as session:
        return session.scalar(select(func.count(Sorting.id))) or 0, session.get_one(Lot, lot_id).left_g


def test_two_clicks_at_once_sort_once(database: Database) -> None:
    lot_id, presses = two_presses(database, "one-key", "one-key")
    assert at_once(database, presses) == ["written", "written"]
    assert written(database, lot_id) == (1, 5_000)


def test_the_last_grams_are_sorted_once(database: Database) -> None:
    lot_id, presses = two_presses(database, "one", "two")
    assert at_once(database, presses) == ["lot_too_small", "written"]
    assert written(database, lot_id) == (1, 5_000)


@pytest.mark.parametrize("keys", [("one-key", "one-key"), ("one", "two")], ids=["one click twice", "two people"])
@pytest.mark.parametrize("is_guarded", [True, False], ids=["the database guards", "nothing guards"])
def test_without_the_lock_the_database_sorts_once_and_without_both_it_goes_wrong(
    database: Database, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, str], is_guarded: bool
) -> None:
    lot_id, presses = two_presses(database, *keys)
    if not is_guarded:
        with database.transaction() as session:
            session.execute(text("ALTER TABLE sortings DROP CONSTRAINT uq_sortings_key"))
            session.execute(text("ALTER TABLE lots DROP CONSTRAINT ck_lots_used_within_received"))
    look_without_waiting(monkeypatch, both=Barrier(2))
    got = at_once(database, presses)
    if is_guarded:
        assert sum(one == "written" for one in got) == 1, got
        assert written(database, lot_id) == (1, 5_000)
    else:
        assert (got, written(database, lot_id)) == (["written", "written"], (2, -5_000))


def test_bagging_and_undoing_at_once_do_one_of_them(database: Database) -> None:
    with database.transaction() as session:
        (lot,), bag = make_lots(session, 12_000)
        first, second = sort(session, lot.id)
        first_id, second_id, bag_id = first.id, second.id, bag.id
    got = at_once(
        database,
        [
            lambda session: service.bag_lot(session, first_id, bag_id, 1, key="b", reason="试", **DAY),
            lambda session: take_back_lot(session, second_id, reason="写错", **WHEN),
        ],
    )
    assert sum(one == "written" for one in got) == 1, got
    with database.transaction() as session:
        undone = session.scalar(select(func.count(LotTakenBack.lot_id)))
        assert undone in (0, session.scalar(select(func.count(LotPart.child_lot_id))))
        assert invariants.check_within(session, LOTS).violations == []
