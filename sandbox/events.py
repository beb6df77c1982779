"""Events and their signed delivery, with retries, and the levers that make the weather bad."""

import hmac
import json
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import requests

from sandbox.store import Store, Thing, new_id

_RETRY_S = (1, 2, 4, 8, 15, 30, 60, 300)
_CARRIERS = 4


@dataclass
class Levers:
    """Bad weather on demand; all off at the start."""

    delay_events_s: float = 0.0
    drop_events: bool = False
    copies: int = 1
    shuffle: bool = False
    slow_answers_s: float = 0.0
    # How many of the next POSTs are done and then cut off before the answer.
    lose_answers: int = 0
    break_after_charge: bool = False
    refunds_fail: bool = False
    refunds_wait: bool = False

    def pull(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Set levers by name; returns how they stand."""
        known = asdict(self)
        for name, value in wanted.items():
            setattr(self, name, type(known[name])(value))
        return asdict(self)


class Postman:
    """Delivers events to the shop's webhook until it answers 2xx."""

    def __init__(self, store: Store, levers: Levers, url: str, secret: str) -> None:
        self.store = store
        self.levers = levers
        self.url = url
        self._secret = secret.encode()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._carriers = ThreadPoolExecutor(_CARRIERS, "carrier")
        self._lines = threading.local()
        self._opened: list[requests.Session] = []
        self.ticks: list[Callable[[], None]] = []

    def emit(self, kind: str, thing: Thing) -> Thing:
        """Record an event about a thing and post it, as the levers say."""
        event = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": "2026-06-30",
            "created": int(time.time()),
            "data": {"object": thing},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.store.put("event", event)
        if not self.levers.drop_events:
            for _ in range(max(1, self.levers.copies)):
                jitter = random.uniform(0, 1) if self.levers.shuffle else 0.0
                due = time.time() + self.levers.delay_events_s + jitter
                self.store.rows("INSERT INTO deliveries VALUES (?, ?, 0)", event["id"], due)
        return event

    def sign(self, body: bytes, at: int) -> str:
        """The Stripe-Signature header."""
        digest = hmac.new(self._secret, f"{at}.".encode() + body, sha256).hexdigest()
        return f"t={at},v1={digest}"

    def deliver_due(self, until: float | None = None) -> int:
        """Post what is due now (or at ``until``); returns how many arrived."""
        latest = time.time() if until is None else until
        due = self.store.rows("SELECT rowid, event, tries FROM deliveries WHERE due <= ? ORDER BY due", latest)
        return sum(self._carriers.map(lambda row: self._deliver(*row), due))

    def _deliver(self, row: int, event_id: str, tries: int) -> int:
        body = json.dumps(self.store.get(event_id), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Stripe-Signature": self.sign(body, int(time.time()))}
        try:
            answer = self._line().post(self.url, data=body, headers=headers, timeout=10, allow_redirects=False)
            arrived = 200 <= answer.status_code < 300
        except requests.RequestException:
            arrived = False
        if arrived or tries >= len(_RETRY_S):
            self.store.rows("DELETE FROM deliveries WHERE rowid = ?", row)
        else:
            self.store.rows(
                "UPDATE deliveries SET due = ?, tries = tries + 1 WHERE rowid = ?", time.time() + _RETRY_S[tries], row
            )
        return int(arrived)

    def _line(self) -> requests.Session:
        """This carrier's own connection."""
        if not hasattr(self._lines, "line"):
            self._lines.line = requests.Session()
            self._opened.append(self._lines.line)
        line: requests.Session = self._lines.line
        return line

    def start(self) -> None:
        """Deliver in the background."""
        self._thread = threading.Thread(target=self._run, daemon=True, name="postman")
        self._thread.start()

    def stop(self) -> None:
        """End the background thread, after what it carries."""
        self._stop.set()
        if self._thread:
            self._thread.join(30)
        self._carriers.shutdown()
        for line in self._opened:
            line.close()

    def _run(self) -> None:
        while not self._stop.wait(0.05):
            for tick in self.ticks:
                tick()
            self.deliver_due()
