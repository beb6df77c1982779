"""The list of a recall: a row for each parcel, with all that is needed to reach its buyer."""

from fulfillment.bench.wage_pay_files import AccountNumber
from fulfillment.couriers.rules import carrier_name
from fulfillment.purchasing.tracing.queries import Recall
from fulfillment.purchasing.tracing.rules import GONE, HERE
from kernel.sheets import Cell
from kernel.text import t


def buyers_header() -> list[str]:
    """The columns."""
    return [
        t("收件人", "Receiver"),
        t("电话", "Phone"),
        t("地址", "Address"),
        t("订单", "Order"),
        t("渠道", "Channel"),
        t("平台订单号", "Platform's number"),
        t("包裹", "Parcel"),
        t("袋数", "Bags"),
        t("商品", "Goods"),
        t("在哪里", "Where"),
        t("快递", "Courier"),
        t("快递单号", "Tracking number"),
        t("交出时间（UTC）", "Left at (UTC)"),
    ]


def buyers_rows(found: Recall) -> list[list[Cell]]:
    """One row a parcel, buyer by buyer."""
    skus = {bagging.id: bagging.sku for bagging in found.baggings}
    return [
        [
            buyer.name,
            AccountNumber(f"{buyer.phone}-{buyer.phone_ext}" if buyer.phone_ext else buyer.phone),
            buyer.place,
            parcel.order_number,
            parcel.channel,
            AccountNumber(parcel.channel_number or ""),
            AccountNumber(parcel.number),
            parcel.bag_count,
            " ".join(sorted({skus[bagging_id] for bagging_id in parcel.bags})),
            where_words(parcel.state),
            carrier_name(parcel.carrier) if parcel.carrier else "",
            AccountNumber(parcel.tracking_number or ""),
            f"{parcel.handed_over_at:%Y-%m-%d %H:%M}" if parcel.handed_over_at else "",
        ]
        for buyer in found.buyers
        for parcel in buyer.parcels
    ]


def where_words(state: str) -> str:
    """Where a parcel is, in a word."""
    return {HERE: t("还在这里", "Still here"), GONE: t("寄走了", "Has left")}.get(state, state)
