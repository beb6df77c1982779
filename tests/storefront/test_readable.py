"""Every page of the shop in both languages: readable, pressable, valid, in both themes and at every size."""

import pytest
from flask import Flask
from playwright.sync_api import Browser

from kernel.clock import utc_now
from kernel.db import Database
from shop.orders.counter import place_batch
from shop.orders.placing import Placed
from shop.orders.views import order_key
from shop.reviews import queries as reviews
from shop.waitlist import service as line
from tests import routes as ways
from tests.browsers import browser, device, served
from tests.evenings import evening, house, send_an_own_order
from tests.readable import ELSEWHERE, axe_faults, html_faults, is_styled, narrow_faults, size_faults
from tests.world import LiveOffer, ask, make_live_offer

__all__ = ["browser", "evening", "house"]
pytestmark = pytest.mark.browser


def sold_out(database: Database) -> tuple[LiveOffer, str, str]:
    """An offer that one buyer holds and another waits for: the offer, the order's number and the wait's."""
    now = utc_now()
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=1, now=now)
        (held,) = place_batch(session, [ask(offer, "a-held-order", device="d" * 64)], now)
        assert isinstance(held, Placed)
        wait = line.join(session, ask(offer, "a-wait-in-line", phone="13900000002"), now)
        return offer, held.number, wait.number


def review_something(database: Database) -> None:
    """The first product has a review that others read, with long words and a long answer."""
    with database.transaction() as session:
        session.execute(
            ways.text(
                "INSERT INTO reviews (order_id, product_id, stars, words, locale, shown_name, state, at, decided_at, "
                "decided_by, reason, answer) SELECT o.id, v.product_id, 4, repeat('很香，𠮷。', 40), 'zh', '张**', 'shown', "
                "now(), now(), '', '', repeat('谢谢', 50) FROM orders o JOIN order_lines l ON l.order_id = o.id "
                "JOIN variants v ON v.id = l.variant_id WHERE o.state = 'shipped' AND v.product_id = "
                "(SELECT min(id) FROM products WHERE listed) ORDER BY o.id LIMIT 1"
            )
        )


def test_everybody_can_read_and_press_every_page_of_the_shop(browser: Browser, house: Flask, evening: Database) -> None:
    offer, held, wait = sold_out(evening)
    sent = send_an_own_order(evening)
    real = ways.real_values(evening)
    with evening.transaction() as session:
        known = dict(
            session.execute(
                ways.text("SELECT DISTINCT ON (state) state, number FROM orders ORDER BY state, number")
            ).all()
        )
        slug = session.scalar(ways.text("SELECT slug FROM products WHERE listed ORDER BY id LIMIT 1"))
        ended = session.scalar(ways.text("SELECT min(id) FROM streams WHERE state = 'ended'"))
    with house.app_context():
        keys = {number: order_key(number) for number in (*known.values(), held, wait, sent.number)}
    live = real["stream_id"]
    paths = ["/", f"/products/{slug}", f"/live/{live}", f"/live/{live}/buy", f"/live/{offer.stream_id}"]
    paths += [
        f"/live/{offer.stream_id}/buy?offer={offer.offer_id}",
        f"/live/{offer.stream_id}/offers/{offer.offer_id}",
        f"/trace/{real['lot']}",
        "/live/earlier",
        "/orders",
        "/orders/find",
        "/search?q=huagu",
        "/postage",
        "/offline",
        f"/waits/{wait}",
    ]
    paths += [f"/orders/{number}" for number in (*known.values(), held)] + ["/no-such-page"]
    paths += [f"/live/{ended}"] if ended else []
    paths += [f"/orders/{known[state]}/complain?kind=damaged" for state in ("shipped", "delivered") if state in known]
    paths += [f"/orders/{known[state]}/invoice" for state in ("paid", "shipped") if state in known]
    review_something(evening)
    with evening.transaction() as session:
        bought = reviews.products_of(session, sent)[0].id
    paths += [f"/orders/{sent.number}/reviews/{bought}", f"/orders/{sent.number}/invoice"]
    faults: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    with served(house) as url, device(browser) as page:
        cookie = "|".join(f"{number}~{key}" for number, key in keys.items())
        page.context.add_cookies([{"name": "orders", "value": cookie, "url": url}])
        for path in paths:
            for lang in ("zh", "en"):
                answer = page.goto(f"{url}{path}{'&' if '?' in path else '?'}lang={lang}")
                assert answer is not None
                assert answer.status == (404 if path == "/no-such-page" else 200), path
                assert is_styled(page), path
                name = f"{path} ({lang})"
                texts[name] = answer.text()
                found = size_faults(page, ELSEWHERE) if lang == "zh" else narrow_faults(page, ELSEWHERE)
                faults[name] = [*found, *axe_faults(page)]
                page.emulate_media(color_scheme="light")
        for name, found in zip(texts, html_faults(page.context.new_page(), list(texts.values())), strict=True):
            faults[name] += found
    assert len(paths) >= 14
    bad = {name: found for name, found in faults.items() if found}
    assert bad == {}, "\n".join(f"{name}\n   " + "\n   ".join(found) for name, found in bad.items())
