"""Two leads decide about the same late work at one instant: it is paid once; the race has its controls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.care.invariants import check
from app.care.wage_invariants import WAGES
from fulfillment.bench import late_news, queue_service
from fulfillment.bench.queue_forms import Action
from fulfillment.bench.queue_models import BenchAction
from fulfillment.bench.queue_rules import Pass
from fulfillment.packing import service as packing
from fulfillment.piecework.corrections import service as corrections
from fulfillment.piecework.corrections.models import WageCorrection
from fulfillment.piecework.models import WageEntry
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from kernel.errors import Refused
from tests.packing.races import all_at_once, all_look_first, drop
from tests.packing.world import RATE_FEN, id_of, set_up, take
from tests.piecework.world import make_lead, make_owner
from tests.world import NOW

KEY = "key-of-a-late-press"


@pytest.fixture
def leads(database: Database) -> list[Actor]:
    """Two who may decide, and a parcel that one packer did without a network after it was given to another."""
    ann, bea = set_up(database, parcels=1, packers=2)
    with database.transaction() as session:
        task = take(session, ann)[0].id
        packing.return_task(session, task, id_of(ann), reason="break", now=NOW + timedelta(minutes=1), by=SYSTEM)
    with database.transaction() as session:
        assert [each.id for each in take(session, bea, NOW + timedelta(minutes=2))] == [task]
    with database.transaction() as session:
        now = NOW + timedelta(minutes=9)
        pressed = Action(KEY, 1, "done", task, None, "", 0, None)
        answer = queue_service.receive(session, pressed, Pass(id_of(ann), "a tablet", NOW), ann, now=now)
        assert (answer.state, answer.code) == ("refused", "other_has_it")
        return [make_lead(session), make_lead(session)]


def proposing(by: Actor) -> Callable[[Session], str]:
    """A lead proposes a correction in answer to the news, all in one transaction as the page does."""

    def act(session: Session) -> str:
        person_id = session.get_one(BenchAction, KEY).person_id
        try:
            with session.begin_nested():
                correction = corrections.propose(
                    session, person_id=person_id, amount_fen=RATE_FEN, reason="断网", now=NOW, by=by
                )
                late_news.answer_with(session, KEY, correction, now=NOW, by=by)
        except Refused as refused:
            return refused.code
        return "answered"

    return act


def agree_to_all(database: Database) -> list[int]:
    """The owner agrees to every correction that was proposed; the lines that are owed then, in fen."""
    with database.transaction() as session:
        owner = make_owner(session)
        for correction_id in session.scalars(select(WageCorrection.id)).all():
            corrections.confirm(session, correction_id, now=NOW, by=owner)
        return list(session.scalars(select(WageEntry.amount_fen).where(WageEntry.kind == "correction")))


def broken(database: Database) -> set[str]:
    return set(check(database, WAGES).counts)


@contextmanager
def both_look_before_either_decides(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take away the wait for each other: both have seen that nothing is decided before either writes."""
    monkeypatch.setattr(late_news, "_lock_work", lambda _session, _task_id: None)
    with all_look_first(database, "INSERT INTO late_decisions"):
        yield


def test_two_leads_answer_at_once_and_it_is_paid_once(database: Database, leads: list[Actor]) -> None:
    with database.transaction() as session:
        (news,) = late_news.open_news(session)
        assert (news.held_by and news.held_by.name, news.packed_by) == ("打包员1", None)
    answers = all_at_once(database, *[proposing(lead) for lead in leads])
    assert sorted(answers) == ["answered", "decided_already"]
    assert agree_to_all(database) == [RATE_FEN]
    assert broken(database) == set()


def test_one_settles_while_the_other_proposes_and_one_of_both_holds(database: Database, leads: list[Actor]) -> None:
    def settling(session: Session) -> str:
        try:
            late_news.settle(session, KEY, now=NOW, by=leads[0])
        except Refused as refused:
            return refused.code
        return "settled"

    answers = all_at_once(database, settling, proposing(leads[1]))
    assert answers in (["settled", "decided_already"], ["decided_already", "answered"])
    assert agree_to_all(database) == ([RATE_FEN] if answers[1] == "answered" else [])
    assert broken(database) == set()


def test_with_the_lock_gone_the_tables_key_still_takes_one_answer(
    database: Database, leads: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        both_look_before_either_decides(database, monkeypatch),
        pytest.raises(IntegrityError, match="pk_late_decisions"),
    ):
        all_at_once(database, *[proposing(lead) for lead in leads])
    assert agree_to_all(database) == [RATE_FEN]


def test_without_the_key_too_it_is_paid_twice_and_the_recount_says_so(
    database: Database, leads: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(database, "late_decisions pk_late_decisions")
    with both_look_before_either_decides(database, monkeypatch):
        assert all_at_once(database, *[proposing(lead) for lead in leads]) == ["answered"] * 2
    assert agree_to_all(database) == [RATE_FEN] * 2
    assert broken(database) == {"late_work_is_decided_once"}


def test_news_that_comes_after_the_decision_is_no_second_piece_of_work(database: Database, leads: list[Actor]) -> None:
    with database.transaction() as session:
        late_news.settle(session, KEY, now=NOW, by=leads[0])
        first = session.get_one(BenchAction, KEY)
        pressed_again = Action("key-of-a-later-press", 2, "done", first.task_id, None, "", 0, None)
        ann = Actor(first.person_id, "吴秀英")
        leave = Pass(first.person_id, "a tablet", NOW)
        again = queue_service.receive(session, pressed_again, leave, ann, now=NOW + timedelta(minutes=12))
        assert again.state == "refused"
        assert late_news.count_open(session) == 0
        assert late_news.news_of(session, again.key, first.person_id) is None
        with pytest.raises(Refused):
            late_news.answer_with(
                session,
                again.key,
                corrections.propose(
                    session, person_id=first.person_id, amount_fen=80, reason="断网", now=NOW, by=leads[0]
                ),
                now=NOW,
                by=leads[0],
            )
