"""A flash sale: the price is that of the moment the order is placed, whatever the page shows."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.orders import counter
from shop.orders.placing import Placed
from shop.streams import queries
from shop.streams import service as streams
from shop.streams.changes import FLASH
from shop.streams.models import Offer
from shop.streams.rules import Flash, flash_of, price_at
from tests.streams.evening import XIANG
from tests.world import NOW, LiveOffer, ask, make_live_offer

BEGIN, END = NOW + timedelta(minutes=1), NOW + timedelta(minutes=6)


class Terms:
    """An offer's prices, for the rules alone."""

    def __init__(self, price: int, flash: int | None, begin: datetime | None, end: datetime | None) -> None:
        self.price_fen, self.flash_price_fen, self.flash_from, self.flash_until = price, flash, begin, end


MINUTES = st.integers(-100, 100).map(lambda n: NOW + timedelta(minutes=n))


@given(price=st.integers(1, 10**6), flash=st.integers(1, 10**6), begin=MINUTES, lasts=st.integers(1, 60), now=MINUTES)
def test_nobody_ever_pays_more_because_of_a_flash_sale(
    price: int, flash: int, begin: datetime, lasts: int, now: datetime
) -> None:
    end = begin + timedelta(minutes=lasts)
    cost = price_at(Terms(price, flash, begin, end), now)
    assert cost == (min(price, flash) if begin <= now < end else price)


def test_what_is_over_or_was_never_set_is_no_flash_sale() -> None:
    assert flash_of(Terms(100, None, None, None), NOW) is None
    assert flash_of(Terms(100, 50, BEGIN, END), END) is None
    assert flash_of(Terms(100, 50, BEGIN, END), NOW) == Flash(50, BEGIN, END, is_on=False)


@pytest.fixture
def offer(session: Session) -> LiveOffer:
    offer = make_live_offer(session, on_hand=50)
    terms = dict(zip(FLASH, (2_000, BEGIN, END), strict=True))
    streams.change_offer(session, offer.stream_id, offer.offer_id, terms, now=NOW, by=XIANG)
    session.flush()
    return offer


def shown(session: Session, offer: LiveOffer, now: datetime) -> dict[str, Any]:
    snapshot = queries.snapshot(session, offer.stream_id, now)
    assert snapshot
    return next(one for one in snapshot["offers"] if one["id"] == offer.offer_id)


MOMENTS = [
    (BEGIN - timedelta(microseconds=1), 3_980),
    (BEGIN, 2_000),
    (END - timedelta(microseconds=1), 2_000),
    (END, 3_980),
]


@pytest.mark.parametrize(("now", "price"), MOMENTS, ids=["before", "first moment", "last moment", "after"])
def test_the_page_and_the_order_agree_at_every_moment(
    session: Session, offer: LiveOffer, now: datetime, price: int
) -> None:
    assert shown(session, offer, now)["price_fen"] == price
    (placed,) = counter.place_batch(session, [ask(offer, f"flash-{price}", quantity=2)], now)
    assert isinstance(placed, Placed)
    assert placed.row["goods_fen"] == 2 * price


def test_viewers_are_told_before_and_not_any_more_after(session: Session, offer: LiveOffer) -> None:
    assert shown(session, offer, NOW)["flash"] == {
        "price_fen": 2_000,
        "from": BEGIN.isoformat(),
        "until": END.isoformat(),
    }
    assert shown(session, offer, END)["flash"] is None


@pytest.mark.parametrize(
    "broken", [{"flash_price_fen": None}, {"flash_until": BEGIN}, {"flash_price_fen": 0}, {"flash_from": None}]
)
def test_the_database_refuses_half_a_flash_sale(session: Session, offer: LiveOffer, broken: dict[str, Any]) -> None:
    row = session.get_one(Offer, offer.offer_id)
    for name, value in broken.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError):
        session.flush()
