"""Who may open what: taken from the URL map, so that a new page of the back office is looked at too."""

import pytest
from flask import Flask

from kernel.db import Database
from kernel.people.rules import LEAD, OWNER, PACKER, STREAMER, WEIGHER
from tests.console.conftest import Desk, sit_down
from tests.world import LiveOffer

NOT_FOUND = 404
UNKNOWN = {"number": "G-NOBODY", "product_id": 999_999, "variant_id": 999_999, "person_id": 999_999, "note_id": 999_999}
OWNER_ONLY = (
    "console.people.",
    "console.audit.",
    "console.postage.",
    "console.prosperity.",
    "console.notices.",
    "console.settings.",
    "console.workshop.",
)
# A button without fields has nothing to come back with: without its page's key it is no request of ours.
BUTTONS = ("console.planning.renew", "console.insights.renew", "console.wall.make", "console.wall.take_back")


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Every route of the back office as (endpoint, method, address of something that is not there)."""
    found = []
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("console.") or not set(rule.arguments) <= set(UNKNOWN):
            continue
        address = adapter.build(rule.endpoint, {name: UNKNOWN[name] for name in rule.arguments})
        found += [(rule.endpoint, method, address) for method in sorted((rule.methods or set()) & {"GET", "POST"})]
    return found


def test_the_list_of_routes_is_not_empty(app: Flask) -> None:
    endpoints = {endpoint for endpoint, _, _ in routes(app)}
    assert len(endpoints) >= 35
    for room in ("orders", "products", "stock", "people", "audit"):
        assert any(endpoint.startswith(f"console.{room}.") for endpoint in endpoints), room


def test_nobody_gets_in_without_signing_in(app: Flask) -> None:
    browser = app.test_client()
    for _, method, address in routes(app):
        answer = browser.open(address, method=method)
        if method == "GET":
            assert answer.status_code == 302, address
            assert answer.location.startswith("/sign-in?next="), address
        else:
            assert answer.status_code == 401, address


@pytest.mark.parametrize("role", [PACKER, LEAD, WEIGHER])
def test_those_who_work_at_the_bench_are_kept_out(app: Flask, database: Database, role: str) -> None:
    desk = sit_down(app, database, role)
    for _, method, address in routes(app):
        assert desk.browser.open(address, method=method).status_code == 403, address


@pytest.mark.parametrize("role", [OWNER, STREAMER])
def test_a_role_opens_its_own_doors_and_what_is_not_there_is_not_found(
    app: Flask, database: Database, role: str
) -> None:
    desk = sit_down(app, database, role)
    for endpoint, method, address in routes(app):
        status = desk.browser.open(address, method=method).status_code
        if role == STREAMER and endpoint.startswith(OWNER_ONLY):
            assert status == 403, address
        elif "999999" in address or "NOBODY" in address:
            assert status == NOT_FOUND, (method, address)
        elif endpoint in BUTTONS:
            assert status == 400, address
        else:
            # A form that was sent empty comes back to be filled in.
            assert status == (200 if method == "GET" else 422), (method, address)


def test_a_role_that_is_taken_away_bites_at_the_next_request(app: Flask, database: Database) -> None:
    owner, streamer = sit_down(app, database, OWNER), sit_down(app, database, STREAMER, PACKER)
    streamer.look("/console/orders")
    person = f"/console/people/{streamer.person.person_id}"
    typed = owner.typed(person, person)
    assert {name for name in typed if name.startswith("role_")} == {"role_streamer", "role_packer"}
    del typed["role_streamer"]
    owner.send(person, typed)
    streamer.look("/console/orders", status=403)


def test_what_a_streamer_may_not_open_is_not_in_the_menu(app: Flask, database: Database, offer: LiveOffer) -> None:
    streamer, owner = sit_down(app, database, STREAMER), sit_down(app, database, OWNER)
    assert 'href="/console/people"' in owner.look("/console")
    for page in ("/console", "/console/orders", "/console/products", "/console/stock"):
        text = streamer.look(page)
        assert 'href="/console/people"' not in text
        assert 'href="/console/audit"' not in text


def test_a_form_without_the_token_of_its_page_is_refused(app: Flask, desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    app.config["WTF_CSRF_ENABLED"] = True
    typed = {"refund_amount": "1", "refund_reason": "asked", "form_key": "k" * 20}
    answer = desk.send(f"/console/orders/{number}/refund", typed, status=400)
    assert "reload" in answer.text.lower() or "刷新" in answer.text
    assert desk.refunds(number) == []
