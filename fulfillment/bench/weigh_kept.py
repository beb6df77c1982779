"""What a device at the scale keeps for a shift: contracts by their id, with grades and the price that would count."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from fulfillment.bench.grade_cards import grade_cards
from fulfillment.bench.people_at_the_scale import AtTheScale
from fulfillment.bench.weigher_words import title_of, today
from fulfillment.purchasing import queries
from fulfillment.purchasing.weighing import queries as weighing


def contracts_to_keep(session: Session, people: Iterable[AtTheScale]) -> dict[str, Any]:
    """By the contract's id: whose it is, what, which grades; prices by the key of what they are for."""
    photographed = weighing.grades_with_pictures(session)
    needed = {(need.kind.key, need.market): need.quote for need in queries.needed_quotes(session, today())}
    kept: dict[str, Any] = {}
    for each in people:
        for contract in each.contracts:
            quote = needed.get((queries.kind_of(contract).key, contract.market))
            kept[str(contract.id)] = {
                "farmer": each.farmer.name,
                "product": str(title_of(contract.product)),
                "grades": [asdict(card) for card in grade_cards(contract, photographed)],
                "quote": quote and {"market": quote.market, "day": f"{quote.day}", "fen": quote.fen_per_kg},
            }
    return kept
