"""What drills share: the web server as real processes on the test's database, and how long a drill is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.web import Web
from kernel.db import Database
from tests.payments.town import API_KEY, SECRET


@pytest.fixture
def is_full(pytestconfig: pytest.Config) -> bool:
    """Whether drills run at their full size."""
    return bool(pytestconfig.getoption("--drills"))


@contextmanager
def web_of(
    database: Database, folder: Path, stripe_url: str = "http://127.0.0.1:9", application: str = "app.wsgi:application"
) -> Iterator[Web]:
    """Two processes of the shop."""
    environ = {
        "GONGFANG_MODE": "test",
        "DATABASE_URL": database.url,
        "VAR_DIR": str(folder),
        "STRIPE_API_KEY": API_KEY,
        "STRIPE_API_URL": stripe_url,
        "CHECKOUT_ORIGIN": stripe_url,
        "STRIPE_WEBHOOK_SECRET": SECRET,
    }
    with Web(environ, folder=folder, application=application) as web:
        yield web
