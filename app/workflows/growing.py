"""A farmer's delivery comes in, and what buyers may read of it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from fulfillment.purchasing import queries as purchasing_queries
from fulfillment.purchasing import service as purchasing
from fulfillment.purchasing.asking import deciding_service as deciding
from fulfillment.purchasing.asking import service as asking
from fulfillment.purchasing.asking.service import Answer, HandedIn
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.repacking.models import Certificate
from fulfillment.purchasing.repacking.queries import certificates_of_lots
from fulfillment.purchasing.service import WeighIn
from fulfillment.purchasing.tracing import queries as tracing
from fulfillment.purchasing.tracing.rules import Source
from fulfillment.purchasing.weighing import service as weighing
from fulfillment.purchasing.weighing.rules import Bag
from kernel.audit import Actor
from shop.catalog.models import Variant
from shop.stock import service as stock


def weigh_in(
    session: Session,
    facts: WeighIn,
    *,
    key: str,
    today: date,
    now: datetime,
    by: Actor,
    bags: Sequence[Bag] = (),
    within_days: int | None = None,
) -> Delivery:
    """A farmer's delivery is weighed: priced, written with its bags, owed, and in stock, all or nothing.

    ``bags`` add up to the facts; without them all of it was on the scale at once. ``within_days``: how old a price may
    be that a second person let count.
    """
    delivery, is_new = purchasing.record_delivery(
        session, facts, key=key, today=today, now=now, by=by, within_days=within_days
    )
    if is_new:
        weighing.write_bags(session, delivery, bags or (Bag(delivery.gross_g, delivery.tare_g),))
        stock.receive(session, delivery.variant_id, delivery.net_g, source=f"delivery:{delivery.id}", by=by, at=now)
    return delivery


def hand_in(session: Session, handed: HandedIn, *, key: str, today: date, now: datetime, by: Actor) -> Answer:
    """A weigh-in comes from the scale: written at once, or kept for a second person. See ``asking.service.hand_in``."""
    return asking.hand_in(session, handed, key=key, today=today, now=now, by=by, write=weigh_in)


def approve_weigh_in(
    session: Session, request_id: int, *, words: str, seen: str, today: date, now: datetime, by: Actor
) -> Answer:
    """A second person agrees to a weigh-in that waited: it is written. See ``asking.deciding_service.approve``."""
    return deciding.approve(session, request_id, words=words, seen=seen, today=today, now=now, by=by, write=weigh_in)


def lot_story(session: Session, number: str) -> dict[str, Any] | None:
    """What the trace page tells of a lot of any kind: every delivery in it, each grower only with consent; or ``None``."""
    lot = purchasing_queries.lot_by_number(session, number)
    if lot is None:
        return None
    sources = tracing.sources_of(session, lot.id)
    return {
        "number": lot.number,
        "product": session.get_one(Variant, lot.variant_id).product.slug,
        "growers": len({source.farmer_id for source in sources if source.delivery_id}),
        "deliveries": [_told(source) for source in sources if source.delivery_id],
        "certificates": [
            _as_shown(each) for each in certificates_of_lots(session, [source.lot_id for source in sources])
        ],
        "packed_by": tracing.packed_by(session, lot.id),
    }


def _as_shown(certificate: Certificate) -> dict[str, Any]:
    """What the law wants shown of a conformity certificate (承诺达标合格证): its own fields, grams for the quantity."""
    names = ("number", "product", "quantity_g", "origin", "promiser", "contact", "basis", "issued_on")
    return {name: getattr(certificate, name) for name in names}


def _told(source: Source) -> dict[str, Any]:
    """A delivery for everybody to read: what was weighed in, market price, promise; the grower's name with consent."""
    return {
        "farmer": source.shown_name if source.consent_shown else None,
        "village": source.village,
        "day": source.day,
        "grade": source.grade,
        "has_certificate": source.has_certificate,
        "quote_fen_per_kg": source.quote_fen_per_kg,
        "quote_market": source.quote_market,
        "quote_day": source.quote_day,
        "promised_fen_per_kg": source.promised_fen_per_kg,
    }
