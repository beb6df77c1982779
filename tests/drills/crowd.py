"""A crowd of buyers with phones: they order over HTTP, pay on the hosted page, and try again when the line breaks
or the shop asks them to wait.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any

import requests
from requests.exceptions import ChunkedEncodingError

from tests.world import LiveOffer, order_body

_TRIES = 1_200


@dataclass
class Crowd:
    """What the buyers did and saw. A buyer is a number; her key stays the same however often she tries."""

    url: Callable[[], str]
    offer: LiveOffer
    name: str
    statuses: Counter[int] = field(default_factory=Counter)
    placed: dict[int, dict[str, Any]] = field(default_factory=dict)
    broken_lines: int = 0
    asked_to_wait: int = 0
    _lock: Lock = field(default_factory=Lock)

    def order(self, buyers: int, clients: int, *, after: Callable[[int], None] = lambda _: None) -> None:
        """Everybody orders one bag; ``after`` hears how many have an order by now."""

        def one(buyer: int, phone: requests.Session) -> None:
            answer = self._try_until_answered(buyer, phone)
            with self._lock:
                self.statuses[answer.status_code] += 1
                if answer.status_code in (200, 201):
                    self.placed[buyer] = answer.json()
                count = len(self.placed)
            after(count)

        _share(range(buyers), clients, one)

    def order_again(self, clients: int) -> None:
        """Everybody who has an order sends the same request again, as after a lost answer."""

        def one(buyer: int, phone: requests.Session) -> None:
            answer = self._try_until_answered(buyer, phone)
            assert answer.status_code == 200, answer.text
            assert answer.json()["number"] == self.placed[buyer]["number"]

        _share(sorted(self.placed), clients, one)

    def pay(self, clients: int, pay_page: Callable[[str], None]) -> None:
        """Everybody with an order opens the hosted page and pays there."""

        def one(buyer: int, phone: requests.Session) -> None:
            order = self.placed[buyer]
            link = f"{self.url()}/orders/{order['number']}"
            page = phone.get(link, params={"key": order["key"]}, timeout=30)
            token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
            assert token, page.status_code
            sent = phone.post(f"{link}/pay", data={"csrf_token": token[1]}, timeout=30, allow_redirects=False)
            assert sent.status_code == 303, sent.text
            pay_page(sent.headers["Location"])

        _share(sorted(self.placed), clients, one)

    def _try_until_answered(self, buyer: int, phone: requests.Session) -> requests.Response:
        for _ in range(_TRIES):
            try:
                answer = phone.post(
                    f"{self.url()}/api/v1/streams/{self.offer.stream_id}/orders",
                    json=order_body(self.offer, phone=f"139{buyer:08d}"),
                    headers={"Idempotency-Key": f"{self.name}-{buyer:06d}"},
                    timeout=30,
                )
            except (requests.ConnectionError, ChunkedEncodingError):
                with self._lock:
                    self.broken_lines += 1
                Event().wait(0.05)
                continue
            if answer.status_code == 503:
                with self._lock:
                    self.asked_to_wait += 1
                Event().wait(float(answer.headers["Retry-After"]))
                continue
            return answer
        raise AssertionError("nobody answers")


def _share(things: Any, clients: int, work: Callable[[int, requests.Session], None]) -> None:
    """Do the work on each thing, some at a time; what goes wrong with one is raised at the end."""
    waiting: SimpleQueue[int] = SimpleQueue()
    for thing in things:
        waiting.put(thing)
    errors: list[BaseException] = []

    def run() -> None:
        with requests.Session() as phone:
            while not errors:
                try:
                    thing = waiting.get_nowait()
                except Empty:
                    return
                phone.cookies.clear()
                try:
                    work(thing, phone)
                except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the test
                    errors.append(error)

    threads = [Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
