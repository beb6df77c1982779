"""The board's figures against an independent recount: from the log of orders, payments, refunds and the stock ledger."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.console import board, home_queries
from kernel.db import Database
from shop.orders.models import Order, OrderLine, OrderLog
from shop.orders.states import HELD, PAID
from shop.payments.models import Payment, Refund
from shop.stock.models import StockMovement
from shop.streams import queries, run_sheet
from shop.streams import service as streams
from tests.console_streams.history import History
from tests.planting import plant
from tests.streams.evening import XIANG, Evening, make_evening, terms_of
from tests.world import NOW

ZONE = ZoneInfo("Asia/Shanghai")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["place", "place", "join", "pay", "expire", "late", "cancel", "refund", "refund_part", "ship", "restock"]
        ),
        st.integers(0, 5),
        st.integers(1, 4),
    ),
    max_size=25,
)


# How the log says that the buyer's next order took a hold over.
TAKEN_OVER = ("joined into ", "replaced by ")


@dataclass
class Recount:
    """The same figures, from the ledgers only; no column that a service keeps up to date is read."""

    ordered: int
    ordered_fen: int
    paid: int
    paid_fen: int
    refunded_fen: int
    held: int
    taken_by_offer: dict[int, int]
    held_by_offer: dict[int, int]
    minutes: dict[datetime, tuple[int, int]]


def minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def recount(session: Session, evening: Evening) -> Recount:
    """Read every ledger line of a stream's orders and add up in plain Python."""
    mine = set(session.scalars(select(Order.id).where(Order.stream_id == evening.stream_id)))
    # What the buyer's next order took over is counted with that one; the log alone says so.
    mine -= {line.order_id for line in session.scalars(select(OrderLog)) if line.reason.startswith(TAKEN_OVER)}
    whole_log = list(session.scalars(select(OrderLog).order_by(OrderLog.id)))
    log = [line for line in whole_log if line.order_id in mine]
    state = {line.order_id: line.to_state for line in whole_log}
    placed = {line.order_id: line.at for line in log if line.from_state is None}
    paid = {line.order_id: line.at for line in log if line.to_state == PAID}
    lines = list(session.scalars(select(OrderLine)))
    postage = dict(session.execute(select(Order.id, Order.shipping_fen)).all())
    totals = {
        order_id: postage[order_id] + sum(line.line_total_fen for line in lines if line.order_id == order_id)
        for order_id in mine
    }
    money = [
        payment for payment in session.scalars(select(Payment)) if payment.order_id in paid and not payment.duplicate
    ]
    refunds = session.scalars(select(Refund).where(Refund.payment_id.in_([payment.id for payment in money])))
    offer_of = {terms_of(session, offer_id).variant_id: offer_id for offer_id in evening.offer_ids}
    taken = dict.fromkeys(evening.offer_ids, 0)
    for movement in session.scalars(select(StockMovement).where(StockMovement.kind.in_(["held", "released"]))):
        # An order of another stream may have goods of this one with it.
        if movement.variant_id in offer_of:
            taken[offer_of[movement.variant_id]] += movement.held_change
    held = dict.fromkeys(evening.offer_ids, 0)
    for line in lines:
        if state[line.order_id] == HELD and line.offer_id in held:
            held[line.offer_id] += line.quantity
    moments = {minute(at) for at in (*placed.values(), *paid.values())}
    return Recount(
        ordered=len(mine),
        ordered_fen=sum(totals.values()),
        paid=len(paid),
        paid_fen=sum(payment.amount_fen for payment in money),
        refunded_fen=sum(refund.amount_fen for refund in refunds if refund.state != "failed"),
        held=sum(1 for order_id in mine if state[order_id] == HELD),
        taken_by_offer=taken,
        held_by_offer=held,
        minutes={
            moment: (
                sum(1 for at in placed.values() if minute(at) == moment),
                sum(1 for at in paid.values() if minute(at) == moment),
            )
            for moment in moments
        },
    )


def live_through(database: Database, steps: list[tuple[str, int, int]]) -> Recount:
    """Live the steps, then compare the board with the recount; nothing stays."""
    with database.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        history = History(session)
        for name, which, number in steps:
            history.live(name, which, number)
        session.flush()
        figures = counted(session, history)
        truth = recount(session, history.evening)
        compare(session, history, figures, truth)
        compare_day(session, history, truth)
        session.rollback()
        return truth


def counted(session: Session, history: History) -> board.Figures:
    """The board's figures inside this transaction (its isolation is the edge's business)."""
    one_look, board._ONE_LOOK = board._ONE_LOOK, text("SELECT 1")
    try:
        figures = board.count_figures(session, history.evening.stream_id, history.now, ZONE)
    finally:
        board._ONE_LOOK = one_look
    assert figures is not None
    return figures


def compare_day(session: Session, history: History, truth: Recount) -> None:
    """The day at a glance counts both streams; everything in these histories happens on one day."""
    other = recount(session, history.other)
    day = home_queries.day_figures(session, history.now, ZONE)
    assert (day.ordered, day.ordered_fen) == (truth.ordered + other.ordered, truth.ordered_fen + other.ordered_fen)
    assert (day.paid, day.paid_fen) == (truth.paid + other.paid, truth.paid_fen + other.paid_fen)
    assert day.refunded_fen == truth.refunded_fen + other.refunded_fen
    hours = home_queries.hours_of_day(session, history.now, ZONE)
    assert (sum(hour.ordered for hour in hours), sum(hour.paid for hour in hours)) == (day.ordered, day.paid)


def compare(session: Session, history: History, figures: board.Figures, truth: Recount) -> None:
    money = figures.money
    assert (money.ordered, money.ordered_fen) == (truth.ordered, truth.ordered_fen)
    assert (money.paid, money.paid_fen, money.refunded_fen) == (truth.paid, truth.paid_fen, truth.refunded_fen)
    assert (money.held, money.decided) == (truth.held, truth.ordered - truth.held)
    assert {offer.id: offer.taken for offer in figures.offers} == truth.taken_by_offer
    assert {offer.id: offer.held for offer in figures.offers} == truth.held_by_offer
    shown = queries.snapshot(session, history.evening.stream_id, history.now)
    assert shown is not None
    assert [offer.left for offer in figures.offers] == [offer["left"] for offer in shown["offers"]]
    assert figures.window is not None
    within = {
        moment: counts
        for moment, counts in truth.minutes.items()
        if figures.window.start <= moment < figures.window.end
    }
    bars = {bar.start: (bar.ordered, bar.paid) for bar in figures.bars if bar.ordered or bar.paid}
    assert bars == within


A_FULL_EVENING: list[tuple[str, int, int]] = [
    ("place", 0, 2),
    ("place", 1, 1),
    ("place", 0, 3),
    ("place", 5, 1),
    ("place", 1, 4),
    ("place", 0, 1),
    ("pay", 0, 1),
    ("pay", 0, 1),
    ("refund_part", 0, 3),
    ("cancel", 0, 1),
    ("refund", 1, 1),
    ("expire", 0, 4),
    ("late", 0, 1),
    ("ship", 0, 1),
    ("place", 0, 2),
    ("restock", 0, 1),
    ("place", 1, 1),
    ("join", 1, 2),
]


def test_a_full_evening_is_counted_as_the_ledgers_say(database: Database) -> None:
    truth = live_through(database, A_FULL_EVENING)
    assert truth.ordered >= 5
    assert truth.held == 2
    assert 0 < truth.refunded_fen < truth.paid_fen < truth.ordered_fen, "the evening must have had some of everything"


def test_money_that_came_for_nothing_left_is_neither_paid_nor_refunded_on_the_board(database: Database) -> None:
    """The hold ran out, others took the rest, then the money came: it goes back, and the board never counted it."""
    truth = live_through(
        database, [("place", 0, 4), ("expire", 0, 4), *[("place", 0, 4)] * 3, ("late", 0, 1), ("pay", 0, 1)]
    )
    assert (truth.ordered, truth.paid, truth.refunded_fen) == (4, 1, 0)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_evening_is_counted_as_the_ledgers_say(database: Database, steps: list[tuple[str, int, int]]) -> None:
    live_through(database, steps)


@pytest.mark.parametrize(
    ("statement", "good", "planted"),
    [
        ("_MONEY", "paid_at IS NOT NULL", "state = 'paid'"),
        ("_MONEY", "stream_id = :stream", "true"),
        ("_OFFERS", "orders.state = 'held'", "true"),
        ("_MINUTES", "created_at >= :start", "created_at > :start + interval '3 min'"),
    ],
)
def test_the_recount_notices_a_board_that_counts_wrongly(
    database: Database, monkeypatch: pytest.MonkeyPatch, statement: str, good: str, planted: str
) -> None:
    """The control: with one condition changed the comparison must fail."""
    plant(monkeypatch, board, statement, good, planted)
    with pytest.raises(AssertionError):
        live_through(database, A_FULL_EVENING)


def test_all_figures_are_of_one_moment(database: Database) -> None:
    """What is committed while the board is being counted is not half in it."""
    with database.transaction() as session:
        history = History(session)
    with database.transaction() as session:
        session.execute(board._ONE_LOOK)
        marker = board.read_marker(session)
        before = board.money_of(session, history.evening.stream_id)
        with database.transaction() as selling:
            history.session = selling
            history.place(0, 1)
        assert board.money_of(session, history.evening.stream_id) == before
    with database.transaction() as session:
        assert board.money_of(session, history.evening.stream_id).ordered == before.ordered + 1
        assert board.read_marker(session) != marker


def test_the_marker_stays_while_nothing_is_written(database: Database) -> None:
    def marker() -> str:
        with database.transaction() as session:
            return board.read_marker(session)

    with database.transaction() as session:
        evening = make_evening(session)
    first = marker()
    with database.transaction() as session:
        board.money_of(session, evening.stream_id)
    # Other tests write to the same server now and then, but not all the time.
    assert any(marker() == marker() for _ in range(200))
    with database.transaction() as session:
        run_sheet.move_offer(session, evening.stream_id, evening.offer_ids[0], 2, now=NOW, by=XIANG)
    assert marker() != first


def test_terms_rise_with_every_change_of_a_person_and_not_with_sales(database: Database) -> None:
    """The control page asks whether there is something newer than itself, so this number must never fall."""

    def terms(session: Session) -> int:
        session.flush()
        figures = counted(session, history)
        return figures.terms

    with database.transaction() as session:
        history = History(session)
        stream_id, (first, second) = history.evening.stream_id, history.evening.offer_ids
        last = terms(session)
        history.live("place", 0, 1)
        assert terms(session) == last
        changes: list[Callable[[], object]] = [
            lambda: streams.put_on_air(session, stream_id, first, now=NOW, by=XIANG),
            lambda: streams.change_offer(session, stream_id, second, {"price_fen": 100}, now=NOW, by=XIANG),
            lambda: streams.change_offer(session, stream_id, second, {"state": "closed"}, now=NOW, by=XIANG),
            lambda: run_sheet.move_offer(session, stream_id, second, 1, now=NOW, by=XIANG),
            lambda: run_sheet.remove_offer(session, stream_id, second, now=NOW, by=XIANG),
            lambda: streams.end_stream(session, stream_id, now=NOW, by=XIANG),
        ]
        for change in changes:
            change()
            last, before = terms(session), last
            assert last > before


def test_an_unknown_stream_has_no_board(database: Database) -> None:
    with database.transaction() as session:
        assert board.count_figures(session, 12345, NOW, ZONE) is None
