"""The lead's board in Chromium: work is dragged with mouse and finger, or sent from the keyboard; the home stays fresh."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from fulfillment.crew import service as crew
from fulfillment.crew.rules import BADGE
from fulfillment.packing.pins.models import TaskPin
from kernel.audit import Actor
from kernel.clock import utc_now
from kernel.db import Database
from tests.browsers import device
from tests.e2e.house import PC, PHONE, TABLET
from tests.lead.world import Bench, order_parcel, take_all, task_of
from tests.packing.world import id_of
from tests.signing_in import sign_in_page

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, database: Database, bench: Bench, url: str) -> Iterator[Page]:
    with database.transaction() as session:
        for person in (bench.ann, bench.bea):
            crew.begin_shift(session, id_of(person), how=BADGE, now=utc_now(), by=person)
    with device(browser, PC, has_touch=True) as page:
        sign_in_page(page, url, database, bench.lead.person_id)
        yield page


def kept_for(database: Database, number: str) -> int | None:
    with database.transaction() as session:
        return session.scalar(select(TaskPin.person_id).where(TaskPin.task_id == task_of(session, number).id))


def card(page: Page, number: str) -> Locator:
    return page.locator(".work-card").filter(has_text=number)


def column(page: Page, person: Actor) -> Locator:
    return page.locator(f'[data-drop="{id_of(person)}"]')


def drag(page: Page, number: str, onto: Locator) -> None:
    grip, there = card(page, number).locator("[data-grip]").bounding_box(), onto.bounding_box()
    assert grip is not None
    assert there is not None
    page.mouse.move(grip["x"] + 20, grip["y"] + 20)
    page.mouse.down()
    page.mouse.move(grip["x"] + 60, grip["y"] + 40, steps=3)
    page.mouse.move(there["x"] + 60, there["y"] + 40, steps=8)
    page.mouse.up()


def test_a_card_dragged_onto_a_name_is_kept_for_them_and_can_be_undone(
    page: Page, url: str, database: Database, bench: Bench
) -> None:
    number = order_parcel(database, bench)
    page.goto(f"{url}/bench/lead/assign")
    drag(page, number, column(page, bench.bea))
    expect(column(page, bench.bea).get_by_text(number)).to_be_visible()
    assert kept_for(database, number) == id_of(bench.bea)
    page.get_by_role("button", name="撤回").click()
    expect(page.locator('[data-drop="0"]').get_by_text(number)).to_be_visible()
    assert kept_for(database, number) is None


def test_a_card_dropped_nowhere_stays(page: Page, url: str, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    page.goto(f"{url}/bench/lead/assign")
    drag(page, number, page.locator("h1"))
    expect(page.locator(".work-ghost")).to_have_count(0)
    expect(page.locator('[data-drop="0"]').get_by_text(number)).to_be_visible()
    assert kept_for(database, number) is None


def test_work_in_hand_is_asked_for_before_it_moves(page: Page, url: str, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    take_all(database, bench.ann, utc_now())
    page.goto(f"{url}/bench/lead/assign")
    drag(page, number, column(page, bench.bea))
    page.get_by_role("dialog").get_by_role("button", name="不动").click()
    expect(column(page, bench.ann).get_by_text(number)).to_be_visible()
    drag(page, number, column(page, bench.bea))
    page.get_by_role("dialog").get_by_role("button", name="拿回来，分").click()
    expect(column(page, bench.bea).get_by_text(number)).to_be_visible()
    assert kept_for(database, number) == id_of(bench.bea)


def test_a_finger_drags_too(page: Page, url: str, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    page.goto(f"{url}/bench/lead/assign")
    grip, there = card(page, number).locator("[data-grip]").bounding_box(), column(page, bench.bea).bounding_box()
    assert grip is not None
    assert there is not None
    finger = page.context.new_cdp_session(page)
    spots = [(grip["x"] + 20, grip["y"] + 20), (grip["x"] + 80, grip["y"] + 30), (there["x"] + 60, there["y"] + 40)]
    for kind, (x, y) in zip(("touchStart", "touchMove", "touchMove"), spots, strict=True):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(column(page, bench.bea).get_by_text(number)).to_be_visible()
    assert kept_for(database, number) == id_of(bench.bea)


def test_the_keyboard_alone_gives_work(page: Page, url: str, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    page.goto(f"{url}/bench/lead/assign")
    choice = card(page, number).get_by_role("combobox")
    choice.focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
        if choice.input_value() == str(id_of(bench.bea)):
            break
    page.keyboard.press("Tab")
    expect(card(page, number).get_by_role("button", name="分")).to_be_focused()
    page.keyboard.press("Enter")
    expect(column(page, bench.bea).get_by_text(number)).to_be_visible()
    assert kept_for(database, number) == id_of(bench.bea)


def test_the_home_stays_fresh_and_disturbs_nobody(page: Page, url: str, database: Database, bench: Bench) -> None:
    page.clock.install()
    page.goto(f"{url}/bench/lead")
    waiting = page.locator(".lead-numbers .stat").filter(has_text="等人包").locator(".stat-value")
    expect(waiting).to_have_text("0")
    page.get_by_role("link", name="记到和走").focus()
    order_parcel(database, bench)
    page.clock.run_for(16_000)
    expect(waiting).to_have_text("1")
    expect(page.get_by_role("link", name="记到和走")).to_be_focused()
    page.route("**/bench/lead/live", lambda route: route.fulfill(status=200, content_type="text/html", body=""))
    page.clock.run_for(16_000)
    expect(page.locator("[data-offline]")).to_be_visible()
    expect(waiting).to_have_text("1")


@pytest.mark.parametrize("size", [(320, 640), PHONE, TABLET, PC])
def test_no_page_of_the_board_scrolls_sideways_or_has_a_small_target(
    page: Page, url: str, database: Database, bench: Bench, size: tuple[int, int]
) -> None:
    order_parcel(database, bench)
    take_all(database, bench.ann, utc_now())
    order_parcel(database, bench)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    person = id_of(bench.ann)
    places = [
        "",
        "/assign",
        "/people",
        f"/people/{person}",
        f"/shifts/of/{person}/new",
        "/shifts",
        "/samples",
        "/orders",
    ]
    for place in (*places, "/days", "/days/close", "/trainings", "/contests"):
        page.goto(f"{url}/bench/lead{place}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), place
        small = page.evaluate("""() => [...document.querySelectorAll("main a, main button, main input, main select, main summary")]
            .filter((control) => control.checkVisibility() && !control.closest("label"))
            .filter((control) => control.type !== "hidden" && control.getBoundingClientRect().height < 59)
            .map((control) => control.outerHTML.slice(0, 120))""")
        assert small == [], place
