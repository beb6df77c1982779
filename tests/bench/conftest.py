"""A tablet at the bench, signed in, with work on the pile and a clock that can be moved."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.packing.states import TAKEN
from kernel.audit import Actor
from kernel.db import Database
from tests.bench.devices import Device
from tests.browsers import browser, url  # noqa: F401 - fixtures
from tests.packing.world import id_of, make_packer, make_pile, make_rate, wages
from tests.signing_in import sign_in_client
from tests.storefront.pages import assert_nothing_inline
from tests.world import NOW

_KEPT_FOR_SCRIPTS = re.compile(r"<template\b.*?</template>", re.DOTALL)


@dataclass
class Tablet:
    """One person's tablet: presses buttons, looks at pages, and may let time pass."""

    app: Flask
    database: Database
    browser: FlaskClient
    person: Actor
    now: datetime = NOW

    def wait(self, **span: float) -> None:
        """Let time pass for this installation."""
        self.now += timedelta(**span)
        self.app.extensions["clock"] = lambda: self.now

    def sign_in(self) -> None:
        """Sign the person in, now."""
        sign_in_client(self.browser, self.database, self.person.person_id, face="bench", now=self.now)

    def look(self, path: str = "/bench") -> TestResponse:
        """Open a page, which must be whole and allowed by the Content-Security-Policy; what scripts may show is left out."""
        page = self.browser.get(path, follow_redirects=True)
        assert page.status_code == 200, page.text
        assert_nothing_inline(page)
        page.text = _KEPT_FOR_SCRIPTS.sub("", page.text)
        return page

    def press(self, path: str, **typed: object) -> TestResponse:
        """Send a form."""
        return self.browser.post(path, data=typed)

    def get_work(self) -> list[PackingTask]:
        """Press "get work"; what is in hand then, earliest due first."""
        assert self.press("/bench/work").status_code == 303
        return self.in_hand()

    def in_hand(self) -> list[PackingTask]:
        """The work in this person's hands."""
        with self.database.transaction() as session:
            mine = select(PackingTask).where(PackingTask.packer_id == id_of(self.person), PackingTask.state == TAKEN)
            return list(session.scalars(mine.order_by(PackingTask.due_at, PackingTask.id)))

    def wages(self) -> list[int]:
        """What this person is owed, line by line, in fen."""
        with self.database.transaction() as session:
            return wages(session, self.person)

    def number_of(self, task: PackingTask) -> str:
        """The number on a task's slip."""
        with self.database.transaction() as session:
            return session.get_one(Parcel, task.parcel_id).number


def sign_in(app: Flask, database: Database, person: Actor) -> Tablet:
    """A tablet with this person signed in."""
    tablet = Tablet(app, database, app.test_client(), person)
    tablet.wait()
    tablet.sign_in()
    return tablet


@pytest.fixture
def tablet(app: Flask, database: Database) -> Tablet:
    """A packer's tablet; a rate is set, and the pile is empty."""
    with database.transaction() as session:
        make_rate(session)
        person = make_packer(session)
    return sign_in(app, database, person)


@pytest.fixture
def other(app: Flask, database: Database, tablet: Tablet) -> Tablet:
    """Another packer's tablet."""
    with database.transaction() as session:
        person = make_packer(session, "叶根土")
    return sign_in(app, database, person)


@pytest.fixture
def pile(database: Database, tablet: Tablet) -> None:
    """Six parcels with the same goods."""
    with database.transaction() as session:
        make_pile(session, 6)


@pytest.fixture
def device(tablet: Tablet, pile: None) -> Device:
    """The packer's device, which got its pass when work was taken."""
    return Device(tablet.app, tablet.person, tablet.now)


@pytest.fixture
def batch(tablet: Tablet, device: Device) -> list[int]:
    """Three parcels in hand."""
    return [task.id for task in tablet.get_work()]
