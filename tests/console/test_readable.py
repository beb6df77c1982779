"""The console's pages for buyers' affairs: readable, pressable, valid, in both themes and at every size."""

from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import text

from app.insights import service as insights
from kernel.clock import utc_now
from kernel.db import Database
from kernel.people.rules import OWNER
from tests import routes as ways
from tests.browsers import browser, device, served
from tests.evenings import evening, house
from tests.readable import ELSEWHERE, axe_faults, html_faults, is_styled, narrow_faults, size_faults
from tests.signing_in import sign_in_page

__all__ = ["browser", "evening", "house"]
pytestmark = pytest.mark.browser

PLANTED = """
    INSERT INTO reviews (order_id, product_id, stars, words, locale, shown_name, state, at, decided_by, reason, answer)
    SELECT o.id, v.product_id, 4, '泡开很厚，𠮷。' || repeat('长', 200), 'zh', '张**', 'waiting', now(), '', '', ''
    FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN variants v ON v.id = l.variant_id
    WHERE o.state = 'shipped' ORDER BY o.id LIMIT 1;
    INSERT INTO invoices (order_id, kind, title, tax_number, email, state, at, decided_by, reason)
    SELECT id, 'company', repeat('长', 100), '91331126MA2E0000XQ', 'a.very.long.address@long.example.com', 'asked', now(), '', ''
    FROM orders WHERE state = 'paid' ORDER BY id LIMIT 1
"""


def test_everybody_can_read_and_press_what_is_for_buyers_affairs(
    browser: Browser, house: Flask, evening: Database
) -> None:
    with evening.transaction() as session:
        for statement in PLANTED.split(";"):
            session.execute(text(statement))
        ids = [session.scalar(text(f"SELECT min(id) FROM {table}")) for table in ("reviews", "invoices", "products")]
    review, invoice, product = ids
    paths = ["reviews", f"reviews/{review}", "invoices", f"invoices/{invoice}", "vouchers", "postage", "complaints"]
    with evening.transaction() as session:
        number = insights.ask(session, utc_now())
        planned = session.scalar(text("SELECT min(id) FROM streams WHERE state = 'planned'"))
        live = session.scalar(text("SELECT min(id) FROM streams WHERE state = 'live'"))
    insights.make(evening, number, ZoneInfo("Asia/Shanghai"), utc_now())
    paths += ["insights", "insights/buyers?segment=new", "settings", "workshop", "notices", "orders?state=paid"]
    paths += [f"streams/{planned}", f"streams/{live}/control", f"board/{live}", "wall"]
    paths += ["prosperity", f"prosperity?period={utc_now():%Y}", "people/1"]
    paths += [
        f"products/{product}",
        "streams",
        "streams/audience",
        "streams/new",
        f"streams/{ways.real_values(evening)['stream_id']}/report",
    ]
    faults: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    with served(house) as url, device(browser) as page:
        sign_in_page(page, url, evening, ways.person_with(evening, OWNER))
        for path in paths:
            for lang in ("zh", "en"):
                answer = page.goto(f"{url}/console/{path}{'&' if '?' in path else '?'}lang={lang}")
                assert answer is not None
                assert answer.status == 200, path
                assert is_styled(page), path
                name = f"{path} ({lang})"
                texts[name] = answer.text()
                found = size_faults(page, ELSEWHERE) if lang == "zh" else narrow_faults(page, ELSEWHERE)
                faults[name] = [*found, *(axe_faults(page) if lang == "zh" else ())]
                page.emulate_media(color_scheme="light")
        for name, found in zip(texts, html_faults(page.context.new_page(), list(texts.values())), strict=True):
            faults[name] += found
    bad = {name: found for name, found in faults.items() if found}
    assert bad == {}, "\n".join(f"{name}\n   " + "\n   ".join(found) for name, found in bad.items())
