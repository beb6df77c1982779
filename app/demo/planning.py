"""Demo of planning: what was sold in the two and a half years before this program, and a grower who was called yesterday."""

import math
import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.planning import calls, past, service
from fulfillment.purchasing.planning.past_file import Key
from kernel.audit import Actor
from kernel.clock import local_day
from shop.catalog.models import Product, Variant

_ZONE = ZoneInfo("Asia/Shanghai")
_WEEKS = 130
# Kilograms of a usual week; dried goods sell best before the Spring Festival, fresh ones in spring.
_USUAL_KG = {"huagu": 60, "hougu": 45, "bogu": 25, "muer": 20, "xianggu-fresh": 80}
_ANY_KG = 8
_STREAM_WEEKDAYS = (1, 4, 6)


def load(session: Session, actors: Mapping[str, Actor], now: datetime) -> None:
    """Past sales with a season, a forecast that the worker makes at once, and a call to the first grower on the list."""
    today = local_day(now, _ZONE)
    past.take_past_sales(session, dict(_past_sales(session, today)), now=now, by=actors["owner"])
    service.ask_for_forecast(session, now=now, zone=_ZONE, by=actors["owner"])
    yesterday = today - timedelta(days=1)
    for line in calls.to_call(session, yesterday)[:1]:
        service.note_call(
            session,
            line.farmer.id,
            "will_bring",
            "周末摘完送来",
            key="demo-call",
            today=yesterday,
            now=now - timedelta(days=1),
            by=actors["weigher"],
        )


def _past_sales(session: Session, today: date) -> Iterator[tuple[Key, int]]:
    """Three streams a week and something on platforms, the same on every machine."""
    raw = select(Variant.product_id).where(Variant.unit == "gram")
    for product in session.scalars(select(Product).where(Product.id.in_(raw)).order_by(Product.id)):
        chance = random.Random(product.slug)  # noqa: S311 - no secret, the same on every machine
        for back in range(_WEEKS * 7, 0, -1):
            day = today - timedelta(days=back)
            way = "stream" if day.weekday() in _STREAM_WEEKDAYS else "channel"
            share = 0.28 if way == "stream" else 0.04
            grams = round(_week_g(product, day, back) * share * chance.uniform(0.7, 1.3))
            if grams:
                yield (product.id, day, way), grams


def _week_g(product: Product, day: date, back: int) -> float:
    peak = 110 if product.form == "fresh" else 15
    season = 1 + 0.45 * math.cos(2 * math.pi * (day.timetuple().tm_yday - peak) / 365.25)
    growth = 1 - 0.4 * back / (_WEEKS * 7)
    return 1000 * _USUAL_KG.get(product.slug, _ANY_KG) * season * growth
