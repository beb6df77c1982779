"""A busy evening and a shop on it, for files of tests that only look: each has a copy of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import time

import psycopg
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
from tests.conftest import database_at, database_of_its_own, maintenance
from tests.ops.evening import busy_evening

_NAME = "gongfang_evening_"
_TURN = 7402
# Holds of the evening run out after ten minutes.
_GOOD_FOR_S = 150


@contextmanager
def evening_of_its_own(server_url: str) -> Iterator[Database]:
    """A database with everything that a busy evening leaves, of a few minutes ago at most."""
    with ExitStack() as closing:
        with maintenance(server_url) as connection:
            # Making one takes many times as long as copying it: whoever comes meanwhile waits.
            connection.execute("SELECT pg_advisory_lock(%s)", [_TURN])
            template = _fresh(connection, server_url)
            database = closing.enter_context(database_of_its_own(server_url, template))
        yield database


def _fresh(connection: psycopg.Connection, server_url: str) -> str:
    """The name of the evening that copies are made of; too old a one gives way to a new one."""
    there = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{_NAME}%"]).fetchall()
    for (name,) in there:
        if time() - int(name.removeprefix(_NAME)) < _GOOD_FOR_S:
            return str(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    with database_of_its_own(server_url) as database:
        busy_evening(database)
        database.dispose()
        name = f"{_NAME}{int(time())}"
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {database_at(database)} STRATEGY file_copy")
    return name


@pytest.fixture(scope="module")
def evening(server_url: str) -> Iterator[Database]:
    """A database of its own with everything that a busy evening leaves."""
    with evening_of_its_own(server_url) as database:
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
