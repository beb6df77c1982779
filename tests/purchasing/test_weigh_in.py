"""Weighing in: one slip is one delivery, sums are the ledgers' sums, and two scales take no more than was agreed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing import queries, service
from fulfillment.purchasing.growers.contract_service import end_contract
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.lots.changes_service import write_off_rest
from fulfillment.purchasing.lots.service import bag_lot
from fulfillment.purchasing.models import Bagging, Delivery, Lot, Payable
from fulfillment.purchasing.service import KeyReused, work_out
from kernel.db import Database
from kernel.errors import Invalid, NotFound, Problem, Refused
from tests.purchasing.world import (
    TODAY,
    WEIGHER,
    grams_in_ledger,
    grams_on_hand,
    make_contract,
    make_goods,
    make_quote,
    weigh_in,
    weighed,
)
from tests.world import NOW, make_variant


@pytest.fixture
def contract(session: Session) -> Contract:
    """100 kg at 80 yuan plus 12 %, with today's price."""
    contract = make_contract(session)
    make_quote(session, contract, 8_000)
    return contract


def test_a_delivery_becomes_a_lot_stock_and_a_payable(session: Session, contract: Contract) -> None:
    delivery = weigh_in(session, weighed(contract))
    assert (delivery.net_g, delivery.promised_fen_per_kg, delivery.pay_fen) == (42_500, 8_960, 380_800)
    payable = queries.payable_of(session, delivery.id)
    assert (payable.amount_fen, payable.due_on) == (380_800, TODAY + timedelta(days=7))
    assert (delivery.lot.number, delivery.lot.received_g) == (f"L261124-{delivery.id:04d}", 42_500)
    assert grams_on_hand(session, contract.variant_id) == grams_in_ledger(session, contract.variant_id) == 42_500
    assert contract.delivered_g == 42_500


def test_everything_the_price_came_from_is_copied(session: Session, contract: Contract) -> None:
    quote = make_quote(session, contract, 8_000)
    delivery = weigh_in(session, weighed(contract, grade="二级", moisture_bps=1_500, foreign_bps=100))
    copied = (
        delivery.quote_id,
        delivery.quote_fen_per_kg,
        delivery.quote_market,
        delivery.quote_source,
        delivery.quote_day,
    )
    assert copied == (quote.id, 8_000, quote.market, "manual", TODAY)
    assert (delivery.premium_bps, delivery.floor_fen_per_kg, delivery.grade_deduction_bps) == (1_200, 6_000, 800)
    assert delivery.unit_fen_per_kg == 8_243
    assert delivery.settle_g == 41_110


def test_the_written_slip_is_the_one_that_was_shown(session: Session, contract: Contract) -> None:
    facts = weighed(contract, grade="二级", moisture_bps=1_500, foreign_bps=100)
    shown = work_out(session, facts, TODAY).slip
    written = service.slip_of(weigh_in(session, facts))
    assert written == replace(shown, terms=replace(shown.terms, reject_above_bps=None))


def test_a_later_price_does_not_change_what_was_written(session: Session, contract: Contract) -> None:
    delivery = weigh_in(session, weighed(contract))
    make_quote(session, contract, 9_000)
    session.refresh(delivery)
    assert (delivery.quote_fen_per_kg, delivery.pay_fen) == (8_000, 380_800)
    assert weigh_in(session, weighed(contract)).quote_fen_per_kg == 9_000


def test_the_same_slip_twice_is_one_delivery(session: Session, contract: Contract) -> None:
    first, again = weigh_in(session, weighed(contract), "one-slip"), weigh_in(session, weighed(contract), "one-slip")
    assert first.id == again.id
    assert counted(session) == (1, 1, 1)
    assert grams_on_hand(session, contract.variant_id) == 42_500


def test_the_same_key_with_other_figures_is_refused_and_changes_nothing(session: Session, contract: Contract) -> None:
    weigh_in(session, weighed(contract), "one-slip")
    for change in ({"gross_g": 43_800}, {"grade": "二级"}, {"has_certificate": False}, {"note": "另一张"}):
        with pytest.raises(KeyReused), session.begin_nested():
            weigh_in(session, weighed(contract, **change), "one-slip")
    assert counted(session) == (1, 1, 1)


def counted(session: Session) -> tuple[int, int, int]:
    return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in (Delivery, Lot, Payable))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tare_g": 43_700}, "tare"),
        ({"tare_g": 50_000}, "tare"),
        ({"day": TODAY + timedelta(days=1)}, "day"),
        ({"day": TODAY - timedelta(days=31)}, "day"),
        ({"gross_g": 111_201}, "gross"),
        ({"gross_g": 1_203}, "gross"),
        ({"grade": "特级"}, "grade"),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_field(
    session: Session, contract: Contract, change: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        weigh_in(session, weighed(contract, **change))
    assert list(refused.value.fields) == [field]


def test_exactly_what_the_contract_takes_is_taken(session: Session, contract: Contract) -> None:
    delivery = weigh_in(session, weighed(contract, gross_g=111_200))
    assert delivery.net_g == contract.delivered_g == 110_000
    with pytest.raises(Invalid) as refused:
        weigh_in(session, weighed(contract, gross_g=1_210))
    assert "0 kg are left" in refused.value.fields["gross"].en


def test_goods_above_the_contracts_moisture_are_refused(session: Session, contract: Contract) -> None:
    weigh_in(session, weighed(contract, moisture_bps=1_800))
    with pytest.raises(Refused) as refused:
        weigh_in(session, weighed(contract, moisture_bps=1_801))
    assert (refused.value.code, list(refused.value.fields)) == ("too_moist", ["moisture"])


def test_without_a_usable_price_nobody_guesses(session: Session) -> None:
    contract = make_contract(session)
    make_quote(session, contract, day=TODAY - timedelta(days=4))
    with pytest.raises(Refused) as refused:
        weigh_in(session, weighed(contract))
    assert refused.value.code == "no_quote"
    make_quote(session, contract, 7_700, day=TODAY - timedelta(days=3))
    assert weigh_in(session, weighed(contract)).quote_fen_per_kg == 7_700


def test_only_the_contracts_market_product_form_and_grade_count(session: Session) -> None:
    contract, other = make_contract(session), make_contract(session)
    make_quote(session, contract, market="北京新发地")
    make_quote(session, other)
    with pytest.raises(Refused):
        weigh_in(session, weighed(contract))


def test_a_contract_without_a_market_takes_the_best_of_the_day(session: Session) -> None:
    contract = make_contract(session, market=None)
    make_quote(session, contract, 8_200, market="北京新发地")
    make_quote(session, contract, 8_000)
    assert weigh_in(session, weighed(contract)).quote_fen_per_kg == 8_200


def test_an_ended_contract_takes_nothing(session: Session, contract: Contract) -> None:
    end_contract(session, contract.id, reason="搬走了", now=NOW, by=WEIGHER)
    with pytest.raises(Refused) as refused:
        weigh_in(session, weighed(contract))
    assert refused.value.code == "contract_ended"


def test_a_contract_that_does_not_exist_is_not_found(session: Session, contract: Contract) -> None:
    with pytest.raises(NotFound):
        weigh_in(session, weighed(contract, contract_id=10**9))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    loads=st.lists(
        st.tuples(
            st.integers(1_300, 40_000), st.integers(0, 1_800), st.integers(0, 3_000), st.sampled_from(["一级", "二级"])
        ),
        min_size=1,
        max_size=8,
    ),
    market=st.integers(100, 30_000),
)
def test_sums_are_the_ledgers_sums_whatever_is_brought(
    session: Session, loads: list[tuple[int, int, int, str]], market: int
) -> None:
    contract = make_contract(session, agreed_g=1_000_000)
    make_quote(session, contract, market)
    written = [
        weigh_in(session, weighed(contract, gross_g=gross, moisture_bps=moisture, foreign_bps=foreign, grade=grade))
        for gross, moisture, foreign, grade in loads
    ]
    net_g = sum(gross - 1_200 for gross, *_ in loads)
    owed = select(func.sum(Payable.amount_fen)).where(Payable.farmer_id == contract.farmer_id)
    received = select(func.sum(Lot.received_g)).where(Lot.variant_id == contract.variant_id)
    assert session.scalar(owed) == sum(delivery.pay_fen for delivery in written)
    assert session.scalar(received) == contract.delivered_g == net_g
    assert grams_on_hand(session, contract.variant_id) == grams_in_ledger(session, contract.variant_id) == net_g


def at_once(database: Database, tasks: list[Callable[[Session], object]]) -> list[str]:
    """Run tasks at one instant, each in its own transaction; what each got: "written" or the code of its refusal."""
    start, got = Barrier(len(tasks)), []

    def run(task: Callable[[Session], object]) -> None:
        start.wait()
        try:
            with database.transaction() as session:
                task(session)
            got.append("written")
        except Problem as problem:
            got.append(problem.code)
        except IntegrityError as error:
            got.append("refused by the database" if "delivered_within_agreed" in str(error.orig) else str(error.orig))

    threads = [Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(got)


SCALES = 6
LOAD_G = 40_000


def open_contract(database: Database) -> int:
    """100 kg and 10 % more: room for two loads of 40 kg."""
    with database.transaction() as session:
        contract = make_contract(session)
        make_quote(session, contract)
        return contract.id


def loads(contract_id: int) -> list[Callable[[Session], object]]:
    def load(session: Session) -> object:
        contract = session.get_one(Contract, contract_id)
        return weigh_in(session, weighed(contract, gross_g=LOAD_G + 1_200))

    return [load] * SCALES


def delivered(database: Database, contract_id: int) -> tuple[int, int]:
    with database.transaction() as session:
        total = select(func.sum(Delivery.net_g)).where(Delivery.contract_id == contract_id)
        return session.get_one(Contract, contract_id).delivered_g, int(session.scalar(total) or 0)


def test_six_scales_at_once_take_no_more_than_was_agreed(database: Database) -> None:
    contract_id = open_contract(database)
    assert at_once(database, loads(contract_id)) == ["invalid"] * 4 + ["written"] * 2
    assert delivered(database, contract_id) == (2 * LOAD_G, 2 * LOAD_G)


def everybody_looks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the lock out and let every scale read the contract before any writes."""
    looked, work_out = Barrier(SCALES), service.work_out
    monkeypatch.setattr(service, "lock_contract", lambda *_: None)

    def look(*args: object, **options: object) -> object:
        found = work_out(*args, **options)  # type: ignore[arg-type]
        looked.wait(10)
        return found

    monkeypatch.setattr(service, "work_out", look)


def test_without_the_lock_the_database_still_takes_no_more(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    contract_id = open_contract(database)
    everybody_looks_first(monkeypatch)
    assert at_once(database, loads(contract_id)) == ["refused by the database"] * 4 + ["written"] * 2
    assert delivered(database, contract_id) == (2 * LOAD_G, 2 * LOAD_G)


def test_without_lock_and_constraint_too_much_is_taken(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same race with both guards out."""
    contract_id = open_contract(database)
    everybody_looks_first(monkeypatch)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE contracts DROP CONSTRAINT ck_contracts_delivered_within_agreed"))
    assert at_once(database, loads(contract_id)) == ["written"] * SCALES
    assert delivered(database, contract_id)[1] == SCALES * LOAD_G


def test_a_double_tap_at_one_instant_is_one_delivery(database: Database) -> None:
    contract_id = open_contract(database)

    def tap(session: Session) -> object:
        return weigh_in(session, weighed(session.get_one(Contract, contract_id)), "double-tap")

    assert at_once(database, [tap] * SCALES) == ["written"] * SCALES
    assert delivered(database, contract_id) == (42_500, 42_500)


def test_one_key_on_two_contracts_at_one_instant_writes_one(database: Database) -> None:
    first, second = open_contract(database), open_contract(database)

    def tap(contract_id: int) -> Callable[[Session], object]:
        return lambda session: weigh_in(session, weighed(session.get_one(Contract, contract_id)), "one-key")

    assert at_once(database, [tap(first), tap(second)]) == ["idempotency_key_reused", "written"]


# ---- bagging ----


def lot_of(session: Session, net_g: int = 42_500) -> tuple[Lot, int]:
    """A lot of some grams and the bag of 250 g that it can be filled into."""
    bag, raw = make_goods(session)
    contract = make_contract(session, raw=raw)
    make_quote(session, contract)
    return weigh_in(session, weighed(contract, gross_g=net_g + 1_200)).lot, bag.id


def fill(session: Session, lot: Lot, bag_id: int, bags: int, key: str) -> Bagging:
    return bag_lot(session, lot.id, bag_id, bags, key=key, today=TODAY, now=NOW, by=WEIGHER)[0]


def test_bagging_turns_grams_of_a_lot_into_bags(session: Session) -> None:
    lot, bag_id = lot_of(session)
    bagging = fill(session, lot, bag_id, 100, "hundred-bags")
    assert (bagging.used_g, lot.used_g) == (25_000, 25_000)
    assert (grams_on_hand(session, lot.variant_id), grams_on_hand(session, bag_id)) == (17_500, 100)
    assert grams_in_ledger(session, lot.variant_id) == lot.received_g - lot.used_g


def test_the_same_bagging_twice_changes_nothing_and_another_under_its_key_is_refused(session: Session) -> None:
    lot, bag_id = lot_of(session)
    assert fill(session, lot, bag_id, 10, "ten-bags").id == fill(session, lot, bag_id, 10, "ten-bags").id
    with pytest.raises(KeyReused), session.begin_nested():
        fill(session, lot, bag_id, 11, "ten-bags")
    assert grams_on_hand(session, bag_id) == 10


def test_a_lot_fills_no_more_bags_than_it_holds(session: Session) -> None:
    lot, bag_id = lot_of(session)
    with pytest.raises(Refused) as refused:
        fill(session, lot, bag_id, 171, "too-many")
    assert refused.value.extra == {"most": 170}
    fill(session, lot, bag_id, 170, "all-of-it")
    assert lot not in queries.lots_in_stock(session)


def test_a_lot_is_not_filled_into_another_products_bags(session: Session) -> None:
    lot, _ = lot_of(session)
    with pytest.raises(Refused) as refused:
        fill(session, lot, make_variant(session).id, 1, "other-goods")
    assert refused.value.code == "other_product"


def test_bags_at_one_instant_use_each_gram_once(database: Database) -> None:
    with database.transaction() as session:
        lot, bag_id = lot_of(session, 10_000)
        lot_id = lot.id

    def task(number: int) -> Callable[[Session], object]:
        return lambda session: bag_lot(
            session, lot_id, bag_id, 16, key=f"bags-{number}", today=TODAY, now=NOW, by=WEIGHER
        )

    assert at_once(database, [task(number) for number in range(5)]) == ["lot_too_small"] * 3 + ["written"] * 2
    with database.transaction() as session:
        assert session.get_one(Lot, lot_id).used_g == 8_000
        assert grams_on_hand(session, bag_id) == 32


def test_what_is_left_of_a_lot_can_be_written_off_once(session: Session) -> None:
    lot, bag_id = lot_of(session)
    fill(session, lot, bag_id, 169, "nearly-all")
    for _ in range(2):
        write_off_rest(session, lot.id, reason="晒干掉秤", now=NOW, by=WEIGHER)
    assert (lot.used_g, grams_on_hand(session, lot.variant_id)) == (lot.received_g, 0)
    assert grams_in_ledger(session, lot.variant_id) == 0
