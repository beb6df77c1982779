"""How long after the commit a screen shows an order: over HTTP, on the connection that the board holds open."""

import json
import time
from collections.abc import Iterator
from itertools import repeat
from statistics import median
from threading import Thread

import requests
from sqlalchemy import select

from benchmarks.load import drive, get
from benchmarks.measures import Figure
from benchmarks.stage import HotOffer, Stage
from kernel.clock import utc_now
from kernel.people import service as people
from kernel.people.models import Person

_ROUNDS = 25
_LIMIT_S = 1.0
_PATIENCE_S = 20
_VIEWERS = 32


def board(stage: Stage) -> Iterator[Figure]:
    """A screen alone with the shop, and one beside a crowd that polls as fast as it can."""
    alone = _delays(stage)
    yield Figure("a screen shows an order after its commit", _said(alone), "worst at most 1 s", max(alone) <= _LIMIT_S)
    offer = stage.open_offer(10_000)
    polling = repeat(get(f"/api/v1/streams/{offer.stream_id}/snapshot"))
    crowd = Thread(target=drive, args=(stage.web.port, polling), kwargs={"clients": _VIEWERS, "seconds": 15.0})
    crowd.start()
    yield Figure("… beside 32 clients that poll without a pause", _said(_delays(stage)), "worst, aim 1 s")
    crowd.join()


def _said(delays: list[float]) -> str:
    return f"{median(delays):.2f} s, worst {max(delays):.2f}"


def _delays(stage: Stage) -> list[float]:
    """Seconds from the answer to each order, which is after its commit, to the figure that counts it."""
    offer = stage.open_offer(10_000)
    address = f"{stage.web.url}/console/board/{offer.stream_id}/events?page=board&screen=bench-{offer.stream_id}"
    with requests.get(
        address,
        cookies={"gongfang": _sign_in(stage)},
        headers={"Accept-Language": "zh"},
        stream=True,
        timeout=_PATIENCE_S,
    ) as screen:
        lines = screen.iter_lines(decode_unicode=True)
        return [_one(stage, offer, lines, number) for number in range(1, _ROUNDS + 1)]


def _sign_in(stage: Stage) -> str:
    with stage.database.transaction() as session:
        owner = session.scalars(select(Person).where(Person.login == "owner")).one()
        return people.start_sign_in(session, owner, face="console", now=utc_now())


def _one(stage: Stage, offer: HotOffer, lines: Iterator[str], number: int) -> float:
    request = next(offer.orders())
    head, _, body = request.partition(b"\r\n\r\n")
    words = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    placed = requests.post(
        f"{stage.web.url}/api/v1/streams/{offer.stream_id}/orders",
        data=body,
        headers={name: value for name, value in words.items() if name.lower() not in ("host", "content-length")},
        timeout=_PATIENCE_S,
    )
    assert placed.status_code == 201, placed.text
    committed = time.perf_counter()
    for line in lines:
        if line.startswith("data: {") and f">{number} 单" in json.loads(line.removeprefix("data: ")).get("five", ""):
            return time.perf_counter() - committed
    raise SystemExit("the board closed its connection")
