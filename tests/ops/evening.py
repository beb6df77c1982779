"""A demo evening with something in every ledger: orders held, paid, packed, shipped, refunded; a wage taken back."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import workflows
from app.demo import load_demo
from fulfillment.bench import late_news, queue_service
from fulfillment.bench.queue_forms import Action
from fulfillment.bench.queue_rules import Pass
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer, PackingTask
from fulfillment.packing.plans import service as plans
from fulfillment.packing.plans.terms import HandOutTerms
from fulfillment.piecework.corrections import service as corrections
from kernel.audit import SYSTEM, Actor
from kernel.clock import utc_now
from kernel.db import Database
from kernel.people.models import Person, PersonRole
from kernel.people.rules import LEAD, OWNER
from shop.orders.counter import Counter
from shop.orders.models import Order
from shop.payments import service as payments
from shop.payments.rules import SessionFacts
from shop.payments.stripe_gateway import EventFacts
from shop.streams.models import Offer
from tests.world import LiveOffer, ask

ZONE = ZoneInfo("Asia/Shanghai")
# A name and a phone that must turn up nowhere but in the order.
BUYER, PHONE = "诸葛不漏", "1380000777"


def busy_evening(database: Database) -> None:
    """Fill an empty database."""
    now = utc_now()
    load_demo(database, now)
    offer = _an_offer(database)
    counter = Counter(database)
    for number in range(6):
        counter.place(ask(offer, f"evening-{number}", 1 + number % 2, phone=f"{PHONE}{number}", name=BUYER), now)
    with database.transaction() as session:
        # The demo's own orders came from other platforms.
        orders = list(session.scalars(select(Order.id).where(Order.stream_id.is_not(None)).order_by(Order.id)))
    for order_id in orders[:4]:
        pay(database, order_id, now)
    _pack_and_ship(database, now + timedelta(minutes=1))
    _answer_late_work(database, now + timedelta(minutes=1))
    plans.renew_plan(database, HandOutTerms(), ZONE, now + timedelta(minutes=1))
    with database.transaction() as session:
        workflows.refund_part(session, orders[3], 100, reason="torn bag", by=SYSTEM, now=now + timedelta(minutes=2))
    with database.transaction() as session:
        workflows.cancel_order(session, orders[5], by=SYSTEM, reason="changed her mind", now=now + timedelta(minutes=2))


def _an_offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        offer = session.scalars(select(Offer).order_by(Offer.id)).first()
        assert offer is not None
        return LiveOffer(offer.stream_id, offer.id, offer.variant_id, offer.price_fen)


def pay(database: Database, order_id: UUID, now: datetime) -> None:
    """Stripe's money arrives, and the event that tells of it."""
    with database.transaction() as session:
        order = session.scalars(select(Order).where(Order.id == order_id).with_for_update()).one()
        payment = payments.begin_payment(session, order, now)
        page = f"cs_test_{payment.id.hex}"
        facts = SessionFacts(
            session_id=page,
            payment_ref=str(payment.id),
            status="complete",
            payment_status="paid",
            amount_fen=payment.amount_fen,
            currency=payment.currency,
            intent_id=f"pi_{payment.id.hex}",
            intent_status="succeeded",
            url=None,
            livemode=False,
        )
        decision = workflows.settle_payment(session, payment.id, facts, now)
        event = EventFacts(f"evt_{payment.id.hex}", "checkout.session.completed", now, page, False, None)
        payments.store_event(session, event, now)
        payments.finish_event(session, event.event_id, decision.value, now)


def _pack_and_ship(database: Database, now: datetime) -> None:
    """Two parcels are packed, one "done" is taken back, one parcel leaves with the courier."""
    with database.transaction() as session:
        packer = session.scalars(select(Packer).order_by(Packer.person_id)).first()
        assert packer is not None
        by = Actor(packer.person_id, packer.person.name)
        tasks = hand_out.take_work(session, packer.person_id, now=now, zone=ZONE, by=by)
        ids = [task.id for task in tasks]
    for task_id in ids[:2]:
        with database.transaction() as session:
            packing.finish_task(session, task_id, packer.person_id, now=now, by=by)
    with database.transaction() as session:
        assert packing.undo_finish(session, ids[1], packer.person_id, now=now, by=by)
    _send_from_a_device(database, ids[1], by, now)
    with database.transaction() as session:
        parcel = session.get_one(PackingTask, ids[0]).parcel_id
        workflows.hand_over(session, parcel, carrier="SF", tracking="SF1234567890123", by=SYSTEM, now=now)


def _send_from_a_device(database: Database, task_id: int, by: Actor, now: datetime) -> None:
    """A tablet that had no network sends a "done" and its undo."""
    assert by.person_id is not None
    leave = Pass(by.person_id, "a tablet", now)
    done = Action("evening-done-0001", 1, "done", task_id, None, "", 0, None)
    undo = Action("evening-undo-0001", 2, "undo", None, None, done.key, 0, None)
    for action in (done, undo):
        with database.transaction() as session:
            assert queue_service.receive(session, action, leave, by, now=now).state == "done"


def _answer_late_work(database: Database, now: datetime) -> None:
    """Of two pieces of work that did not count, one is owed after all: two people agree."""
    with database.transaction() as session:
        lead, owner = (_holder(session, role) for role in (LEAD, OWNER))
        first, _ = late_news.open_news(session)
        correction = corrections.propose(
            session, person_id=first.person.id, amount_fen=60, reason="断网时包好了", now=now, by=lead
        )
        late_news.answer_with(session, first.key, correction, now=now, by=lead)
        corrections.confirm(session, correction.id, now=now, by=owner)


def _holder(session: Session, role: str) -> Actor:
    person = session.scalars(select(Person).join(PersonRole).where(PersonRole.role == role)).first()
    assert person is not None
    return Actor(person.id, person.name)
