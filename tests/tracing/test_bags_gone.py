"""Bags that broke or went missing: noted with why, once, never more than are there; the stock falls with them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.care import invariants
from app.care.tracing_invariants import TRACING
from fulfillment.bags.models import BagStock
from fulfillment.purchasing.lots.gone_service import bags_gone
from fulfillment.purchasing.lots.models import BagsGone
from fulfillment.purchasing.lots.undo_service import take_back_bagging
from fulfillment.purchasing.service import KeyReused
from kernel.db import Database
from kernel.errors import NotFound, Refused
from kernel.people.rules import WEIGHER as WEIGHER_ROLE
from shop.stock.models import StockLevel
from shop.stock.service import hold
from tests.packing.races import BY_KEY, ROW_LOCKS, all_look_first, drop, told_at_once, without
from tests.purchasing.world import WEIGHER
from tests.tracing.world import bags_in, fill, make_hand, make_lots, pack
from tests.weigh.conftest import Desk, desk_of, seen_in
from tests.world import NOW


def note(session: Session, bagging_id: int, bags: int, key: str = "k1") -> BagsGone:
    return bags_gone(session, bagging_id, bags, reason="老鼠咬了", key=key, now=NOW, by=WEIGHER)


def left(session: Session, bagging_id: int) -> tuple[int, int]:
    """Left of the bagging, and in stock."""
    stock = session.get_one(BagStock, bagging_id, populate_existing=True)
    return stock.left, session.get_one(StockLevel, stock.variant_id, populate_existing=True).on_hand


def test_they_leave_shelf_and_stock_once_and_the_rest_goes_on(session: Session) -> None:
    bag, (lot,) = make_lots(session, "吴长根")
    bagging = fill(session, bag, 5, lot)
    shelf, stock = left(session, bagging.id)
    assert note(session, bagging.id, 2).id == note(session, bagging.id, 2).id
    assert left(session, bagging.id) == (shelf - 2, stock - 2)
    with pytest.raises(KeyReused):
        note(session, bagging.id, 1)
    with pytest.raises(Refused, match="Only 3 bags"), session.begin_nested():
        note(session, bagging.id, 4, "k2")
    with pytest.raises(NotFound):
        note(session, 2**40, 1, "k3")
    assert bags_in(session, pack(session, make_hand(session), bag, 4)) == {bagging.id: 3, None: 1}
    assert invariants.check_within(session, TRACING).violations == []


def test_what_orders_hold_is_not_noted_as_gone(session: Session) -> None:
    bag, (lot,) = make_lots(session, "吴长根")
    bagging = fill(session, bag, 5, lot)
    free = left(session, bagging.id)[1]
    hold(session, bag.id, free - 1, source="test", by=WEIGHER, at=NOW)
    with pytest.raises(Refused) as refused, session.begin_nested():
        note(session, bagging.id, 2)
    assert refused.value.code == "below_held"
    assert left(session, bagging.id) == (5, free)


def test_a_bagging_of_which_bags_are_gone_is_not_taken_back(session: Session) -> None:
    bag, (lot,) = make_lots(session, "吴长根")
    bagging = fill(session, bag, 5, lot)
    note(session, bagging.id, 1)
    with pytest.raises(Refused, match="Only 4 bags"):
        take_back_bagging(session, bagging.id, reason="记错", now=NOW, by=WEIGHER)


def test_the_recount_finds_bags_that_are_gone_without_a_reason(session: Session) -> None:
    bag, (lot,) = make_lots(session, "吴长根")
    bagging = fill(session, bag, 5, lot)
    session.execute(text(f"UPDATE bag_stocks SET gone = 1 WHERE bagging_id = {bagging.id}"))
    (found,) = invariants.check_within(session, TRACING).violations
    assert found["subject"] == f"bagging:{bagging.id}"


def last_bag(database: Database) -> int:
    with database.transaction() as session:
        bag, (lot,) = make_lots(session, "吴长根")
        bagging = fill(session, bag, 1, lot)
        fill(session, bag, 9, lot)
        return bagging.id


def note_both(database: Database, bagging_id: int) -> list[str]:
    """Two people note the last bag as gone at one instant; returns what each was told."""
    start = Barrier(2)

    def one(key: str) -> str:
        start.wait(20)
        try:
            with database.transaction() as session:
                note(session, bagging_id, 1, key)
        except Refused as refused:
            return refused.code
        return "noted"

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(one, ("k1", "k2")))


def test_the_last_bag_is_noted_by_one_of_two(database: Database) -> None:
    bagging_id = last_bag(database)
    assert note_both(database, bagging_id) == ["noted", "too_few_bags"]
    with database.transaction() as session:
        assert left(session, bagging_id)[0] == 0
        assert len(session.scalars(select(BagsGone)).all()) == 1


def test_without_the_lock_the_database_alone_refuses_the_second(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bagging_id, both = last_bag(database), Barrier(2)

    def look(session: Session, ids: list[int]) -> dict[int, BagStock]:
        found = {one: session.get_one(BagStock, one) for one in ids}
        both.wait(20)
        return found

    monkeypatch.setattr("fulfillment.bags.service._lock_stocks", look)
    with pytest.raises(IntegrityError, match="no_more_than_filled"):
        note_both(database, bagging_id)


def test_without_lock_and_check_the_last_bag_is_noted_by_both(database: Database) -> None:
    """The control: the same race with both guards out."""
    bagging_id = last_bag(database)
    drop(database, "bag_stocks ck_bag_stocks_no_more_than_filled")
    with without(database, ROW_LOCKS), all_look_first(database, "UPDATE bag_stocks"):
        assert note_both(database, bagging_id) == ["noted", "noted"]
    with database.transaction() as session:
        assert left(session, bagging_id)[0] == -1


@pytest.mark.parametrize("gone", [0, 1, 2], ids=["all guards", "the key is left", "nothing is left"])
def test_one_form_sent_twice_notes_its_bags_once_while_lock_or_key_is_left(database: Database, gone: int) -> None:
    with database.transaction() as session:
        bag, (lot,) = make_lots(session, "吴长根")
        bagging_id = fill(session, bag, 5, lot).id

    def send(session: Session) -> BagsGone:
        return note(session, bagging_id, 1)

    with ExitStack() as taken_away:
        if gone:
            taken_away.enter_context(without(database, ROW_LOCKS))
        if gone == 2:
            drop(database, "bags_gone uq_bags_gone_key")
            taken_away.enter_context(without(database, BY_KEY))
            taken_away.enter_context(all_look_first(database, "UPDATE bag_stocks"))
        assert told_at_once(database, send, send) == ["written", "written"]
    with database.transaction() as session:
        assert left(session, bagging_id)[0] == (3 if gone == 2 else 4)


@pytest.fixture
def scale(app: Flask, database: Database) -> Desk:
    return desk_of(app, database, WEIGHER_ROLE, "吴晓岚")


def test_on_the_page_bags_are_noted_and_bad_words_come_back(scale: Desk, database: Database) -> None:
    with database.transaction() as session:
        bag, (lot,) = make_lots(session, "吴长根")
        bagging, place = fill(session, bag, 5, lot), f"/bench/weigh/lots/{lot.id}"
        path = f"{place}/baggings/{bagging.id}/gone"
    key = seen_in(scale.look(place))["key"]
    for wrong in (
        {"bags": "0", "reason": "碎"},
        {"bags": "x", "reason": "碎"},
        {"bags": "1", "reason": ""},
        {"bags": "6", "reason": "碎"},
    ):
        assert scale.browser.post(path, data={"key": key, **wrong}).status_code in (409, 422), wrong
    for _ in range(2):
        scale.send(path, key=key, bags="2", reason="袋子破了")
    page = scale.look(place).text
    assert "少了 2 袋" in page
    assert "袋子破了" in page
    with database.transaction() as session:
        assert left(session, bagging.id)[0] == 3
