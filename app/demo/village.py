"""Demo of what the workshop is: its name, what it is to the village's households, and the charity fund's lines."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.workshop.models import THE_ONLY, Workshop
from app.workshop.service import WorkshopFacts
from app.workshop.watch import ABOUT
from fulfillment.crew.households.service import say_kind
from fulfillment.fund.models import PAID_IN, SPENT
from fulfillment.fund.service import FundFacts, add_line
from fulfillment.packing.models import Packer
from kernel.audit import Actor
from kernel.clock import local_day

_WORKSHOP = WorkshopFacts("庆元工坊", about_zh=ABOUT.zh, about_en=ABOUT.en)
_ZONE = ZoneInfo("Asia/Shanghai")
# By the place in packing.VILLAGERS; the others have said nothing.
_SAID = ("elderly", "elderly", "accompanying", "disabled", "elderly", "accompanying", "", "accompanying")
# Days ago, kind, fen, what.
_FUND = (
    (40, PAID_IN, 200_000, "九月销售额的百分之一"),
    (33, SPENT, 68_000, "重阳节给村里老人送米面油"),
    (11, PAID_IN, 231_500, "十月销售额的百分之一"),
    (6, SPENT, 120_000, "给小学添置图书"),
)


def load(session: Session, actors: Mapping[str, Actor], now: datetime) -> None:
    """Add the workshop, what people said, and the fund of the last weeks."""
    owner = actors["owner"]
    session.add(Workshop(**asdict(_WORKSHOP), id=THE_ONLY, is_demo=True, version=1, at=now, by=owner.name))
    packers = session.scalars(select(Packer.person_id).order_by(Packer.person_id)).all()
    for person_id, kind in zip(packers, _SAID, strict=False):
        say_kind(session, person_id, kind, now=now, by=owner)
    for days_ago, kind, fen, what in _FUND:
        then = now - timedelta(days=days_ago)
        add_line(session, FundFacts(kind, fen, local_day(then, _ZONE), what), now=then, by=owner)
