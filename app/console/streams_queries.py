"""What the pages of streams show: the run sheet with its stock, ended streams with their money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.console.board import Money, OfferFigures, money_of, offers_of
from app.console.paging import Sorting, Sortings
from app.insights.models import StreamSum
from kernel.errors import NotFound
from kernel.text import Text
from shop.catalog.models import Variant
from shop.streams import queries
from shop.streams.models import Offer, Stream
from shop.streams.rules import missing_stock, next_to_show
from shop.streams.states import ENDED, LIVE, PLANNED


@dataclass(frozen=True)
class RunSheet:
    """A stream with its offers in order, and its orders' money."""

    stream: Stream
    offers: Sequence[OfferFigures]
    money: Money
    earlier: Sequence[Stream]

    @property
    def is_planned(self) -> bool:
        """Not live yet."""
        return self.stream.state == PLANNED

    @property
    def is_live(self) -> bool:
        """Live now."""
        return self.stream.state == LIVE

    @property
    def is_over(self) -> bool:
        """Ended: nothing can be changed any more."""
        return self.stream.state == ENDED

    def missing(self, offer: OfferFigures) -> int:
        """How many pieces an offer promises that are not in the house."""
        return missing_stock(offer.allotment, offer.taken, offer.free)

    @property
    def next_up(self) -> OfferFigures | None:
        """What one press puts on air: the next one that can be sold."""
        for_sale = {offer.id for offer in self.offers if offer.is_open and offer.left}
        wanted = next_to_show([offer.id for offer in self.offers], for_sale, self.stream.shown_offer_id)
        return self.offer(wanted)

    @property
    def on_air(self) -> OfferFigures | None:
        """What is shown now."""
        return self.offer(self.stream.shown_offer_id)

    def offer(self, offer_id: int | None) -> OfferFigures | None:
        """The offer with this id, when it is of this stream."""
        return next((offer for offer in self.offers if offer.id == offer_id), None)


def find_stream(session: Session, stream_id: int) -> Stream:
    """The stream, whatever its state.

    Raises:
        NotFound: there is no such stream.
    """
    stream = session.get(Stream, stream_id)
    if stream is None:
        raise NotFound("没有这场直播。", "There is no such stream.")
    return stream


def open_stream(session: Session, stream_id: int) -> Stream:
    """The stream, as long as it has not ended.

    Raises:
        NotFound: there is no such stream, or it is over and its form with it.
    """
    stream = find_stream(session, stream_id)
    if stream.state == ENDED:
        raise NotFound("这场直播已经结束，不能再改。", "This stream has ended and cannot be changed any more.")
    return stream


def run_sheet(session: Session, stream_id: int, now: datetime) -> RunSheet:
    """A stream's run sheet."""
    stream = find_stream(session, stream_id)
    return RunSheet(
        stream,
        offers_of(session, stream, now),
        money_of(session, stream_id),
        queries.streams_to_copy(session, stream_id) if stream.state != ENDED else (),
    )


def open_offer(session: Session, stream_id: int, offer_id: int, now: datetime) -> tuple[Stream, OfferFigures, Variant]:
    """An offer of a stream that has not ended, with its figures and what it sells."""
    stream = open_stream(session, stream_id)
    figures = next((offer for offer in offers_of(session, stream, now) if offer.id == offer_id), None)
    if figures is None:
        raise NotFound("没有这个直播商品。", "There is no such offer in this stream.")
    return stream, figures, session.get_one(Offer, offer_id).variant


# What ended since everything was last counted comes first: nobody knows yet where it belongs.
_NOT_COUNTED: Final = 2**62


def _counted(sum_of: InstrumentedAttribute[int]) -> ColumnElement[int]:
    known = select(sum_of).where(StreamSum.stream_id == Stream.id).correlate(Stream).scalar_subquery()
    return func.coalesce(known, _NOT_COUNTED)


ENDED_ORDERS: Sortings = {
    "": Sorting(Text("新的在前", "Newest first"), Stream.ended_at),
    "oldest": Sorting(Text("旧的在前", "Oldest first"), Stream.ended_at, is_down=False),
    "title": Sorting(Text("按名字", "By title"), Stream.title_zh, is_down=False),
    "title-down": Sorting(Text("按名字倒着", "By title, backwards"), Stream.title_zh),
    "paid": Sorting(Text("已付最多的在前", "Most paid first"), _counted(StreamSum.paid_fen)),
    "paid-up": Sorting(Text("已付最少的在前", "Least paid first"), _counted(StreamSum.paid_fen), is_down=False),
    "orders": Sorting(Text("订单最多的在前", "Most orders first"), _counted(StreamSum.orders)),
    "orders-up": Sorting(Text("订单最少的在前", "Fewest orders first"), _counted(StreamSum.orders), is_down=False),
}
# These are put in order by what was counted in the night.
BY_COUNT: Final = ("paid", "paid-up", "orders", "orders-up")


@dataclass(frozen=True)
class Ended:
    """A stream that is over, and what came of it."""

    stream: Stream
    money: Money


def with_money(session: Session, streams: Sequence[Stream]) -> list[Ended]:
    """Streams with their money as it is now."""
    return [Ended(stream, money_of(session, stream.id)) for stream in streams]
