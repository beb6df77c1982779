"""Pure decisions of the shop's pages: how a moment is said, where an order stands, the steps behind and before it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from kernel.text import Text
from shop.orders.rules import JOINED
from shop.orders.states import CANCELLED, DELIVERED, EXPIRED, HELD, PAID, REFUNDED, SHIPPED

Standing = Literal["waiting", "checking", "lapsed", "paid", "shipped", "delivered", "expired", "cancelled", "refunded"]

_PLAIN: Final[Mapping[str, Standing]] = {
    PAID: "paid",
    SHIPPED: "shipped",
    DELIVERED: "delivered",
    EXPIRED: "expired",
    CANCELLED: "cancelled",
    REFUNDED: "refunded",
}

# Of such an order the money may be under way: nobody is told "failed" or "too late" then.
MAY_BE_PAID: Final = ("waiting", "lapsed", "expired")


def standing(state: str, hold_until: datetime | None, now: datetime, *, is_checking: bool) -> Standing:
    """Where the order stands; a hold that is over counts as lapsed before anybody wrote that down.

    ``is_checking``: a wallet's money is under way, or the payment company was asked and did not answer.
    """
    if state != HELD:
        found = _PLAIN[state]
    elif hold_until is not None and hold_until <= now:
        found = "lapsed"
    else:
        found = "waiting"
    return "checking" if is_checking and found in MAY_BE_PAID else found


@dataclass(frozen=True)
class Step:
    """A step of the order's way; ``at`` is ``None`` while it lies ahead."""

    word: Text
    at: datetime | None


def steps(created_at: datetime, paid_at: datetime | None, moved_at: Mapping[str, datetime]) -> list[Step]:
    """Ordered, paid, sent, arrived: what happened when."""
    return [
        Step(Text("下单", "Ordered"), created_at),
        Step(Text("付款", "Paid"), paid_at),
        Step(Text("发货", "Sent"), moved_at.get(SHIPPED)),
        Step(Text("送达", "Arrived"), moved_at.get(DELIVERED)),
    ]


def shown_state(state: str, hold_until: datetime | None, now: datetime) -> str:
    """The state as the buyer should read it: a hold whose time is over reads as expired at once."""
    return EXPIRED if standing(state, hold_until, now, is_checking=False) == "lapsed" else state


def may_cancel(found: Standing) -> bool:
    """Whether the buyer may still cancel: before payment at once, before hand-over with the money back."""
    return found in ("waiting", "paid")


def may_pay(found: Standing, *, is_under_way: bool) -> bool:
    """Whether the pay button is there; while nothing is known it leads to the same page, which takes money once."""
    return found == "waiting" or (found == "checking" and not is_under_way)


RefundWord = Literal["under_way", "done", "failed"]


def refund_word(states: Collection[str]) -> RefundWord:
    """How the refunds of an order stand together: the worst that is true of one of them."""
    if "failed" in states and not {"requested", "pending"} & set(states):
        return "failed"
    return "done" if set(states) <= {"succeeded"} else "under_way"


_WEEKDAYS_ZH = "一二三四五六日"


def said_moment(moment: datetime, now: datetime, zone: ZoneInfo) -> Text:
    """A moment as people say it: today 20:00, tomorrow 20:00, or with day and weekday."""
    there, today = moment.astimezone(zone), now.astimezone(zone).date()
    clock = f"{there:%H:%M}"
    if there.date() == today:
        return Text(f"今天 {clock}", f"today, {clock}")
    if there.date() == today + timedelta(days=1):
        return Text(f"明天 {clock}", f"tomorrow, {clock}")
    year_zh, year_en = (f"{there.year}年", f" {there.year}") if there.year != today.year else ("", "")
    weekday = _WEEKDAYS_ZH[there.weekday()]
    return Text(
        f"{year_zh}{there.month}月{there.day}日 周{weekday} {clock}",
        f"{there:%a} {there.day} {there:%b}{year_en}, {clock}",
    )


def above_market_percent(promised_fen_per_kg: int, quote_fen_per_kg: int) -> str:
    """How much more than market the grower was promised, in percent with one decimal, never rounded up.

    The promised price is itself rounded to a whole fen, up to half a fen down; that half is not held against it, or 10 % of
    an odd price would read as 9.9 %.
    """
    above = promised_fen_per_kg - quote_fen_per_kg
    tenths = (2 * above + 1) * 500 // quote_fen_per_kg if above > 0 and quote_fen_per_kg else 0
    return f"{tenths // 10}.{tenths % 10}".removesuffix(".0")


_PROVINCES_EN: Final[Mapping[str, str]] = {
    "北京市": "Beijing",
    "天津市": "Tianjin",
    "河北省": "Hebei",
    "山西省": "Shanxi",
    "内蒙古自治区": "Inner Mongolia",
    "辽宁省": "Liaoning",
    "吉林省": "Jilin",
    "黑龙江省": "Heilongjiang",
    "上海市": "Shanghai",
    "江苏省": "Jiangsu",
    "浙江省": "Zhejiang",
    "安徽省": "Anhui",
    "福建省": "Fujian",
    "江西省": "Jiangxi",
    "山东省": "Shandong",
    "河南省": "Henan",
    "湖北省": "Hubei",
    "湖南省": "Hunan",
    "广东省": "Guangdong",
    "广西壮族自治区": "Guangxi",
    "海南省": "Hainan",
    "重庆市": "Chongqing",
    "四川省": "Sichuan",
    "贵州省": "Guizhou",
    "云南省": "Yunnan",
    "西藏自治区": "Tibet",
    "陕西省": "Shaanxi",
    "甘肃省": "Gansu",
    "青海省": "Qinghai",
    "宁夏回族自治区": "Ningxia",
    "新疆维吾尔自治区": "Xinjiang",
    "台湾省": "Taiwan",
    "香港特别行政区": "Hong Kong",
    "澳门特别行政区": "Macao",
}


def joined_into(reasons: Iterable[str]) -> str | None:
    """The number of the order that this one was put together with, read from its log."""
    found = (reason.removeprefix(JOINED) for reason in reasons if reason.startswith(JOINED))
    return next(found, None)


def province_word(name: str) -> Text:
    """A province in the list to choose from."""
    return Text(name, f"{_PROVINCES_EN[name]} {name}")
