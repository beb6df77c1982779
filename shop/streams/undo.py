"""Taking back the last change of a stream: price, allotment, cap, open or closed, what is on air."""

from datetime import datetime

from sqlalchemy.orm import Session

from kernel.audit import Actor, AuditEntry
from kernel.errors import NotFound, Refused
from shop.streams.changes import (
    CHANGEABLE,
    MOMENTS,
    REHEARSAL_CHANGED,
    UNDOABLE,
    ChangedMeanwhile,
    changed_terms,
    changes_since,
    facts_of,
)
from shop.streams.rules import may_be_undone
from shop.streams.service import lock_offer, lock_open_stream, put_on_air, set_terms
from shop.streams.show import show_in_rehearsal

OFFER_UNDONE = "offer.undone"
ON_AIR_UNDONE = "stream.on_air_undone"
REHEARSAL_UNDONE = "stream.rehearsal_undone"


def undo(session: Session, stream_id: int, entry_id: int, *, now: datetime, by: Actor) -> None:
    """Put back what one change changed; pressed twice it changes nothing the second time.

    Raises:
        Refused: the ten seconds are over, or what it would put back is below what is sold by now.
        ChangedMeanwhile: somebody changed it again after that.
    """
    lock_open_stream(session, stream_id)
    entry = session.get(AuditEntry, entry_id)
    if entry is None or entry.action not in UNDOABLE:
        raise NotFound("没有这一步。", "There is no such change.")
    kind, _, number = entry.subject.partition(":")
    if kind == "offer":
        _undo_terms(session, stream_id, int(number), entry, now=now, by=by)
    elif int(number) == stream_id:
        _undo_shown(session, stream_id, entry, now=now, by=by)
    else:
        raise NotFound("没有这一步。", "There is no such change.")


def _check_time(entry: AuditEntry, now: datetime) -> None:
    if not may_be_undone(entry.at, now):
        raise Refused(
            "已经过了十秒，不能撤回了。要改请直接改。",
            "The ten seconds are over. Change it directly instead.",
            code="too_late",
        )


def _undo_terms(
    session: Session, stream_id: int, offer_id: int, entry: AuditEntry, *, now: datetime, by: Actor
) -> None:
    offer = lock_offer(session, stream_id, offer_id)
    present = facts_of(offer)
    was_undone = all(present[name] == entry.before[name] for name in CHANGEABLE)
    if was_undone:
        return
    _check_time(entry, now)
    if offer.terms_revision != entry.after["terms_revision"]:
        raise ChangedMeanwhile(changes_since(session, offer_id, entry.after["terms_revision"]))
    before = {change.what: change.before for change in changed_terms(entry)}
    for name in MOMENTS:
        if before.get(name):
            before[name] = datetime.fromisoformat(before[name])
    set_terms(session, offer, before, now=now, by=by, action=OFFER_UNDONE)


def _undo_shown(session: Session, stream_id: int, entry: AuditEntry, *, now: datetime, by: Actor) -> None:
    """Show again what was shown before, on air or in a rehearsal."""
    stream = lock_open_stream(session, stream_id)
    is_rehearsal = entry.action == REHEARSAL_CHANGED
    present = stream.rehearsal_offer_id if is_rehearsal else stream.on_air_offer_id
    before, after = entry.before["offer"], entry.after["offer"]
    if present == before:
        return
    _check_time(entry, now)
    if present != after:
        raise Refused("后来又换过别的了，没有撤回。", "Another one was put on air after that; nothing was taken back.")
    if is_rehearsal:
        show_in_rehearsal(session, stream_id, before, now=now, by=by, action=REHEARSAL_UNDONE)
    else:
        put_on_air(session, stream_id, before, now=now, by=by, action=ON_AIR_UNDONE)
