"""What the measures stand on: an embedded database that writes to disk, demo data, the web server, and Stripe's stand-in."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import func, select

from app import migrate
from app.demo import load_demo
from benchmarks.load import post
from benchmarks.web import ROOT, Web, free_port
from kernel import embedded_postgres
from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from shop.catalog.models import Variant
from shop.orders.models import Order
from shop.stock import service as stock
from shop.streams import service as streams
from shop.streams.models import Offer

API_KEY = "sk_test_bench"
SECRET = "whsec_bench"
_serial = count(1)


@dataclass(frozen=True)
class HotOffer:
    """A product that everybody wants."""

    stream_id: int
    offer_id: int

    def orders(self, address: str = "") -> Iterator[bytes]:
        """Requests to order one, each by another buyer."""
        path = address or f"/api/v1/streams/{self.stream_id}/orders"
        while True:
            number = next(_serial)
            body = json.dumps(
                {
                    "lines": [{"offer_id": self.offer_id, "quantity": 1}],
                    "buyer": {"name": "张三", "phone": f"139{number % 10**8:08d}"},
                    "address": {
                        "province": "浙江省",
                        "city": "丽水市",
                        "district": "庆元县",
                        "street": "松源街道",
                        "detail": "示例路8号",
                    },
                }
            ).encode()
            yield post(path, body, Content_Type="application/json", Idempotency_Key=f"bench-{number:08d}")


@dataclass
class Stage:
    """Everything that runs during the measures."""

    database: Database
    web: Web
    stripe_url: str

    def open_offer(self, on_hand: int) -> HotOffer:
        """A live stream with one offer of this many."""
        now = utc_now()
        with self.database.transaction() as session:
            variant = session.scalars(select(Variant).where(Variant.sellable).order_by(Variant.id).limit(1)).one()
            source = f"bench:{next(_serial)}"
            stock.receive(session, variant.id, on_hand, source=source, by=SYSTEM, at=now)
            stream = streams.plan_stream(
                session, title_zh="测速", title_en="Bench", starts_at=now, hold_minutes=60, now=now, by=SYSTEM
            )
            offer = streams.add_offer(
                session,
                stream.id,
                variant.id,
                price_fen=3_980,
                list_price_fen=4_980,
                allotment=on_hand,
                cap_per_buyer=None,
                now=now,
                by=SYSTEM,
            )
            streams.start_stream(session, stream.id, now=now, by=SYSTEM)
            return HotOffer(stream.id, offer.id)

    def count_orders(self, offer: HotOffer) -> tuple[int, int]:
        """How many orders an offer has, and how many it says it has given."""
        with self.database.transaction() as session:
            orders = session.scalar(select(func.count()).select_from(Order).where(Order.stream_id == offer.stream_id))
            return orders or 0, session.get_one(Offer, offer.offer_id).taken


@contextmanager
def raised(folder: Path) -> Iterator[Stage]:
    """Set everything up; taken down at the end, whatever happens."""
    with ExitStack() as closing:
        url = embedded_postgres.ensure_running(folder)
        closing.callback(embedded_postgres.stop, folder)
        migrate.upgrade(url)
        database = Database(url, pool_size=5)
        closing.callback(database.dispose)
        load_demo(database, utc_now() - timedelta(hours=1))
        stripe_url = closing.enter_context(_sandbox(folder))
        environ = {
            "GONGFANG_MODE": "test",
            "DATABASE_URL": url,
            "VAR_DIR": str(folder),
            "STRIPE_API_KEY": API_KEY,
            "STRIPE_API_URL": stripe_url,
            "CHECKOUT_ORIGIN": stripe_url,
            "STRIPE_WEBHOOK_SECRET": SECRET,
        }
        web = closing.enter_context(Web(environ, folder=folder, application="benchmarks.wsgi:application"))
        yield Stage(database, web, stripe_url)


@contextmanager
def _sandbox(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [
        *(sys.executable, "-m", "sandbox", "--port", str(port), "--state", str(folder / "stripe.sqlite")),
        *("--webhook-url", "http://127.0.0.1:9/", "--webhook-secret", SECRET, "--api-key", API_KEY),
    ]
    with (folder / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _pull_levers_when_ready(url, {"drop_events": True})
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _pull_levers_when_ready(url: str, levers: dict[str, Any]) -> None:
    for _ in range(200):
        try:
            requests.post(f"{url}/_sandbox/levers", json=levers, timeout=5).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("Stripe's stand-in does not start")
