"""The worker's lane for couriers, the figures that tell of them, and the owner's list of decisions."""

from dataclasses import replace
from datetime import timedelta

from app.console import decisions
from app.jobs import COURIERS, Tools, tools_for
from app.web.figures import Figures
from app.worker import OUTSIDE, QUICK, SLOWLY, Worker
from config import Settings
from fulfillment.couriers.cases import service as cases
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
    assert worker.run_once(OUTSIDE) == 1
    assert town.waybill(number).state == "issued"
    for lane in (QUICK, SLOWLY):
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
        assert worker.run_once(OUTSIDE) == 1
    assert town.state(number) == "moving"


def test_a_courier_that_is_away_is_tried_again_by_the_worker(town: House, settings: Settings) -> None:
    worker = Worker(town.database, tools(town, settings), lambda: town.now)
    number = town.parcel()
    town.ask(number)
    town.depot.levers.html = 1
    assert worker.run_once(OUTSIDE) == 1
    assert town.waybill(number).state == "asked"
    town.now += timedelta(minutes=1)
    assert worker.run_once(OUTSIDE) == 1
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
