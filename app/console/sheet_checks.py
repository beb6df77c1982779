"""Reading what a run sheet is checked by: labels, costs, contracts, the bench."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.console.board import OfferFigures
from app.console.sheet_rules import Check, OfferFacts, PackingFacts, checks, sellable
from fulfillment.labels.bag import missing_on
from fulfillment.packing import queries as packing
from fulfillment.purchasing.costs.queries import usual_bag_costs
from fulfillment.purchasing.costs.rules import in_fen
from fulfillment.purchasing.planning.queries import read_plan
from kernel.clock import local_day
from shop.catalog.models import Variant
from shop.orders.rules import SHIP_FRESH_WITHIN, SHIP_WITHIN
from shop.streams.models import Stream

_LATELY: Final = timedelta(days=14)
_WEEKS: Final = 4
_PACE = text("""
    SELECT count(*) AS parcels, count(DISTINCT CAST(packed_at AT TIME ZONE :zone AS date)) AS days,
           COALESCE(sum((SELECT sum(line.quantity) FROM parcel_lines line WHERE line.parcel_id = task.parcel_id)), 0) AS pieces
    FROM packing_tasks task WHERE packed_at >= :since
""")


@dataclass(frozen=True)
class SheetLook:
    """What is worth a look, and how many pieces can be sold and sent as promised."""

    checks: Sequence[Check]
    sellable: int
    packable: int | None


def look_at(
    session: Session, stream: Stream, offers: Sequence[OfferFigures], now: datetime, zone: ZoneInfo
) -> SheetLook:
    """Check the run sheet of a stream that has not ended."""
    ids = [offer.variant_id for offer in offers]
    variants = {row.id: row for row in session.scalars(select(Variant).where(Variant.id.in_(ids)))}
    costs = usual_bag_costs(session, ids, now)
    covered = _covered_days(session, now, zone)
    facts = [
        OfferFacts(
            offer_id=offer.id,
            title=offer.title,
            spec=offer.spec,
            allotment=offer.allotment,
            taken=offer.taken,
            free=offer.free,
            lowest_fen=min(offer.price_fen, offer.flash.price_fen) if offer.flash else offer.price_fen,
            cost_fen=in_fen(costs[offer.variant_id].paid) if offer.variant_id in costs else None,
            missing_on_label=missing_on(variants[offer.variant_id].product.label),
            covered_days=covered.get(variants[offer.variant_id].product_id),
        )
        for offer in offers
    ]
    has_fresh = any(variants[offer.variant_id].product.is_fresh for offer in offers)
    bench = _bench(session, now, zone, has_fresh=has_fresh)
    starts_in = (stream.starts_at - now) / timedelta(hours=1) if stream.started_at is None else 0.0
    return SheetLook(checks(facts, bench, starts_in), sellable(facts, bench), bench.pieces)


def _covered_days(session: Session, now: datetime, zone: ZoneInfo) -> dict[int, int]:
    """How many days the contracts' rest of each product lasts, where something is under contract and was sold lately."""
    found = {}
    for plan in read_plan(session, local_day(now, zone)).products:
        sold_g = sum(plan.sold_g[-_WEEKS:])
        if plan.promises and sold_g:
            found[plan.product.id] = plan.rest_g * _WEEKS * 7 // sold_g
    return found


def _bench(session: Session, now: datetime, zone: ZoneInfo, *, has_fresh: bool) -> PackingFacts:
    pace = session.execute(_PACE, {"since": now - _LATELY, "zone": zone.key}).one()
    within = SHIP_FRESH_WITHIN if has_fresh else SHIP_WITHIN
    return PackingFacts(
        parcels=pace.parcels,
        worked_days=pace.days,
        packed_pieces=int(pace.pieces),
        waiting=packing.backlog(session, now).open,
        days=within // timedelta(days=1),
    )
