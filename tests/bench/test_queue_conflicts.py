"""What comes late, when the world has moved on: cancelled, taken back, given to another, or scanned wrongly."""

from datetime import timedelta

from sqlalchemy import text

from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.packing.states import PACKED, STOPPED, TAKEN, WAITING
from kernel.audit import SYSTEM
from tests.bench.conftest import Tablet
from tests.bench.devices import Device
from tests.bench.late_work import earned_at, take_back, task_of
from tests.packing.world import RATE_FEN
from tests.world import NOW


def cancel(tablet: Tablet, task_id: int) -> None:
    """The order is cancelled, now."""
    with tablet.database.transaction() as session:
        order_id = session.get_one(PackingTask, task_id).parcel.order_id
        packing.stop_tasks_of_order(session, order_id, now=tablet.now, by=SYSTEM, reason="buyer cancelled")


def test_packed_before_the_order_was_cancelled_is_paid_and_put_aside(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    tablet.wait(minutes=30)
    cancel(tablet, batch[0])
    tablet.wait(minutes=30)
    assert device.send(device.done(batch[0], ago=timedelta(minutes=45))) == ["done paid_not_sent"]
    assert tablet.wages() == [RATE_FEN]
    assert task_of(tablet, batch[0]).state == STOPPED
    assert device.send(device.done(batch[0])) == ["already"]
    assert tablet.wages() == [RATE_FEN]


def test_packed_after_the_order_was_cancelled_is_told_to_put_it_back(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    tablet.wait(minutes=10)
    cancel(tablet, batch[0])
    tablet.wait(minutes=50)
    answer = device.post({"actions": [device.done(batch[0], ago=timedelta(minutes=45))]}).json
    assert answer is not None
    assert answer["results"][0]["code"] == "cancelled"
    assert "放回去" in answer["results"][0]["say"]["zh"]
    assert answer["put_back"] == [batch[0]]
    assert tablet.wages() == []
    assert device.send(device.action("put_back", task=batch[0])) == ["done"]
    assert task_of(tablet, batch[0]).put_back_at is not None


def test_taken_back_by_the_lead_after_it_was_packed_is_paid_once(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    tablet.wait(minutes=30)
    take_back(tablet, batch[0])
    tablet.wait(minutes=30)
    done = device.done(batch[0], ago=timedelta(minutes=45))
    assert device.send(done) == ["done"]
    assert device.send(done) == ["done"]
    assert tablet.wages() == [RATE_FEN]
    task = task_of(tablet, batch[0])
    assert (task.state, task.packer_id, task.rate_fen) == (PACKED, tablet.person.person_id, RATE_FEN)
    assert earned_at(tablet) == [NOW + timedelta(minutes=15)]


def hand_to(tablet: Tablet, other: Tablet, task_id: int) -> None:
    """The lead takes the task back, and somebody else takes it."""
    take_back(tablet, task_id)
    other.now = tablet.now
    assert task_id in [task.id for task in other.get_work()]


def test_finished_before_it_was_given_to_another_is_hers_and_his_press_is_told(
    tablet: Tablet, other: Tablet, device: Device, batch: list[int]
) -> None:
    tablet.wait(minutes=30)
    hand_to(tablet, other, batch[0])
    his = Device(other.app, other.person, other.now)
    tablet.wait(minutes=5)
    assert device.send(device.done(batch[0], ago=timedelta(minutes=20))) == ["done"]
    assert his.send(his.done(batch[0])) == ["refused other_packed_it"]
    assert (tablet.wages(), other.wages()) == ([RATE_FEN], [])


def test_finished_after_it_was_given_to_another_is_his(
    tablet: Tablet, other: Tablet, device: Device, batch: list[int]
) -> None:
    tablet.wait(minutes=30)
    hand_to(tablet, other, batch[0])
    his = Device(other.app, other.person, other.now)
    tablet.wait(minutes=30)
    assert device.send(device.done(batch[0], ago=timedelta(minutes=10))) == ["refused other_has_it"]
    assert his.send(his.done(batch[0])) == ["done"]
    assert device.send(device.done(batch[0], ago=timedelta(minutes=50))) == ["refused other_packed_it"]
    assert (tablet.wages(), other.wages()) == ([], [RATE_FEN])


def test_work_given_back_late_goes_to_the_lead_unless_it_was_taken_anew(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    assert device.send(device.action("give_back", task=batch[0], reason="short")) == ["done"]
    task = task_of(tablet, batch[0])
    assert (task.state, task.trouble) == (WAITING, "short")
    assert device.send(device.action("give_back", task=batch[0], reason="short")) == ["already"]
    tablet.wait(hours=1)
    take_back(tablet, batch[1])
    take_back(tablet, batch[2])
    anew = tablet.get_work()[0].id
    assert device.send(device.action("give_back", task=anew, reason="spoiled", ago=timedelta(minutes=50))) == [
        "already"
    ]
    assert task_of(tablet, anew).state == TAKEN


# ---- scans ----


def test_a_scan_kept_on_the_device_marks_its_parcel_done(tablet: Tablet, device: Device, batch: list[int]) -> None:
    number = tablet.number_of(task_of(tablet, batch[0]))
    assert device.send(device.action("scan", code=number, card=batch[0])) == ["done"]
    assert device.send(device.action("scan", code=f" {number.lower()} ", card=batch[1])) == ["already"]
    assert device.send(device.action("scan", code="NOBODY0001", card=batch[1])) == ["refused unknown_parcel"]
    assert tablet.wages() == [RATE_FEN]


def test_a_scan_of_other_goods_than_the_card_shows_counts_nothing(tablet: Tablet, device: Device) -> None:
    with tablet.database.transaction() as session:
        session.execute(text("UPDATE packing_tasks SET mix = mix || id"))
    first, second, _ = [task.id for task in tablet.get_work()]
    number = tablet.number_of(task_of(tablet, second))
    assert device.send(device.action("scan", code=number, card=first)) == ["refused other_goods"]
    assert device.send(device.action("scan", code=number, card=second)) == ["done"]


def test_a_scan_of_somebody_elses_parcel_counts_nothing(
    tablet: Tablet, other: Tablet, device: Device, batch: list[int]
) -> None:
    stranger = Device(other.app, other.person, other.now)
    number = tablet.number_of(task_of(tablet, batch[0]))
    assert stranger.send(stranger.action("scan", code=number, card=batch[0])) == ["refused not_in_your_hands"]
    assert stranger.send(stranger.done(batch[0])) == ["refused not_in_your_hands"]
    assert stranger.send(stranger.action("give_back", task=batch[0], reason="short")) == ["refused not_in_your_hands"]
    assert stranger.send(stranger.action("put_back", task=batch[0])) == ["refused not_found"]
    assert (other.wages(), task_of(tablet, batch[0]).state) == ([], TAKEN)
