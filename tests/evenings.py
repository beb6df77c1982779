"""A busy evening and a shop on it, for files of tests that only look: made once a file."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from app.factory import create_app
from config import load_settings
from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.states import PAID, SHIPPED
from tests.conftest import database_of_its_own
from tests.ops.evening import busy_evening


@pytest.fixture(scope="module")
def evening(server_url: str) -> Iterator[Database]:
    """A database of its own with everything that a busy evening leaves."""
    with database_of_its_own(server_url) as database:
        busy_evening(database)
        yield database


def send_an_own_order(database: Database) -> Order:
    """A paid order of the shop itself that is on its way from now on."""
    with database.transaction() as session:
        paid = select(Order).where(Order.state == PAID, Order.channel == "own").order_by(Order.number).limit(1)
        order = orders.lock_order(session, session.scalars(paid).one().id)
        orders.move_order(session, order, SHIPPED, at=utc_now(), by=SYSTEM)
        return order


@pytest.fixture(scope="module")
def house(evening: Database, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on that evening."""
    folder = str(tmp_path_factory.mktemp("var"))
    app = create_app(load_settings({"GONGFANG_MODE": "test", "DATABASE_URL": evening.url, "VAR_DIR": folder}), evening)
    app.config.update(TESTING=True)
    return app
