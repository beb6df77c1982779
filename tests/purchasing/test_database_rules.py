"""What the database refuses by itself: a delivery below its promise, a copied figure that is another one."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.models import Delivery, Lot, Payable
from fulfillment.purchasing.rules import Price, Terms, Weighed, price_to_farmer
from kernel.db import Database
from tests.purchasing.world import make_contract, make_farmer, make_quote, weigh_in, weighed
from tests.world import NOW


def facts(delivery: Delivery) -> dict[str, Any]:
    """The columns of a delivery, ready to be written again beside it."""
    columns = {column.name: getattr(delivery, column.name) for column in Delivery.__table__.columns}
    return {name: value for name, value in columns.items() if name != "id"} | {"idempotency_key": "written by hand"}


@pytest.fixture
def honest(session: Session) -> dict[str, Any]:
    """A delivery of 42.5 kg at a market of 80 yuan, plus 12 %, as its columns."""
    contract = make_contract(session)
    make_quote(session, contract, 8_000)
    return facts(weigh_in(session, weighed(contract)))


def test_the_honest_delivery_can_be_written_by_hand(session: Session, honest: dict[str, Any]) -> None:
    """The control: what the next tests change is the only reason why they are refused."""
    session.execute(insert(Delivery).values(honest))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        # Below market plus premium, with everything after it worked out honestly from that.
        ({"promised_fen_per_kg": 8_959, "unit_fen_per_kg": 8_959, "pay_fen": 380_758}, "promise_kept"),
        ({"premium_bps": 999}, "premium_10_to_15_percent"),
        ({"premium_bps": 1_501}, "premium_10_to_15_percent"),
        ({"unit_fen_per_kg": 8_900, "pay_fen": 378_250}, "unit_adds_up"),
        ({"grade_deduction_bps": 1, "market_pay_fen": 339_958}, "unit_adds_up"),
        ({"settle_g": 42_490, "pay_fen": 380_710, "market_pay_fen": 339_920}, "weight_adds_up"),
        ({"moisture_bps": 1_400}, "weight_adds_up"),
        ({"foreign_bps": 100}, "weight_adds_up"),
        ({"pay_fen": 380_799}, "pay_adds_up"),
        ({"market_pay_fen": 340_001}, "market_pay_adds_up"),
        ({"gross_g": 43_600}, "net_is_gross_less_tare"),
        ({"tare_g": 43_700, "net_g": 0}, "net_is_gross_less_tare"),
        ({"moisture_bps": 13_000}, "rates_below_whole"),
        # The copies are not what they were copied from.
        ({"premium_bps": 1_100}, "fk_deliveries_promise"),
        ({"floor_fen_per_kg": 0}, "fk_deliveries_promise"),
        ({"standard_moisture_bps": 1_400}, "fk_deliveries_promise"),
        ({"quote_source": "xinfadi"}, "fk_deliveries_quote"),
        ({"quote_market": "别处"}, "fk_deliveries_quote"),
    ],
)
def test_a_delivery_that_breaks_a_rule_cannot_be_inserted(
    session: Session, honest: dict[str, Any], changes: dict[str, Any], rule: str
) -> None:
    with pytest.raises(IntegrityError, match=rule), session.begin_nested():
        session.execute(insert(Delivery).values(honest | changes))


def test_a_lower_quote_than_the_stored_one_cannot_be_claimed(session: Session, honest: dict[str, Any]) -> None:
    """A whole honest working from a market price that nobody quoted."""
    price = price_to_farmer(7_000, Terms(1_200, 6_000, 1_300), Weighed(42_500, 1_300))
    lower = honest | columns_of(price) | {"quote_fen_per_kg": 7_000}
    with pytest.raises(IntegrityError, match="fk_deliveries_quote"), session.begin_nested():
        session.execute(insert(Delivery).values(lower))


def test_another_farmers_contract_cannot_be_used(session: Session, honest: dict[str, Any]) -> None:
    stranger = make_farmer(session, "叶水生")
    with pytest.raises(IntegrityError, match="fk_deliveries_promise"), session.begin_nested():
        session.execute(insert(Delivery).values(honest | {"farmer_id": stranger.id}))


def test_what_was_promised_cannot_be_changed_afterwards(session: Session, honest: dict[str, Any]) -> None:
    for change in (
        {"premium_bps": 1_000},
        {"floor_fen_per_kg": 1},
        {"deductions": {"一级": 100}},
        {"payment_days": 90},
    ):
        with pytest.raises(IntegrityError, match="terms_after_deliveries"), session.begin_nested():
            session.execute(Contract.__table__.update().values(change))


@pytest.mark.parametrize(
    ("table", "column"),
    [(Payable.__table__, "amount_fen"), (Lot.__table__, "received_g"), (Lot.__table__, "variant_id")],
)
def test_a_payable_or_lot_that_is_not_its_delivery_is_refused(session: Session, table: Any, column: str) -> None:
    contract = make_contract(session)
    make_quote(session, contract)
    delivery = weigh_in(session, weighed(contract))
    # A second delivery without its payable and lot, then those with one figure changed.
    written = session.execute(insert(Delivery).values(facts(delivery)).returning(Delivery.id)).scalar_one()
    row = dict(session.execute(select(table).where(table.c.delivery_id == delivery.id)).mappings().one())
    row |= {"delivery_id": written, "number": "L-again"} if "number" in row else {"delivery_id": written}
    del row["id"]
    with pytest.raises(IntegrityError, match=r"_owed|_received"), session.begin_nested():
        session.execute(insert(table).values(row | {column: row[column] + 1}))
    session.execute(insert(table).values(row))


def columns_of(price: Price) -> dict[str, int]:
    return {
        "promised_fen_per_kg": price.promised_fen_per_kg,
        "unit_fen_per_kg": price.unit_fen_per_kg,
        "settle_g": price.settle_g,
        "pay_fen": price.pay_fen,
        "market_pay_fen": price.market_pay_fen,
    }


@pytest.fixture(scope="module")
def plain_table(server_url: str) -> Iterator[Session]:
    """A table with the check constraints of deliveries and nothing else, for many cases."""
    database = Database(server_url.replace("/gongfang?", "/gongfang_template?"), pool_size=1)
    with database.transaction() as session:
        session.execute(
            text(
                "CREATE TEMP TABLE checked (LIKE deliveries INCLUDING CONSTRAINTS INCLUDING IDENTITY INCLUDING DEFAULTS)"
            )
        )
        yield session
        session.rollback()
    database.dispose()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    market=st.integers(1, 1_000_000),
    terms=st.builds(
        Terms,
        premium_bps=st.integers(1_000, 1_500),
        floor_fen_per_kg=st.integers(0, 100_000),
        standard_moisture_bps=st.sampled_from([0, 1_200, 1_300, 9_000, 9_999]),
    ),
    goods=st.builds(
        Weighed,
        net_g=st.integers(1, 5_000_000),
        moisture_bps=st.integers(0, 9_999),
        foreign_bps=st.integers(0, 9_999),
        grade_deduction_bps=st.integers(0, 9_999),
    ),
)
# 45 g x 2900 / 8700 is 15 g: an exact half of a step, which a quotient kept to some decimals would round down.
@example(market=8_000, terms=Terms(1_000, 0, 1_300), goods=Weighed(45, 7_100))
@example(market=8_000, terms=Terms(1_000, 0, 1_300), goods=Weighed(43_505, 500))
def test_the_database_and_the_rules_work_out_the_same(
    plain_table: Session, market: int, terms: Terms, goods: Weighed
) -> None:
    """Whatever the rules pay passes every check; one fen, one step of weight or one fen a kilogram off does not."""
    row = a_row(market, terms, goods)
    plain_table.execute(INSERT, row)
    for name, off in (("pay_fen", 1), ("unit_fen_per_kg", -1), ("settle_g", 10), ("market_pay_fen", 1)):
        with pytest.raises(IntegrityError), plain_table.begin_nested():
            plain_table.execute(INSERT, row | {name: row[name] + off})


def a_row(market: int, terms: Terms, goods: Weighed) -> dict[str, Any]:
    return columns_of(price_to_farmer(market, terms, goods)) | {
        "gross_g": goods.net_g + 1_000,
        "tare_g": 1_000,
        "net_g": goods.net_g,
        "moisture_bps": goods.moisture_bps,
        "foreign_bps": goods.foreign_bps,
        "grade_deduction_bps": goods.grade_deduction_bps,
        "quote_fen_per_kg": market,
        "premium_bps": terms.premium_bps,
        "floor_fen_per_kg": terms.floor_fen_per_kg,
        "standard_moisture_bps": terms.standard_moisture_bps,
        "at": NOW,
        "day": NOW.date(),
    }


_WORKED = (
    "gross_g, tare_g, net_g, moisture_bps, foreign_bps, grade_deduction_bps, quote_fen_per_kg, premium_bps, "
    "floor_fen_per_kg, standard_moisture_bps, promised_fen_per_kg, unit_fen_per_kg, settle_g, pay_fen, market_pay_fen"
)
INSERT = text(
    f"INSERT INTO checked ({_WORKED}, idempotency_key, contract_id, farmer_id, variant_id, day, quote_day, grade, quote_id, "
    f"quote_market, quote_source, has_certificate, note, at, by) VALUES (:{_WORKED.replace(', ', ', :')}, 'k', 1, 1, 1, :day, "
    ":day, 'g', 1, 'm', 's', true, '', :at, 'w')"
)
