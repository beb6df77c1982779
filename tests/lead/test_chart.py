"""The chart of the lead's home: short hours, eight of them, the rest as one sum."""

from datetime import timedelta

from flask.testing import FlaskClient

from fulfillment.bench.lead_board import board_of
from fulfillment.bench.lead_words import said_hour
from kernel.db import Database
from kernel.text import current_locale
from tests.lead.world import Bench, order_parcel
from tests.packing.world import ZONE
from tests.world import NOW


def test_hours_of_the_chart_are_short() -> None:
    told = current_locale.set("zh")
    try:
        assert said_hour(NOW, NOW, ZONE) == "20:00"
        assert said_hour(NOW + timedelta(days=1), NOW, ZONE) == "周三 20:00"
        assert said_hour(NOW + timedelta(days=6), NOW, ZONE) == "周一 20:00"
        assert said_hour(NOW + timedelta(days=7), NOW, ZONE) == "12/1 20:00"
        assert said_hour(NOW - timedelta(days=1), NOW, ZONE) == "11/23 20:00"
        current_locale.set("en")
        assert said_hour(NOW + timedelta(days=1), NOW, ZONE) == "Wed 20:00"
    finally:
        current_locale.reset(told)


def test_the_chart_shows_what_is_late_eight_hours_and_the_rest_as_one_sum(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    for hours in (-1, *range(1, 11), 10):
        order_parcel(database, bench, due_in=timedelta(hours=hours))
    with database.transaction() as session:
        board = board_of(session, NOW, ZONE, sample_rate_bps=0)
    assert [bar.total for bar in board.bars] == [1] * 9
    assert board.bars[0].hour.starts_at is None
    assert board.later is not None
    assert (board.later.waiting, board.later.in_hand, board.later.total) == (3, 0, 3)
    assert "以后" in lead.get("/bench/lead").text


def test_without_more_than_eight_hours_there_is_no_last_row(database: Database, bench: Bench) -> None:
    order_parcel(database, bench)
    with database.transaction() as session:
        assert board_of(session, NOW, ZONE, sample_rate_bps=0).later is None
