"""Vouchers: what they take off, how often, and that the count holds whatever happens at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import BUYER
from kernel.db import Database
from kernel.errors import Invalid
from shop.orders import counter
from shop.orders import service as orders
from shop.orders.placing import Asked, OutOfStock, Placed
from shop.vouchers import service
from shop.vouchers.models import Voucher
from shop.vouchers.rules import AMOUNT, LEAST_LEFT_FEN, PERCENT, VoucherState, as_code, is_code
from shop.vouchers.service import VoucherTerms
from tests.packing.races import ROW_LOCKS, all_look_first, drop, told_at_once, without
from tests.streams.evening import XIANG
from tests.world import NOW, LiveOffer, ask, make_live_offer

TERMS = VoucherTerms(
    code="XIANGGU10",
    kind=AMOUNT,
    off_fen=1_000,
    off_bps=0,
    most_off_fen=None,
    from_fen=0,
    starts_at=NOW - timedelta(days=1),
    ends_at=NOW + timedelta(days=1),
    most_uses=None,
    per_buyer=1,
)


def make(session: Session, **changes: Any) -> Voucher:
    voucher = service.make_voucher(session, replace(TERMS, **changes), now=NOW, by=XIANG)
    session.flush()
    return voucher


def with_voucher(offer: LiveOffer, key: str, code: str = TERMS.code, quantity: int = 1, **buyer: str) -> Asked:
    return replace(ask(offer, key, quantity, **buyer), voucher=code)


def place(session: Session, asked: Asked, after: timedelta = timedelta()) -> Placed | Exception:
    return counter.place_batch(session, [asked], NOW + after)[0]


def used(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(text("SELECT used FROM vouchers ORDER BY id LIMIT 1")) or 0


# ---- rules ----

FEN = st.integers(1, 10**6)


def state(**changes: Any) -> VoucherState:
    facts = {
        "voucher_id": 1,
        "code": "A",
        "kind": AMOUNT,
        "off_fen": 500,
        "off_bps": 0,
        "most_off_fen": None,
        "from_fen": 0,
        "starts_at": NOW,
        "ends_at": NOW + timedelta(days=1),
        "active": True,
        "left": None,
        "per_buyer": 1,
    }
    return VoucherState(**{**facts, **changes})


@given(goods=FEN, off=FEN, bps=st.integers(1, 9_000), most=st.none() | FEN, kind=st.sampled_from([AMOUNT, PERCENT]))
def test_it_takes_off_no_more_than_it_says_and_something_stays_to_be_paid(
    goods: int, off: int, bps: int, most: int | None, kind: str
) -> None:
    taken = state(kind=kind, off_fen=off, off_bps=bps, most_off_fen=most).off(goods)
    assert 0 <= taken <= (off if kind == AMOUNT else goods * bps / 10_000)
    assert most is None or taken <= most
    assert taken == 0 or goods - taken >= LEAST_LEFT_FEN


@pytest.mark.parametrize(
    ("typed", "code"),
    [(" xianggu-10 ", "XIANGGU10"), ("ＸＩＡＮＧ１０", "XIANG10"), ("香菇10", ""), ("abc", ""), ("A" * 21, "")],
)
def test_a_code_is_read_as_people_type_it(typed: str, code: str) -> None:
    assert (as_code(typed) if is_code(as_code(typed)) else "") == code


# ---- orders ----


def test_an_order_pays_less_and_the_postage_is_by_the_whole_goods(session: Session) -> None:
    voucher, offer = make(session), make_live_offer(session)
    placed = place(session, with_voucher(offer, "with-a-code", quantity=3))
    assert isinstance(placed, Placed)
    assert (placed.row["goods_fen"], placed.row["discount_fen"], placed.shipping_fen) == (11_940, 1_000, 0)
    assert (placed.total_fen, placed.row["voucher_id"]) == (10_940, voucher.id)


REFUSED: dict[str, dict[str, Any]] = {
    "over": {"ends_at": NOW},
    "not valid yet": {"starts_at": NOW + timedelta(minutes=1)},
    "goods of ¥99.00": {"from_fen": 9_900},
}


@pytest.mark.parametrize(("said", "changes"), REFUSED.items(), ids=REFUSED.keys())
def test_why_it_takes_nothing_off_is_said_at_the_field_and_nothing_is_held(
    session: Session, said: str, changes: dict[str, Any]
) -> None:
    make(session, **changes)
    offer = make_live_offer(session)
    answer = place(session, with_voucher(offer, "not-this-time"))
    assert isinstance(answer, Invalid)
    assert said in answer.fields["voucher"].en
    assert session.scalar(text("SELECT sum(held) FROM stock_levels")) == 0


def test_an_unknown_code_and_a_stopped_one_take_nothing_off(session: Session) -> None:
    voucher, offer = make(session), make_live_offer(session)
    unknown = place(session, with_voucher(offer, "unknown-code", "XIANGGU11"))
    assert isinstance(unknown, Invalid)
    for _ in range(2):
        service.stop_voucher(session, voucher.id, now=NOW, by=XIANG)
    assert isinstance(place(session, with_voucher(offer, "stopped-code")), Invalid)


def test_each_buyer_uses_it_so_often_and_gets_it_back_with_a_cancelled_order(database: Database) -> None:
    with database.transaction() as session:
        make(session)
        offer = make_live_offer(session)
        first = place(session, with_voucher(offer, "first-use"))
        assert isinstance(first, Placed)
    with database.transaction() as session:
        assert isinstance(place(session, with_voucher(offer, "second-use")), Invalid)
        assert isinstance(place(session, with_voucher(offer, "another-buyer", phone="13900000001")), Placed)
    assert used(database) == 2
    with database.transaction() as session:
        orders.cancel_held(session, orders.lock_order(session, first.id), at=NOW, by=BUYER, reason="")
    assert used(database) == 1
    with database.transaction() as session:
        assert isinstance(place(session, with_voucher(offer, "third-use")), Placed)


def test_a_hold_that_ran_out_gives_it_back(database: Database) -> None:
    with database.transaction() as session:
        make(session, most_uses=1)
        offer = make_live_offer(session)
        assert isinstance(place(session, with_voucher(offer, "ran-out")), Placed)
    with database.transaction() as session:
        assert isinstance(place(session, with_voucher(offer, "too-early", phone="13900000001")), Invalid)
        orders.expire_lapsed(session, NOW + timedelta(hours=1))
    assert used(database) == 0


def test_two_in_one_turn_count_together(session: Session) -> None:
    make(session, most_uses=1)
    offer = make_live_offer(session)
    asks = [with_voucher(offer, f"one-turn-{n}", phone=f"1390000000{n}") for n in range(2)]
    answers = counter.place_batch(session, asks, NOW)
    assert [type(answer) for answer in answers] == [Placed, Invalid]


def test_a_refused_code_gives_nobody_elses_goods_away_in_the_same_turn(session: Session) -> None:
    offer = make_live_offer(session, on_hand=2)
    assert isinstance(place(session, ask(offer, "holds-them-all", 2, device="d" * 64)), Placed)
    again = replace(ask(offer, "again-with-code", 2, device="d" * 64), voucher="NOSUCHCODE")
    answers = counter.place_batch(session, [again, ask(offer, "somebody-else", phone="13900000001")], NOW)
    assert [type(answer) for answer in answers] == [Invalid, OutOfStock]


def placing(asked: Asked) -> Callable[[Session], None]:
    def deed(session: Session) -> None:
        answer = place(session, asked)
        if isinstance(answer, Exception):
            raise answer

    return deed


@pytest.mark.parametrize("guard", ["lock", "count", "none"])
def test_the_last_use_goes_to_one_and_each_guard_alone_holds_it(database: Database, guard: str) -> None:
    with database.transaction() as session:
        make(session, most_uses=1)
        offers = [make_live_offer(session) for _ in range(2)]
    deeds = [placing(with_voucher(offer, f"last-use-{n}", phone=f"1390000000{n}")) for n, offer in enumerate(offers)]
    if guard == "lock":
        assert told_at_once(database, *deeds) == ["voucher_refused", "written"]
        return
    if guard == "none":
        drop(database, "vouchers ck_vouchers_used_within_bounds")
    with without(database, ROW_LOCKS), all_look_first(database, "\n    WITH placed"):
        told = told_at_once(database, *deeds)
    if guard == "count":
        assert told[1] == "written"
        assert "used_within_bounds" in told[0]
    else:
        assert (told, used(database)) == (["written"] * 2, 2)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(["order", "cancel", "lapse", "pay"]), st.integers(0, 3)), max_size=12))
def test_the_count_is_that_of_the_orders_whatever_happens(database: Database, steps: list[tuple[str, int]]) -> None:
    with database.transaction() as session:
        others = session.execute(text("SELECT count(*) FROM vouchers")).scalar_one()
        voucher = make(session, code=f"CODE{others}", most_uses=3, per_buyer=9)
        offer, code, voucher_id = make_live_offer(session), voucher.code, voucher.id
    placed: list[Placed] = []
    for number, (step, which) in enumerate(steps):
        with database.transaction() as session:
            if step == "order":
                answer = place(session, with_voucher(offer, f"{code}-{number:04d}", code, phone=f"1390000000{which}"))
                placed += [answer] if isinstance(answer, Placed) else []
            elif step == "lapse":
                orders.expire_lapsed(session, NOW + timedelta(hours=1))
            elif placed:
                order = orders.lock_order(session, placed[which % len(placed)].id)
                if order.state == "held" and step == "cancel":
                    orders.cancel_held(session, order, at=NOW, by=BUYER, reason="")
                elif order.state == "held":
                    orders.mark_paid(session, order, at=NOW, by=BUYER)
    with database.transaction() as session:
        counted, really = session.execute(
            text(
                "SELECT used, (SELECT count(*) FROM orders WHERE voucher_id = v.id AND state IN ('held', 'paid')) "
                "FROM vouchers v WHERE id = :id"
            ),
            {"id": voucher_id},
        ).one()
    assert counted == really <= 3


def test_the_same_form_twice_makes_one_and_another_with_its_code_is_told(session: Session) -> None:
    assert make(session) is make(session)
    with pytest.raises(Invalid, match="voucher with this code"):
        make(session, off_fen=2_000)


@pytest.mark.parametrize(
    "broken",
    [
        {"off_fen": 0},
        {"kind": PERCENT},
        {"off_bps": 100},
        {"ends_at": TERMS.starts_at},
        {"code": "lower"},
        {"per_buyer": 0},
        {"most_off_fen": 0},
    ],
)
def test_the_database_refuses_a_voucher_that_makes_no_sense(session: Session, broken: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        make(session, **broken)
