"""More than was agreed: at the same terms once two people agree, or not at all."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.contract_service import allow_more
from fulfillment.purchasing.growers.models import Contract, ContractExtra
from fulfillment.purchasing.growers.rules import SAME_TERMS
from kernel.audit import SYSTEM, Actor
from kernel.errors import Invalid, Refused
from kernel.people import service as people
from kernel.people.rules import OWNER
from tests.purchasing.world import make_contract, make_quote, weigh_in, weighed
from tests.world import NOW


@pytest.fixture
def contract(session: Session) -> Contract:
    """A contract that takes no more than was agreed."""
    return make_contract(session)


def two_people(session: Session) -> tuple[Actor, Actor]:
    found = [
        people.add_person(session, name=name, shown_name=name, roles=[OWNER], now=NOW, by=SYSTEM) for name in "甲乙"
    ]
    return Actor(found[0].id, "甲"), Actor(found[1].id, "乙")


def test_more_than_was_agreed_is_taken_at_the_same_terms_when_two_people_agree(session: Session) -> None:
    contract = make_contract(session, agreed_g=10_000, over_rule=SAME_TERMS)
    make_quote(session, contract, 8_000)
    with pytest.raises(Invalid):
        weigh_in(session, weighed(contract, gross_g=13_200))
    asked_by, agreed_by = two_people(session)
    with pytest.raises(Refused):
        allow_more(session, contract.id, 1_000, reason="丰收", asked_by=asked_by, agreed_by=asked_by, now=NOW)
    more = allow_more(session, contract.id, 1_000, reason="丰收", asked_by=asked_by, agreed_by=agreed_by, now=NOW)
    assert more.extra_g == 1_000
    delivery = weigh_in(session, weighed(contract, gross_g=13_200))
    assert (delivery.net_g, delivery.promised_fen_per_kg) == (12_000, 8_960)
    with pytest.raises(Invalid):
        weigh_in(session, weighed(contract, gross_g=1_201))


def test_a_contract_that_takes_no_more_takes_no_more(session: Session, contract: Contract) -> None:
    asked_by, agreed_by = two_people(session)
    with pytest.raises(Refused, match="no more than was agreed"):
        allow_more(session, contract.id, 1_000, reason="丰收", asked_by=asked_by, agreed_by=agreed_by, now=NOW)
    row = {"contract_id": contract.id, "grams": 1, "reason": "", "at": NOW}
    with pytest.raises(IntegrityError, match="extra_is_allowed"), session.begin_nested():
        session.execute(
            insert(ContractExtra).values(**row, asked_by_id=asked_by.person_id, agreed_by_id=agreed_by.person_id)
        )
    with pytest.raises(IntegrityError, match="two_people"), session.begin_nested():
        session.execute(
            insert(ContractExtra).values(**row, asked_by_id=asked_by.person_id, agreed_by_id=asked_by.person_id)
        )
