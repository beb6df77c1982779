"""A courier on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.db import Database
from tests.couriers.town import Stand, courier
from tests.couriers.world import House, open_house


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A courier with an empty depot, spoken to over HTTP."""
    with courier(tmp_path) as found:
        yield found


@pytest.fixture
def town(database: Database, stand: Stand) -> House:
    """A workshop and a courier."""
    return open_house(database, stand)
