"""Tables that are put in order by a press on a column's head, by finger and key; long ones are searched and paged."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import text

from kernel.db import Database
from kernel.people.rules import STREAMER
from tests import routes as ways
from tests.browsers import browser, device, served
from tests.evenings import evening, house
from tests.signing_in import sign_in_page
from tests.streams.evening import make_evening, terms_of
from tests.world import LiveOffer

__all__ = ["browser", "evening", "house"]
pytestmark = pytest.mark.browser


ORDER = text("""
    WITH made AS (
        INSERT INTO orders (id, number, channel, stream_id, state, buyer_name, phone, province, city, district, street, detail,
            note, email, locale, currency, goods_fen, shipping_fen, discount_fen, total_fen, refunded_fen, created_at)
        VALUES (gen_random_uuid(), 'S' || :offer, 'own', :stream, 'expired', '某', '', '浙江省', '', '', '', '', '', '', 'zh', 'cny',
            :n, 0, 0, :n, 0, now()) RETURNING id
    )
    INSERT INTO order_lines (order_id, position, variant_id, offer_id, quantity, unit_price_fen, line_total_fen, sku, title, spec)
    SELECT id, 1, :variant, :offer, :n, 1, :n, 'x', 'x', 'x' FROM made
""")


def column(page: Page, table: str, number: int) -> list[str]:
    return [each.strip() for each in page.locator(f"{table} tbody tr > :nth-child({number})").all_inner_texts()]


def test_a_column_is_put_in_order_and_turned_round(browser: Browser, house: Flask, evening: Database) -> None:
    with evening.transaction() as session:
        stream = make_evening(session, offers=3)
        for number, offer_id in zip((9, 100, 23), stream.offer_ids, strict=True):
            offer = terms_of(session, offer_id)
            wanted = LiveOffer(stream.stream_id, offer.id, offer.variant_id, offer.price_fen)
            session.execute(
                ORDER, {"stream": wanted.stream_id, "offer": wanted.offer_id, "variant": wanted.variant_id, "n": number}
            )
    with served(house) as url, device(browser) as page:
        sign_in_page(page, url, evening, ways.person_with(evening, STREAMER))
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(f"{url}/console/streams/{stream.stream_id}/report?lang=en")
        table = "section[aria-labelledby=offers-title] table"
        head = page.locator(f"{table} thead th").nth(1)
        assert column(page, table, 2) == ["9", "100", "23"]
        head.get_by_role("button").click()
        assert column(page, table, 2) == ["100", "23", "9"], "as numbers, not as words"
        assert head.get_attribute("aria-sort") == "descending"
        head.get_by_role("button").press("Enter")
        assert column(page, table, 2) == ["9", "23", "100"]
        assert head.get_attribute("aria-sort") == "ascending"


def test_a_long_table_is_searched_and_shown_by_pages(browser: Browser, house: Flask, evening: Database) -> None:
    stream = ways.real_values(evening)["stream_id"]
    rows = "".join(f"<tr><th>第 {n} 样</th><td class='is-number'>{n}</td></tr>" for n in range(45))

    def lengthened(route: Route) -> None:
        answer = route.fetch()
        html = answer.text()
        start = html.index("<tbody>", html.index('aria-labelledby="offers-title"'))
        route.fulfill(response=answer, body=f"{html[:start]}<tbody>{rows}{html[start + 7 :]}")

    with served(house) as url, device(browser) as page:
        sign_in_page(page, url, evening, ways.person_with(evening, STREAMER))
        page.set_viewport_size({"width": 1280, "height": 800})
        page.route("**/report?*", lengthened)
        page.goto(f"{url}/console/streams/{stream}/report?lang=en")
        section = page.locator("section[aria-labelledby=offers-title]")
        seen = section.locator("tbody tr:visible")
        expect(seen).to_have_count(20)
        find = section.get_by_role("searchbox", name="Find in this table")
        section.locator("thead th").nth(1).get_by_role("button").click()
        assert "44" in seen.first.inner_text(), "the order is of all rows, not of those that are seen"
        section.get_by_role("button", name="20 more").click()
        expect(seen).to_have_count(40)
        find.fill("第 3")
        expect(seen).to_have_count(11)
        assert section.get_by_role("status").inner_text() == "11 of 11"
        expect(section.get_by_role("button", name="20 more")).to_be_hidden()
        find.fill("nothing like it")
        expect(seen).to_have_count(0)
        find.fill("")
        expect(seen).to_have_count(20)
        page.emulate_media(media="print")
        assert seen.count() >= 45, "on paper the whole table stands"
