"""A bench and the browser of its lead."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel.db import Database
from tests.browsers import browser, url  # noqa: F401 - fixtures
from tests.lead.world import Bench, browser_of, set_up
from tests.world import NOW


@pytest.fixture
def bench(database: Database) -> Bench:
    """People, a rate and stock."""
    return set_up(database)


@pytest.fixture
def lead(app: Flask, database: Database, bench: Bench) -> FlaskClient:
    """The lead's browser; the clock stands still."""
    return browser_of(app, database, bench.lead, NOW)
