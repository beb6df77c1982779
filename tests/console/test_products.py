"""Products at the desk: added, changed, shown by the shop at once, and never half written."""

from typing import Any

import pytest
from sqlalchemy import select

from kernel.audit import AuditEntry
from shop.catalog.models import Product, Variant
from tests.console.conftest import Desk
from tests.console.reading import form_at
from tests.world import LiveOffer

NEW = "/console/products/new"
FILLED = {
    "title_zh": "牛肝菌",
    "title_en": "Porcini & friends (dried)",
    "story_zh": "炖汤香。",
    "story_en": "For soup.",
    "form": "dry",
    "photo": "products/huagu.svg",
    "grade_zh": "特级",
    "origin": "浙江庆元",
    "shelf_life_days": "365",
    "storage_zh": "阴凉干燥",
    "storage_en": "Cool and dry",
    "label_5": "GH/T 1013",
}


def add(desk: Desk, **changes: object) -> int:
    """Add a product on the page; its id."""
    answer = desk.send(NEW, desk.typed(NEW, **{**FILLED, **changes}))
    return int(answer.location.rsplit("/", 1)[1])


def add_variant(desk: Desk, product_id: int, **changes: object) -> str:
    page = f"/console/products/{product_id}/variants/new"
    filled = {"sku": "QY-NGJ-100", "spec_zh": "100g*1袋", "spec_en": "100 g bag", "price": "59.90"}
    typed = desk.typed(page, **{**filled, "net": "0.1", "gross": "0.13", **changes})
    desk.send(page, typed)
    return str(typed["sku"])


def test_a_new_product_with_a_size_stands_in_the_shop(desk: Desk) -> None:
    product_id = add(desk)
    assert "规格加" in desk.look(f"/console/products/{product_id}") or "加规格" in desk.look(
        f"/console/products/{product_id}"
    )
    add_variant(desk, product_id)
    chinese = desk.browser.get("/products/porcini-friends-dried?lang=zh").text
    for words in ("牛肝菌", "特级", "炖汤香", "100g*1袋", "365 天", "GH/T 1013", "阴凉干燥", "huagu.svg"):
        assert words in chinese, words
    assert '59<span class="price-fen">.90' in chinese
    english = desk.browser.get("/products/porcini-friends-dried?lang=en").text
    for words in ("Porcini &amp; friends (dried)", "For soup.", "100 g bag", "Cool and dry"):
        assert words in english, words


def test_a_change_is_in_the_shop_at_once_and_the_address_stays(desk: Desk) -> None:
    product_id = add(desk)
    page = f"/console/products/{product_id}"
    typed = desk.typed(page, title_zh="红牛肝菌", title_en="Red porcini", photo="products/muer.svg")
    del typed["returnable"]
    desk.send(page, typed)
    shop = desk.browser.get("/products/porcini-friends-dried?lang=zh").text
    assert "红牛肝菌" in shop
    assert "muer.svg" in shop
    assert "不退货" in shop
    assert desk.browser.get("/products/red-porcini").status_code == 404


def test_what_is_not_listed_is_not_in_the_shop_and_still_at_the_desk(desk: Desk) -> None:
    product_id = add(desk)
    page = f"/console/products/{product_id}"
    typed = desk.typed(page)
    del typed["listed"]
    desk.send(page, typed)
    assert desk.browser.get("/products/porcini-friends-dried").status_code == 404
    assert "没有上架" in desk.look("/console/products")


def test_two_products_of_one_name_have_two_addresses(desk: Desk) -> None:
    add(desk)
    add(desk)
    with desk.database.transaction() as session:
        assert list(session.scalars(select(Product.slug).order_by(Product.id))) == [
            "porcini-friends-dried",
            "porcini-friends-dried-2",
        ]


def test_a_double_tap_adds_one_product_and_one_size(desk: Desk) -> None:
    typed = desk.typed(NEW, **FILLED)
    desk.send(NEW, typed)
    assert desk.send(NEW, typed).location == "/console/products"
    with desk.database.transaction() as session:
        product_id = session.scalars(select(Product.id)).one()
    page = f"/console/products/{product_id}/variants/new"
    size = desk.typed(page, sku="A", spec_zh="一袋", spec_en="bag", price="1", net="0.1", gross="0.1")
    desk.send(page, size)
    desk.send(page, size)
    with desk.database.transaction() as session:
        session.scalars(select(Variant)).one()


def test_what_was_typed_comes_back_with_what_to_do_at_each_field(desk: Desk) -> None:
    typed = desk.typed(NEW, **{**FILLED, "title_zh": "", "shelf_life_days": "０", "photo": "../../etc/passwd"})
    refused = desk.send(NEW, typed, status=422)
    for name in ("title_zh", "shelf_life_days", "photo"):
        assert f'id="error-{name}"' in refused.text, name
    again = form_at(refused.text)
    for name in ("title_en", "story_zh", "storage_en", "shelf_life_days", "label_5", "form"):
        assert again[name] == typed[name], name
    with desk.database.transaction() as session:
        assert session.scalar(select(Product.id)) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("price", "0"),
        ("price", "-1"),
        ("price", "１"),
        ("price", "9" * 400),
        ("net", "0"),
        ("net", "true"),
        ("net", "51"),
        ("gross", "0.09"),
        ("sku", "中文"),
        ("sku", "A\x00B C"),
        ("sku", "x" * 41),
        ("spec_en", ""),
        ("unit", "barrel"),
    ],
)
def test_a_size_that_makes_no_sense_is_marked_and_not_kept(desk: Desk, name: str, value: str) -> None:
    product_id = add(desk)
    page = f"/console/products/{product_id}/variants/new"
    filled = {
        "sku": "A-1",
        "spec_zh": "一袋",
        "spec_en": "bag",
        "price": "5",
        "net": "0.1",
        "gross": "0.12",
        name: value,
    }
    refused = desk.send(page, desk.typed(page, **filled), status=422)
    assert f'id="error-{name}"' in refused.text
    with desk.database.transaction() as session:
        assert session.scalar(select(Variant.id)) is None


def test_a_sku_belongs_to_one_size(desk: Desk) -> None:
    product_id = add(desk)
    sku = add_variant(desk, product_id)
    page = f"/console/products/{product_id}/variants/new"
    typed = desk.typed(page, sku=sku, spec_zh="二袋", spec_en="two", price="5", net="0.1", gross="0.12")
    refused = desk.send(page, typed, status=409)
    assert "货号已经有了" in refused.text
    assert form_at(refused.text)["spec_zh"] == "二袋"


def test_raw_goods_need_no_price_and_cannot_be_sold(desk: Desk) -> None:
    product_id = add(desk)
    add_variant(desk, product_id, unit="gram", price="", net="", gross="")
    with desk.database.transaction() as session:
        raw = session.scalars(select(Variant)).one()
        assert (raw.unit, raw.price_fen, raw.sellable) == ("gram", 0, False)
        page = f"/console/products/variants/{raw.id}"
    typed = desk.typed(page, spec_zh="散装")
    desk.send(page, {**typed, "sellable": "1", "price": "5"})
    with desk.database.transaction() as session:
        assert not session.scalars(select(Variant.sellable)).one()
    assert "100g*1袋" not in desk.browser.get("/products/porcini-friends-dried?lang=zh").text


def test_a_price_that_changes_leaves_the_live_price_alone(desk: Desk, offer: LiveOffer) -> None:
    page = f"/console/products/variants/{offer.variant_id}"
    desk.send(page, desk.typed(page, price="88.80"))
    with desk.database.transaction() as session:
        assert session.get_one(Variant, offer.variant_id).price_fen == 8880
    assert '39<span class="price-fen">.80' in desk.browser.get(f"/live/{offer.stream_id}?lang=zh").text


def test_the_log_has_what_changed_and_nothing_when_nothing_did(desk: Desk) -> None:
    product_id = add(desk)
    page = f"/console/products/{product_id}"
    typed = desk.typed(page)
    desk.send(page, typed)
    assert desk.audit("product.changed") == []
    desk.send(page, {**typed, "origin": "浙江龙泉"})
    entry: AuditEntry = desk.audit("product.changed")[0]
    changed: dict[str, Any] = {"origin": "浙江庆元", "label": {"产地": "浙江庆元"}}
    assert entry.before["origin"] == changed["origin"]
    assert entry.after["origin"] == "浙江龙泉"
    assert set(entry.after) == {"origin", "label"}


def test_products_are_found_by_name_and_sku(desk: Desk) -> None:
    add_variant(desk, add(desk))
    for words in ("牛肝", "PORCINI", "ngj-1"):
        assert "牛肝菌" in desk.look(f"/console/products?q={words}")
    for words in ("花菇", "%25", "_"):
        assert "牛肝菌" not in desk.look(f"/console/products?q={words}")
