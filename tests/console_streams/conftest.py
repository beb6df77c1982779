"""A streamer's desk, and a stream with three offers that is live."""

import pytest
from flask import Flask

from kernel.db import Database
from kernel.people.rules import STREAMER
from tests.console.conftest import Desk, sit_down
from tests.streams.evening import Evening, make_evening, terms_of
from tests.world import LiveOffer


@pytest.fixture
def evening(database: Database) -> Evening:
    """A stream that is live, with three offers of 50 out of 100 in stock; nothing is on air."""
    with database.transaction() as session:
        return make_evening(session)


@pytest.fixture
def desk(app: Flask, database: Database) -> Desk:
    """The streamer's desk."""
    return sit_down(app, database, STREAMER, name="叶阿香")


def offer_of(desk: Desk, evening: Evening, place: int = 1) -> LiveOffer:
    """The offer at a place of the run sheet, as buyers' helpers want it."""
    with desk.database.transaction() as session:
        offer = terms_of(session, evening.offer_ids[place - 1])
        return LiveOffer(evening.stream_id, offer.id, offer.variant_id, offer.price_fen)
