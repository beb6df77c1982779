"""Pure decisions about an order: postage, the promised day, and what a sentence about it says."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps

from shop.orders.postage import Rates

PROVINCES = (
    *(
        "北京市",
        "天津市",
        "河北省",
        "山西省",
        "内蒙古自治区",
        "辽宁省",
        "吉林省",
        "黑龙江省",
        "上海市",
        "江苏省",
        "浙江省",
    ),
    *(
        "安徽省",
        "福建省",
        "江西省",
        "山东省",
        "河南省",
        "湖北省",
        "湖南省",
        "广东省",
        "广西壮族自治区",
        "海南省",
        "重庆市",
    ),
    *("四川省", "贵州省", "云南省", "西藏自治区", "陕西省", "甘肃省", "青海省", "宁夏回族自治区", "新疆维吾尔自治区"),
    *("台湾省", "香港特别行政区", "澳门特别行政区"),
)

# domain-rules.md, "Buyers' rights and data": fresh goods are not sent there by default; dry goods cost more.
REMOTE_PROVINCES = frozenset(
    {"新疆维吾尔自治区", "西藏自治区", "青海省", "内蒙古自治区", "宁夏回族自治区", "甘肃省", "海南省"}
)

SHIP_WITHIN = timedelta(hours=48)
SHIP_FRESH_WITHIN = timedelta(hours=24)

# How many orders one device or address may place in a while: far above any person, or any village behind one router.
ORDERS_WINDOW = timedelta(minutes=10)
MOST_FROM_A_DEVICE = 60
MOST_FROM_AN_ADDRESS = 3_000

# How the log of an order begins that was put together with another; its number follows.
JOINED = "joined into "

LARGEST_QUANTITY = 999
MOST_LINES = 20


@dataclass(frozen=True)
class ShippingTerms:
    """The workshop's postage: by its table, else flat, free from an amount, more to remote provinces. Money in fen."""

    flat_fen: int
    free_from_fen: int
    remote_surcharge_fen: int
    rates: Rates | None = None


@dataclass(frozen=True)
class Address:
    """Where a parcel goes, in the five parts that couriers use."""

    province: str
    city: str
    district: str
    street: str
    detail: str


def full_province(typed: str) -> str | None:
    """The official name of a province typed in full or short (浙江, 内蒙古), else ``None``."""
    wanted = typed.strip()
    return next((name for name in PROVINCES if wanted and name.startswith(wanted) and len(wanted) >= 2), None)


def sends_to(province: str, terms: ShippingTerms) -> bool:
    """Whether anything is sent to this province."""
    return terms.rates is None or province in terms.rates


def shipping_fen(goods_fen: int, weight_g: int, province: str, terms: ShippingTerms) -> int:
    """Postage of one order in fen; ``weight_g`` with packing."""
    if terms.rates is not None:
        return terms.rates[province].fen(goods_fen, weight_g)
    surcharge = terms.remote_surcharge_fen if province in REMOTE_PROVINCES else 0
    flat = 0 if goods_fen >= terms.free_from_fen else terms.flat_fen
    return flat + surcharge


def refuses_fresh(province: str) -> bool:
    """Whether fresh goods would spoil on the way to this province."""
    return province in REMOTE_PROVINCES


def ship_by(paid_at: datetime, *, has_fresh: bool) -> datetime:
    """The moment by which it must be with the courier: 48 h after payment, 24 h when something is fresh."""
    return paid_at + (SHIP_FRESH_WITHIN if has_fresh else SHIP_WITHIN)


def request_hash(body: object) -> str:
    """What a request asked for, so that a reused idempotency key with another wish is noticed."""
    return sha256(dumps(body, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def split_address(text: str) -> Address | None:
    """An address on one line, when it begins with a province; the rest stays whole for the courier.

    ``None`` when no province is recognised for certain: the buyer is then asked for the parts.
    """
    line = " ".join(text.split())
    for name in PROVINCES:
        if line.startswith(name):
            return _address(name, line.removeprefix(name))
    for name, short in _SHORT_NAMES.items():
        if line.startswith(short):
            rest = line.removeprefix(short).lstrip()
            if rest.startswith(_NOT_THAT_PROVINCE.get(short, "\0")) or _A_STREET.match(rest):
                return None
            # 吉林市 is a city of 吉林省: its own name belongs to what is left.
            return _address(name, line if rest.startswith("市") else rest)
    return None


def _address(province: str, rest: str) -> Address | None:
    rest = rest.strip()
    return Address(province, "", "", "", rest) if rest else None


def _short_name(name: str) -> str:
    for ending in ("省", "市", "特别行政区", "壮族自治区", "回族自治区", "维吾尔自治区", "自治区"):
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name


_SHORT_NAMES = {name: _short_name(name) for name in PROVINCES}

# Prefectures of Qinghai that begin like other provinces.
_NOT_THAT_PROVINCE = {"海南": "藏族", "河南": "蒙古族"}
# 北京路, 四川北路, 西藏中路: streets that many cities have.
_A_STREET = re.compile("[东西南北中]?[一二三四]?(路|街|大街|大道|道|巷|弄|胡同|新村)")
