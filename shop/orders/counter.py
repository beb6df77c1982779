"""The hot path: a counter with one clerk.

A thousand people press the same button at once. Everybody who waits in this process is served by one clerk
in one transaction: offers and stock are locked once in a fixed order, keys are looked up once, wishes are
granted first come first served, and one statement writes all of it. Each request gets its own answer after
the commit. If the joint write fails, each order is tried alone, so that one bad order spoils no other.

Several processes each have a counter; the row locks, the CHECK constraints and the unique idempotency key
keep them honest with each other.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from json import dumps
from threading import Event, Lock

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.errors import Problem, Refused, TooMany, Unavailable
from shop.orders import counter_sql as sql
from shop.orders import holds
from shop.orders.holds import Hold
from shop.orders.placing import Asked, Joined, KeyReused, OfferState, Placed, grant
from shop.orders.postage import Rates
from shop.orders.postage_service import rates_in_force
from shop.orders.rules import JOINED, ORDERS_WINDOW
from shop.vouchers import queries as vouchers
from shop.vouchers.rules import Vouchers

MOST_AT_ONCE = 128

_FULL = ("out_of_stock", "cap_reached")


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
        batch = self._next_in_line(MOST_AT_ONCE)
        try:
            self._answer(batch, now)
        finally:
            with self._gate:
                following = self._waiting[0] if self._waiting else None
                self._has_clerk = following is not None
            _call(batch)
            if following:
                following.called.set()

    def _next_in_line(self, most: int, *, only_for: Collection[int] | None = None) -> list[_Ticket]:
        """Those who wait, first come first; only those who want nothing but these offers, if named."""
        allowed = None if only_for is None else set(only_for)
        with self._gate:
            chosen: list[_Ticket] = []
            others: deque[_Ticket] = deque()
            for ticket in self._waiting:
                fits = allowed is None or ticket.asked.offer_ids <= allowed
                (chosen if fits and len(chosen) < most else others).append(ticket)
            self._waiting = others
        return chosen

    def _answer(self, batch: list[_Ticket], now: datetime) -> None:
        try:
            self._place_together(batch, now)
        except OperationalError:
            # A row lock held elsewhere or a server gone: trying each alone would only wait again, and so would those
            # who came meanwhile. They are told that it is busy; the same key may be sent again.
            _call(self._next_in_line(len(self._waiting)))
        except Exception:  # noqa: BLE001
            # Whatever it is, nobody may be left waiting for an answer.
            for ticket in batch:
                ticket.answer = self._place_alone(ticket.asked, now)

    def _place_together(self, batch: list[_Ticket], now: datetime) -> None:
        with self._database.transaction() as session:
            offers = sql.lock_offers(session, set().union(*(ticket.asked.offer_ids for ticket in batch)))
            # The rows may have been a while in coming: whoever came meanwhile for the same goods is served as well.
            batch += self._next_in_line(MOST_AT_ONCE - len(batch), only_for=offers)
            answers = place_locked(session, [ticket.asked for ticket in batch], offers, now)
        for ticket, answer in zip(batch, answers, strict=True):
            ticket.answer = answer

    def _place_alone(self, asked: Asked, now: datetime) -> Placed | Exception:
        try:
            with self._database.transaction() as session:
                return place_batch(session, [asked], now)[0]
        except Exception as error:  # noqa: BLE001 - the answer of this one request
            return error


def _call(tickets: Sequence[_Ticket]) -> None:
    """Hand out the answers; who has none is told that it is busy."""
    for ticket in tickets:
        ticket.answer = ticket.answer or _busy()
        ticket.called.set()


def _busy() -> Unavailable:
    return Unavailable("现在有点忙，请过几秒再试。", "Busy right now. Try again in a few seconds.")


def place_batch(session: Session, batch: Sequence[Asked], now: datetime) -> list[Placed | Exception]:
    """Place these orders in one transaction, first come first served; one answer for each, in order."""
    offers = sql.lock_offers(session, set().union(*(asked.offer_ids for asked in batch)))
    return place_locked(session, batch, offers, now)


def place_locked(
    session: Session, batch: Sequence[Asked], offers: dict[int, OfferState], now: datetime
) -> list[Placed | Exception]:
    """The same, once the offers that they ask for are locked.

    Only now are keys looked up: a double tap that another process was placing meanwhile is found among them.
    """
    known = sql.find_placed(session, [asked.idempotency_key for asked in batch])
    new = [asked for asked in batch if asked.idempotency_key not in known]
    rates = rates_in_force(session) if new else None
    taken = sql.taken_by_buyer(session, {asked.phone for asked in new}, offers, now)
    turn = _Turn(session, offers, taken, _lock_vouchers(session, new, now), rates, now)
    tries = sql.count_tries(session, new, now)
    answers: list[Placed | Exception] = []
    written: list[Placed] = []
    for asked in batch:
        earlier = known.get(asked.idempotency_key)
        try:
            if earlier:
                answers.append(_replay(asked, earlier))
                continue
            refuse_flood(asked, tries)
            placed = turn.grant(asked)
        except Problem as problem:
            answers.append(problem)
            continue
        known[asked.idempotency_key] = placed
        written.append(placed)
        answers.append(placed)
    if written:
        sql.write_orders(session, dumps([placed.row for placed in written]), now)
    return answers


def _lock_vouchers(session: Session, new: Sequence[Asked], now: datetime) -> Vouchers:
    """The vouchers that are asked for, locked after offers and stock as everywhere."""
    by_code = vouchers.lock_by_code(session, {asked.voucher for asked in new if asked.voucher})
    ids = [voucher.voucher_id for voucher in by_code.values()]
    return Vouchers(by_code, vouchers.used_by_buyer(session, ids, {asked.phone for asked in new if asked.voucher}, now))


def _replay(asked: Asked, earlier: Placed) -> Placed:
    """The same key again: the same order, when it asks for the same."""
    if earlier.request_hash != asked.request_hash:
        raise KeyReused(earlier.number)
    return earlier.repeated()


def refuse_flood(asked: Asked, tries: Mapping[str, int]) -> None:
    """Nobody orders by hand this often.

    Raises:
        TooMany: with the seconds to wait.
    """
    if any(tries[limit.bucket] > limit.most for limit in asked.limits):
        raise TooMany(
            "下单太频繁了，请过几分钟再试。",
            "Too many orders from here. Please wait some minutes.",
            extra={"retry_after_s": int(ORDERS_WINDOW.total_seconds())},
        )


class _Turn:
    """What the clerk knows in one transaction: the locked offers, and what each buyer has of them."""

    def __init__(
        self,
        session: Session,
        offers: dict[int, OfferState],
        taken_by_buyer: dict[tuple[int, str], int],
        vouchers: Vouchers,
        rates: Rates | None,
        now: datetime,
    ) -> None:
        self._session = session
        self._vouchers = vouchers
        self._rates = rates
        self._offers = offers
        self._taken_by_buyer = taken_by_buyer
        self._now = now
        self._swept: set[int] = set()

    def grant(self, asked: Asked) -> Placed:
        """Grant a wish; when it does not fit, first with lapsed holds given back, then in place of the buyer's own."""
        if asked.joins:
            return self._grant_with_held(asked, asked.joins)
        try:
            return self._try(asked)
        except Refused as refusal:
            if refusal.code not in _FULL:
                raise
            if self._give_back_lapsed(asked):
                try:
                    return self._try(asked)
                except Refused as still:
                    refusal = still
            return self._grant_in_place_of_own_hold(asked, refusal)

    def _try(self, asked: Asked) -> Placed:
        # The postage is that of the moment the order is written, whatever the page was made with.
        if self._rates is not None:
            asked = replace(asked, terms=replace(asked.terms, rates=self._rates))
        return grant(asked, self._offers, self._taken_by_buyer, self._vouchers, self._now)

    def _give_back_lapsed(self, asked: Asked) -> bool:
        """Give back holds of these offers that have run out, once a turn and without waiting for the worker."""
        wanted = {line.offer_id for line in asked.lines} & set(self._offers)
        lapsed = holds.lapsed_holds(self._session, wanted - self._swept, self._offers, self._now)
        self._swept |= wanted
        for hold in lapsed:
            self._count(hold, -1)
        for offer in self._offers.values():
            offer.keep_for_line()
        holds.free(self._session, lapsed, "expired", "hold ran out", self._now)
        return bool(lapsed)

    def _grant_in_place_of_own_hold(self, asked: Asked, refusal: Refused) -> Placed:
        """Nobody is blocked by herself: her new order takes over her own unpaid one, if that makes it fit."""
        own = holds.own_holds(self._session, asked, self._offers, self._now)
        if not own:
            raise refusal
        for hold in own:
            self._count(hold, -1)
        try:
            placed = self._try(asked)
        except Problem:
            # It does not help: she keeps what she has.
            for hold in own:
                self._count(hold, +1)
            raise
        self._replace(own, "replaced by the buyer's next order", placed)
        return placed

    def _grant_with_held(self, asked: Asked, joined: Joined) -> Placed:
        """One order of what is held and what comes to it; if that does not fit, the held one stays as it is."""
        hold = holds.hold_to_join(self._session, joined.order_id, self._offers, self._now)
        if hold is None:
            raise Refused(
                "刚才那一单已经付了、取消了或者过时了，没法放在一起。这一单可以单独下。",
                "The other order is paid, cancelled or over by now; they cannot be put together. Order this one by itself.",
                code="hold_gone",
            )
        self._count(hold, -1)
        try:
            placed = self._try_with_lapsed(asked)
        except Problem:
            self._count(hold, +1)
            raise
        self._replace([hold], f"{JOINED}{placed.number}", placed)
        return placed

    def _replace(self, held: Sequence[Hold], reason: str, placed: Placed) -> None:
        holds.free(self._session, held, "cancelled", reason, self._now, replaced_by=placed.number)

    def _try_with_lapsed(self, asked: Asked) -> Placed:
        try:
            return self._try(asked)
        except Refused as refusal:
            if refusal.code not in _FULL or not self._give_back_lapsed(asked):
                raise
            return self._try(asked)

    def _count(self, hold: Hold, sign: int) -> None:
        self._vouchers.count(hold.voucher_id, hold.phone, sign, for_buyer=hold.counts_for_cap)
        for line in hold.lines:
            if line.offer_id not in self._offers:
                continue
            self._offers[line.offer_id].take(sign * line.quantity)
            if hold.counts_for_cap:
                buyer = (line.offer_id, hold.phone)
                self._taken_by_buyer[buyer] = self._taken_by_buyer.get(buyer, 0) + sign * line.quantity
