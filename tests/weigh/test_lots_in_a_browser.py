"""Lots on a phone: mixed, looked at with their family, blocked; readable and without overflow."""

import re

import pytest
from playwright.sync_api import expect

from kernel.db import Database
from tests.purchasing.test_lots import make_lots
from tests.readable import AXE, axe_faults
from tests.weigh.test_in_a_browser import Screen, screen

__all__ = ["screen"]
pytestmark = pytest.mark.browser

PLACE = "/bench/weigh/lots"


def test_lots_are_mixed_bagged_and_blocked_on_a_phone(screen: Screen, database: Database) -> None:
    with database.transaction() as session:
        (old, new), _ = make_lots(session, 10_100, 20_000)
        old_id, new_id = old.id, new.id
    page = screen.page
    page.add_init_script(AXE)

    def is_readable() -> None:
        assert axe_faults(page) == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url

    screen.open(PLACE)
    is_readable()
    screen.open(f"{PLACE}/{old_id}/do/mix")
    is_readable()
    page.locator("[name=grams]").fill("5")
    page.locator(f"[name=part-{new_id}]").fill("7.5")
    page.locator("[name=grade]").fill("统货")
    page.get_by_role("button", name="混装").click()
    expect(page).to_have_url(re.compile(r"/lots/[0-9]+$"))
    expect(page.locator("main")).to_contain_text("12.5 kg")
    is_readable()
    page.locator("[name=variant]").first.check()
    page.locator("[name=bags]").fill("4")
    page.get_by_role("button", name="算一算").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("装 4 袋")
    is_readable()
    page.get_by_role("button", name="装好了，入库").click()
    expect(page.locator("main")).to_contain_text("装好 4 袋")
    for deed in ("dry", "waste", "count", "block"):
        screen.open(f"{PLACE}/{old_id}/do/{deed}")
        is_readable()
    page.locator("[name=reason]").fill("有异味")
    page.get_by_role("button", name="封存").click()
    expect(page.locator("main")).to_contain_text("有异味")
    is_readable()
    assert screen.complaints == []
