"""Lots on a phone: mixed, looked at with their family, blocked; readable and without overflow."""

import re

import pytest
from playwright.sync_api import expect

from kernel.db import Database
from tests.purchasing.test_lots import make_lots
from tests.readable import axe_faults
from tests.weigh.test_in_a_browser import Screen, screen

__all__ = ["screen"]
pytestmark = pytest.mark.browser

PLACE = "/bench/weigh/lots"


def test_lots_are_mixed_bagged_and_blocked_on_a_phone(screen: Screen, database: Database) -> None:
    with database.transaction() as session:
        (old, new), _ = make_lots(session, 10_100, 20_000)
        old_id, new_id = old.id, new.id
    page = screen.page

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


@pytest.mark.parametrize("width", [390, 320])
def test_a_lot_is_sorted_on_a_phone(screen: Screen, database: Database, width: int) -> None:
    with database.transaction() as session:
        (lot,), _ = make_lots(session, 10_000)
        lot_id = lot.id
    page = screen.page
    page.set_viewport_size({"width": width, "height": 844})

    def is_readable() -> None:
        assert axe_faults(page) == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url

    screen.open(f"{PLACE}/{lot_id}")
    page.get_by_role("link", name="分级").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("分级")
    for name, typed in {"grams": "10", "grade-1": "一级", "part-1": "6", "grade-2": "二级", "part-2": "3.5"}.items():
        page.locator(f"[name={name}]").fill(typed)
    page.get_by_role("button", name="分级").click()
    expect(page.locator("#error-reason")).to_contain_text("少了 0.5 公斤")
    expect(page.locator("[name=part-2]")).to_have_value("3.5")
    is_readable()
    page.locator("[name=reason]").fill("碎了")
    page.get_by_role("button", name="分级").click()
    expect(page).to_have_url(re.compile(r"/lots/[0-9]+$"))
    expect(page.locator("a.family-lot")).to_have_count(2)
    is_readable()
    page.locator("a.family-lot").first.click()
    expect(page.locator("main")).to_contain_text("一共少了 0.5 kg")
    is_readable()
