"""Taobao (ExportOrderList, 61 columns, with ExportOrderDetailList, 10): GBK, ``="…"`` ids, the address in one cell."""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from kernel.text import Text
from shop.channels import rules
from shop.channels.addresses import receiver_of, split_line
from shop.channels.cells import known_word
from shop.channels.facts import Receiver, SoldItem, SoldOrder
from shop.channels.reading import Platform, SecondFile, columns, sub_ids, words_of
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
    "等待买家付款": UNPAID,
    "买家已付款，等待卖家发货": TO_SHIP,
    "卖家部分发货": PART_SHIPPED,
    "卖家已发货，等待买家确认": SHIPPED,
    "交易成功": DONE,
    "交易关闭": CLOSED,
}
# Only some exports have the column 退款状态; the plain order list says nothing of a refund that is under way.
REFUND = {
    "": NO_REFUND,
    "没有申请退款": NO_REFUND,
    "买家已经申请退款，等待卖家同意": APPLYING,
    "卖家已经同意退款，等待买家退货": REFUNDING,
    "买家已经退货，等待卖家确认收货": REFUNDING,
    "卖家拒绝退款": APPLYING,
    "退款关闭": REFUND_CLOSED,
    "退款成功": REFUNDED,
}
_TRACKING = re.compile(r"No:\s*([^;；]+)")
_CHANGED = "修改后的收货地址"
_KNOWN = columns(
    "订单编号|买家会员名|买家支付宝账号|支付单号|支付详情|买家应付货款|买家应付邮费|买家支付积分|总金额",
    "返点积分|买家实际支付金额|买家实际支付积分|订单状态|买家留言|收货人姓名|收货地址|运送方式|联系电话",
    "联系手机|订单创建时间|订单付款时间|宝贝标题|宝贝种类|物流单号|物流公司|订单备注|宝贝总数量|店铺Id",
    "店铺名称|订单关闭原因|卖家服务费|买家服务费|发票抬头|是否手机订单|分阶段订单信息|特权订金订单id",
    "是否上传合同照片|是否上传小票|是否代付|定金排名|修改后的sku|修改后的收货地址|异常信息|天猫卡券抵扣",
    "集分宝抵扣|是否是O2O交易|新零售交易类型|新零售导购门店名称|新零售导购门店id|新零售发货门店名称",
    "新零售发货门店id|退款金额|预约门店|确认收货时间|打款商家金额|含应开票给个人的个人红包|是否信用购",
    "体验期结束时间|前N有礼|配送类型|主订单编号|退款状态",
)


def _read(rows: Sequence[Row], details: Sequence[Row], zone: ZoneInfo) -> SoldOrder:
    row = rows[0]
    order_id = row.order_id("订单编号")
    if not details:
        raise row.bad("订单编号", "明细文件里没有这个订单。", "the detail file has no lines for this order")
    status = known_word(STATUS, row.text("订单状态"), UNKNOWN)
    paid_at = row.moment_if_any("订单付款时间", zone)
    paid = row.fen_if_any("买家实际支付金额") if paid_at else 0
    items = [_item(line, sub_id) for line, sub_id in zip(details, sub_ids(order_id, len(details)), strict=True)]
    goods = sum(item.line_total_fen for item in items)
    went_back = row.fen_if_any("退款金额")
    refund, refund_fen = rules.settled_refund(
        REFUNDED if went_back else known_word(REFUND, row.text("退款状态"), UNKNOWN),
        status=status,
        paid_fen=paid,
        amount_fen=went_back or None,
    )
    tracking = _TRACKING.findall(row.text("物流单号"))
    return SoldOrder(
        order_id=order_id,
        row=row.number,
        items=tuple(items),
        status=status,
        refund=refund,
        words=words_of(rows, "订单状态", "退款状态", "订单关闭原因"),
        goods_fen=goods,
        discount_fen=max(0, goods - row.fen("买家应付货款")),
        freight_fen=row.fen_if_any("买家应付邮费"),
        paid_fen=paid,
        refund_fen=refund_fen,
        created_at=row.moment("订单创建时间", zone),
        paid_at=paid_at,
        ship_by=None,
        receiver=_receiver(row),
        buyer_note=row.text("买家留言"),
        seller_note=row.text("订单备注"),
        carrier=row.text("物流公司"),
        tracking=", ".join(number.strip() for number in tracking) or row.text("物流单号"),
    )


def _receiver(row: Row) -> Receiver:
    """The receiver; an address that was changed after the order wins: ``name，phone，address，zip`` in one cell."""
    changed = [part.strip() for part in re.split("[，,]", row.text(_CHANGED), maxsplit=2)]
    if len(changed) == 3:
        name, phone, line = changed
        line = re.sub(r"\s*[，,]\s*[0-9]{6}\s*$", "", line)
    elif row.text(_CHANGED):
        raise row.bad(
            _CHANGED, "看不懂改过的地址，请到平台上核对。", "the changed address cannot be read; look at the platform"
        )
    else:
        name, phone = row.text("收货人姓名"), row.text("联系手机") or row.text("联系电话")
        line = row.text("收货地址")
    return receiver_of(name, phone, *split_line(line))


def _item(line: Row, sub_id: str) -> SoldItem:
    quantity, unit = line.pieces("购买数量"), line.fen("价格")
    status = known_word(STATUS, line.text("订单状态"), UNKNOWN)
    return SoldItem(
        sku=line.text("商家编码") or line.text("外部系统编号"),
        title=line.text("标题"),
        spec=line.text("商品属性"),
        quantity=quantity,
        unit_price_fen=unit,
        line_total_fen=quantity * unit,
        sub_id=sub_id,
        has_left=status in (SHIPPED, DONE),
        is_cancelled=status == CLOSED,
    )


PLATFORM = Platform(
    name="taobao",
    shown_as="taobao",
    title=Text("淘宝", "Taobao"),
    order_column="订单编号",
    needed=columns(
        "订单编号|买家应付货款|买家实际支付金额|订单状态|收货人姓名|收货地址|联系手机|订单创建时间|订单付款时间|退款金额",
    ),
    known=_KNOWN,
    read=_read,
    caution=Text(
        "淘宝的订单报表不写「退款中」。打包前请在千牛里看一遍退款申请。",
        "Taobao's order list does not say that a refund was asked for. Look at the refunds in Qianniu before packing.",
    ),
    second_file=SecondFile(
        title=Text("宝贝明细（ExportOrderDetailList）", "the line list (ExportOrderDetailList)"),
        order_column="订单编号",
        needed=columns("订单编号|标题|价格|购买数量|商家编码|订单状态"),
        known=columns("订单编号|标题|价格|购买数量|外部系统编号|商品属性|套餐信息|备注|订单状态|商家编码"),
    ),
)
