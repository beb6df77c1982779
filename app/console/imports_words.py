"""The words of imported orders, for the pages of imports."""

from collections.abc import Iterable, Mapping

from kernel.text import Text
from shop.channels import rules
from shop.channels.models import ChannelOrder
from shop.channels.reading import Platform

STATUSES: Mapping[str, Text] = {
    "unpaid": Text("没付款", "Not paid"),
    "to_ship": Text("待发货", "To be sent"),
    "part_shipped": Text("发了一部分", "Partly sent"),
    "shipped": Text("已发货", "Sent"),
    "done": Text("已完成", "Done"),
    "closed": Text("已关闭", "Closed"),
    "gift_pending": Text("礼物等人收下", "Gift, not accepted yet"),
    "unknown": Text("不认识的状态", "Unknown status"),
}
REFUNDS: Mapping[str, Text] = {
    "none": Text("没有退款", "No refund"),
    "applying": Text("申请了退款", "Refund asked for"),
    "refunding": Text("退款中", "Refund under way"),
    "refunded": Text("退完了", "Refunded"),
    "partial_refunded": Text("退了一部分", "Partly refunded"),
    "closed": Text("退款关闭了", "Refund called off"),
    "unknown": Text("不认识的退款状态", "Unknown refund"),
}
WHAT: Mapping[str, Text] = {
    "created": Text("新的", "New"),
    "updated": Text("有变化", "Changed"),
    "unchanged": Text("没变", "Unchanged"),
}
ASK_A_PERSON = rules.ASK_A_PERSON

# Which of a platform's exports to take.
FILES: Mapping[str, Text] = {
    "douyin": Text("订单管理 → 导出，CSV", "Orders, export, CSV"),
    "kuaishou": Text("订单查询 → 导出，xlsx", "Orders, export, xlsx"),
    "taobao": Text("千牛订单报表 + 宝贝报表", "Qianniu order list and line list"),
    "pdd": Text("订单查询 → 批量导出，CSV", "Orders, export, CSV"),
    "wechat": Text("订单管理 → 导出，xlsx", "Orders, export, xlsx"),
    "tiktok": Text("Seller Center → Export，CSV", "Seller Center, export, CSV"),
    "shopify": Text("Orders → Export，CSV", "Orders, export, CSV"),
}
# Standing -> word, tone and shape of its badge.
STANDINGS: Mapping[str, tuple[Text, str, str]] = {
    "resting": (Text("不用打包", "Nothing to pack"), "plain", "minus"),
    "waiting": (Text("在等", "Waiting"), "gold", "clock"),
    "accepted": (Text("在打包台", "With the packers"), "moss", "check"),
    "stopped": (Text("停了，不打包", "Stopped"), "plain", "stop"),
}
# The same while a file is only looked at.
FORESEEN: Mapping[str, tuple[Text, str, str]] = {
    **STANDINGS,
    "accepted": (Text("会去打包", "Would be packed"), "moss", "check"),
}


def why(known: ChannelOrder) -> Text:
    """Why an order waits."""
    return reason(known.reason, known.reason_detail)


def reason(code: str | None, detail: str) -> Text:
    """A reason in words; empty when there is none."""
    return rules.Reason(code, detail).sentence if code else Text("", "")


def notice(known: ChannelOrder) -> Text:
    """What a person should look at."""
    return rules.NOTICES[known.notice] if known.notice else Text("", "")


def platform_choices(platforms: Mapping[str, Platform]) -> list[tuple[str, Text, Text]]:
    """The platforms to choose from, with what file to take."""
    return [(name, platform.title, FILES[name]) for name, platform in platforms.items()]


def pairs(names: Iterable[str]) -> list[tuple[str, str]]:
    """Names as the choices of a select."""
    return [(name, name) for name in names]
