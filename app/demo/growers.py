"""Demo of growers' own pages: one with a link, a stream of their own, and a price that was read wrong and corrected."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.corrections import queries as corrections
from fulfillment.purchasing.corrections.service import Decision, decide
from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.own.service import give_link, give_stream
from fulfillment.purchasing.queries import kind_of
from fulfillment.purchasing.quotes.service import TypedPrice, type_quote
from kernel.audit import Actor
from kernel.clock import local_day
from shop.catalog.models import Variant
from shop.streams import service as streams

_ZONE = ZoneInfo("Asia/Shanghai")
_READ_WRONG_FEN = 300


def load(session: Session, actors: dict[str, Actor], variants: dict[str, Variant], now: datetime) -> None:
    """The first grower has a page and a stream; the third was paid by two prices that were read too low."""
    owner = actors["owner"]
    first, _, third, *_ = session.scalars(select(Farmer).order_by(Farmer.id)).all()
    give_link(session, first.id, now=now, by=actors["weigher"])
    _own_stream(session, first, variants["QY-HG-250"], actors, now)
    today = local_day(now, _ZONE)
    for days_back in (9, 4):
        _correct(session, third, today - timedelta(days=days_back), now, actors["weigher"])
    older = min(corrections.open_differences(session), key=lambda each: each.delivery.day)
    decide(session, Decision(older.delivery.id, older.quote.id, older.fen, corrections.PAID), now=now, by=owner)


def _own_stream(session: Session, farmer: Farmer, bag: Variant, actors: dict[str, Actor], now: datetime) -> None:
    stream = streams.plan_stream(
        session,
        title_zh=f"{farmer.shown_name}的直播",
        title_en="Straight from the grower",
        starts_at=(now + timedelta(days=4)).replace(minute=0, second=0, microsecond=0),
        hold_minutes=10,
        now=now,
        by=actors["streamer"],
    )
    streams.add_offer(
        session,
        stream.id,
        bag.id,
        price_fen=4_280,
        list_price_fen=bag.price_fen,
        allotment=20,
        cap_per_buyer=4,
        now=now,
        by=actors["streamer"],
    )
    session.refresh(stream, ["offers"])
    give_stream(session, stream.id, farmer.id, now=now, by=actors["owner"])


def _correct(session: Session, farmer: Farmer, day: date, now: datetime, by: Actor) -> None:
    """Type the price of a day anew, as it stands on the board after all."""
    wanted = select(Delivery).where(Delivery.farmer_id == farmer.id, Delivery.day == day)
    delivery = session.scalars(wanted).first()
    if delivery is None or delivery.contract.market is None:
        return
    fen = delivery.quote_fen_per_kg + _READ_WRONG_FEN
    typed = TypedPrice(delivery.contract.market, kind_of(delivery.contract), delivery.quote_day, fen)
    type_quote(session, typed, is_sure=True, now=now, by=by)
