"""A phone of 390 px with a weak signal: standing in line, after the parcel, trust, finding and sharing, no scripts, no network."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from app import workflows
from kernel.audit import BUYER
from kernel.clock import utc_now
from kernel.db import Database
from shop.orders.counter import place_batch
from shop.orders.placing import Placed
from shop.orders.views import order_key
from tests import routes as ways
from tests.browsers import browser, device, eventually, served
from tests.evenings import evening, house, send_an_own_order
from tests.world import LiveOffer, ask, make_live_offer

__all__ = ["browser", "evening", "house"]
pytestmark = pytest.mark.browser

# 400 kbit/s, and 400 ms there and back (the browser's own "slow 3G").
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
PATIENCE_MS = 30_000


@contextmanager
def phone(browser: Browser, house: Flask, **options: object) -> Iterator[tuple[Page, str]]:
    """A phone in the shop, on a slow line; gives its page and the shop's address."""
    with served(house) as url, device(browser, **options) as page:
        page.set_default_timeout(PATIENCE_MS)
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
        yield page, url


def know_order(page: Page, url: str, house: Flask, number: str) -> None:
    """Open the order by its private link, as from a message to oneself."""
    with house.app_context():
        key = order_key(number)
    page.goto(f"{url}/orders/{number}?key={key}")


def fill_in(page: Page, name: str, number: int) -> None:
    page.locator('[name="buyer.name"]').fill(name)
    page.locator('[name="buyer.phone"]').fill(f"1390000{number:04d}")
    page.locator('[name="address.province"]').select_option("浙江省")
    page.locator('[name="address.detail"]').fill("示例路8号")


def sold_out(database: Database, house: Flask) -> tuple[LiveOffer, str]:
    """An offer whose last piece somebody else holds: the offer and that order's number."""
    now = utc_now()
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=1, now=now)
        (held,) = place_batch(session, [ask(offer, f"the-last-{offer.offer_id}", device="d" * 64)], now)
    assert isinstance(held, Placed)
    return offer, held.number


def test_whoever_types_what_is_sold_out_stands_in_line_until_it_comes_back(
    browser: Browser, house: Flask, evening: Database
) -> None:
    offer, held = sold_out(evening, house)
    with phone(browser, house) as (page, url):
        page.goto(f"{url}/live/{offer.stream_id}")
        page.locator("#said").fill("扣1")
        page.locator("#claim button").click()
        expect(page.get_by_role("heading", name="排队")).to_be_visible()
        fill_in(page, "欧阳𠮷祥", 1)
        page.get_by_role("button", name="排队", exact=True).first.dblclick()
        expect(page.get_by_role("heading", name="您排在第 1 位")).to_be_visible()
        page.go_back()
        page.go_forward()
        expect(page.get_by_role("heading", name="您排在第 1 位")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="您排在第 1 位")).to_be_visible()
        give_back(evening, held)
        eventually(page, lambda: "/orders/G" in page.url)
        expect(page.get_by_role("heading", name="货给您留着了")).to_be_visible()


def give_back(database: Database, number: str) -> None:
    """Somebody else cancels, and the worker's next round serves the line."""
    with database.transaction() as session:
        order_id = session.scalar(text("SELECT id FROM orders WHERE number = :number"), {"number": number})
        workflows.cancel_order(session, order_id, by=BUYER, reason="changed her mind", now=utc_now())
    with database.transaction() as session:
        workflows.serve_line(session, utc_now())


def test_after_the_parcel_a_photo_a_review_and_an_invoice(
    browser: Browser, house: Flask, evening: Database, tmp_path: Path
) -> None:
    number = send_an_own_order(evening).number
    broken = tmp_path / "broken.jpg"
    Image.new("RGB", (800, 600), "brown").save(broken)
    with phone(browser, house) as (page, url):
        know_order(page, url, house, number)
        page.get_by_role("link", name="收到时坏了").click()
        page.locator("[name=words]").fill("袋子破了，𠮷")
        page.locator("[name=photos]").set_input_files(broken)
        page.get_by_role("button", name="告诉工坊").dblclick()
        expect(page.get_by_text("等答复")).to_be_visible()
        expect(page.get_by_role("img", name="照片 1")).to_be_visible()

        page.get_by_role("link", name=re.compile("^评价")).click()
        page.get_by_role("button", name="交评价").click()
        expect(page.locator("#error-stars")).to_be_visible()
        page.get_by_text("很好").click()
        page.locator("[name=words]").fill("很香，𠮷")
        page.get_by_role("button", name="交评价").dblclick()
        expect(page.get_by_text("工坊还没看")).to_be_visible()
        know_order(page, url, house, number)
        expect(page.get_by_text("很香，𠮷")).to_be_visible()

        page.get_by_role("link", name="要发票").click()
        page.get_by_text("单位").first.click()
        page.locator("[name=tax_number]").fill("123")
        page.get_by_role("button", name="交给工坊").click()
        expect(page.locator("#error-tax_number")).to_be_visible()
        page.get_by_text("个人").first.click()
        page.get_by_role("button", name="交给工坊").dblclick()
        expect(page.get_by_text("等工坊开")).to_be_visible()


def test_the_bag_tells_who_grew_it_and_the_product_how_to_cook_it(
    browser: Browser, house: Flask, evening: Database
) -> None:
    lot = ways.real_values(evening)["lot"]
    with phone(browser, house) as (page, url):
        page.goto(f"{url}/trace/{lot}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.goto(f"{url}/products/huagu")
        expect(page.get_by_role("heading", name="怎么泡、怎么做")).to_be_visible()
        expect(page.get_by_role("heading", name="买过的人说")).to_be_visible()


def test_a_slip_of_the_thumb_still_finds_and_the_link_is_copied(
    browser: Browser, house: Flask, evening: Database
) -> None:
    with phone(browser, house, permissions=["clipboard-read", "clipboard-write"]) as (page, url):
        page.goto(f"{url}/search?q=huagi")
        page.get_by_role("link", name=re.compile("花菇")).first.click()
        expect(page).to_have_url(re.compile("/products/huagu"))
        button = page.locator("[data-copy]")
        button.click()
        eventually(page, lambda: page.evaluate("navigator.clipboard.readText()").endswith("/products/huagu"))


def test_without_scripts_an_order_is_placed(browser: Browser, house: Flask, evening: Database) -> None:
    with evening.transaction() as session:
        offer = make_live_offer(session, on_hand=3, now=utc_now())
    with phone(browser, house, java_script_enabled=False) as (page, url):
        page.goto(f"{url}/live/{offer.stream_id}/buy?offer={offer.offer_id}")
        page.locator("[name=pasted]").fill("欧阳𠮷祥 13900000021 浙江省丽水市庆元县松源街道1号")
        page.get_by_role("button", name="分到下面").click()
        expect(page.locator('[name="buyer.name"]')).to_have_value("欧阳𠮷祥")
        page.get_by_role("button", name=re.compile("^下单，")).click()
        expect(page.get_by_role("heading", name="货给您留着了")).to_be_visible()
