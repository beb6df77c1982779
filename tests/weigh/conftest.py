"""A scale at the door: the weigher's and the owner's browsers, a contract, today's price."""

import re
from dataclasses import dataclass
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fulfillment.purchasing.growers.models import Contract
from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.people import service as people
from kernel.people.rules import OWNER, WEIGHER
from tests.browsers import browser  # noqa: F401 - a fixture
from tests.purchasing.world import make_contract, make_farmer, make_quote
from tests.signing_in import sign_in_client
from tests.storefront.pages import assert_nothing_inline
from tests.world import NOW

TYPED = {"gross": "43.7", "tare": "1.2", "moisture": "13", "foreign": "0", "grade": "一级", "certificate": "1"}


@dataclass
class Desk:
    """One person's browser, without scripts."""

    browser: FlaskClient
    database: Database

    def look(self, path: str, status: int = 200) -> TestResponse:
        """Open a page, which must be whole and allowed by the Content-Security-Policy."""
        page = self.browser.get(path)
        assert page.status_code == status, page.text
        assert_nothing_inline(page)
        return page

    def send(self, path: str, status: int = 303, **typed: object) -> TestResponse:
        """Send a form."""
        page = self.browser.post(path, data=typed)
        assert page.status_code == status, page.text
        if status != 303:
            assert_nothing_inline(page)
        return page


def seen_in(page: TestResponse) -> dict[str, str]:
    """What a page that was worked out asks to confirm: the form's key and the amount that was seen."""
    found = {name: re.search(rf'name="{name}" value="([^"]+)"', page.text) for name in ("key", "seen")}
    return {name: match[1] for name, match in found.items() if match}


def desk_of(app: Flask, database: Database, role: str, name: str, now: datetime = NOW) -> Desk:
    """Somebody in one role, signed in; the installation's clock stands still."""
    app.extensions["clock"] = lambda: now
    with database.transaction() as session:
        person = people.add_person(session, name=name, shown_name=name, roles=[role], now=now, by=SYSTEM)
    return Desk(sign_in_client(app.test_client(), database, person.id, now=now), database)


@pytest.fixture
def scale(app: Flask, database: Database) -> Desk:
    """The weigher's browser."""
    return desk_of(app, database, WEIGHER, "胡𠮷明")


@pytest.fixture
def owner(app: Flask, database: Database) -> Desk:
    """The owner's browser."""
    return desk_of(app, database, OWNER, "吴晓岚")


@pytest.fixture
def contract(database: Database) -> Contract:
    """吴长根's contract: 100 kg at market plus 12 %, and today's price of 80 yuan."""
    with database.transaction() as session:
        contract = make_contract(session, make_farmer(session, "吴长根"))
        make_quote(session, contract, 8_000)
        return contract
