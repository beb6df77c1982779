"""What happened to the demo's lots: two mixed, fresh ones dried, one sorted, some mouldy, one counted, one blocked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.lots import changes_service, making_service, service, sorting_service
from fulfillment.purchasing.lots.changes_service import Counted
from fulfillment.purchasing.lots.making_service import Dried
from fulfillment.purchasing.lots.rules import Ratio
from fulfillment.purchasing.lots.sorting_service import Sorted
from fulfillment.purchasing.models import Lot
from kernel.audit import Actor
from kernel.clock import local_day
from shop.catalog.models import Variant

_ZONE = ZoneInfo("Asia/Shanghai")


def load(session: Session, actors: Mapping[str, Actor], variants: Mapping[str, Variant], now: datetime) -> None:
    """After the deliveries: what a week of work makes of them."""
    by, today = actors["weigher"], local_day(now, _ZONE)
    when = {"now": now, "by": by}

    def lots(sku: str) -> list[Lot]:
        rows = select(Lot).where(Lot.variant_id == variants[sku].id, Lot.used_g == 0).order_by(Lot.best_before, Lot.id)
        return list(session.scalars(rows))

    first, second = lots("RAW-HG-1")[:2]
    parts = {first.id: 8_000, second.id: 12_000}
    making_service.mix_lots(session, parts, grade="花菇统货", key="demo-mixing", today=today, now=now, by=by)
    sorted_ = Sorted(9_000, {"花菇一级": 5_200, "花菇二级": 3_350}, "碎了，剪下菇脚")
    sorting_service.sort_lot(session, lots("RAW-HG-1")[0].id, sorted_, key="demo-sorting", today=today, now=now, by=by)
    fresh, goal = lots("RAW-XG-FRESH")[0], variants["RAW-HOU-1"]
    making_service.set_ratio(session, fresh.variant_id, goal.id, Ratio(900, 1_500), now=now, by=actors["owner"])
    dried = Dried(goal.id, 2_420, "厚菇二级")
    yesterday = {"today": fresh.day, "now": now - timedelta(days=1), "by": by}
    making_service.dry_lots(session, {fresh.id: 20_000}, dried, key="demo-drying", **yesterday)  # type: ignore[arg-type]
    changes_service.waste(session, lots("RAW-HME-1")[0].id, 650, reason="受潮发霉", key="demo-waste", **when)  # type: ignore[arg-type]
    counted, blocked = lots("RAW-BAO-2")[:2]
    in_it = Counted(counted.left_g - 380, "月底盘点，晒干掉秤")
    changes_service.count_lot(session, counted.id, in_it, key="demo-count", **when)  # type: ignore[arg-type]
    service.block_lot(session, blocked.id, reason="有客人说有异味，等检测结果", now=now, by=actors["owner"])
