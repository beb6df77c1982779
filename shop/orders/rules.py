"""Pure decisions about an order: postage, the promised day, and what a sentence about it says."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps

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

LARGEST_QUANTITY = 999
MOST_LINES = 20


@dataclass(frozen=True)
class ShippingTerms:
    """The workshop's postage: flat, free from an amount, more to remote provinces."""

    flat_fen: int
    free_from_fen: int
    remote_surcharge_fen: int


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


def shipping_fen(goods_fen: int, province: str, terms: ShippingTerms) -> int:
    """Postage of one order in fen."""
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

    ``None`` when no province is recognised: the buyer is then asked for the parts.
    """
    line = " ".join(text.split())
    for name in PROVINCES:
        short = name.removesuffix("省").removesuffix("市").removesuffix("特别行政区")
        for ending in ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区"):
            short = short.removesuffix(ending)
        for spelling in (name, short):
            if line.startswith(spelling):
                rest = line[len(spelling) :].strip()
                return Address(name, "", "", "", rest) if rest else None
    return None
