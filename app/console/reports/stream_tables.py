"""The tables of a stream's report, for its workbook and its paper; money as yuan."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from app.console import words
from app.console.board import Figures
from app.console.board_parts import minute_rows
from app.console.reports.stream_costs import StreamCosts
from app.console.reports.stream_figures import StreamReport
from app.console.streams_words import BUYERS, UNPAID
from kernel.sheets import Cell, plain_yuan
from kernel.text import Text, t
from kernel.workbook import Sheet

HOW_KNOWN = {
    "followed": Text("跟到了哪位农户的货", "followed to their deliveries"),
    "usual": Text("按这个规格平时的成本", "at what this size usually costs"),
    "unknown": Text("不知道成本，没有算", "cost unknown, not counted"),
}


def sheets(figures: Figures, report: StreamReport, zone: ZoneInfo) -> list[Sheet]:
    """Every table of the report, in the order of the page."""
    return [
        Sheet(t("总数", "Summary"), [t("什么", "What"), t("多少", "How much")], _summary(figures, report)),
        Sheet(t("成本", "Costs"), [t("什么", "What"), t("元", "Yuan")], cost_rows(report)),
        Sheet(
            t("商品", "Offers"),
            [
                *(t("号", "No."), t("货号", "SKU"), t("商品", "Goods"), t("规格", "Size"), t("下单（件）", "Ordered")),
                *(t("付款（件）", "Paid"), t("退回（件）", "Given back"), t("付款（元）", "Paid, yuan")),
            ],
            [
                (
                    *(each.place, each.sku, str(each.title), str(each.spec), each.ordered),
                    *(each.paid, each.given_back, plain_yuan(each.paid_fen)),
                )
                for each in report.offers
            ],
        ),
        _channels(report),
        _minutes(figures, zone),
        Sheet(
            t("省份", "Provinces"),
            [t("省份", "Province"), t("付款（单）", "Paid orders"), t("净额（元）", "Net, yuan")],
            [(each.name, each.count, plain_yuan(each.kept_fen)) for each in report.provinces],
        ),
        Sheet(
            t("买家", "Buyers"),
            [t("买家", "Buyers"), t("人数", "People"), t("净额（元）", "Net, yuan")],
            [(str(BUYERS[each.name]), each.count, plain_yuan(each.kept_fen)) for each in report.buyers.values()],
        ),
        Sheet(
            t("没付成", "Not paid"),
            [t("怎么结束的", "How it ended"), t("单数", "Orders"), t("金额（元）", "Yuan")],
            [(str(UNPAID[each.name]), each.count, plain_yuan(each.kept_fen)) for each in report.unpaid.values()],
        ),
    ]


def _summary(figures: Figures, report: StreamReport) -> Sequence[Sequence[Cell]]:
    money = report.money
    return [
        (t("直播", "Stream"), str(figures.title)),
        (t("下单（单）", "Orders"), money.ordered),
        (t("下单金额（元）", "Ordered, yuan"), plain_yuan(money.ordered_fen)),
        (t("付款（单）", "Paid orders"), money.paid),
        (t("付款金额（元）", "Paid, yuan"), plain_yuan(money.paid_fen)),
        (t("退款（元）", "Refunded, yuan"), plain_yuan(money.refunded_fen)),
        (t("净额（元）", "Net, yuan"), plain_yuan(report.net_fen)),
    ]


def cost_rows(report: StreamReport) -> Sequence[tuple[str, Cell]]:
    """From what was kept, cost by cost, down to what is left; what is not known has no number."""
    costs = report.costs
    left = (
        t("留下的", "What is left") if costs.is_whole else t("留下的（还没算全）", "What is left, as far as is known")
    )
    return [
        (t("净额", "Net"), plain_yuan(report.net_fen)),
        (t("货按市场价", "Goods at market"), plain_yuan(costs.premium_fen - costs.goods_fen)),
        (t("给农户高出市场的", "Premium to farmers"), plain_yuan(-costs.premium_fen)),
        (t("打包工钱", "Packing wages"), plain_yuan(-costs.wages_fen)),
        (t("快递", "Couriers"), plain_yuan(-costs.postage_fen)),
        (t("收款手续费", "Payment fees"), None if costs.fees_fen is None else plain_yuan(-costs.fees_fen)),
        (left, plain_yuan(report.left_fen)),
    ]


def what_is_open(costs: StreamCosts) -> list[str]:
    """What the costs leave out or take from the usual, each as a sentence."""
    said = [
        f"{t('{n} 件', '{n} pieces', n=number)}{t('：', ': ')}{HOW_KNOWN[how]}"
        for how, number in (("followed", costs.followed), ("usual", costs.usual), ("unknown", costs.unknown))
        if number
    ]
    if costs.boxes_unknown:
        said.append(t("{n} 箱还没有运费", "{n} boxes have no courier fee yet", n=costs.boxes_unknown))
    if costs.fees_fen is None:
        said.append(
            t(
                "没有设收款费率（PAYMENT_FEE_BPS），没有算",
                "No rate of payment fees is set (PAYMENT_FEE_BPS): not counted",
            )
        )
    return said


def _channels(report: StreamReport) -> Sheet:
    header = [
        *(
            t("渠道", "Channel"),
            t("下单（单）", "Orders"),
            t("下单金额（元）", "Ordered, yuan"),
            t("付款（单）", "Paid orders"),
        ),
        *(t("付款金额（元）", "Paid, yuan"), t("退款（元）", "Refunded, yuan"), t("观看次数", "Views")),
        *(t("看的人", "Visitors"), t("千次观看成交（元）", "GPM, yuan"), t("每人价值（元）", "UV value, yuan")),
    ]
    rows = [
        (
            *(str(words.channel(each.channel)), each.ordered, plain_yuan(each.ordered_fen), each.paid),
            *(plain_yuan(each.paid_fen), plain_yuan(each.refunded_fen)),
            *((each.watched.views, each.watched.visitors) if each.watched else (None, None)),
            *(None if fen is None else plain_yuan(fen) for fen in (each.gpm_fen, each.uv_value_fen)),
        )
        for each in report.channels
    ]
    return Sheet(t("渠道", "Channels"), header, rows)


def _minutes(figures: Figures, zone: ZoneInfo) -> Sheet:
    header = [
        *(t("从", "From"), t("下单（单）", "Orders"), t("付款（单）", "Paid orders")),
        *(t("下单金额（元）", "Ordered, yuan"), t("讲解中", "On air")),
    ]
    rows = [
        (moment, bar.ordered, bar.paid, plain_yuan(bar.ordered_fen), shown)
        for moment, bar, shown in reversed(minute_rows(figures, zone))
    ]
    return Sheet(t("时间", "Minutes"), header, rows)
