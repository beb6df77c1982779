"""Recounts of a village's days in plain Python, from what is only ever written once: logs, lines, entries, returns."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.console import board
from app.console.home_queries import DayFigures
from app.console.reports.stream_costs import StreamCosts
from fulfillment.bags.models import ParcelBags
from fulfillment.couriers.fees.models import CourierBill, CourierChoice
from fulfillment.packing.models import PackingTask, Parcel, TaskLog
from fulfillment.packing.states import CANCELLED, PACKED, STOPPED, TAKEN, WAITING
from fulfillment.purchasing.accounts.models import FarmerEntry
from fulfillment.purchasing.accounts.rules import REVERSAL
from fulfillment.purchasing.lots.models import BaggingPart, LotPart
from fulfillment.purchasing.models import Bagging, Delivery, DeliveryTakenBack, Lot, Payable
from fulfillment.purchasing.settlements.models import SettlementLine, SettlementPart
from kernel.audit import SYSTEM
from kernel.clock import local_day
from shop.catalog.models import Product, Variant
from shop.orders import service as orders
from shop.orders.counter import place_batch
from shop.orders.models import Order, OrderLog
from shop.orders.states import HELD, PAID
from shop.payments.models import Payment, Refund
from shop.stock import service as stock
from shop.stock.models import StockMovement
from shop.streams import service as streams
from shop.streams.models import Stream
from tests.console_streams.test_figures import TAKEN_OVER
from tests.console_streams.village import ZONE, Village
from tests.streams.evening import XIANG, terms_of
from tests.world import LiveOffer, ask


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


def earned(
    session: Session, is_wanted: Callable[[datetime], bool], parcels: Collection[int] | None = None
) -> dict[int, int]:
    """What each packer earned (with some parcels), from the bench's log: frozen rates, less what was taken back."""
    parcel_of = {task.id: task.parcel_id for task in session.scalars(select(PackingTask))}
    fen: dict[int, int] = {}
    for line in session.scalars(select(TaskLog)):
        if parcels is not None and parcel_of[line.task_id] not in parcels:
            continue
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


def costs_again(logs: Logs, village: Village, fee_bps: int) -> StreamCosts:
    """What the evening's paid orders cost: every bag followed by hand, wages from the bench's log."""
    session, stream_id = logs.session, village.evening.stream_id
    mine = {order.id for order in logs.orders.values() if order.stream_id == stream_id and order.id in logs.paid}
    parcels = [each for each in session.scalars(select(Parcel)) if each.order_id in mine]
    here = [each for each in parcels if each.state != CANCELLED]
    counts = {"followed": 0, "usual": 0, "unknown": 0}
    paid = market = Fraction(0)
    usual = usual_bag(session, village)
    for variant_id, bagging_id, bags in pieces_of(session, here):
        bag = bag_of(session, bagging_id) if bagging_id is not None else None
        how = "followed" if bag else "usual" if usual and variant_id == village.bag.id else "unknown"
        each_paid, each_market = bag or (usual if how == "usual" and usual else (Fraction(0), Fraction(0)))
        counts[how] += bags
        paid, market = paid + each_paid * bags, market + each_market * bags
    fees = [courier_fee(session, each.id) for each in here if each.leads_box]
    money = [
        each.amount_fen
        for each in session.scalars(select(Payment))
        if logs.orders[each.order_id].stream_id == stream_id
    ]
    return StreamCosts(
        goods_fen=half_up(paid),
        premium_fen=half_up(paid - market),
        **counts,
        wages_fen=sum(earned(session, lambda _: True, {each.id for each in parcels}).values()),
        postage_fen=sum(fee for fee in fees if fee is not None),
        boxes_unknown=sum(1 for fee in fees if fee is None),
        fees_fen=sum(half_up(Fraction(fen * fee_bps, 10_000)) for fen in money),
    )


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def pieces_of(session: Session, parcels: Sequence[Parcel]) -> Iterator[tuple[int, int | None, int]]:
    """What lies in parcels, by bagging as far as they are packed."""
    for parcel in parcels:
        bags = session.scalars(select(ParcelBags).where(ParcelBags.parcel_id == parcel.id)).all()
        yield from ((each.variant_id, each.bagging_id, each.bags) for each in bags)
        known = {each.variant_id for each in bags}
        for line in parcel.lines:
            if line.variant_id not in known:
                yield line.variant_id, None, line.quantity


def bag_of(session: Session, bagging_id: int) -> tuple[Fraction, Fraction]:
    """What one bag was paid, and what it is worth at market."""
    bagging = session.get_one(Bagging, bagging_id)
    whole = (Fraction(0), Fraction(0))
    for part in session.scalars(select(BaggingPart).where(BaggingPart.bagging_id == bagging_id)):
        paid, market = a_gram_of(session, part.lot_id)
        whole = whole[0] + paid * part.grams, whole[1] + market * part.grams
    return whole[0] / bagging.bags, whole[1] / bagging.bags


def a_gram_of(session: Session, lot_id: int) -> tuple[Fraction, Fraction]:
    lot = session.get_one(Lot, lot_id)
    if lot.delivery_id is not None:
        delivery = session.get_one(Delivery, lot.delivery_id)
        return Fraction(delivery.pay_fen, delivery.net_g), Fraction(delivery.market_pay_fen, delivery.net_g)
    paid = market = Fraction(0)
    for part in session.scalars(select(LotPart).where(LotPart.child_lot_id == lot_id)):
        of_parent = a_gram_of(session, part.parent_lot_id)
        paid, market = paid + of_parent[0] * part.grams, market + of_parent[1] * part.grams
    return paid / lot.received_g, market / lot.received_g


def usual_bag(session: Session, village: Village) -> tuple[Fraction, Fraction] | None:
    """The mean of all bags of the last twenty baggings."""
    wanted = select(Bagging).where(Bagging.variant_id == village.bag.id).order_by(Bagging.id.desc()).limit(20)
    recent = session.scalars(wanted).all()
    bags = sum(each.bags for each in recent)
    costs = [(each.bags, *bag_of(session, each.id)) for each in recent]
    if not bags:
        return None
    return sum(n * paid for n, paid, _ in costs) / bags, sum(n * market for n, _, market in costs) / bags


def courier_fee(session: Session, parcel_id: int) -> int | None:
    """What the courier charged last, else what it was chosen for last."""
    bills = session.scalars(
        select(CourierBill.fee_fen).where(CourierBill.parcel_id == parcel_id).order_by(CourierBill.id)
    ).all()
    choices = session.scalars(
        select(CourierChoice.fee_fen).where(CourierChoice.parcel_id == parcel_id).order_by(CourierChoice.id)
    ).all()
    return bills[-1] if bills else choices[-1] if choices else None
