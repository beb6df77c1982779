"""Demo weigh-ins that took two people: one that waits, one that was agreed to, one of which a part went home, one visit."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.purchasing.asking import deciding_service as deciding
from fulfillment.purchasing.asking.models import WeighInRequest
from fulfillment.purchasing.asking.service import Answer, HandedIn, Visit, turn_away
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.service import WeighIn
from kernel.audit import Actor
from kernel.clock import local_day

_ZONE = ZoneInfo("Asia/Shanghai")


def load(session: Session, actors: dict[str, Actor], now: datetime) -> None:
    """Add them for the first growers."""
    weigher, owner = actors["weigher"], actors["owner"]
    today = local_day(now, _ZONE)
    huagu, _, hougu, bogu = session.scalars(select(Contract).order_by(Contract.id).limit(4))
    earlier = now - timedelta(hours=2)
    bare = WeighIn(
        contract_id=bogu.id,
        day=today,
        gross_g=38_600,
        tare_g=1_200,
        moisture_bps=1_280,
        foreign_bps=100,
        grade="薄菇二级",
        has_certificate=False,
        certificate_reason="合格证开好了，忘在家里，明天补",
    )
    agreed = _ask(session, replace(bare, gross_g=35_100), "demo-asked-1", earlier, weigher)
    request = session.get_one(WeighInRequest, agreed.request_id)
    seen = deciding.seen_mark(deciding.price_now(session, request, today))
    at = earlier + timedelta(minutes=20)
    workflows.approve_weigh_in(session, request.id, words="明天要带来", seen=seen, today=today, now=at, by=owner)
    _ask(session, bare, "demo-asked-2", now - timedelta(minutes=35), weigher)
    part = replace(bare, contract_id=hougu.id, grade="厚菇一级", gross_g=41_300, has_certificate=True)
    part = replace(part, certificate_reason="", refused_g=2_400, refused_reason="mould")
    handed = HandedIn(part, is_sure=True)
    workflows.hand_in(session, handed, key="demo-part-home", today=today, now=earlier, by=weigher)
    visit = Visit(huagu.id, today, 26_300, 800, 2_150, "moist", "天气好，晒两天就行")
    turn_away(session, visit, key="demo-turned-away", today=today, now=earlier, by=weigher)


def _ask(session: Session, facts: WeighIn, key: str, at: datetime, by: Actor) -> Answer:
    handed = HandedIn(facts, is_sure=True, certificate_is_asked=True)
    return workflows.hand_in(session, handed, key=key, today=facts.day, now=at, by=by)
