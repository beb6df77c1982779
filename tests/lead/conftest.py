"""A bench and the browser of its lead."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel.audit import Actor
from kernel.db import Database
from tests.browsers import browser, url  # noqa: F401 - fixtures
from tests.lead.world import Bench, browser_of, set_up
from tests.piecework.world import make_kind, make_owner
from tests.world import NOW


@pytest.fixture
def bench(database: Database) -> Bench:
    """People, a rate and stock."""
    return set_up(database)


@pytest.fixture
def lead(app: Flask, database: Database, bench: Bench) -> FlaskClient:
    """The lead's browser; the clock stands still."""
    return browser_of(app, database, bench.lead, NOW)


@pytest.fixture
def boss(database: Database, bench: Bench) -> Actor:
    with database.transaction() as session:
        return make_owner(session)


@pytest.fixture
def owner(app: Flask, database: Database, boss: Actor) -> FlaskClient:
    return browser_of(app, database, boss, NOW)


@pytest.fixture
def kind_id(database: Database, bench: Bench) -> int:
    with database.transaction() as session:
        return make_kind(session, per=100, rate_fen=150).id
