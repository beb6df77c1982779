"""The board on a wall where nobody signs in: opened by its link, moving on by itself, dark once the link is taken back."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from sqlalchemy import select

from app.console import board_views
from app.console.wall import service as wall
from app.console.wall.models import WallLink
from kernel import outbox
from kernel.db import Database
from kernel.people.rules import OWNER, PACKER
from shop.streams import service as streams
from tests.browsers import browser, device
from tests.console.conftest import Desk, sit_down
from tests.console.reading import form_at
from tests.console_streams.conftest import offer_of
from tests.console_streams.test_live import Screen, says, url
from tests.packing.races import told_at_once, without
from tests.streams.evening import XIANG, Evening, make_evening
from tests.world import NOW

__all__ = ["browser", "url"]
WALL = (1920, 1080)


def link_of(desk: Desk) -> str:
    """The link as it stands on the page, made if there is none."""
    page = desk.look("/console/wall")
    if "/wall/in/" not in page:
        desk.send("/console/wall", form_at(page, "/console/wall"))
        page = desk.look("/console/wall")
    found = re.search(r'href="(/wall/in/\d+\?key=[^"]+)"', page)
    assert found
    return found[1]


def enter(app: Flask, link: str) -> FlaskClient:
    screen = app.test_client()
    assert screen.get(link).location == "/wall"
    return screen


def test_a_screen_that_nobody_signed_in_at_shows_the_board(app: Flask, desk: Desk, evening: Evening) -> None:
    number = desk.paid(offer_of(desk, evening), 2, name="诸葛不漏", phone="13800001234")
    link = link_of(desk)
    assert link_of(desk) == link, "made twice there is one"
    screen = enter(app, link)
    page = screen.get("/wall?lang=zh")
    assert page.status_code == 200
    assert "山货夜市" in page.text
    for secret in ("诸葛不漏", "1234", number, 'href="/console'):
        assert secret not in page.text, secret
    assert "山货夜市" not in app.test_client().get("/wall?lang=zh").text
    assert screen.get("/console").status_code == 302, "it opens nothing else"
    assert screen.get(f"/console/board/{evening.stream_id}/parts").status_code in (302, 401)


@pytest.mark.parametrize("key", ["", "x", "9" * 400, "\x00"])
def test_a_guessed_key_opens_nothing(app: Flask, desk: Desk, key: str) -> None:
    link_of(desk)
    stranger = app.test_client()
    assert stranger.get("/wall/in/1", query_string={"key": key}).status_code == 404
    for cookie in (f"1.{key}", "1.", "x.y", f"{2**70}.{key}"):
        stranger.set_cookie("wall", cookie.replace("\x00", ""), path="/wall")
        for path in ("/wall", "/wall/parts", "/wall/events"):
            assert stranger.get(path).status_code == 404, (path, cookie)


def test_what_is_sold_is_told_and_the_next_stream_is_shown_by_itself(
    url: str, app: Flask, desk: Desk, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_views, "_CHECK_PERSON_AFTER_S", 0)
    cookies = {each.key: each.value for each in enter(app, link_of(desk))._cookies.values()}
    screen = Screen(f"{url}/wall/events?stream={evening.stream_id}&screen=one", cookies)
    screen.until("parts")
    desk.paid(offer_of(desk, evening), 1)
    assert screen.until("parts", says("1 单"))
    with desk.database.transaction() as session:
        streams.end_stream(session, evening.stream_id, now=desk.now, by=XIANG)
        following = make_evening(session, offers=1).stream_id
    assert screen.until("bye") == "signed-out", "it is told to load anew"
    screen.close()
    web = enter(app, link_of(desk))
    assert f"stream={following}" in web.get("/wall").text
    late = Screen(f"{url}/wall/events?stream={evening.stream_id}&screen=two", cookies)
    assert late.until("bye") == "signed-out"
    late.close()
    assert web.get(f"/wall/parts?stream={evening.stream_id}").status_code == 403
    assert web.get(f"/wall/parts?stream={following}").status_code == 200
    for odd in ("", "x", "9" * 400):
        assert web.get(f"/wall/parts?stream={odd}").status_code == 403


def test_a_week_later_it_still_shows_and_taken_back_it_is_dark(
    url: str, app: Flask, desk: Desk, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_views, "_CHECK_PERSON_AFTER_S", 0)
    web = enter(app, link_of(desk))
    cookies = {each.key: each.value for each in web._cookies.values()}
    screen = Screen(f"{url}/wall/events?stream={evening.stream_id}&screen=one", cookies)
    screen.until("parts")
    desk.wait(days=8)
    assert web.get("/wall").status_code == 200
    desk.paid(offer_of(desk, evening), 1)
    screen.until("parts", says("1 单"))
    page = desk.look("/console/wall")
    desk.send("/console/wall/take-back", form_at(page, "/console/wall/take-back"))
    assert screen.until("bye") == "signed-out"
    screen.close()
    assert web.get("/wall").status_code == 404
    assert "现在没有链接" in desk.look("/console/wall?lang=zh")
    assert [entry.action for entry in desk.audit("wall_link.revoked")] == ["wall_link.revoked"]
    assert enter(app, link_of(desk)).get("/wall").status_code == 200, "a new link opens it again"
    assert web.get("/wall").status_code == 404, "for whoever has that one"


def test_without_a_stream_the_wall_waits(app: Flask, database: Database) -> None:
    desk = sit_down(app, database, OWNER)
    web = enter(app, link_of(desk))
    answer = web.get("/wall?lang=zh")
    assert "还没有直播" in answer.text
    assert answer.headers["Refresh"] == "60"
    assert web.get("/wall/parts").status_code == 403
    assert sit_down(app, database, PACKER).browser.get("/console/wall").status_code == 403


def test_made_by_two_at_once_there_is_one(database: Database, desk: Desk) -> None:
    assert (
        told_at_once(database, *[lambda session: wall.make_link(session, now=NOW, by=desk.person)] * 3)
        == ["written"] * 3
    )
    with database.transaction() as session:
        assert len(session.scalars(select(WallLink)).all()) == 1
        wall.take_back(session, now=NOW + timedelta(hours=1), by=desk.person)
    with without(database, r" ON CONFLICT .*? DO NOTHING"):
        told = told_at_once(database, *[lambda session: wall.make_link(session, now=NOW, by=desk.person)] * 2)
    assert any("uq_wall_links_open" in each for each in told), "the control: the index holds what the clause hides"


@pytest.mark.browser
@pytest.mark.parametrize("offers", [3, 6, 12])
def test_on_a_large_screen_every_row_is_whole_also_with_an_alarm(
    url: str, browser: Browser, desk: Desk, offers: int
) -> None:
    with desk.database.transaction() as session:
        make_evening(session, offers=offers)
        outbox.enqueue(session, "plan_work", {}, now=desk.now - timedelta(hours=1))
    link = link_of(desk)
    with device(browser, WALL) as page:
        page.goto(f"{url}{link}")
        assert page.locator(".alarms").is_visible()
        assert page.locator("main a, main button, main summary").count() == 0, "nothing to press"
        rows = page.locator(".board-offers tbody tr")
        assert rows.count() == min(offers, 8)
        card = page.locator(".board-list").bounding_box()
        last = (page.locator(".wall-more") if offers > 8 else rows.last).bounding_box()
        assert card
        assert last
        assert last["y"] + last["height"] <= card["y"] + card["height"], "the last row is not cut"
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
