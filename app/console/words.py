"""What is stored as a short word, in people's words. An unknown word is shown as it is."""

from collections.abc import Mapping

from fulfillment.packing.lead_rules import PREFERENCES as PREFERENCES  # noqa: PLC0414 - for templates, beside its like
from kernel.text import Text
from shop.catalog.rules import LABEL_FIELDS as KNOWN_LABEL_FIELDS
from shop.orders.models import CHANNELS as KNOWN_CHANNELS

CHANNELS: Mapping[str, Text] = {
    "own": Text("本店", "Own shop"),
    "douyin": Text("抖音", "Douyin"),
    "kuaishou": Text("快手", "Kuaishou"),
    "taobao": Text("淘宝", "Taobao"),
    "pdd": Text("拼多多", "Pinduoduo"),
    "wechat": Text("微信", "WeChat"),
    "tiktok": Text("TikTok", "TikTok"),
    "shopify": Text("Shopify", "Shopify"),
}
assert set(CHANNELS) == set(KNOWN_CHANNELS)

ORDER_STATES: Mapping[str, Text] = {
    "held": Text("待付款", "Waiting for payment"),
    "paid": Text("已付款，等打包", "Paid, to be packed"),
    "shipped": Text("已发货", "On its way"),
    "delivered": Text("已送达", "Delivered"),
    "expired": Text("超时未付", "Hold ran out"),
    "cancelled": Text("已取消", "Cancelled"),
    "refunded": Text("已退款", "Refunded"),
}

ROLES: Mapping[str, Text] = {
    "owner": Text("负责人", "Owner"),
    "streamer": Text("主播", "Streamer"),
    "lead": Text("打包组长", "Packing lead"),
    "weigher": Text("过磅员", "Weigher"),
    "packer": Text("打包员", "Packer"),
}

ROLE_NOTES: Mapping[str, Text] = {
    "owner": Text("什么都能看、能改，也管人", "sees and changes everything, people too"),
    "streamer": Text("直播、商品、订单", "streams, products, orders"),
    "lead": Text("打包台、交快递、工钱", "the bench, couriers, wages"),
    "weigher": Text("收货过磅、行情、结款", "weigh-ins, quotes, settlements"),
    "packer": Text("领活、打包，用工牌或数字密码登录", "packs; signs in with a badge or PIN"),
}

# Work that suits the person, as the person said it: a wish about work, never a diagnosis.
REFUND_REASONS: Mapping[str, Text] = {
    "asked": Text("买家不要了", "The buyer changed their mind"),
    "spoiled": Text("到货坏了", "Arrived spoiled or damaged"),
    "short": Text("少发了", "Too little was sent"),
    "no_stock": Text("没货了，发不出", "Cannot be sent, none left"),
    "late": Text("发晚了", "Sent too late"),
    "other": Text("其他", "Something else"),
}

STOCK_REASONS: Mapping[str, Text] = {
    "went_off": Text("坏了", "Spoiled"),
    "damaged": Text("破损", "Damaged"),
    "lost": Text("少了，找不到", "Missing"),
    "found": Text("多出来的", "Found"),
    "returned": Text("买家退回，可以再卖", "Returned by a buyer, fit for sale"),
    "sample": Text("试吃、样品", "Samples"),
    "typing": Text("上次记错了", "Entered wrongly before"),
    "other": Text("其他", "Something else"),
}

# Reasons that the program itself writes down.
_OWN_REASONS: Mapping[str, Text] = {
    "stock-take": Text("盘点", "Stock-take"),
    "first count": Text("第一次点数", "First count"),
    "cancelled by the buyer": Text("买家取消", "Cancelled by the buyer"),
    "complaint: damaged": Text("收到时坏了", "Arrived damaged"),
    "complaint: return": Text("退货", "Returned goods"),
    "hold ran out": Text("锁定到时间，没有付款", "The hold ran out unpaid"),
    "replaced by the buyer's next order": Text("买家重新下了单", "Replaced by the buyer's next order"),
    "late payment, stock taken again": Text("付款晚到，货还有，照发", "Late payment; stock was taken again"),
    "late_no_stock": Text("付款晚到，货没了，自动退款", "Late payment, nothing left; refunded by itself"),
    "came_after_the_end": Text("订单结束后才付到，自动退款", "Paid after the order had ended; refunded by itself"),
    "duplicate": Text("付了两次，多的自动退", "Paid twice; the second was refunded by itself"),
    "made at Stripe": Text("在 Stripe 后台退的", "Made at Stripe"),
    "all money went back at Stripe": Text("在 Stripe 后台全退了", "All money went back at Stripe"),
}

# The label is printed in Chinese; whoever fills it in may read English.
LABEL_FIELDS: Mapping[str, Text] = {
    "配料": Text("配料", "Ingredients"),
    "生产者": Text("生产者", "Maker"),
    "地址": Text("生产者地址", "Maker's address"),
    "联系方式": Text("联系方式", "Contact"),
    "食品生产许可证编号": Text("食品生产许可证编号", "Food licence number"),
    "产品标准代号": Text("产品标准代号", "Product standard"),
}
assert tuple(LABEL_FIELDS) == KNOWN_LABEL_FIELDS

STOCK_KINDS: Mapping[str, Text] = {
    "received": Text("入库", "Received"),
    "consumed": Text("用掉", "Used up"),
    "adjusted": Text("更正", "Corrected"),
    "held": Text("锁定", "Held"),
    "released": Text("放回", "Released"),
    "shipped": Text("出库", "Shipped"),
}

PAYMENT_STATES: Mapping[str, Text] = {
    "opening": Text("正在打开付款页", "Opening the payment page"),
    "open": Text("付款页开着", "Payment page open"),
    "under_way": Text("钱在路上", "Money under way"),
    "succeeded": Text("已收到", "Received"),
    "expired": Text("没有付，已关闭", "Not paid, closed"),
}

REFUND_STATES: Mapping[str, Text] = {
    "requested": Text("马上发出", "About to be sent"),
    "pending": Text("银行处理中", "With the bank"),
    "succeeded": Text("已退到", "Returned"),
    "failed": Text("没退成", "Failed"),
}

PARCEL_STATES: Mapping[str, Text] = {
    "open": Text("待打包", "To be packed"),
    "packed": Text("已打包", "Packed"),
    "handed_over": Text("已交快递", "With the courier"),
    "cancelled": Text("不发了", "Not sent"),
}


def channel(word: str) -> Text:
    """A channel's name."""
    return CHANNELS.get(word, Text(word, word))


def stock_kind(word: str) -> Text:
    """What a movement did."""
    return STOCK_KINDS.get(word, Text(word, word))


def payment_state(word: str) -> Text:
    """Where a payment stands."""
    return PAYMENT_STATES.get(word, Text(word, word))


def refund_state(word: str) -> Text:
    """Where a refund stands."""
    return REFUND_STATES.get(word, Text(word, word))


def parcel_state(word: str) -> Text:
    """Where a parcel stands."""
    return PARCEL_STATES.get(word, Text(word, word))


def role(word: str) -> Text:
    """A role's name."""
    return ROLES.get(word, Text(word, word))


_REASONS = {**_OWN_REASONS, **REFUND_REASONS, **STOCK_REASONS}


def reason(stored: str) -> Text:
    """A stored reason such as ``spoiled: two bags``: its word is put into people's words, its note stays."""
    code, _, note = stored.partition(": ")
    known = _REASONS.get(code)
    if known is None:
        return Text(stored, stored)
    return Text(f"{known.zh}：{note}", f"{known.en}: {note}") if note else known


def stored_reason(code: str, note: str) -> str:
    """A chosen reason and its note as one stored text."""
    return f"{code}: {note}" if note else code


# What stock is counted by, and how goods are sold.
UNITS: Mapping[str, Text] = {"piece": Text("件", "pieces"), "gram": Text("克", "grams")}
FORMS: Mapping[str, Text] = {"dry": Text("干货", "dried"), "fresh": Text("鲜品", "fresh")}

# Who did something when it was no person.
_PARTS = {
    "system": Text("程序", "The program"),
    "counter": Text("程序", "The program"),
    "command": Text("命令行", "The command line"),
    "buyer": Text("买家", "The buyer"),
    "stripe": Text("Stripe", "Stripe"),
}


def by_whom(name: str) -> Text:
    """The name of who acted."""
    return _PARTS.get(name, Text(name, name))
