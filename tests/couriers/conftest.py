"""A courier on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.couriers.town import Stand, courier


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A courier with an empty depot, spoken to over HTTP."""
    with courier(tmp_path) as found:
        yield found
