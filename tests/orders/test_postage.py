"""Postage by province and weight: the rate, the table in versions, and what an order pays."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.errors import Invalid, Refused
from shop.orders import counter
from shop.orders import postage_service as service
from shop.orders.models import PostageTable
from shop.orders.placing import Placed
from shop.orders.postage import Rate, as_json, changed, from_json, zones_of
from shop.orders.rules import PROVINCES
from tests.packing.races import all_look_first, drop, told_at_once
from tests.streams.evening import XIANG
from tests.world import NOW, ask, make_live_offer

NEAR = Rate(1_000, 600, 1_000, 200, 9_900)
FAR = Rate(1_000, 1_500, 500, 800)
TABLE = {**dict.fromkeys(PROVINCES[:-3], NEAR), "新疆维吾尔自治区": FAR}

FEN, GRAMS = st.integers(0, 100_000), st.integers(1, 30_000)
RATES = st.builds(Rate, GRAMS, FEN, GRAMS, FEN, st.none() | st.integers(1, 10**6))


@pytest.mark.parametrize(
    ("goods", "grams", "rate", "fen"),
    [
        (0, 1, NEAR, 600),
        (0, 1_000, NEAR, 600),
        (0, 1_001, NEAR, 800),
        (0, 2_000, NEAR, 800),
        (9_899, 2_001, NEAR, 1_000),
        (9_900, 2_001, NEAR, 0),
        (9_900, 1_501, FAR, 3_100),
    ],
)
def test_each_begun_step_costs_and_from_an_amount_on_nothing_does(goods: int, grams: int, rate: Rate, fen: int) -> None:
    assert rate.fen(goods, grams) == fen


@given(rate=RATES, goods=FEN, grams=GRAMS, more=GRAMS)
def test_a_heavier_parcel_never_costs_less(rate: Rate, goods: int, grams: int, more: int) -> None:
    assert 0 <= rate.fen(goods, grams) <= rate.fen(goods, grams + more)


@given(rates=st.dictionaries(st.sampled_from(PROVINCES), RATES))
def test_a_table_is_stored_and_shown_whole(rates: dict[str, Rate]) -> None:
    assert from_json(as_json(rates)) == rates
    assert {name: zone.rate for zone in zones_of(rates, PROVINCES) for name in zone.provinces} == rates


def test_only_the_named_provinces_change() -> None:
    after = changed(TABLE, ["浙江省", "上海市"], FAR)
    assert {name for name in PROVINCES if after.get(name) != TABLE.get(name)} == {"浙江省", "上海市"}
    assert "浙江省" not in changed(TABLE, ["浙江省"], None)


def begin(session: Session) -> PostageTable:
    table = service.replace_table(session, TABLE, seen=0, now=NOW, by=XIANG)
    session.flush()
    return table


def placed(session: Session, province: str, quantity: int = 2, *, price_fen: int = 3_980) -> Any:
    offer = make_live_offer(session, price_fen=price_fen)
    (answer,) = counter.place_batch(
        session, [ask(offer, f"postage-{offer.offer_id}", quantity, province=province)], NOW
    )
    return answer


def test_an_order_pays_by_its_province_and_the_weight_with_packing(session: Session) -> None:
    begin(session)
    # Four bags of 300 g with packing: 1.2 kg.
    near, far = placed(session, "浙江省", 4, price_fen=1_000), placed(session, "新疆维吾尔自治区", 4)
    assert isinstance(near, Placed)
    assert (near.row["shipping_fen"], near.total_fen) == (800, 4_800)
    assert far.row["shipping_fen"] == 2_300
    assert placed(session, "浙江省", 4).row["shipping_fen"] == 0, "free from 99 yuan"


def test_nothing_is_sold_to_where_nothing_is_sent(session: Session) -> None:
    begin(session)
    answer = placed(session, "澳门特别行政区")
    assert isinstance(answer, Refused)
    assert answer.code == "no_delivery_there"


def test_without_a_table_the_flat_postage_holds(session: Session) -> None:
    assert placed(session, "浙江省").row["shipping_fen"] == 600


def test_an_order_keeps_what_it_was_placed_for(session: Session) -> None:
    table = begin(session)
    before = placed(session, "浙江省")
    service.set_zone(session, ["浙江省"], FAR, seen=table.id, now=NOW + timedelta(minutes=1), by=XIANG)
    assert placed(session, "浙江省").row["shipping_fen"] == 1_500
    assert before.row["shipping_fen"] == 600


def test_what_changed_and_by_whom_is_kept(session: Session) -> None:
    table = begin(session)
    service.set_zone(session, ["浙江省"], FAR, seen=table.id, now=NOW, by=XIANG)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "postage.changed")).all()[-1]
    assert (entry.before, entry.after) == (as_json({"浙江省": NEAR}), as_json({"浙江省": FAR}))
    table.rates = {}
    with pytest.raises(DatabaseError, match="append-only"):
        session.flush()


def test_the_same_change_twice_is_one_and_another_one_after_it_is_told(session: Session) -> None:
    seen = begin(session).id
    first = service.set_zone(session, ["浙江省"], FAR, seen=seen, now=NOW, by=XIANG)
    assert service.set_zone(session, ["浙江省"], FAR, seen=seen, now=NOW, by=XIANG) is first
    with pytest.raises(Refused, match="changed the postage"):
        service.set_zone(session, ["浙江省"], NEAR, seen=seen, now=NOW, by=XIANG)
    with pytest.raises(Invalid):
        service.set_zone(session, ["火星"], NEAR, seen=first.id, now=NOW, by=XIANG)


@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_two_who_change_it_at_once_one_is_told_and_without_the_guard_one_is_lost(
    database: Database, is_guarded: bool
) -> None:
    with database.transaction() as session:
        seen = begin(session).id
    if not is_guarded:
        drop(database, "postage_tables uq_postage_tables_follows")

    def set_to(fen: int, province: str) -> Any:
        rate = Rate(1_000, fen, 1_000, 0)
        return lambda session: service.set_zone(session, [province], rate, seen=seen, now=NOW, by=XIANG)

    with all_look_first(database, "INSERT INTO postage_tables"):
        told = told_at_once(database, set_to(100, "浙江省"), set_to(200, "上海市"))
    assert told == (["changed_meanwhile", "written"] if is_guarded else ["written", "written"])
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(PostageTable)) == (2 if is_guarded else 3)
        rates = service.rates_in_force(session)
    assert rates
    changed_ones = [name for name in ("浙江省", "上海市") if rates[name] != NEAR]
    assert len(changed_ones) == 1, "without the guard the other's change is gone and nobody was told"
