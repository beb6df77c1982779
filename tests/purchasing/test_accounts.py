"""Entries of farmers' accounts: written once, with their proof, undone whole."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts import rules
from fulfillment.purchasing.accounts.models import FarmerEntry
from fulfillment.purchasing.accounts.service import Entry, add_entry, add_supplement
from fulfillment.purchasing.service import KeyReused
from kernel.credit_code import is_credit_code
from kernel.errors import NotFound
from tests.purchasing.world import TODAY, WEIGHER, make_contract, make_farmer, make_quote, weigh_in, weighed
from tests.world import NOW

WHO = {"now": NOW, "by": WEIGHER}


def advance(farmer_id: int, fen: int = 50_000, **facts: object) -> Entry:
    return Entry(farmer_id, rules.ADVANCE, fen, TODAY, **({"what": rules.SPAWN, "paper_ref": "收条 12"} | facts))


def test_a_supplement_is_owed_once_for_a_delivery_of_that_farmer(session: Session) -> None:
    contract = make_contract(session)
    make_quote(session, contract)
    delivery = weigh_in(session, weighed(contract))
    facts = {"farmer_id": contract.farmer_id, "delivery_id": delivery.id, "amount_fen": 1_250, "reason": "行情改了"}
    first = add_supplement(session, **facts, key="difference-1", **WHO)
    assert add_supplement(session, **facts, key="difference-1", **WHO).id == first.id
    assert (first.kind, first.amount_fen, first.delivery_id) == ("supplement", 1_250, delivery.id)
    with pytest.raises(KeyReused):
        add_supplement(session, **(facts | {"amount_fen": 1_251}), key="difference-1", **WHO)
    with pytest.raises(ValueError, match="above zero"):
        add_supplement(session, **(facts | {"amount_fen": 0}), key="difference-2", **WHO)
    other = make_farmer(session, "叶水生")
    with pytest.raises(NotFound):
        add_supplement(session, **(facts | {"farmer_id": other.id}), key="difference-3", **WHO)


def test_advances_and_deductions_take_and_supplements_give(session: Session) -> None:
    farmer = make_farmer(session)
    kept = [
        add_entry(session, advance(farmer.id), key="a-1", **WHO),
        add_entry(session, Entry(farmer.id, rules.DEDUCTION, 3_000, TODAY, paper_ref="协议 7"), key="d-1", **WHO),
        add_entry(session, Entry(farmer.id, rules.SUPPLEMENT, 900, TODAY, reason="少算了"), key="s-1", **WHO),
    ]
    assert [line.amount_fen for line in kept] == [-50_000, -3_000, 900]


@pytest.mark.parametrize(
    ("entry", "check"),
    [
        ({"kind": rules.DEDUCTION}, "deduction_is_signed"),
        ({"kind": rules.ADVANCE, "what": rules.FUEL}, "advance_has_proof"),
        ({"kind": rules.ADVANCE, "paper_ref": "收条 1"}, "known_input"),
        ({"kind": rules.SUPPLEMENT}, "says_why"),
        ({"kind": "gift"}, "known_kind"),
    ],
)
def test_the_database_refuses_an_entry_without_its_proof(session: Session, entry: dict[str, str], check: str) -> None:
    farmer = make_farmer(session)
    with pytest.raises(IntegrityError, match=check):
        add_entry(session, Entry(farmer_id=farmer.id, fen=100, day=TODAY, **entry), key="bad-1", **WHO)


def test_a_photo_is_proof_of_an_advance(session: Session) -> None:
    farmer = make_farmer(session)
    line = add_entry(session, advance(farmer.id, paper_ref="", photo=b"\xff\xd8jpeg"), key="p-1", **WHO)
    assert line.photo == b"\xff\xd8jpeg"


def test_lines_never_change(session: Session) -> None:
    line = add_entry(session, advance(make_farmer(session).id), key="a-1", **WHO)
    with pytest.raises(IntegrityError, match="append-only"):
        session.execute(update(FarmerEntry).where(FarmerEntry.id == line.id).values(amount_fen=-1))


@pytest.mark.parametrize(
    ("number", "is_right"),
    [
        ("11010519491231002X", True),
        ("440524188001010014", True),
        ("110105194912310021", False),
        ("11010519491231002x", False),
        ("１1010519491231002X", False),
        ("", False),
    ],
)
def test_residents_numbers_carry_their_check_sign(number: str, is_right: bool) -> None:
    assert rules.is_identity_number(number) is is_right


@pytest.mark.parametrize(
    ("code", "is_right"),
    [("91350100M000100Y43", True), ("91350100M000100Y44", False), ("91350100M000100Y4", False), ("", False)],
)
def test_credit_codes_carry_their_check_sign(code: str, is_right: bool) -> None:
    assert is_credit_code(code) is is_right
