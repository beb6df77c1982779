"""What farmers are paid by, changed by two at one instant: contracts, the day's price, and prices put right."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts.models import FarmerEntry
from fulfillment.purchasing.corrections.queries import open_differences
from fulfillment.purchasing.corrections.service import Decision, decide
from fulfillment.purchasing.growers.contract_service import Amendment, amend_contract, promise_of, renew_contract
from fulfillment.purchasing.growers.models import Contract, ContractVersion, Farmer
from fulfillment.purchasing.quotes.models import MarketQuote
from kernel.db import Database
from shop.catalog.models import Variant
from tests.packing.races import ROW_LOCKS, all_look_first, drop, told_at_once, without
from tests.purchasing.world import TODAY, WEIGHER, make_contract, make_farmer, make_goods, make_quote, weigh_in, weighed
from tests.world import NOW

Deed = Callable[[Session], object]
WHO = {"now": NOW, "by": WEIGHER}
TABLE_LOCK = "LOCK TABLE .*"


@pytest.fixture
def contract(database: Database) -> Contract:
    with database.transaction() as session:
        contract = make_contract(session)
        make_quote(session, contract, 8_000)
        return contract


# ---- contracts ----


def amending(contract: Contract, premium_bps: int) -> Deed:
    promise = replace(promise_of(contract), premium_bps=premium_bps)
    wish = Amendment(contract.version, TODAY, promise, "两边商量过")
    return lambda session: amend_contract(session, contract.id, wish, today=TODAY, **WHO)


@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_two_who_amend_one_is_told_and_without_the_lock_one_overwrites_the_other_unseen(
    database: Database, contract: Contract, is_guarded: bool
) -> None:
    deeds = [amending(contract, 1_100), amending(contract, 1_300)]
    if is_guarded:
        assert told_at_once(database, *deeds) == ["amended_meanwhile", "written"]
    else:
        with without(database, ROW_LOCKS), all_look_first(database, "UPDATE contracts"):
            assert told_at_once(database, *deeds) == ["written", "written"]
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(ContractVersion)) == (2 if is_guarded else 3)


def renewals(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).where(Contract.renews_id.is_not(None))) or 0


def test_a_contract_is_renewed_once_however_many_press(database: Database, contract: Contract) -> None:
    deeds = [lambda session: renew_contract(session, contract.id, **WHO)] * 4
    assert told_at_once(database, *deeds) == ["written"] * 4
    assert renewals(database) == 1


OVERLAP, RENEWAL = "contracts no_two_overlap", "DROP INDEX uq_contracts_renewal"


@pytest.mark.parametrize(
    ("gone", "times"),
    [([OVERLAP], 1), ([RENEWAL], 1), ([OVERLAP, RENEWAL], 2)],
    ids=["one renewal is left", "no overlap is left", "nothing is left"],
)
def test_without_the_lock_each_guard_alone_renews_once_and_without_any_it_is_twice(
    database: Database, contract: Contract, gone: list[str], times: int
) -> None:
    drop(database, *gone)
    deeds = [lambda session: renew_contract(session, contract.id, **WHO)] * 2
    with without(database, ROW_LOCKS), all_look_first(database, "INSERT INTO contracts"):
        told_at_once(database, *deeds)
    assert renewals(database) == times


@pytest.mark.parametrize("is_guarded", [True, False])
def test_a_form_sent_twice_signs_one_contract_and_two_without_the_guard(database: Database, is_guarded: bool) -> None:
    with database.transaction() as session:
        farmer, (_, raw) = make_farmer(session), make_goods(session)
        farmer_id, raw_id = farmer.id, raw.id
    if not is_guarded:
        drop(database, OVERLAP)

    def sign(session: Session) -> object:
        return make_contract(session, session.get_one(Farmer, farmer_id), session.get_one(Variant, raw_id))

    if is_guarded:
        assert told_at_once(database, *[sign] * 4) == ["written"] * 4
    else:
        with without(database, ROW_LOCKS), all_look_first(database, "INSERT INTO contracts"):
            assert told_at_once(database, sign, sign) == ["written", "written"]
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Contract)) == (1 if is_guarded else 2)


# ---- the price of a day ----


def typing(contract: Contract, fen: int) -> Deed:
    return lambda session: make_quote(session, contract, fen)


def accepted(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).where(MarketQuote.state == "accepted")) or 0


def test_of_two_who_type_a_price_the_later_one_counts(database: Database, contract: Contract) -> None:
    assert told_at_once(database, typing(contract, 8_100), typing(contract, 8_200)) == ["written", "written"]
    assert accepted(database) == 1


ONE_ACCEPTED = "DROP INDEX uq_market_quotes_accepted"
REVISIONS = "market_quotes uq_market_quotes_source_source_key_revision"


@pytest.mark.parametrize(
    ("gone", "prices"),
    [([REVISIONS], 1), ([ONE_ACCEPTED], 1), ([REVISIONS, ONE_ACCEPTED], 2)],
    ids=["one accepted price is left", "the revisions' key is left", "nothing is left"],
)
def test_without_the_lock_each_key_alone_keeps_one_price_a_day_and_without_any_there_are_two(
    database: Database, contract: Contract, gone: list[str], prices: int
) -> None:
    drop(database, *gone)
    # Both find the earlier price replaced already, as when it was taken back by hand.
    with database.transaction() as session:
        for quote in session.scalars(select(MarketQuote)):
            quote.state = "replaced"
    with without(database, TABLE_LOCK), all_look_first(database, "INSERT INTO market_quotes"):
        got = told_at_once(database, typing(contract, 8_100), typing(contract, 8_200))
    assert got.count("written") == prices, got
    assert accepted(database) == prices


# ---- a price put right afterwards ----


@pytest.fixture
def pressing(database: Database, contract: Contract) -> Deed:
    """The day's price turned out higher: somebody decides that the difference is paid."""
    with database.transaction() as session:
        weigh_in(session, weighed(contract))
        make_quote(session, contract, 8_400)
        (found,) = open_differences(session)
        wish = Decision(found.delivery.id, found.quote.id, found.fen, "paid")
    return lambda session: decide(session, wish, **WHO)


DECISION = "quote_corrections pk_quote_corrections"
SUPPLEMENT = "farmer_entries uq_farmer_entries_idempotency_key"


@pytest.mark.parametrize(
    ("gone", "times"),
    [([DECISION], 1), ([SUPPLEMENT], 1), ([DECISION, SUPPLEMENT], 2)],
    ids=["the supplement's key is left", "one decision is left", "nothing is left"],
)
def test_without_the_lock_each_key_alone_pays_a_difference_once_and_without_any_it_is_paid_twice(
    database: Database, pressing: Deed, gone: list[str], times: int
) -> None:
    drop(database, *gone)
    with without(database, ROW_LOCKS), all_look_first(database, "INSERT INTO farmer_entries"):
        told_at_once(database, pressing, pressing)
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(FarmerEntry)) == times
