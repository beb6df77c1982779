"""Contracts that are amended, renewed and overfilled: what was delivered keeps the promise it was brought under."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.contract_service import (
    Amendment,
    amend_contract,
    end_contract,
    promise_of,
)
from fulfillment.purchasing.growers.models import Contract, ContractVersion
from fulfillment.purchasing.models import Delivery
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.errors import Invalid, Problem, Refused
from tests.packing.races import all_at_once
from tests.purchasing.world import TODAY, WEIGHER, make_contract, make_farmer, make_goods, make_quote, weigh_in, weighed
from tests.world import NOW

TOMORROW = TODAY + timedelta(days=1)


def amend(
    session: Session, contract: Contract, *, from_day: date = TODAY, seen: int | None = None, **changes: Any
) -> Contract:
    amendment = Amendment(seen or contract.version, from_day, replace(promise_of(contract), **changes), "两边商量过")
    return amend_contract(session, contract.id, amendment, today=TODAY, now=NOW, by=WEIGHER)


@pytest.fixture
def contract(session: Session) -> Contract:
    """100 kg at 80 yuan plus 12 %, with today's price."""
    contract = make_contract(session)
    make_quote(session, contract, 8_000)
    return contract


def test_what_was_delivered_keeps_its_terms_and_what_comes_after_has_the_new_ones(
    session: Session, contract: Contract
) -> None:
    yesterday = TODAY - timedelta(days=1)
    make_quote(session, contract, 8_000, day=yesterday)
    before = weigh_in(session, weighed(contract, day=yesterday, gross_g=11_200, grade="二级"))
    amend(session, contract, premium_bps=1_500, deductions={"一级": 0, "二级": 500}, payment_days=30)
    after = weigh_in(session, weighed(contract, gross_g=11_200, grade="二级"))
    # 80 + 12 % less 8 %, then 80 + 15 % less 5 %, for 10 kg each.
    assert (before.contract_version, before.unit_fen_per_kg, before.pay_fen) == (1, 8_243, 82_430)
    assert (after.contract_version, after.unit_fen_per_kg, after.pay_fen) == (2, 8_740, 87_400)
    # Brought yesterday and written down today: the promise of yesterday.
    late = weigh_in(session, weighed(contract, day=yesterday, gross_g=11_200))
    assert (late.contract_version, late.premium_bps) == (1, 1_200)
    assert [each.version for each in growers.versions(session, contract.id)] == [2, 1]


def test_other_prices_begin_after_the_last_goods_and_never_in_the_past(session: Session, contract: Contract) -> None:
    weigh_in(session, weighed(contract))
    for changes in (
        {"premium_bps": 1_100},
        {"floor_fen_per_kg": 0},
        {"quote_days": 9},
        {"quote_days": 3, "median_days": 3},
        {"market": None},
        {"standard_moisture_bps": 1_200},
        {"reject_above_bps": None},
        {"payment_days": 8},
        {"deductions": {"一级": 0, "二级": 900}},
    ):
        with pytest.raises(Invalid) as refused:
            amend(session, contract, **changes)
        assert "11-24" in refused.value.fields["from_day"].zh, changes
    with pytest.raises(Invalid) as refused:
        amend(session, contract, from_day=TODAY - timedelta(days=1), premium_bps=1_100)
    assert list(refused.value.fields) == ["from_day"]
    assert amend(session, contract, from_day=TOMORROW, premium_bps=1_100).version == 2
    # Until then the old terms are in force.
    assert growers.terms_on(session, contract.id, TODAY).premium_bps == 1_200
    assert growers.terms_on(session, contract.id, TOMORROW).premium_bps == 1_100
    assert weigh_in(session, weighed(contract, gross_g=2_200)).contract_version == 1


def test_the_quantity_changes_at_once_but_not_below_what_came(session: Session, contract: Contract) -> None:
    weigh_in(session, weighed(contract))
    with pytest.raises(Invalid) as refused:
        amend(session, contract, agreed_g=42_499)
    assert "42.5 kg" in refused.value.fields["agreed"].en
    assert amend(session, contract, agreed_g=42_500).agreed_g == 42_500
    assert weigh_in(session, weighed(contract, gross_g=2_200)).contract_version == 2
    with pytest.raises(Invalid) as refused:
        amend(session, contract, tolerance_bps=0)
    assert list(refused.value.fields) == ["tolerance"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"season_start": TOMORROW}, "season_start"),
        ({"season_end": TODAY - timedelta(days=1)}, "season_end"),
    ],
)
def test_a_season_cannot_leave_out_what_came(
    session: Session, contract: Contract, changes: dict[str, Any], field: str
) -> None:
    weigh_in(session, weighed(contract))
    with pytest.raises(Invalid) as refused:
        amend(session, contract, **changes)
    assert list(refused.value.fields) == [field]


def test_an_amended_season_still_overlaps_with_no_other(session: Session, contract: Contract) -> None:
    after = contract.season_end + timedelta(days=1)
    make_contract(session, contract.farmer, contract.variant, season_start=after, season_end=after)
    with pytest.raises(Invalid) as refused:
        amend(session, contract, season_end=after)
    assert refused.value.code == "contract_overlaps"
    earlier = amend(session, contract, season_end=contract.season_end - timedelta(days=10))
    assert earlier.version == 2
    gap = contract.season_end + timedelta(days=1)
    make_contract(session, contract.farmer, contract.variant, season_start=gap, season_end=gap)


def test_a_form_sent_twice_amends_once_and_an_outdated_one_not_at_all(session: Session, contract: Contract) -> None:
    amend(session, contract, agreed_g=90_000)
    assert amend(session, contract, seen=1, agreed_g=90_000).version == 2
    with pytest.raises(Refused, match="Somebody amended"):
        amend(session, contract, seen=1, agreed_g=80_000)
    with pytest.raises(Refused, match="Nothing is different"):
        amend(session, contract)
    end_contract(session, contract.id, reason="搬走了", now=NOW, by=WEIGHER)
    with pytest.raises(Refused):
        amend(session, contract, agreed_g=80_000)


def test_an_amendment_is_noted_with_what_was_and_what_is(session: Session, contract: Contract) -> None:
    amend(session, contract, agreed_g=90_000, season_end=contract.season_end + timedelta(days=5))
    noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "contract.amended")).one()
    assert noted.before == {"agreed_g": 100_000, "season_end": "2027-01-23"}
    assert (noted.after["agreed_g"], noted.after["season_end"]) == (90_000, "2027-01-28")
    assert (noted.after["version"], noted.after["reason"]) == (2, "两边商量过")


def test_nothing_can_be_taken_off_the_quoted_grade(session: Session, contract: Contract) -> None:
    for deductions in ({"一级": 1, "二级": 800}, {"二级": 800}, {}):
        with pytest.raises(Invalid) as refused:
            amend(session, contract, deductions=deductions)
        assert list(refused.value.fields) == ["deductions"]


# The database by itself, whatever a program does.


def test_terms_changed_past_the_service_become_a_version_all_the_same(session: Session, contract: Contract) -> None:
    session.execute(update(Contract).values(agreed_g=90_000, version=7))
    assert [(each.version, each.agreed_g) for each in growers.versions(session, contract.id)] == [
        (2, 90_000),
        (1, 100_000),
    ]
    session.execute(update(Contract).values(version=9, terms_from=TODAY + timedelta(days=30)))
    session.refresh(contract)
    assert (contract.version, contract.terms_from) == (2, contract.season_start)


@pytest.mark.parametrize("change", ["farmer_id = -1", "product = 'stones'", "grade = '二级'"])
def test_who_and_what_a_contract_is_for_stays(session: Session, contract: Contract, change: str) -> None:
    with pytest.raises(IntegrityError, match="contract_is_of_one"), session.begin_nested():
        session.execute(text(f"UPDATE contracts SET {change}"))


def test_a_version_is_written_by_its_contract_only(session: Session, contract: Contract) -> None:
    row = dict(session.execute(select(ContractVersion.__table__)).mappings().one())
    for changes in ({"version": 2}, {"version": 2, "premium_bps": 1_000}):
        with pytest.raises(IntegrityError, match="version_is_the_contract"), session.begin_nested():
            session.execute(insert(ContractVersion).values(row | changes))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"contract_version": 1}, "delivered_under_promise"),
        ({"grade_deduction_bps": 0}, "deduction_as_agreed"),
        ({"grade": "三级"}, "deduction_as_agreed"),
    ],
)
def test_a_delivery_under_another_promise_is_refused(
    session: Session, contract: Contract, changes: dict[str, Any], rule: str
) -> None:
    amend(session, contract, agreed_g=90_000)
    delivery = weigh_in(session, weighed(contract, gross_g=2_200, grade="二级"))
    columns = {column.name: getattr(delivery, column.name) for column in Delivery.__table__.columns}
    row = {name: value for name, value in columns.items() if name != "id"} | {"idempotency_key": "by hand"}
    if "grade_deduction_bps" in changes:
        # All else worked out honestly from the deduction that is claimed: 1 kg at 89.60.
        row |= {"unit_fen_per_kg": 8_960, "pay_fen": 8_960, "market_pay_fen": 8_000}
    with pytest.raises(IntegrityError, match=rule), session.begin_nested():
        session.execute(insert(Delivery).values(row | changes))


# Any season: whatever is amended and brought in whatever order, each delivery was paid by the promise of its day.

steps = st.lists(
    st.one_of(
        st.tuples(st.just("amend"), st.integers(0, 6), st.integers(1_000, 1_500), st.integers(0, 12_000)),
        st.tuples(st.just("bring"), st.integers(0, 6), st.integers(1_000, 9_000), st.sampled_from([0, 1])),
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(steps)
def test_each_delivery_was_made_under_the_promise_of_its_day(session: Session, steps: list[Any]) -> None:
    with session.begin_nested() as aside:
        contract = make_contract(session, season_start=TODAY - timedelta(days=30))
        for back in range(7):
            make_quote(session, contract, 8_000 + 37 * back, day=TODAY - timedelta(days=back))
        model = [(date.min, 1_200, 6_000)]
        for kind, back, first, second in steps:
            day = TODAY - timedelta(days=back)
            if kind == "amend":
                model += amended(session, contract, day, first, second)
                continue
            delivery = weigh_in(
                session, weighed(contract, day=day, gross_g=1_200 + first, grade=("一级", "二级")[second])
            )
            _, premium_bps, floor = [terms for terms in model if terms[0] <= day][-1]
            assert (delivery.premium_bps, delivery.floor_fen_per_kg) == (premium_bps, floor)
            assert delivery.promised_fen_per_kg >= max(floor, delivery.quote_fen_per_kg * 11_000 // 10_000)
        aside.rollback()


def amended(
    session: Session, contract: Contract, day: date, premium_bps: int, floor: int
) -> list[tuple[date, int, int]]:
    """What the model learns from an amendment that was accepted: it begins no earlier than the one before."""
    changed = replace(promise_of(contract), premium_bps=premium_bps, floor_fen_per_kg=floor)
    try:
        amendment = Amendment(contract.version, day, changed, "")
        amend_contract(session, contract.id, amendment, today=day, now=NOW, by=WEIGHER)
    except Problem:
        return []
    return [(contract.terms_from, premium_bps, floor)]


# Two at once.


@pytest.fixture
def signed(database: Database) -> Contract:
    with database.transaction() as session:
        contract = make_contract(session)
        make_quote(session, contract, 8_000)
        return contract


def tried(act: Any) -> Any:
    """The act, or what it was refused with."""

    def run(session: Session) -> Any:
        try:
            return act(session)
        except Problem as problem:
            return problem

    return run


def test_of_two_who_amend_at_once_the_second_is_told(database: Database, signed: Contract) -> None:
    answers = all_at_once(
        database,
        tried(lambda session: amend(session, session.get_one(Contract, signed.id), seen=1, agreed_g=90_000)),
        tried(lambda session: amend(session, session.get_one(Contract, signed.id), seen=1, agreed_g=80_000)),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Contract", "Refused"]
    with database.transaction() as session:
        assert [each.version for each in growers.versions(session, signed.id)] == [2, 1]


@pytest.mark.parametrize("turn", range(4))
def test_an_amendment_and_a_weigh_in_at_once_come_one_after_the_other(
    database: Database, signed: Contract, turn: int
) -> None:
    acts = [
        tried(lambda session: amend(session, session.get_one(Contract, signed.id), seen=1, premium_bps=1_500)),
        tried(lambda session: weigh_in(session, weighed(signed))),
    ]
    amended, delivery = all_at_once(database, *acts)
    with database.transaction() as session:
        in_force = growers.terms_on(session, signed.id, TODAY)
        # Either the goods were first, and the amendment waits for tomorrow; or they have the new premium.
        assert delivery.premium_bps == in_force.premium_bps == (1_200 if isinstance(amended, Invalid) else 1_500)


def test_without_the_databases_guard_goods_are_paid_by_a_promise_that_is_gone(
    database: Database, signed: Contract
) -> None:
    """The control: with its triggers off, a row written by hand under the old terms after an amendment stays."""
    with database.transaction() as session:
        delivery = weigh_in(session, weighed(signed, gross_g=2_200))
        columns = {column.name: getattr(delivery, column.name) for column in Delivery.__table__.columns}
        row = {name: value for name, value in columns.items() if name != "id"} | {"idempotency_key": "by hand"}
    with database.transaction() as session:
        amend(session, session.get_one(Contract, signed.id), from_day=TOMORROW, premium_bps=1_500)
        make_quote(session, signed, 8_000, day=TOMORROW)
    stale = insert(Delivery).values(row | {"day": TOMORROW})
    with pytest.raises(IntegrityError, match="delivered_under_promise"), database.transaction() as session:
        session.execute(stale)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE deliveries DISABLE TRIGGER deliveries_under_promise"))
        session.execute(stale)


def test_a_form_that_is_sent_twice_signs_one_contract_and_ends_it_once(session: Session) -> None:
    who: dict[str, Any] = {"now": NOW, "by": WEIGHER}
    farmer, (_, raw) = make_farmer(session), make_goods(session)
    contract = make_contract(session, farmer, raw)
    assert make_contract(session, farmer, raw) is contract
    with pytest.raises(Invalid):
        make_contract(session, farmer, raw, premium_bps=1_300)
    assert end_contract(session, contract.id, reason="搬走了", **who) is contract
    assert end_contract(session, contract.id, reason="搬走了", **who) is contract
    with pytest.raises(Refused):
        end_contract(session, contract.id, reason="不种了", **who)
    noted = select(AuditEntry.action).where(AuditEntry.subject == f"contract:{contract.id}").order_by(AuditEntry.id)
    assert session.scalars(noted).all() == ["contract.signed", "contract.ended"]
    assert make_contract(session, farmer, raw).id != contract.id, "an ended one is no answer"
