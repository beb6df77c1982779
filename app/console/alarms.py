"""A short list of what goes wrong now, for the board: payments, couriers, packing, the program itself. Empty when all is well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from kernel.text import Text

# Each is found by an index over what is open, so the board's look stays as short as the list.
_ALARMS = text("""
    SELECT 'payment' AS kind, count(*) AS number FROM payment_notes
    WHERE closed_at IS NULL AND kind IN ('refund_failed', 'wrong_amount', 'dispute')
    UNION ALL SELECT 'waybill', count(*) FROM waybills w
    WHERE w.state = 'failed' AND NOT EXISTS (SELECT FROM waybills n WHERE n.parcel_id = w.parcel_id AND n.id > w.id)
    UNION ALL SELECT 'events', count(*) FROM payment_events WHERE applied_at IS NULL AND received_at < :waiting_since
    UNION ALL SELECT 'jobs', count(*) FROM jobs WHERE done_at IS NULL AND given_up_at IS NULL AND run_at < :waiting_since
""")
_PATIENCE: Final = timedelta(minutes=2)
_WORDS: Final[Mapping[str, tuple[Text, str]]] = {
    "payment": (Text("{n} 笔钱不对", "{n} payments went wrong"), "/console"),
    "waybill": (Text("{n} 张面单没要到", "{n} waybills were refused"), "/bench/lead"),
    "events": (Text("{n} 条付款消息还没处理", "{n} messages of payments wait"), "/console"),
    "jobs": (
        Text("{n} 件后台的事迟了，看看后台程序在不在跑", "{n} background jobs are late: does the worker run?"),
        "/console",
    ),
    "late": (Text("{n} 件包裹过了该发的时间", "{n} parcels are past their time"), "/bench/lead"),
}
_ORDER: Final = ("payment", "events", "jobs", "waybill", "late")


@dataclass(frozen=True)
class Alarm:
    """Something that is wrong now, and where it is seen to."""

    said: Text
    href: str


def alarms(session: Session, *, late: int, now: datetime) -> Sequence[Alarm]:
    """What is wrong now, money first; ``late`` parcels are counted already."""
    rows = session.execute(_ALARMS, {"waiting_since": now - _PATIENCE})
    numbers = {**{row.kind: row.number for row in rows}, "late": late}
    return [_alarm(kind, numbers[kind]) for kind in _ORDER if numbers.get(kind)]


def _alarm(kind: str, number: int) -> Alarm:
    words, href = _WORDS[kind]
    return Alarm(Text(words.zh.format(n=number), words.en.format(n=number)), href)
