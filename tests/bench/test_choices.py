"""What a person likes is kept for the person: letters up to 30 px, reading aloud; on every tablet."""

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from kernel.db import Database
from kernel.people.models import PersonChoice
from tests.bench.conftest import Tablet, sign_in
from tests.browsers import device
from tests.signing_in import sign_in_page


def test_letters_grow_to_thirty_pixels_on_every_tablet_of_the_person_and_on_nobody_elses(
    tablet: Tablet, other: Tablet, database: Database
) -> None:
    assert 'class="face-bench text-20"' in tablet.look().text
    assert tablet.press("/bench/choices", text_px="30").location == "/bench"
    second = sign_in(tablet.app, database, tablet.person)
    assert 'class="face-bench text-30"' in second.look("/bench/passbook").text
    assert 'class="face-bench text-20"' in other.look().text
    assert second.press("/bench/choices", text_px="25").status_code == 303
    assert 'class="face-bench text-25"' in tablet.look().text


def test_reading_aloud_stays_as_chosen_and_begins_as_the_person_needs(tablet: Tablet, database: Database) -> None:
    assert 'data-default="off"' in tablet.look().text
    tablet.press("/bench/choices", reads_aloud="on")
    assert 'data-default="on"' in tablet.look().text
    tablet.press("/bench/choices", reads_aloud="off")
    with database.transaction() as session:
        session.execute(text("UPDATE packers SET no_reading = true"))
        chosen = session.get_one(PersonChoice, tablet.person.person_id)
        assert (chosen.text_px, chosen.reads_aloud) == (20, False)
    assert 'data-default="off"' in tablet.look().text, "the person's own word counts more than what the lead noted"


@pytest.mark.parametrize("typed", [{"text_px": "31"}, {"text_px": "３０"}, {"text_px": ""}, {"reads_aloud": "loud"}])
def test_a_choice_that_is_not_offered_changes_nothing(tablet: Tablet, typed: dict[str, str]) -> None:
    assert tablet.press("/bench/choices", **typed).status_code == 422
    assert "text-20" in tablet.look().text


def test_the_database_keeps_to_the_sizes_offered(database: Database, tablet: Tablet) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(
            text("INSERT INTO person_choices (person_id, text_px) VALUES (:id, 13)"), {"id": tablet.person.person_id}
        )


def test_a_choice_leads_back_to_the_page_of_the_bench_and_to_no_other(client: FlaskClient, tablet: Tablet) -> None:
    for referrer, page in (
        ("http://localhost/bench/passbook?before=3", "/bench/passbook?before=3"),
        ("http://localhost/bench/wrong", "/bench/wrong"),
        ("https://evil.example/bench", "/bench"),
        ("http://localhost/console", "/bench"),
    ):
        answer = tablet.browser.post("/bench/choices", data={"text_px": "20"}, headers={"Referer": referrer})
        assert answer.location == page
    assert client.post("/bench/choices", data={"text_px": "20"}).status_code == 401


@pytest.fixture
def page(browser: Browser, url: str, database: Database, tablet: Tablet) -> object:
    with device(browser) as page:
        sign_in_page(page, url, database, tablet.person.person_id, face="bench", now=tablet.now)
        page.goto(f"{url}/bench")
        yield page


def root_px(page: Page) -> float:
    return float(page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)"))


@pytest.mark.browser
def test_larger_letters_come_at_once_by_keyboard_and_stay(page: Page) -> None:
    assert root_px(page) == 20
    page.locator("summary").filter(has_text="字的大小").focus()
    page.keyboard.press("Enter")
    largest = page.get_by_role("button", name="最大的字")
    largest.focus()
    with page.expect_response("**/bench/choices"):
        page.keyboard.press("Enter")
    assert root_px(page) == 30
    expect(largest).to_have_attribute("aria-pressed", "true")
    page.reload()
    assert root_px(page) == 30
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
