"""The statements of the counter: Core and plain SQL, since ORM objects cost a tenth of the speed here."""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from kernel import limits
from kernel.text import Text
from shop.orders.placing import Asked, OfferState, Placed, StockState
from shop.orders.rules import ORDERS_WINDOW

# Looked up one by one: for a list of keys the planner prefers to read the whole table while it believes it to be
# small, and it believes so for as long as a prepared plan lives.
_FIND_PLACED = text("""
    SELECT o.* FROM unnest(CAST(:keys AS text[])) AS wanted(key) CROSS JOIN LATERAL (
        SELECT id, number, total_fen, shipping_fen, hold_until, idempotency_key, request_hash
        FROM orders WHERE idempotency_key = wanted.key LIMIT 1
    ) o
""")

# Offers first, levels second, each in id order: every writer of stock keeps to it, so none waits in a ring.
_LOCK_OFFERS = text("""
    SELECT o.id, o.stream_id, o.variant_id, o.state, o.ends_at, o.price_fen, o.flash_price_fen, o.flash_from, o.flash_until,
           o.allotment - o.taken AS allotment_left,
           o.waiting, o.cap_per_buyer, s.state AS stream_state, s.hold_minutes,
           v.sku, v.gross_g, v.spec_zh, v.spec_en, p.title_zh, p.title_en, p.form
    FROM offers o JOIN streams s ON s.id = o.stream_id
    JOIN variants v ON v.id = o.variant_id JOIN products p ON p.id = v.product_id
    WHERE o.id = ANY(:ids) ORDER BY o.id FOR NO KEY UPDATE OF o
""")
_LOCK_LEVELS = text("""
    SELECT variant_id, on_hand - held AS free FROM stock_levels
    WHERE variant_id = ANY(:ids) ORDER BY variant_id FOR NO KEY UPDATE
""")

_TAKEN_BY_BUYER = text("""
    SELECT l.offer_id, o.phone, sum(l.quantity) AS taken
    FROM unnest(CAST(:phones AS text[])) AS buyer(phone)
    CROSS JOIN LATERAL (SELECT id, phone, state, hold_until FROM orders WHERE phone = buyer.phone OFFSET 0) o
    CROSS JOIN LATERAL (SELECT offer_id, quantity FROM order_lines WHERE order_id = o.id OFFSET 0) l
    WHERE l.offer_id = ANY(:offers)
      AND (o.state IN ('paid', 'shipped', 'delivered') OR (o.state = 'held' AND o.hold_until > :now))
    GROUP BY l.offer_id, o.phone
""")

_WRITE = text("""
    WITH placed AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            id uuid, number text, stream_id bigint, buyer_name text, phone text, phone_ext text, province text, city text,
            district text, street text, detail text, note text, locale text, goods_fen bigint, shipping_fen bigint,
            discount_fen bigint, voucher_id bigint, email text, gift_from text, gift_words text, giver_phone text,
             total_fen bigint, hold_until timestamptz, idempotency_key text, request_hash text, device_hash text, lines jsonb)
    ), line AS (
        SELECT placed.id AS order_id, placed.phone, l.* FROM placed, jsonb_to_recordset(placed.lines) AS l(
            position int, variant_id bigint, offer_id bigint, quantity int, unit_price_fen bigint, line_total_fen bigint,
            sku text, title text, spec text)
    ), new_order AS (
        INSERT INTO orders (id, number, channel, stream_id, state, buyer_name, phone, phone_ext, province, city, district,
            street, detail, note, locale, currency, goods_fen, shipping_fen, discount_fen, total_fen, refunded_fen,
            hold_until, created_at, idempotency_key, request_hash, device_hash, voucher_id,
            email, gift_from, gift_words, giver_phone)
        SELECT id, number, 'own', stream_id, 'held', buyer_name, phone, phone_ext, province, city, district,
            street, detail, note, locale, 'cny', goods_fen, shipping_fen, discount_fen, total_fen, 0,
            hold_until, :now, idempotency_key, request_hash, device_hash, voucher_id,
            email, gift_from, gift_words, giver_phone FROM placed
    ), new_line AS (
        INSERT INTO order_lines (order_id, position, variant_id, offer_id, quantity, unit_price_fen, line_total_fen,
            sku, title, spec)
        SELECT order_id, position, variant_id, offer_id, quantity, unit_price_fen, line_total_fen, sku, title, spec FROM line
    ), log AS (
        INSERT INTO order_log (order_id, from_state, to_state, at, by, reason)
        SELECT id, NULL, 'held', :now, 'buyer', '' FROM placed
    ), movement AS (
        INSERT INTO stock_movements (variant_id, kind, on_hand_change, held_change, source, by, at)
        SELECT variant_id, 'held', 0, sum(quantity), 'order:' || order_id, 'buyer', :now FROM line GROUP BY order_id, variant_id
    ), offer AS (
        UPDATE offers SET taken = taken + sold.quantity, revision = revision + 1
        FROM (SELECT offer_id, sum(quantity) AS quantity FROM line GROUP BY offer_id) sold WHERE offers.id = sold.offer_id
    )
    UPDATE stock_levels SET held = held + sold.quantity, revision = revision + 1
    FROM (SELECT variant_id, sum(quantity) AS quantity FROM line GROUP BY variant_id) sold
    WHERE stock_levels.variant_id = sold.variant_id
""")


def find_placed(session: Session, keys: list[str]) -> dict[str, Placed]:
    """Orders already placed under these idempotency keys."""
    return {
        row.idempotency_key: Placed(
            row.id, row.number, row.total_fen, row.shipping_fen, row.hold_until, row.request_hash, {}
        )
        for row in session.execute(_FIND_PLACED, {"keys": keys})
    }


def lock_offers(session: Session, offer_ids: Iterable[int]) -> dict[int, OfferState]:
    """The offers and their stock, locked until the transaction ends."""
    rows = session.execute(_LOCK_OFFERS, {"ids": sorted(offer_ids)}).all()
    levels = session.execute(_LOCK_LEVELS, {"ids": sorted({row.variant_id for row in rows})})
    stock = {level.variant_id: StockState(level.variant_id, level.free) for level in levels}
    offers = {
        row.id: OfferState(
            offer_id=row.id,
            stream_id=row.stream_id,
            stream_state=row.stream_state,
            hold_minutes=row.hold_minutes,
            state=row.state,
            ends_at=row.ends_at,
            price_fen=row.price_fen,
            flash_price_fen=row.flash_price_fen,
            flash_from=row.flash_from,
            flash_until=row.flash_until,
            allotment_left=row.allotment_left,
            cap_per_buyer=row.cap_per_buyer,
            stock=stock.get(row.variant_id) or StockState(row.variant_id, 0),
            sku=row.sku,
            title=Text(row.title_zh, row.title_en),
            spec=Text(row.spec_zh, row.spec_en),
            is_fresh=row.form == "fresh",
            gross_g=row.gross_g,
            waiting=row.waiting,
        )
        for row in rows
    }
    for offer in offers.values():
        offer.keep_for_line()
    return offers


def taken_by_buyer(
    session: Session, phones: set[str], offers: dict[int, OfferState], now: datetime
) -> dict[tuple[int, str], int]:
    """How many each buyer (by phone) already has of the offers that have a cap."""
    capped = [offer.offer_id for offer in offers.values() if offer.cap_per_buyer is not None]
    if not capped:
        return {}
    rows = session.execute(_TAKEN_BY_BUYER, {"phones": list(phones), "offers": capped, "now": now})
    return {(row.offer_id, row.phone): int(row.taken) for row in rows}


def count_tries(session: Session, batch: Sequence[Asked], now: datetime) -> dict[str, int]:
    """How many orders were tried from each device and address lately, these among them."""
    counts = Tally(limit.bucket for asked in batch for limit in asked.limits)
    return limits.count_tries(session, counts, window=ORDERS_WINDOW, now=now)


def write_orders(session: Session, rows_json: str, now: datetime) -> None:
    """Write these orders, their lines, log and stock movements, and count them off, in one statement."""
    session.execute(_WRITE, {"rows": rows_json, "now": now})
