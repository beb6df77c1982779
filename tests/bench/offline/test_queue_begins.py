"""The first moments of a packer's page: what is pressed before its scripts are there, and a road that is poor from the start."""

import time

import pytest
from playwright.sync_api import Page, Route, expect

from tests.bench.lines import BEFORE, HALF, Line
from tests.bench.roads import (
    KEPT,
    cut,
    get_work,
    sign_in,
)
from tests.browsers import eventually

pytestmark = pytest.mark.browser


def test_a_button_that_is_pressed_before_its_script_is_there_counts(
    page: Page, url: str, line: Line, packer: int
) -> None:
    sign_in(page, url, packer)
    get_work(page)

    def late(route: Route) -> None:
        time.sleep(1.5)
        route.continue_()

    page.route("**/bench_queue_state.js*", late)
    page.goto(f"{url}/bench", wait_until="commit")
    cut(page, line)
    page.locator(".big-button-done").dblclick()
    expect(page.get_by_text("包好了，今天第 1 件")).to_be_visible()
    expect(page.locator(".bench-earned")).to_contain_text("今天 1 件")


def test_without_its_scripts_a_form_is_sent_as_ever(page: Page, url: str, packer: int) -> None:
    page.route("**/bench_queue*.js*", lambda route: route.abort())
    sign_in(page, url, packer)
    page.get_by_role("button", name="领活").click()
    page.locator(".big-button-done").click()
    expect(page.get_by_text("包好了，今天第 1 件")).to_be_visible()


def test_a_page_whose_first_tries_fail_is_kept_at_a_later_one(page: Page, url: str, line: Line, packer: int) -> None:
    # The page that every worker keeps first: without it there is none.
    line.path, line.plan = "/bench/offline", [BEFORE, HALF]
    page.clock.install()
    sign_in(page, url, packer)
    page.get_by_role("button", name="领活").click()
    for _ in range(3):
        page.clock.fast_forward("00:20")
        page.wait_for_timeout(300)
    eventually(page, lambda: page.evaluate(KEPT))
    assert (line.lost[BEFORE], line.lost[HALF]) == (1, 1)
