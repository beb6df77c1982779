"""A break, or being unwell, noted on a device without a network: the shift pauses or ends at the time of then."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from fulfillment.crew.models import Shift
from fulfillment.packing.packer_service import UNWELL
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.people.rules import LEAD
from tests import routes as ways
from tests.bench.conftest import Tablet
from tests.bench.devices import Device
from tests.packing.world import id_of

AGO = timedelta(minutes=20)


@pytest.fixture
def device(tablet: Tablet, pile: None) -> Device:
    return Device(tablet.app, tablet.person, tablet.now)


@pytest.fixture
def batch(tablet: Tablet, device: Device) -> list[int]:
    """Work in hand, half an hour ago."""
    tasks = [task.id for task in tablet.get_work()]
    tablet.wait(minutes=30)
    return tasks


def stop(device: Device, batch: list[int], reason: str, ago: timedelta = AGO) -> list[str]:
    return device.send(*(device.action("give_back", task=task, reason=reason, ago=ago) for task in batch))


def shift_of(tablet: Tablet) -> tuple[Shift, list[tuple[object, object]]]:
    """The last shift, and its breaks."""
    with tablet.database.transaction() as session:
        mine = select(Shift).where(Shift.person_id == id_of(tablet.person)).order_by(Shift.id.desc())
        shift = session.scalars(mine).first()
        assert shift is not None
        return shift, [(rest.began_at, rest.ended_at) for rest in shift.breaks]


def test_a_break_begins_once_and_at_the_time_of_then(tablet: Tablet, device: Device, batch: list[int]) -> None:
    assert stop(device, batch, "break") == ["done"] * len(batch)
    assert tablet.in_hand() == []
    shift, rests = shift_of(tablet)
    assert shift.ended_at is None
    assert rests == [(tablet.now - AGO, None)]
    assert "您在休息" in tablet.look().text


def test_no_clock_puts_a_break_before_the_work_was_taken(tablet: Tablet, device: Device, batch: list[int]) -> None:
    stop(device, batch, "break", ago=timedelta(days=3))
    assert shift_of(tablet)[1] == [(tablet.now - timedelta(minutes=30), None)]


def test_who_is_unwell_goes_home_at_the_time_of_then_and_the_lead_is_told_once(
    tablet: Tablet, device: Device, batch: list[int], database: Database
) -> None:
    assert stop(device, batch, "unwell") == ["done"] * len(batch)
    shift, _ = shift_of(tablet)
    assert (shift.ended_at, shift.ended_how) == (tablet.now - AGO, "own")
    with database.transaction() as session:
        told = session.scalars(select(AuditEntry.at).where(AuditEntry.action == UNWELL)).all()
    assert told == [tablet.now - AGO]
    lead = ways.sign_in(tablet.app, database, ways.person_with(database, LEAD))
    assert "停了手，请去看看" in lead.get("/bench/lead").text


@pytest.mark.parametrize("reason", ["break", "unwell"])
def test_old_news_does_not_stop_who_took_work_since(
    tablet: Tablet, device: Device, batch: list[int], reason: str
) -> None:
    tablet.press("/bench/wrong/break")
    tablet.wait(minutes=5)
    assert tablet.get_work()
    tablet.wait(minutes=10)
    stop(device, batch, reason, ago=timedelta(minutes=12))
    shift, rests = shift_of(tablet)
    assert shift.ended_at is None
    assert [ended is not None for _, ended in rests] == [True]
    assert "您在休息" not in tablet.look().text


def test_who_is_back_from_the_break_is_not_sent_into_it_again(tablet: Tablet, device: Device, batch: list[int]) -> None:
    action = device.action("give_back", task=batch[0], reason="break", ago=AGO)
    assert device.send(action) == ["done"]
    tablet.press("/bench/back")
    tablet.wait(minutes=1)
    stop(device, batch[1:], "break", ago=AGO + timedelta(minutes=1))
    assert [ended is not None for _, ended in shift_of(tablet)[1]] == [True]


def test_trouble_with_the_goods_pauses_nobody(tablet: Tablet, device: Device, batch: list[int]) -> None:
    assert stop(device, batch[:1], "short") == ["done"]
    shift, rests = shift_of(tablet)
    assert (shift.ended_at, rests) == (None, [])


# ---- with empty hands ----


def finish_all(tablet: Tablet, batch: list[int]) -> None:
    for task in batch:
        tablet.press(f"/bench/tasks/{task}/done")
    tablet.wait(minutes=30)


def rest(device: Device, reason: str) -> list[str]:
    return device.send(device.action("rest", task=None, reason=reason, ago=AGO))


def test_a_break_with_empty_hands_begins_once_and_at_the_time_of_then(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    finish_all(tablet, batch)
    assert rest(device, "break") == ["done"]
    assert rest(device, "break") == ["already"]
    assert shift_of(tablet)[1] == [(tablet.now - AGO, None)]
    assert "您在休息" in tablet.look().text


def test_who_is_unwell_with_empty_hands_goes_home_at_the_time_of_then(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    finish_all(tablet, batch)
    assert rest(device, "unwell") == ["done"]
    shift, _ = shift_of(tablet)
    assert (shift.ended_at, shift.ended_how) == (tablet.now - AGO, "own")


def test_a_break_on_a_tablet_that_knew_of_no_work_gives_back_what_is_in_hand(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    assert rest(device, "break") == ["done"]
    assert tablet.in_hand() == []


def test_a_rest_is_about_no_task_and_of_a_person(tablet: Tablet, device: Device, database: Database) -> None:
    assert rest(device, "short") == ["refused unreadable"], "goods are wrong about a task only"
    assert rest(device, "break") == ["already"], "who has not come yet only rests"
    with pytest.raises(IntegrityError, match="done_names_its_task"), database.transaction() as session:
        session.execute(
            text("INSERT INTO bench_actions SELECT (x).* FROM (SELECT jsonb_populate_record(a, :change) AS x "
                 "FROM bench_actions a LIMIT 1) y"),
            {"change": '{"key": "a-rest-that-names-no-task", "kind": "done", "state": "done"}'},
        )  # fmt: skip
