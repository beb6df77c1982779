"""Work whose news came on a later day is marked on the pay run, more so where the law pays more for that day."""

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from fulfillment.bench import late_pay
from fulfillment.bench.late_pay import LatePay
from fulfillment.piecework.minimum import service as minimum
from fulfillment.piecework.minimum.models import PayFacts
from fulfillment.piecework.minimum.rules import HOLIDAY
from fulfillment.piecework.pay import queries
from fulfillment.piecework.pay import service as pay
from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.people.rules import LEAD
from tests import routes as ways
from tests.bench.conftest import Tablet
from tests.bench.devices import Device
from tests.packing.world import ZONE, id_of
from tests.piecework.world import make_owner

A_DAY = timedelta(days=1)
WORK_DAY = date(2026, 11, 24)


@pytest.fixture
def device(tablet: Tablet, pile: None) -> Device:
    """A device with three parcels in hand since a Tuesday evening, taken just now."""
    device = Device(tablet.app, tablet.person, tablet.now)
    assert len(tablet.get_work()) == 3
    return device


def employ(tablet: Tablet) -> None:
    facts = PayFacts(
        person_id=id_of(tablet.person),
        is_employee=True,
        method="cash",
        bank="",
        account_holder="",
        account_number="",
    )
    with tablet.database.transaction() as session:
        minimum.set_facts(session, facts, now=tablet.now, by=SYSTEM)


def open_run(tablet: Tablet) -> int:
    with tablet.database.transaction() as session:
        by = make_owner(session)
        run = pay.open_run(session, first_day=date(2026, 11, 1), last_day=date(2026, 11, 30), now=tablet.now, by=by)
        return run.id


def late(tablet: Tablet, run_id: int) -> LatePay | None:
    with tablet.database.transaction() as session:
        run = session.get_one(pay.PayRun, run_id)
        people = queries.review(session, run, now=tablet.now, zone=ZONE)
        return late_pay.late_of(session, people, run, ZONE).get(id_of(tablet.person))


def look(tablet: Tablet, database: Database, run_id: int) -> tuple[FlaskClient, str]:
    lead = ways.sign_in(tablet.app, database, ways.person_with(database, LEAD))
    return lead, lead.get(f"/bench/lead/pay/{run_id}").text


def test_only_what_came_on_a_later_day_is_marked_and_counted(
    tablet: Tablet, device: Device, database: Database
) -> None:
    first, second, third = [task.id for task in tablet.in_hand()]
    tablet.wait(hours=3)
    assert device.send(device.done(first, ago=timedelta(hours=2))) == ["done"]
    run = open_run(tablet)
    assert late(tablet, run) is None, "late on the same day: nothing of that day was looked at yet"
    assert "消息来晚" not in look(tablet, database, run)[1]
    tablet.wait(hours=21)
    assert device.send(*(device.done(task, ago=A_DAY - timedelta(hours=1)) for task in (second, third))) == ["done"] * 2
    assert late(tablet, run) == LatePay(2, 0, WORK_DAY, WORK_DAY)
    lead, page = look(tablet, database, run)
    assert "消息来晚的活 2 件（2026-11-24）" in page
    assert "badge-live" not in page
    assert "2 parcels came in late (2026-11-24)" in lead.get(f"/bench/lead/pay/{run}?lang=en").text


def test_late_work_of_an_employees_holiday_is_marked_as_worse(
    tablet: Tablet, device: Device, database: Database
) -> None:
    with database.transaction() as session:
        minimum.set_day(session, day=WORK_DAY, kind=HOLIDAY, name="示例节", now=tablet.now, by=SYSTEM)
    (task, *_) = [task.id for task in tablet.in_hand()]
    tablet.wait(days=1)
    assert device.send(device.done(task, ago=A_DAY - timedelta(hours=1))) == ["done"]
    run = open_run(tablet)
    assert late(tablet, run) == LatePay(1, 0, WORK_DAY, WORK_DAY), "the law adds to a holiday for employees only"
    employ(tablet)
    assert late(tablet, run) == LatePay(1, 1, WORK_DAY, WORK_DAY)
    page = look(tablet, database, run)[1]
    assert "badge-live" in page
    assert "其中 1 件是休息日或节假日做的，加的钱可能不对，请核对" in page


def test_a_day_off_is_what_the_terms_say_and_what_was_undone_counts_no_more(tablet: Tablet, device: Device) -> None:
    employ(tablet)
    with tablet.database.transaction() as session:
        tuesday = "2"
        minimum.set_terms(
            session, period="day", tier=3, rest_weekdays=tuesday, valid_from=WORK_DAY, now=tablet.now, by=SYSTEM
        )
    tasks = [task.id for task in tablet.in_hand()]
    tablet.wait(days=1)
    kept = device.done(tasks[0], ago=A_DAY - timedelta(minutes=30))
    undone = device.done(tasks[1], ago=A_DAY - timedelta(minutes=40))
    assert device.send(kept, undone, device.undo(undone, ago=A_DAY - timedelta(minutes=40))) == ["done"] * 3
    assert late(tablet, open_run(tablet)) == LatePay(1, 1, WORK_DAY, WORK_DAY)
