"""The screens beside recounts over random days of selling, packing, buying from growers and paying them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.console import board, home_queries, sheet_checks
from app.console.home_queries import DayFigures
from app.console.prosperity import figures as prosperity_figures
from app.console.prosperity.figures import prosperity_of
from app.console.prosperity.rules import Prosperity
from app.console.reports import stream_costs
from app.console.reports.stream_costs import StreamCosts, costs_of
from app.console.sheet_checks import look_at
from fulfillment.crew.queries import worked_seconds_by_person
from fulfillment.packing import queries as packing
from fulfillment.packing.queries import backlog
from fulfillment.purchasing.settlements.queries import OwedInAll, owed_by_farmer
from kernel.clock import local_day
from kernel.db import Database
from shop.orders.rules import ship_by
from shop.streams.models import Stream
from tests.console_streams.test_figures import counted
from tests.console_streams.village import ZONE, Village
from tests.console_streams.village_recounts import Board, Logs, can_be_sold, costs_again, shown, the_board, the_day
from tests.planting import plant
from tests.prosperity.test_figures import close, period_of, recount, told

FEE_BPS = 340
ACTS = (
    *("place", "place", "pay", "pay", "join", "expire", "late", "cancel", "refund", "refund_part", "ship"),
    *("regular", "target", "show", "next_day", "take", "take", "pack", "pack", "pack", "give_back"),
    *("come", "come", "rest", "go", "choose", "choose", "mix", "fill", "fill"),
    *("bring", "bring", "bring", "take_back", "write", "settle", "settle", "came_back"),
)
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5), st.integers(1, 4)), max_size=45)


@dataclass
class Seen:
    """What the screens said at the end."""

    day: DayFigures
    board: Board
    costs: StreamCosts
    report: Prosperity


def live_through(database: Database, steps: list[tuple[str, int, int]]) -> Seen:
    """Live the steps, then compare what the screens say with the recounts; nothing stays."""
    with database.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        village = Village(session)
        for name, which, number in steps:
            village.live(name, which, number)
        session.flush()
        seen = compare(Logs(session), village)
        session.rollback()
    return seen


def compare(logs: Logs, village: Village) -> Seen:
    session, now = logs.session, village.now
    stream = session.get_one(Stream, village.evening.stream_id)
    seen = Seen(
        day=home_queries.day_figures(session, now, ZONE),
        board=shown(counted(session, village)),
        costs=costs_of(session, stream.id, now, FEE_BPS),
        report=prosperity_of(session, "工坊", period_of(village.today), now, ZONE),
    )
    assert seen.day == the_day(logs, now)
    assert seen.board == the_board(logs, village)
    assert seen.costs == costs_again(logs, village, FEE_BPS)
    look = look_at(session, stream, board.offers_of(session, stream, now), now, ZONE)
    assert (look.sellable, look.packable) == can_be_sold(logs, village)
    year = period_of(village.today, "%Y")
    for report in (seen.report, prosperity_of(session, "工坊", year, now, ZONE)):
        assert close(told(report), recount(session, report.period, now))
    hours = home_queries.hours_of_day(session, now, ZONE)
    assert (sum(hour.ordered for hour in hours), sum(hour.paid for hour in hours)) == (seen.day.ordered, seen.day.paid)
    assert sum(each.total_fen for each in owed_by_farmer(session)) == seen.day.farmers_fen
    return seen


# Two days with some of everything, so that a run in which nothing happens cannot pass for a good one.
TWO_DAYS: list[tuple[str, int, int]] = [
    ("regular", 0, 1),
    ("regular", 1, 2),
    ("regular", 2, 1),
    ("target", 0, 3),
    ("show", 1, 1),
    ("place", 0, 2),
    ("place", 1, 1),
    ("pay", 0, 1),
    ("pay", 0, 1),
    ("place", 4, 1),
    ("pay", 0, 1),
    ("come", 0, 1),
    ("come", 1, 1),
    ("bring", 0, 4),
    ("bring", 1, 3),
    ("settle", 1, 2),
    ("bring", 1, 1),
    ("bring", 0, 1),
    ("mix", 0, 1),
    ("fill", 1, 1),
    ("fill", 2, 3),
    ("choose", 0, 1),
    ("choose", 1, 4),
    ("choose", 4, 4),
    ("choose", 2, 3),
    ("take", 0, 1),
    ("pack", 0, 1),
    ("rest", 0, 1),
    ("go", 1, 1),
    ("next_day", 0, 4),
    ("next_day", 0, 4),
    ("next_day", 0, 3),
    ("place", 0, 1),
    ("place", 1, 2),
    ("place", 1, 1),
    ("pay", 0, 1),
    ("pay", 0, 1),
    ("expire", 0, 4),
    ("refund_part", 1, 1),
    ("take", 0, 1),
    ("pack", 0, 1),
    ("take", 1, 1),
    ("pack", 1, 4),
    ("bring", 0, 2),
    ("bring", 0, 2),
    ("take_back", 5, 1),
    ("settle", 1, 2),
    ("came_back", 1, 1),
    ("settle", 0, 1),
    ("write", 0, 1),
    ("write", 4, 1),
]

# Nothing was packed yet: what can be sold is what is free.
BEFORE_THE_BENCH_BEGINS = [("place", 0, 2)]


def test_two_full_days_are_counted_as_the_logs_say(database: Database) -> None:
    seen = live_through(database, TWO_DAYS)
    day, costs = seen.day, seen.costs
    assert 0 < day.paid < day.ordered
    assert 0 < day.refunded_fen < day.paid_fen < day.ordered_fen
    assert (day.packers, day.packers_fen) == (1, 80), "what was taken back within seconds earned nobody anything"
    assert 0 < day.late < day.to_pack
    assert 0 < day.farmers_due_fen < day.farmers_fen
    assert seen.board.returning == 3
    assert seen.board.target_percent
    assert seen.board.contract_left_g < seen.board.contract_agreed_g == 100_000
    assert 0 < costs.premium_fen < costs.goods_fen
    assert min(costs.followed, costs.usual, costs.unknown, costs.boxes_unknown) > 0
    assert min(costs.wages_fen, costs.postage_fen, costs.fees_fen or 0) > 0
    people, growers = seen.report.people, seen.report.growers
    assert people.people >= people.timed_people > 0
    assert people.timed_s > 0
    assert growers.growers == 2
    assert 0 < growers.on_time < growers.due
    assert growers.kept == growers.deliveries
    assert growers.handed_out_fen > 0


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_days_are_counted_as_the_logs_say(database: Database, steps: list[tuple[str, int, int]]) -> None:
    live_through(database, steps)


def as_of_long_ago(of_day: Callable[[Session, date], OwedInAll]) -> Callable[[Session, date], OwedInAll]:
    return lambda session, day: of_day(session, day - timedelta(days=40))


def of_all_days(earned_between: Callable[..., list[int]]) -> Callable[..., list[int]]:
    return lambda session, start, end: earned_between(session, start - timedelta(days=40), end)


CONTROLS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "wages of other days": lambda monkeypatch: monkeypatch.setattr(
        home_queries, "_earned", of_all_days(home_queries._earned)
    ),
    "what is due is not due yet": lambda monkeypatch: monkeypatch.setattr(
        home_queries, "owed_in_all", as_of_long_ago(home_queries.owed_in_all)
    ),
    "a parcel is late as soon as it is due some day": lambda monkeypatch: monkeypatch.setattr(
        packing, "backlog", lambda session, now: backlog(session, now + timedelta(days=9))
    ),
    "who bought this evening has bought before": lambda monkeypatch: plant(
        monkeypatch, board, "_RETURNING", "b.paid_at < :start", "b.paid_at IS NOT NULL"
    ),
    "whoever gets a present is the buyer": lambda monkeypatch: plant(
        monkeypatch, board, "_RETURNING", "COALESCE(giver_phone, phone) AS buyer", "phone AS buyer"
    ),
    "fresh goods are promised like dried ones": lambda monkeypatch: monkeypatch.setattr(
        board, "ship_by", lambda now, has_fresh: ship_by(now, has_fresh=False)
    ),
    "what is held can be sold once more": lambda monkeypatch: plant(
        monkeypatch, board, "_OFFERS", "COALESCE(l.on_hand - l.held, 0) AS free", "COALESCE(l.on_hand, 0) AS free"
    ),
    "the bench packed in other weeks, too": lambda monkeypatch: plant(
        monkeypatch, sheet_checks, "_PACE", "count(*) AS parcels", "count(*) + 50 AS parcels"
    ),
    "bags that nobody followed cost nothing": lambda monkeypatch: plant(
        monkeypatch, stream_costs, "_PIECES", "SELECT line.variant_id, NULL, line.quantity", "SELECT 0, NULL, 0"
    ),
    "the courier's first bill counts": lambda monkeypatch: plant(
        monkeypatch, stream_costs, "_POSTAGE", "ORDER BY b.id DESC", "ORDER BY b.id"
    ),
    "work of a stopped parcel is not paid": lambda monkeypatch: plant(
        monkeypatch,
        stream_costs,
        "_WAGES",
        "JOIN wage_entries w ON w.task_id = task.id",
        "JOIN wage_entries w ON w.id = 0",
    ),
    "everybody worked a minute more": lambda monkeypatch: monkeypatch.setattr(
        prosperity_figures,
        "worked_seconds_by_person",
        lambda *span: {person: seconds + 60 for person, seconds in worked_seconds_by_person(*span).items()},
    ),
    "what is due is paid in time": lambda monkeypatch: plant(
        monkeypatch, prosperity_figures, "_DUE", "<= p.due_on\n", "<= p.due_on + 400\n"
    ),
    "a contract that is over runs on": lambda monkeypatch: monkeypatch.setattr(
        board, "local_day", lambda now, zone: local_day(now - timedelta(days=2), zone)
    ),
}


@pytest.mark.parametrize("control", CONTROLS)
def test_the_recount_notices_a_figure_that_is_wrong(
    database: Database, monkeypatch: pytest.MonkeyPatch, control: str
) -> None:
    CONTROLS[control](monkeypatch)
    steps = BEFORE_THE_BENCH_BEGINS if control == "what is held can be sold once more" else TWO_DAYS
    with pytest.raises(AssertionError):
        live_through(database, steps)
