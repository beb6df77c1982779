"""A desk in the console: somebody signed in, a stream that sells, and a clock that can be moved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import workflows
from kernel.audit import SYSTEM, Actor, AuditEntry
from kernel.db import Database
from kernel.people import service as people
from kernel.people.rules import OWNER
from shop.orders import service as orders
from shop.orders.counter import Counter
from shop.orders.models import Order
from shop.payments import service as payments
from shop.payments.models import Payment, Refund
from shop.payments.rules import SessionFacts
from tests.console.reading import form_at
from tests.signing_in import sign_in_client
from tests.storefront.pages import assert_nothing_inline
from tests.world import NOW, LiveOffer, ask, make_live_offer

_serial = count(1)


@dataclass
class Desk:
    """One person's browser in the console."""

    app: Flask
    database: Database
    browser: FlaskClient
    person: Actor
    now: datetime = NOW
    counter: Counter = field(init=False)

    def __post_init__(self) -> None:
        self.counter = Counter(self.database)
        self.wait()

    def wait(self, **span: float) -> None:
        """Let time pass for this installation; whoever sits here signs in again."""
        self.now += timedelta(**span)
        self.app.extensions["clock"] = lambda: self.now
        sign_in_client(self.browser, self.database, self.person.person_id, now=self.now)

    def look(self, path: str, status: int = 200) -> str:
        """Open a page, which must be whole and allowed by the Content-Security-Policy; its text."""
        page = self.browser.get(path)
        assert page.status_code == status, page.text[:2000]
        if page.mimetype == "text/html":
            assert_nothing_inline(page)
        return page.text

    def typed(self, path: str, action: str = "", **changes: object) -> dict[str, str]:
        """What a form of a page would send, with these changed; its key comes along."""
        return {**form_at(self.look(path), action), **{name: str(value) for name, value in changes.items()}}

    def send(self, path: str, typed: Mapping[str, object], status: int = 303) -> TestResponse:
        """Send a form."""
        answer = self.browser.post(path, data=dict(typed))
        assert answer.status_code == status, answer.text[:3000]
        return answer

    def place(self, offer: LiveOffer, quantity: int = 1, **buyer: str) -> str:
        """An order that waits for its money; its number."""
        buyer.setdefault("phone", f"138{next(_serial):08d}")
        return self.counter.place(ask(offer, f"console-{next(_serial)}", quantity, **buyer), self.now).number

    def pay(self, number: str) -> None:
        """The order's money comes in, and its packing work is opened."""
        with self.database.transaction() as session:
            order = orders.lock_order(session, self.order(session, number).id)
            payment_id = payments.begin_payment(session, order, self.now).id
        with self.database.transaction() as session:
            workflows.settle_payment(session, payment_id, money_for(session.get_one(Payment, payment_id)), self.now)

    def paid(self, offer: LiveOffer, quantity: int = 1, **buyer: str) -> str:
        """An order that is paid; its number."""
        number = self.place(offer, quantity, **buyer)
        self.pay(number)
        return number

    @staticmethod
    def order(session: Session, number: str) -> Order:
        """The order with this number."""
        return session.scalars(select(Order).where(Order.number == number)).one()

    def state(self, number: str) -> str:
        """Where an order stands."""
        with self.database.transaction() as session:
            return self.order(session, number).state

    def refunds(self, number: str) -> list[int]:
        """The refunds of an order, in fen."""
        with self.database.transaction() as session:
            of_order = select(Refund.amount_fen).join(Payment).where(Payment.order_id == self.order(session, number).id)
            return list(session.scalars(of_order.order_by(Refund.requested_at, Refund.id)))

    def audit(self, action: str) -> list[AuditEntry]:
        """What the audit log says of one kind of change, oldest first."""
        with self.database.transaction() as session:
            return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


def money_for(payment: Payment, amount_fen: int | None = None) -> SessionFacts:
    """What Stripe says of a page that was paid."""
    return SessionFacts(
        session_id=f"cs_{payment.id}",
        payment_ref=str(payment.id),
        status="complete",
        payment_status="paid",
        amount_fen=amount_fen or payment.amount_fen,
        currency="cny",
        intent_id=f"pi_{payment.id}",
        intent_status="succeeded",
        url=None,
        livemode=False,
    )


def sit_down(app: Flask, database: Database, *roles: str, name: str = "吴晓岚") -> Desk:
    """A desk with a new person in these roles signed in."""
    with database.transaction() as session:
        person = people.add_person(
            session, name=name, shown_name=name[:1], roles=roles, login=f"login{next(_serial)}", now=NOW, by=SYSTEM
        )
        actor = Actor(person.id, person.name)
    return Desk(app, database, app.test_client(), actor)


@pytest.fixture
def desk(app: Flask, database: Database) -> Desk:
    """The owner's desk."""
    return sit_down(app, database, OWNER)


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    """A live offer with a hundred in stock, at 39.80."""
    with database.transaction() as session:
        return make_live_offer(session)
