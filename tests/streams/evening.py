"""What tests of streams share: a stream with several offers, two people, and their changes."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.audit import SYSTEM, Actor
from shop.catalog.models import Variant
from shop.stock import service as stock
from shop.streams import service as streams
from shop.streams.models import Offer
from tests.world import NOW, make_variant

XIANG = Actor(1, "叶阿香")
LAN = Actor(2, "吴晓岚")
LATER = NOW + timedelta(seconds=5)


@dataclass(frozen=True)
class Evening:
    """Ids of a stream and its offers, in the order of the run sheet."""

    stream_id: int
    offer_ids: list[int]


def offer_variant(session: Session, stream_id: int, variant: Variant, **terms: object) -> Offer:
    """Put a variant on a run sheet."""
    wanted = {"price_fen": 3_980, "list_price_fen": 4_980, "allotment": 50, "cap_per_buyer": None, **terms}
    return streams.add_offer(session, stream_id, variant.id, **wanted, now=NOW, by=XIANG)  # type: ignore[arg-type]


def make_evening(session: Session, *, offers: int = 3, on_hand: int = 100, is_live: bool = True) -> Evening:
    """A stream with this many offers, each of its own variant; live unless it is said otherwise."""
    stream = streams.plan_stream(
        session, title_zh="山货夜市", title_en="Evening market", starts_at=NOW, hold_minutes=10, now=NOW, by=XIANG
    )
    ids = []
    for _ in range(offers):
        variant = make_variant(session)
        if on_hand:
            stock.receive(session, variant.id, on_hand, source=f"test:{variant.id}", by=SYSTEM, at=NOW)
        ids.append(offer_variant(session, stream.id, variant).id)
    if is_live:
        streams.start_stream(session, stream.id, now=NOW, by=XIANG)
    session.flush()
    return Evening(stream.id, ids)


def on_sheet(session: Session, stream_id: int) -> list[int]:
    """The offers of a stream in order."""
    return list(
        session.scalars(select(Offer.id).where(Offer.stream_id == stream_id).order_by(Offer.position, Offer.id))
    )


def terms_of(session: Session, offer_id: int) -> Offer:
    """The offer as the database has it now."""
    offer = session.get_one(Offer, offer_id)
    session.refresh(offer)
    return offer
