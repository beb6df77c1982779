"""A courier on loopback, and clients of it that sign as the demo does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fulfillment.couriers.kdniao import KDNiao
from fulfillment.couriers.kuaidi100 import Account, Keys, Kuaidi100
from fulfillment.couriers.line import LIMITS, Limits, Line
from fulfillment.couriers.providers import Cancellation, LabelRequest, Party, TrackQuery
from sandbox.couriers import DEMO_KEYS, Depot
from sandbox.factory import create_sandbox
from tests.servers import listening

ACCOUNTS: Mapping[str, Account] = {
    "ZTO": Account("3300000000", "x", "x"),
    "YTO": Account("3300000001"),
    "SF": Account("7550000000"),
}
SENDER = Party("庆元山货", "13800000000", "浙江省", "丽水市", "庆元县", "濛洲街道示例路66号")
RECEIVER = Party("李娜", "18400000013-7576", "江苏省", "苏州市", "工业园区", "娄葑街道示例坊6幢101")
CLOCK = datetime(2026, 8, 2, 20, 0, tzinfo=UTC)


def wish(key: str = "P261124AAAAAAAA01-1", carrier: str = "ZTO", receiver: Party = RECEIVER) -> LabelRequest:
    """A wish for one waybill."""
    return LabelRequest(key, carrier, SENDER, receiver, "食用农产品(干香菇)", 1_300)


def giving_back(number: str, key: str = "P261124AAAAAAAA01-1", carrier: str = "ZTO") -> Cancellation:
    """A waybill that is not wanted any more."""
    return Cancellation(key, carrier, number, "", "买家退款")


def where(number: str, carrier: str = "ZTO") -> TrackQuery:
    """A question where a parcel is."""
    return TrackQuery(carrier, number, "7576")


@dataclass
class Stand:
    """The courier's depot, its address, and our clients of it."""

    url: str
    depot: Depot
    kuaidi100: Kuaidi100
    kdniao: KDNiao

    def kuaidi100_with(self, keys: Keys | None = None, limits: Limits = LIMITS) -> Kuaidi100:
        """A client with other keys or less patience."""
        mine = keys or Keys(DEMO_KEYS["key"], DEMO_KEYS["secret"], DEMO_KEYS["customer"])
        label = Line(f"{self.url}/kuaidi100/label/order", limits)
        query = Line(f"{self.url}/kuaidi100/poll/query.do", limits)
        return Kuaidi100(label, query, mine, ACCOUNTS, lambda: CLOCK)


@contextmanager
def courier(folder: Path) -> Iterator[Stand]:
    """A courier with an empty depot."""
    with listening() as (url, server):
        app = create_sandbox(
            state=folder / "couriers.sqlite", base_url=url, webhook_url=f"{url}/nobody", webhook_secret="-", api_key="-"
        )
        server.app = app
        line = Line(f"{url}/kdniao/api")
        kdniao = KDNiao(line, line, DEMO_KEYS["kdniao_id"], DEMO_KEYS["kdniao_key"], ACCOUNTS)
        stand = Stand(url, app.extensions["depot"], None, kdniao)  # type: ignore[arg-type]
        stand.kuaidi100 = stand.kuaidi100_with()
        yield stand
        app.extensions["postman"].stop()
    app.extensions["desk"].store.close()
