"""Kuaishou (快手小店, 61 columns, xlsx): one row an order, one SKU an order."""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from kernel.text import Text
from shop.channels import rules
from shop.channels.addresses import receiver_of, without_parts
from shop.channels.cells import known_word, money_fen
from shop.channels.facts import SoldItem, SoldOrder
from shop.channels.reading import Platform, columns, words_of
from shop.channels.sheets import Row
from shop.channels.states import (
    APPLYING,
    CLOSED,
    DONE,
    NO_REFUND,
    PART_SHIPPED,
    REFUND_CLOSED,
    REFUNDED,
    REFUNDING,
    SHIPPED,
    TO_SHIP,
    UNKNOWN,
    UNPAID,
)

STATUS = {
    "待付款": UNPAID,
    "待发货": TO_SHIP,
    "部分发货": PART_SHIPPED,
    "已发货": SHIPPED,
    "已收货": DONE,
    "交易成功": DONE,
    "交易关闭": CLOSED,
}
REFUND = {
    "": NO_REFUND,
    "售后处理中": APPLYING,
    "待买家退货": REFUNDING,
    "退款成功": REFUNDED,
    "售后关闭": REFUND_CLOSED,
}
_KNOWN = columns(
    "订单号|赠品订单号|活动订单编号|订单创建时间|订单支付时间|预售定金支付时间|订单状态|实付款|快递费|店铺优惠",
    "平台补贴|主播补贴|混资活动优惠|支付优惠|支付方式|成交数量|买家留言|账号类型|账号明细|订单备注|旗帜颜色",
    "售后状态|活动订单|预售/承诺发货时间|订单载体|商品名称|商品ID|商品规格|SKU编码|商品单价|渠道|CPS达人ID",
    "CPS达人昵称|预估推广佣金|预估推广者分佣比例|团长ID|团长昵称|快赚客ID|快赚客昵称|授权推广者ID",
    "授权推广者昵称|收货人姓名|收货人电话|收货地址-省|收货地址-市|收货地址-区|收货地址-街道|收货地址|发货时间",
    "快递公司|快递单号|物流信息|集运类型|直邮类型|仓库名称|仓库地址|实名姓名|服务门店ID|服务门店名称",
    "服务门店地址|国补/类国补/消费券",
)
# The export has no refund amount; the shop writes small ones into its own remark: 退差价3元.
_REFUND_IN_REMARK = re.compile(r"退(?:差价|款|运费)?\s*([0-9]{1,6}(?:\.[0-9]{1,2})?)\s*元", re.ASCII)


def _read(rows: Sequence[Row], _: Sequence[Row], zone: ZoneInfo) -> SoldOrder:
    row = rows[0]
    order_id = row.order_id("订单号")
    status = known_word(STATUS, row.text("订单状态"), UNKNOWN)
    paid_at = row.moment_if_any("订单支付时间", zone)
    paid = row.fen("实付款") if paid_at else 0
    quantity, unit = row.pieces("成交数量"), row.fen("商品单价")
    remark = _REFUND_IN_REMARK.search(row.text("订单备注"))
    asked = known_word(REFUND, row.text("售后状态"), UNKNOWN)
    if asked == APPLYING and status in (SHIPPED, DONE):
        # The same word 售后处理中 means a request before the goods have left, and a return under way afterwards.
        asked = REFUNDING
    refund, refund_fen = rules.settled_refund(
        asked,
        status=status,
        paid_fen=paid,
        amount_fen=money_fen(remark[1]) if remark else None,
    )
    places = [row.text(f"收货地址-{part}") for part in ("省", "市", "区", "街道")]
    return SoldOrder(
        order_id=order_id,
        row=row.number,
        items=(
            SoldItem(
                sku=row.text("SKU编码"),
                title=row.text("商品名称"),
                spec=row.text("商品规格"),
                quantity=quantity,
                unit_price_fen=unit,
                line_total_fen=quantity * unit,
                product_id=row.text("商品ID"),
                sub_id=order_id,
            ),
        ),
        status=status,
        refund=refund,
        words=words_of(rows, "订单状态", "售后状态"),
        goods_fen=quantity * unit,
        discount_fen=row.fen_if_any("店铺优惠", "平台补贴", "主播补贴", "混资活动优惠", "支付优惠"),
        freight_fen=row.fen_if_any("快递费"),
        paid_fen=paid,
        refund_fen=refund_fen,
        created_at=row.moment("订单创建时间", zone),
        paid_at=paid_at,
        ship_by=row.moment_if_any("预售/承诺发货时间", zone) if paid_at else None,
        receiver=receiver_of(
            row.text("收货人姓名"),
            row.text("收货人电话"),
            [*places, without_parts(row.text("收货地址"), *places)],
        ),
        buyer_note=row.text("买家留言"),
        seller_note=row.text("订单备注"),
        carrier=row.text("快递公司"),
        tracking=row.text("快递单号"),
        anchor=row.text("CPS达人昵称"),
    )


PLATFORM = Platform(
    name="kuaishou",
    shown_as="kuaishou",
    title=Text("快手", "Kuaishou"),
    order_column="订单号",
    needed=columns(
        "订单号|订单创建时间|订单支付时间|订单状态|实付款|成交数量|售后状态|商品名称|SKU编码|商品单价|收货人姓名|收货人电话",
        "收货地址-省|收货地址-市|收货地址-区|收货地址",
    ),
    known=_KNOWN,
    read=_read,
)
