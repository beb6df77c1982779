"""The town of the payments, with a parcel that has arrived."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config import Settings
from kernel.audit import SYSTEM
from kernel.db import Database
from shop.orders import service as orders
from shop.orders.states import SHIPPED
from tests.payments.town import Town, open_town


@pytest.fixture
def town(settings: Settings, database: Database, tmp_path: Path) -> Iterator[Town]:
    """Shop and Stripe on loopback."""
    with open_town(settings, database, tmp_path) as town:
        yield town


@pytest.fixture
def arrived(town: Town) -> str:
    """A paid order of two bags (79.60 yuan and 6 of postage) whose parcel is at the door since a moment."""
    number = town.order(town.offer(on_hand=5), 2)
    town.pay(number)
    town.deliver()
    town.work()
    arrive(town, number)
    return number


def arrive(town: Town, number: str) -> None:
    with town.database.transaction() as session:
        order = orders.lock_order(session, town.row(number).id)
        orders.move_order(session, order, SHIPPED, at=town.now(), by=SYSTEM)
        orders.mark_delivered(session, order, at=town.now(), by=SYSTEM)
