"""Reading streams: what viewers poll and what pages list."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, false, func, or_, select, text, tuple_
from sqlalchemy.orm import Session, selectinload

from shop.catalog.models import Product, Variant
from shop.stock.models import StockLevel
from shop.streams.models import Offer, Stream
from shop.streams.rules import Flash, flash_of, passed, price_at
from shop.streams.states import ENDED

_OFFERS = text("""
    SELECT o.id, v.sku, p.title_zh, p.title_en, v.spec_zh, v.spec_en, p.photo, p.slug, o.price_fen, o.list_price_fen,
           GREATEST(0, LEAST(o.allotment - o.taken, COALESCE(l.on_hand - l.held, 0)) - o.waiting) AS left,
           o.cap_per_buyer, o.state, o.ends_at, o.flash_price_fen, o.flash_from, o.flash_until,
           o.revision + COALESCE(l.revision, 0) AS revision
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


def coming_streams(session: Session) -> Sequence[Stream]:
    """Streams that have not ended, live ones first, then by start."""
    return session.scalars(
        select(Stream).where(Stream.state != ENDED).order_by(Stream.state == "planned", Stream.starts_at, Stream.id)
    ).all()


def find_ended(words: str = "") -> Select[Stream]:
    """Streams that are over; ``words`` are part of the title in either language, in any case."""
    wanted = select(Stream).where(Stream.state == ENDED)
    if not words:
        return wanted
    return wanted.where(or_(*(title.icontains(words, autoescape=True) for title in (Stream.title_zh, Stream.title_en))))


def ended_streams(session: Session, *, before: int | None = None, most: int = 20) -> Sequence[Stream]:
    """Streams that are over, the last to end first; ``before`` is the last id of the page before this one."""
    wanted = find_ended().order_by(Stream.ended_at.desc(), Stream.id.desc()).limit(most)
    if before is not None:
        last = session.execute(select(Stream.ended_at, Stream.id).where(Stream.id == before)).one_or_none()
        wanted = wanted.where(tuple_(Stream.ended_at, Stream.id) < tuple_(*last)) if last else wanted.where(false())
    return session.scalars(wanted).all()


def offer_counts(session: Session, stream_ids: Collection[int]) -> dict[int, int]:
    """How many offers each of these streams has; streams without any are left out."""
    rows = session.execute(
        select(Offer.stream_id, func.count()).where(Offer.stream_id.in_(stream_ids)).group_by(Offer.stream_id)
    )
    return {stream_id: number for stream_id, number in rows}  # noqa: C416 - dict() takes a result for a mapping


def free_stock(session: Session, variant_ids: Collection[int]) -> dict[int, int]:
    """How many pieces of each of these variants are in the house and not held for an order."""
    rows = session.execute(
        select(StockLevel.variant_id, StockLevel.on_hand - StockLevel.held).where(
            StockLevel.variant_id.in_(variant_ids)
        )
    )
    return {variant_id: int(free) for variant_id, free in rows}


def variants_to_offer(session: Session, stream_id: int) -> Sequence[Variant]:
    """What is for sale and not yet offered in a stream, by product."""
    here = select(Offer.variant_id).where(Offer.stream_id == stream_id)
    return session.scalars(
        select(Variant)
        .join(Product)
        .where(Variant.sellable, Variant.id.not_in(here))
        .order_by(Product.form, Product.id, Variant.id)
    ).all()


def streams_to_copy(session: Session, stream_id: int, most: int = 30) -> Sequence[Stream]:
    """Other streams that have offers, newest first."""
    return session.scalars(
        select(Stream)
        .where(Stream.id != stream_id, Stream.offers.any())
        .order_by(Stream.starts_at.desc(), Stream.id.desc())
        .limit(most)
    ).all()


def snapshot(session: Session, stream_id: int, now: datetime) -> dict[str, Any] | None:
    """What viewers of a stream poll (interfaces.md), or ``None`` when there is no such stream.

    ``version`` is the sum of the row revisions, and one for each moment of an offer (its end, the beginning and the end of
    its flash sale) that has come: it rises with every change that a viewer could see. An offer whose time is over is shown
    closed, and a flash sale at its price, at once, without waiting for anybody to write that down.
    """
    stream = session.get(Stream, stream_id)
    if stream is None:
        return None
    rows = session.execute(_OFFERS, {"stream": stream_id}).all()
    return {
        "version": stream.revision
        + sum(row.revision + passed(now, row.ends_at, row.flash_from, row.flash_until) for row in rows),
        "state": stream.state,
        "on_air": stream.on_air_offer_id,
        "message": stream.message,
        "offers": [_offer(row, stream, now) for row in rows],
    }


def _offer(row: Any, stream: Stream, now: datetime) -> dict[str, Any]:
    is_open = stream.state == "live" and row.state == "open" and not passed(now, row.ends_at)
    return {
        "id": row.id,
        "sku": row.sku,
        "title": row.title_zh,
        "title_en": row.title_en,
        "spec": row.spec_zh,
        "spec_en": row.spec_en,
        "photo": row.photo,
        "price_fen": price_at(row, now),
        "list_price_fen": row.list_price_fen,
        "left": int(row.left),
        "cap_per_buyer": row.cap_per_buyer,
        "state": "open" if is_open else "closed",
        "ends_at": _iso(row.ends_at),
        "flash": _flash(flash_of(row, now)),
    }


def _flash(flash: Flash | None) -> dict[str, Any] | None:
    if flash is None:
        return None
    return {"price_fen": flash.price_fen, "from": _iso(flash.begins), "until": _iso(flash.ends)}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
