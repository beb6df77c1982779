"""Shifts: one at a time, with breaks; a forgotten one ends at the last sign of work; corrections keep what was."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.crew import queries
from fulfillment.crew import service as crew
from fulfillment.crew.models import Shift, ShiftBreak
from fulfillment.crew.rules import BADGE, LEAD, LONGEST_SHIFT, NIGHT, OWN, Span, Worked, is_forgotten, worked_seconds
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import lead_service, shift_service
from fulfillment.packing import service as packing
from kernel.audit import SYSTEM, Actor, AuditEntry
from kernel.db import Database
from kernel.errors import Invalid, Refused
from tests.conftest import database_of_its_own
from tests.packing.races import all_at_once
from tests.packing.world import ZONE, finish, id_of, make_packer, make_pile, make_rate, take
from tests.world import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def packer(session: Session) -> Actor:
    return make_packer(session)


def arrive(session: Session, packer: Actor, at: timedelta = timedelta(), how: str = BADGE) -> Shift:
    return crew.begin_shift(session, id_of(packer), how=how, now=NOW + at, by=packer)


def seconds(session: Session, packer: Actor, start: timedelta, end: timedelta) -> int:
    return queries.worked_seconds(session, id_of(packer), NOW + start, NOW + end)


def test_who_comes_twice_is_here_since_the_first_time(session: Session, packer: Actor) -> None:
    first = arrive(session, packer)
    assert arrive(session, packer, HOUR, LEAD).id == first.id
    here = queries.presence_of(session, id_of(packer), NOW + HOUR)
    assert here is not None
    assert (here.here_since, here.came_how, here.break_since) == (NOW, BADGE, None)
    assert queries.here_now(session, NOW + HOUR) == {id_of(packer): here}


def test_breaks_do_not_count_and_coming_back_ends_them(session: Session, packer: Actor) -> None:
    arrive(session, packer)
    assert crew.begin_break(session, id_of(packer), now=NOW + HOUR)
    assert not crew.begin_break(session, id_of(packer), now=NOW + HOUR * 1.2), "who rests already goes on"
    assert seconds(session, packer, timedelta(), HOUR * 1.5) == 3600
    assert crew.end_break(session, id_of(packer), now=NOW + HOUR * 2)
    assert not crew.end_break(session, id_of(packer), now=NOW + HOUR * 2)
    crew.end_shift(session, id_of(packer), how=OWN, now=NOW + HOUR * 3)
    assert seconds(session, packer, timedelta(), HOUR * 10) == 7200
    assert seconds(session, packer, HOUR * 0.5, HOUR * 2.5) == 3600, "both the shift and its break are clipped"
    assert queries.worked_seconds_by_person(session, NOW, NOW + HOUR * 10) == {id_of(packer): 7200}


def test_going_home_from_a_break_ends_the_break_with_the_shift(session: Session, packer: Actor) -> None:
    shift = arrive(session, packer)
    crew.begin_break(session, id_of(packer), now=NOW + HOUR)
    crew.end_shift(session, id_of(packer), how=LEAD, now=NOW + HOUR * 2)
    assert [rest.span for rest in shift.breaks] == [Span(NOW + HOUR, NOW + HOUR * 2)]
    assert crew.end_shift(session, id_of(packer), how=OWN, now=NOW + HOUR * 3) is None
    with pytest.raises(Refused):
        crew.begin_break(session, id_of(packer), now=NOW + HOUR * 3)


def test_taking_work_notes_how_its_person_came_and_ends_a_break(session: Session, packer: Actor) -> None:
    make_rate(session)
    make_pile(session, 3)
    hand_out.take_work(session, id_of(packer), now=NOW, zone=ZONE, by=packer, how=BADGE)
    crew.begin_break(session, id_of(packer), now=NOW + HOUR)
    take(session, packer, NOW + HOUR * 2)
    here = queries.presence_of(session, id_of(packer), NOW + HOUR * 2)
    assert here is not None
    assert (here.came_how, here.break_since) == (BADGE, None)


def test_who_rests_is_here_but_makes_nobody_wait(session: Session, packer: Actor) -> None:
    make_rate(session)
    make_pile(session, 2)
    arrive(session, packer)
    crew.begin_break(session, id_of(packer), now=NOW)
    assert len(take(session, make_packer(session, "周美仙"))) == 2, "the one who rests is not waited for"
    assert id_of(packer) in packing.queries.earned_today(session, NOW, ZONE)


def test_when_somebody_means_to_go_is_noted_within_the_day(session: Session, packer: Actor) -> None:
    with pytest.raises(Refused):
        crew.plan_end(session, id_of(packer), NOW + HOUR, now=NOW)
    arrive(session, packer)
    for wrong in (NOW, NOW - HOUR, NOW + HOUR * 25):
        with pytest.raises(Invalid):
            crew.plan_end(session, id_of(packer), wrong, now=NOW)
    crew.plan_end(session, id_of(packer), NOW + HOUR * 4, now=NOW)
    assert queries.here_now(session, NOW)[id_of(packer)].planned_until == NOW + HOUR * 4


# ---- forgotten ----


def test_a_forgotten_shift_ends_at_the_last_sign_of_work_and_the_lead_is_asked(session: Session) -> None:
    make_rate(session)
    make_pile(session, 3)
    packer, idle = make_packer(session), make_packer(session, "叶根土")
    task, *_ = take(session, packer)
    finish(session, task.id, packer, NOW + HOUR)
    arrive(session, idle)
    night = NOW + HOUR * 8
    ended = shift_service.end_forgotten(session, now=night, zone=ZONE)
    assert {(shift.person_id, shift.ended_at, shift.ended_how) for shift in ended} == {
        (id_of(packer), NOW + HOUR, NIGHT),
        (id_of(idle), NOW, NIGHT),
    }
    assert shift_service.end_forgotten(session, now=night, zone=ZONE) == []
    assert {shift.id for shift in queries.to_look_at(session)} == {shift.id for shift in ended}
    crew.note_looked_at(session, ended[0].id, now=night, by=SYSTEM)
    crew.note_looked_at(session, ended[0].id, now=night, by=SYSTEM)
    assert [shift.id for shift in queries.to_look_at(session)] == [ended[1].id]


def test_whoever_still_packs_after_midnight_has_forgotten_nothing(session: Session, packer: Actor) -> None:
    make_rate(session)
    make_pile(session, 3)
    task, *_ = take(session, packer)
    finish(session, task.id, packer, NOW + HOUR * 5)
    assert shift_service.end_forgotten(session, now=NOW + HOUR * 6, zone=ZONE) == []
    assert queries.presence_of(session, id_of(packer), NOW + HOUR * 6) is not None


def test_coming_the_next_day_ends_what_was_forgotten(session: Session, packer: Actor) -> None:
    make_rate(session)
    make_pile(session, 3)
    task, *_ = take(session, packer)
    finish(session, task.id, packer, NOW + HOUR)
    lead_service.note_arrival(session, id_of(packer), now=NOW + HOUR * 24, by=SYSTEM)
    first, second = session.scalars(select(Shift).order_by(Shift.id))
    assert (first.ended_at, first.ended_how) == (NOW + HOUR, NIGHT)
    assert (second.began_at, second.ended_at) == (NOW + HOUR * 24, None)


def test_a_shift_that_nobody_ended_does_not_grow_for_ever(session: Session, packer: Actor) -> None:
    arrive(session, packer)
    assert seconds(session, packer, timedelta(), HOUR * 100) == LONGEST_SHIFT.total_seconds()
    assert queries.presence_of(session, id_of(packer), NOW + LONGEST_SHIFT + HOUR) is None


@pytest.mark.parametrize(("began", "sign", "now", "forgotten"), [(0, 0, 13, True), (0, 12, 13, False), (0, 14.5, 15, True), (0, 0, 3, False)])  # fmt: skip
def test_what_counts_as_forgotten(began: float, sign: float, now: float, *, forgotten: bool) -> None:
    # NOW is eight in the evening here, so four hours later is another day.
    moments = [NOW + HOUR * hours for hours in (began, sign, now)]
    assert is_forgotten(*moments, ZONE) is forgotten


# ---- put right ----


def corrected(session: Session, shift: Shift, began: float, ended: float, *breaks: tuple[float, float]) -> Shift:
    return crew.correct_shift(
        session,
        shift.id,
        began_at=NOW + HOUR * began,
        ended_at=NOW + HOUR * ended,
        breaks=[Span(NOW + HOUR * first, NOW + HOUR * last) for first, last in breaks],
        reason="忘了按走",
        now=NOW + HOUR * 24,
        by=SYSTEM,
    )


def test_a_correction_keeps_what_was_and_why(session: Session, packer: Actor) -> None:
    shift = arrive(session, packer)
    crew.begin_break(session, id_of(packer), now=NOW + HOUR)
    shift_service.end_forgotten(session, now=NOW + HOUR * 20, zone=ZONE)
    corrected(session, shift, -1, 6, (2, 2.5), (4, 4.5))
    assert seconds(session, packer, -HOUR * 2, HOUR * 20) == 6 * 3600
    assert queries.to_look_at(session) == []
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "shift.corrected")).one()
    assert entry.before["began_at"] == NOW.isoformat()
    assert entry.after["began_at"] == (NOW - HOUR).isoformat()
    assert entry.after["reason"] == "忘了按走"
    assert len(entry.before["breaks"]) == 1


@pytest.mark.parametrize(
    ("began", "ended", "breaks"),
    [
        (2, 1, ()),
        (25, 26, ()),
        (0, 25, ()),
        (-10, 20, ()),
        (0, 4, ((3, 5),)),
        (0, 4, ((-1, 1),)),
        (0, 4, ((1, 3), (2, 4))),
        (0, 4, ((3, 2),)),
    ],
)
def test_times_that_cannot_be_true_are_refused(
    session: Session, packer: Actor, began: float, ended: float, breaks: tuple[tuple[float, float], ...]
) -> None:
    shift = arrive(session, packer)
    crew.end_shift(session, id_of(packer), how=OWN, now=NOW + HOUR)
    with pytest.raises(Invalid):
        corrected(session, shift, began, ended, *breaks)
    assert session.get_one(Shift, shift.id, populate_existing=True).span == Span(NOW, NOW + HOUR)


def test_a_correction_or_addition_does_not_reach_into_another_shift(session: Session, packer: Actor) -> None:
    first = arrive(session, packer)
    crew.end_shift(session, id_of(packer), how=OWN, now=NOW + HOUR)
    arrive(session, packer, HOUR * 2)
    with pytest.raises(Refused):
        corrected(session, first, 0, 3)
    with pytest.raises(Refused):
        crew.add_shift(
            session,
            id_of(packer),
            began_at=NOW + HOUR * 0.5,
            ended_at=NOW + HOUR * 1.5,
            breaks=[],
            reason="没记上",
            now=NOW + HOUR * 24,
            by=SYSTEM,
        )
    added = crew.add_shift(
        session,
        id_of(packer),
        began_at=NOW - HOUR * 3,
        ended_at=NOW,
        breaks=[Span(NOW - HOUR * 2, NOW - HOUR)],
        reason="没记上",
        now=NOW + HOUR * 24,
        by=SYSTEM,
    )
    assert (added.began_how, seconds(session, packer, -HOUR * 5, HOUR)) == (LEAD, 3 * 3600)


# ---- any history ----

MINUTES = st.integers(0, 600)
ACTS = st.lists(st.tuples(st.sampled_from(["here", "gone", "rest", "back"]), st.integers(0, 200)), max_size=30)


@given(acts=ACTS, start=MINUTES, length=MINUTES)
def test_whatever_is_pressed_no_shifts_overlap_and_the_time_adds_up(
    any_day: Database, acts: list[tuple[str, int]], start: int, length: int
) -> None:
    minute = 0
    state = "gone"
    # The model: for each minute whether the person worked, as anybody with a notebook would have it.
    worked: set[int] = set()
    began = 0
    with any_day.engine.connect() as connection:
        session = Session(connection)
        packer = make_packer(session)
        for act, wait in acts:
            if state == "here":
                worked |= set(range(minute, min(minute + wait, began + 14 * 60)))
            minute += wait
            state, began = _press(session, packer, act, minute, state, began)
        end = start + length
        expected = sum(60 for each in worked if start <= each < end)
        counted = queries.worked_seconds(
            session, id_of(packer), NOW + timedelta(minutes=start), NOW + timedelta(minutes=min(end, minute))
        )
        assert counted == (expected if min(end, minute) > start else 0)
        assert session.scalar(_OVERLAPS) == 0
        assert session.scalar(_OUTSIDE) == 0
        connection.rollback()


def _press(session: Session, packer: Actor, act: str, minute: int, state: str, began: int) -> tuple[str, int]:
    """Do it, and say what the notebook says then; a forgotten shift ends where its time is counted to."""
    now = NOW + timedelta(minutes=minute)
    if act == "here" and not (state != "gone" and minute - began > 14 * 60):
        began = minute if state == "gone" else began
        crew.begin_shift(session, id_of(packer), how=BADGE, now=now, by=packer)
        return "here", began
    if act == "gone" and minute - began <= 14 * 60:
        crew.end_shift(session, id_of(packer), how=OWN, now=now)
        return "gone", began
    if act == "rest" and state == "here" and minute - began <= 14 * 60:
        crew.begin_break(session, id_of(packer), now=now)
        return "rest", began
    if act == "back" and state == "rest":
        crew.end_break(session, id_of(packer), now=now)
        return "here", began
    return state, began


_OVERLAPS = text(
    "SELECT count(*) FROM shifts a JOIN shifts b ON a.person_id = b.person_id AND a.id < b.id "
    "AND tstzrange(a.began_at, a.ended_at) && tstzrange(b.began_at, b.ended_at)"
)
_OUTSIDE = text(
    "SELECT count(*) FROM shift_breaks r JOIN shifts s ON s.id = r.shift_id "
    "WHERE r.began_at < s.began_at OR (s.ended_at IS NOT NULL AND (r.ended_at IS NULL OR r.ended_at > s.ended_at))"
)


@pytest.fixture(scope="module")
def any_day(server_url: str) -> Iterator[Database]:
    with database_of_its_own(server_url) as database:
        yield database


@given(
    cuts=st.lists(st.integers(0, 500), min_size=2, max_size=12, unique=True),
    middle=st.integers(0, 500),
)
def test_two_spans_side_by_side_count_as_one(cuts: list[int], middle: int) -> None:
    moments = [NOW + timedelta(minutes=cut) for cut in sorted(cuts)]
    rests = [Span(first, last) for first, last in zip(moments[1::2], moments[2::2], strict=False)]
    shift = Worked(Span(moments[0], moments[-1]), [rest for rest in rests if rest.ended_at <= moments[-1]])
    whole, cut = (NOW, NOW + timedelta(minutes=500)), NOW + timedelta(minutes=middle)
    assert worked_seconds([shift], *whole) == worked_seconds([shift], whole[0], cut) + worked_seconds(
        [shift], cut, whole[1]
    )


# ---- two at once ----


def test_two_who_note_the_same_arrival_at_once_note_one(database: Database) -> None:
    with database.transaction() as session:
        packer = make_packer(session)
    ids = all_at_once(database, *[lambda session: arrive(session, packer).id] * 6)
    assert len(set(ids)) == 1
    with database.transaction() as session:
        assert len(session.scalars(select(Shift)).all()) == 1
        assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "packer.here")).all()) == 1


def test_without_the_guard_somebody_is_here_twice(database: Database) -> None:
    with database.transaction() as session:
        packer = make_packer(session)
        session.execute(text("ALTER TABLE shifts DROP CONSTRAINT ex_shifts_one_at_a_time"))
        session.execute(text("DROP INDEX uq_shifts_open"))
    both_looked = Barrier(2)

    def look_then_write(session: Session) -> None:
        # Read, check, then write: what begin_shift would be without the database's word.
        assert queries.open_shift(session, id_of(packer)) is None
        both_looked.wait(20)
        session.add(Shift(person_id=id_of(packer), began_at=NOW, began_how=BADGE))

    all_at_once(database, look_then_write, look_then_write)
    with database.transaction() as session:
        assert len(session.scalars(select(Shift)).all()) == 2


def test_the_database_refuses_breaks_that_overlap(session: Session, packer: Actor) -> None:
    shift = arrive(session, packer)
    session.add_all(ShiftBreak(shift_id=shift.id, began_at=NOW, ended_at=NOW + HOUR * hours) for hours in (1, 2))
    with pytest.raises(IntegrityError, match="ex_shift_breaks_one_at_a_time"):
        session.flush()
    session.rollback()
