"""A stream's report on paper."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.console.board import Figures
from app.console.reports.stream_figures import StreamReport
from app.console.reports.stream_tables import sheets, what_is_open
from app.drawing.paper import Bars, Figure, Paper
from kernel.money import yuan
from kernel.sheets import Cell
from kernel.text import t
from kernel.workbook import Sheet
from shop.streams.models import Stream


def paper_of(stream: Stream, figures: Figures, report: StreamReport, workshop: str, zone: ZoneInfo) -> Paper:
    """The paper in the language of the request; tables without rows are left out."""
    money = report.money
    # The summary is said by the figures on top, and of the minutes only those in which something happened.
    tables = [quiet_left_out(sheet) for sheet in sheets(figures, report, zone)[1:] if sheet.rows]
    return Paper(
        title=t("直播报告：{title}", "Report of a stream: {title}", title=stream.title),
        about=(f"{workshop} · {span_of(stream, zone)}",),
        figures=(
            Figure(t("下单", "Ordered"), f"¥{yuan(money.ordered_fen)}", t("{n} 单", "{n} orders", n=money.ordered)),
            Figure(t("付款", "Paid"), f"¥{yuan(money.paid_fen)}", t("{n} 单", "{n} orders", n=money.paid)),
            Figure(t("退款", "Refunded"), f"¥{yuan(money.refunded_fen)}"),
            Figure(t("留下的", "What is left"), f"¥{yuan(report.left_fen)}", t("净额减成本", "net less costs")),
        ),
        bars=_bars(figures, zone) if money.ordered else None,
        tables=tables,
        notes=(
            t(
                "下单和付款从不合在一起。件数和货款按上架的场次算，没有减优惠，不含运费；成本跟着订单算。",
                "Ordered and paid are never one figure. Pieces and goods are counted where they were offered, before vouchers and without postage; costs follow their orders.",
            ),
            *what_is_open(report.costs),
        ),
    )


def quiet_left_out(sheet: Sheet) -> Sheet:
    """A table without the rows in which every number is nothing."""

    def says_something(row: Sequence[Cell]) -> bool:
        numbers = [cell for cell in row if isinstance(cell, int | Decimal)]
        return not numbers or any(numbers)

    return replace(sheet, rows=[row for row in sheet.rows if says_something(row)])


def _bars(figures: Figures, zone: ZoneInfo) -> Bars | None:
    if figures.window is None:
        return None
    begins, ends = (f"{at.astimezone(zone):%H:%M}" for at in (figures.window.start, figures.window.end))
    return Bars(t("什么时候下的单", "When they ordered"), [bar.ordered for bar in figures.bars], begins, ends)


def span_of(stream: Stream, zone: ZoneInfo) -> str:
    """When the stream was, such as 2026-11-27 20:00 – 22:10."""
    begun = (stream.started_at or stream.starts_at).astimezone(zone)
    if stream.ended_at is None:
        return f"{begun:%Y-%m-%d %H:%M} –"
    ended = stream.ended_at.astimezone(zone)
    return (
        f"{begun:%Y-%m-%d %H:%M} – {ended:%H:%M}"
        if ended.date() == begun.date()
        else f"{begun:%Y-%m-%d %H:%M} – {ended:%m-%d %H:%M}"
    )
