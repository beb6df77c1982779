"""Rates: the most specific holds, they are frozen when work is taken, a wrong one is put right by a row of its own."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.packing import service as packing
from fulfillment.piecework import queries
from fulfillment.piecework import service as piecework
from fulfillment.piecework.models import PieceRate
from fulfillment.piecework.rules import Rate, pay_for, rate_for, shares
from kernel.audit import SYSTEM
from kernel.clock import local_day
from kernel.errors import NotFound, Refused
from tests.packing.world import ZONE, finish, make_packer, make_paid_order, make_pile, make_rate, take, wages
from tests.world import NOW, make_variant

TODAY = local_day(NOW, ZONE)
RATES = [Rate(1_000, 60), Rate(50_000, 150), Rate(1_000, 90, 7), Rate(2_000, 50, 8)]


@pytest.mark.parametrize(
    ("weight_g", "products", "fen"),
    [
        (900, (), 60),
        (1_001, (), 150),
        (60_000, (), 150),
        (900, (7,), 90),
        (900, (8,), 50),
        (5_000, (8,), 50),
        (900, (9,), 60),
        (900, (8, 9), 60),
        (900, (7, 8, 9), 90),
    ],
)
def test_the_most_specific_rate_holds_and_a_mixed_box_pays_as_its_best(
    weight_g: int, products: tuple[int, ...], fen: int
) -> None:
    found = rate_for(RATES, weight_g, products)
    assert found is not None
    assert found.rate_fen == fen


def test_no_rate_is_no_rate() -> None:
    assert rate_for([], 100, ()) is None
    assert rate_for([Rate(1_000, 90, 7)], 100, (8,)) is None


@pytest.mark.parametrize(
    ("quantity", "rate_fen", "per", "fen"),
    [(2_350, 180, 1_000, 423), (1, 1, 2, 1), (1, 1, 3, 0), (3, 35, 100, 1), (10, 30, 1, 300), (2_503, 180, 1_000, 451)],
)
def test_a_quantity_is_paid_half_up_to_the_fen(quantity: int, rate_fen: int, per: int, fen: int) -> None:
    assert pay_for(quantity, rate_fen, per) == fen


@given(
    total=st.integers(0, 10**9),
    weights=st.dictionaries(st.integers(1, 10**6), st.integers(1, 10**6), min_size=1, max_size=30),
)
def test_parts_are_the_whole_and_nobody_is_a_fen_away_from_their_own(total: int, weights: dict[int, int]) -> None:
    parts = shares(total, weights)
    whole = sum(weights.values())
    assert sum(parts.values()) == total
    assert all(0 <= parts[key] * whole - total * weight + whole - 1 < 2 * whole - 1 for key, weight in weights.items())
    by_weight = sorted(weights, key=lambda key: weights[key])
    assert all(parts[less] <= parts[more] for less, more in pairwise(by_weight) if weights[less] < weights[more]), (
        "who did more gets no less"
    )


def test_parts_are_worked_out_as_written_down() -> None:
    assert shares(100, {1: 1, 2: 1, 3: 1}) == {1: 34, 2: 33, 3: 33}
    assert shares(1_000, {5: 90, 6: 60, 7: 31}) == {5: 497, 6: 332, 7: 171}


def test_a_parcel_of_a_product_pays_the_products_rate(session: Session) -> None:
    make_rate(session, 80)
    own, other = make_variant(session), make_variant(session)
    piecework.set_rate(
        session, operation=packing.PACK, product_id=own.product_id, up_to_g=50_000, rate_fen=130, valid_from=TODAY,
        now=NOW, by=SYSTEM,
    )  # fmt: skip
    for goods in ((own, other), (own,), (other,)):
        make_paid_order(session, *[(variant, 1) for variant in goods])
    packer = make_packer(session)
    assert sorted(task.rate_fen or 0 for task in take(session, packer)) == [80, 130, 130]


def test_a_rate_that_changes_in_the_middle_of_a_batch_does_not_touch_it(session: Session) -> None:
    make_rate(session, 80)
    make_pile(session, 6)
    packer = make_packer(session)
    first, second, third = take(session, packer)
    finish(session, first.id, packer)
    make_rate(session, 120, TODAY)
    finish(session, second.id, packer)
    assert [task.id for task in take(session, packer)] == [third.id]
    finish(session, third.id, packer)
    assert wages(session, packer) == [80, 80, 80]
    assert {task.rate_fen for task in take(session, packer)} == {120}


def test_a_wrong_rate_of_today_is_put_right_for_work_not_yet_taken(session: Session) -> None:
    make_rate(session, 8, TODAY)
    make_pile(session, 6)
    packer = make_packer(session)
    taken = take(session, packer)
    wrong = queries.all_rates(session)[0]
    right = piecework.correct_rate(
        session, wrong.id, rate_fen=80, reason="少打了一个零", today=TODAY, now=NOW, by=SYSTEM
    )
    for task in taken:
        finish(session, task.id, packer)
    assert wages(session, packer) == [8, 8, 8]
    assert {task.rate_fen for task in take(session, packer)} == {80}
    assert [rate.id for rate in queries.all_rates(session)] == [right.id]
    assert [rate.id for rate in queries.corrected_rates(session)] == [wrong.id]
    with pytest.raises(Refused, match="before"):
        piecework.correct_rate(session, wrong.id, rate_fen=90, reason="x", today=TODAY, now=NOW, by=SYSTEM)
    with pytest.raises(Refused, match="correct the one"):
        make_rate(session, 100, TODAY)


def test_a_rate_of_yesterday_stays_as_it_was(session: Session) -> None:
    make_rate(session, 8, TODAY - timedelta(days=1))
    (old,) = queries.all_rates(session)
    with pytest.raises(Refused, match="earlier day"):
        piecework.correct_rate(session, old.id, rate_fen=80, reason="x", today=TODAY, now=NOW, by=SYSTEM)
    with pytest.raises(NotFound):
        piecework.correct_rate(session, old.id + 1, rate_fen=80, reason="x", today=TODAY, now=NOW, by=SYSTEM)


def test_the_database_wants_a_reason_and_the_same_thing_for_a_correction(session: Session) -> None:
    make_rate(session, 8, TODAY)
    (wrong,) = queries.all_rates(session)
    facts = {"operation": "pack", "up_to_g": 50_000, "rate_fen": 80, "valid_from": TODAY, "supersedes_id": wrong.id}
    for change in ({"reason": ""}, {"reason": "x", "up_to_g": 1}, {"reason": "x", "valid_from": date(2026, 1, 2)}):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(insert(PieceRate).values(**{**facts, **change}))
    assert session.execute(text("SELECT count(*) FROM piece_rates")).scalar_one() == 1
