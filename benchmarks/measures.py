"""The measures: each compares two things that were done on the same machine in the same minute."""

import hmac
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import repeat
from pathlib import Path
from statistics import median
from urllib.parse import parse_qs, urlsplit

import psycopg
import requests
from sqlalchemy import func, select

from app import workflows
from benchmarks.load import Seen, drive, get, post
from benchmarks.stage import API_KEY, SECRET, HotOffer, Stage
from fulfillment.packing.models import PackingTask
from kernel.clock import utc_now
from kernel.embedded_postgres import program
from shop.catalog.models import Product
from shop.orders.models import Order
from shop.payments import steps
from shop.payments.steps import Till
from shop.payments.stripe_gateway import StripeGateway

CLIENTS = 32
ROUNDS = 5
_PLENTY = 10_000_000


@dataclass(frozen=True)
class Figure:
    """One figure beside its limit. ``holds`` is ``None`` where there is only something to aim at."""

    what: str
    figure: str
    beside: str
    holds: bool | None = None


def _at_least(
    what: str, value: float, *, limit: float | None = None, aim: float | None = None, note: str = ""
) -> Figure:
    beside = f"limit {limit:g}" if limit is not None else f"aim {aim:g}"
    return Figure(what, f"{value:.2f}{note}", f"at least, {beside}", None if limit is None else value >= limit)


@dataclass
class _Round:
    """What was seen in one round, each for about a second."""

    empty_post: Seen
    placing: Seen
    plain: Seen
    empty_get: Seen
    snapshot: Seen


def hot_product(stage: Stage) -> Iterator[Figure]:
    """Ordering one hot product with 32 clients, and looking at it, against an empty request on the same server."""
    offer, other = stage.open_offer(_PLENTY), stage.open_offer(_PLENTY)
    empty_get, empty_post = repeat(get("/api/v1/empty")), repeat(post("/api/v1/empty", b"{}"))
    snapshot = repeat(get(f"/api/v1/streams/{offer.stream_id}/snapshot"))
    plain = other.orders(f"/api/v1/plain/{other.offer_id}")

    def seen(wishes: Iterator[bytes], seconds: float) -> Seen:
        return drive(stage.web.port, wishes, clients=CLIENTS, seconds=seconds)

    warm = [seen(wishes, 1.0) for wishes in (offer.orders(), plain, empty_post, snapshot)]
    rounds = [
        _Round(
            seen(empty_post, 1.0),
            seen(offer.orders(), 2.0),
            seen(plain, 2.0),
            seen(empty_get, 1.0),
            seen(snapshot, 1.0),
        )
        for _ in range(ROUNDS)
    ]
    yield from _ratios(rounds)
    placed = warm[0].statuses[201] + sum(one.placing.statuses[201] for one in rounds)
    odd = sum((one.placing.statuses for one in rounds), start=warm[0].statuses)
    is_right = stage.count_orders(offer) == (placed, placed) and set(odd) == {201}
    yield Figure("orders acknowledged, in the table, and counted off", f"{placed}", "all the same", is_right)
    yield from _against_pgbench(stage, median(one.placing.rate for one in rounds))


def _ratios(rounds: list[_Round]) -> Iterator[Figure]:
    def middle(rate: Callable[[_Round], float]) -> float:
        return median(rate(one) for one in rounds)

    placing, empty = middle(lambda one: one.placing.rate), middle(lambda one: one.empty_post.rate)
    yield Figure("an empty POST, a second", f"{empty:,.0f}", "")
    yield Figure("orders placed, a second", f"{placing:,.0f}", "")
    share = middle(lambda one: one.placing.rate / one.empty_post.rate)
    yield _at_least("placing an order / an empty POST", share, limit=0.1)
    yield _at_least("placing / the plain ORM version", middle(lambda one: one.placing.rate / one.plain.rate), aim=2)
    spread = middle(lambda one: one.placing.quantile(99) / one.placing.quantile(50))
    p99 = middle(lambda one: one.placing.quantile(99))
    yield Figure("p99 / p50 of placing", f"{spread:.2f} (p99 {p99 * 1000:.0f} ms)", "at most, aim 4")
    look = middle(lambda one: one.snapshot.rate / one.empty_get.rate)
    yield _at_least("the snapshot / an empty GET", look, limit=0.5)


_HOT_ROW = """
WITH taken AS (
    UPDATE hot SET held = held + 1 WHERE id = 1 AND held < on_hand RETURNING id
), o AS (
    INSERT INTO hot_orders (name, phone, address, total) SELECT '张三', '13800008000', '浙江省丽水市庆元县示例路8号', 4580
    FROM taken RETURNING id
)
INSERT INTO hot_lines (order_id, item, quantity, price) SELECT o.id, taken.id, 1, 3980 FROM o, taken;
"""


def _against_pgbench(stage: Stage, placing: float) -> Iterator[Figure]:
    """The fewest writes an order can be, in one statement on one hot row, without HTTP or Python."""
    with psycopg.connect(stage.database.plain_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE hot (id int PRIMARY KEY, on_hand bigint, held bigint CHECK (held <= on_hand))")
        connection.execute("INSERT INTO hot VALUES (1, 1000000000, 0)")
        connection.execute(
            "CREATE TABLE hot_orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, phone text, "
            "address text, total bigint)"
        )
        connection.execute("CREATE TABLE hot_lines (order_id bigint, item int, quantity int, price bigint)")
    rate = median(_pgbench(stage) for _ in range(3))
    yield Figure("pgbench, one statement on one hot row, a second", f"{rate:,.0f}", "")
    yield _at_least("placing over HTTP / pgbench's hot row", placing / rate, aim=0.5)


def _pgbench(stage: Stage) -> float:
    parts = urlsplit(stage.database.plain_url)
    query = parse_qs(parts.query)
    named = {
        "PGHOST": query.get("host", [parts.hostname or ""])[0],
        "PGPORT": query.get("port", [str(parts.port or 5432)])[0],
        "PGUSER": query.get("user", [parts.username or "postgres"])[0],
        "PGPASSWORD": parts.password or "",
    }
    command = [program("pgbench"), "-n", "-c", str(CLIENTS), "-j", "2", "-T", "3", "-M", "prepared", "-f", "/dev/stdin"]
    told = subprocess.run(
        [*command, parts.path.strip("/")],
        input=_HOT_ROW,
        env={**os.environ, **named},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"tps = ([0-9.]+)", told.stdout)
    assert found, told.stdout
    return float(found[1])


def one_instant(stage: Stage) -> Iterator[Figure]:
    """A thousand buyers at one instant on 200 pieces."""
    buyers, pieces = 1_000, 200
    warm = stage.open_offer(_PLENTY)
    steady = drive(stage.web.port, warm.orders(), clients=CLIENTS, seconds=2.0).rate
    walls = []
    for _ in range(3):
        offer = stage.open_offer(pieces)
        seen = drive(stage.web.port, _first(offer, buyers), clients=buyers)
        walls.append(seen.wall_s)
        is_right = seen.statuses == {201: pieces, 409: buyers - pieces}
        is_right &= stage.count_orders(offer) == (pieces, pieces)
        told = f"{seen.statuses[201]}" if is_right else f"{dict(seen.statuses)}"
        yield Figure(f"{buyers:,} buyers at one instant: sold", told, f"exactly {pieces}", is_right)
    share = median(walls) / (buyers / steady)
    answered = f"{share:.2f} ({median(walls):.2f} s)"
    yield Figure("… all answered, as a share of 1,000 / the steady rate", answered, "at most, aim 1.5")


def _first(offer: HotOffer, most: int) -> Iterator[bytes]:
    wishes = offer.orders()
    return (next(wishes) for _ in range(most))


def webhooks(stage: Stage) -> Iterator[Figure]:
    """From a signed event to packing tasks, asking Stripe's stand-in in between."""
    payments = 300
    offer = stage.open_offer(_PLENTY)
    drive(stage.web.port, _first(offer, payments), clients=8)
    gateway = StripeGateway(API_KEY, stage.stripe_url, SECRET)
    till = Till(gateway, workflows.settle_payment, workflows.settle_refund, stage.web.url, "工坊")
    with stage.database.transaction() as session:
        numbers = session.scalars(select(Order.number).where(Order.stream_id == offer.stream_id)).all()
    with requests.Session() as buyer:
        for number in numbers:
            page = steps.checkout_url_for(stage.database, till, number, utc_now())
            buyer.post(f"{stage.stripe_url}/_sandbox/pay/{page.rsplit('/', 1)[-1]}", json={}, timeout=10)
        events = list(_paid_events(stage, buyer))
    assert len(events) == payments
    seen = drive(stage.web.port, iter(events), clients=16)
    with stage.database.transaction() as session:
        opened = session.scalar(
            select(func.count())
            .select_from(PackingTask)
            .join(PackingTask.parcel)
            .join(Order)
            .where(Order.stream_id == offer.stream_id)
        )
    is_right = (opened, seen.statuses) == (payments, {200: payments})
    yield Figure("events applied, each with its packing task", f"{opened}", f"exactly {payments}", is_right)
    yield Figure("… a second", f"{seen.rate:,.0f}", "at least, aim 300")


def _paid_events(stage: Stage, client: requests.Session) -> Iterator[bytes]:
    after: dict[str, str] = {}
    headers = {"Authorization": f"Bearer {API_KEY}"}
    while True:
        asked = {"type": "checkout.session.completed", "limit": "100", **after}
        page = client.get(f"{stage.stripe_url}/v1/events", params=asked, headers=headers, timeout=30).json()
        for event in page["data"]:
            body, at = json.dumps(event).encode(), int(time.time())
            signature = hmac.new(SECRET.encode(), f"{at}.".encode() + body, sha256).hexdigest()
            yield post("/webhooks/stripe", body, Stripe_Signature=f"t={at},v1={signature}")
        if not page["has_more"]:
            return
        after = {"starting_after": page["data"][-1]["id"]}


_FILES = re.compile(r'/static/[^"]+?\.(?:css|js|svg)(?:\?v=[0-9a-f]+)?')
# A canonical address is a name: nothing is fetched from it.
_FETCHED = re.compile(r'(?:src|<link(?![^>]*rel="canonical")[^>]+href)="(https?:[^"]+)"')
_LARGEST_PAGE_BYTES = 100_000


def pages(stage: Stage) -> Iterator[Figure]:
    """What a buyer's phone loads before the photographs."""
    with stage.database.transaction() as session:
        slug = session.scalars(select(Product.slug).where(Product.listed).limit(1)).one()
    offer = stage.open_offer(5)
    live = f"/live/{offer.stream_id}"
    heaviest, foreign = ("", 0), set[str]()
    with requests.Session() as phone:
        for path in ("/", f"/products/{slug}", live, f"{live}/buy?offer={offer.offer_id}", "/orders"):
            page = phone.get(f"{stage.web.url}{path}", timeout=10)
            page.raise_for_status()
            files = {
                file for file in _FILES.findall(page.text) if "/img/products/" not in file and "/scenes/" not in file
            }
            size = len(page.content) + sum(len(phone.get(stage.web.url + file, timeout=10).content) for file in files)
            heaviest = max(heaviest, (path, size), key=lambda found: found[1])
            foreign |= set(_FETCHED.findall(page.text))
    path, size = heaviest
    yield Figure(
        "the heaviest page before photographs",
        f"{size / 1000:.1f} kB ({Path(path).name or '/'})",
        "under 100 kB",
        size < _LARGEST_PAGE_BYTES,
    )
    yield Figure("files of third parties", f"{len(foreign)}", "none", not foreign)
