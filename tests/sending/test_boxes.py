"""Putting parcels together, splitting them, stopping a part: over any history goods and money add up."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import workflows
from app.care.invariants import check_within
from app.care.sending_invariants import SENDING
from app.care.shop_invariants import STOCK
from app.care.village_invariants import WORK
from fulfillment.packing import service as packing
from fulfillment.packing.boxes import queries as boxes
from fulfillment.packing.boxes import service as box_service
from fulfillment.packing.boxes.rules import boxes_that_fit, door, share_fen, split_off
from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.packing.rules import ToPack
from fulfillment.piecework.models import WageEntry
from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Problem
from kernel.text import current_locale
from shop.stock.models import StockLevel
from tests.lead.world import Bench, order_parcels, parcel_of, take_all
from tests.packing.races import all_at_once
from tests.packing.world import id_of, take
from tests.sending.world import orders_of_one_buyer
from tests.world import NOW

BOOKS = (*STOCK, *WORK, *SENDING)

# ---- the rules alone ----


@given(st.dictionaries(st.integers(1, 50), st.integers(1, 9_000), max_size=12), st.integers(1_000, 20_000))
def test_boxes_hold_what_fits_and_everything_once(weights: dict[int, int], heaviest: int) -> None:
    found = boxes_that_fit(weights, heaviest)
    together = [one for box in found for one in box]
    assert len(together) == len(set(together))
    for box in found:
        assert 2 <= len(box) <= 6
        assert sum(weights[one] for one in box) <= heaviest


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.data())
def test_a_split_keeps_every_piece(quantities: list[int], data: st.DataObject) -> None:
    goods = [ToPack(place, place, f"S{place}", quantity, 100) for place, quantity in enumerate(quantities)]
    wanted = {line.order_line_id: data.draw(st.integers(0, line.quantity)) for line in goods}
    total = sum(wanted.values())
    if not 0 < total < sum(quantities):
        with pytest.raises(ValueError, match="empty"):
            split_off(goods, wanted)
        return
    stays, goes = split_off(goods, wanted)
    counted = Counter[int]()
    for line in (*stays, *goes):
        assert line.quantity > 0
        counted[line.order_line_id] += line.quantity
    assert counted == {line.order_line_id: line.quantity for line in goods}
    assert sum(line.quantity for line in goes) == total


@given(st.integers(0, 100_000), st.lists(st.integers(0, 50_000), min_size=1, max_size=6))
def test_shares_are_never_less_than_was_paid_for_them(discount: int, values: list[int]) -> None:
    goods = sum(values)
    paid = max(0, goods - discount)
    shares = [share_fen(paid, goods, value) for value in values]
    assert all(0 <= share <= max(value, 0) for share, value in zip(shares, values, strict=True))
    assert paid <= sum(shares) <= paid + len(values)


def test_masked_doors_are_nobodys() -> None:
    assert door("张三", "13800008000", None, "浙江省", "示例路 8号") == door(
        "张三", "138 0000 8000", "", "浙江省", "示例路8号"
    )
    assert door("张三", "13800008000", None, "浙江省").is_certain
    assert not door("张*", "13800008000", None, "浙江省").is_certain
    assert not door("张三", "138****8000", None, "浙江省").is_certain
    assert not door("", "", None, "").is_certain


# ---- any history ----

ACTS = ("combine", "combine", "apart", "split", "split", "take", "finish", "finish", "cancel", "hand_over", "stop_rest")
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 10**6)), max_size=30)
A_FULL_DAY = [
    ("combine", 1), ("split", 7), ("combine", 4), ("apart", 0), ("combine", 2), ("take", 0), ("finish", 0), ("finish", 1),
    ("hand_over", 0), ("hand_over", 1), ("stop_rest", 0), ("finish", 0), ("hand_over", 2), ("cancel", 3), ("cancel", 0),
]  # fmt: skip


@dataclass
class Day:
    """The bench on a day when anything happens."""

    session: Session
    bench: Bench
    serial: int = 0
    done: Counter[str] = field(default_factory=Counter)

    def act(self, name: str, seed: int) -> None:
        """One press of a button, all or nothing; what is refused changes nothing."""
        chance = random.Random(seed)
        try:
            with self.session.begin_nested():
                getattr(self, name)(chance)
            self.done[name] += 1
        except Problem:
            self.session.expire_all()

    def _parcels(self) -> list[Parcel]:
        return list(self.session.scalars(select(Parcel).order_by(Parcel.id)))

    def combine(self, chance: random.Random) -> None:
        waiting = [parcel.id for parcel in self._parcels() if parcel.task.state == "waiting"]
        chosen = chance.sample(waiting, min(len(waiting), chance.randint(2, 3)))
        workflows.combine_parcels(self.session, chosen or [1], by=SYSTEM, now=NOW)

    def apart(self, chance: random.Random) -> None:
        shared = [parcel.id for parcel in self._parcels() if parcel.sent_with_id]
        workflows.take_box_apart(self.session, chance.choice(shared or [1]), by=SYSTEM, now=NOW)

    def split(self, chance: random.Random) -> None:
        parcel = chance.choice(self._parcels())
        wanted = {line.order_line_id: chance.randint(0, line.quantity) for line in parcel.lines}
        workflows.split_parcel(self.session, parcel.id, wanted, by=SYSTEM, now=NOW)

    def take(self, chance: random.Random) -> None:
        take(self.session, chance.choice([self.bench.ann, self.bench.bea]))

    def finish(self, chance: random.Random) -> None:
        tasks = list(self.session.scalars(select(PackingTask).where(PackingTask.state == "taken")))
        if tasks:
            task = chance.choice(tasks)
            assert task.packer_id is not None
            packing.finish_task(self.session, task.id, task.packer_id, now=NOW, by=SYSTEM)

    def cancel(self, chance: random.Random) -> None:
        order = chance.choice(self._parcels()).order
        workflows.cancel_order(self.session, order.id, by=SYSTEM, reason="buyer_asked", now=NOW)

    def hand_over(self, chance: random.Random) -> None:
        packed = [parcel.id for parcel in self._parcels() if parcel.state == "packed"]
        self.serial += 1
        tracking = f"78{self.serial:012d}"
        workflows.hand_over(
            self.session, chance.choice(packed or [1]), carrier="ZTO", tracking=tracking, by=SYSTEM, now=NOW
        )

    def stop_rest(self, chance: random.Random) -> None:
        order = chance.choice(self._parcels()).order
        workflows.stop_rest(self.session, order.id, by=SYSTEM, reason="no_goods", now=NOW)


def live_through(database: Database, bench: Bench, steps: list[tuple[str, int]]) -> Counter[str]:
    """Play the steps in a transaction that is rolled back; count everything again after the last one."""
    with database.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        for quantity in (1, 2, 3, 4):
            order_parcels(session, bench, quantity=quantity)
        day = Day(session, bench)
        for name, seed in steps:
            day.act(name, seed)
        session.expire_all()
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        assert check_within(session, BOOKS).violations == []
        check_stock(session, bench)
        session.rollback()
    return day.done


def check_stock(session: Session, bench: Bench) -> None:
    """What left is what is gone; what is held is what open parcels hold; wages are for packed parcels."""
    level = session.get_one(StockLevel, bench.variant_id)
    in_state = Counter[str]()
    for parcel in session.scalars(select(Parcel)):
        in_state[parcel.state] += sum(line.quantity for line in parcel.lines)
        assert parcel.sent_with_id is None or parcel.state != "cancelled", "who is cancelled is in nobody's box"
    assert level.on_hand == 100 - in_state["handed_over"]
    assert level.held == in_state["open"] + in_state["packed"]
    packed = session.scalar(select(func.count()).where(PackingTask.packed_at.is_not(None)))
    assert session.scalar(select(func.coalesce(func.sum(WageEntry.amount_fen), 0))) == 80 * (packed or 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(steps=STEPS)
def test_goods_money_and_boxes_add_up_over_any_day(
    database: Database, bench: Bench, steps: list[tuple[str, int]]
) -> None:
    live_through(database, bench, steps)


def test_a_full_day_does_every_kind_of_thing(database: Database, bench: Bench) -> None:
    done = live_through(database, bench, A_FULL_DAY)
    assert {"combine", "split", "take", "finish", "hand_over", "cancel"} <= set(done), done


def test_the_day_notices_a_split_that_loses_a_piece(
    database: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(box_service, "split_off", lambda goods, wanted: [split_off(goods, wanted)[0]])
    with pytest.raises(AssertionError):
        live_through(database, bench, [("split", seed) for seed in range(12)])


def test_the_database_packs_no_piece_twice(database: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.transaction() as session:
        (parcel,) = order_parcels(session, bench, quantity=2)
        parcel_id, line_id = parcel.id, parcel.lines[0].order_line_id
    monkeypatch.setattr(packing, "move_parcel", lambda parcel, new: None)
    with pytest.raises(IntegrityError, match="packed more often"), database.transaction() as session:
        workflows.split_parcel(session, parcel_id, {line_id: 1}, by=SYSTEM, now=NOW)


def test_the_database_lets_nobody_lead_a_box_and_go_in_another(database: Database, bench: Bench) -> None:
    first, second, third = orders_of_one_buyer(database, bench)
    with database.transaction() as session:
        ids = [parcel_of(session, number).id for number in (first, second, third)]
        session.execute(text("UPDATE parcels SET sent_with_id = :a WHERE id = :b"), {"a": ids[0], "b": ids[1]})
    for a, b in ((ids[1], ids[2]), (ids[2], ids[0])):
        with pytest.raises(IntegrityError), database.transaction() as session:
            session.execute(text("UPDATE parcels SET sent_with_id = :a WHERE id = :b"), {"a": a, "b": b})


# ---- two leads at once ----


def answer_of(act: Callable[[Session], object]) -> Callable[[Session], str]:
    """What came of it, in a word."""

    def run(session: Session) -> str:
        try:
            with session.begin_nested():
                act(session)
        except Problem as problem:
            return problem.code
        return "done"

    return run


def both(database: Database, *acts: Callable[[Session], object]) -> list[str]:
    return all_at_once(database, *(answer_of(act) for act in acts))


def test_two_leads_put_one_parcel_in_two_boxes_and_it_is_in_one(database: Database, bench: Bench) -> None:
    with database.transaction() as session:
        ids = [order_parcels(session, bench)[0].id for _ in range(3)]
    combine = workflows.combine_parcels
    both(
        database,
        lambda session: combine(session, ids[:2], by=SYSTEM, now=NOW),
        lambda session: combine(session, ids[1:], by=SYSTEM, now=NOW),
    )
    with database.transaction() as session:
        follows = {parcel.id: parcel.sent_with_id for parcel in session.scalars(select(Parcel))}
        leads = {lead for lead in follows.values() if lead}
        assert len(leads) == 1
        assert all(follows[lead] is None for lead in leads)
        assert check_within(session, BOOKS).violations == []


def test_split_twice_at_once_is_split_once(database: Database, bench: Bench) -> None:
    with database.transaction() as session:
        (parcel,) = order_parcels(session, bench, quantity=2)
        parcel_id, line_id = parcel.id, parcel.lines[0].order_line_id
    split = workflows.split_parcel
    answers = both(
        database, *[lambda session: split(session, parcel_id, {line_id: 1}, by=SYSTEM, now=NOW) for _ in range(2)]
    )
    assert sorted(answers) == ["done", "not_waiting"]


def test_without_the_locks_it_is_split_twice_and_the_database_says_no(
    database: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the lock on the order is what makes the second lead wait and see."""
    with database.transaction() as session:
        (parcel,) = order_parcels(session, bench, quantity=2)
        parcel_id, line_id = parcel.id, parcel.lines[0].order_line_id
    monkeypatch.setattr(
        box_service, "_lock_with_their_boxes", lambda session, ids, most=1: [session.get_one(Parcel, ids[0])]
    )
    split = workflows.split_parcel
    with pytest.raises(IntegrityError):
        both(database, *[lambda session: split(session, parcel_id, {line_id: 1}, by=SYSTEM, now=NOW) for _ in range(2)])


def test_cancelling_one_order_of_a_box_while_it_leaves_ends_in_one_of_the_two(database: Database, bench: Bench) -> None:
    first, second, _ = orders_of_one_buyer(database, bench)
    with database.transaction() as session:
        ids = [parcel_of(session, number).id for number in (first, second)]
        order_id = parcel_of(session, second).order_id
        workflows.combine_parcels(session, ids, by=SYSTEM, now=NOW)
    for packer in (bench.ann, bench.bea, bench.ann):
        take_all(database, packer)
        with database.transaction() as session:
            for task in session.scalars(select(PackingTask).where(PackingTask.packer_id == id_of(packer))):
                packing.finish_task(session, task.id, id_of(packer), now=NOW, by=packer)
    answers = both(
        database,
        lambda session: workflows.hand_over(
            session, ids[0], carrier="ZTO", tracking="78012345678901", by=SYSTEM, now=NOW
        ),
        lambda session: workflows.cancel_order(session, order_id, by=SYSTEM, reason="buyer_asked", now=NOW),
    )
    with database.transaction() as session:
        lead, rider = (parcel_of(session, number) for number in (first, second))
        assert (rider.state, rider.sent_with_id) in (("handed_over", lead.id), ("cancelled", None)), answers
        assert check_within(session, BOOKS).violations == []


def test_who_is_left_of_a_box_leads_it(database: Database, bench: Bench) -> None:
    with database.transaction() as session:
        parcels = [order_parcels(session, bench)[0] for _ in range(3)]
        ids = [parcel.id for parcel in parcels]
        order_id = parcels[0].order_id
        workflows.combine_parcels(session, ids, by=SYSTEM, now=NOW)
    with database.transaction() as session:
        workflows.cancel_order(session, order_id, by=SYSTEM, reason="buyer_asked", now=NOW)
    with database.transaction() as session:
        assert [one.id for one in boxes.box_of(session, session.get_one(Parcel, ids[2]))] == ids[1:]


def test_slips_say_what_goes_together(database: Database, bench: Bench) -> None:
    current_locale.set("zh")
    first, second, stranger = orders_of_one_buyer(database, bench)
    with database.transaction() as session:
        ids = [parcel_of(session, number).id for number in (first, second)]
        workflows.combine_parcels(session, ids, by=SYSTEM, now=NOW)
        said = {
            number: boxes.together_words(session, parcel_of(session, number)) for number in (first, second, stranger)
        }
    assert said == {first: "同箱还有 1 个包裹，等齐再封", second: f"和 {first} 放一箱", stranger: ""}
