"""What a device sends after a gap in the network: each action once, paid as of when it was done, undone in time."""

from datetime import timedelta

from sqlalchemy import func, select, text

from fulfillment.bench.queue_forms import MOST_ACTIONS
from fulfillment.bench.queue_models import BenchAction
from fulfillment.packing import service as packing
from fulfillment.packing.states import TAKEN
from kernel.audit import SYSTEM
from kernel.clock import local_day
from tests.bench.conftest import Tablet
from tests.bench.devices import Device
from tests.bench.late_work import earned_at, take_back, task_of
from tests.packing.world import RATE_FEN, ZONE, id_of, make_rate
from tests.world import NOW

HOUR = timedelta(hours=1)


def received(tablet: Tablet) -> int:
    with tablet.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(BenchAction)) or 0


# ---- once, in order ----


def test_what_was_done_counts_once_however_often_it_is_sent(tablet: Tablet, device: Device, batch: list[int]) -> None:
    actions = [device.done(task) for task in batch]
    first = device.post({"actions": actions}).json
    again = device.post({"actions": actions}).json
    assert first is not None
    assert again is not None
    assert first["results"] == again["results"]
    assert [each["state"] for each in first["results"]] == ["done"] * 3
    assert tablet.wages() == [RATE_FEN] * 3
    assert again["today"] == {"pieces": 3, "fen": 3 * RATE_FEN}
    assert again["in_hand"] == []
    assert received(tablet) == 3


def test_another_key_for_the_same_parcel_counts_no_second_time(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    other_tablet = Device(tablet.app, tablet.person, tablet.now)
    assert device.send(device.done(batch[0])) == ["done"]
    assert other_tablet.send(other_tablet.done(batch[0])) == ["already"]
    assert tablet.wages() == [RATE_FEN]


def test_the_devices_order_counts_and_not_that_of_the_list(tablet: Tablet, device: Device, batch: list[int]) -> None:
    done = device.done(batch[0], ago=timedelta(seconds=8))
    undo = device.undo(done, ago=timedelta(seconds=2))
    again = device.done(batch[0])
    assert device.send(again, undo, done) == ["done", "done", "done"]
    assert tablet.wages() == [RATE_FEN, -RATE_FEN, RATE_FEN]


def test_an_undo_that_overtakes_its_done_waits_for_it(tablet: Tablet, device: Device, batch: list[int]) -> None:
    done = device.done(batch[0], ago=timedelta(seconds=8))
    undo = device.undo(done)
    other = device.done(batch[1])
    assert device.send(undo, other) == ["later", "later"]
    assert received(tablet) == 0
    assert device.send(done, undo, other) == ["done", "done", "done"]
    assert tablet.wages() == [RATE_FEN, -RATE_FEN, RATE_FEN]


def test_an_undo_of_what_never_came_does_not_hold_up_the_queue(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    undo = device.undo({"key": "never-was-a-key-here"}, ago=timedelta(hours=1))
    assert device.send(undo, device.done(batch[0])) == ["refused nothing_to_undo", "done"]


def test_a_repeat_of_the_first_half_takes_nothing_back_again(tablet: Tablet, device: Device, batch: list[int]) -> None:
    done, undo, again = _done_undone_done(device, batch[0])
    device.send(done, undo, again)
    assert device.send(done, undo) == ["done", "done"]
    assert tablet.wages() == [RATE_FEN, -RATE_FEN, RATE_FEN]


def test_without_the_keys_a_repeat_would_take_it_back(tablet: Tablet, device: Device, batch: list[int]) -> None:
    """The control: the same presses under keys that nobody has seen."""
    done, undo, again = _done_undone_done(device, batch[0])
    device.send(done, undo, again)
    replayed = device.done(batch[0])
    with tablet.database.transaction() as session:
        session.execute(text("ALTER TABLE bench_actions DISABLE TRIGGER bench_actions_append_only"))
        session.execute(text("DELETE FROM bench_actions"))
    assert device.send(replayed) == ["already"], "the ledger's own guard"
    with tablet.database.transaction() as session:
        packing.undo_finish(session, batch[0], id_of(tablet.person), now=tablet.now, by=SYSTEM)
    assert sum(tablet.wages()) == 0, "an undo without its key bites a second time"


def _done_undone_done(device: Device, task: int) -> list[dict[str, object]]:
    done = device.done(task, ago=timedelta(seconds=9))
    return [done, device.undo(done, ago=timedelta(seconds=6)), device.done(task)]


def test_a_key_belongs_to_one_wish(tablet: Tablet, other: Tablet, device: Device, batch: list[int]) -> None:
    done = device.done(batch[0])
    device.send(done)
    assert device.send({**done, "task": batch[1]}) == ["refused idempotency_key_reused"]
    stranger = Device(other.app, other.person, other.now)
    assert stranger.send(done) == ["refused idempotency_key_reused"]
    assert tablet.wages() == [RATE_FEN]
    assert other.wages() == []


def test_a_thousand_actions_come_through_and_count_once(tablet: Tablet, device: Device, batch: list[int]) -> None:
    presses = [device.done(batch[place % 3]) for place in range(1_000)]
    states = []
    for start in range(0, 1_000, MOST_ACTIONS):
        states += device.send(*presses[start : start + MOST_ACTIONS])
    assert (states.count("done"), states.count("already")) == (3, 997)
    assert tablet.wages() == [RATE_FEN] * 3
    assert received(tablet) == 1_000
    assert device.post({"actions": presses[: MOST_ACTIONS + 1]}).status_code == 422


# ---- when it happened ----


def test_the_wage_is_of_the_day_on_which_it_was_packed(tablet: Tablet, device: Device, batch: list[int]) -> None:
    tablet.wait(hours=5)
    assert local_day(tablet.now, ZONE) > local_day(NOW, ZONE)
    device.send(device.done(batch[0], ago=5 * HOUR - timedelta(minutes=3)))
    assert earned_at(tablet) == [NOW + timedelta(minutes=3)]


def test_no_clock_can_move_it_before_the_work_was_taken_or_into_the_future(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    tablet.wait(hours=1)
    device.send(device.done(batch[0], ago=timedelta(days=3_650)), device.done(batch[1], device_ms=4_102_444_800_000))
    assert earned_at(tablet) == [NOW, NOW + HOUR]
    with tablet.database.transaction() as session:
        noted = session.scalars(select(BenchAction.device_time).order_by(BenchAction.key)).all()
    assert [moment.year if moment else None for moment in noted] == [None, 2100]


def test_a_rate_that_changed_meanwhile_does_not_matter(tablet: Tablet, device: Device, batch: list[int]) -> None:
    with tablet.database.transaction() as session:
        make_rate(session, 500, local_day(NOW + timedelta(days=1), ZONE))
    tablet.wait(days=1)
    take_back(tablet, batch[0])
    device.send(device.done(batch[0], ago=timedelta(hours=23)), device.done(batch[1]))
    assert tablet.wages() == [RATE_FEN, RATE_FEN]


# ---- undo ----


def test_undo_of_something_sent_already_is_an_action_of_its_own(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    done = device.done(batch[0])
    device.send(done)
    tablet.wait(minutes=40)
    undo = device.undo(done, ago=timedelta(minutes=40) - timedelta(seconds=9))
    assert device.send(undo) == ["done"]
    assert sum(tablet.wages()) == 0
    assert task_of(tablet, batch[0]).state == TAKEN


def test_undo_an_hour_later_is_too_late(tablet: Tablet, device: Device, batch: list[int]) -> None:
    done = device.done(batch[0])
    device.send(done)
    tablet.wait(hours=1)
    assert device.send(device.undo(done)) == ["refused too_late"]
    assert tablet.wages() == [RATE_FEN]


def test_undo_after_the_courier_took_it_is_refused(tablet: Tablet, device: Device, batch: list[int]) -> None:
    done = device.done(batch[0])
    device.send(done)
    with tablet.database.transaction() as session:
        session.execute(
            text("UPDATE parcels SET state = 'handed_over', carrier = 'ZTO', tracking_number = '7', handed_over_at = now() "
                 "WHERE id = (SELECT parcel_id FROM packing_tasks WHERE id = :task)"),
            {"task": batch[0]},
        )  # fmt: skip
    assert device.send(device.undo(done)) == ["refused too_late"]
    assert tablet.wages() == [RATE_FEN]


def test_undo_of_somebody_elses_done_is_nothing(
    tablet: Tablet, other: Tablet, device: Device, batch: list[int]
) -> None:
    done = device.done(batch[0])
    device.send(done)
    stranger = Device(other.app, other.person, other.now)
    assert stranger.send(stranger.undo(done)) == ["refused nothing_to_undo"]
    assert tablet.wages() == [RATE_FEN]
