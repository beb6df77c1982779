"""Badges for everybody on one sheet; the same badge on two tablets."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from sqlalchemy import text
from werkzeug.test import TestResponse

from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.http import sign_in_cookie
from kernel.people import service as people
from kernel.people.rules import LEAD, WEIGHER
from tests import routes as ways
from tests.bench.conftest import Tablet
from tests.browsers import device
from tests.labels.slips import all_codes_on, pages_at, sizes_mm
from tests.packing.world import id_of, make_packer
from tests.storefront.pages import fields_of

TOLD = "在另一台平板上也登录了"


@pytest.fixture
def lead(tablet: Tablet, database: Database) -> FlaskClient:
    return ways.sign_in(tablet.app, database, ways.person_with(database, LEAD))


def make(lead: FlaskClient, people_ids: list[int], key: str = "") -> TestResponse:
    key = key or fields_of(lead.get("/bench/lead/badges"))["form_key"]
    return lead.post("/bench/lead/badges", data={"form_key": key, "person": people_ids})


@pytest.mark.browser
def test_every_badge_on_the_printed_sheet_opens_the_bench_for_its_person(
    browser: Browser, lead: FlaskClient, tablet: Tablet, database: Database
) -> None:
    with database.transaction() as session:
        crew = [make_packer(session, f"练小娟{number}") for number in range(11)]
    answer = make(lead, [id_of(one) for one in crew])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    css = {name: (tablet.app.root_path + f"/static/css/{name}.css") for name in ("tokens", "base", "parts", "print")}
    with device(browser) as page:
        page.set_content(answer.text, wait_until="commit")
        for path in css.values():
            page.add_style_tag(path=path)
        pdf = page.pdf(prefer_css_page_size=True, format="A4")
    pages = pages_at(pdf, 203)
    assert [(round(width), round(height)) for width, height in sizes_mm(pdf)] == [(210, 297)] * 2
    codes = [code for paper in pages for _, code in all_codes_on(paper)]
    assert len(set(codes)) == 11
    for code in codes:
        assert tablet.app.test_client().post("/bench/sign-in", data={"badge": code}).location == "/bench"


@pytest.mark.parametrize(("person", "status"), [("9" * 5_000, 303), ("9" * 18, 404), ("-1", 303), ("١", 303)])
def test_what_is_no_person_makes_no_badge(lead: FlaskClient, person: str, status: int) -> None:
    key = fields_of(lead.get("/bench/lead/badges"))["form_key"]
    assert lead.post("/bench/lead/badges", data={"form_key": key, "person": person}).status_code == status


def test_those_without_a_badge_are_ticked_and_a_second_sending_makes_no_second_badge(
    lead: FlaskClient, tablet: Tablet, database: Database
) -> None:
    page = lead.get("/bench/lead/badges")
    assert "checked" in page.text
    key = fields_of(page)["form_key"]
    assert make(lead, [id_of(tablet.person)], key).status_code == 200
    with database.transaction() as session:
        before = session.scalar(text("SELECT badge_hash FROM people WHERE id = :id"), {"id": id_of(tablet.person)})
    assert make(lead, [id_of(tablet.person)], key).status_code == 303
    with database.transaction() as session:
        after = session.scalar(text("SELECT badge_hash FROM people WHERE id = :id"), {"id": id_of(tablet.person)})
    assert before == after
    assert "做过了" in lead.get("/bench/lead/badges").text
    assert "checked" not in lead.get("/bench/lead/badges").text


def test_a_lead_makes_no_badge_for_somebody_with_more_than_packing(lead: FlaskClient, database: Database) -> None:
    weigher = ways.person_with(database, WEIGHER)
    assert make(lead, [weigher]).status_code == 404
    assert make(lead, [10**17]).status_code == 404
    assert make(lead, []).status_code == 303


def test_the_same_badge_on_two_tablets_works_on_both_and_the_older_one_says_so_once(
    tablet: Tablet, pile: None, database: Database
) -> None:
    with database.transaction() as session:
        person = people.lock_person(session, id_of(tablet.person))
        code = people.new_badge(session, person, now=tablet.now, by=SYSTEM)
    first, second = tablet.app.test_client(), tablet.app.test_client()
    assert first.post("/bench/sign-in", data={"badge": code}).location == "/bench"
    assert TOLD not in first.get("/bench").text
    tablet.wait(minutes=5)
    assert second.post("/bench/sign-in", data={"badge": code}).location == "/bench"
    assert TOLD not in second.get("/bench").text, "the newer one has nothing to say"
    assert TOLD in first.get("/bench").text
    assert TOLD not in first.get("/bench").text, "once"
    for one in (first, second):
        assert one.post("/bench/work").status_code == 303
    tasks = tablet.in_hand()
    assert len(tasks) == 3, "the work is the person's, not the tablet's"
    for one in (first, second):
        assert one.post(f"/bench/tasks/{tasks[0].id}/done").status_code == 303
    assert tablet.wages() == [80]
    second.post("/bench/hand-over")
    tablet.wait(minutes=1)
    assert TOLD not in first.get("/bench").text


def test_a_sign_in_that_ran_out_or_is_somebody_elses_is_no_other_tablet(
    tablet: Tablet, other: Tablet, database: Database
) -> None:
    with tablet.app.app_context():
        name = sign_in_cookie()
    cookie = tablet.browser.get_cookie(name)
    assert cookie is not None
    later = tablet.now + timedelta(minutes=3)
    with database.transaction() as session:
        assert people.later_sign_in(session, cookie.value, later) is None
        assert people.later_sign_in(session, "nobody", later) is None
    tablet.wait(minutes=2)
    tablet.sign_in()
    with database.transaction() as session:
        assert people.later_sign_in(session, cookie.value, tablet.now) is not None
        assert people.later_sign_in(session, cookie.value, tablet.now + timedelta(hours=5)) is None
