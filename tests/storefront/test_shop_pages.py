"""The front, a product and the live page: in both languages, escaped, small, and true in every state of a stream."""

import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from shop.catalog.models import Product, Variant
from shop.streams import service as streams
from shop.streams.models import Stream
from tests.storefront.pages import assert_nothing_inline
from tests.world import NOW, LiveOffer, make_live_offer

STATIC = Path(__file__).parents[2] / "static"
LARGEST_PAGE_BYTES = 100_000


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, on_hand=7, cap=3)


def slug_of(database: Database, offer: LiveOffer) -> str:
    with database.transaction() as session:
        return session.get_one(Variant, offer.variant_id).product.slug


def every_page(database: Database, offer: LiveOffer) -> list[str]:
    live = f"/live/{offer.stream_id}"
    return [
        "/",
        f"/products/{slug_of(database, offer)}",
        live,
        f"{live}/buy?offer={offer.offer_id}",
        "/orders",
        "/no-such-page",
    ]


def test_every_page_speaks_both_languages(client: FlaskClient, database: Database, offer: LiveOffer) -> None:
    for path in every_page(database, offer):
        mark = "&" if "?" in path else "?"
        chinese, english = client.get(f"{path}{mark}lang=zh"), client.get(f"{path}{mark}lang=en")
        assert '<html lang="zh-CN"' in chinese.text
        assert '<html lang="en"' in english.text
        assert "我的订单" in chinese.text
        assert "My orders" in english.text
        assert "我的订单" not in english.text


def test_no_page_needs_an_inline_script_or_style(client: FlaskClient, database: Database, offer: LiveOffer) -> None:
    for path in every_page(database, offer):
        assert_nothing_inline(client.get(path))


def test_a_page_is_small_before_its_photographs(client: FlaskClient, database: Database, offer: LiveOffer) -> None:
    for path in every_page(database, offer):
        page = client.get(path)
        files = set(re.findall(r"/static/((?:css|js)/[a-z]+\.(?:css|js)|img/(?:icons|favicon|logo)\.svg)", page.text))
        assert "css/tokens.css" in files
        assert len(page.data) + sum((STATIC / file).stat().st_size for file in files) < LARGEST_PAGE_BYTES


def test_the_live_page_tells_the_true_price_what_is_left_and_the_cap(client: FlaskClient, offer: LiveOffer) -> None:
    page = client.get(f"/live/{offer.stream_id}?lang=zh").text
    assert '</span>39<span class="price-fen">.80' in page
    assert "<s>¥49.80</s>" in page
    assert ">7 件<" in page
    assert "每人限购 3 件" in page
    assert 'max="3"' in page


def test_sold_out_is_said_and_leads_to_the_line_and_what_is_closed_cannot_be_pressed(
    client: FlaskClient, database: Database
) -> None:
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=0, allotment=5)
    page = client.get(f"/live/{offer.stream_id}?lang=zh").text
    assert "卖完了" in page
    assert "卖完了，排队等货" in page
    pressed = client.get(f"/live/{offer.stream_id}/buy?offer={offer.offer_id}")
    assert f'action="/live/{offer.stream_id}/waits"' in pressed.text
    with database.transaction() as session:
        closed = {"state": "closed"}
        streams.change_offer(session, offer.stream_id, offer.offer_id, closed, now=NOW, by=SYSTEM)
    page = client.get(f"/live/{offer.stream_id}?lang=zh").text
    assert re.search(r"<button[^>]*data-stage=\"buy\" disabled", page)
    assert client.get(f"/live/{offer.stream_id}/buy?offer={offer.offer_id}").status_code == 302


def test_live_leads_to_what_is_on_and_else_says_what_is_coming_and_what_there_was(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    assert client.get("/live").location == f"/live/{offer.stream_id}"
    with database.transaction() as session:
        streams.end_stream(session, offer.stream_id, now=NOW, by=SYSTEM)
        streams.plan_stream(
            session, title_zh="周末场", title_en="Weekend", starts_at=NOW, hold_minutes=10, now=NOW, by=SYSTEM
        )
    page = client.get("/live?lang=zh")
    assert_nothing_inline(page)
    assert page.text.index("周末场") < page.text.index("播过的") < page.text.index("夜市")


def test_a_planned_and_an_ended_stream_have_pages_of_their_own(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    with database.transaction() as session:
        planned = streams.plan_stream(
            session,
            title_zh="周末场",
            title_en="Weekend",
            starts_at=utc_now(),
            hold_minutes=10,
            now=utc_now(),
            by=SYSTEM,
        ).id
        streams.end_stream(session, offer.stream_id, now=utc_now(), by=SYSTEM)
    assert "开播时间" in client.get(f"/live/{planned}?lang=zh").text
    assert "这场直播结束了" in client.get(f"/live/{offer.stream_id}?lang=zh").text
    assert "周末场" in client.get("/?lang=zh").text


def test_a_live_stream_without_anything_on_air_still_sells(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    with database.transaction() as session:
        streams.put_on_air(session, offer.stream_id, None, now=utc_now(), by=SYSTEM)
    page = client.get(f"/live/{offer.stream_id}?lang=zh").text
    assert "主播正在准备下一样" in page
    assert f"offer={offer.offer_id}" in page


def test_hostile_names_stay_text(client: FlaskClient, database: Database, offer: LiveOffer) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e𠮷{{7*7}}'
    with database.transaction() as session:
        stream = session.get_one(Stream, offer.stream_id)
        stream.title_zh = hostile
        product = session.get_one(Product, session.get_one(Variant, offer.variant_id).product_id)
        product.title_zh = product.story_zh = product.grade_zh = product.origin = hostile
        product.label = {hostile: hostile}
    for path in every_page(database, offer):
        page = client.get(f"{path}{'&' if '?' in path else '?'}lang=zh")
        assert_nothing_inline(page)
        assert "<script>alert" not in page.text
        assert "𠮷49" not in page.text


def test_an_empty_shop_says_so(client: FlaskClient) -> None:
    assert "还没有上架的商品" in client.get("/?lang=zh").text
    assert "Nothing is listed yet" in client.get("/?lang=en").text


@pytest.mark.parametrize(
    "path",
    [
        "/live/999",
        "/live/9223372036854775808",
        f"/live/{'9' * 400}",
        "/products/none",
        "/products/%00",
        "/orders/G1",
    ],
)
def test_what_is_not_there_is_404_with_a_way_on(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 404
    assert 'href="/"' in page.text


def told(farmer: str | None, **facts: object) -> dict[str, object]:
    usual = {
        "farmer": farmer,
        "village": "后坑村",
        "day": date(2026, 11, 24),
        "grade": "一级",
        "has_certificate": True,
        "quote_fen_per_kg": 8_000,
        "quote_market": "新发地",
        "quote_day": date(2026, 11, 23),
        "promised_fen_per_kg": 9_200,
    }
    return usual | facts


CERTIFICATE = {
    "number": "HGZ261124-001",
    "product": "香菇(干)",
    "quantity_g": 42_500,
    "origin": "浙江省丽水市庆元县",
    "promiser": "工坊",
    "contact": "0578-1234567",
    "basis": "self_tested",
    "issued_on": date(2026, 11, 24),
}


def show_story(app: Flask, client: FlaskClient, product: str, *deliveries: dict[str, object]) -> TestResponse:
    """The trace page of a lot that these deliveries went into."""
    story = {
        "number": "L261124-0001",
        "product": product,
        "growers": len(deliveries),
        "deliveries": deliveries,
        "certificates": [CERTIFICATE],
        "packed_by": ["阿仙"],
    }
    app.extensions["flows"] = SimpleNamespace(
        lot_story=lambda session, number: story if number == "L261124-0001" else None
    )
    return client.get("/trace/L261124-0001?lang=zh")


@pytest.mark.parametrize(("farmer", "heading"), [("吴大伯", "吴大伯种的"), (None, "后坑村的农户种的")])
def test_a_trace_page_names_the_grower_only_with_consent(
    app: Flask, client: FlaskClient, database: Database, offer: LiveOffer, farmer: str | None, heading: str
) -> None:
    page = show_story(app, client, slug_of(database, offer), told(farmer))
    assert heading in page.text
    assert "15%" in page.text
    assert "每公斤 ¥12.00" in page.text
    for shown in ("HGZ261124-001", "42.5 kg", "0578-1234567", "自我检测", "2026-11-24", "谁打的包", "阿仙"):
        assert shown in page.text
    assert_nothing_inline(page)
    assert client.get("/trace/L000000-0000").status_code == 404


def test_a_mixed_lot_tells_of_each_grower_and_names_those_who_agreed(
    app: Flask, client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    other = told(None, village="黄田镇", promised_fen_per_kg=8_800)
    page = show_story(app, client, slug_of(database, offer), told("吴大伯"), other)
    assert "2 家农户种的" in page.text
    assert "吴大伯" in page.text
    assert "黄田镇的农户" in page.text
    assert "15%" in page.text
    assert "10%" in page.text
