"""Demo of planning: one of the growers who are behind was called yesterday. Sales come from the evening itself only."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from fulfillment.purchasing.planning import calls, service
from kernel.audit import Actor
from kernel.clock import local_day

_ZONE = ZoneInfo("Asia/Shanghai")


def load(session: Session, actors: Mapping[str, Actor], now: datetime) -> None:
    """Note a call to the first grower on the list."""
    yesterday = local_day(now, _ZONE) - timedelta(days=1)
    for line in calls.to_call(session, yesterday)[:1]:
        service.note_call(
            session,
            line.farmer.id,
            "will_bring",
            "周末摘完送来",
            key="demo-call",
            today=yesterday,
            now=now - timedelta(days=1),
            by=actors["weigher"],
        )
