"""What a device sends after a gap in the network: each action once, late work paid as it was done, conflicts told."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from fulfillment.bench.queue_forms import MOST_ACTIONS
from fulfillment.bench.queue_models import BenchAction
from fulfillment.bench.queue_rules import PASS_LASTS, Pass, sign_pass
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.packing.states import PACKED, STOPPED, TAKEN, WAITING
from fulfillment.piecework.models import WageEntry
from kernel.audit import SYSTEM
from kernel.clock import local_day
from kernel.people import service as people
from kernel.people.models import Person
from tests.bench.conftest import Tablet
from tests.bench.devices import Device
from tests.packing.world import RATE_FEN, ZONE, id_of, make_rate
from tests.world import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def device(tablet: Tablet, pile: None) -> Device:
    """The packer's device, which got its pass when work was taken."""
    return Device(tablet.app, tablet.person, tablet.now)


@pytest.fixture
def batch(tablet: Tablet, device: Device) -> list[int]:
    """Three parcels in hand."""
    return [task.id for task in tablet.get_work()]


def task_of(tablet: Tablet, task_id: int) -> PackingTask:
    with tablet.database.transaction() as session:
        return session.get_one(PackingTask, task_id)


def take_back(tablet: Tablet, task_id: int) -> None:
    """The lead takes a task out of the packer's hands, now."""
    with tablet.database.transaction() as session:
        packing.return_task(session, task_id, id_of(tablet.person), reason="break", now=tablet.now, by=SYSTEM)


def cancel(tablet: Tablet, task_id: int) -> None:
    """The order is cancelled, now."""
    with tablet.database.transaction() as session:
        order_id = session.get_one(PackingTask, task_id).parcel.order_id
        packing.stop_tasks_of_order(session, order_id, now=tablet.now, by=SYSTEM, reason="buyer cancelled")


def earned_at(tablet: Tablet) -> list[object]:
    with tablet.database.transaction() as session:
        return list(session.scalars(select(WageEntry.earned_at).order_by(WageEntry.id)))


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


# ---- the world moved on ----


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


# ---- whose it is ----


def test_the_pass_says_whose_it_is_and_no_cookie_does(
    tablet: Tablet, other: Tablet, device: Device, batch: list[int]
) -> None:
    answer = other.browser.post(
        "/bench/queue",
        json={"actions": [device.done(batch[0])]},
        headers={"Authorization": f"Bearer {device.leave}"},
    )
    assert answer.status_code == 200
    assert (tablet.wages(), other.wages()) == ([RATE_FEN], [])
    assert other.browser.post("/bench/queue", json={"actions": []}).status_code == 401


@pytest.mark.parametrize("forged", ["", "x", "WzEsImEiLDFd.AAAA", "é" * 50, "a" * 5_000])
def test_a_forged_pass_opens_nothing(tablet: Tablet, batch: list[int], forged: str) -> None:
    thief = Device(tablet.app, tablet.person, tablet.now, leave=forged or " ")
    answer = thief.post({"actions": [thief.done(batch[0])]})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.json is not None
    assert answer.json["code"] == "pass_over"
    assert tablet.wages() == []


def test_a_pass_signed_with_another_key_or_changed_by_a_letter_opens_nothing(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    leave = Pass(id_of(tablet.person), "a-tablet", tablet.now)
    for forged in (sign_pass("another key", leave), device.leave[:-2] + "xx", "W" + device.leave):
        thief = Device(tablet.app, tablet.person, tablet.now, leave=forged)
        assert thief.post({"actions": [thief.done(batch[0])]}).status_code == 401


def test_a_pass_runs_out_and_a_new_one_sends_what_waited(tablet: Tablet, device: Device, batch: list[int]) -> None:
    done = device.done(batch[0])
    tablet.wait(seconds=PASS_LASTS.total_seconds() + 1)
    assert device.post({"actions": [done]}).status_code == 401
    assert Device(tablet.app, tablet.person, tablet.now, leave="").send(done) == ["done"]


def test_a_pass_from_the_future_is_none(tablet: Tablet, device: Device) -> None:
    early = Device(tablet.app, tablet.person, tablet.now + HOUR)
    assert early.post({"actions": []}).status_code == 401


def test_a_role_taken_away_bites_at_once_and_a_lost_phone_is_shut_out(
    tablet: Tablet, device: Device, batch: list[int]
) -> None:
    with tablet.database.transaction() as session:
        person = session.get_one(Person, tablet.person.person_id)
        people.set_roles(session, person, ["weigher"], now=tablet.now, by=SYSTEM)
    assert device.post({"actions": [device.done(batch[0])]}).status_code == 403
    with tablet.database.transaction() as session:
        person = session.get_one(Person, tablet.person.person_id)
        people.set_roles(session, person, ["packer"], now=tablet.now, by=SYSTEM)
    assert device.send(device.done(batch[0])) == ["done"]
    tablet.wait(minutes=1)
    with tablet.database.transaction() as session:
        person = session.get_one(Person, tablet.person.person_id)
        people.sign_out_everywhere(session, person, now=tablet.now, by=SYSTEM)
    assert device.post({"actions": [device.done(batch[1])]}).status_code == 401
    tablet.wait(minutes=1)
    assert Device(tablet.app, tablet.person, tablet.now).send(device.done(batch[1])) == ["done"]


# ---- what makes no sense ----


@pytest.mark.parametrize(
    "body", [None, [], {}, {"actions": {}}, {"actions": ["x"]}, {"actions": [{}]}, {"actions": [{"key": "short"}]}]
)
def test_a_body_that_is_no_list_of_actions_is_refused_whole(device: Device, body: object) -> None:
    answer = device.post(body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")


@pytest.mark.parametrize(
    "odd",
    [
        {"kind": "pay_me"},
        {"kind": "done", "task": "１"},
        {"kind": "done", "task": 2**63},
        {"kind": "done", "task": True},
        {"kind": "done", "task": 1, "age_ms": -1},
        {"kind": "done", "task": 1, "age_ms": 1e300},
        {"kind": "done", "task": 1, "seq": None},
        {"kind": "give_back", "task": 1, "reason": "bored"},
        {"kind": "undo", "of": "?"},
        {"kind": "scan", "code": "x" * 61},
        {"kind": "scan", "code": "\x00"},
        {"kind": "scan", "code": "A123", "card": "0"},
    ],
)
def test_one_odd_action_is_told_and_the_rest_counts(
    tablet: Tablet, device: Device, batch: list[int], odd: dict[str, object]
) -> None:
    strange = {**device.action("done"), **odd}
    assert device.send(strange, device.done(batch[0])) == ["refused unreadable", "done"]
    assert tablet.wages() == [RATE_FEN]


def test_a_huge_body_is_not_read(device: Device) -> None:
    assert device.post({"actions": [], "padding": "x" * 200_000}).status_code == 413


def test_too_many_requests_are_told_to_wait(device: Device, tablet: Tablet) -> None:
    with tablet.database.transaction() as session:
        session.execute(
            text("INSERT INTO limit_counts (bucket, window_start, tries) VALUES (:bucket, :now, 600)"),
            {"bucket": f"bench-queue:{tablet.person.person_id}", "now": tablet.now},
        )
    answer = device.post({"actions": []})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]


def test_the_shell_and_its_worker_are_there_for_anybody(tablet: Tablet) -> None:
    browser = tablet.app.test_client()
    worker = browser.get("/bench/sw.js")
    assert (worker.status_code, worker.mimetype) == (200, "text/javascript")
    assert worker.headers["Service-Worker-Allowed"] == "/bench"
    assert '"/bench/offline"' in worker.text
    assert tablet.browser.get("/bench/sw.js").text == worker.text, (
        "the same for all, or browsers would fetch it for ever"
    )
    assert "没有网络" in browser.get("/bench/offline").text
