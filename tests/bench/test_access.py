"""Who may open what at the packer's bench: taken from the URL map, so that a route that is not listed fails."""

import pytest
from flask import Flask

from kernel.db import Database
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import LEAD, OWNER, PACKER, ROLES, STREAMER, WEIGHER
from tests.bench.conftest import Tablet, sign_in
from tests.packing.world import make_packer
from tests.world import NOW

EVERYBODY, PUBLIC = frozenset(ROLES), None
PACKERS = frozenset({PACKER})
# Who gets past the door; None: also without signing in.
DOORS = {
    ("bench.home", "GET"): EVERYBODY,
    ("bench.get_work", "POST"): PACKERS,
    ("bench.finish", "POST"): PACKERS,
    ("bench.scan", "POST"): PACKERS,
    ("bench.undo", "POST"): PACKERS,
    ("bench.put_back", "POST"): PACKERS,
    ("bench.wrong", "GET"): EVERYBODY,
    ("bench.what_next", "GET"): PACKERS,
    ("bench.give_back", "POST"): PACKERS,
    ("bench.take_again", "POST"): PACKERS,
    ("bench.come_back", "POST"): PACKERS,
    ("bench.passbook", "GET"): PACKERS,
    ("bench.help_page", "GET"): PUBLIC,
    ("sign_in.password_page", "GET"): PUBLIC,
    ("sign_in.sign_in_with_password", "POST"): PUBLIC,
    ("sign_in.badge_page", "GET"): PUBLIC,
    ("sign_in.sign_in_with_badge", "POST"): PUBLIC,
    ("sign_in.pin_page", "GET"): PUBLIC,
    ("sign_in.sign_in_with_pin", "POST"): PUBLIC,
    ("sign_in.hand_over_tablet", "POST"): PUBLIC,
    ("sign_in.sign_out", "POST"): PUBLIC,
}
SOMEWHERE = {"task_id": 999_999, "reason": "unwell", "person_id": 999_999}


def routes(app: Flask) -> dict[tuple[str, str], str]:
    """Every route of the bench and of signing in, with an address to try."""
    adapter = app.url_map.bind("localhost")
    return {
        (rule.endpoint, method): adapter.build(rule.endpoint, {name: SOMEWHERE[name] for name in rule.arguments})
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(("bench.", "sign_in."))
        for method in (rule.methods or set()) & {"GET", "POST"}
    }


def with_roles(app: Flask, database: Database, *roles: str) -> Tablet:
    with database.transaction() as session:
        person = make_packer(session, "某人")
        people.set_roles(session, session.get_one(Person, person.person_id), roles, now=NOW, by=person)
    return sign_in(app, database, person)


def test_every_route_has_its_door_and_every_door_its_route(app: Flask) -> None:
    assert set(routes(app)) == set(DOORS)


def test_without_signing_in_only_public_doors_open(app: Flask) -> None:
    browser = app.test_client()
    for route, address in routes(app).items():
        answer = browser.open(address, method=route[1])
        is_shut = answer.status_code == 401 or "/sign-in?next=" in (answer.location or "")
        assert is_shut == (DOORS[route] is not PUBLIC) or route[0] == "sign_in.sign_in_with_badge", address


@pytest.mark.parametrize("role", [OWNER, STREAMER, LEAD, WEIGHER, PACKER])
def test_a_role_opens_its_own_doors_only(app: Flask, database: Database, role: str) -> None:
    for route, address in routes(app).items():
        allowed = DOORS[route]
        if allowed is PUBLIC:
            continue
        tablet = with_roles(app, database, role)
        status = tablet.browser.open(address, method=route[1]).status_code
        assert (status == 403) == (role not in allowed), (route, status)
        assert status < 500
