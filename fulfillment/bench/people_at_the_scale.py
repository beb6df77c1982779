"""Who may be standing at the scale: farmers with their running contracts, most frequent first."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from fulfillment.bench.weigher_words import today
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.models import Contract, Farmer
from fulfillment.purchasing.weighing import queries as weighing
from fulfillment.purchasing.weighing.rules import farmer_code, read_farmer_code

_MOST = 1_000


@dataclass(frozen=True)
class AtTheScale:
    """A farmer, the contracts that run today, and the code on the farmer's badge."""

    farmer: Farmer
    contracts: Sequence[Contract]
    code: str


def people_at_the_scale(session: Session, search: str = "") -> list[AtTheScale]:
    """Farmers by badge, name, initials or village: who came most in the last weeks first, without a contract last."""
    scanned = read_farmer_code(search)
    found = growers.farmers(session, "" if scanned else search, most=_MOST)
    of_farmer: dict[int, list[Contract]] = {}
    for contract in growers.contracts(session, on=today()):
        of_farmer.setdefault(contract.farmer_id, []).append(contract)
    often = weighing.how_often(session, today())
    people = [
        AtTheScale(farmer, of_farmer.get(farmer.id, []), farmer_code(farmer.id))
        for farmer in found
        if scanned in (None, farmer.id)
    ]
    # Sorting keeps the order by initials among those who came equally often.
    return sorted(people, key=lambda each: (not each.contracts, -often.get(each.farmer.id, 0)))
