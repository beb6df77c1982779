"""The couriers' desk of this installation, from its settings."""

from datetime import timedelta

from config import Settings
from fulfillment.couriers import kdniao, kuaidi100
from fulfillment.couriers.desk import CourierDesk
from fulfillment.couriers.kdniao import KDNiao
from fulfillment.couriers.kuaidi100 import Account, Keys, Kuaidi100
from fulfillment.couriers.line import Line
from fulfillment.couriers.providers import Party, WaybillProvider
from kernel.clock import utc_now


def desk_for(settings: Settings) -> CourierDesk:
    """Who sends, and the interface that the settings name."""
    accounts = {carrier: Account(*parts) for carrier, parts in settings.courier_accounts.items()}
    return CourierDesk(
        provider=_provider(settings, accounts),
        carriers=frozenset(accounts),
        sender=sender_of(settings),
        stuck_after=timedelta(days=settings.courier_stuck_days),
        tracked_carriers=frozenset(
            {"kuaidi100": kuaidi100.COMPANIES, "kdniao": kdniao.COMPANIES}.get(settings.courier_provider, {})
        ),
    )


def sender_of(settings: Settings) -> Party:
    """Who stands on parcels as their sender."""
    province, city, county = settings.sender_region
    return Party(settings.sender_name, settings.sender_phone, province, city, county, settings.sender_address)


def _provider(settings: Settings, accounts: dict[str, Account]) -> WaybillProvider | None:
    if settings.courier_provider == "kuaidi100":
        keys = Keys(settings.kuaidi_key, settings.kuaidi_secret, settings.kuaidi_customer)
        return Kuaidi100(Line(settings.kuaidi_label_url), Line(settings.kuaidi_query_url), keys, accounts, utc_now)
    if settings.courier_provider == "kdniao":
        label, query = Line(settings.kdniao_label_url), Line(settings.kdniao_query_url)
        return KDNiao(label, query, settings.kdniao_id, settings.kdniao_key, accounts)
    return None
