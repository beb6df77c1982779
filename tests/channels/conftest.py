"""A workshop that sells the goods of the sample exports, and a hand to give it files."""

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from app import workflows
from fulfillment.packing.models import PackingTask, Parcel
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from shop.catalog.models import Product, Variant
from shop.channels import queries, steps, uploads
from shop.channels.facts import Reading
from shop.channels.models import ChannelOrder
from shop.channels.readers import PLATFORMS, read_orders
from shop.channels.steps import Outcome
from shop.orders.models import Order
from shop.stock import service as stock
from shop.stock.models import StockLevel
from tests.world import NOW

DATA = Path(__file__).parent.parent / "data"
ZONE = ZoneInfo("Asia/Shanghai")
SAMPLES = {
    "douyin": ("douyin_fxg_export_73col.csv", None),
    "kuaishou": ("kuaishou_orders_61col.xlsx", None),
    "taobao": ("taobao_ExportOrderList202608022100.csv", "taobao_ExportOrderDetailList202608022100.csv"),
    "pdd": ("pdd_orders_export_20260803.csv", None),
    "wechat": ("wechat_shop_57col.xlsx", None),
    "tiktok": ("tiktok_shop_all_orders.csv", None),
    "shopify": ("shopify_orders_export.csv", None),
}
IN_STOCK = 200
_serial = count(1)


@cache
def sample(platform: str) -> tuple[bytes, bytes | None]:
    """The platform's sample export, and its second file if it has one."""
    first, second = SAMPLES[platform]
    return (DATA / "orders" / first).read_bytes(), (DATA / "orders" / second).read_bytes() if second else None


@cache
def expected(platform: str) -> list[dict[str, Any]]:
    """How the orders of the sample are to be read."""
    name = f"expected_{SAMPLES[platform][0].rpartition('.')[0]}.json"
    orders: list[dict[str, Any]] = json.loads((DATA / "orders" / name).read_text())["orders"]
    return orders


def douyin_rows() -> list[dict[str, str]]:
    """The Douyin sample as rows that a test may change."""
    text = sample("douyin")[0].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def as_csv(rows: list[dict[str, str]], encoding: str = "utf-8-sig") -> bytes:
    """Rows as a platform would write them."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode(encoding)


def douyin_order(**changes: str) -> dict[str, str]:
    """One row of the Douyin sample, an order that may ship, with some cells changed."""
    return {**douyin_rows()[0], **changes}


def read(platform: str, raw: bytes, second: bytes | None = None) -> Reading:
    """What a file says."""
    return read_orders(PLATFORMS[platform], raw, ZONE, second)


@dataclass
class Workshop:
    """An installation that files are given to."""

    database: Database
    by: Actor = SYSTEM
    now: datetime = NOW
    variants: dict[str, int] = field(default_factory=dict)

    def bring(self, platform: str, raw: bytes | None = None, second: bytes | None = None) -> Outcome:
        """Import a file, the sample if none is given; time goes on by an hour."""
        if raw is None:
            raw, second = sample(platform)
        reading = read(platform, raw, second)
        self.now += timedelta(hours=1)
        with self.database.transaction() as session:
            import_id = uploads.begin(session, platform, "file.csv", raw, second, now=self.now, by=self.by)
        return steps.bring_in(
            self.database,
            PLATFORMS[platform],
            reading,
            import_id=import_id,
            floor=workflows,
            now=self.now,
            by=self.by,
        )

    def look(self, platform: str, raw: bytes | None = None, second: bytes | None = None) -> Outcome:
        """Say what importing a file would do."""
        if raw is None:
            raw, second = sample(platform)
        with self.database.transaction() as session:
            return steps.look(session, PLATFORMS[platform], read(platform, raw, second))

    def bring_rows(self, *rows: dict[str, str]) -> Outcome:
        """Import rows of a Douyin export."""
        return self.bring("douyin", as_csv(list(rows)))

    def order(self, number: str, channel: str = "douyin") -> ChannelOrder:
        """A platform's order as it is kept."""
        with self.database.transaction() as session:
            return queries.known_by_number(session, channel, [number])[number]

    def ours(self, number: str) -> list[Order]:
        """What a platform's order is to us, oldest first."""
        with self.database.transaction() as session:
            found = session.scalars(select(Order).where(Order.channel_number == number).order_by(Order.id)).all()
            for order in found:
                _ = order.lines
            return list(found)

    def tasks(self, channel: str | None = None, state: str = "waiting") -> list[str]:
        """The platform numbers of orders with packing work in this state."""
        with self.database.transaction() as session:
            query = (
                select(Order.channel_number)
                .join(Parcel, Parcel.order_id == Order.id)
                .join(PackingTask, PackingTask.parcel_id == Parcel.id)
                .where(PackingTask.state == state, Order.channel_number.is_not(None))
                .order_by(PackingTask.id)
            )
            return [
                number or "" for number in session.scalars(query.where(Order.channel == channel) if channel else query)
            ]

    def free(self, sku: str) -> int:
        """How many of a SKU are free."""
        with self.database.transaction() as session:
            return queries.goods_of(session, [sku])[sku].free

    def set_free(self, sku: str, wanted: int) -> None:
        """Correct the stock so that so many are free."""
        with self.database.transaction() as session:
            level = session.get_one(StockLevel, self.variants[sku])
            change = wanted - (level.on_hand - level.held)
            if change:
                stock.adjust(
                    session, self.variants[sku], change, reason="found" if change > 0 else "lost",
                    source=f"test:{next(_serial)}", by=SYSTEM, at=self.now,
                )  # fmt: skip

    def count(self, table: type[Any]) -> int:
        """How many rows a table has."""
        with self.database.transaction() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


def add_goods(database: Database) -> dict[str, int]:
    """The catalogue of the samples, each with the same stock; ids by SKU."""
    catalogue = json.loads((DATA / "orders" / "catalogue.json").read_text())
    variants = {}
    with database.transaction() as session:
        for sku, facts in catalogue.items():
            product = Product(
                slug=sku.lower(),
                title_zh=facts["title"],
                title_en=sku,
                story_zh="好菇",
                story_en="Good",
                form="fresh" if facts["fresh"] else "dry",
                grade_zh="一级",
                photo="products/huagu.svg",
                storage_zh="阴凉",
                storage_en="Cool",
                label={},
                origin="浙江庆元",
                shelf_life_days=7 if facts["fresh"] else 540,
                returnable=not facts["fresh"],
            )
            session.add(product)
            session.flush()
            variant = Variant(
                product_id=product.id,
                sku=sku,
                spec_zh=facts["spec"],
                spec_en=facts["spec"],
                price_fen=facts["price_fen"],
                net_g=facts["net_g"],
                gross_g=facts["gross_g"],
            )
            session.add(variant)
            session.flush()
            stock.receive(session, variant.id, IN_STOCK, source=f"test:first:{sku}", by=SYSTEM, at=NOW)
            variants[sku] = variant.id
    return variants


@pytest.fixture
def workshop(database: Database) -> Workshop:
    """A workshop that sells what the samples order."""
    return Workshop(database, variants=add_goods(database))
