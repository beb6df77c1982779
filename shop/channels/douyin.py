"""Douyin (抖店, 73 columns of 2026): one row a sub-order, with status and refund of its own."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from kernel.text import Text
from shop.channels import rules
from shop.channels.addresses import receiver_of
from shop.channels.cells import known_word
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
    "待支付": UNPAID,
    "待确认": UNPAID,
    "待发货": TO_SHIP,
    "备货中": TO_SHIP,
    "已支付": TO_SHIP,
    "部分发货": PART_SHIPPED,
    "已发货": SHIPPED,
    "已完成": DONE,
    "已关闭": CLOSED,
}
REFUND = {
    "": NO_REFUND,
    "待商家处理": APPLYING,
    "待买家退货": REFUNDING,
    "待商家收货": REFUNDING,
    "退款中": REFUNDING,
    "退款成功": REFUNDED,
    "售后关闭": REFUND_CLOSED,
}
_KNOWN = columns(
    "主订单编号|子订单编号|选购商品|商品规格|商品数量|商品ID|商家编码|商品单价|订单应付金额|运费|优惠总金额",
    "平台优惠|商家优惠|达人优惠|商家改价|支付优惠|红包抵扣|支付方式|手续费|收件人|收件人手机号|省|市|区|街道",
    "详细地址|是否修改过地址|地址修改时段|买家留言|订单提交时间|旗帜颜色|商家备注|订单完成时间|支付完成时间",
    "APP渠道|流量来源|订单状态|承诺发货时间|订单类型|鲁班落地页ID|达人ID|达人昵称|所属门店ID|售后状态|取消原因",
    "预约发货时间|仓库ID|仓库名称|是否安心购|广告渠道|流量类型|流量体裁|流量渠道|发货主体|发货主体明细",
    "发货时间|降价类优惠|平台实际承担优惠金额|商家实际承担优惠金额|达人实际承担优惠金额|预计送达时间",
    "是否平台仓自流转|车型|商品69码|发货SN码|发货IMEI码1|发货IMEI码2|预约送达时间|建议发货时间（起）",
    "建议发货时间（止）|物流SN码|物流IMEI码1|物流IMEI码2",
    # Some shops' exports have these two as well.
    "快递信息|退款金额",
)


def _read(rows: Sequence[Row], _: Sequence[Row], zone: ZoneInfo) -> SoldOrder:
    first = rows[0]
    statuses = [known_word(STATUS, row.text("订单状态"), UNKNOWN) for row in rows]
    refunds = [known_word(REFUND, row.text("售后状态"), UNKNOWN) for row in rows]
    status = rules.combined_status(statuses)
    items = [_item(row, status_of_row) for row, status_of_row in zip(rows, statuses, strict=True)]
    goods = sum(item.line_total_fen for item in items)
    paid_at = first.moment_if_any("支付完成时间", zone)
    paid = sum(row.fen("订单应付金额") for row in rows) if paid_at else 0
    amount = sum(row.fen_if_any("退款金额") for row in rows) or None
    refund, refund_fen = rules.settled_refund(
        rules.combined_refund(refunds), status=status, paid_fen=paid, amount_fen=amount
    )
    # "tracking-carrier", in the exports that have the column.
    tracking, _dash, carrier = first.text("快递信息").partition("-")
    return SoldOrder(
        order_id=first.order_id("主订单编号"),
        row=first.number,
        items=tuple(items),
        status=status,
        refund=refund,
        words=words_of(rows, "订单状态", "售后状态"),
        goods_fen=goods,
        discount_fen=sum(row.fen_if_any("优惠总金额") for row in rows),
        freight_fen=sum(row.fen_if_any("运费") for row in rows),
        paid_fen=paid,
        refund_fen=refund_fen,
        created_at=first.moment("订单提交时间", zone),
        paid_at=paid_at,
        ship_by=first.moment_if_any("承诺发货时间", zone) if paid_at else None,
        receiver=receiver_of(
            first.text("收件人"),
            first.text("收件人手机号"),
            [first.text(part) for part in ("省", "市", "区", "街道", "详细地址")],
        ),
        buyer_note=first.text("买家留言"),
        seller_note=first.text("商家备注"),
        carrier=carrier,
        tracking=tracking,
        anchor=first.text("达人昵称"),
    )


def _item(row: Row, status: str) -> SoldItem:
    quantity, unit = row.pieces("商品数量"), row.fen("商品单价")
    return SoldItem(
        sku=row.text("商家编码"),
        title=row.text("选购商品"),
        spec=row.text("商品规格"),
        quantity=quantity,
        unit_price_fen=unit,
        line_total_fen=quantity * unit,
        product_id=row.text("商品ID"),
        sub_id=row.order_id("子订单编号"),
        has_left=status in (SHIPPED, DONE),
        # A sub-order whose money went back whole is closed; one that had a part back is still to be sent.
        is_cancelled=status == CLOSED,
    )


PLATFORM = Platform(
    name="douyin",
    shown_as="douyin",
    title=Text("抖音", "Douyin"),
    order_column="主订单编号",
    needed=columns(
        "主订单编号|子订单编号|选购商品|商品数量|商家编码|商品单价|订单应付金额|收件人|收件人手机号|省|市|区|详细地址",
        "订单提交时间|支付完成时间|订单状态|售后状态",
    ),
    known=_KNOWN,
    read=_read,
)
