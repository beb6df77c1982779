"""WeChat shop (微信小店, 57 columns, xlsx): one row a product, the order's own cells repeated on each; refunds by product."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from kernel.text import Text
from shop.channels import rules
from shop.channels.addresses import receiver_of
from shop.channels.cells import known_word
from shop.channels.facts import SoldItem, SoldOrder
from shop.channels.reading import Platform, columns, sub_ids, words_of
from shop.channels.sheets import Row
from shop.channels.states import (
    APPLYING,
    CLOSED,
    DONE,
    GIFT_PENDING,
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
    "礼物待收下": GIFT_PENDING,
    "待发货": TO_SHIP,
    "部分发货": PART_SHIPPED,
    "待收货": SHIPPED,
    "已完成": DONE,
    "已取消": CLOSED,
}
REFUND = {
    "": NO_REFUND,
    "待商家处理": APPLYING,
    "待用户退货": REFUNDING,
    "退款完成": REFUNDED,
    "售后关闭": REFUND_CLOSED,
}
_HAS_LEFT = "已发货"
_KNOWN = columns(
    "订单号|订单下单时间|订单发货时间|订单确认收货时间|订单完成结算时间|订单状态|发货方式|收件人姓名",
    "收件人地址|省|市|区|收件人手机|买家备注|商家备注|打标颜色|商品总价|订单实际支付金额|订单实际收款金额",
    "订单运费|商品优惠|跨店优惠|商品改价|积分抵扣|支付方式|支付时间|交易单号|物流公司|快递单号|技术服务费",
    "技术服务费（将以人气卡形式返还）|运费险预计投保费用|带货方式|带货账号类型|带货账号昵称|带货费用渠道",
    "带货费用类型|带货费用|带货佣金率|礼物单号|商品名称|商品编码(平台)|商品编码(自定义)|SKU编码(自定义)",
    "商品属性|商品价格(单件)|商品实际价格(单件)|商品实际价格(总共)|是否预售|商品数量|商品平台券优惠",
    "商品平均运费|定制信息|定制预览图|商品发货|商品售后|商品已退款金额",
)


def _read(rows: Sequence[Row], _: Sequence[Row], zone: ZoneInfo) -> SoldOrder:
    first = rows[0]
    order_id = first.order_id("订单号")
    status = rules.combined_status([known_word(STATUS, row.text("订单状态"), UNKNOWN) for row in rows])
    refunds = [known_word(REFUND, row.text("商品售后"), UNKNOWN) for row in rows]
    paid = first.fen("订单实际支付金额")
    refund, refund_fen = rules.settled_refund(
        rules.combined_refund(refunds),
        status=status,
        paid_fen=paid,
        amount_fen=sum(row.fen_if_any("商品已退款金额") for row in rows) or None,
    )
    paid_at = first.moment_if_any("支付时间", zone)
    return SoldOrder(
        order_id=order_id,
        row=first.number,
        items=tuple(
            _item(row, refund_of_item, sub_id)
            for row, refund_of_item, sub_id in zip(rows, refunds, sub_ids(order_id, len(rows)), strict=True)
        ),
        status=status,
        refund=refund,
        words=words_of(rows, "订单状态", "商品售后"),
        goods_fen=first.fen("商品总价"),
        discount_fen=first.fen_if_any("商品优惠", "跨店优惠", "商品改价", "积分抵扣"),
        freight_fen=first.fen_if_any("订单运费"),
        paid_fen=paid,
        refund_fen=refund_fen,
        created_at=first.moment("订单下单时间", zone),
        paid_at=paid_at,
        ship_by=None,
        receiver=receiver_of(
            first.text("收件人姓名"),
            first.text("收件人手机"),
            [*(first.text(part) for part in ("省", "市", "区")), "", first.text("收件人地址")],
        ),
        buyer_note=first.text("买家备注"),
        seller_note=first.text("商家备注"),
        carrier=first.text("物流公司"),
        tracking=first.text("快递单号"),
        anchor=first.text("带货账号昵称"),
    )


def _item(row: Row, refund: str, sub_id: str) -> SoldItem:
    quantity, unit = row.pieces("商品数量"), row.fen("商品价格(单件)")
    return SoldItem(
        sku=row.text("SKU编码(自定义)"),
        title=row.text("商品名称"),
        spec=row.text("商品属性"),
        quantity=quantity,
        unit_price_fen=unit,
        line_total_fen=quantity * unit,
        product_id=row.text("商品编码(平台)"),
        sub_id=sub_id,
        has_left=row.text("商品发货") == _HAS_LEFT,
        # Money that went back for only a part of the price does not mean that the goods stay here.
        is_cancelled=refund == REFUNDED and row.fen_if_any("商品已退款金额") >= row.fen_if_any("商品实际价格(总共)"),
    )


PLATFORM = Platform(
    name="wechat",
    shown_as="wechat_channels",
    title=Text("微信小店", "WeChat shop"),
    order_column="订单号",
    needed=columns(
        "订单号|订单下单时间|订单状态|收件人姓名|收件人地址|省|市|区|收件人手机|商品总价|订单实际支付金额|支付时间|商品名称",
        "SKU编码(自定义)|商品价格(单件)|商品数量|商品售后",
    ),
    known=_KNOWN,
    read=_read,
)
