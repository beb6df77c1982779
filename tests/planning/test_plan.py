"""The plan on PostgreSQL: sold grams through variants, stock, contracts, presale, calls, quality."""

import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fulfillment.purchasing.planning import calls, quality, queries, reading, service
from fulfillment.purchasing.planning.models import FarmerCall, Forecast, ForecastWeek, ProductForecast
from fulfillment.purchasing.planning.rules import monday
from kernel.db import Database
from kernel.outbox import Job
from shop.catalog.models import Variant
from shop.orders.models import Order, OrderLine
from tests.purchasing.world import TODAY, WEIGHER, make_contract, make_goods, make_quote, weigh_in, weighed
from tests.world import NOW

ZONE = ZoneInfo("Asia/Shanghai")


def sell(session: Session, bag: Variant, week: int, bags: int, *, state: str = "paid", channel: str = "own") -> None:
    """One order, paid on the Wednesday ``week`` weeks ago."""
    day = monday(TODAY) - timedelta(weeks=week) + timedelta(days=2)
    at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    order_id, total = uuid4(), bags * 1_000
    blank = dict.fromkeys(("buyer_name", "phone", "province", "city", "district", "street", "detail"), "x")
    facts = {"goods_fen": total, "shipping_fen": 0, "total_fen": total, "state": state, "channel": channel}
    times = {"created_at": at, "paid_at": at, "ship_by": at + timedelta(days=2)}
    session.execute(insert(Order).values(id=order_id, number=str(order_id), **blank, **facts, **times))
    words = {"sku": bag.sku, "title": "x", "spec": "x"}
    line = {"unit_price_fen": 1_000, "line_total_fen": total, "quantity": bags, "position": 1}
    session.execute(insert(OrderLine).values(order_id=order_id, variant_id=bag.id, **line, **words))


def planted(session: Session, weeks: int, bags: int = 40) -> tuple[Variant, Variant]:
    bag, raw = make_goods(session)
    chance = random.Random(7)
    for week in range(1, weeks + 1):
        sell(session, bag, week, bags + chance.randint(-5, 5))
    return bag, raw


def make_now(database: Database) -> None:
    service.make_nightly(database, ZONE, NOW)


def test_grams_are_sold_by_week_through_bags(session):
    bag, _ = make_goods(session)
    sell(session, bag, 3, 4)
    sell(session, bag, 1, 2, channel="douyin")
    sell(session, bag, 1, 9, state="refunded")
    sell(session, bag, 0, 9)
    sold = reading.sold_by_week(session, TODAY, ZONE)[bag.product_id]
    assert sold.first == monday(TODAY) - timedelta(weeks=3)
    assert sold.grams == [1_000, 0, 500]
    assert sold.ways == {"shop": [1_000, 0, 0], "channel": [0, 0, 500]}


def test_a_forecast_is_made_once_a_night_and_kept_with_what_it_was_made_from(database):
    with database.transaction() as session:
        _, raw = planted(session, 10)
        make_contract(session, raw=raw)
    make_now(database)
    make_now(database)
    with database.transaction() as session:
        assert session.scalars(select(Forecast)).one().made_at == NOW
        made = session.scalars(select(ProductForecast)).one()
        assert (made.method, len(made.sold_g), made.ways_g) == ("recent", 10, {"shop": sum(made.sold_g)})
        weeks = session.scalars(select(ForecastWeek).order_by(ForecastWeek.week)).all()
        assert len(weeks) == 12
        assert weeks[0].week == monday(TODAY)
        assert 0 < weeks[0].low_g <= weeks[0].mid_g <= weeks[0].high_g


def test_asked_for_twice_it_is_made_once_and_begun_again_it_goes_on(database):
    with database.transaction() as session:
        planted(session, 8)
        planted(session, 8)
        first = service.ask_for_forecast(session, now=NOW, zone=ZONE, by=WEIGHER)
        assert service.ask_for_forecast(session, now=NOW, zone=ZONE, by=WEIGHER) == first
        assert len(session.scalars(select(Job).where(Job.kind == service.JOB)).all()) == 1
        product = session.scalars(select(Variant.product_id).limit(1)).one()
        facts = {"method": "none", "sold_g": [], "ways_g": {}}
        session.add(ProductForecast(forecast_id=first, product_id=product, **facts))
    service.make_forecast(database, first, ZONE, NOW)
    service.make_forecast(database, first, ZONE, NOW + timedelta(hours=1))
    with database.transaction() as session:
        forecast = session.get_one(Forecast, first)
        assert (forecast.total, forecast.done, forecast.made_at) == (2, 2, NOW)
        kept = session.get_one(ProductForecast, (first, product))
        assert kept.method == "none", "what was worked out before stays"


def test_the_database_refuses_ranges_out_of_order(session):
    bag, _ = make_goods(session)
    number = service.ask_for_forecast(session, now=NOW, zone=ZONE, by=WEIGHER)
    row = {"forecast_id": number, "product_id": bag.product_id, "week": TODAY, "mid_g": 5, "high_g": 9}
    session.execute(insert(ForecastWeek).values(**row, low_g=4))
    with pytest.raises(DBAPIError, match="range_in_order"):
        session.execute(insert(ForecastWeek).values(**row | {"week": TODAY + timedelta(days=7)}, low_g=6))


def test_the_plan_says_what_runs_short_and_presale_stays_within_the_contract(database):
    with database.transaction() as session:
        bag, raw = planted(session, 10)
        contract = make_contract(session, raw=raw, agreed_g=30_000)
        make_quote(session, contract)
        weigh_in(session, weighed(contract, gross_g=11_200))
    make_now(database)
    with database.transaction() as session:
        plan = queries.read_plan(session, TODAY)
        product = plan.products[0]
        assert product.stock.raw_g == 10_000
        assert product.rest_g == 20_000
        assert product.outlook.kind == "likely"
        assert 0 < product.presale_g <= product.promised_low_g <= product.rest_g
        advice = queries.presale_advice(session, bag.id, TODAY)
        assert advice.bags == product.presale_g // 250
        assert queries.presale_advice(session, raw.id, TODAY).bags == 0


def test_a_new_workshop_has_an_empty_plan(session):
    plan = queries.read_plan(session, TODAY)
    assert (plan.forecast, plan.running, list(plan.products)) == (None, None, [])
    bag, _ = make_goods(session)
    assert queries.presale_advice(session, bag.id, TODAY) is None


def test_a_farmer_who_was_called_is_left_in_peace_for_some_days(session):
    contract = make_contract(
        session, season_start=TODAY - timedelta(days=60), season_end=TODAY + timedelta(days=60), agreed_g=100_000
    )
    line = calls.to_call(session, TODAY)[0]
    assert (line.farmer.id, line.reason.kind) == (contract.farmer_id, "behind")
    facts = {"key": "call-0001", "today": TODAY, "now": NOW, "by": WEIGHER}
    first = service.note_call(session, contract.farmer_id, "will_bring", "周四送 20 公斤", **facts)
    assert service.note_call(session, contract.farmer_id, "will_bring", "周四送 20 公斤", **facts).id == first.id
    assert calls.to_call(session, TODAY) == []
    assert calls.called_lately(session, TODAY)[0][0].words == "周四送 20 公斤"
    later = TODAY + timedelta(days=7)
    assert calls.to_call(session, later)[0].last.id == first.id
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text("UPDATE farmer_calls SET words = ''"))


def test_calls_are_not_for_farmers_who_are_not_there(session):
    with pytest.raises(Exception, match="no such farmer"):
        service.note_call(session, 404, "other", "", key="call-404", today=TODAY, now=NOW, by=WEIGHER)
    assert session.scalars(select(FarmerCall)).all() == []


def test_quality_is_weighed_by_month(session):
    contract = make_contract(session)
    make_quote(session, contract)
    weigh_in(session, weighed(contract, moisture_bps=1_500, foreign_bps=200))
    weigh_in(session, weighed(contract, gross_g=22_450, grade="二级"))
    (product,) = quality.quality_of(session, contract.farmer_id, TODAY)
    (month,) = product.months
    assert (month.deliveries, month.net_g, month.best_grade_bps) == (2, 63_750, 6_667)
    assert (month.over_bps, month.foreign_bps) == (133, 133)
    assert product.advice == "drier"
    assert quality.quality_of(session, contract.farmer_id + 1, TODAY) == []
