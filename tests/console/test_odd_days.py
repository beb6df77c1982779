"""Days of 23 and 25 hours, and streams over them: every order is in one hour, and the hours are those of the clock."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.console import board, board_chart, home_chart, home_queries
from kernel.clock import day_bounds
from kernel.db import Database
from shop.streams.models import Stream
from shop.streams.states import ENDED
from tests.streams.evening import make_evening, terms_of

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
_ORDER = text("""
    WITH made AS (
        INSERT INTO orders (id, number, channel, stream_id, state, buyer_name, phone, province, city, district, street, detail,
            note, email, locale, currency, goods_fen, shipping_fen, discount_fen, total_fen, refunded_fen, created_at, paid_at, ship_by)
        VALUES (gen_random_uuid(), :number, 'own', :stream, 'paid', '某', '', '浙江省', '', '', '', '', '', '', 'zh', 'cny',
            100, 0, 0, 100, 0, :at, :at, :at) RETURNING id
    )
    INSERT INTO order_lines (order_id, position, variant_id, offer_id, quantity, unit_price_fen, line_total_fen, sku, title, spec)
    SELECT id, 1, :variant, :offer, 1, 100, 100, 'x', 'x', 'x' FROM made
""")


def order_every_half_hour(session: Session, start: datetime, end: datetime) -> tuple[int, int]:
    """A stream over the whole time with an order each half hour; its id, and how many there are."""
    evening = make_evening(session, offers=1)
    offer = terms_of(session, evening.offer_ids[0])
    stream = session.get_one(Stream, evening.stream_id)
    # Of one that is over the whole time is drawn.
    stream.state, stream.started_at, stream.ended_at = ENDED, start, end
    count = 0
    while start < end:
        row = {"stream": stream.id, "offer": offer.id, "variant": offer.variant_id, "at": start}
        session.execute(_ORDER, {**row, "number": f"T{uuid4().hex[:10]}"})
        start, count = start + timedelta(minutes=30), count + 1
    return stream.id, count


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [(BERLIN, date(2026, 10, 25), 25), (BERLIN, date(2026, 3, 29), 23), (SHANGHAI, date(2026, 10, 25), 24)],
)
def test_each_order_is_in_one_hour_of_the_day(database: Database, zone: ZoneInfo, day: date, hours: int) -> None:
    start, end = day_bounds(day, zone)
    assert end - start == timedelta(hours=hours)
    last_second = end - timedelta(seconds=1)
    with database.transaction() as session:
        stream, count = order_every_half_hour(session, start, end)
    with database.transaction() as session:
        found = home_queries.hours_of_day(session, last_second, zone)
        figures = home_queries.day_figures(session, last_second, zone)
    assert [(each.ordered, each.paid) for each in found] == [(2, 2)] * hours
    assert (figures.ordered, figures.paid) == (count, count) == (2 * hours, 2 * hours)
    drawn = home_chart.draw(found, zone)
    assert drawn is not None
    assert len(drawn.bars) == hours
    with database.transaction() as session:
        seen = board.count_figures(session, stream, last_second, zone)
    assert seen is not None
    assert sum(bar.ordered for bar in seen.bars) == count
    chart = board_chart.draw(seen, zone)
    assert chart is not None
    assert chart.ordered == count


def test_the_clock_that_is_turned_back_shows_its_hour_twice(database: Database) -> None:
    start, _ = day_bounds(date(2026, 10, 25), BERLIN)
    with database.transaction() as session:
        order_every_half_hour(session, start, start + timedelta(hours=5))
    with database.transaction() as session:
        found = home_queries.hours_of_day(session, start + timedelta(hours=5) - timedelta(seconds=1), BERLIN)
    assert [f"{each.start.astimezone(BERLIN):%H}" for each in found] == ["00", "01", "02", "02", "03"]
    assert [each.start for each in found] == sorted({each.start for each in found})


def test_a_stream_over_midnight_is_one_stream_and_two_days(database: Database) -> None:
    midnight = datetime(2026, 11, 20, 16, tzinfo=UTC)
    with database.transaction() as session:
        stream, count = order_every_half_hour(session, midnight - timedelta(hours=2), midnight + timedelta(hours=1))
    with database.transaction() as session:
        figures = board.count_figures(session, stream, midnight + timedelta(hours=1), SHANGHAI)
    assert figures is not None
    assert sum(bar.ordered for bar in figures.bars) == count == 6
    days = []
    for moment in (midnight - timedelta(seconds=1), midnight + timedelta(hours=1)):
        with database.transaction() as session:
            days.append(home_queries.day_figures(session, moment, SHANGHAI).ordered)
    assert days == [4, 2]
