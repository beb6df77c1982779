"""Shopify (79 columns): one row a line, the order's own cells only on the first; times with their offset."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from kernel.text import Text
from shop.channels import rules
from shop.channels.addresses import receiver_of
from shop.channels.cells import known_word
from shop.channels.facts import Receiver, SoldItem, SoldOrder
from shop.channels.reading import Platform, columns
from shop.channels.sheets import Row
from shop.channels.states import (
    CLOSED,
    NO_REFUND,
    PART_SHIPPED,
    PARTLY_REFUNDED,
    REFUNDED,
    SHIPPED,
    TO_SHIP,
    UNKNOWN,
    UNPAID,
)

FINANCIAL, FULFILLMENT, CANCELLED = "Financial Status", "Fulfillment Status", "Cancelled at"
_PAID = "paid"
# What the payment alone says; with a paid order the fulfilment decides.
_PAYMENT = {"pending": UNPAID, "authorized": UNPAID, "partially_paid": UNPAID, "voided": CLOSED} | dict.fromkeys(
    ("paid", "partially_refunded", "refunded"), _PAID
)
_SENT = {"unfulfilled": TO_SHIP, "": TO_SHIP, "partial": PART_SHIPPED, "fulfilled": SHIPPED, "restocked": CLOSED}
_REFUND = {"refunded": REFUNDED, "partially_refunded": PARTLY_REFUNDED}
# ISO 3166-2:CN, which Shopify writes where Chinese exports write the name.
_PROVINCES = dict(
    pair.split(":")
    for pair in [
        "AH:安徽省",
        "BJ:北京市",
        "CQ:重庆市",
        "FJ:福建省",
        "GD:广东省",
        "GS:甘肃省",
        "GX:广西壮族自治区",
        "GZ:贵州省",
        "HA:河南省",
        "HB:湖北省",
        "HE:河北省",
        "HI:海南省",
        "HL:黑龙江省",
        "HN:湖南省",
        "JL:吉林省",
        "JS:江苏省",
        "JX:江西省",
        "LN:辽宁省",
        "NM:内蒙古自治区",
        "NX:宁夏回族自治区",
        "QH:青海省",
        "SC:四川省",
        "SD:山东省",
        "SH:上海市",
        "SN:陕西省",
        "SX:山西省",
        "TJ:天津市",
        "XJ:新疆维吾尔自治区",
        "XZ:西藏自治区",
        "YN:云南省",
        "ZJ:浙江省",
    ]
)
_KNOWN = columns(
    "Name|Email|Financial Status|Paid at|Fulfillment Status|Fulfilled at|Accepts Marketing|Currency|Subtotal",
    "Shipping|Taxes|Total|Discount Code|Discount Amount|Shipping Method|Created at|Lineitem quantity",
    "Lineitem name|Lineitem price|Lineitem compare at price|Lineitem sku|Lineitem requires shipping",
    "Lineitem taxable|Lineitem fulfillment status|Billing Name|Billing Street|Billing Address1",
    "Billing Address2|Billing Company|Billing City|Billing Zip|Billing Province|Billing Country|Billing Phone",
    "Shipping Name|Shipping Street|Shipping Address1|Shipping Address2|Shipping Company|Shipping City",
    "Shipping Zip|Shipping Province|Shipping Country|Shipping Phone|Notes|Note Attributes|Cancelled at",
    "Payment Method|Payment Reference|Refunded Amount|Vendor|Outstanding Balance|Employee|Location|Device ID",
    "Id|Tags|Risk Level|Source|Lineitem discount|Tax 1 Name|Tax 1 Value|Tax 2 Name|Tax 2 Value|Tax 3 Name",
    "Tax 3 Value|Tax 4 Name|Tax 4 Value|Tax 5 Name|Tax 5 Value|Phone|Receipt Number|Duties",
    "Billing Province Name|Shipping Province Name|Payment ID|Payment Terms Name|Next Payment Due At",
    "Payment References",
)


def _read(rows: Sequence[Row], _: Sequence[Row], zone: ZoneInfo) -> SoldOrder:
    first = rows[0]
    if not first.text(FINANCIAL):
        raise first.bad(FINANCIAL, "这个订单的第一行不在文件里。", "the first row of this order is not in the file")
    status = _status(first)
    paid_at = first.moment_if_any("Paid at", zone)
    total = first.fen("Total")
    paid = total if paid_at else 0
    went_back = first.fen_if_any("Refunded Amount")
    refund, refund_fen = rules.settled_refund(
        known_word(_REFUND, first.text(FINANCIAL), NO_REFUND),
        status=status,
        paid_fen=paid,
        amount_fen=went_back or None,
    )
    items = [_item(row) for row in rows]
    return SoldOrder(
        order_id=first.order_id("Name"),
        row=first.number,
        items=tuple(items),
        status=status,
        refund=refund,
        words={name: first.text(name) for name in (FINANCIAL, FULFILLMENT, CANCELLED)},
        goods_fen=sum(item.line_total_fen for item in items),
        discount_fen=first.fen_if_any("Discount Amount"),
        freight_fen=first.fen_if_any("Shipping"),
        paid_fen=paid,
        refund_fen=refund_fen,
        created_at=first.moment("Created at", zone),
        paid_at=paid_at,
        ship_by=None,
        receiver=_receiver(first),
        buyer_note=first.text("Notes"),
        total_fen=total,
    )


def _status(first: Row) -> str:
    payment = known_word(_PAYMENT, first.text(FINANCIAL), UNKNOWN)
    if first.text(CANCELLED):
        return CLOSED
    return known_word(_SENT, first.text(FULFILLMENT), UNKNOWN) if payment == _PAID else payment


def _receiver(row: Row) -> Receiver:
    """The receiver; abroad the country stands before the province, and the zip code behind the street."""
    country, code = row.text("Shipping Country"), row.text("Shipping Province")
    province = row.text("Shipping Province Name") or code
    if country == "CN":
        province = _PROVINCES.get(code.removeprefix("CN-"), province)
    else:
        province = " ".join(filter(None, (country, province)))
    lines = [row.text(name) for name in ("Shipping Company", "Shipping Address1", "Shipping Address2")]
    lines += [] if country == "CN" else [row.text("Shipping Zip")]
    return receiver_of(
        row.text("Shipping Name"),
        row.text("Shipping Phone") or row.text("Phone"),
        [province, row.text("Shipping City"), "", "", ", ".join(filter(None, lines))],
        row.text("Shipping Zip"),
    )


def _item(row: Row) -> SoldItem:
    quantity, unit = row.pieces("Lineitem quantity"), row.fen("Lineitem price")
    return SoldItem(
        sku=row.text("Lineitem sku"),
        title=row.text("Lineitem name"),
        spec="",
        quantity=quantity,
        unit_price_fen=unit,
        line_total_fen=quantity * unit,
        sub_id=row.order_id("Name"),
        has_left=row.text("Lineitem fulfillment status") == "fulfilled",
        is_cancelled=row.text("Lineitem requires shipping") == "false",
    )


PLATFORM = Platform(
    name="shopify",
    shown_as="shopify",
    title=Text("Shopify", "Shopify"),
    order_column="Name",
    needed=columns(
        "Name|Financial Status|Paid at|Fulfillment Status|Total|Created at|Lineitem quantity|Lineitem name|Lineitem price",
        "Lineitem sku|Lineitem fulfillment status|Shipping Name|Shipping Address1|Shipping City|Shipping Province",
        "Shipping Country|Shipping Phone|Cancelled at|Refunded Amount",
    ),
    known=_KNOWN,
    read=_read,
    equal_rows_are_one=False,
)
