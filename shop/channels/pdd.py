"""Pinduoduo (拼多多, 49 columns): one row an order, one SKU an order, a TAB behind every number."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from kernel.text import Text
from shop.channels import rules
from shop.channels.addresses import receiver_of
from shop.channels.cells import known_word
from shop.channels.facts import SoldItem, SoldOrder
from shop.channels.reading import Platform, columns, words_of
from shop.channels.sheets import Row
from shop.channels.states import APPLYING, CLOSED, DONE, NO_REFUND, REFUNDED, SHIPPED, TO_SHIP, UNKNOWN, UNPAID

STATUS = {
    "待付款": UNPAID,
    "待发货": TO_SHIP,
    "已发货，待收货": SHIPPED,
    "已发货，待签收": SHIPPED,
    "已收货": DONE,
    "已签收": DONE,
    "已取消": CLOSED,
    "未发货，退款成功": CLOSED,
    "已发货，退款成功": SHIPPED,
    "已收货，退款成功": DONE,
    "已取消，退款成功": CLOSED,
    "未成交，退款成功": CLOSED,
}
REFUND = {"无售后或售后取消": NO_REFUND, "售后处理中": APPLYING, "退款成功": REFUNDED}
# Orders that the platform still looks at, or that are fetched by hand, are not to be sent.
_NOT_SENT = ("是否审核中", "是否门店自提")
_KNOWN = columns(
    "商品|订单号|订单状态|商品总价(元)|邮费(元)|店铺优惠折扣(元)|平台优惠折扣(元)|多多支付立减金额(元)",
    "上门安装费(元)|送货入户费(元)|送货入户并安装费(元)|用户实付金额(元)|商家实收金额(元)|商品数量(件)",
    "是否审核中|收货人|手机|省|市|区|街道/镇|街道|详细地址|支付时间|承诺发货时间|承诺送达时间|发货时间|确认收货时间",
    "商品id|商品规格|样式ID|商家编码-规格维度|商家编码-商品维度|商家备注|买家留言|售后状态|快递单号|快递公司",
    "用户购买手机号|订单成交时间|是否抽奖或0元试用|是否顺丰加价|是否门店自提|赠品名称|赠品id|赠品规格|赠品数量",
    "是否直播间成交|是否直播间引导成交|订单来源",
)


def _read(rows: Sequence[Row], _: Sequence[Row], zone: ZoneInfo) -> SoldOrder:
    row = rows[0]
    order_id = row.order_id("订单号")
    is_sent = not any(row.text(column) == "是" for column in _NOT_SENT)
    status = known_word(STATUS, row.text("订单状态"), UNKNOWN) if is_sent else UNKNOWN
    word = known_word(REFUND, row.text("售后状态"), UNKNOWN)
    paid = row.fen("用户实付金额(元)")
    quantity, goods = row.pieces("商品数量(件)"), row.fen("商品总价(元)")
    # Both columns say 退款成功 when the whole price went back, whatever became of the goods.
    is_whole = word == REFUNDED and row.text("订单状态").endswith("退款成功")
    refund, refund_fen = rules.settled_refund(word, status=status, paid_fen=paid, amount_fen=paid if is_whole else None)
    return SoldOrder(
        order_id=order_id,
        row=row.number,
        items=(
            SoldItem(
                sku=row.text("商家编码-规格维度"),
                title=row.text("商品"),
                spec=row.text("商品规格"),
                quantity=quantity,
                # The export gives the sum only. A price that does not divide is rounded up; the discount takes the rest.
                unit_price_fen=-(-goods // quantity),
                line_total_fen=goods,
                product_id=row.text("商品id"),
                sub_id=order_id,
            ),
        ),
        status=status,
        refund=refund,
        words=words_of(rows, "订单状态", "售后状态", *(() if is_sent else _NOT_SENT)),
        goods_fen=goods,
        discount_fen=row.fen_if_any("店铺优惠折扣(元)", "平台优惠折扣(元)", "多多支付立减金额(元)"),
        freight_fen=row.fen_if_any("邮费(元)"),
        paid_fen=paid,
        refund_fen=refund_fen,
        created_at=row.moment("订单成交时间", zone),
        paid_at=row.moment_if_any("支付时间", zone),
        ship_by=row.moment_if_any("承诺发货时间", zone),
        receiver=receiver_of(
            row.text("收货人"),
            row.text("手机"),
            [
                *(row.text(part) for part in ("省", "市", "区")),
                row.text("街道/镇") or row.text("街道"),
                row.text("详细地址"),
            ],
        ),
        buyer_note=row.text("买家留言"),
        seller_note=row.text("商家备注"),
        carrier=row.text("快递公司"),
        tracking=row.text("快递单号"),
    )


PLATFORM = Platform(
    name="pdd",
    shown_as="pinduoduo",
    title=Text("拼多多", "Pinduoduo"),
    order_column="订单号",
    needed=columns(
        "商品|订单号|订单状态|商品总价(元)|用户实付金额(元)|商品数量(件)|收货人|手机|省|市|区|详细地址|支付时间|订单成交时间",
        "商家编码-规格维度|售后状态",
    ),
    known=_KNOWN,
    read=_read,
)
