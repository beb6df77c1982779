"""What the tests of running and looking after share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config import Settings
from kernel.db import Database
from tests.payments.town import Town, open_town


@pytest.fixture
def town(settings: Settings, database: Database, tmp_path: Path) -> Iterator[Town]:
    """Shop and Stripe on loopback; events lie at the postman."""
    with open_town(settings, database, tmp_path) as town:
        yield town
