"""Every page under /bench, for every role that may open it: readable, pressable, valid, in both themes and at every size."""

from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page

from fulfillment.packing.states import TROUBLES
from kernel.db import Database
from kernel.people.rules import LEAD, OWNER, PACKER, WEIGHER
from tests import routes as ways
from tests.bench.conftest import Tablet
from tests.browsers import device, served
from tests.evenings import evening, house
from tests.packing.world import finish, stop_order_of, take
from tests.readable import BENCH, ELSEWHERE, Face, axe_faults, html_faults, is_styled, narrow_faults, size_faults
from tests.signing_in import sign_in_page
from tests.world import NOW

__all__ = ["evening", "house"]
pytestmark = pytest.mark.browser
NO_PAGES = (".csv", ".pdf", ".xlsx", ".zip", ".json", "/fetch")


WORKERS = (PACKER, LEAD, WEIGHER, OWNER)


@dataclass(frozen=True)
class View:
    """A page as somebody sees it; ``is_first`` of those who see this page."""

    who: str
    path: str
    is_first: bool


def views(app: Flask, database: Database) -> list[View]:
    """Every page under /bench for each role that may open it, or for nobody in particular."""
    real = ways.real_values(database)
    found = []
    for route in ways.routes(app):
        path = route.rule.rule
        if route.method != "GET" or not path.startswith("/bench") or path.endswith(NO_PAGES):
            continue
        roles = getattr(app.view_functions[route.rule.endpoint], "roles", None)
        who = [role for role in WORKERS if roles and role in roles] or ["nobody"]
        found += [View(role, ways.address(app, route, real), role == who[0]) for role in who]
    return found


def face_of(page: Page) -> Face | None:
    """The promise of the page's face; paper is measured in points, where it is printed."""
    if page.locator(".sheet").count():
        return None
    return BENCH if page.locator("html.face-bench").count() else ELSEWHERE


def faults_of(page: Page, view: View) -> list[str]:
    """All of it for the first who sees the page; for others, whose page differs in a few links, where it is tightest."""
    face = face_of(page)
    if view.is_first:
        return [*axe_faults(page), *(size_faults(page, face) if face else ())]
    return narrow_faults(page, face) if face else []


def assert_none(faults: dict[str, list[str]]) -> None:
    bad = {name: found for name, found in faults.items() if found}
    assert bad == {}, "\n".join(f"{name}\n   " + "\n   ".join(found) for name, found in bad.items())


def text_of(page: Page, address: str) -> str | None:
    """The whole HTML page at an address, or nothing: files, parts of pages and ways elsewhere are not looked at."""
    answer = page.request.get(address, max_redirects=0)
    if answer.status != 200 or "html" not in answer.headers["content-type"]:
        return None
    text = answer.text()
    return text if "<html" in text else None


@pytest.mark.parametrize(("who", "at_least"), [("nobody", 3), (PACKER, 6), (LEAD, 20), (WEIGHER, 14), (OWNER, 30)])
def test_everybody_can_read_and_press_every_page_of_the_bench(
    browser: Browser, house: Flask, evening: Database, who: str, at_least: int
) -> None:
    faults: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    with served(house) as url, device(browser) as page:
        if who in WORKERS:
            sign_in_page(page, url, evening, ways.person_with(evening, who), face="bench")
        for view in views(house, evening):
            text = text_of(page, f"{url}{view.path}") if view.who == who else None
            if text is None:
                continue
            page.goto(f"{url}{view.path}")
            assert is_styled(page), view.path
            texts[view.path] = text
            faults[view.path] = faults_of(page, view)
            face = face_of(page)
            if view.is_first and face:
                page.goto(f"{url}{view.path}{'&' if '?' in view.path else '?'}lang=en")
                faults[view.path] += [f"in English: {fault}" for fault in narrow_faults(page, face)]
                page.context.add_cookies([{"name": "lang", "value": "zh", "url": url}])
        blank = page.context.new_page()
        for path, found in zip(texts, html_faults(blank, list(texts.values())), strict=True):
            faults[path] += found
    assert len(texts) >= at_least
    assert_none(faults)


def test_every_face_of_a_packers_screen_can_be_read_and_pressed(
    browser: Browser, url: str, tablet: Tablet, pile: None, database: Database
) -> None:
    """What the packer's one screen shows in turn, in both languages."""
    faults: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    with device(browser) as page:
        sign_in_page(page, url, database, tablet.person.person_id, face="bench", now=NOW)

        def look(name: str, *, at: str = "") -> None:
            for language in ("zh", "en"):
                answer = page.goto(f"{url}{at or page.url.removeprefix(url).partition('?')[0]}", wait_until="load")
                assert answer is not None
                page.context.add_cookies([{"name": "lang", "value": language, "url": url}])
                answer = page.reload()
                assert answer is not None
                assert answer.status == 200
                texts[f"{name} ({language})"] = answer.text()
                faults[f"{name} ({language})"] = faults_of(page, View(PACKER, at, language == "zh"))

        look("empty hands", at="/bench")
        with database.transaction() as session:
            first, second, third = take(session, tablet.person)
        look("card", at="/bench")
        for reason in TROUBLES:
            look(f"wrong: {reason}", at=f"/bench/wrong/{reason}?parcel={tablet.number_of(first)}")
        look("wrong", at=f"/bench/wrong?parcel={tablet.number_of(first)}")
        with database.transaction() as session:
            assert finish(session, first.id, tablet.person)
        look("done", at=f"/bench?done={first.id}")
        with database.transaction() as session:
            stop_order_of(session, second.id)
        look("put back", at="/bench")
        look("pass book", at="/bench/passbook")
        for name, found in zip(texts, html_faults(page.context.new_page(), list(texts.values())), strict=True):
            faults[name] += found
    assert third
    assert "挣了" in texts["done (zh)"]
    assert "取消" in texts["put back (zh)"]
    assert_none(faults)


def test_planted_faults_are_found(browser: Browser, client: FlaskClient, url: str) -> None:
    """The control: the same checks must find what we plant."""
    with device(browser) as page:
        page.goto(f"{url}/bench/help")
        assert [*axe_faults(page), *size_faults(page, BENCH)] == []
        page.evaluate("""() => document.querySelector("main").insertAdjacentHTML("beforeend",
            "<p class='plant'>小字</p><input name='nobody'><a href='/'>x</a><p class='grey'>灰字</p><div class='wide'>宽</div>")""")
        page.evaluate("""() => {
          document.querySelector(".plant").style.fontSize = "13px";
          document.querySelector(".grey").style.color = "#999";
          document.querySelector(".wide").style.width = "2000px";
        }""")
        found = "\n".join([*axe_faults(page), *size_faults(page, BENCH)])
        for word in (
            "text 13px",
            "label: <input",
            "target",
            "color-contrast-enhanced",
            "dark: color-contrast",
            "sideways",
        ):
            assert word in found, (word, found)
        (bad,) = html_faults(page.context.new_page(), ["<!doctype html><html><body><p><div></p><b id=a id=b>"])
        assert bad != []
        with client.get("/bench/help") as answer:
            (good,) = html_faults(page.context.new_page(), [answer.text])
        assert good == []


def test_a_page_without_its_style_sheet_is_not_taken_for_a_good_one(browser: Browser, url: str) -> None:
    page = browser.new_page()
    page.route("**/*.css*", lambda route: route.abort())
    page.goto(f"{url}/bench/help")
    assert not is_styled(page)
    page.close()
