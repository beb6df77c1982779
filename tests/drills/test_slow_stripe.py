"""R6: Stripe is slow, or the line is cut after the charge: one payment, "checking", and no thread held over five seconds."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from time import monotonic

import pytest
import requests

from config import Settings
from kernel.db import Database
from tests.payments.town import Town, open_town

LONGEST_S = 5.0


@pytest.fixture
def town(settings: Settings, database: Database, tmp_path: Path) -> Iterator[Town]:
    """A town with the time-outs of production."""
    with open_town(settings, database, tmp_path) as town:
        yield town


def took_s(work: Callable[[], object]) -> tuple[float, object]:
    started = monotonic()
    answer = work()
    return monotonic() - started, answer


def test_nobody_waits_for_a_slow_stripe_longer_than_five_seconds(town: Town) -> None:
    """Pressing pay, coming back, an event and the worker, all at once."""
    offer = town.offer(on_hand=10)
    paid, waiting = town.order(offer, key="paid-0001"), town.order(offer, key="waiting-0001", phone="13800000002")
    town.pay(paid)
    event = town.events("checkout.session.completed")[0]
    town.levers.slow_answers_s = 30
    works: dict[str, Callable[[], object]] = {
        "pay": lambda: town.press_pay(waiting),
        "come back": lambda: town.page(paid, came_back=True),
        "event": lambda: town.post_event(event),
    }
    seen: dict[str, tuple[float, object]] = {}

    def run(name: str) -> None:
        seen[name] = took_s(works[name])

    threads = [Thread(target=run, args=(name,)) for name in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: spent for name, (spent, _) in seen.items() if spent > LONGEST_S} == {}
    assert min(spent for spent, _ in seen.values()) > 1, "Stripe was slow indeed"
    assert seen["pay"][1] == f"/orders/{waiting}"
    assert seen["event"][1] == 200
    page = str(seen["come back"][1])
    assert "正在确认付款" in page
    assert "失败" not in page
    town.levers.slow_answers_s = 0
    town.work()
    assert (town.state(paid), town.state(waiting)) == ("paid", "held")
    assert len(town.store.newest("charge")) == 1


def test_a_line_cut_after_the_charge_ends_in_one_payment_however_often_she_tries(town: Town, is_full: bool) -> None:
    offer = town.offer(on_hand=50)
    town.levers.break_after_charge = True
    for number in range(20 if is_full else 3):
        order = town.order(offer, key=f"cut-{number:06d}", phone=f"1380001{number:04d}")
        page = town.session_of(town.press_pay(order))
        for _ in range(3):
            try:
                town.card(page)
            except requests.ConnectionError:
                assert "失败" not in town.page(order)
        assert "收到付款了" in town.page(order, came_back=True)
    assert len(town.store.newest("charge", most=1_000)) == (20 if is_full else 3)
