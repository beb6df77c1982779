"""An evening that lives through steps: orders placed, paid, run out, cancelled, refunded, shipped; restocks."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app import workflows
from kernel.audit import SYSTEM
from kernel.errors import Refused
from shop.orders import service as orders
from shop.orders.counter import place_batch
from shop.orders.models import Order
from shop.orders.placing import Joined, KeptLine
from shop.orders.states import EXPIRED, HELD, PAID, SHIPPED
from shop.payments import refunds
from shop.payments.models import Payment
from shop.streams import service as streams
from tests.streams.evening import XIANG, make_evening, terms_of
from tests.world import NOW, LiveOffer, ask


class History:
    """An evening that lives through steps, in one transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.now = NOW
        self.evening = make_evening(session, offers=2, on_hand=12)
        self.other = make_evening(session, offers=1, on_hand=12)
        self.orders: list[UUID] = []

    def live(self, name: str, which: int, number: int) -> None:
        """One step; what the state of things does not allow is left out."""
        self.now += timedelta(seconds=97)
        try:
            with self.session.begin_nested():
                getattr(self, name)(which, number)
        except Refused:
            return
        finally:
            self.session.expire_all()

    def place(self, which: int, number: int) -> None:
        evening = self.other if which == 5 else self.evening
        offer = terms_of(self.session, evening.offer_ids[which % len(evening.offer_ids)])
        wanted = LiveOffer(evening.stream_id, offer.id, offer.variant_id, offer.price_fen)
        key = f"history-{uuid4()}"
        asked = ask(wanted, key, number, phone=self.next_phone())
        [answer] = place_batch(self.session, [asked], self.now)
        if not isinstance(answer, Exception):
            self.orders.append(answer.id)

    def next_phone(self) -> str:
        """A buyer's number: everybody is somebody new."""
        return f"138{len(self.orders):08d}"

    def join(self, which: int, number: int) -> None:
        """Somebody who holds an order puts another with it: one order takes over both."""
        held = self._order(which, HELD)
        if held is None or held.hold_until is None:
            return
        offer = terms_of(self.session, self.evening.offer_ids[which % len(self.evening.offer_ids)])
        wanted = LiveOffer(self.evening.stream_id, offer.id, offer.variant_id, offer.price_fen)
        kept = tuple(
            KeptLine(line.offer_id, line.quantity, line.unit_price_fen)
            for line in held.lines
            if line.offer_id is not None
        )
        asked = replace(
            ask(wanted, f"history-{uuid4()}", number, phone=held.phone), joins=Joined(held.id, kept, held.hold_until)
        )
        [answer] = place_batch(self.session, [asked], self.now)
        if not isinstance(answer, Exception):
            self.orders.append(answer.id)

    def _order(self, which: int, *states: str) -> Order | None:
        found = [order for order in map(self._lock, self.orders) if order.state in states]
        return found[which % len(found)] if found else None

    def _lock(self, order_id: UUID) -> Order:
        return orders.lock_order(self.session, order_id)

    def _take_money(self, order: Order) -> None:
        """The payment as Stripe's page leaves it."""
        self.session.add(
            Payment(
                id=uuid4(),
                order_id=order.id,
                amount_fen=order.total_fen,
                currency="cny",
                state="succeeded",
                created_at=self.now,
                expires_at=self.now,
                succeeded_at=self.now,
            )
        )
        self.session.flush()

    def pay(self, which: int, _number: int) -> None:
        order = self._order(which, HELD)
        if order:
            self._take_money(order)
            orders.mark_paid(self.session, order, at=self.now, by=SYSTEM)
            workflows.open_packing(self.session, order, self.now)

    def late(self, which: int, _number: int) -> None:
        order = self._order(which, EXPIRED)
        if order and orders.take_stock_again(self.session, order, at=self.now):
            self._take_money(order)
            orders.mark_paid(self.session, order, at=self.now, by=SYSTEM)
            workflows.open_packing(self.session, order, self.now)
        elif order:
            self._take_money(order)
            refunds.refund_everything(self.session, order, reason="late", now=self.now, by=SYSTEM)
            orders.mark_refunded(self.session, order, at=self.now, by=SYSTEM, reason="late")

    def expire(self, _which: int, number: int) -> None:
        self.now += timedelta(minutes=3 * number)
        workflows.expire_holds(self.session, self.now)

    def cancel(self, which: int, _number: int) -> None:
        order = self._order(which, HELD)
        if order:
            workflows.cancel_order(self.session, order.id, by=SYSTEM, reason="test", now=self.now)

    def refund(self, which: int, _number: int) -> None:
        order = self._order(which, PAID)
        if order:
            workflows.cancel_order(self.session, order.id, by=SYSTEM, reason="test", now=self.now)

    def refund_part(self, which: int, number: int) -> None:
        order = self._order(which, PAID, SHIPPED)
        if order:
            workflows.refund_part(self.session, order.id, number * 100, reason="test", by=SYSTEM, now=self.now)

    def ship(self, which: int, _number: int) -> None:
        order = self._order(which, PAID)
        if order:
            goods = orders.quantities(order)
            orders.ship_lines(self.session, order, goods, source=f"test:{order.id}", at=self.now, by=SYSTEM)
            orders.mark_shipped(self.session, order, at=self.now, by=SYSTEM)

    def restock(self, which: int, number: int) -> None:
        offer = terms_of(self.session, self.evening.offer_ids[which % 2])
        change = {"allotment": offer.allotment + number - 3}
        streams.change_offer(self.session, self.evening.stream_id, offer.id, change, now=self.now, by=XIANG)
