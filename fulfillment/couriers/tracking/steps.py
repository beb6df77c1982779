"""A round of looking where parcels are: few at a time, one question a number, each answer in a transaction of its own."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from fulfillment.couriers.desk import CourierDesk
from fulfillment.couriers.providers import CourierAway, CourierRefuses, Journey, TrackQuery
from fulfillment.couriers.tracking import queries, service
from fulfillment.couriers.tracking.service import Look
from kernel import outbox
from kernel.db import Database

JOB = "track_parcels"
EVERY = timedelta(minutes=10)
MOST_A_ROUND = 40
_BETWEEN_S = 0.1
# Somebody else's server is away when it fails so often in a row; the rest of the round waits.
_AWAY_AFTER = 3
# Whose fault these are is not the parcel's: the account has to be put right first.
_OF_THE_ACCOUNT = ("signature", "balance", "account")

log = logging.getLogger("gongfang.couriers")

Apply = Callable[[Session, int, str, Journey | CourierRefuses, timedelta, datetime], None]


def plan(session: Session, now: datetime) -> None:
    """See to it that the next round is planned; any number of workers plan the same one."""
    slot = int(now.timestamp() // EVERY.total_seconds()) + 1
    run_at = datetime.fromtimestamp(slot * EVERY.total_seconds(), UTC)
    outbox.enqueue(session, JOB, {}, now=now, run_at=run_at, key=f"{JOB}:{slot}")


def ask_now(session: Session, now: datetime) -> None:
    """Let the worker make a round at once; pressed by many it is one."""
    outbox.enqueue(session, JOB, {}, now=now, key=f"{JOB}:now")


def track_parcels(
    database: Database,
    desk: CourierDesk,
    apply: Apply,
    now: datetime,
    *,
    most: int = MOST_A_ROUND,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Job: ask where the parcels are that are due. ``apply`` writes an answer (app/workflows). Returns how many were asked."""
    with database.transaction() as session:
        plan(session, now)
        looks = list(service.claim_looks(session, now, desk.tracked_carriers, most)) if desk.provider else []
        ends = queries.phone_ends(session, [look.parcel_id for look in looks])
    failed_in_a_row = 0
    for place, look in enumerate(looks):
        if place:
            pause(_BETWEEN_S)
        try:
            _look(database, desk, apply, look, ends, now)
            failed_in_a_row = 0
        except CourierAway:
            failed_in_a_row += 1
        except _AccountTrouble as trouble:
            log.error(  # noqa: TRY400 - what went wrong is its kind; a trace says no more
                "couriers' interface refuses us", extra={"facts": {"kind": str(trouble)}}
            )
            failed_in_a_row = _AWAY_AFTER
        if failed_in_a_row == _AWAY_AFTER:
            with database.transaction() as session:
                service.put_back(session, looks[place + 1 :], now + EVERY)
            return place + 1
    return len(looks)


class _AccountTrouble(Exception):
    """The interface refuses us altogether."""


def _look(
    database: Database, desk: CourierDesk, apply: Apply, look: Look, ends: Mapping[int, str], now: datetime
) -> None:
    assert desk.provider is not None
    answer: Journey | CourierRefuses
    try:
        answer = desk.provider.track(TrackQuery(look.carrier, look.number, ends.get(look.parcel_id, "")))
    except CourierRefuses as refusal:
        if refusal.kind in _OF_THE_ACCOUNT:
            raise _AccountTrouble(refusal.kind) from None
        answer = refusal
    with database.transaction() as session:
        apply(session, look.parcel_id, look.number, answer, desk.stuck_after, now)
