"""Reading streams: what viewers poll and what pages list."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from shop.streams.models import Offer, Stream

_OFFERS = text("""
    SELECT o.id, v.sku, p.title_zh, p.title_en, v.spec_zh, v.spec_en, p.photo, p.slug, o.price_fen, o.list_price_fen,
           GREATEST(0, LEAST(o.allotment - o.taken, COALESCE(l.on_hand - l.held, 0))) AS left,
           o.cap_per_buyer, o.state, o.ends_at, o.revision + COALESCE(l.revision, 0) AS revision
    FROM offers o JOIN variants v ON v.id = o.variant_id JOIN products p ON p.id = v.product_id
    LEFT JOIN stock_levels l ON l.variant_id = o.variant_id
    WHERE o.stream_id = :stream ORDER BY o.position, o.id
""")


def public_streams(session: Session) -> Sequence[Stream]:
    """Streams that are live or announced, live ones first, then by start."""
    return session.scalars(
        select(Stream)
        .where(Stream.state.in_(["live", "planned"]))
        .order_by(Stream.state == "planned", Stream.starts_at)
        .limit(50)
    ).all()


def stream_with_offers(session: Session, stream_id: int) -> Stream | None:
    """A stream with its offers and their variants, or ``None``."""
    return session.scalar(
        select(Stream).where(Stream.id == stream_id).options(selectinload(Stream.offers).joinedload(Offer.variant))
    )


def snapshot(session: Session, stream_id: int, now: datetime) -> dict[str, Any] | None:
    """What viewers of a stream poll (interfaces.md), or ``None`` when there is no such stream.

    ``version`` is the sum of the row revisions: it rises with every change that a viewer could see. An offer whose time
    is over is shown closed at once, without waiting for anybody to write that down.
    """
    stream = session.get(Stream, stream_id)
    if stream is None:
        return None
    rows = session.execute(_OFFERS, {"stream": stream_id}).all()
    return {
        "version": stream.revision + sum(row.revision for row in rows),
        "state": stream.state,
        "on_air": stream.on_air_offer_id,
        "offers": [_offer(row, stream, now) for row in rows],
    }


def _offer(row: Any, stream: Stream, now: datetime) -> dict[str, Any]:
    is_open = stream.state == "live" and row.state == "open" and (row.ends_at is None or row.ends_at > now)
    return {
        "id": row.id,
        "sku": row.sku,
        "title": row.title_zh,
        "title_en": row.title_en,
        "spec": row.spec_zh,
        "spec_en": row.spec_en,
        "photo": row.photo,
        "price_fen": row.price_fen,
        "list_price_fen": row.list_price_fen,
        "left": int(row.left),
        "cap_per_buyer": row.cap_per_buyer,
        "state": "open" if is_open else "closed",
        "ends_at": row.ends_at.isoformat() if row.ends_at else None,
    }
