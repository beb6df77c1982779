"""The grade table: an owner sets it up by hand, and no farmer's promise is made worse by it afterwards."""

import re
from datetime import date

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Contract, Grade
from fulfillment.purchasing.growers.service import GradeTerms, set_grade
from kernel.audit import SYSTEM, AuditEntry
from kernel.errors import Invalid
from tests.purchasing.world import make_contract, make_farmer, make_goods, make_quote, weigh_in, weighed
from tests.weigh.conftest import Desk
from tests.world import NOW

GRADES = "/bench/weigh/grades"


def raw_goods(desk: Desk) -> str:
    """Raw goods of a product that has no grades yet; the product's name in addresses."""
    with desk.database.transaction() as session:
        _, raw = make_goods(session)
        for grade in session.scalars(select(Grade)):
            session.delete(grade)
        return raw.product.slug


def test_an_owner_goes_from_nothing_to_a_signed_contract(owner: Desk) -> None:
    assert "还没有原料" in owner.look(GRADES).text
    assert "还没有农户" in owner.look("/bench/weigh/contracts/new").text
    assert "还没有农户" in owner.look("/bench/weigh/farmers").text
    assert "还没有交过货" in owner.look("/bench/weigh/deliveries").text
    product = raw_goods(owner)
    with owner.database.transaction() as session:
        farmer_id = make_farmer(session).id
    new = owner.look("/bench/weigh/contracts/new").text
    assert f'href="{GRADES}"' in new
    assert f'href="{GRADES}"' in owner.look("/bench/weigh/quotes/type").text
    owner.send(GRADES, product=product, name="花菇一级", deduction="0")
    owner.send(GRADES, product=product, name="花菇二级", deduction="8")
    with owner.database.transaction() as session:
        first, second = session.scalars(select(Grade).order_by(Grade.deduction_bps))
        assert (second.name, second.form, second.deduction_bps) == ("花菇二级", "dry", 800)
        noted = session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "grade.set")).all()
        assert noted == [f"grade:{first.id}", f"grade:{second.id}"]
    offered = re.findall(r'value="(\d+-\d+)">([^<]+)<', owner.look("/bench/weigh/contracts/new").text)
    ((goods, words),) = offered
    assert words.endswith("花菇一级"), "only the grade that is quoted can be promised"
    terms = {"farmer": farmer_id, "goods": goods, "season_start": "2026-11-01"}
    figures = {"season_end": "2027-03-31", "agreed": "100", "tolerance": "10", "premium": "12", "floor": "60"}
    rest = {
        "quote_days": "3",
        "payment_days": "7",
        "standard_moisture": "13",
        "reject_above": "18",
        "market": "",
        "over_rule": "refuse",
    }
    owner.send("/bench/weigh/contracts/new", **terms, **figures, **rest)
    with owner.database.transaction() as session:
        assert session.scalars(select(Contract.grade)).one() == "花菇一级"


def test_a_grade_that_cannot_be_says_so_at_its_field(owner: Desk) -> None:
    product = raw_goods(owner)
    for change, field in (
        ({"product": "stones"}, "product"),
        ({"name": ""}, "name"),
        ({"deduction": "90.01"}, "deduction"),
    ):
        typed = {"product": product, "name": "花菇一级", "deduction": "0", **change}
        page = owner.send(GRADES, 422, **typed)
        assert f'id="error-{field}"' in page.text


def test_the_weigher_sees_the_table_and_does_not_change_it(scale: Desk) -> None:
    product = raw_goods(scale)
    assert "负责人" in scale.look(GRADES).text
    scale.send(GRADES, 403, product=product, name="花菇一级", deduction="0")


def grade(contract: Contract, name: str, deduction_bps: int) -> GradeTerms:
    return GradeTerms(contract.product, contract.form, name, deduction_bps)


def test_a_change_of_the_table_never_touches_what_was_signed(session: Session) -> None:
    contract = make_contract(session)
    make_quote(session, contract)
    set_grade(session, grade(contract, "二级", 1_600), now=NOW, by=SYSTEM)
    set_grade(session, grade(contract, "一级", 100), now=NOW, by=SYSTEM)
    assert contract.deductions == {"一级": 0, "二级": 800}
    assert weigh_in(session, weighed(contract, grade="二级")).grade_deduction_bps == 800
    set_grade(session, grade(contract, "一级", 0), now=NOW, by=SYSTEM)
    later = make_contract(
        session, contract.farmer, contract.variant, season_start=date(2028, 1, 1), season_end=date(2028, 2, 1)
    )
    assert later.deductions == {"一级": 0, "二级": 1_600}


def test_the_same_grade_again_leaves_no_trace(session: Session) -> None:
    contract = make_contract(session)
    before = session.scalars(select(AuditEntry.id)).all()
    set_grade(session, grade(contract, "二级", 800), now=NOW, by=SYSTEM)
    assert session.scalars(select(AuditEntry.id)).all() == before


def test_a_grade_with_something_off_is_not_promised(session: Session) -> None:
    _, raw = make_goods(session)
    with pytest.raises(Invalid) as refused:
        make_contract(session, raw=raw, grade="二级")
    assert list(refused.value.fields) == ["goods"]
    session.execute(update(Grade).values(deduction_bps=0))
    assert make_contract(session, raw=raw, grade="二级").grade == "二级"
