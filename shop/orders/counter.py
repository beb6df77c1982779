"""The hot path: a counter with one clerk.

A thousand people press the same button at once. Everybody who waits in this process is served by one clerk
in one transaction: keys are looked up once, offers and stock are locked once in a fixed order, wishes are
granted first come first served, and one statement writes all of it. Each request gets its own answer after
the commit. If the joint write fails, each order is tried alone, so that one bad order spoils no other.

Several processes each have a counter; the row locks, the CHECK constraints and the unique idempotency key
keep them honest with each other.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from json import dumps
from threading import Event, Lock

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.errors import Problem, Refused, Unavailable
from shop.orders import counter_sql as sql
from shop.orders.placing import Asked, OfferState, Placed, grant

MOST_AT_ONCE = 128


class _Ticket:
    """One waiting request and its answer."""

    __slots__ = ("answer", "asked", "called")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.answer: Placed | Exception | None = None
        # Set once: when the answer is there, or when it is this request's turn to be the clerk.
        self.called = Event()


class Counter:
    """Places orders for one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gate = Lock()
        self._waiting: deque[_Ticket] = deque()
        self._has_clerk = False

    def place(self, asked: Asked, now: datetime) -> Placed:
        """Place one order, together with whoever else waits.

        Raises:
            Problem: what stands against this order (sold out, offer closed, key reused).
        """
        ticket = _Ticket(asked)
        with self._gate:
            self._waiting.append(ticket)
            is_clerk, self._has_clerk = not self._has_clerk, True
        if not is_clerk:
            ticket.called.wait()
        if ticket.answer is None:
            self._serve(now)
        if isinstance(ticket.answer, Exception):
            raise ticket.answer
        assert ticket.answer is not None
        return ticket.answer

    def _serve(self, now: datetime) -> None:
        """Serve everybody who waits, then call the first of those who came meanwhile to be the next clerk.

        The line fills while the commit runs, so no timer is needed; each request is woken exactly once.
        """
        with self._gate:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
        try:
            answers = self._answers([ticket.asked for ticket in batch], now)
            for ticket, answer in zip(batch, answers, strict=True):
                ticket.answer = answer
        finally:
            with self._gate:
                following = self._waiting[0] if self._waiting else None
                self._has_clerk = following is not None
            for ticket in batch:
                ticket.answer = ticket.answer or Unavailable("请再试一次。", "Please try again.")
                ticket.called.set()
            if following:
                following.called.set()

    def _answers(self, batch: Sequence[Asked], now: datetime) -> Sequence[Placed | Exception]:
        try:
            return self._place_together(batch, now)
        except OperationalError as error:
            # A row lock held elsewhere or a server gone: trying each alone would only wait again.
            return [error] * len(batch)
        except Exception:  # noqa: BLE001
            # Whatever it is, nobody may be left waiting for an answer.
            return [self._place_alone(asked, now) for asked in batch]

    def _place_alone(self, asked: Asked, now: datetime) -> Placed | Exception:
        try:
            return self._place_together([asked], now)[0]
        except Exception as error:  # noqa: BLE001 - the answer of this one request
            return error

    def _place_together(self, batch: Sequence[Asked], now: datetime) -> list[Placed | Exception]:
        with self._database.transaction() as session:
            return place_batch(session, batch, now)


def place_batch(session: Session, batch: Sequence[Asked], now: datetime) -> list[Placed | Exception]:
    """Place these orders in one transaction, first come first served; one answer for each, in order."""
    known = sql.find_placed(session, [asked.idempotency_key for asked in batch])
    offers = sql.lock_offers(session, {line.offer_id for asked in batch for line in asked.lines})
    taken_by_buyer = sql.taken_by_buyer(session, {asked.phone for asked in batch}, offers, now)
    swept: set[int] = set()
    answers: list[Placed | Exception] = []
    new: list[Placed] = []
    for asked in batch:
        earlier = known.get(asked.idempotency_key)
        try:
            placed = _replay(asked, earlier) if earlier else _grant(session, asked, offers, taken_by_buyer, swept, now)
        except Problem as problem:
            answers.append(problem)
            continue
        if not earlier:
            known[asked.idempotency_key] = placed
            new.append(placed)
        answers.append(placed)
    if new:
        sql.write_orders(session, dumps([placed.as_row() for placed in new]), now)
    return answers


def _replay(asked: Asked, earlier: Placed) -> Placed:
    """The same key again: the same order, when it asks for the same."""
    if earlier.request_hash != asked.request_hash:
        raise Refused(
            "这个下单号已经用过了，内容不一样。请刷新页面再下单。",
            "This Idempotency-Key was used for a different order. Reload and order again.",
            code="idempotency_key_reused",
        )
    return earlier.repeated()


def _grant(
    session: Session,
    asked: Asked,
    offers: dict[int, OfferState],
    taken_by_buyer: dict[tuple[int, str], int],
    swept: set[int],
    now: datetime,
) -> Placed:
    """Grant the wish; when it does not fit, first give back lapsed holds and the buyer's own unpaid one."""
    try:
        return grant(asked, offers, taken_by_buyer, now)
    except Refused as refusal:
        if refusal.code not in ("out_of_stock", "cap_reached"):
            raise
        wanted = {line.offer_id for line in asked.lines if line.offer_id in offers}
        freed = sql.free_lapsed_holds(session, wanted - swept, now)
        freed += sql.free_own_hold(session, asked, wanted, now)
        swept |= wanted
        if not freed:
            raise
        for gone in freed:
            offers[gone.offer_id].give_back(gone.quantity)
            if gone.counted:
                taken_by_buyer[gone.offer_id, gone.phone] = max(
                    0, taken_by_buyer.get((gone.offer_id, gone.phone), 0) - gone.quantity
                )
        return grant(asked, offers, taken_by_buyer, now)
