"""Stock: the ledger explains every level, no history brings a level below zero, and a count is taken whole or not at all."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Refused
from shop.stock import queries, service
from shop.stock.models import StockLevel, StockMovement
from shop.stock.service import Count, Miscounted
from tests.world import NOW, make_variant


def level(session: Session, variant_id: int) -> tuple[int, int]:
    found = session.get_one(StockLevel, variant_id, populate_existing=True)
    return found.on_hand, found.held


def ledger_sums(session: Session, variant_id: int) -> tuple[int, int]:
    sums = select(func.sum(StockMovement.on_hand_change), func.sum(StockMovement.held_change))
    on_hand, held = session.execute(sums.where(StockMovement.variant_id == variant_id)).one()
    return int(on_hand or 0), int(held or 0)


def stocked(session: Session, quantity: int, held: int = 0) -> int:
    variant_id = make_variant(session).id
    service.receive(session, variant_id, quantity, source=f"test:{variant_id}", by=SYSTEM, at=NOW)
    if held:
        service.hold(session, variant_id, held, source=f"order:{variant_id}", by=SYSTEM, at=NOW)
    return variant_id


def wishes(variant_id: int, session: Session, step: int) -> dict[str, Callable[[int], None]]:
    """Everything that can be asked of stock, each with a source of its own."""
    given = {"source": f"step:{step}", "by": SYSTEM, "at": NOW}
    return {
        "receive": lambda n: service.receive(session, variant_id, n, **given),
        "consume": lambda n: service.consume(session, variant_id, n, **given),
        "hold": lambda n: service.hold(session, variant_id, n, **given),
        "release": lambda n: service.release(session, variant_id, n, **given),
        "ship": lambda n: service.ship(session, variant_id, n, **given),
        "more": lambda n: service.adjust(session, variant_id, n, reason="found", **given),
        "fewer": lambda n: service.adjust(session, variant_id, -n, reason="spoiled", **given),
        "count": lambda n: _count(session, variant_id, n, step),
    }


def _count(session: Session, variant_id: int, counted: int, step: int) -> None:
    in_book = level(session, variant_id)[0]
    service.take_stock(session, [Count(variant_id, in_book, counted)], source=f"step:{step}", by=SYSTEM, at=NOW)


KINDS = ("receive", "consume", "hold", "release", "ship", "more", "fewer", "count")


def test_in_any_history_the_ledger_sums_to_the_level_and_neither_falls_below_zero(database: Database) -> None:
    done = dict.fromkeys(KINDS, 0)

    @given(
        st.integers(1, 60), st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 12)), min_size=15, max_size=30)
    )
    def check(first: int, history: list[tuple[str, int]]) -> None:
        with database.transaction() as session:
            variant_id = stocked(session, first)
            expected = (first, 0)
            for step, (kind, quantity) in enumerate(history):
                try:
                    with session.begin_nested():
                        wishes(variant_id, session, step)[kind](quantity)
                    expected = moved(expected, kind, quantity)
                    done[kind] += 1
                except (Refused, AssertionError):
                    assert not allowed(expected, kind, quantity), "a wish that was possible was refused"
                assert level(session, variant_id) == expected == ledger_sums(session, variant_id)
                assert 0 <= expected[1] <= expected[0]
            lines = queries.ledger(session, variant_id)
            assert (lines[0].on_hand_after, lines[0].held_after) == expected
            session.rollback()

    check()
    assert min(done.values()) >= 5, f"some kinds of movement hardly happened: {done}"


def moved(was: tuple[int, int], kind: str, n: int) -> tuple[int, int]:
    """The model: on hand and held after a movement."""
    on_hand, held = was
    change = {
        "receive": (n, 0),
        "consume": (-n, 0),
        "hold": (0, n),
        "release": (0, -n),
        "ship": (-n, -n),
        "more": (n, 0),
        "fewer": (-n, 0),
        "count": (n - on_hand, 0),
    }[kind]
    return on_hand + change[0], held + change[1]


def allowed(was: tuple[int, int], kind: str, n: int) -> bool:
    on_hand, held = moved(was, kind, n)
    return 0 <= held <= on_hand


def test_a_correction_below_what_orders_hold_is_refused_with_the_figures(session: Session) -> None:
    variant_id = stocked(session, 10, held=4)
    with pytest.raises(Refused, match="10 are in the house and 4 of them are held") as refusal:
        service.adjust(session, variant_id, -7, reason="spoiled", source="a", by=SYSTEM, at=NOW)
    assert refusal.value.code == "below_held"
    service.adjust(session, variant_id, -6, reason="spoiled", source="a", by=SYSTEM, at=NOW)
    assert level(session, variant_id) == (4, 4)


def test_the_database_refuses_a_correction_without_a_reason(session: Session) -> None:
    variant_id = stocked(session, 10)
    with pytest.raises(IntegrityError, match="adjusted_has_reason"):
        service.adjust(session, variant_id, -1, reason="", source="a", by=SYSTEM, at=NOW)


@pytest.mark.parametrize(
    ("kind", "on_hand", "held"),
    [("received", -5, 0), ("held", 5, 5), ("released", 0, 5), ("shipped", -5, -4), ("consumed", 5, 0), ("gift", 1, 0)],
)
def test_the_database_refuses_a_movement_that_does_not_go_the_way_of_its_kind(
    session: Session, kind: str, on_hand: int, held: int
) -> None:
    variant_id = stocked(session, 10)
    line = StockMovement(
        variant_id=variant_id, kind=kind, on_hand_change=on_hand, held_change=held, source="x", by="x", at=NOW
    )
    session.add(line)
    with pytest.raises(IntegrityError, match="kind_moves_its_way"):
        session.flush()


def test_a_ledger_line_is_never_changed(session: Session) -> None:
    variant_id = stocked(session, 10)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text("UPDATE stock_movements SET on_hand_change = 9 WHERE variant_id = :v"), {"v": variant_id})


def test_the_ledger_is_paged_with_the_balance_after_each_line(session: Session) -> None:
    variant_id = stocked(session, 5)
    for number in range(6):
        service.receive(session, variant_id, 10, source=f"more:{number}", by=SYSTEM, at=NOW)
    first = queries.ledger(session, variant_id, most=4)
    second = queries.ledger(session, variant_id, most=4, before=first[-1].id)
    assert [line.on_hand_after for line in (*first, *second)] == [65, 55, 45, 35, 25, 15, 5]
    assert queries.ledger(session, variant_id, before=second[-1].id) == []


def test_a_stock_take_writes_only_the_differences(session: Session) -> None:
    right, short, more = stocked(session, 10), stocked(session, 20, held=5), stocked(session, 30)
    counts = [Count(more, 30, 31), Count(right, 10, 10), Count(short, 20, 18)]
    assert service.take_stock(session, counts, source="take:1", by=SYSTEM, at=NOW) == 2
    assert [level(session, each)[0] for each in (right, short, more)] == [10, 18, 31]
    assert level(session, short)[1] == 5
    reasons = [(line.kind, line.reason) for each in (right, short, more) for line in queries.ledger(session, each)]
    assert reasons.count(("adjusted", service.STOCK_TAKE)) == 2


def test_goods_that_left_while_they_were_counted_are_counted_again(session: Session) -> None:
    moving, still = stocked(session, 10, held=3), stocked(session, 10)
    service.ship(session, moving, 3, source="parcel:1", by=SYSTEM, at=NOW)
    with pytest.raises(Miscounted) as refusal:
        service.take_stock(session, [Count(moving, 10, 9), Count(still, 10, 8)], source="t", by=SYSTEM, at=NOW)
    assert list(refusal.value.by_variant) == [moving]
    assert "now says 7" in refusal.value.by_variant[moving].en
    assert level(session, still) == (10, 0), "nothing may change while one count is doubtful"


def test_a_count_below_what_orders_hold_names_how_many(session: Session) -> None:
    variant_id = stocked(session, 10, held=6)
    with pytest.raises(Miscounted) as refusal:
        service.take_stock(session, [Count(variant_id, 10, 5)], source="t", by=SYSTEM, at=NOW)
    assert "6 are held" in refusal.value.by_variant[variant_id].en
    assert level(session, variant_id) == (10, 6)


def test_a_variant_that_does_not_exist_cannot_be_counted(session: Session) -> None:
    with pytest.raises(Miscounted):
        service.take_stock(session, [Count(10**9, 0, 5)], source="t", by=SYSTEM, at=NOW)


def test_levels_show_what_was_never_counted_as_zero_and_find_by_sku_and_name(session: Session) -> None:
    variant = make_variant(session)
    held = stocked(session, 9, held=2)
    by_id = {found.variant.id: found for found in queries.levels(session)}
    assert (by_id[variant.id].on_hand, by_id[held].held, by_id[held].free) == (0, 2, 7)
    assert [found.variant.id for found in queries.levels(session, variant.sku)] == [variant.id]
    assert len(queries.levels(session, "花菇")) == 2
    assert queries.levels(session, "100%_") == []
