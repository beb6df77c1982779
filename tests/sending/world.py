"""Price lists and buyers for tests of sending, on the bench of tests/lead/world.py."""

from collections.abc import Mapping
from dataclasses import replace

from fulfillment.couriers.fees import service as fees
from fulfillment.couriers.fees.tariff_file import sample_tariffs
from kernel.audit import SYSTEM
from kernel.db import Database
from tests.lead.world import Bench, order_parcel
from tests.world import NOW


def load_prices(database: Database, days: Mapping[str, int] | None = None) -> None:
    """The sample price list from today on; ``days`` is how long each courier takes."""
    known = days or {"STO": 3, "ZTO": 2}
    with database.transaction() as session:
        fees.import_tariffs(
            session,
            [replace(tariff, days=known[tariff.carrier]) for tariff in sample_tariffs().values()],
            valid_from=NOW.date(),
            today=NOW.date(),
            now=NOW,
            by=SYSTEM,
        )


def orders_of_one_buyer(database: Database, bench: Bench) -> tuple[str, str, str]:
    """Parcels of two orders for one door, and one for another person there."""
    first = order_parcel(database, bench)
    second = order_parcel(database, bench, quantity=2)
    return first, second, order_parcel(database, bench, name="别人")


def drawn(points: int = 12) -> str:
    """A signature of one stroke."""
    first, *rest = [f"{20 + 10 * place} {40 + 7 * (place % 5)}" for place in range(points)]
    return f"M{first}" + "".join(f"L{point}" for point in rest)
