"""The report of a stream: what was ordered and paid, of what, where to, by whom; to read, to print and as a workbook."""

from collections.abc import Sequence

from flask import Blueprint, Response, render_template
from sqlalchemy.orm import Session

from app.console.board import one_look
from app.console.report_queries import StreamReport, report_of
from app.console.streams_words import BUYERS, UNPAID
from kernel.errors import NotFound
from kernel.http import requires, transaction
from kernel.people.rules import OWNER, STREAMER
from kernel.sheets import Cell, plain_yuan
from kernel.text import t
from kernel.workbook import XLSX_TYPE, Sheet, workbook
from shop.streams.models import Stream
from shop.streams.states import PLANNED

blueprint = Blueprint("stream_report", __name__, url_prefix="/console/streams/<int:stream_id>")


def _counted(session: Session, stream_id: int) -> tuple[Stream, StreamReport]:
    """The stream and its figures, all of one moment.

    Raises:
        NotFound: there is no such stream, or it has not begun.
    """
    one_look(session)
    stream = session.get(Stream, stream_id) if stream_id < 2**63 else None
    if stream is None or stream.state == PLANNED:
        raise NotFound("没有这场直播，或者还没开播。", "There is no such stream, or it has not begun.")
    return stream, report_of(session, stream)


@blueprint.get("/report")
@requires(OWNER, STREAMER)
def show(stream_id: int) -> str:
    """The figures as tables and bars."""
    with transaction() as session:
        stream, report = _counted(session, stream_id)
        return render_template(
            "console/streams/report.html", stream=stream, report=report, buyers=BUYERS, unpaid=UNPAID
        )


@blueprint.get("/report.xlsx")
@requires(OWNER, STREAMER)
def export(stream_id: int) -> Response:
    """The same tables as a workbook of five sheets."""
    with transaction() as session:
        stream, report = _counted(session, stream_id)
        body = workbook(_sheets(stream, report))
    answer = Response(body, content_type=XLSX_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="stream-{stream_id}.xlsx"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _sheets(stream: Stream, report: StreamReport) -> list[Sheet]:
    return [
        Sheet(t("总数", "Summary"), [t("什么", "What"), t("多少", "How much")], _summary(stream, report)),
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


def _summary(stream: Stream, report: StreamReport) -> Sequence[Sequence[Cell]]:
    money = report.money
    return [
        (t("直播", "Stream"), str(stream.title)),
        (t("下单（单）", "Orders"), money.ordered),
        (t("下单金额（元）", "Ordered, yuan"), plain_yuan(money.ordered_fen)),
        (t("付款（单）", "Paid orders"), money.paid),
        (t("付款金额（元）", "Paid, yuan"), plain_yuan(money.paid_fen)),
        (t("退款（元）", "Refunded, yuan"), plain_yuan(money.refunded_fen)),
        (t("净额（元）", "Net, yuan"), plain_yuan(report.net_fen)),
    ]
