"""The lead's pages are the lead's: who is nobody signs in, who packs is turned away, and a role taken away bites at once."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import LEAD, OWNER, PACKER, STREAMER, WEIGHER
from tests.lead.world import Bench, browser_of
from tests.packing.world import id_of
from tests.world import NOW


def lead_routes(app: Flask, role: str = OWNER) -> list[tuple[str, str]]:
    """Method and an address of every route of the lead's blueprint that is open to a role; all are to the owner."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("lead.") and role in getattr(app.view_functions[rule.endpoint], "roles", ()):
            values = {name: 1 if "id" in name else "P261124AAAAAAAA01" for name in rule.arguments}
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            found.append((method, str(rule.build(values, append_unknown=False)[1])))
    return found


def test_there_are_routes_to_guard(app: Flask) -> None:
    assert len(lead_routes(app)) >= 25


def test_nobody_sees_a_page_of_the_lead(app: Flask, client: FlaskClient) -> None:
    for method, address in lead_routes(app):
        answer = client.open(address, method=method)
        assert answer.status_code == (302 if method == "GET" else 401), address


@pytest.mark.parametrize("role", [PACKER, WEIGHER, STREAMER])
def test_other_roles_are_turned_away(app: Flask, database: Database, bench: Bench, role: str) -> None:
    with database.transaction() as session:
        people.set_roles(session, session.get_one(Person, id_of(bench.bea)), [role], now=NOW, by=SYSTEM)
    client = browser_of(app, database, bench.bea, NOW)
    for method, address in lead_routes(app):
        assert client.open(address, method=method).status_code == 403, address


@pytest.mark.parametrize("role", [LEAD, OWNER])
def test_lead_and_owner_come_in(app: Flask, database: Database, bench: Bench, role: str) -> None:
    with database.transaction() as session:
        people.set_roles(session, session.get_one(Person, id_of(bench.bea)), [role], now=NOW, by=SYSTEM)
    client = browser_of(app, database, bench.bea, NOW)
    for method, address in lead_routes(app, role):
        assert client.open(address, method=method).status_code in {200, 303, 400, 404, 409, 422}, address


def test_a_role_taken_away_bites_at_the_next_request(
    app: Flask, lead: FlaskClient, database: Database, bench: Bench
) -> None:
    assert lead.get("/bench/lead").status_code == 200
    with database.transaction() as session:
        people.set_roles(session, session.get_one(Person, id_of(bench.lead)), [PACKER], now=NOW, by=SYSTEM)
    assert lead.get("/bench/lead").status_code == 403


def test_forms_need_their_token(app: Flask, lead: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    for method, address in lead_routes(app):
        if method == "POST":
            answer = lead.post(address)
            assert answer.status_code == 400, address
            assert "刷新" in answer.text
