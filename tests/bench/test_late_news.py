"""Work that was done without a network and did not count reaches the lead, who settles it or proposes a correction."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from fulfillment.bench import late_news
from fulfillment.bench.queue_models import LateDecision
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.piecework.corrections.models import WageCorrection
from kernel import once
from kernel.audit import SYSTEM, AuditEntry
from kernel.db import Database
from kernel.people.rules import LEAD
from tests import routes as ways
from tests.bench.conftest import Tablet
from tests.bench.devices import Device
from tests.packing.world import RATE_FEN, id_of
from tests.storefront.pages import assert_nothing_inline, fields_of

PAGE = "/bench/lead/late-work"
LINE = "断网时做的活没算上"


@pytest.fixture
def lead(tablet: Tablet, database: Database) -> FlaskClient:
    return ways.sign_in(tablet.app, database, ways.person_with(database, LEAD))


@pytest.fixture
def unpaid(tablet: Tablet, other: Tablet, pile: None) -> tuple[str, str]:
    """A parcel that both packed, the first without a network: its number, and the key of the press that did not count."""
    device = Device(tablet.app, tablet.person, tablet.now)
    task = tablet.get_work()[0]
    with tablet.database.transaction() as session:
        packing.return_task(session, task.id, id_of(tablet.person), reason="break", now=tablet.now, by=SYSTEM)
    other.wait(minutes=1)
    assert other.press("/bench/work").status_code == 303
    other.press(f"/bench/tasks/{task.id}/done")
    number = tablet.number_of(task)
    pressed, scanned = device.done(task.id), device.action("scan", task=None, code=number, card=task.id)
    assert device.send(pressed, scanned) == ["refused other_packed_it"] * 2
    return number, pressed["key"]


def decisions(database: Database) -> list[LateDecision]:
    with database.transaction() as session:
        found = list(session.scalars(select(LateDecision)))
        session.expunge_all()
        return found


def test_the_lead_is_told_once_who_did_what_and_why_it_did_not_count(
    tablet: Tablet, other: Tablet, lead: FlaskClient, unpaid: tuple[str, str]
) -> None:
    home = lead.get("/bench/lead").text
    assert LINE in home
    page = lead.get(PAGE)
    assert_nothing_inline(page)
    assert page.text.count('<article class="card') == 1, "a press and a scan about one parcel are one piece of news"
    for words in (tablet.person.name, other.person.name, unpaid[0], "一件只付一次", "当时的单价 ¥0.80"):
        assert words in page.text
    with tablet.database.transaction() as session:
        assert late_news.count_open(session) == 1
    assert "a piece is paid once" in lead.get(f"{PAGE}?lang=en").text


def test_nothing_to_pay_is_noted_once_with_who_and_when(
    tablet: Tablet, other: Tablet, lead: FlaskClient, unpaid: tuple[str, str], database: Database
) -> None:
    for _ in range(2):
        assert lead.post(f"{PAGE}/{unpaid[1]}/settle").status_code == 303
    made = decisions(database)
    assert [(each.outcome, each.correction_id, each.at) for each in made] == [("nothing", None, other.now)] * 2
    assert LINE not in lead.get("/bench/lead").text
    assert "不用付" in lead.get(PAGE).text
    with database.transaction() as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "late_work.nothing")).all()
        assert [each.subject for each in noted] == [f"person:{id_of(tablet.person)}"]
    assert tablet.wages() == []


def test_a_correction_begins_with_the_rate_of_then_and_answers_the_news(
    tablet: Tablet, lead: FlaskClient, unpaid: tuple[str, str], database: Database
) -> None:
    path = f"/bench/lead/corrections/new?person={id_of(tablet.person)}&late={unpaid[1]}"
    assert path.replace("&", "&amp;") in lead.get(PAGE).text
    typed = {**fields_of(lead.get(path)), "direction": "more"}
    assert typed["amount"] == "0.80"
    assert unpaid[0] in typed["reason"]
    second_look = lead.post("/bench/lead/corrections/new", data=typed)
    assert unpaid[1] in second_look.text
    assert decisions(database) == [], "nothing is decided before the second look"
    assert lead.post("/bench/lead/corrections/new", data={**typed, "confirmed": "1"}).status_code == 303
    with database.transaction() as session:
        (correction,) = session.scalars(select(WageCorrection)).all()
        assert (correction.person_id, correction.amount_fen) == (id_of(tablet.person), RATE_FEN)
    assert {each.correction_id for each in decisions(database)} == {correction.id}
    assert LINE not in lead.get("/bench/lead").text
    refused = lead.post(f"{PAGE}/{unpaid[1]}/settle")
    assert refused.status_code == 409
    assert "已经有人处理了" in refused.text


def test_one_piece_of_work_gets_no_second_correction(
    tablet: Tablet, lead: FlaskClient, unpaid: tuple[str, str], database: Database
) -> None:
    typed = {
        "person": id_of(tablet.person),
        "direction": "more",
        "amount": "0.80",
        "reason": "断网",
        "late": unpaid[1],
        "confirmed": "1",
    }
    answers = [lead.post("/bench/lead/corrections/new", data={**typed, "form_key": once.new_key()}) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 409]
    with database.transaction() as session:
        assert len(session.scalars(select(WageCorrection)).all()) == 1


def test_a_slip_of_the_hand_and_somebody_elses_news_are_nothing_to_decide(
    app: Flask, tablet: Tablet, other: Tablet, lead: FlaskClient, unpaid: tuple[str, str], database: Database
) -> None:
    device = Device(app, other.person, tablet.now)
    with database.transaction() as session:
        waiting = session.scalars(select(PackingTask).where(PackingTask.state == "waiting")).first()
    code = tablet.number_of(waiting) if waiting else "GF99999"
    assert device.send(device.action("scan", task=None, code=code, card=None)) != ["done"]
    with database.transaction() as session:
        assert late_news.count_open(session) == 1
    path = f"/bench/lead/corrections/new?person={id_of(other.person)}&late={unpaid[1]}"
    assert 'name="late"' not in lead.get(path).text
    assert lead.post(f"{PAGE}/{'x' * 20}/settle").status_code == 404
    assert lead.post(f"{PAGE}/{'x' * 90}/settle").status_code == 404
