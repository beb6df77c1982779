"""Any evening: buyers, Stripe, the worker, packers and the lead do anything in any order, and the books must agree.

Everything runs in one transaction that is rolled back at the end, each step in a savepoint of its own: what the steps
see of each other is what separate transactions would see.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, ClassVar, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import workflows
from app.care.invariants import check_within
from app.care.rounds import ALL_INVARIANTS
from app.worker import QUICK, Worker
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from kernel.audit import BUYER, SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from kernel.errors import Problem
from kernel.notices.providers import ConsoleProvider, Post
from kernel.outbox import Job
from sandbox.events import Levers, Postman
from sandbox.store import Store, Thing
from sandbox.stripe_desk import Desk
from shop.orders.counter import place_batch
from shop.orders.forms import read_order
from shop.orders.models import Order
from shop.payments import queries, steps
from shop.payments.models import Payment
from shop.payments.steps import Till
from shop.stock import service as stock
from tests.drills.books import contradictions
from tests.drills.desk_gateway import DeskGateway, event_facts
from tests.packing.world import ZONE, id_of, make_packer, make_rate
from tests.world import TERMS, make_live_offer

# What may happen, as often as it is named. Each act picks a thing and a way of doing it; what cannot be done now is
# refused and changes nothing.
ACTS = (
    *("place", "place", "place", "press_pay", "pay", "pay", "pay", "come_back", "cancel"),
    *("an_event_arrives", "an_event_arrives", "an_event_arrives", "work_goes_on", "refund_by_hand", "weather"),
    *("time_passes", "time_passes", "the_worker", "the_worker", "the_worker"),
    *("refund", "restock"),
    *("get_work", "finish", "finish", "finish", "take_back", "take_back", "give_back", "hand_over", "hand_over"),
)
# Which thing, mostly a new one; and how many ways there are of doing something.
WHICH = (0, 0, 0, 1, 1, 2, 3)
WAYS = 12
Found = TypeVar("Found")
# Reasons for which a job may have to be tried again; anything else is a fault.
_PASSING = {None, "PaymentsAway", "Refused"}


@dataclass(frozen=True)
class TillWithPost(Till):
    """What this evening's jobs need: the payment desk, and somebody who carries messages to buyers."""

    post: Post = field(default_factory=lambda: Post(ConsoleProvider(), ConsoleProvider()))


class OneTransaction:
    """A database whose transactions are savepoints of one that is never committed."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        # A transaction of its own would begin with nothing remembered.
        self.session.expire_all()
        with self.session.begin_nested():
            yield self.session


class Evening(RuleBasedStateMachine):
    """One evening with a few bags, a few buyers and two packers."""

    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self._connection = self.database.engine.connect()
        self.session = Session(self._connection, expire_on_commit=False)
        self.house: Any = OneTransaction(self.session)
        self.ahead = timedelta(0)
        self.placed = 0
        self.restocked = 0
        store, levers = Store(Path(":memory:")), Levers()
        self.desk = Desk(store, Postman(store, levers, "", ""), levers, "http://stripe.test")
        self.gateway = DeskGateway(self.desk)
        gateway: Any = self.gateway
        self.till = TillWithPost(gateway, workflows.settle_payment, workflows.settle_refund, "http://shop.test", "工坊")
        self.worker = Worker(self.house, self.till, self.now)
        with self.house.transaction() as session:
            make_rate(session)
            self.offer = make_live_offer(session, on_hand=4, cap=3, now=self.now())
            self.packers = [make_packer(session, name) for name in ("吴秀英", "周桂香")]

    def now(self) -> datetime:
        return utc_now() + self.ahead

    def teardown(self) -> None:
        """Good weather at last: everything that is under way arrives, and then nothing may be lost."""
        try:
            self.settle_down()
        finally:
            self.session.rollback()
            self.session.close()
            self._connection.close()
            self.desk.store.close()

    @initialize(how=st.integers(0, WAYS - 1))
    def somebody_orders(self, how: int) -> None:
        self.place(0, how)
        self.pay(0, how)

    @rule(dice=st.integers(0, 2**32 - 1))
    def something_happens(self, dice: int) -> None:
        """One rule, thrown with dice: left to itself Hypothesis likes to repeat the same act all evening."""
        chance = Random(dice)
        act, which, how = chance.choice(ACTS), chance.choice(WHICH), chance.randrange(WAYS)
        note(f"{act} {which} {how}")
        getattr(self, act)(which, how)

    # What they do

    def place(self, _: int, how: int) -> None:
        """Four buyers, one to three bags; now and then the last request comes once more."""
        self.placed += how != 11
        body = {
            "lines": [{"offer_id": self.offer.offer_id, "quantity": 1 + how // 4}],
            "buyer": {"name": "张三", "phone": f"1380000000{how % 4}"},
            "address": {"text": "浙江省丽水市庆元县示例路8号"},
        }
        asked = read_order(
            body,
            stream_id=self.offer.stream_id,
            key=f"evening-{self.placed:06d}",
            terms=TERMS,
            locale="zh",
            device_hash=f"device-{how % 4}",
        )
        with self.house.transaction() as session:
            (answer,) = place_batch(session, [asked], self.now())
        assert not isinstance(answer, Exception) or isinstance(answer, Problem)

    def press_pay(self, which: int, _: int) -> None:
        order = self._order(which)
        if order:
            with suppress(Problem):
                steps.checkout_url_for(self.house, self.till, order.number, self.now())

    def pay(self, which: int, how: int) -> None:
        """By card or wallet, at once or later, or later not at all."""
        self.press_pay(which, how)
        order = self._order(which)
        live = queries.live_payment(self.session, order.id) if order else None
        page = self.desk.store.get(live.session_id) if live and live.session_id else None
        if page and page["status"] == "open":
            if how % 4 < 3:
                self.desk.pay(page["id"], ("card", "alipay")[how % 2])
            else:
                self.desk.pay_later(page["id"], 0, "fail" if how == 11 else "succeed")

    def come_back(self, which: int, _: int) -> None:
        order = self._order(which)
        payment = queries.last_payment(self.session, order.id) if order else None
        if payment:
            with suppress(Problem):
                steps.look_at_payment(self.house, self.till, payment.id, self.now())

    def cancel(self, which: int, _: int) -> None:
        order = self._order(which)
        if order:
            with suppress(Problem), self.house.transaction() as session:
                workflows.cancel_order(session, order.id, by=BUYER, reason="changed her mind", now=self.now())

    def an_event_arrives(self, which: int, _: int) -> None:
        """Any event, new or old, maybe for the second time."""
        events = self.desk.store.newest("event", most=8)
        if events:
            self._receive(events[which % len(events)])

    def work_goes_on(self, _: int, how: int) -> None:
        """Wallets answer, refunds are done or fail."""
        self.desk.levers.refunds_fail = how % 3 == 0
        self.desk.store.rows("UPDATE chores SET due = 0 WHERE what <> 'expire'")
        self.desk.do_what_is_due()
        self.desk.levers.refunds_fail = False

    def refund_by_hand(self, which: int, how: int) -> None:
        charges = [charge for charge in self.desk.store.newest("charge") if not charge["refunded"]]
        if charges:
            charge = charges[which % len(charges)]
            part = max(1, (charge["amount"] - charge["amount_refunded"]) // (1 + how % 2))
            self.desk.refund({"payment_intent": charge["payment_intent"], "amount": str(part)})

    def weather(self, _: int, how: int) -> None:
        self.gateway.away = how > 8

    def time_passes(self, _: int, how: int) -> None:
        if self.ahead < timedelta(hours=20):
            self.ahead += timedelta(minutes=(1, 4, 11, 11)[how % 4])

    def the_worker(self, _: int, __: int) -> None:
        self.worker.run_once(QUICK)
        errors = set(self.session.scalars(select(Job.last_error)))
        assert errors <= _PASSING, errors

    def refund(self, which: int, how: int) -> None:
        order = self._order(which)
        if order:
            with suppress(Problem), self.house.transaction() as session:
                part = order.total_fen // (1 + how % 3)
                workflows.refund_part(session, order.id, part, reason="goodwill", by=SYSTEM, now=self.now())

    def restock(self, _: int, how: int) -> None:
        self.restocked += 1
        with self.house.transaction() as session:
            source = f"restock:{self.restocked}"
            stock.receive(session, self.offer.variant_id, 1 + how % 2, source=source, by=SYSTEM, at=self.now())

    def get_work(self, _: int, how: int) -> None:
        packer = self.packers[how % 2]
        with suppress(Problem), self.house.transaction() as session:
            hand_out.take_work(session, id_of(packer), now=self.now(), zone=ZONE, by=packer)

    def finish(self, which: int, how: int) -> None:
        """One to three times: a double tap, a phone that sends again. With nothing in hand, work is fetched first."""
        if not self._tasks("taken"):
            self.get_work(which, how)
        task = self._pick(self._tasks("taken", "packed"), which)
        for _ in range(1 + how % 3 if task else 0):
            assert task is not None
            with suppress(Problem), self.house.transaction() as session:
                packing.finish_task(session, task.id, task.packer_id or 0, now=self.now(), by=SYSTEM)

    def take_back(self, which: int, _: int) -> None:
        task = self._pick(self._tasks("packed", "taken"), which)
        if task:
            with suppress(Problem), self.house.transaction() as session:
                packing.undo_finish(session, task.id, task.packer_id or 0, now=self.now(), by=SYSTEM)

    def give_back(self, which: int, _: int) -> None:
        task = self._pick(self._tasks("taken"), which)
        if task:
            with suppress(Problem), self.house.transaction() as session:
                packing.return_task(session, task.id, task.packer_id or 0, reason="unwell", now=self.now(), by=SYSTEM)

    def hand_over(self, which: int, how: int) -> None:
        """Once or twice: the lead scans a parcel again."""
        if not self._tasks("packed"):
            self.finish(which, how)
        task = self._pick(self._tasks("packed", "stopped"), which)
        for _ in range(1 + how % 2 if task else 0):
            assert task is not None
            with suppress(Problem), self.house.transaction() as session:
                number = f"SF{task.parcel_id:013d}"
                workflows.hand_over(session, task.parcel_id, carrier="sf", tracking=number, by=SYSTEM, now=self.now())

    # What must be true

    @invariant()
    def the_books_agree(self) -> None:
        self.session.expire_all()
        assert contradictions(self.session) == []

    def settle_down(self) -> None:
        self.gateway.away = False
        for _ in range(4):
            self.work_goes_on(0, 1)
            for event in reversed(self.desk.store.newest("event", most=10_000)):
                self._receive(event)
            self.ahead += timedelta(minutes=25)
            for _ in range(50):
                if not self.worker.run_once(QUICK):
                    break
        self.the_books_agree()
        assert check_within(self.session, ALL_INVARIANTS).violations == []
        for charge in self.desk.store.newest("charge", most=10_000):
            payment = queries.payment_of_intent(self.session, charge["payment_intent"])
            assert payment is not None, "money that nobody knows of"
            assert payment.refunded_fen == charge["amount_refunded"]
            order = self.session.get_one(Order, payment.order_id)
            has_paid = order.state in ("paid", "shipped", "delivered") and not payment.duplicate
            failed = payment.refunded_fen < payment.amount_fen and not has_paid
            assert not failed or any(refund.state == "failed" for refund in queries.refunds_of(self.session, order.id))
        assert not self.session.scalars(select(Order).where(Order.state == "held")).all()
        assert not self.session.scalars(
            select(Payment).where(Payment.state.in_(["opening", "open", "under_way"]))
        ).all()

    # Helps

    def _receive(self, event: Thing) -> None:
        steps.receive_event(self.house, self.till, event_facts(event), self.now())

    def _order(self, which: int) -> Order | None:
        self.session.expire_all()
        newest = select(Order).order_by(Order.created_at.desc(), Order.id.desc()).limit(4)
        return self._pick(self.session.scalars(newest).all(), which)

    def _tasks(self, *states: str) -> Sequence[PackingTask]:
        self.session.expire_all()
        newest = select(PackingTask).where(PackingTask.state.in_(states)).order_by(PackingTask.id.desc())
        return self.session.scalars(newest).all()

    @staticmethod
    def _pick(things: Sequence[Found], which: int) -> Found | None:
        return things[which % len(things)] if things else None
