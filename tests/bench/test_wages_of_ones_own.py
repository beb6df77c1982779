"""The packer's side of wages: all kinds of lines, questions, own work to be confirmed, payslips; nobody else's."""

from datetime import date

import pytest
from sqlalchemy import select

from fulfillment.piecework.corrections import service as corrections
from fulfillment.piecework.corrections.models import WageComplaint
from fulfillment.piecework.models import WageEntry
from fulfillment.piecework.pay import queries as pay_queries
from fulfillment.piecework.pay import service as pay
from fulfillment.piecework.work import service as work
from fulfillment.piecework.work.models import WorkBooking, WorkKind
from kernel import once
from tests.bench.conftest import Tablet
from tests.piecework.world import ZONE, id_of, make_kind, make_lead, make_owner, note
from tests.storefront.pages import assert_nothing_inline, fields_of


@pytest.fixture
def paid(tablet: Tablet) -> int:
    """A month with other work, a correction downwards and a closed run; returns the run's id."""
    with tablet.database.transaction() as session:
        lead, owner = make_lead(session), make_owner(session)
        kind = make_kind(session, unit="g", per=1_000, rate_fen=120)
        wish = note(kind, {id_of(tablet.person): 1}, 12_500, at=tablet.now)
        work.book(session, wish, zone=ZONE, now=tablet.now, by=lead)
        less = corrections.propose(
            session, person_id=id_of(tablet.person), amount_fen=-50, reason="多记了半斤", now=tablet.now, by=lead
        )
        corrections.confirm(session, less.id, now=tablet.now, by=owner)
        run = pay.open_run(session, first_day=date(2026, 11, 1), last_day=date(2026, 11, 30), now=tablet.now, by=lead)
        paid = [each for each in pay_queries.review(session, run, now=tablet.now, zone=ZONE) if each.is_paid]
        pay.close(
            session, run.id, seen_fen=sum(each.total_fen for each in paid), seen_people=1, zone=ZONE, now=tablet.now,
            by=owner,
        )  # fmt: skip
        pay.pay_out(session, run.id, id_of(tablet.person), fen=1_000, method="cash", note="", now=tablet.now, by=owner)
        return run.id


def test_the_book_tells_every_kind_of_line_in_words(tablet: Tablet, paid: int) -> None:
    page = tablet.look("/bench/passbook").text
    assert "分拣 12.5 公斤" in page
    assert "更正：多记了半斤（范组长提出，吴老板同意）" in page
    assert "−¥0.50" in page
    assert "已发" in page
    assert f"/bench/passbook/pay/{paid}" in page
    assert_nothing_inline(tablet.look("/bench/passbook"))


def test_the_payslip_is_ones_own_and_says_what_was_paid(tablet: Tablet, other: Tablet, paid: int) -> None:
    page = tablet.look(f"/bench/passbook/pay/{paid}").text
    assert "分拣" in page
    assert "更正：多记了半斤" in page
    assert "发了 ¥10.00" in page
    assert "还没拿到 ¥4.50" in page
    assert "14 元 5 角" in page
    assert other.browser.get(f"/bench/passbook/pay/{paid}").status_code == 404
    assert tablet.browser.get("/bench/passbook/pay/999").status_code == 404


def test_a_question_about_a_line_is_asked_once_and_seen(tablet: Tablet, other: Tablet, paid: int) -> None:
    with tablet.database.transaction() as session:
        entry_id = session.scalars(select(WageEntry.id).order_by(WageEntry.id)).first()
    page = f"/bench/passbook/{entry_id}/ask"
    assert "不是我做的" in tablet.look(page).text
    assert tablet.browser.post(page, data={"kind": "mine"}).status_code == 422
    for _ in range(2):
        assert tablet.browser.post(page, data={"kind": "too_little", "words": "是 13 公斤"}).status_code == 303
    assert "问了，等答复" in tablet.look("/bench/passbook").text
    assert other.browser.get(page).status_code == 404
    assert other.browser.post(page, data={"kind": "other"}).status_code == 404
    with tablet.database.transaction() as session:
        assert session.scalars(select(WageComplaint.words)).all() == ["是 13 公斤"]


def test_what_is_missing_is_asked_and_the_answer_stands_in_the_book(tablet: Tablet) -> None:
    form = {"words": "昨天的三件", "form_key": once.new_key()}
    for _ in range(2):
        assert tablet.browser.post("/bench/passbook/ask", data=form).status_code == 303
    assert "组长会来看" in tablet.look("/bench/passbook").text
    with tablet.database.transaction() as session:
        asked = session.scalars(select(WageComplaint)).one()
        corrections.answer(session, asked.id, words="补上了", now=tablet.now, by=make_lead(session))
    assert "补上了" in tablet.look("/bench/passbook").text


def test_own_work_is_shown_noted_once_and_waits(tablet: Tablet) -> None:
    with tablet.database.transaction() as session:
        kind_id = make_kind(session).id
    form = {"kind": str(kind_id), "quantity": "40", "day": f"{tablet.now:%Y-%m-%d}", "form_key": once.new_key()}
    assert tablet.browser.post("/bench/other-work", data={**form, "quantity": "0"}).status_code == 422
    review = tablet.browser.post("/bench/other-work", data=form)
    assert "¥12.00" in review.text
    confirmed = fields_of(review)
    for _ in range(2):
        assert tablet.browser.post("/bench/other-work", data=confirmed).status_code == 303
    page = tablet.look("/bench/passbook").text
    assert "等组长看" in page
    with tablet.database.transaction() as session:
        booking = session.scalars(select(WorkBooking)).one()
        assert (booking.noted_by, booking.confirmed) == ("packer", None)
        work.decline(session, booking.id, reason="数过是 30", now=tablet.now, by=make_lead(session))
    assert "没算：" in tablet.look("/bench/passbook").text


def test_others_cannot_be_slipped_into_ones_own_note(tablet: Tablet, other: Tablet) -> None:
    with tablet.database.transaction() as session:
        kind = session.get_one(WorkKind, make_kind(session).id)
    form = {"kind": str(kind.id), "quantity": "40", "day": f"{tablet.now:%Y-%m-%d}", "confirmed": "1",
            f"in_{id_of(other.person)}": "1", "split": "parts", "form_key": once.new_key()}  # fmt: skip
    assert tablet.browser.post("/bench/other-work", data=form).status_code == 303
    with tablet.database.transaction() as session:
        assert [share.person_id for share in session.scalars(select(WorkBooking)).one().shares] == [
            id_of(tablet.person)
        ]
