"""Both languages on every page: English pages say nothing in Chinese, Chinese pages are marked as such."""

import re

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from kernel.people import service as people
from kernel.people.rules import PACKER
from shop.catalog.models import Product, Variant
from shop.orders.rules import PROVINCES
from tests.console.conftest import Desk
from tests.console.reading import words_of
from tests.world import LiveOffer

CHINESE = re.compile(r"[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]")


@pytest.fixture
def pages(desk: Desk, offer: LiveOffer) -> list[str]:
    """Every page of the back office with something on it; goods and people have English names here."""
    number, held = desk.paid(offer, name="Ann"), desk.place(offer, name="Bob")
    with desk.database.transaction() as session:
        for table in (Product, Variant):
            for row in session.scalars(select(table)):
                for name in ("grade_zh", "origin", "spec_zh"):
                    if hasattr(row, name):
                        setattr(row, name, "plain")
        for name in ("order_lines", "parcel_lines"):
            _rename(session, name)
        packer = people.add_person(
            session, name="Cai", shown_name="Cai", roles=[PACKER], now=desk.now, by=desk.person
        ).id
    desk.send(
        f"/console/orders/{number}/refund",
        desk.typed(
            f"/console/orders/{number}", f"/console/orders/{number}/refund", refund_amount="5", refund_reason="spoiled"
        ),
    )
    desk.send(f"/console/orders/{number}/buyer", {})
    desk.look("/console")  # what was just done is said once, in the language of then
    return [
        *("/console", "/console/orders", f"/console/orders/{number}", f"/console/orders/{held}"),
        *("/console/orders?q=nobody", "/console/orders?state=odd"),
        *("/console/products", "/console/products/new", "/console/products/1", "/console/products/1/variants/new"),
        *(f"/console/products/variants/{offer.variant_id}", "/console/products?q=nothing"),
        *("/console/stock", f"/console/stock/{offer.variant_id}", "/console/stock/count"),
        *("/console/people", "/console/people/new", f"/console/people/{packer}", "/console/people?q=nobody"),
        *("/console/audit", "/console/audit?q=nothing"),
    ]


def _rename(session: Session, table: str) -> None:
    session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    session.execute(text(f"UPDATE {table} SET title = 'plain', spec = 'plain'"))
    session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


def test_an_english_page_says_nothing_in_chinese(desk: Desk, pages: list[str]) -> None:
    # Provinces are chosen as addresses have them.
    known = {"中文", "庆元工坊", *PROVINCES}
    desk.browser.set_cookie("lang", "en")
    for path in pages:
        page = desk.browser.get(path).text
        assert '<html lang="en"' in page, path
        foreign = [words for words in words_of(page) if CHINESE.search(words) and words not in known]
        assert foreign == [], (path, foreign)


def test_a_chinese_page_says_it_is_chinese_and_reads_chinese(desk: Desk, pages: list[str]) -> None:
    for path in pages:
        page = desk.browser.get(path).text
        assert '<html lang="zh-CN"' in page, path
        words = " ".join(words_of(page))
        assert len(CHINESE.findall(words)) > 20, path
        for english in ("Search", "Save", "Refund", "Held", "Show all"):
            assert english not in words, (path, english)


def test_every_field_of_a_form_has_a_label_that_names_it(desk: Desk, pages: list[str]) -> None:
    for path in pages:
        page = desk.browser.get(path).text
        ids = set(re.findall(r'<(?:input|select|textarea)[^>]* id="([^"]+)"', page))
        labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
        wrapped = {f"field-{name}" for name in re.findall(r'<label class="[^"]+"><input[^>]* name="([^"]+)"', page)}
        assert ids <= labelled | wrapped, (path, ids - labelled - wrapped)
        assert len(re.findall(r'id="([^"]+)"', page)) == len(set(re.findall(r'id="([^"]+)"', page))), (
            f"{path}: an id twice"
        )
