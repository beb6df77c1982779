"""Corrections take two people; what a packer says is not right is answered; the database knows both."""

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.piecework import queries as piecework_queries
from fulfillment.piecework.corrections import queries
from fulfillment.piecework.corrections import service as corrections
from fulfillment.piecework.corrections.models import WageCorrection
from fulfillment.piecework.models import WageEntry
from kernel.audit import Actor, AuditEntry
from kernel.errors import NotFound, Refused
from tests.piecework.world import book, id_of, make_kind, make_lead, make_owner, make_packer, owed
from tests.world import NOW


@pytest.fixture
def lead(session: Session) -> Actor:
    return make_lead(session)


@pytest.fixture
def owner(session: Session) -> Actor:
    return make_owner(session)


@pytest.fixture
def ann(session: Session) -> Actor:
    return make_packer(session, "吴秀英")


def propose(session: Session, by: Actor, person: Actor, fen: int) -> WageCorrection:
    return corrections.propose(session, person_id=id_of(person), amount_fen=fen, reason="少记一件", now=NOW, by=by)


@pytest.mark.parametrize("fen", [80, -80])
def test_a_correction_is_a_line_once_a_second_person_agrees(
    session: Session, lead: Actor, owner: Actor, ann: Actor, fen: int
) -> None:
    correction = propose(session, lead, ann, fen)
    assert owed(session, ann) == 0
    with pytest.raises(Refused, match="Somebody else"):
        corrections.confirm(session, correction.id, now=NOW, by=lead)
    for _ in range(2):
        corrections.confirm(session, correction.id, now=NOW, by=owner)
    assert owed(session, ann) == fen
    (line,) = piecework_queries.pass_book(session, id_of(ann))
    assert (line.reason, line.proposed_by, line.agreed_by) == ("少记一件", lead.name, owner.name)


def test_nobody_agrees_to_their_own(session: Session, lead: Actor, owner: Actor) -> None:
    correction = propose(session, lead, owner, 80)
    with pytest.raises(Refused):
        corrections.confirm(session, correction.id, now=NOW, by=owner)


def test_what_was_refused_is_not_owed_and_stays_refused(
    session: Session, lead: Actor, owner: Actor, ann: Actor
) -> None:
    correction = propose(session, lead, ann, -500)
    corrections.refuse(session, correction.id, note="查过了，没错", now=NOW, by=owner)
    with pytest.raises(Refused):
        corrections.confirm(session, correction.id, now=NOW, by=owner)
    assert owed(session, ann) == 0
    assert queries.waiting(session) == []
    with pytest.raises(NotFound):
        corrections.confirm(session, correction.id + 1, now=NOW, by=owner)


def test_who_proposed_it_may_take_it_back_but_never_grant_it(
    session: Session, lead: Actor, owner: Actor, ann: Actor
) -> None:
    own = propose(session, lead, lead, 80)
    correction = propose(session, lead, ann, 80)
    for mine in (correction, own):
        corrections.refuse(session, mine.id, note="写错了人", now=NOW, by=lead)
        with pytest.raises(Refused):
            corrections.confirm(session, mine.id, now=NOW, by=owner)
    assert (owed(session, ann), owed(session, lead), queries.waiting(session)) == (0, 0, [])
    logged = select(AuditEntry.action).where(AuditEntry.subject == f"wage_correction:{correction.id}")
    assert list(session.scalars(logged.order_by(AuditEntry.id))) == [
        "wage_correction.proposed", "wage_correction.taken_back",
    ]  # fmt: skip
    theirs = propose(session, owner, lead, -80)
    with pytest.raises(Refused):
        corrections.refuse(session, theirs.id, note="", now=NOW, by=lead)


def test_the_database_wants_the_second_person_and_the_agreed_sum(
    session: Session, lead: Actor, owner: Actor, ann: Actor
) -> None:
    correction = propose(session, lead, ann, 80)
    row = WageCorrection.id == correction.id
    decided = {"granted_fen": 80, "decided_at": NOW, "decided_by_id": id_of(owner)}
    for change in (
        {"decided_by_id": id_of(lead)},
        {"decided_by_id": id_of(ann)},
        {"decided_by_id": id_of(ann), "granted_fen": 0},
        {"granted_fen": 81},
    ):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(update(WageCorrection).where(row).values(**{**decided, **change}))
    line = {"packer_id": id_of(ann), "correction_id": correction.id, "kind": "correction", "rate_fen": 80,
            "amount_fen": 80, "earned_at": NOW, "by": "x", "round": 1, "reason": ""}  # fmt: skip
    with pytest.raises(IntegrityError, match="fk_wage_entries_correction_id"), session.begin_nested():
        session.execute(insert(WageEntry).values(**line))
    corrections.confirm(session, correction.id, now=NOW, by=owner)
    with pytest.raises(IntegrityError, match="uq_wage_entries_correction"), session.begin_nested():
        session.execute(insert(WageEntry).values(**line))
    with pytest.raises(IntegrityError, match="fk_wage_entries_correction_id"), session.begin_nested():
        session.execute(update(WageCorrection).where(row).values(granted_fen=0))


def test_a_question_waits_for_a_person_and_is_answered_in_the_book(
    session: Session, lead: Actor, owner: Actor, ann: Actor
) -> None:
    book(session, lead, make_kind(session), 10, ann)
    entry_id = session.scalars(select(WageEntry.id)).one()
    asked = corrections.complain(session, entry_id=entry_id, kind="too_little", words="是 12 件", now=NOW, by=ann)
    again = corrections.complain(session, entry_id=entry_id, kind="other", words="", now=NOW, by=ann)
    assert again.id == asked.id
    assert queries.people_with_open_complaints(session) == {id_of(ann): 1}
    more = propose(session, lead, ann, 60)
    corrections.answer(session, asked.id, words="对，补 2 件", correction=more, now=NOW, by=lead)
    assert owed(session, ann) == 300, "an answer alone pays nothing"
    corrections.confirm(session, more.id, now=NOW, by=owner)
    newest, line = piecework_queries.pass_book(session, id_of(ann))
    assert newest.amount_fen == 60
    assert (line.complaint, line.answer) == ("too_little", "对，补 2 件")
    assert queries.people_with_open_complaints(session) == {}


def test_a_question_that_two_leads_answer_is_answered_with_one_correction(
    session: Session, lead: Actor, owner: Actor, ann: Actor
) -> None:
    asked = corrections.complain(session, entry_id=None, kind="missing", words="少两件", now=NOW, by=ann)
    with pytest.raises(Refused), session.begin_nested():
        corrections.answer(
            session, asked.id, words="补", correction=propose(session, lead, owner, 60), now=NOW, by=lead
        )
    corrections.answer(session, asked.id, words="补", correction=propose(session, lead, ann, 60), now=NOW, by=lead)
    again = propose(session, owner, ann, 60)
    with pytest.raises(Refused, match="answered"):
        corrections.answer(session, asked.id, words="补", correction=again, now=NOW, by=owner)
    assert corrections.answer(session, asked.id, words="看过了", now=NOW, by=owner).answer == "补"


def test_only_ones_own_line_can_be_questioned_and_nobody_answers_oneself(
    session: Session, lead: Actor, ann: Actor
) -> None:
    book(session, lead, make_kind(session), 10, ann)
    entry_id = session.scalars(select(WageEntry.id)).one()
    with pytest.raises(NotFound):
        corrections.complain(
            session, entry_id=entry_id, kind="other", words="", now=NOW, by=make_packer(session, "别人")
        )
    asked = corrections.complain(session, entry_id=None, kind="missing", words="", now=NOW, by=ann)
    with pytest.raises(Refused):
        corrections.answer(session, asked.id, words="对", now=NOW, by=ann)
    with pytest.raises(NotFound):
        corrections.answer(session, asked.id + 1, words="对", now=NOW, by=lead)
