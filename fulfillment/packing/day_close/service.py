"""Closing a day: counted once more in the same transaction, kept for good."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from fulfillment.packing.day_close import queries
from fulfillment.packing.day_close.models import DayClose
from fulfillment.packing.day_close.rules import LEFT, not_settled, workday
from kernel.audit import Actor, record_change
from kernel.errors import Invalid
from kernel.text import Text

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('gongfang: close the day'))")


def close_day(
    session: Session,
    *,
    seen: Mapping[str, int],
    carried: set[str],
    note: str,
    now: datetime,
    zone: ZoneInfo,
    by: Actor,
) -> DayClose:
    """Keep what the day did and left. ``seen`` is what the lead looked at, ``carried`` what they leave for later.

    Raises:
        Invalid: something is left that was not looked at, or has grown since; each is named at its field.
    """
    session.execute(_ONE_AT_A_TIME)
    day = workday(now, zone)
    standing = queries.standing_of_day(session, day, now, zone)
    open_names = not_settled(standing.left, seen, carried)
    if open_names:
        raise Invalid(
            "还有事没定：去处理，或者勾上“留到以后”。",
            "Some things are open: see to them, or tick that they wait.",
            fields={name: _say(name, standing.left[name], seen.get(name, 0)) for name in open_names},
        )
    rounds = session.scalar(select(func.max(DayClose.round)).where(DayClose.day == day)) or 0
    close = DayClose(
        day=day,
        round=rounds + 1,
        at=now,
        by=by.name,
        by_id=by.person_id,
        done=standing.done,
        left=standing.left,
        note=note,
    )
    session.add(close)
    session.flush()
    record_change(session, actor=by, action="day.closed", subject=f"day:{day}", at=now, after={"round": close.round})
    return close


def _say(name: str, count: int, seen: int) -> Text:
    word = LEFT[name][0]
    if seen and count > seen:
        return Text(f"{word.zh}：刚才 {seen}，现在 {count}。", f"{word.en}: {seen} a moment ago, now {count}.")
    return Text(f"{word.zh}：{count}。", f"{word.en}: {count}.")
