"""What search engines, chat apps and phones read of the shop, and what a phone shows without a network."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import Browser, expect
from werkzeug.test import TestResponse

from kernel.db import Database
from shop.catalog.models import Product
from tests.bench.lines import Line
from tests.browsers import browser, device, eventually, served
from tests.storefront.pages import assert_nothing_inline
from tests.world import LiveOffer, make_live_offer

__all__ = ["browser"]
STATIC = Path(__file__).parents[2] / "static"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=5)
        product = session.query(Product).one()
        product.story_zh = "肉厚</script><script>alert(1)</script>"
        return offer


def facts_of(page: TestResponse) -> dict[str, Any]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.DOTALL)
    assert found
    facts: dict[str, Any] = json.loads(found[1])
    return facts


def test_a_product_is_told_as_product_and_offer_and_a_story_cannot_break_out(
    client: FlaskClient, offer: LiveOffer, database: Database
) -> None:
    with database.transaction() as session:
        slug = session.query(Product.slug).scalar()
    page = client.get(f"/products/{slug}")
    assert_nothing_inline(page)
    facts = facts_of(page)
    assert (facts["@type"], facts["name"], facts["alternateName"]) == ("Product", "庆元花菇", "Flower shiitake")
    assert [(each["price"], each["priceCurrency"]) for each in facts["offers"]] == [("49.80", "CNY"), ("39.80", "CNY")]
    assert facts["offers"][1]["availability"] == "https://schema.org/InStock"
    assert "<script>alert" not in page.text
    assert re.search(r'<link rel="canonical" href="http[^"]+/products/', page.text)
    assert 'property="og:title" content="庆元花菇' in unescape(page.text)


def test_a_stream_is_told_as_an_event_that_is_on(client: FlaskClient, offer: LiveOffer) -> None:
    page = client.get(f"/live/{offer.stream_id}")
    assert_nothing_inline(page)
    facts = facts_of(page)
    assert (facts["@type"], facts["isLiveBroadcast"], len(facts["offers"])) == ("BroadcastEvent", True, 1)
    assert 'og:description" content="庆元山货直播：庆元花菇' in page.text


def test_engines_are_told_what_there_is_and_kept_from_what_is_somebodys(client: FlaskClient, offer: LiveOffer) -> None:
    robots = client.get("/robots.txt")
    assert robots.mimetype == "text/plain"
    assert "Disallow: /orders\n" in robots.text
    sitemap = re.search(r"Sitemap: (\S+)", robots.text)
    assert sitemap
    listed = [each.text or "" for each in ET.fromstring(client.get("/sitemap.xml").text).iter(f"{SITEMAP}loc")]
    assert len(listed) == 4
    base = sitemap[1].removesuffix("/sitemap.xml")
    for address in listed:
        assert client.get(address.removeprefix(base)).status_code == 200, address


def test_the_manifest_names_icons_that_are_there(client: FlaskClient) -> None:
    facts = json.loads(client.get("/manifest.webmanifest").text)
    assert facts["start_url"] == facts["scope"] == "/"
    for icon in facts["icons"]:
        with Image.open(STATIC / icon["src"].removeprefix("/static/").split("?")[0]) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]


@pytest.mark.browser
def test_without_a_network_the_shop_says_so_and_comes_back(browser: Browser, app: Any, offer: LiveOffer) -> None:
    line = Line(app.wsgi_app)
    app.wsgi_app = line
    with served(app) as url, device(browser) as page:
        page.goto(f"{url}/")
        eventually(
            page,
            lambda: page.evaluate(
                "navigator.serviceWorker.getRegistration('/').then((r) => r?.active?.state === 'activated')"
            ),
        )
        eventually(page, lambda: page.evaluate("caches.keys().then((names) => names.length)"))
        line.is_cut = True
        page.goto(f"{url}/live/{offer.stream_id}")
        expect(page.get_by_role("heading", name="没有网络")).to_be_visible()
        assert page.locator("img.empty-scene").evaluate("(img) => img.complete && img.naturalWidth > 0")
        line.is_cut = False
        page.get_by_role("link", name="再试一次").click()
        expect(page.get_by_role("link", name="进直播间")).to_be_visible()
