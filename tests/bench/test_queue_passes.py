"""Whose a list of late actions is, and what makes no sense in it."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from fulfillment.bench.queue_rules import PASS_LASTS, Pass, sign_pass
from kernel.audit import SYSTEM
from kernel.people import service as people
from kernel.people.models import Person
from tests.bench.conftest import Tablet
from tests.bench.devices import Device
from tests.packing.world import RATE_FEN, id_of

HOUR = timedelta(hours=1)


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
