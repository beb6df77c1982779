"""Prices that were corrected after they were used: old deliveries keep theirs, the difference is paid once, by a person."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts.models import FarmerEntry
from fulfillment.purchasing.corrections import queries
from fulfillment.purchasing.corrections.models import QuoteCorrection
from fulfillment.purchasing.corrections.queries import Difference
from fulfillment.purchasing.corrections.rules import corrected_quote
from fulfillment.purchasing.corrections.service import Decision, decide
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.rules import Quote
from kernel.db import Database
from kernel.errors import NotFound, Refused
from tests.purchasing.test_weigh_in import at_once
from tests.purchasing.world import MARKET, TODAY, WEIGHER, make_contract, make_quote, weigh_in, weighed
from tests.world import NOW

WHO = {"now": NOW, "by": WEIGHER}


@pytest.fixture
def delivery(session: Session) -> Delivery:
    """42.5 kg at 80 yuan plus 12 %, and then the board turns out to say 84."""
    contract = make_contract(session)
    make_quote(session, contract, 8_000)
    return weigh_in(session, weighed(contract))


def correct(session: Session, delivery: Delivery, fen: int) -> None:
    make_quote(session, delivery.contract, fen)


def only(session: Session) -> Difference:
    (found,) = queries.open_differences(session)
    return found


def wish(found: Difference, decision: str = "paid", reason: str = "") -> Decision:
    return Decision(found.delivery.id, found.quote.id, found.fen, decision, reason)


def test_a_corrected_price_leaves_the_delivery_and_offers_the_difference(session: Session, delivery: Delivery) -> None:
    assert queries.open_differences(session) == []
    correct(session, delivery, 8_400)
    found = only(session)
    # 84.00 plus 12 % is 94.08 a kilogram instead of 89.60; 42.5 kg of it.
    assert (delivery.pay_fen, found.would_fen, found.fen) == (380_800, 399_840, 19_040)
    assert session.scalar(select(func.count()).select_from(FarmerEntry)) == 0


def test_a_person_pays_the_difference_once(session: Session, delivery: Delivery) -> None:
    correct(session, delivery, 8_400)
    found = only(session)
    first = decide(session, wish(found), **WHO)
    assert decide(session, wish(found), **WHO) is first
    entry = session.scalars(select(FarmerEntry)).one()
    assert (entry.kind, entry.amount_fen, entry.delivery_id) == ("supplement", 19_040, delivery.id)
    assert queries.open_differences(session) == []


def test_a_second_correction_counts_what_the_first_one_paid(session: Session, delivery: Delivery) -> None:
    correct(session, delivery, 8_400)
    decide(session, wish(only(session)), **WHO)
    correct(session, delivery, 8_500)
    found = only(session)
    assert (found.before_fen, found.fen) == (19_040, 4_760)
    decide(session, wish(found), **WHO)
    assert session.scalar(select(func.sum(FarmerEntry.amount_fen))) == 23_800


def test_a_difference_that_is_left_says_why_and_comes_back_with_the_next_price(
    session: Session, delivery: Delivery
) -> None:
    correct(session, delivery, 8_400)
    decide(session, wish(only(session), "left", "农户自己报的数"), **WHO)
    assert queries.open_differences(session) == []
    correct(session, delivery, 8_500)
    assert only(session).fen == 23_800


def test_nothing_is_taken_back_for_a_lower_price(session: Session, delivery: Delivery) -> None:
    correct(session, delivery, 7_900)
    found = only(session)
    assert found.fen < 0
    with pytest.raises(Refused):
        decide(session, wish(found), **WHO)


def test_a_difference_that_somebody_saw_earlier_is_not_paid(session: Session, delivery: Delivery) -> None:
    correct(session, delivery, 8_400)
    seen = wish(only(session))
    correct(session, delivery, 8_300)
    with pytest.raises(Refused) as refused:
        decide(session, seen, **WHO)
    assert refused.value.code == "changed"
    with pytest.raises(NotFound):
        decide(session, Decision(2**40, 1, 1, "paid"), **WHO)


def test_a_price_that_was_put_back_leaves_no_difference(session: Session, delivery: Delivery) -> None:
    correct(session, delivery, 8_400)
    correct(session, delivery, 8_000)
    assert queries.open_differences(session) == []


def test_another_market_day_or_kind_makes_no_difference(session: Session, delivery: Delivery) -> None:
    for facts in ({"market": "丽水农贸城"}, {"day": TODAY - timedelta(days=1)}):
        make_quote(session, delivery.contract, 8_000, **facts)
        make_quote(session, delivery.contract, 9_000, **facts)
    assert queries.open_differences(session) == []


def test_the_middle_of_several_days_is_found_again(session: Session) -> None:
    contract = make_contract(session, median_days=3)
    for back, fen in enumerate((8_000, 9_000, 7_000)):
        make_quote(session, contract, fen, day=TODAY - timedelta(days=back))
    delivery = weigh_in(session, weighed(contract))
    assert delivery.quote_fen_per_kg == 8_000
    # The dear day was read wrong; the middle is the same price then.
    make_quote(session, contract, 9_500, day=TODAY - timedelta(days=1))
    assert queries.open_differences(session) == []
    # The cheap day was read wrong: 9000, 8500 and 8000 have 8500 in the middle.
    make_quote(session, contract, 8_500, day=TODAY - timedelta(days=2))
    assert only(session).quote.fen_per_kg == 8_500


@given(st.lists(st.integers(100, 20_000), min_size=1, max_size=7), st.integers(0, 6), st.integers(0, 9_000))
def test_a_higher_price_never_lowers_what_is_chosen(prices: list[int], which: int, more: int) -> None:
    seen = [Quote(n, MARKET, "manual", TODAY - timedelta(days=n), fen) for n, fen in enumerate(prices)]
    wrong = seen[which % len(seen)]
    right = Quote(100, MARKET, "manual", wrong.day, wrong.fen_per_kg + more)
    before = corrected_quote(seen, {}, TODAY, len(seen))
    after = corrected_quote(seen, {wrong.id: right}, TODAY, len(seen))
    assert before is not None
    assert after is not None
    assert after.fen_per_kg >= before.fen_per_kg


def test_the_database_keeps_decisions_and_refuses_a_sum_that_was_not_paid(session: Session, delivery: Delivery) -> None:
    correct(session, delivery, 8_400)
    line = decide(session, wish(only(session)), **WHO)
    with pytest.raises(Exception, match="append-only"), session.begin_nested():
        session.execute(delete(QuoteCorrection))
    other = {
        "delivery_id": line.delivery_id,
        "quote_id": delivery.quote_id,
        "farmer_id": line.farmer_id,
        "was_fen": line.was_fen,
        "before_fen": 0,
        "would_fen": line.was_fen + 5,
        "difference_fen": 5,
        "decision": "paid",
        "entry_id": line.entry_id,
        "reason": "",
        "at": NOW,
        "by": "x",
    }
    with pytest.raises(IntegrityError, match="quote_corrections"), session.begin_nested():
        session.execute(QuoteCorrection.__table__.insert(), other)


@pytest.fixture
def owed(database: Database) -> Decision:
    """A difference that several people see at the same moment."""
    with database.transaction() as session:
        contract: Contract = make_contract(session)
        make_quote(session, contract, 8_000)
        weigh_in(session, weighed(contract))
        make_quote(session, contract, 8_400)
        return wish(only(session))


def supplements(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(FarmerEntry)) or 0


def test_two_who_press_at_once_pay_once(database: Database, owed: Decision) -> None:
    """Its controls are in ``test_prices_at_once``."""

    def press(session: Session) -> object:
        return decide(session, owed, **WHO)

    assert at_once(database, [press] * 4) == ["written"] * 4
    assert supplements(database) == 1
