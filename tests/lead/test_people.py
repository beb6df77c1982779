"""Who is here and what they may expect: coming, resting, going, shifts put right, wishes, trainings."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from fulfillment.crew import queries as crew
from fulfillment.crew import service as crew_service
from fulfillment.crew.models import Shift
from fulfillment.crew.rules import BADGE
from fulfillment.crew.training.models import Training
from fulfillment.crew.training.rules import due_on, standing
from fulfillment.packing import lead_queries, shift_service
from fulfillment.packing.models import Packer
from kernel import once
from kernel.audit import AuditEntry
from kernel.db import Database
from tests.lead.world import Bench, order_parcel, pack, take_all
from tests.packing.world import ZONE, id_of
from tests.storefront.pages import assert_nothing_inline, fields_of
from tests.world import NOW

HOUR = timedelta(hours=1)


def at(lead: FlaskClient, moment: timedelta) -> None:
    """The application's clock stands there."""
    lead.application.extensions["clock"] = lambda: NOW + moment


def press(lead: FlaskClient, bench: Bench, what: str, **sent: str) -> int:
    return lead.post(f"/bench/lead/people/{id_of(bench.ann)}/{what}", data=sent).status_code


def shifts(database: Database, bench: Bench) -> list[Shift]:
    with database.transaction() as session:
        return list(crew.shifts_between(session, NOW - 100 * HOUR, NOW + 100 * HOUR, id_of(bench.ann)))


def test_a_break_is_noted_and_what_is_in_hand_stays_theirs(lead: FlaskClient, database: Database, bench: Bench) -> None:
    assert press(lead, bench, "break") == 303
    assert "还没有来" in lead.get("/bench/lead/people").text
    order_parcel(database, bench)
    (number,) = take_all(database, bench.ann)
    at(lead, HOUR)
    assert press(lead, bench, "break") == 303
    page = lead.get("/bench/lead/people")
    assert "起休息" in page.text
    assert number in page.text, "the work stays in their hands"
    assert_nothing_inline(page)
    at(lead, 2 * HOUR)
    assert press(lead, bench, "back") == 303
    assert press(lead, bench, "gone") == 303
    (shift,) = shifts(database, bench)
    assert [(rest.began_at, rest.ended_at) for rest in shift.breaks] == [(NOW + HOUR, NOW + 2 * HOUR)]


def test_what_the_day_brought_is_told_by_the_hour_and_nobody_is_ranked(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    with database.transaction() as session:
        for person, hours in ((bench.bea, 3), (bench.ann, 2)):
            crew_service.begin_shift(session, id_of(person), how=BADGE, now=NOW - hours * HOUR, by=person)
    for _ in range(2):
        number = order_parcel(database, bench)
        take_all(database, bench.ann)
        pack(database, bench.ann, number)
    with database.transaction() as session:
        bea, ann = lead_queries.people_at_work(session, NOW, ZONE)
    assert (bea.name, ann.name) == ("叶根土", "吴秀英"), "by who came first, not by who packed more"
    assert (ann.pieces_an_hour, ann.fen_an_hour) == (1, 80)
    assert (bea.pieces_an_hour, bea.worked_s) == (None, 3 * 3600)
    assert "一小时约 1.0 件，¥0.80" in lead.get("/bench/lead/people").text


def test_a_forgotten_shift_is_shown_and_put_right_with_a_reason(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    with database.transaction() as session:
        crew_service.begin_shift(session, id_of(bench.ann), how=BADGE, now=NOW - 20 * HOUR, by=bench.ann)
        shift_service.end_forgotten(session, now=NOW, zone=ZONE)
    assert "有人忘了记走" in lead.get("/bench/lead").text
    (shift,) = shifts(database, bench)
    page = lead.get("/bench/lead/shifts")
    assert f"/bench/lead/shifts/{shift.id}" in page.text
    typed = fields_of(lead.get(f"/bench/lead/shifts/{shift.id}"))
    assert typed["began_at"] == "2026-11-24T00:00"
    sent = {"began_at": "2026-11-24T00:00", "ended_at": "2026-11-24T06:00", "reason": "忘了按走"}
    refused = lead.post(f"/bench/lead/shifts/{shift.id}", data={**sent, "ended_at": "2026-11-23T23:00"})
    assert refused.status_code == 422
    assert fields_of(refused)["ended_at"] == "2026-11-23T23:00"
    rest = {"rest_from_0": "2026-11-24T03:00", "rest_to_0": "2026-11-24T03:30"}
    assert lead.post(f"/bench/lead/shifts/{shift.id}", data={**sent, **rest}).status_code == 303
    with database.transaction() as session:
        worked = crew.worked_seconds(session, id_of(bench.ann), NOW - 30 * HOUR, NOW)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "shift.corrected")).one()
    assert worked == 5.5 * 3600
    assert entry.after["reason"] == "忘了按走"
    assert "有人忘了记走" not in lead.get("/bench/lead").text


def test_a_correction_that_leaves_a_time_alone_keeps_its_seconds(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    began = NOW - 3 * HOUR + timedelta(seconds=25)
    with database.transaction() as session:
        shift_id = crew_service.begin_shift(session, id_of(bench.ann), how=BADGE, now=began, by=bench.ann).id
    typed = fields_of(lead.get(f"/bench/lead/shifts/{shift_id}"))
    sent = {"began_at": typed["began_at"], "ended_at": "2026-11-24T19:00", "reason": "走了没按"}
    assert lead.post(f"/bench/lead/shifts/{shift_id}", data=sent).status_code == 303
    assert [(shift.began_at, shift.ended_at) for shift in shifts(database, bench)] == [(began, NOW - HOUR)]


def test_a_shift_nobody_noted_is_added_once_and_not_over_another(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    place = f"/bench/lead/shifts/of/{id_of(bench.ann)}/new"
    assert lead.get(place).status_code == 200
    sent = {
        "began_at": "2026-11-23T08:00",
        "ended_at": "2026-11-23T12:00",
        "reason": "平板没电",
        "form_key": once.new_key(),
    }
    for _ in range(2):
        assert lead.post(place, data=sent).status_code == 303
    over = lead.post(place, data={**sent, "began_at": "2026-11-23T11:00", "form_key": once.new_key()})
    assert over.status_code == 409
    assert "已经有一段出勤" in over.text
    assert len(shifts(database, bench)) == 1
    page = lead.get(f"/bench/lead/people/{id_of(bench.ann)}").text
    assert "4 小时 0 分" in page


@pytest.mark.parametrize("shift_id", ["0", "99999", str(2**62 - 1), str(2**70)])
def test_unknown_shifts_are_not_found(lead: FlaskClient, shift_id: str) -> None:
    assert lead.get(f"/bench/lead/shifts/{shift_id}").status_code == 404
    sent = {"began_at": "2026-11-23T08:00", "ended_at": "2026-11-23T12:00", "reason": "x"}
    assert lead.post(f"/bench/lead/shifts/{shift_id}", data=sent).status_code == 404
    assert lead.post(f"/bench/lead/shifts/{shift_id}/leave").status_code == 404


def test_wishes_are_noted_with_the_person_and_new_work_follows_them(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    assert press(lead, bench, "wishes", work_no_lifting="1", work_nonsense="1") == 303
    with database.transaction() as session:
        packer = session.get_one(Packer, id_of(bench.ann))
        assert (packer.no_lifting, packer.seated) == (True, False)
    order_parcel(database, bench, quantity=30)
    assert take_all(database, bench.ann) == [], "too heavy"
    page = lead.get(f"/bench/lead/people/{id_of(bench.ann)}").text
    assert "不写病" in page


def test_until_when_somebody_stays_is_noted_and_wrong_times_are_told(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    assert press(lead, bench, "until", planned_until="2026-11-24T22:00") == 409, "not here yet"
    press(lead, bench, "here")
    assert press(lead, bench, "until", planned_until="2026-11-24T19:00") == 422
    assert press(lead, bench, "until", planned_until="2026-11-24T22:00") == 303
    assert "做到 22:00" in lead.get("/bench/lead/people").text


def test_trainings_are_noted_once_a_day_and_come_up_again(lead: FlaskClient, database: Database, bench: Bench) -> None:
    topic = {"title_zh": "食品卫生", "title_en": "Food hygiene", "repeat_months": "12"}
    assert lead.post("/bench/lead/trainings/topics", data={**topic, "repeat_months": "61"}).status_code == 422
    assert lead.post("/bench/lead/trainings/topics", data=topic).status_code == 303
    sent = {"person": str(id_of(bench.ann)), "topic": "1", "trained_on": "2025-11-30"}
    assert lead.post("/bench/lead/trainings", data={**sent, "trained_on": "2026-11-25"}).status_code == 422, "tomorrow"
    for _ in range(2):
        assert lead.post("/bench/lead/trainings", data=sent).status_code == 303
    with database.transaction() as session:
        (training,) = session.scalars(select(Training))
    assert str(training.due_on) == "2026-11-30"
    page = lead.get("/bench/lead/trainings")
    assert "快到期" in page.text
    assert_nothing_inline(page)
    assert "培训快到期" in lead.get("/bench/lead").text
    other = {"person": str(id_of(bench.bea))}
    assert lead.post(f"/bench/lead/trainings/{training.id}/take-back", data=other).status_code == 404
    own = {"person": str(id_of(bench.ann))}
    assert lead.post(f"/bench/lead/trainings/{training.id}/take-back", data=own).status_code == 303
    assert "培训快到期" not in lead.get("/bench/lead").text
    assert lead.post("/bench/lead/trainings", data=sent).status_code == 303, "struck out, it can be noted again"


def test_months_end_on_the_last_day_there_is() -> None:
    day = NOW.date().replace(month=8, day=31)
    assert str(due_on(day, 6)) == "2027-02-28"
    assert due_on(day, None) is None
    assert [standing(due_on(day, 1), day + timedelta(days=days)) for days in (-1, 2, 31)] == ["holds", "soon", "over"]
