"""Demo streams: one that is live now with a flash sale to come and a voucher, one announced."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from kernel.audit import Actor
from shop.catalog.models import Variant
from shop.streams import service
from shop.streams.changes import FLASH
from shop.streams.models import Stream
from shop.vouchers.rules import AMOUNT
from shop.vouchers.service import VoucherTerms, make_voucher

# SKU, live price, allotment, cap a buyer.
_TONIGHT = (
    ("QY-HG-250", 3980, 120, 5),
    ("QY-YE-100", 1990, 150, None),
    ("QY-HME-250", 2690, 100, None),
    ("QY-HOU-500", 5980, 60, 4),
    ("QY-XXG-2500", 4680, 40, 2),
    ("QY-GIFT-4", 13800, 30, 3),
)
_NEXT = (("QY-ZS-80", 3690, 60, None), ("QY-HSH-100", 3190, 50, None), ("QY-TJY-2500", 3980, 40, 4))


def load(session: Session, streamer: Actor, variants: dict[str, Variant], now: datetime) -> Stream:
    """Add tonight's stream (live, first offer on air) and the next one."""
    tonight = service.plan_stream(
        session,
        title_zh="阿香的山货夜市",
        title_en="A-Xiang's mountain evening market",
        starts_at=now - timedelta(minutes=20),
        hold_minutes=10,
        now=now,
        by=streamer,
    )
    upcoming = service.plan_stream(
        session,
        title_zh="周末鲜货专场",
        title_en="Weekend harvest",
        starts_at=(now + timedelta(days=2)).replace(minute=0, second=0, microsecond=0),
        hold_minutes=10,
        now=now,
        by=streamer,
    )
    for stream, offers in ((tonight, _TONIGHT), (upcoming, _NEXT)):
        for sku, price_fen, allotment, cap in offers:
            service.add_offer(
                session,
                stream.id,
                variants[sku].id,
                price_fen=price_fen,
                list_price_fen=variants[sku].price_fen,
                allotment=allotment,
                cap_per_buyer=cap,
                now=now,
                by=streamer,
            )
    session.flush()
    service.start_stream(session, tonight.id, now=now, by=streamer)
    session.refresh(tonight, ["offers"])
    service.put_on_air(session, tonight.id, tonight.offers[0].id, now=now, by=streamer)
    begins = (now + timedelta(minutes=30)).replace(second=0, microsecond=0)
    flash = dict(zip(FLASH, (1_690, begins, begins + timedelta(minutes=10)), strict=True))
    service.change_offer(session, tonight.id, tonight.offers[1].id, flash, now=now, by=streamer)
    _add_voucher(session, streamer, now)
    return tonight


def _add_voucher(session: Session, streamer: Actor, now: datetime) -> None:
    """Five yuan off from 59, said on air."""
    make_voucher(
        session,
        VoucherTerms(
            code="XIANGGU5",
            kind=AMOUNT,
            off_fen=500,
            off_bps=0,
            most_off_fen=None,
            from_fen=5_900,
            starts_at=now - timedelta(hours=1),
            ends_at=now + timedelta(days=14),
            most_uses=200,
            per_buyer=1,
        ),
        now=now,
        by=streamer,
    )
