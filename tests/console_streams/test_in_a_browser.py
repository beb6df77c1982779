"""What the scripts add, in Chromium: keys, the undo's ten seconds, hearing of others, the board that moves by itself."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from kernel.clock import utc_now
from kernel.db import Database
from kernel.people import service as people
from kernel.people.rules import OWNER, STREAMER
from tests.console.conftest import Desk, sit_down
from tests.console_streams.conftest import offer_of
from tests.e2e.house import PC, STEP_MS, TABLET, chromium
from tests.servers import listening
from tests.streams.evening import Evening

pytestmark = pytest.mark.browser
expect.set_options(timeout=STEP_MS)

WALL = (1920, 1080)
MEANT = re.compile("responded with a status of|EventSource's response has a MIME type")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def shop(app: Flask) -> Iterator[str]:
    """The application on loopback."""
    with listening() as (address, server):
        server.app = app
        yield address
        app.extensions["seats"].close()


@pytest.fixture
def open_page(browser: Browser, shop: str) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody at a desk; what browsers complain about fails the test."""
    complaints: list[str] = []
    pages: list[Page] = []

    def open_as(desk: Desk, path: str, size: tuple[int, int] = PC) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
        context.add_cookies(
            [{"name": cookie.key, "value": cookie.value, "url": shop} for cookie in desk.browser._cookies.values()]
        )
        page = context.new_page()
        page.set_default_timeout(STEP_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                # Chromium writes every answer of 400 and more down, and a board led to the sign-in page; both are meant.
                message.type == "error" and not MEANT.search(message.text) and complaints.append(message.text)
            ),
        )
        page.goto(shop + path)
        pages.append(page)
        return page

    yield open_as
    for page in pages:
        page.context.close()
    assert complaints == []


def control(evening: Evening) -> str:
    return f"/console/streams/{evening.stream_id}/control"


def on_air(page: Page, place: int) -> None:
    expect(page.locator(".air.is-live .air-name .number")).to_have_text(str(place))


def press(page: Page, key: str) -> None:
    """Press a key once the page listens to keys."""
    expect(page.locator("html.has-keys")).to_be_attached()
    page.keyboard.press(key)


def test_a_streamer_runs_the_show_from_the_keyboard(
    desk: Desk, evening: Evening, open_page: Callable[..., Page]
) -> None:
    page = open_page(desk, control(evening))
    press(page, "n")
    on_air(page, 1)
    press(page, "3")
    on_air(page, 3)
    press(page, "u")
    on_air(page, 1)
    press(page, "p")
    page.keyboard.type("35")
    page.keyboard.press("Enter")
    expect(page.locator(".air .price")).to_contain_text("35")
    expect(page.locator(".undo-line")).to_contain_text("从 ¥39.80 改成 ¥35.00")
    press(page, "s")
    page.keyboard.type("n3u")
    expect(page.locator("#field-allotment")).to_have_value("n3u")
    on_air(page, 1)


def test_keys_can_be_turned_off(desk: Desk, evening: Evening, open_page: Callable[..., Page]) -> None:
    page = open_page(desk, control(evening))
    page.get_by_role("button", name="关掉快捷键").click()
    page.keyboard.press("n")
    page.reload()
    page.keyboard.press("n")
    expect(page.get_by_text("现在没有讲解中的商品")).to_be_visible()
    page.get_by_role("button", name="打开快捷键").click()
    page.keyboard.press("n")
    on_air(page, 1)


def test_who_types_is_told_of_others_and_who_does_not_sees_it(
    app: Flask, database: Database, evening: Evening, open_page: Callable[..., Page]
) -> None:
    xiang = sit_down(app, database, STREAMER, name="叶阿香")
    lan, looking = (sit_down(app, database, OWNER, name=name) for name in ("吴晓岚", "范建国"))
    typing, watching = open_page(lan, control(evening), TABLET), open_page(looking, control(evening), TABLET)
    typing.locator("#field-price").fill("36")
    address = f"/console/streams/{evening.stream_id}/offers/{evening.offer_ids[0]}/terms"
    xiang.send(address, {"price": "35.00", "seen": "0"})
    expect(watching.locator("#field-price")).to_have_value("35.00")
    expect(typing.get_by_text("有人改了商品或价格")).to_be_visible()
    expect(typing.locator("#field-price")).to_have_value("36")
    typing.locator("[data-terms-form] button").click()
    expect(typing.locator("#error-price")).to_contain_text("叶阿香")
    expect(typing.locator("#field-price")).to_have_value("36")


def test_the_undo_line_goes_after_its_ten_seconds(desk: Desk, evening: Evening, open_page: Callable[..., Page]) -> None:
    desk.send(f"/console/streams/{evening.stream_id}/on-air", {"offer": str(evening.offer_ids[0])})
    # Nine and a half of the ten are over by the server's clock, whatever the browser's own says.
    desk.app.extensions["clock"] = lambda: desk.now + timedelta(seconds=9.5)
    page = open_page(desk, control(evening))
    line = page.locator(".undo-line")
    expect(line).to_have_count(0)
    on_air(page, 1)


def test_boards_move_without_a_reload(desk: Desk, evening: Evening, open_page: Callable[..., Page]) -> None:
    address = f"/console/board/{evening.stream_id}"
    board, wall = open_page(desk, address), open_page(desk, f"{address}?wall=1", WALL)
    for page in (board, wall):
        page.evaluate("window.stayed = true")
    board.get_by_text("看成表格").click()
    desk.pay(desk.place(offer_of(desk, evening), 2))
    for page in (board, wall):
        expect(page.locator(".five")).to_contain_text("¥85.60")
        assert page.evaluate("window.stayed")
    expect(board.locator("[data-part=minutes] tbody tr").first).to_contain_text("¥85.60")
    assert wall.evaluate("document.documentElement.scrollHeight <= innerHeight"), "the wall is not scrolled"


def test_a_board_finds_back_by_itself(desk: Desk, evening: Evening, open_page: Callable[..., Page]) -> None:
    page = open_page(desk, f"/console/board/{evening.stream_id}")
    expect(page.locator("[data-lost]")).to_be_hidden()
    page.context.set_offline(True)
    seats = desk.app.extensions["seats"]
    for seat in list(seats._taken.values()):
        seat.end("again")
    desk.place(offer_of(desk, evening))
    page.context.set_offline(False)
    expect(page.locator(".five")).to_contain_text(re.compile("¥45.80"))


def test_without_a_seat_the_board_asks_every_few_seconds(
    desk: Desk, evening: Evening, open_page: Callable[..., Page]
) -> None:
    seats = desk.app.extensions["seats"]
    for number in range(seats.most):
        seats.take(f"somebody {number}")
    page = open_page(desk, f"/console/board/{evening.stream_id}")
    desk.place(offer_of(desk, evening))
    expect(page.locator(".five")).to_contain_text("¥45.80")
    expect(page.locator("[data-lost]")).to_be_hidden()


def test_signed_out_the_board_leads_to_the_sign_in_page(
    desk: Desk, evening: Evening, open_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.console.board_views._CHECK_PERSON_AFTER_S", 0.0)
    page = open_page(desk, f"/console/board/{evening.stream_id}")
    token = next(iter(desk.browser._cookies.values())).value
    with desk.database.transaction() as session:
        people.end_sign_in(session, token, utc_now())
    page.wait_for_url(re.compile("/sign-in"))
