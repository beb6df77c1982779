"""A streamer's desk, and a stream with three offers that is live."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.console import board, board_shelf
from kernel.db import Database
from kernel.people.rules import STREAMER
from shop.orders.models import OrderLog
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


@pytest.fixture
def own_marker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transaction ids belong to a whole server, and other tests write to theirs: let orders be all that counts."""

    def orders_written(session: Session) -> str:
        return str(session.scalar(select(func.count()).select_from(OrderLog)))

    for module in (board, board_shelf):
        monkeypatch.setattr(module, "read_marker", orders_written)


def offer_of(desk: Desk, evening: Evening, place: int = 1) -> LiveOffer:
    """The offer at a place of the run sheet, as buyers' helpers want it."""
    with desk.database.transaction() as session:
        offer = terms_of(session, evening.offer_ids[place - 1])
        return LiveOffer(evening.stream_id, offer.id, offer.variant_id, offer.price_fen)
