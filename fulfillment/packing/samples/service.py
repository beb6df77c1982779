"""Choosing boxes to look at, and noting what was seen. None of it changes pay."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.crew.notes import service as notes
from fulfillment.crew.notes.rules import SAMPLE_MEND, SAMPLE_OK
from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.packing.samples import queries
from fulfillment.packing.samples.models import SampleCheck, SamplePhoto
from fulfillment.packing.samples.rules import (
    BY_LEAD,
    DROPPED,
    DUE,
    FAIR,
    MEND,
    OK,
    QUESTIONS,
    Looked,
    choose,
    how_many,
)
from fulfillment.packing.states import PACKED
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound, Refused
from kernel.photos import Photo

_CHOOSE_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('gongfang: choose samples'))")


def choose_samples(session: Session, *, rate_bps: int, now: datetime, zone: ZoneInfo, rng: Random) -> int:
    """Choose boxes that are packed and still here, as many as today's rate asks for. Returns how many.

    Two leads who press at once choose once: the second sees what the first has chosen.
    """
    session.execute(_CHOOSE_ONE_AT_A_TIME)
    drop_gone(session)
    today = queries.today(session, now, zone)
    looked = Looked(Counter(today.chosen_packers), Counter(today.chosen_hours))
    more = how_many(today.packed, len(today.chosen_packers), rate_bps, today.people)
    chosen = choose(queries.may_be_chosen(session, now, zone), looked, more, rng)
    for box in chosen:
        _add(session, box.parcel_id, FAIR, now)
    return len(chosen)


def choose_parcel(session: Session, parcel: Parcel, *, now: datetime, by: Actor) -> SampleCheck:
    """The lead wants to look at this very box; chosen already, it is the same check.

    Raises:
        Refused: the box is not packed, or has left.
    """
    if parcel.state != PACKED:
        raise Refused("只有包好、还没交快递的箱子可以抽查。", "Only a packed box that is still here can be checked.")
    check = _add(session, parcel.id, BY_LEAD, now)
    record_change(session, actor=by, action="sample.chosen", subject=f"parcel:{parcel.number}", at=now)
    return check


def _add(session: Session, parcel_id: int, how: str, now: datetime) -> SampleCheck:
    task = session.scalars(select(PackingTask).where(PackingTask.parcel_id == parcel_id)).one()
    session.execute(
        insert(SampleCheck)
        .values(
            parcel_id=parcel_id,
            packer_id=task.packer_id,
            packed_at=task.packed_at,
            chosen_at=now,
            chosen_how=how,
            state=DUE,
            kind_word="",
        )
        .on_conflict_do_nothing(index_elements=[SampleCheck.parcel_id])
    )
    return session.scalars(
        select(SampleCheck).where(SampleCheck.parcel_id == parcel_id).execution_options(populate_existing=True)
    ).one()


def drop_gone(session: Session) -> None:
    """Checks whose box has left, was stopped or opened again will never be made: let them go."""
    gone = (
        select(SampleCheck.id)
        .join(SampleCheck.parcel)
        .where(SampleCheck.state == DUE, Parcel.state != PACKED)
        .with_for_update(of=SampleCheck, skip_locked=True)
    )
    for check_id in session.scalars(gone).all():
        session.get_one(SampleCheck, check_id).state = DROPPED
    session.flush()


def note_result(
    session: Session,
    check_id: int,
    *,
    answers: Mapping[str, bool],
    kind_word: str,
    photo: Photo | None,
    now: datetime,
    by: Actor,
) -> SampleCheck:
    """What was seen: all four right is "ok", else "mend"; the packer reads a kind word. Pay stays as it is.

    Raises:
        NotFound: there is no such check. Refused: it was noted before with another outcome, or its box has gone.
    """
    check = lock_row(session, SampleCheck, check_id)
    if check is None:
        raise NotFound("没有这次抽查。", "There is no such check.")
    if check.state != DUE:
        raise Refused("这个箱子已经查过了。", "This box has been looked at already.", code="checked_already")
    for question in QUESTIONS:
        setattr(check, question, answers[question])
    check.state = OK if all(answers[question] for question in QUESTIONS) else MEND
    check.kind_word, check.checked_at, check.checked_by = kind_word, now, by.name
    session.flush()
    if photo is not None:
        session.add(SamplePhoto(check_id=check.id, jpeg=photo.jpeg, width=photo.width, height=photo.height, at=now))
    notes.leave_note(
        session,
        check.packer_id,
        SAMPLE_OK if check.state == OK else SAMPLE_MEND,
        subject=check.parcel.number,
        words=kind_word,
        now=now,
        by=by,
    )
    record_change(
        session,
        actor=by,
        action="sample.noted",
        subject=f"parcel:{check.parcel.number}",
        at=now,
        after={"result": check.state, "photo": photo is not None},
    )
    return check
