"""The worker's lane for couriers, the figures that tell of them, and the owner's list of decisions."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.console import decisions
from app.jobs import COURIERS, HANDLERS, Tools, tools_for
from app.web.figures import Figures
from app.worker import BESIDES, LABELLING, PLANNING, QUICK, SLOWLY, TRACKING, Worker
from config import Settings
from fulfillment.couriers.cases import service as cases
from fulfillment.couriers.tracking import steps
from kernel.db import Database
from tests.couriers.world import House
from tests.lead.world import parcel_of


def tools(town: House, settings: Settings) -> Tools:
    """What the worker has, with a courier on loopback."""
    return replace(tools_for(settings), couriers=town.desk)


def test_couriers_have_a_lane_of_their_own(town: House, settings: Settings) -> None:
    worker = Worker(town.database, tools(town, settings), lambda: town.now)
    number = town.parcel()
    town.ask(number)
    assert worker.run_once(QUICK) == worker.run_once(SLOWLY) == 0
    assert worker.run_once(LABELLING) == 1
    assert town.waybill(number).state == "issued"
    for lane in (SLOWLY, PLANNING):
        assert not set(COURIERS) & set(lane.only or ())
    assert set(COURIERS) <= set(QUICK.but)


def test_the_worker_s_round_plans_the_next_one_and_asks_what_is_due(town: House, settings: Settings) -> None:
    worker = Worker(town.database, tools(town, settings), lambda: town.now)
    number = town.packed()
    town.ask(number)
    town.work()
    given = town.waybill(number).number
    assert given is not None
    town.hand_over(number, given)
    town.depot.move(given, "moving", at=town.now.timestamp())
    town.track(timedelta(0))
    for _ in range(2):
        town.now += timedelta(hours=2)
        assert worker.run_once(TRACKING) == 1
    assert town.state(number) == "moving"


def test_a_label_never_waits_behind_a_round_of_tracking(town: House, settings: Settings) -> None:
    asked = town.parcel()
    under_way = town.packed()
    town.ask(under_way)
    town.work()
    given = town.waybill(under_way).number
    assert given is not None
    town.hand_over(under_way, given)
    town.track(timedelta(0))
    town.now += timedelta(hours=2)
    done: list[str] = []
    worker = Worker(town.database, tools(town, settings), lambda: town.now)

    def ask_slowly(database: Database, _: Tools, __: dict[str, Any], ___: datetime) -> None:
        # While the courier has not answered yet, somebody wants a label.
        town.ask(asked)
        assert worker.run_once(TRACKING) == 0
        assert worker.run_once(LABELLING) == 1
        done.append(town.waybill(asked).state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(HANDLERS, steps.JOB, ask_slowly)
        assert worker.run_once(TRACKING) == 1
    assert done == ["issued"]


def test_every_kind_of_job_has_exactly_one_lane() -> None:
    named = [kind for lane in BESIDES.values() for kind in lane.only or ()]
    assert len(named) == len(set(named))
    assert set(named) == set(QUICK.but)
    assert set(named) < set(HANDLERS)


def test_a_courier_that_is_away_is_tried_again_by_the_worker(town: House, settings: Settings) -> None:
    worker = Worker(town.database, tools(town, settings), lambda: town.now)
    number = town.parcel()
    town.ask(number)
    town.depot.levers.html = 1
    assert worker.run_once(LABELLING) == 1
    assert town.waybill(number).state == "asked"
    town.now += timedelta(minutes=1)
    assert worker.run_once(LABELLING) == 1
    assert town.waybill(number).state == "issued"


def test_figures_and_decisions_tell_of_couriers(town: House) -> None:
    number = town.packed()
    town.ask(number)
    with town.database.transaction() as session:
        cases.open_case(session, parcel_of(session, number).id, "stuck", now=town.now)
        waiting = decisions.waiting(session, town.now)
    assert [decision.href for decision in waiting if "快递" in decision.what.zh] == ["/bench/lead/courier-cases"]
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for family in Figures(town.database, town.now).collect()
        for sample in family.samples
    }
    assert told["gongfang_waybills", "asked"] == 1
    assert told["gongfang_courier_cases", "stuck"] == 1
    assert told[("gongfang_tracking_failing",)] == 0
