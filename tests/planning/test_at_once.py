"""Two presses at one instant: forecasts, calls and files of past sales are each written once, by the word of the database."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.planning import past, service
from fulfillment.purchasing.planning.models import FarmerCall, Forecast, PastSale
from kernel.audit import SYSTEM, AuditEntry
from kernel.db import Database
from kernel.outbox import Job
from tests.packing.races import (
    BY_KEY,
    PATIENCE_S,
    REPLACING,
    all_at_once,
    all_look_first,
    drop,
    right_before,
    told_at_once,
    without,
)
from tests.purchasing.world import TODAY, make_farmer, make_goods
from tests.world import NOW

ZONE = ZoneInfo("Asia/Shanghai")
HANDS = 4


def committing_together(act: Callable[[Session], Any]) -> Callable[[Session], Any]:
    """Nobody commits before all have their answer: so each knows of its own row alone."""
    everybody = Barrier(HANDS)

    def run(session: Session) -> Any:
        answer = act(session)
        everybody.wait(PATIENCE_S)
        return answer

    return run


def counted(database: Database, table: type[object]) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def ask(session: Session) -> int:
    return service.ask_for_forecast(session, now=NOW, zone=ZONE, by=SYSTEM)


def test_a_forecast_asked_for_by_many_is_made_once(database: Database) -> None:
    assert len(set(all_at_once(database, *[ask] * HANDS))) == 1
    assert (counted(database, Forecast), counted(database, Job)) == (1, 1)


def test_where_nobody_steps_back_its_key_alone_lets_one_in(database: Database) -> None:
    with without(database, BY_KEY), all_look_first(database, "INSERT INTO forecasts", hands=HANDS):
        got = told_at_once(database, *[ask] * HANDS)
    assert sum("uq_forecasts_key" in one for one in got) == HANDS - 1, got
    assert (counted(database, Forecast), counted(database, Job)) == (1, 1)


def test_without_its_key_it_is_made_as_often_as_it_is_asked_for(database: Database) -> None:
    """The control: the same race with the guard out."""
    drop(database, "forecasts uq_forecasts_key")
    with without(database, BY_KEY):
        answers = all_at_once(database, *[committing_together(ask)] * HANDS)
    assert len(set(answers)) == HANDS
    assert (counted(database, Forecast), counted(database, Job)) == (HANDS, HANDS)


@pytest.fixture
def call(database: Database) -> Callable[[Session], int]:
    with database.transaction() as session:
        farmer_id = make_farmer(session).id

    def note(session: Session) -> int:
        noted = service.note_call(
            session, farmer_id, "will_bring", "周三送", key="a-form", today=TODAY, now=NOW, by=SYSTEM
        )
        return noted.id

    return note


def test_a_call_noted_twice_at_one_instant_is_one_call(database: Database, call: Callable[[Session], int]) -> None:
    assert len(set(all_at_once(database, *[call] * HANDS))) == 1
    assert counted(database, FarmerCall) == 1
    with database.transaction() as session:
        noted = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "farmer.called")
        assert session.scalar(noted) == 1


@pytest.mark.parametrize("is_key_left", [True, False])
def test_where_nobody_steps_back_the_key_alone_notes_one_call_and_without_it_each_is_one(
    database: Database, call: Callable[[Session], int], is_key_left: bool
) -> None:
    with ExitStack() as taken_away:
        taken_away.enter_context(without(database, BY_KEY))
        if is_key_left:
            got = told_at_once(database, *[call] * HANDS)
            assert sum("uq_farmer_calls_key" in one for one in got) == HANDS - 1, got
        else:
            drop(database, "farmer_calls uq_farmer_calls_key")
            assert len(set(all_at_once(database, *[committing_together(call)] * HANDS))) == HANDS
    assert counted(database, FarmerCall) == (1 if is_key_left else HANDS)


# ---- past sales ----


@pytest.fixture
def files(database: Database) -> list[Callable[[Session], object]]:
    """Two files that tell other weights of the same three days."""
    with database.transaction() as session:
        number = make_goods(session)[1].product_id
    days = [TODAY - timedelta(days=back) for back in range(1, 4)]

    def send(grams: int) -> Callable[[Session], object]:
        told = {(number, day, "stream"): grams for day in days}
        return lambda session: past.take_past_sales(session, told, now=NOW, by=SYSTEM)

    return [send(1_000), send(2_000)]


@pytest.mark.parametrize(
    ("is_replaced", "is_key_left", "rows"),
    [(True, True, 3), (False, True, 3), (False, False, 6)],
    ids=["as it is", "the key is left", "nothing is left"],
)
def test_a_day_of_past_sales_has_one_weight_while_its_key_is_there(
    database: Database, files: list[Callable[[Session], object]], is_replaced: bool, is_key_left: bool, rows: int
) -> None:
    if not is_key_left:
        drop(database, "past_sales pk_past_sales")
    with ExitStack() as taken_away:
        if not is_replaced:
            taken_away.enter_context(without(database, REPLACING))
        taken_away.enter_context(all_look_first(database, "INSERT INTO past_sales"))
        got = told_at_once(database, *files)
    assert got.count("written") == (1 if is_key_left and not is_replaced else 2), got
    assert counted(database, PastSale) == rows


def test_a_day_that_seemed_the_same_is_told_again_where_another_file_came_between(
    database: Database, files: list[Callable[[Session], object]]
) -> None:
    """Whole files: of the one that is written last every day counts, also those it had found as they were."""
    light, heavy = files
    with database.transaction() as session:
        light(session)
        newest = session.scalars(select(PastSale).order_by(PastSale.day.desc())).first()
        session.delete(newest)
    with right_before(database, "INSERT INTO past_sales", heavy), database.transaction() as session:
        light(session)
    with database.transaction() as session:
        assert list(session.scalars(select(PastSale.grams))) == [1_000] * 3
