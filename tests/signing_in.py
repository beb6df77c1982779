"""Signing a person in without walking through the pages: in a client of the tests, or in a real browser."""

from datetime import datetime

from flask.testing import FlaskClient
from playwright.sync_api import Page

from kernel.clock import utc_now
from kernel.db import Database
from kernel.people import service as people
from kernel.people.models import Person

COOKIE = "gongfang"


def token_of(database: Database, person_id: int | None, *, face: str = "console", now: datetime | None = None) -> str:
    """The secret of a sign-in that begins ``now``; without it, by the clock on the wall."""
    with database.transaction() as session:
        return people.start_sign_in(session, session.get_one(Person, person_id), face=face, now=now or utc_now())


def sign_in_client(
    client: FlaskClient,
    database: Database,
    person_id: int | None,
    *,
    face: str = "console",
    now: datetime | None = None,
) -> FlaskClient:
    """The client, with this person signed in."""
    client.set_cookie(COOKIE, token_of(database, person_id, face=face, now=now))
    return client


def sign_in_page(
    page: Page,
    url: str,
    database: Database,
    person_id: int | None,
    *,
    face: str = "console",
    now: datetime | None = None,
) -> None:
    """This person is signed in on a real device."""
    token = token_of(database, person_id, face=face, now=now)
    page.context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
