"""Two hands at one lot at one instant, and what happens once each guard is taken away."""

from collections.abc import Callable
from threading import Barrier

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from fulfillment.bags.models import BagStock
from fulfillment.purchasing.lots import making_service, queries, refusals, service
from fulfillment.purchasing.lots.rules import Ratio
from fulfillment.purchasing.lots.triggers import CHECKS_SQL
from fulfillment.purchasing.models import Lot
from kernel.db import Database
from tests.packing.races import PATIENCE_S, REPLACING, drop, right_after, told_at_once, without
from tests.purchasing.test_lots import DAY, WHEN, make_lots, mix
from tests.purchasing.test_weigh_in import at_once
from tests.purchasing.world import grams_on_hand, make_goods


def look_without_waiting(monkeypatch: pytest.MonkeyPatch, *, both: Barrier | None = None) -> None:
    """Take the guard of the program away: lots are read, not locked; with ``both``, by two people before either writes."""

    def look(session: Session, ids: list[int]) -> dict[int, Lot]:
        found = {lot.id: lot for lot in session.scalars(select(Lot).where(Lot.id.in_(list(ids))))}
        if both is not None:
            both.wait(PATIENCE_S)
        return found

    monkeypatch.setattr(queries, "lock_lots", look)


# ---- what usually is left after drying, said by two people ----


def say_ratio_twice(database: Database) -> list[str]:
    with database.transaction() as session:
        (lot,), _ = make_lots(session, 1_000)
        fresh_id, dry_id = lot.variant_id, make_goods(session)[1].id

    def say(low_bps: int) -> Callable[[Session], object]:
        return lambda session: making_service.set_ratio(session, fresh_id, dry_id, Ratio(low_bps, 1_500), **WHEN)

    return told_at_once(database, say(1_000), say(1_100))


def test_two_who_say_how_much_is_left_are_both_heard(database: Database) -> None:
    assert say_ratio_twice(database) == ["written", "written"]


def test_without_the_replacing_one_of_them_gets_an_error(database: Database) -> None:
    with without(database, REPLACING):
        first, second = say_ratio_twice(database)
    assert "pk_drying_ratios" in first
    assert second == "written"


# ---- the last grams ----


def last_grams(database: Database) -> tuple[int, int, list[Callable[[Session], object]]]:
    """A lot for one bag and a half, and what each of two people does who fill one."""
    with database.transaction() as session:
        (lot,), bag = make_lots(session, 375)
        lot_id, bag_id = lot.id, bag.id

    def fill(number: int) -> Callable[[Session], object]:
        return lambda session: service.bag_lot(session, lot_id, bag_id, 1, key=f"last-{number}", **DAY)

    return lot_id, bag_id, [fill(1), fill(2)]


CHECK_OF_LOT = "ALTER TABLE lots DROP CONSTRAINT ck_lots_used_within_received"
CHECK_OF_STOCK = "ALTER TABLE stock_levels DROP CONSTRAINT ck_stock_levels_held_within_on_hand"


@pytest.mark.parametrize("gone", [[], [CHECK_OF_LOT, CHECK_OF_STOCK]], ids=["all guards", "the lock alone"])
def test_the_last_grams_fill_one_bag(database: Database, gone: list[str]) -> None:
    lot_id, bag_id, fills = last_grams(database)
    drop(database, *gone)
    assert at_once(database, fills) == ["lot_too_small", "written"]
    with database.transaction() as session:
        assert (session.get_one(Lot, lot_id).left_g, grams_on_hand(session, bag_id)) == (125, 1)


@pytest.mark.parametrize(
    ("gone", "refused_by"),
    [
        ([], "ck_lots_used_within_received"),
        ([CHECK_OF_LOT], "ck_stock_levels_held_within_on_hand"),
        ([CHECK_OF_LOT, CHECK_OF_STOCK], None),
    ],
    ids=["the lot's check is left", "the stock's check is left", "nothing is left"],
)
def test_without_the_lock_the_checks_of_the_database_keep_the_last_grams_each_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch, gone: list[str], refused_by: str | None
) -> None:
    lot_id, bag_id, fills = last_grams(database)
    look_without_waiting(monkeypatch, both=Barrier(2))
    drop(database, *gone)
    if refused_by is None:
        with database.transaction() as session:
            # The stock's own service counts too; other goods of the kind lie there.
            session.execute(text("UPDATE stock_levels SET on_hand = on_hand + 1000"))
    got = at_once(database, fills)
    with database.transaction() as session:
        left_g, bags = session.get_one(Lot, lot_id).left_g, grams_on_hand(session, bag_id)
    if refused_by is None:
        assert (got, left_g, bags) == (["written", "written"], -125, 2)
    else:
        assert sum(one == "written" for one in got) == 1, got
        assert refused_by in "".join(got) or "out_of_stock" in got, got
        assert (left_g, bags) == (125, 1)


# ---- blocking ----


def blocked_or_bagged(database: Database, *, through_mixing: bool) -> tuple[Callable[[Session], object], ...]:
    """A lot that somebody blocks, and four bags that somebody else fills from it, or from what was mixed with it."""
    with database.transaction() as session:
        (lot, other), bag = make_lots(session, 10_000, 10_000)
        source = mix(session, {lot.id: 5_000, other.id: 5_000}) if through_mixing else lot
        lot_id, source_id, bag_id = lot.id, source.id, bag.id
    return (
        lambda session: service.block_lot(session, lot_id, reason="有虫", **WHEN),
        lambda session: service.bag_lot(session, source_id, bag_id, 4, key="k", reason="先装这批", **DAY),
    )


def bags_that_may_go_out(database: Database) -> int:
    with database.transaction() as session:
        rows = select(func.coalesce(func.sum(BagStock.bags), 0)).where(~BagStock.blocked)
        return int(session.scalar(rows) or 0)


@pytest.mark.parametrize("through_mixing", [False, True])
def test_blocking_and_bagging_at_one_instant_leave_no_bag_that_may_go_out(
    database: Database, through_mixing: bool
) -> None:
    block, fill = blocked_or_bagged(database, through_mixing=through_mixing)
    got = at_once(database, [block, fill])
    assert got in (["written", "written"], ["lot_blocked", "written"])
    assert bags_that_may_go_out(database) == 0


@pytest.mark.parametrize("is_word_left", [True, False])
def test_without_the_lock_the_database_refuses_to_fill_bags_from_a_lot_that_was_just_blocked(
    database: Database, monkeypatch: pytest.MonkeyPatch, is_word_left: bool
) -> None:
    """Blocked after the bagger has looked and before she writes: once with the trigger's word, once without any guard."""
    block, fill = blocked_or_bagged(database, through_mixing=False)
    look_without_waiting(monkeypatch)
    right_after(monkeypatch, refusals, "refuse_blocked", database, block)
    if not is_word_left:
        forget_the_word(database)
    (got,) = at_once(database, [fill])
    assert (got == "written") is not is_word_left, got
    assert bags_that_may_go_out(database) == (0 if is_word_left else 4)


def forget_the_word(database: Database) -> None:
    """Take the trigger's look at the family away; it goes on counting."""
    (take,) = (each for each in CHECKS_SQL if "take_from_lot()" in each)
    before, _, rest = take.partition("  IF TG_TABLE_NAME <> 'lot_changes'")
    _, _, after = rest.partition("END IF;\n")
    with database.transaction() as session:
        session.connection().exec_driver_sql(before + after)


def test_without_the_lock_a_lot_blocked_while_bags_are_filled_from_its_mixture_lets_them_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the family's lock: neither transaction sees what the other has not committed yet."""
    block, fill = blocked_or_bagged(database, through_mixing=True)
    look_without_waiting(monkeypatch)
    right_after(monkeypatch, service, "flush_lots", database, block)
    assert at_once(database, [fill]) == ["written"]
    assert bags_that_may_go_out(database) == 4
