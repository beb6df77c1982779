"""What all pages of the lead have in common: one menu at one place, one edge and one width."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from kernel.clock import utc_now
from kernel.db import Database
from tests.browsers import device
from tests.e2e.house import PC, PHONE
from tests.lead.world import Bench, order_parcel
from tests.signing_in import sign_in_page
from tests.world import NOW

MENU = ["", "/parcels", "/prints", "/waybills", "/hand-over", "/fees", "/people", "/rates", "/wages"]


@pytest.mark.browser
def test_the_menu_is_one_row_at_one_place_and_shows_where_one_is(
    browser: Browser, url: str, database: Database, bench: Bench
) -> None:
    places = set()
    with device(browser, PHONE) as page:
        sign_in_page(page, url, database, bench.lead.person_id)
        for path in MENU:
            page.goto(f"{url}/bench/lead{path}")
            page.wait_for_load_state("load")
            menu = page.locator(".lead-menu").bounding_box()
            entry = page.locator(".lead-menu [aria-current]").first.bounding_box()
            assert menu is not None
            assert entry is not None
            places.add((menu["x"], menu["y"], menu["width"], menu["height"]))
            assert menu["x"] <= entry["x"] + 1
            assert entry["x"] + entry["width"] <= menu["x"] + menu["width"] + 1, path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert len(places) == 1
    assert places.pop()[3] < 100, "one row"


@pytest.mark.browser
def test_pages_begin_at_one_edge_have_one_width_and_the_chart_is_on_the_first_screen(
    browser: Browser, url: str, database: Database, bench: Bench
) -> None:
    for hours in (-1, *range(1, 12)):
        order_parcel(database, bench, due_in=utc_now() - NOW + timedelta(hours=hours))
    edges = set()
    with device(browser, PC) as page:
        sign_in_page(page, url, database, bench.lead.person_id)
        for path in (*MENU, "/samples", "/late-work", "/courier-cases"):
            page.goto(f"{url}/bench/lead{path}")
            box = page.locator("main .page").bounding_box()
            assert box is not None
            edges.add((box["x"], box["width"]))
        page.goto(f"{url}/bench/lead")
        assert page.locator(".lead-hours tbody tr").count() == 10
        chart, foot = page.locator(".lead-hours").bounding_box(), page.locator(".bench-foot").bounding_box()
    assert len(edges) == 1
    assert chart is not None
    assert foot is not None
    assert chart["y"] + chart["height"] <= foot["y"]
