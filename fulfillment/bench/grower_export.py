"""A farmer's own data as one JSON value: who, what was brought, what was paid, where it went. Money in fen."""

from typing import Any

from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.own.queries import Sold
from fulfillment.purchasing.statements.queries import Movement, Season

_DELIVERY_FACTS = (
    *("grade", "gross_g", "tare_g", "net_g", "refused_g", "settle_g", "moisture_bps", "foreign_bps"),
    *("quote_fen_per_kg", "quote_market", "premium_bps", "floor_fen_per_kg", "unit_fen_per_kg", "market_pay_fen"),
)


def own_data(farmer: Farmer, season: Season, sold: list[Sold]) -> dict[str, Any]:
    """What we keep of the farmer, and what came of the goods; no buyer is in it."""
    names = ("name", "shown_name", "phone", "village", "consent_shown")
    return {
        "farmer": {name: getattr(farmer, name) for name in names},
        "movements": [_movement(each) for each in season.movements],
        "sums_fen": {
            "delivered": season.delivered_fen,
            "at_market": season.market_fen,
            "above_market": season.premium_fen,
            "paid": season.paid_fen,
            "owed": season.balance_fen,
        },
        "sold": [
            {"stream": str(each.title) if each.title else None, "bags": each.bags, "provinces": dict(each.provinces)}
            for each in sold
        ],
    }


def _movement(movement: Movement) -> dict[str, Any]:
    known: dict[str, Any] = {"day": movement.day.isoformat(), "kind": movement.kind, "fen": movement.fen}
    delivery = movement.delivery
    if delivery is not None:
        known |= {"lot": delivery.lot.number, "product": delivery.contract.product}
        known |= {name: getattr(delivery, name) for name in _DELIVERY_FACTS}
        known["quote_day"] = delivery.quote_day.isoformat()
    if movement.entry is not None:
        known |= {"reason": movement.entry.reason, "paper": movement.entry.paper_ref}
    return known
