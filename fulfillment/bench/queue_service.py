"""Carries out what a device sends, each action once: the same key gives the same answer, whenever and however often.

An action runs in its own transaction together with the line that remembers it. A lock on the key lets a repeat that
arrives at the same moment wait for the first one; the table's key is the last guard.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from fulfillment.bench.queue_forms import Action
from fulfillment.bench.queue_models import (
    ALREADY,
    DONE,
    GIVE_BACK,
    HAPPENED,
    PUT_BACK,
    REFUSED,
    REST,
    SCAN,
    UNDO,
    BenchAction,
)
from fulfillment.bench.queue_rules import Pass, reckon
from fulfillment.packing import late_service, packer_service, queries
from fulfillment.packing.late_rules import UNPAID
from fulfillment.packing.lead_rules import parcel_number, read_scan
from fulfillment.packing.models import PackingTask
from kernel.audit import Actor
from kernel.errors import Forbidden, NotFound, NotSignedIn, Problem, Refused
from kernel.people.models import Person
from kernel.text import Text

_ONE_OF_A_KEY = text("SELECT pg_advisory_xact_lock(hashtextextended('gongfang: bench action ' || :key, 0))")
_NOTHING: Final = Text("", "")
# What has not come after so long could not be read: the rest of the queue must not wait for it for ever.
_STILL_ON_THE_WAY_MS: Final = 15 * 60 * 1000


@dataclass(frozen=True)
class Outcome:
    """What came of an action; ``state`` is done, already or refused."""

    state: str
    task_id: int | None
    acted_at: datetime
    code: str = ""
    say: Text = _NOTHING


class Later(Exception):
    """The action cannot be judged yet: what it takes back has not arrived. The device sends it again."""


def admit(session: Session, leave: Pass | None) -> Actor:
    """The person whose queue this is, as things stand now.

    Raises:
        NotSignedIn: no pass, not ours, its time is over, or the person was signed out everywhere since.
        Forbidden: the person packs here no longer.
    """
    person = person_of(session, leave)
    if not queries.packs_here(session, person.id):
        raise Forbidden(
            "您现在不在打包组，等着的还留在这台平板上。请找组长。",
            "You do not pack here now. What waits stays on this device; please ask the lead.",
            code="not_a_packer",
        )
    return Actor(person.id, person.name)


def person_of(session: Session, leave: Pass | None) -> Person:
    """The person whose pass this is.

    Raises:
        NotSignedIn: no pass, not ours, its time is over, or the person was signed out everywhere since.
    """
    person = session.get(Person, leave.person_id) if leave else None
    ended_at = person.sign_ins_ended_at if person else None
    if leave is None or person is None or not person.active or (ended_at is not None and ended_at >= leave.issued_at):
        raise NotSignedIn(
            "请在这台平板上再登录一次，等着的就会送出去。",
            "Please sign in once more on this device; then what waits is sent.",
            code="pass_over",
        )
    return person


def receive(session: Session, action: Action, leave: Pass, by: Actor, *, now: datetime) -> BenchAction:
    """Carry out one action of the person with this pass, or give the answer that it got before.

    Raises:
        Later: it takes back something that has not arrived yet.
        Refused: the key belongs to another action.
    """
    session.execute(_ONE_OF_A_KEY, {"key": action.key})
    known = session.get(BenchAction, action.key)
    if known is not None:
        return _same(known, action, leave)
    outcome = _outcome(session, action, leave.person_id, by, now=now)
    line = BenchAction(
        key=action.key,
        content_hash=action.content_hash,
        person_id=leave.person_id,
        device=leave.device,
        kind=action.kind,
        task_id=outcome.task_id,
        detail=action.detail,
        device_time=action.device_time,
        acted_at=outcome.acted_at,
        received_at=now,
        state=outcome.state,
        code=outcome.code,
        say_zh=outcome.say.zh,
        say_en=outcome.say.en,
    )
    session.add(line)
    session.flush()
    return line


def _same(known: BenchAction, action: Action, leave: Pass) -> BenchAction:
    if known.person_id != leave.person_id or known.content_hash != action.content_hash:
        raise Refused("这个编号已经用过了。", "That key belongs to something else.", code="idempotency_key_reused")
    return known


def _outcome(session: Session, action: Action, packer_id: int, by: Actor, *, now: datetime) -> Outcome:
    """What comes of the action; what is refused has changed nothing."""
    acted_at = reckon(now, action.age_ms)
    try:
        with session.begin_nested():
            return _ACTS[action.kind](session, action, packer_id, acted_at, now, by)
    except Problem as problem:
        return Outcome(REFUSED, _meant(session, action, problem.code), acted_at, problem.code, problem.text)


def _meant(session: Session, action: Action, code: str) -> int | None:
    """The task that a refused action was about; a scan that was no late work (a slip of the hand) is about none."""
    if action.kind == SCAN:
        if code not in UNPAID:
            return None
        parcel = queries.parcel_by_number(session, parcel_number(read_scan(action.detail)))
        return parcel.task.id if parcel else None
    task = session.get(PackingTask, action.task_id) if action.task_id else None
    return task.id if task else None


def _done(session: Session, action: Action, packer_id: int, acted_at: datetime, now: datetime, by: Actor) -> Outcome:
    assert action.task_id is not None
    return _finished(late_service.finish_late(session, action.task_id, packer_id, acted_at=acted_at, now=now, by=by))


def _scan(session: Session, action: Action, packer_id: int, acted_at: datetime, now: datetime, by: Actor) -> Outcome:
    return _finished(
        late_service.finish_scanned_late(
            session, action.detail, packer_id, card=action.card, acted_at=acted_at, now=now, by=by
        )
    )


def _finished(finished: late_service.Finished) -> Outcome:
    if finished.is_stopped:
        say = Text(
            "这件包好以后订单取消了，钱照算。请把东西放回去。",
            "The order was cancelled after you packed it; it is paid. Please put the goods back.",
        )
        return Outcome(HAPPENED, finished.task_id, finished.at, "paid_not_sent", say)
    return Outcome(HAPPENED if finished.is_first else ALREADY, finished.task_id, finished.at)


def _undo(session: Session, action: Action, packer_id: int, acted_at: datetime, now: datetime, by: Actor) -> Outcome:
    undone = session.get(BenchAction, action.detail)
    if undone is None and action.age_ms < _STILL_ON_THE_WAY_MS:
        raise Later
    if undone is None or undone.person_id != packer_id or undone.kind not in (DONE, SCAN):
        raise NotFound("没有这一条。", "There is no such action.", code="nothing_to_undo")
    acted_at = max(undone.acted_at, min(acted_at, now))
    if undone.state != HAPPENED or undone.task_id is None:
        return Outcome(ALREADY, undone.task_id, acted_at)
    if late_service.undo_late(session, undone.task_id, packer_id, done_at=undone.acted_at, acted_at=acted_at, by=by):
        return Outcome(HAPPENED, undone.task_id, acted_at)
    if late_service.has_in_hand(session, undone.task_id, packer_id):
        return Outcome(ALREADY, undone.task_id, acted_at)
    raise Refused(
        "来不及撤回了，这件算包好了。有不对的，请找组长。",
        "Too late to take back; it counts as packed. If something is wrong, ask the lead.",
        code="too_late",
    )


def _give_back(
    session: Session, action: Action, packer_id: int, acted_at: datetime, now: datetime, by: Actor
) -> Outcome:
    assert action.task_id is not None
    was_in_hand = late_service.give_back_late(
        session, action.task_id, packer_id, reason=action.detail, acted_at=acted_at, now=now, by=by
    )
    return Outcome(HAPPENED if was_in_hand else ALREADY, action.task_id, acted_at)


def _put_back(
    session: Session, action: Action, packer_id: int, acted_at: datetime, now: datetime, _by: Actor
) -> Outcome:
    assert action.task_id is not None
    packer_service.note_put_back(session, action.task_id, packer_id, now=now)
    return Outcome(HAPPENED, action.task_id, acted_at)


def _rest(session: Session, action: Action, packer_id: int, acted_at: datetime, now: datetime, by: Actor) -> Outcome:
    is_new = late_service.rest_with_empty_hands(
        session, packer_id, reason=action.detail, acted_at=acted_at, now=now, by=by
    )
    return Outcome(HAPPENED if is_new else ALREADY, None, acted_at)


_ACTS: Final[dict[str, Callable[[Session, Action, int, datetime, datetime, Actor], Outcome]]] = {
    DONE: _done,
    SCAN: _scan,
    UNDO: _undo,
    GIVE_BACK: _give_back,
    PUT_BACK: _put_back,
    REST: _rest,
}
