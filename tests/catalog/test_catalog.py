"""The catalogue: labels derived once, addresses that are addresses, and a log of what changed."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import SYSTEM, AuditEntry
from kernel.errors import NotFound, Refused
from shop.catalog import forms, queries, rules, service
from shop.catalog.models import Product, Variant
from shop.catalog.service import ProductFacts, VariantFacts
from tests.world import NOW, make_variant

FACTS = ProductFacts(
    title_zh="牛肝菌",
    title_en="Porcini",
    story_zh="炖汤香。",
    story_en="For soup.",
    form="dry",
    grade_zh="",
    photo="products/huagu.svg",
    storage_zh="阴凉干燥",
    storage_en="Cool and dry",
    soaking_zh="冷水四小时",
    soaking_en="Four hours, cold",
    recipe_zh="炖鸡",
    recipe_en="With chicken",
    label={"生产者": "示例合作社", "配料": ""},
    origin="浙江庆元",
    shelf_life_days=365,
    returnable=True,
    claim_hours=24,
    listed=True,
)
BAG = VariantFacts("A-1", "一袋", "a bag", 5_000, 100, 130, sellable=True)
GIVEN = {"now": NOW, "by": SYSTEM}


@given(st.text())
def test_any_english_name_gives_an_address(title: str) -> None:
    slug = rules.slug_from(title)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= 60


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Flower shiitake (250 g)", "flower-shiitake-250-g"),
        ("Crème brûlée", "creme-brulee"),
        ("花菇", "product"),
        ("x" * 80, "x" * 60),
    ],
)
def test_an_address_reads_like_the_name(title: str, slug: str) -> None:
    assert rules.slug_from(title) == slug


def test_a_label_takes_what_the_product_says_and_leaves_out_what_is_empty(session: Session) -> None:
    product = service.add_product(session, FACTS, **GIVEN)
    assert product.label == {
        "产品名称": "牛肝菌",
        "产地": "浙江庆元",
        "贮存条件": "阴凉干燥",
        "生产者": "示例合作社",
    }
    service.change_product(session, product.id, replace(FACTS, origin="浙江龙泉", grade_zh="特级"), **GIVEN)
    assert product.label["产地"] == "浙江龙泉"
    assert product.label["质量等级"] == "特级"


def test_a_form_shows_a_product_as_it_is_and_reads_it_back_the_same(session: Session) -> None:
    product = service.add_product(session, FACTS, **GIVEN)
    shown = forms.product_form(product)
    read = forms.read_product(shown, [FACTS.photo])
    assert replace(read, label={}) == replace(FACTS, label={})
    service.change_product(session, product.id, read, **GIVEN)
    assert session.scalars(select(AuditEntry.action)).all() == ["product.added"], (
        "nothing changed, so nothing is logged"
    )


def test_a_variant_is_shown_and_read_back_the_same(session: Session) -> None:
    product = service.add_product(session, FACTS, **GIVEN)
    variant = service.add_variant(session, product.id, replace(BAG, net_g=2_505, gross_g=2_999), unit="piece", **GIVEN)
    assert forms.read_variant(forms.variant_form(variant), "piece") == replace(BAG, net_g=2_505, gross_g=2_999)


def test_prices_are_read_back_to_the_fen(session: Session) -> None:
    product = service.add_product(session, FACTS, **GIVEN)
    variant = service.add_variant(session, product.id, BAG, unit="piece", **GIVEN)
    for price_fen in (1, 29, 57, 115, 1_999, 9_999_999, 10_000_000):
        variant.price_fen = price_fen
        assert forms.read_variant(forms.variant_form(variant), "piece").price_fen == price_fen


def test_a_sku_that_is_taken_is_refused_also_when_changed(session: Session) -> None:
    product = service.add_product(session, FACTS, **GIVEN)
    service.add_variant(session, product.id, BAG, unit="piece", **GIVEN)
    other = service.add_variant(session, product.id, replace(BAG, sku="B-1"), unit="piece", **GIVEN)
    for step in (
        lambda: service.add_variant(session, product.id, BAG, unit="piece", **GIVEN),
        lambda: service.change_variant(session, other.id, BAG, **GIVEN),
    ):
        with pytest.raises(Refused) as refusal:
            step()
        assert refusal.value.code == "sku_taken"


def test_what_is_not_there_cannot_be_changed(session: Session) -> None:
    with pytest.raises(NotFound):
        service.change_product(session, 999, FACTS, **GIVEN)
    with pytest.raises(NotFound):
        service.change_variant(session, 999, BAG, **GIVEN)
    assert queries.product_by_id(session, 999) is None
    assert queries.variant_by_id(session, 999) is None


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"price_fen": -1}, "price_not_negative"),
        ({"gross_g": 1}, "weights_make_sense"),
        ({"net_g": 0}, "weights_make_sense"),
        ({"price_fen": 0}, "sellable_has_price"),
    ],
)
def test_the_database_refuses_a_variant_that_makes_no_sense(
    session: Session, change: dict[str, int], constraint: str
) -> None:
    product = service.add_product(session, FACTS, **GIVEN)
    with pytest.raises(IntegrityError, match=constraint):
        service.add_variant(session, product.id, replace(BAG, **change), unit="piece", **GIVEN)


def test_products_are_found_by_name_in_both_languages_and_by_sku(session: Session) -> None:
    variant = make_variant(session)
    service.add_product(session, replace(FACTS, listed=False), **GIVEN)
    titles = [product.title_zh for product in queries.all_products(session)]
    assert titles == ["庆元花菇", "牛肝菌"], "what the shop lists comes first"
    for words, found in (("牛肝", 1), ("PORC", 1), (variant.sku, 1), ("%", 0), ("_", 0), ("", 2)):
        assert len(queries.all_products(session, words)) == found, words
    assert {type(row) for row in (session.get(Product, 1), session.get(Variant, variant.id))}
