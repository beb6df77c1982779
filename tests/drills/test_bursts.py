"""R1 to R3: many press at one instant, over HTTP, against real processes of the shop.

R1 sells out exactly and every book agrees; R2 pulls the plug in the middle; R3 takes the guard out and must oversell.
"""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import time

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.care.invariants import check
from app.care.rounds import ALL_INVARIANTS
from app.jobs import tools_for
from app.worker import Worker
from benchmarks.web import Web
from config import load_settings
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.piecework.models import WageEntry
from kernel.audit import Actor
from kernel.clock import utc_now
from kernel.db import Database
from sandbox.factory import create_sandbox
from shop.orders.models import Order
from shop.stock.models import StockLevel
from tests.drills.books import contradictions
from tests.drills.conftest import web_of
from tests.drills.crowd import Crowd
from tests.packing.world import RATE_FEN, ZONE, id_of, make_packer, make_rate
from tests.payments.town import API_KEY, SECRET
from tests.servers import listening
from tests.world import LiveOffer, make_live_offer

UNITS, BUYERS, CLIENTS = 100, 128, 64
COPIES = 5


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[Flask]:
    """Stripe's stand-in, whose events come five times and shuffled."""
    with listening() as (url, server):
        sandbox = create_sandbox(
            state=tmp_path / "stripe.sqlite", base_url=url, webhook_url="", webhook_secret=SECRET, api_key=API_KEY
        )
        sandbox.extensions["desk"].levers.pull({"copies": COPIES, "shuffle": True})
        sandbox.extensions["url"] = url
        server.app = sandbox
        yield sandbox
        sandbox.extensions["postman"].stop()
    sandbox.extensions["desk"].store.close()


@pytest.fixture
def packers(database: Database) -> list[Actor]:
    """Three people at the bench."""
    with database.transaction() as session:
        make_rate(session)
        return [make_packer(session, f"打包员{number}") for number in range(3)]


def open_offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, on_hand=UNITS, now=utc_now())


def sold(database: Database, offer: LiveOffer) -> int:
    with database.transaction() as session:
        return session.get_one(StockLevel, offer.variant_id).held


def assert_sold_out_exactly(database: Database, crowd: Crowd) -> None:
    assert len(crowd.placed) == UNITS
    assert len({order["number"] for order in crowd.placed.values()}) == UNITS
    assert sold(database, crowd.offer) == UNITS
    with database.transaction() as session:
        numbers = set(session.scalars(select(Order.number).where(Order.stream_id == crowd.offer.stream_id)))
        assert numbers == {order["number"] for order in crowd.placed.values()}, "every acknowledged order, no other"
    assert_every_book_agrees(database)


def pay_everything(crowd: Crowd, stripe: Flask, web: Web) -> None:
    """Everybody pays; the postman carries every event five times in any order."""
    desk, postman = stripe.extensions["desk"], stripe.extensions["postman"]
    crowd.pay(16, lambda page: desk.pay(page.rsplit("/", 1)[-1], "card"))
    # What the shop does not act on is answered at once; it is left out to keep the drill short.
    desk.store.rows(
        "DELETE FROM deliveries WHERE event IN (SELECT id FROM things WHERE body NOT LIKE '%checkout.session%')"
    )
    postman.url = f"{web.url}/webhooks/stripe"
    assert postman.deliver_due(until=time() + 10) == COPIES * UNITS


def finish_everything(database: Database, packers: list[Actor]) -> None:
    """Packers take all there is; each task is finished three times, by three phones at one instant."""

    def finish(task_id: int, packer: Actor) -> None:
        with database.transaction() as session:
            packing.finish_task(session, task_id, id_of(packer), now=utc_now(), by=packer)

    while True:
        taken = []
        for packer in packers:
            with database.transaction() as session:
                found = hand_out.take_work(session, id_of(packer), now=utc_now(), zone=ZONE, by=packer)
                taken += [(task.id, packer) for task in found]
        if not taken:
            return
        threads = [Thread(target=finish, args=work) for work in taken for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)


def assert_every_book_agrees(database: Database) -> None:
    """Counted again in two ways: the drills' own, and `gongfang check-invariants`."""
    with database.transaction() as session:
        assert contradictions(session) == []
    report = check(database, ALL_INVARIANTS)
    assert report.violations == []
    assert report.checked["orders_are_whole"] > 0


def assert_all_paid_packed_and_owed(database: Database, rounds: int, stripe: Flask) -> None:
    with database.transaction() as session:
        states = dict(session.execute(select(Order.state, func.count()).group_by(Order.state)).all())
        tasks = dict(session.execute(select(PackingTask.state, func.count()).group_by(PackingTask.state)).all())
        owed = session.scalar(select(func.sum(WageEntry.amount_fen)))
        assert states == {"paid": UNITS * rounds}
        assert tasks == {"packed": UNITS * rounds}
        assert owed == UNITS * rounds * RATE_FEN
    assert_every_book_agrees(database)
    assert len(stripe.extensions["desk"].store.newest("charge", most=10_000)) == UNITS * rounds


def test_a_crowd_buys_exactly_what_there_is(
    database: Database, stripe: Flask, packers: list[Actor], tmp_path: Path, is_full: bool
) -> None:
    rounds = 20 if is_full else 1
    with web_of(database, tmp_path, stripe.extensions["url"]) as web:
        for number in range(rounds):
            crowd = Crowd(lambda: web.url, open_offer(database), f"r1-{number}")
            crowd.order(BUYERS, CLIENTS)
            assert crowd.statuses == {201: UNITS, 409: BUYERS - UNITS}
            assert crowd.broken_lines == 0
            assert_sold_out_exactly(database, crowd)
            pay_everything(crowd, stripe, web)
            finish_everything(database, packers)
            assert_all_paid_packed_and_owed(database, number + 1, stripe)
        assert web.complaints() == ""


def test_the_plug_is_pulled_in_the_middle_and_nothing_acknowledged_is_lost(
    database: Database, stripe: Flask, packers: list[Actor], tmp_path: Path, is_full: bool
) -> None:
    rounds = 20 if is_full else 1
    with web_of(database, tmp_path, stripe.extensions["url"]) as web:
        for number in range(rounds):
            pulled: list[Thread] = []

            def pull_the_plug(placed: int, web: Web = web, pulled: list[Thread] = pulled) -> None:
                if placed >= UNITS // 3 and not pulled:
                    pulled.append(Thread(target=lambda: (web.kill(), web.start())))
                    pulled[0].start()

            crowd = Crowd(lambda: web.url, open_offer(database), f"r2-{number}")
            crowd.order(BUYERS, CLIENTS, after=pull_the_plug)
            pulled[0].join()
            assert crowd.broken_lines > 0, "the plug was pulled while somebody waited"
            assert set(crowd.statuses) <= {200, 201, 409}
            assert_sold_out_exactly(database, crowd)
            crowd.order_again(8)
            assert sold(database, crowd.offer) == UNITS
            if is_full:
                pay_everything(crowd, stripe, web)
                finish_everything(database, packers)
                assert_all_paid_packed_and_owed(database, number + 1, stripe)


def test_the_same_crowd_buys_too_much_without_the_guard(database: Database, tmp_path: Path) -> None:
    """The control: row locks and CHECK constraints taken out."""
    with database.transaction() as session:
        session.execute(text("ALTER TABLE stock_levels DROP CONSTRAINT ck_stock_levels_held_within_on_hand"))
        session.execute(text("ALTER TABLE offers DROP CONSTRAINT ck_offers_taken_within_allotment"))
    with web_of(database, tmp_path, application="tests.drills.unguarded:application") as web:
        for number in range(5):
            crowd = Crowd(lambda: web.url, open_offer(database), f"r3-{number}")
            crowd.order(BUYERS, CLIENTS)
            if len(crowd.placed) > UNITS:
                break
    assert len(crowd.placed) > UNITS
    assert sold(database, crowd.offer) > UNITS
    broken = {violation["invariant"] for violation in check(database, ALL_INVARIANTS).violations}
    assert broken >= {"nothing_oversold", "offers_not_oversold"}, "and it is noticed"


def sweep_ten_times(worker: Worker) -> None:
    for _ in range(10):
        worker.run_once()


def test_a_worker_beside_the_crowd_ends_holds_without_selling_twice(
    database: Database, tmp_path: Path, is_full: bool
) -> None:
    """The first crowd's holds lapse while a second one buys: the sweep and two counters work on the same rows."""
    settings = load_settings({"GONGFANG_MODE": "test", "DATABASE_URL": database.url, "VAR_DIR": str(tmp_path)})
    worker = Worker(database, tools_for(settings))
    with web_of(database, tmp_path) as web:
        for number in range(5 if is_full else 1):
            offer = open_offer(database)
            first = Crowd(lambda: web.url, offer, f"slow-{number}")
            first.order(UNITS, CLIENTS)
            with database.transaction() as session:
                lapse = text("UPDATE orders SET hold_until = now() - interval '1 second' WHERE stream_id = :stream")
                session.execute(lapse, {"stream": offer.stream_id})
            sweeping = Thread(target=sweep_ten_times, args=(worker,))
            sweeping.start()
            second = Crowd(lambda: web.url, offer, f"next-{number}")
            second.order(BUYERS, CLIENTS)
            sweeping.join()
            assert second.statuses == {201: UNITS, 409: BUYERS - UNITS}
            assert sold(database, offer) == UNITS
            assert_every_book_agrees(database)
