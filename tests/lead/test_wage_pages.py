"""The lead's and owner's pages of wages: a second look before saving, two people where two are needed, files, paper."""

import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from fulfillment.piecework.corrections import service as corrections
from fulfillment.piecework.corrections.models import WageComplaint, WageCorrection
from fulfillment.piecework.minimum.models import CalendarDay, MinWage, PayFacts, PayTerms
from fulfillment.piecework.models import PieceRate
from fulfillment.piecework.work import service as work
from fulfillment.piecework.work.models import WorkBooking, WorkKind
from kernel import once
from kernel.audit import Actor
from kernel.db import Database
from tests.lead.world import Bench, count, packed_parcel, wages
from tests.piecework.world import ZONE, id_of, note
from tests.storefront.pages import assert_nothing_inline, fields_of
from tests.world import NOW

TODAY = "2026-11-24"


def work_form(kind_id: int, *people: Actor, quantity: str = "1001", **more: str) -> dict[str, str]:
    team = {f"in_{id_of(person)}": "1" for person in people}
    return {"kind": str(kind_id), "quantity": quantity, "day": TODAY, "split": "equal", "form_key": once.new_key(),
            **team, **more}  # fmt: skip


def test_work_is_shown_before_it_is_written_down_and_written_down_once(
    lead: FlaskClient, database: Database, bench: Bench, kind_id: int
) -> None:
    assert "记一笔" in lead.get("/bench/lead/work").text
    review = lead.post("/bench/lead/work/new", data=work_form(kind_id, bench.ann, bench.bea))
    assert review.status_code == 200
    assert "¥15.02" in review.text
    assert "加起来正好是总数" in review.text
    assert_nothing_inline(review)
    assert count(database, WorkBooking) == 0
    confirmed = fields_of(review)
    for _ in range(2):
        assert lead.post("/bench/lead/work/new", data=confirmed).status_code == 303
    assert wages(database) == [751, 751]
    page = lead.get("/bench/lead/work?done=1").text
    assert 'data-undo="10"' in page
    assert lead.post("/bench/lead/work/1/undo").status_code == 303
    assert sum(wages(database)) == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "１２"}, "quantity"),
        ({"kind": "999"}, "kind"),
        ({"day": "2026-11-25"}, "day"),
        ({"day": "2026-01-01"}, "day"),
        ({"split": "mine"}, "split"),
        ({"product": "999999"}, "product"),
    ],
)
def test_a_wrong_note_is_told_at_its_field(
    lead: FlaskClient, database: Database, bench: Bench, kind_id: int, change: dict[str, str], field: str
) -> None:
    answer = lead.post("/bench/lead/work/new", data={**work_form(kind_id, bench.ann), **change, "confirmed": "1"})
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert count(database, WorkBooking) == 0


def test_a_team_needs_somebody_and_numbers_where_they_are_asked_for(
    lead: FlaskClient, database: Database, bench: Bench, kind_id: int
) -> None:
    assert 'id="error-team"' in lead.post("/bench/lead/work/new", data=work_form(kind_id)).text
    typed = work_form(kind_id, bench.ann, bench.bea, split="minutes", **{f"weight_{id_of(bench.ann)}": "90"})
    answer = lead.post("/bench/lead/work/new", data=typed)
    assert answer.status_code == 422
    assert f'id="error-weight_{id_of(bench.bea)}"' in answer.text
    typed[f"weight_{id_of(bench.bea)}"] = "30"
    assert "90 分钟" in lead.post("/bench/lead/work/new", data=typed).text


def test_a_packers_note_is_confirmed_or_declined_by_the_lead(
    lead: FlaskClient, database: Database, bench: Bench, kind_id: int
) -> None:
    with database.transaction() as session:
        kind = session.get_one(WorkKind, kind_id)
        ids = [
            work.propose(session, note(kind, {id_of(bench.ann): 1}, 100), zone=ZONE, now=NOW, by=bench.ann).id
            for _ in range(2)
        ]
    assert "吴秀英" in lead.get("/bench/lead/work").text
    assert lead.post(f"/bench/lead/work/{ids[0]}/confirm").status_code == 303
    assert lead.post(f"/bench/lead/work/{ids[1]}/decline", data={"reason": ""}).status_code == 422
    assert lead.post(f"/bench/lead/work/{ids[1]}/decline", data={"reason": "数过是 90"}).status_code == 303
    assert lead.post(f"/bench/lead/work/{ids[1]}/confirm").status_code == 409
    assert wages(database) == [150]
    assert lead.post("/bench/lead/work/999/confirm").status_code == 404


def test_who_proposed_a_correction_takes_it_back_on_the_page(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    with database.transaction() as session:
        more = corrections.propose(
            session, person_id=id_of(bench.ann), amount_fen=80, reason="写错了", now=NOW, by=bench.lead
        )
    page = lead.get("/bench/lead/corrections").text
    assert "对，收回" in page
    assert "我也看过，同意" not in page
    assert lead.post(f"/bench/lead/corrections/{more.id}/refuse", data={"note": "写错了人"}).status_code == 303
    assert "收回了" in lead.get("/bench/lead/corrections").text
    assert wages(database) == []


def test_a_kind_of_work_is_added_and_then_needs_a_rate(lead: FlaskClient, database: Database, bench: Bench) -> None:
    typed = {"name": "装铅笔", "unit": "piece", "per": "100", "customer": "铅笔厂", "form_key": once.new_key()}
    answer = lead.post("/bench/lead/work/kinds", data=typed)
    assert answer.status_code == 303
    again = lead.post("/bench/lead/work/kinds", data=typed)
    assert (again.status_code, again.location) == (303, answer.location), (
        "sent twice it leads to the kind that is there"
    )
    assert count(database, WorkKind) == 1
    rates = lead.get(answer.location)
    assert "100 个多少钱" in rates.text
    assert "还没有单价" in lead.get("/bench/lead/work/kinds").text
    confirmed = {
        "operation": "work-1",
        "rate": "1.80",
        "valid_from": TODAY,
        "confirmed": "1",
        "form_key": once.new_key(),
    }
    assert lead.post("/bench/lead/rates", data=confirmed).status_code == 303
    assert "100 个 ¥1.80" in lead.get("/bench/lead/work/kinds").text
    assert lead.post("/bench/lead/work/kinds", data={**typed, "per": "7"}).status_code == 422
    assert lead.post("/bench/lead/work/kinds/1/end").status_code == 303
    assert "不做了" in lead.get("/bench/lead/work/kinds").text


def test_a_rate_for_one_product_and_a_wrong_one_put_right(lead: FlaskClient, database: Database, bench: Bench) -> None:
    product = re.search(r'<option value="(\d+)">庆元花菇', lead.get("/bench/lead/rates").text)
    assert product is not None
    typed = {"up_to": "50", "rate": "0.09", "valid_from": TODAY, "product": product[1], "form_key": once.new_key()}
    assert "庆元花菇" in lead.post("/bench/lead/rates", data=typed).text
    assert lead.post("/bench/lead/rates", data={**typed, "confirmed": "1"}).status_code == 303
    page = lead.get("/bench/lead/rates").text
    link = re.search(r'href="(/bench/lead/rates/\d+/correct)"', page)
    assert link is not None
    assert lead.post(link[1], data={"rate": "0.90", "reason": "", "form_key": once.new_key()}).status_code == 422
    review = lead.post(link[1], data={"rate": "0.90", "reason": "少一个零", "form_key": once.new_key()})
    assert "¥0.09 → <strong>¥0.90" in review.text
    for _ in range(2):
        assert lead.post(link[1], data=fields_of(review)).status_code == 303
    assert "改过：少一个零" in lead.get("/bench/lead/rates").text
    assert count(database, PieceRate) == 3


def test_a_correction_takes_the_lead_and_the_owner(
    lead: FlaskClient, owner: FlaskClient, database: Database, bench: Bench
) -> None:
    packed_parcel(database, bench)
    person = str(id_of(bench.ann))
    typed = {"person": person, "direction": "less", "amount": "0.30", "reason": "多记了", "form_key": once.new_key()}
    review = lead.post("/bench/lead/corrections/new", data=typed)
    assert "−¥0.30" in review.text
    assert count(database, WageCorrection) == 0
    for _ in range(2):
        assert lead.post("/bench/lead/corrections/new", data=fields_of(review)).status_code == 303
    assert count(database, WageCorrection) == 1
    assert "要另一个人来定" in lead.get("/bench/lead/corrections").text
    assert lead.post("/bench/lead/corrections/1/confirm").status_code == 409
    assert "我也看过" in owner.get("/bench/lead/corrections").text
    assert owner.post("/bench/lead/corrections/1/confirm").status_code == 303
    assert wages(database) == [80, -30]
    assert "更正：多记了" in lead.get(f"/bench/lead/wages/people/{person}").text


def test_a_question_is_answered_or_corrected(
    lead: FlaskClient, owner: FlaskClient, database: Database, bench: Bench
) -> None:
    with database.transaction() as session:
        for _ in range(2):
            session.add(WageComplaint(person_id=id_of(bench.ann), kind="missing", words="昨天的", at=NOW))
    assert "昨天的" in lead.get("/bench/lead/corrections").text
    assert lead.post("/bench/lead/corrections/complaints/1/answer", data={"answer": " "}).status_code == 422
    assert lead.post("/bench/lead/corrections/complaints/1/answer", data={"answer": "记在 23 号了"}).status_code == 303
    typed = {"person": str(id_of(bench.ann)), "complaint": "2", "direction": "more", "amount": "1.60",
             "reason": "补两件", "confirmed": "1", "form_key": once.new_key()}  # fmt: skip
    assert "昨天的" in lead.get(f"/bench/lead/corrections/new?person={id_of(bench.ann)}&complaint=2").text
    assert lead.post("/bench/lead/corrections/new", data=typed).status_code == 303
    with database.transaction() as session:
        answered = session.scalars(select(WageComplaint).order_by(WageComplaint.id)).all()
        assert [(each.answer, each.correction_id) for each in answered] == [("记在 23 号了", None), ("补两件", 1)]
    assert owner.post("/bench/lead/corrections/1/refuse", data={"note": "查过"}).status_code == 303
    assert wages(database) == []


def test_the_owner_sets_the_terms_the_minimum_and_the_calendar(
    owner: FlaskClient, lead: FlaskClient, database: Database
) -> None:
    assert "还没有定" in lead.get("/bench/lead/terms").text
    terms = {"period": "week", "tier": "3", "valid_from": TODAY, "rest_7": "1", "form_key": once.new_key()}
    assert lead.post("/bench/lead/terms", data=terms).status_code == 403
    assert owner.post("/bench/lead/terms", data={**terms, "tier": "9"}).status_code == 422
    assert owner.post("/bench/lead/terms", data=terms).status_code == 303
    assert "按周" in lead.get("/bench/lead/terms").text
    new = {"min_tier": "3", "month": "2180", "min_from": "2026-01-01", "source": "丽水市通知"}
    assert owner.post("/bench/lead/terms/minimum", data=new).status_code == 303
    assert owner.post("/bench/lead/terms/minimum", data={**new, "source": ""}).status_code == 422
    day = {"day": "2026-12-31", "kind": "rest", "name": "年底"}
    assert owner.post("/bench/lead/terms/days", data=day).status_code == 303
    assert owner.post("/bench/lead/terms/days", data={"day": "2036-12-31", "kind": "usual"}).status_code == 422
    assert "年底" in lead.get("/bench/lead/terms").text
    assert owner.post("/bench/lead/terms/days", data={"day": "2026-12-31", "kind": "usual"}).status_code == 303
    with database.transaction() as session:
        assert session.scalars(select(PayTerms.rest_weekdays)).one() == "7"
        assert session.scalar(select(MinWage.month_fen).where(MinWage.source == "丽水市通知")) == 218_000
        assert session.get(CalendarDay, date(2026, 12, 31)) is None


def test_how_a_person_is_paid_is_the_owners_decision(owner: FlaskClient, database: Database, bench: Bench) -> None:
    page = f"/bench/lead/terms/people/{id_of(bench.ann)}"
    typed = {
        "method": "bank",
        "bank": "农商银行",
        "holder": "吴秀英",
        "account": "6230 9102 9900 1234 567",
        "is_employee": "1",
    }
    assert owner.post(page, data={**typed, "account": "12ab"}).status_code == 422
    assert owner.post(page, data={**typed, "account": ""}).status_code == 422
    assert owner.post(page, data=typed).status_code == 303
    assert owner.post(page, data={**typed, "account": "", "bank": "工商银行"}).status_code == 303
    shown = owner.get(page).text
    assert "…4567" in shown
    assert "1234567" not in shown
    with database.transaction() as session:
        facts = session.get_one(PayFacts, id_of(bench.ann))
        assert (facts.bank, facts.account_number, facts.is_employee) == ("工商银行", "6230910299001234567", True)
    assert owner.get("/bench/lead/terms/people/99999").status_code == 404


def test_a_bar_a_day_stands_beside_the_figures(lead: FlaskClient, database: Database, bench: Bench) -> None:
    packed_parcel(database, bench)
    page = lead.get(f"/bench/lead/wages?from={date(2026, 11, 24) - timedelta(days=6)}&to={TODAY}").text
    assert page.count('class="bar-shape"') == 7
    assert "<title>2026-11-24 ¥0.80</title>" in page
