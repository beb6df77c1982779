"""The overview and the board beside a recount: over random days of selling, packing, buying from growers and paying them.

Everything is added up from what is only ever written once: logs, lines, entries, returns.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.console import board, home_queries, sheet_checks
from app.console.home_queries import DayFigures
from app.console.sheet_checks import look_at
from fulfillment.packing import queries as packing
from fulfillment.packing.models import PackingTask, TaskLog
from fulfillment.packing.queries import backlog
from fulfillment.packing.states import PACKED, STOPPED, TAKEN, WAITING
from fulfillment.purchasing.accounts.models import FarmerEntry
from fulfillment.purchasing.accounts.rules import REVERSAL
from fulfillment.purchasing.models import Delivery, DeliveryTakenBack, Payable
from fulfillment.purchasing.settlements.models import SettlementLine, SettlementPart
from fulfillment.purchasing.settlements.queries import OwedInAll, owed_by_farmer
from kernel.audit import SYSTEM
from kernel.clock import local_day
from kernel.db import Database
from shop.catalog.models import Product, Variant
from shop.orders import service as orders
from shop.orders.counter import place_batch
from shop.orders.models import Order, OrderLog
from shop.orders.rules import ship_by
from shop.orders.states import HELD, PAID
from shop.payments.models import Payment, Refund
from shop.stock import service as stock
from shop.stock.models import StockMovement
from shop.streams import service as streams
from shop.streams.models import Stream
from tests.console_streams.test_figures import TAKEN_OVER, counted
from tests.console_streams.village import ZONE, Village
from tests.planting import plant
from tests.streams.evening import XIANG, terms_of
from tests.world import LiveOffer, ask

ACTS = (
    *("place", "place", "pay", "pay", "join", "expire", "late", "cancel", "refund", "refund_part", "ship"),
    *("regular", "target", "show", "next_day", "take", "take", "pack", "pack", "pack", "give_back"),
    *("bring", "bring", "bring", "take_back", "write", "settle", "settle", "came_back"),
)
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5), st.integers(1, 4)), max_size=40)


class Logs:
    """Every line that was written, in plain lists."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.orders = {order.id: order for order in session.scalars(select(Order))}
        log = list(session.scalars(select(OrderLog).order_by(OrderLog.id)))
        self.state = {line.order_id: line.to_state for line in log}
        self.placed = {line.order_id: line.at for line in log if line.from_state is None}
        self.paid = {line.order_id: line.at for line in log if line.to_state == PAID}
        for line in log:
            if line.reason.startswith(TAKEN_OVER):
                del self.placed[line.order_id]
        self.money = [each for each in session.scalars(select(Payment)) if each.order_id in self.paid]

    def promise(self, order_id: object) -> timedelta:
        """Within which a paid order leaves the house."""
        variants = {line.variant_id for order in self.orders.values() if order.id == order_id for line in order.lines}
        forms = select(Product.form).join(Variant, Variant.product_id == Product.id).where(Variant.id.in_(variants))
        return timedelta(hours=24 if "fresh" in self.session.scalars(forms).all() else 48)

    def total_fen(self, ids: Iterable[object]) -> int:
        """What these orders cost, from their lines."""
        mine = [order for order in self.orders.values() if order.id in set(ids)]
        return sum(order.shipping_fen + sum(line.line_total_fen for line in order.lines) for order in mine)


def the_day(logs: Logs, now: datetime) -> DayFigures:
    """The overview's eleven figures."""
    session, today = logs.session, local_day(now, ZONE)

    def is_today(at: datetime) -> bool:
        return local_day(at, ZONE) == today

    ordered = [each for each, at in logs.placed.items() if is_today(at)]
    paid = {each for each, at in logs.paid.items() if is_today(at)}
    counting = {each.id for each in logs.money if not each.duplicate}
    back = [each for each in session.scalars(select(Refund)) if each.payment_id in counting and each.state != "failed"]
    wages = [fen for fen in earned(session, is_today).values() if fen]
    to_do = still_to_pack(logs)
    growers = owed_to_growers(session)
    return DayFigures(
        ordered=len(ordered),
        ordered_fen=logs.total_fen(ordered),
        paid=len(paid),
        paid_fen=sum(each.amount_fen for each in logs.money if each.id in counting and each.order_id in paid),
        refunded_fen=sum(each.amount_fen for each in back if is_today(each.requested_at)),
        to_pack=len(to_do),
        late=sum(1 for due_at in to_do if due_at < now),
        packers_fen=sum(wages),
        packers=len(wages),
        farmers_fen=sum(fen for _, fen in growers),
        farmers_due_fen=sum(fen for due_on, fen in growers if due_on <= today),
    )


def earned(session: Session, is_wanted: Callable[[datetime], bool]) -> dict[int, int]:
    """What each packer earned, from the bench's log: the frozen rate of what was packed, less what was taken back."""
    fen: dict[int, int] = {}
    for line in session.scalars(select(TaskLog)):
        if PACKED in (line.from_state, line.to_state) and line.to_state != STOPPED and is_wanted(line.at):
            assert line.packer_id is not None
            assert line.rate_fen is not None
            sign = 1 if line.to_state == PACKED else -1
            fen[line.packer_id] = fen.get(line.packer_id, 0) + sign * line.rate_fen
    return fen


def still_to_pack(logs: Logs) -> list[datetime]:
    """When each parcel that nobody packed yet is due: so many hours after its order's log says paid."""
    last = {line.task_id: line.to_state for line in logs.session.scalars(select(TaskLog).order_by(TaskLog.id))}
    order_of = {task.id: task.parcel.order_id for task in logs.session.scalars(select(PackingTask))}
    to_do = [task for task, state in last.items() if state in (WAITING, TAKEN)]
    return [logs.paid[order_of[task]] + logs.promise(order_of[task]) for task in to_do]


def owed_to_growers(session: Session) -> list[tuple[date, int]]:
    """What is owed and since when: deliveries and lines in favour, less what settlements took of each."""
    gone = set(session.scalars(select(DeliveryTakenBack.delivery_id)))
    settled = {line.payable_id for line in session.scalars(select(SettlementLine)) if line.settlement_id is not None}
    found = [
        (each.delivery.day + timedelta(days=each.delivery.contract.payment_days), each.delivery.pay_fen)
        for each in session.scalars(select(Payable))
        if each.id not in settled and each.delivery_id not in gone
    ]
    entries = list(session.scalars(select(FarmerEntry)))
    undone = {entry.reverses_id for entry in entries}
    for entry in entries:
        if entry.amount_fen > 0 and entry.kind != REVERSAL and entry.id not in undone:
            parts = select(SettlementPart.amount_fen).where(SettlementPart.entry_id == entry.id)
            found.append((entry.day, entry.amount_fen - sum(session.scalars(parts))))
    return found


@dataclass
class Board:
    """What the board shows besides orders, pieces and minutes."""

    average_fen: int | None
    conversion_percent: int | None
    returning: int
    target_percent: int | None
    to_pack: int
    late: int
    next_due_at: datetime | None
    contract_left_g: int
    contract_agreed_g: int
    promised_by: datetime


def shown(figures: board.Figures) -> Board:
    money = figures.money
    return Board(
        *(money.average_fen, money.conversion_percent, figures.returning, figures.target_percent),
        *(figures.backlog.open, figures.backlog.late, figures.next_due_at),
        *(figures.contract_left_g, figures.contract_agreed_g, figures.promised_by),
    )


def the_board(logs: Logs, village: Village) -> Board:
    session, now = logs.session, village.now
    stream = session.get_one(Stream, village.evening.stream_id)
    mine = {order.id for order in logs.orders.values() if order.stream_id == stream.id}
    paid = mine & set(logs.paid)
    paid_fen = sum(each.amount_fen for each in logs.money if each.order_id in paid and not each.duplicate)
    decided = [each for each in mine & set(logs.placed) if logs.state[each] != HELD]
    to_do = still_to_pack(logs)
    running = [each for each in village.contracts if each.season_start <= village.today <= each.season_end]
    gone = set(session.scalars(select(DeliveryTakenBack.delivery_id)))
    brought = [
        each
        for each in session.scalars(select(Delivery))
        if each.id not in gone and each.contract_id in {contract.id for contract in running}
    ]
    agreed_g = sum(contract.agreed_g for contract in running)
    return Board(
        average_fen=paid_fen // len(paid) if paid else None,
        conversion_percent=round(100 * len(paid) / len(decided)) if decided else None,
        returning=len(came_before(logs, stream) & {buyer_of(logs.orders[each]) for each in paid}),
        target_percent=100 * paid_fen // stream.target_fen if stream.target_fen else None,
        to_pack=len(to_do),
        late=sum(1 for due_at in to_do if due_at < now),
        next_due_at=min(to_do, default=None),
        contract_left_g=agreed_g - sum(each.net_g for each in brought),
        contract_agreed_g=agreed_g,
        promised_by=what_a_buyer_would_be_promised(village),
    )


def can_be_sold(logs: Logs, village: Village) -> tuple[int, int | None]:
    """Pieces that can be sold and sent as promised, and how many the bench can pack by then (``None``: no pace yet)."""
    session = logs.session
    offers = [terms_of(session, offer_id) for offer_id in village.evening.offer_ids]
    free = dict.fromkeys((offer.variant_id for offer in offers), 0)
    for moved in session.scalars(select(StockMovement)):
        if moved.variant_id in free:
            free[moved.variant_id] += moved.on_hand_change - moved.held_change
    in_stock = sum(min(free[offer.variant_id], offer.allotment - offer.taken) for offer in offers)
    packed = when_packed(session)
    if not packed:
        return in_stock, None
    task_lines = {task.id: logs.orders[task.parcel.order_id].lines for task in session.scalars(select(PackingTask))}
    pieces = Fraction(sum(line.quantity for task in packed for line in task_lines[task]), len(packed))
    pace = Fraction(len(packed), len({local_day(at, ZONE) for at in packed.values()}))
    # One of the offers is fresh, so that a day is what there is.
    can_pack = max(Fraction(0), pace - len(still_to_pack(logs))) * pieces
    return min(in_stock, int(can_pack)), int(can_pack)


def when_packed(session: Session) -> dict[int, datetime]:
    """When each task was packed that was not taken back within seconds."""
    packed: dict[int, datetime] = {}
    for line in session.scalars(select(TaskLog).order_by(TaskLog.id)):
        if line.to_state == PACKED:
            packed[line.task_id] = line.at
        elif line.from_state == PACKED and line.to_state == TAKEN:
            del packed[line.task_id]
    return packed


def buyer_of(order: Order) -> str:
    """Whoever gives a present is its buyer."""
    return order.giver_phone or order.phone


def came_before(logs: Logs, stream: Stream) -> set[str]:
    assert stream.started_at is not None
    return {buyer_of(logs.orders[each]) for each, at in logs.paid.items() if at < stream.started_at}


def what_a_buyer_would_be_promised(village: Village) -> datetime:
    """Somebody pays for a piece of what is on air this moment; the promise on that order, and all is as it was."""
    stream = village.session.get_one(Stream, village.evening.stream_id)
    offer = terms_of(village.session, stream.shown_offer_id or village.evening.offer_ids[0])
    savepoint = village.session.begin_nested()
    stock.receive(village.session, offer.variant_id, 1, source=f"promise:{uuid4()}", by=SYSTEM, at=village.now)
    change = {"allotment": offer.taken + 1}
    streams.change_offer(village.session, stream.id, offer.id, change, now=village.now, by=XIANG)
    wanted = LiveOffer(stream.id, offer.id, offer.variant_id, offer.price_fen)
    [answer] = place_batch(village.session, [ask(wanted, f"promise-{uuid4()}", phone="13777777777")], village.now)
    assert not isinstance(answer, Exception), answer
    order = orders.lock_order(village.session, answer.id)
    orders.mark_paid(village.session, order, at=village.now, by=SYSTEM)
    promised = order.ship_by
    savepoint.rollback()
    village.session.expire_all()
    assert promised is not None
    return promised


def live_through(database: Database, steps: list[tuple[str, int, int]]) -> tuple[DayFigures, Board]:
    """Live the steps, then compare what the screens say with the recount; nothing stays."""
    with database.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        village = Village(session)
        for name, which, number in steps:
            village.live(name, which, number)
        session.flush()
        logs = Logs(session)
        day, board_now = the_day(logs, village.now), the_board(logs, village)
        assert home_queries.day_figures(session, village.now, ZONE) == day
        assert shown(counted(session, village)) == board_now
        stream = session.get_one(Stream, village.evening.stream_id)
        look = look_at(session, stream, board.offers_of(session, stream, village.now), village.now, ZONE)
        assert (look.sellable, look.packable) == can_be_sold(logs, village)
        hours = home_queries.hours_of_day(session, village.now, ZONE)
        assert (sum(hour.ordered for hour in hours), sum(hour.paid for hour in hours)) == (day.ordered, day.paid)
        growers = owed_by_farmer(session)
        assert sum(each.total_fen for each in growers) == day.farmers_fen
        session.rollback()
    return day, board_now


# Two days with some of everything, so that a run in which nothing happens cannot pass for a good one.
TWO_DAYS: list[tuple[str, int, int]] = [
    ("regular", 0, 1),
    ("regular", 1, 2),
    ("regular", 2, 1),
    ("target", 0, 3),
    ("show", 1, 1),
    ("place", 0, 2),
    ("place", 1, 1),
    ("pay", 0, 1),
    ("pay", 0, 1),
    ("place", 4, 1),
    ("pay", 0, 1),
    ("take", 0, 1),
    ("pack", 0, 1),
    ("bring", 0, 4),
    ("bring", 1, 3),
    ("next_day", 0, 4),
    ("next_day", 0, 4),
    ("next_day", 0, 3),
    ("place", 0, 1),
    ("place", 1, 2),
    ("place", 1, 1),
    ("pay", 0, 1),
    ("pay", 0, 1),
    ("expire", 0, 4),
    ("refund_part", 1, 1),
    ("take", 0, 1),
    ("pack", 0, 1),
    ("take", 1, 1),
    ("pack", 1, 4),
    ("bring", 0, 2),
    ("bring", 0, 2),
    ("take_back", 3, 1),
    ("settle", 1, 2),
    ("came_back", 0, 1),
    ("write", 0, 1),
    ("write", 4, 1),
]

# Nothing was packed yet: what can be sold is what is free.
BEFORE_THE_BENCH_BEGINS = [("place", 0, 2)]


def test_two_full_days_are_counted_as_the_logs_say(database: Database) -> None:
    day, board_now = live_through(database, TWO_DAYS)
    assert 0 < day.paid < day.ordered
    assert 0 < day.refunded_fen < day.paid_fen < day.ordered_fen
    assert (day.packers, day.packers_fen) == (1, 80), "what was taken back within seconds earned nobody anything"
    assert 0 < day.late < day.to_pack
    assert 0 < day.farmers_due_fen < day.farmers_fen
    assert board_now.returning == 3
    assert board_now.target_percent
    assert board_now.contract_left_g < board_now.contract_agreed_g == 100_000


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_days_are_counted_as_the_logs_say(database: Database, steps: list[tuple[str, int, int]]) -> None:
    live_through(database, steps)


def as_of_long_ago(of_day: Callable[[Session, date], OwedInAll]) -> Callable[[Session, date], OwedInAll]:
    return lambda session, day: of_day(session, day - timedelta(days=40))


def of_all_days(earned_between: Callable[..., list[int]]) -> Callable[..., list[int]]:
    return lambda session, start, end: earned_between(session, start - timedelta(days=40), end)


CONTROLS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "wages of other days": lambda monkeypatch: monkeypatch.setattr(
        home_queries, "_earned", of_all_days(home_queries._earned)
    ),
    "what is due is not due yet": lambda monkeypatch: monkeypatch.setattr(
        home_queries, "owed_in_all", as_of_long_ago(home_queries.owed_in_all)
    ),
    "a parcel is late as soon as it is due some day": lambda monkeypatch: monkeypatch.setattr(
        packing, "backlog", lambda session, now: backlog(session, now + timedelta(days=9))
    ),
    "who bought this evening has bought before": lambda monkeypatch: plant(
        monkeypatch, board, "_RETURNING", "b.paid_at < :start", "b.paid_at IS NOT NULL"
    ),
    "whoever gets a present is the buyer": lambda monkeypatch: plant(
        monkeypatch, board, "_RETURNING", "COALESCE(giver_phone, phone) AS buyer", "phone AS buyer"
    ),
    "fresh goods are promised like dried ones": lambda monkeypatch: monkeypatch.setattr(
        board, "ship_by", lambda now, has_fresh: ship_by(now, has_fresh=False)
    ),
    "what is held can be sold once more": lambda monkeypatch: plant(
        monkeypatch, board, "_OFFERS", "COALESCE(l.on_hand - l.held, 0) AS free", "COALESCE(l.on_hand, 0) AS free"
    ),
    "the bench packed in other weeks, too": lambda monkeypatch: plant(
        monkeypatch, sheet_checks, "_PACE", "count(*) AS parcels", "count(*) + 50 AS parcels"
    ),
    "a contract that is over runs on": lambda monkeypatch: monkeypatch.setattr(
        board, "local_day", lambda now, zone: local_day(now - timedelta(days=2), zone)
    ),
}


@pytest.mark.parametrize("control", CONTROLS)
def test_the_recount_notices_a_figure_that_is_wrong(
    database: Database, monkeypatch: pytest.MonkeyPatch, control: str
) -> None:
    CONTROLS[control](monkeypatch)
    steps = BEFORE_THE_BENCH_BEGINS if control == "what is held can be sold once more" else TWO_DAYS
    with pytest.raises(AssertionError):
        live_through(database, steps)
