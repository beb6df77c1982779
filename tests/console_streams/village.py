"""A village that lives through steps: an evening's orders, a bench that packs them, growers who bring and are paid."""

from datetime import date, timedelta
from uuid import uuid4

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.couriers.fees.models import CourierBill, CourierChoice
from fulfillment.crew import service as crew
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.packing.states import TAKEN
from fulfillment.purchasing.accounts import rules as accounts
from fulfillment.purchasing.accounts.service import Entry, add_entry, undo_entry
from fulfillment.purchasing.lots.making_service import mix_lots
from fulfillment.purchasing.lots.service import BagWish, bag_lots
from fulfillment.purchasing.models import Delivery, DeliveryTakenBack, Lot
from fulfillment.purchasing.settlements import queries as owed
from fulfillment.purchasing.settlements import result_service as results
from fulfillment.purchasing.settlements import service as settlements
from fulfillment.purchasing.settlements.models import Settlement
from kernel.audit import SYSTEM
from kernel.clock import local_day
from shop.catalog.models import Variant
from shop.orders import service as orders
from shop.orders.counter import place_batch
from shop.orders.models import Order
from shop.streams import service as streams
from tests.console_streams.history import History
from tests.packing.world import ZONE, finish, id_of, make_packer, make_rate, take
from tests.purchasing.world import WEIGHER, make_contract, make_farmer, make_goods, make_quote, weighed
from tests.streams.evening import XIANG, terms_of
from tests.world import LiveOffer, ask

BUYERS = 4


class Village(History):
    """An evening, a bench of two packers and two growers, in one transaction."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        # The second offer is fresh, and promised sooner.
        session.get_one(Variant, terms_of(session, self.evening.offer_ids[1]).variant_id).product.form = "fresh"
        make_rate(session)
        self.packers = [make_packer(session, name) for name in ("吴秀英", "叶小妹")]
        # The second one's season is over when some days have passed.
        first = terms_of(session, self.evening.offer_ids[0]).variant_id
        self.bag, raw = make_goods(session, session.get_one(Variant, first))
        ends = [local_day(self.now, ZONE) + timedelta(days=days) for days in (60, 2)]
        self.contracts = [
            make_contract(session, make_farmer(session), raw, season_end=day, payment_days=1) for day in ends
        ]

    def next_phone(self) -> str:
        """A few buyers only, so that they come again."""
        return f"1380000{len(self.orders) % BUYERS:04d}"

    @property
    def today(self) -> date:
        return local_day(self.now, ZONE)

    # ---- time and buyers ----

    def next_day(self, _which: int, number: int) -> None:
        self.now += timedelta(hours=6 * number)

    def regular(self, which: int, number: int) -> None:
        """Somebody bought in the other stream in the days before; every second one as a present."""
        then = self.now - timedelta(days=number)
        offer = terms_of(self.session, self.other.offer_ids[0])
        wanted = LiveOffer(self.other.stream_id, offer.id, offer.variant_id, offer.price_fen)
        [answer] = place_batch(
            self.session, [ask(wanted, f"regular-{uuid4()}", 1, phone=f"1380000{which % BUYERS:04d}")], then
        )
        if isinstance(answer, Exception):
            return
        order = self._lock(answer.id)
        if number % 2:
            self._as_a_present(order)
        self._take_money(order)
        orders.mark_paid(self.session, order, at=then + timedelta(minutes=1), by=SYSTEM)

    def place(self, which: int, number: int) -> None:
        known = len(self.orders)
        super().place(which, number)
        if which == 4 and len(self.orders) > known:
            self._as_a_present(self._lock(self.orders[-1]))

    def _as_a_present(self, order: Order) -> None:
        order.gift_from, order.gift_words, order.giver_phone = "老友", "尝尝", order.phone
        order.phone = "13911112222"
        self.session.flush()

    def target(self, which: int, number: int) -> None:
        stream = streams.lock_stream(self.session, self.evening.stream_id)
        stream.target_fen = None if which == 5 else number * 10_000

    def show(self, which: int, _number: int) -> None:
        streams.put_on_air(
            self.session, self.evening.stream_id, self.evening.offer_ids[which % 2], now=self.now, by=XIANG
        )

    # ---- the bench ----

    def _in_hand(self, which: int) -> PackingTask | None:
        mine = select(PackingTask).where(
            PackingTask.packer_id == self.packers[which % 2].person_id, PackingTask.state == TAKEN
        )
        found = self.session.scalars(mine.order_by(PackingTask.id)).all()
        return found[which % len(found)] if found else None

    def take(self, which: int, _number: int) -> None:
        take(self.session, self.packers[which % 2], self.now)

    def pack(self, which: int, number: int) -> None:
        """Done; and every fourth time it was a slip, taken back within seconds."""
        task, packer = self._in_hand(which), self.packers[which % 2]
        if task is None:
            return
        finish(self.session, task.id, packer, self.now)
        if number == 4:
            then = self.now + timedelta(seconds=5)
            packing.undo_finish(self.session, task.id, id_of(packer), now=then, by=packer)

    def come(self, which: int, _number: int) -> None:
        crew.begin_shift(
            self.session, id_of(self.packers[which % 2]), how="lead", now=self.now, by=self.packers[which % 2]
        )

    def rest(self, which: int, number: int) -> None:
        if number < 3:
            crew.begin_break(self.session, id_of(self.packers[which % 2]), now=self.now)
        else:
            crew.end_break(self.session, id_of(self.packers[which % 2]), now=self.now)

    def go(self, which: int, _number: int) -> None:
        crew.end_shift(self.session, id_of(self.packers[which % 2]), how="lead", now=self.now)

    def choose(self, which: int, number: int) -> None:
        """A courier is chosen for a parcel, for a fee or for one that nobody knows, or charges for it."""
        parcels = self.session.scalars(select(Parcel).order_by(Parcel.id)).all()
        if not parcels:
            return
        facts = {"parcel_id": parcels[which % len(parcels)].id, "carrier": "ZTO", "at": self.now, "by": "test"}
        if number == 4:
            self.session.add(CourierBill(fee_fen=600 + which, source="test", **facts))
        else:
            fee_fen = None if number == 3 else 400 + which
            self.session.add(CourierChoice(fee_fen=fee_fen, days=2, weight_g=600, why="cheapest", reason="", **facts))
        self.session.flush()

    def give_back(self, which: int, _number: int) -> None:
        task, packer = self._in_hand(which), self.packers[which % 2]
        if task is not None:
            packing.return_task(self.session, task.id, id_of(packer), reason="break", now=self.now, by=packer)

    # ---- the growers ----

    def bring(self, which: int, number: int) -> None:
        contract = self.contracts[which % 2]
        make_quote(self.session, contract, 7_000 + 500 * number, day=self.today)
        if self.today <= contract.season_end:
            facts = weighed(contract, day=self.today, gross_g=1_200 + 3_300 * number)
            workflows.weigh_in(self.session, facts, key=f"slip-{uuid4()}", today=self.today, now=self.now, by=WEIGHER)

    def _lots(self) -> list[Lot]:
        gone = select(DeliveryTakenBack.delivery_id)
        whole = select(Lot).where(or_(Lot.delivery_id.is_(None), Lot.delivery_id.not_in(gone)))
        return list(self.session.scalars(whole.order_by(Lot.id)))

    def mix(self, which: int, number: int) -> None:
        lots = self._lots()
        if len(lots) > 1:
            parts = {lots[place % len(lots)].id: 400 * number + 250 for place in (which, which + 1)}
            key = f"mixing-{uuid4()}"
            mix_lots(self.session, parts, grade="一级", key=key, today=self.today, now=self.now, by=WEIGHER)

    def fill(self, which: int, number: int) -> None:
        """Bags of the first offer are filled from a lot."""
        lots = self._lots()
        if lots:
            wish = BagWish(self.bag.id, number, {lots[which % len(lots)].id: number * 250}, "for a test")
            bag_lots(self.session, wish, key=f"bags-{uuid4()}", today=self.today, now=self.now, by=WEIGHER)

    def take_back(self, which: int, _number: int) -> None:
        brought = self.session.scalars(select(Delivery).order_by(Delivery.id)).all()
        if brought:
            delivery = brought[which % len(brought)]
            settlements.take_back(self.session, delivery.id, reason="记错", now=self.now, by=WEIGHER)

    def write(self, which: int, number: int) -> None:
        """An advance or a supplement; every fourth one was a mistake."""
        farmer_id = self.contracts[which % 2].farmer_id
        if which < 3:
            entry = Entry(farmer_id, accounts.ADVANCE, number * 700, self.today, what=accounts.SPAWN, paper_ref="收条")
        else:
            entry = Entry(farmer_id, accounts.SUPPLEMENT, number * 300, self.today, reason="少算了")
        line = add_entry(self.session, entry, key=f"entry-{uuid4()}", now=self.now, by=WEIGHER)
        if number == 4:
            undo_entry(self.session, line.id, reason="写错了", now=self.now, by=WEIGHER)

    def settle(self, which: int, number: int) -> None:
        """One farmer is paid what is owed, or the first line of it; some is kept for an advance."""
        farmer_id = self.contracts[which % 2].farmer_id
        payables = [payable.id for payable in owed.open_payables(self.session, farmer_id)]
        entries = owed.open_entries(self.session, farmer_id)
        debts_fen = -sum(each.left_fen for each in entries if each.left_fen < 0)
        payment = settlements.Payment(
            farmer_id,
            frozenset(payables[:1] if number == 1 else payables),
            "cash",
            credit_ids=frozenset(each.entry.id for each in entries if each.left_fen > 0 and number > 2),
            set_off_fen=min(debts_fen, 500) if payables and number == 3 else 0,
            cap_bps=5_000,
        )
        settlements.settle(self.session, payment, key=f"settle-{uuid4()}", now=self.now, by=WEIGHER)

    def came_back(self, which: int, _number: int) -> None:
        paid = self.session.scalars(select(Settlement).order_by(Settlement.id)).all()
        if paid:
            results.take_money_back(self.session, paid[which % len(paid)].id, reason="账号错", now=self.now, by=WEIGHER)
