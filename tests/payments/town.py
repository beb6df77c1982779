"""A town to be paid in: the shop, Stripe's stand-in and the worker, talking HTTP on loopback."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import time
from typing import Any

import requests
from flask import Flask
from sqlalchemy import select

from app import workflows
from app.factory import create_app
from app.jobs import tools_for
from app.worker import Worker
from config import Settings
from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from sandbox.events import Levers, Postman
from sandbox.factory import create_sandbox
from sandbox.store import Store, Thing
from sandbox.stripe_desk import Desk
from shop.orders.models import Order
from shop.payments.models import Payment, Refund
from tests.servers import Server, listening
from tests.world import LiveOffer, make_live_offer, order_body

API_KEY = "sk_test_town"
SECRET = "whsec_town"


class Town:
    """What a test says and sees. Events lie at the postman until the test says :meth:`deliver`."""

    def __init__(
        self, database: Database, app: Flask, sandbox: Flask, shop_url: str, stripe_url: str, stripe: Server
    ) -> None:
        self.database = database
        self.app = app
        self._stripe_server = stripe
        self.shop_url = shop_url
        self.stripe_url = stripe_url
        self.desk: Desk = sandbox.extensions["desk"]
        self.postman: Postman = sandbox.extensions["postman"]
        self.levers: Levers = self.desk.levers
        self.store: Store = self.desk.store
        self.ahead = timedelta(0)
        app.extensions["clock"] = self.now
        self.till = tools_for(app.extensions["settings"])
        self.worker = Worker(database, self.till, self.now)
        self.web = requests.Session()

    def now(self) -> datetime:
        """The shop's time; Stripe's stays the real one."""
        return utc_now() + self.ahead

    # The shop

    def offer(self, **terms: Any) -> LiveOffer:
        """A live stream with one offer."""
        with self.database.transaction() as session:
            return make_live_offer(session, now=self.now(), **terms)

    def order(self, offer: LiveOffer, quantity: int = 1, *, key: str = "order-0001", phone: str = "13800008000") -> str:
        """Order; the order's number. The order's page is open to this buyer from now on."""
        answer = self.web.post(
            f"{self.shop_url}/api/v1/streams/{offer.stream_id}/orders",
            json=order_body(offer, quantity, phone=phone),
            headers={"Idempotency-Key": key},
            timeout=30,
        )
        assert answer.status_code in (200, 201), answer.text
        self.web.get(answer.json()["order_url"], timeout=30).raise_for_status()
        number: str = answer.json()["number"]
        return number

    def press_pay(self, number: str) -> str:
        """Press "pay"; where the buyer is sent."""
        answer = self.web.post(f"{self.shop_url}/orders/{number}/pay", timeout=30, allow_redirects=False)
        assert answer.status_code == 303
        return answer.headers["Location"]

    def cancel(self, number: str) -> None:
        """Press "cancel the order"."""
        self.web.post(f"{self.shop_url}/orders/{number}/cancel", timeout=30).raise_for_status()

    def page(self, number: str, *, came_back: bool = False) -> str:
        """The order's page as the buyer reads it."""
        query = "?from=payment&lang=zh" if came_back else "?lang=zh"
        answer = self.web.get(f"{self.shop_url}/orders/{number}{query}", timeout=30)
        assert answer.status_code == 200
        return answer.text

    def state(self, number: str) -> str:
        """The order's state."""
        with self.database.transaction() as session:
            return session.scalars(select(Order.state).where(Order.number == number)).one()

    def row(self, number: str) -> Order:
        """The order."""
        with self.database.transaction() as session:
            return session.scalars(select(Order).where(Order.number == number)).one()

    def payments(self, number: str) -> list[Payment]:
        """The tries to pay an order, oldest first."""
        with self.database.transaction() as session:
            return list(
                session.scalars(select(Payment).join(Order).where(Order.number == number).order_by(Payment.created_at))
            )

    def refunds(self, number: str) -> list[Refund]:
        """The refunds of an order, oldest first."""
        with self.database.transaction() as session:
            found = select(Refund).join(Payment).join(Order).where(Order.number == number)
            return list(session.scalars(found.order_by(Refund.requested_at, Refund.id)))

    def refund(self, number: str, amount_fen: int) -> None:
        """The owner sends part of the money back."""
        with self.database.transaction() as session:
            order_id = session.scalars(select(Order.id).where(Order.number == number)).one()
            workflows.refund_part(session, order_id, amount_fen, reason="test", by=SYSTEM, now=self.now())

    def work(self) -> None:
        """The worker does all that is due."""
        while self.worker.run_once():
            pass

    def pass_time(self, **span: float) -> None:
        """The shop's clock goes on."""
        self.ahead += timedelta(**span)

    # Stripe

    def session_of(self, page_url: str) -> str:
        """The session id in the address of a hosted page."""
        assert page_url.startswith(self.stripe_url), page_url
        return page_url.rsplit("/", 1)[-1]

    def pay(self, number: str, method: str = "card") -> str:
        """Press "pay" and pay on the hosted page; the session id. The events wait at the postman."""
        session_id = self.session_of(self.press_pay(number))
        self.desk.pay(session_id, method)
        return session_id

    def card(self, session_id: str, number: str = "4242 4242 4242 4242", **typed: str) -> requests.Response:
        """Type a card number on the hosted page; where that leads."""
        address = f"{self.stripe_url}/pay/{session_id}/card"
        return self.web.post(address, data={"number": number, **typed}, timeout=30)

    def wallet(self, session_id: str, outcome: str, wallet: str = "wechat_pay") -> requests.Response:
        """Choose what the wallet does; where that leads."""
        address = f"{self.stripe_url}/pay/{session_id}/wallet/{wallet}"
        return self.web.post(address, data={"outcome": outcome}, timeout=30)

    def finish_later(self) -> None:
        """What Stripe would do in the next hours happens now: wallets answer, refunds are done."""
        chores = self.store.rows("UPDATE chores SET due = 0 WHERE what <> 'expire' RETURNING thing")
        assert chores, "nothing is under way at Stripe"
        self.desk.do_what_is_due()

    def deliver(self) -> int:
        """The postman carries every event that waits; how many arrived."""
        return self.postman.deliver_due(until=time() + 3600)

    def lose_events(self) -> None:
        """No waiting event ever arrives."""
        self.store.rows("DELETE FROM deliveries")

    @contextmanager
    def stripe_away(self) -> Iterator[None]:
        """Stripe answers nothing but errors of its own."""
        answer = self._stripe_server.app
        self._stripe_server.app = lambda environ, start: (start("500 Oops", []), [b"oops"])[1]
        try:
            yield
        finally:
            self._stripe_server.app = answer

    @contextmanager
    def another_key(self) -> Iterator[None]:
        """Stripe does not know the shop's key."""
        sandbox: Any = self._stripe_server.app
        sandbox.extensions["api_key"] = "sk_test_new"
        try:
            yield
        finally:
            sandbox.extensions["api_key"] = API_KEY

    def events(self, kind: str = "") -> list[Thing]:
        """Stripe's events, oldest first."""
        found = reversed(self.store.newest("event", most=10_000))
        return [event for event in found if event["type"].startswith(kind)]

    def post_event(self, event: Thing, *, secret: str = "", at: int | None = None, body: bytes | None = None) -> int:
        """Send an event by hand; the shop's status."""
        sent = json.dumps(event).encode() if body is None else body
        postman = Postman(self.store, self.levers, "", secret) if secret else self.postman
        signature = postman.sign(sent, int(time()) if at is None else at)
        answer = requests.post(
            f"{self.shop_url}/webhooks/stripe", data=sent, headers={"Stripe-Signature": signature}, timeout=30
        )
        return answer.status_code


@contextmanager
def open_town(settings: Settings, database: Database, folder: Path) -> Iterator[Town]:
    """Shop and Stripe, each on a port of its own."""
    with listening(waits=False) as (stripe_url, stripe_server), listening() as (shop_url, shop_server):
        sandbox = create_sandbox(
            state=folder / "stripe.sqlite",
            base_url=stripe_url,
            webhook_url=f"{shop_url}/webhooks/stripe",
            webhook_secret=SECRET,
            api_key=API_KEY,
        )
        own = replace(
            settings,
            public_url=shop_url,
            stripe_api_key=API_KEY,
            stripe_api_url=stripe_url,
            stripe_webhook_secret=SECRET,
        )
        app = create_app(own, database)
        app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
        stripe_server.app, shop_server.app = sandbox, app
        town = Town(database, app, sandbox, shop_url, stripe_url, stripe_server)
        try:
            yield town
        finally:
            town.web.close()
            town.postman.stop()
    town.store.close()
