"""What the workshop tells its couriers' interface: who sends, with which accounts, and how patient we are."""

from dataclasses import dataclass
from datetime import timedelta

from fulfillment.couriers.providers import SHEET, CourierRefuses, Party, WaybillProvider


@dataclass(frozen=True)
class CourierDesk:
    """The interface in use (``None``: couriers' own sheets only), the carriers we have accounts with, and the sender."""

    provider: WaybillProvider | None
    carriers: frozenset[str]
    sender: Party
    stuck_after: timedelta
    # Carriers that the interface can tell about, with an account or without.
    tracked_carriers: frozenset[str]

    def way_of(self, carrier: str) -> str:
        """How a carrier's numbers come: the interface's name, or ``sheet``."""
        return self.provider.name if self.provider and carrier in self.carriers else SHEET

    def provider_named(self, name: str) -> WaybillProvider:
        """The interface that a waybill was asked of.

        Raises:
            CourierRefuses: it is not set up any more.
        """
        if self.provider is None or self.provider.name != name:
            raise CourierRefuses("account", name)
        return self.provider
