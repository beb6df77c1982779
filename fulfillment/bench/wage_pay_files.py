"""Files of pay: for the bank, for the accountant and the county. No cell can run, account numbers stay text."""

import csv
import io
from collections.abc import Sequence
from typing import Final

from werkzeug.wrappers import Response

from fulfillment.piecework.minimum.models import PayFacts
from fulfillment.piecework.pay.queries import PaidPerson, PayrollRow
from kernel.sheets import Cell, plain_yuan, safe_cell
from kernel.text import t
from kernel.workbook import XLSX_TYPE, Sheet, workbook

CSV, GBK, XLSX = BANK_FILES = ("csv", "gbk", "xlsx")
PAYROLL_FILES: Final = (CSV, XLSX)

_TYPES = {
    CSV: "text/csv; charset=utf-8",
    # GB18030 holds all of GBK, and the rare characters of names as well.
    GBK: "text/csv; charset=gb18030",
    XLSX: XLSX_TYPE,
}


class AccountNumber(str):
    """Digits that a sheet must neither round nor add up; a tab before them keeps a CSV file's cell text, and banks trim it."""

    __slots__ = ()


def bank_header() -> list[str]:
    """As most banks' sheets for paying wages call them."""
    return [
        t("序号", "No."),
        t("收款人户名", "Account holder"),
        t("收款账号", "Account number"),
        t("开户行", "Bank"),
        t("金额（元）", "Yuan"),
        t("用途", "For"),
    ]


def bank_row(place: int, person: PaidPerson, facts: PayFacts | None) -> list[Cell]:
    """One transfer; without bank details the row is there and empty where they belong, so that nobody is forgotten."""
    return [
        place,
        facts.account_holder if facts and facts.account_holder else person.name,
        AccountNumber(facts.account_number) if facts else "",
        facts.bank if facts else "",
        plain_yuan(person.left_fen),
        t("计件工资", "Piece wages"),
    ]


def payroll_header() -> list[str]:
    """The columns of the payroll."""
    return [
        t("姓名", "Name"),
        t("月份", "Month"),
        t("包裹（件）", "Parcels"),
        t("包裹（元）", "Parcels, yuan"),
        t("别的活（元）", "Other work, yuan"),
        t("更正（元）", "Corrections, yuan"),
        t("补足和加班（元）", "Top-ups and factors, yuan"),
        t("合计（元）", "Total, yuan"),
    ]


def payroll_row(row: PayrollRow) -> list[Cell]:
    """One person's month."""
    sums = row.sums
    return [
        row.name,
        f"{row.month:%Y-%m}",
        sums.pieces,
        *(
            plain_yuan(fen)
            for fen in (sums.piece_fen, sums.work_fen, sums.correction_fen, sums.top_up_fen, sums.total_fen)
        ),
    ]


def answer(
    response: type[Response], kind: str, header: Sequence[str], rows: Sequence[Sequence[Cell]], name: str
) -> Response:
    """The file to keep."""
    body = workbook([Sheet(name, header, rows)]) if kind == XLSX else _sheet(header, rows, kind)
    made = response(body, content_type=_TYPES[kind])
    ending = XLSX if kind == XLSX else CSV
    made.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    made.headers["Cache-Control"] = "no-store"
    return made


def _sheet(header: Sequence[str], rows: Sequence[Sequence[Cell]], kind: str) -> bytes:
    """The rows as text; account numbers get their tab after the cells were made safe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([safe_cell(word) for word in header])
    for row in rows:
        writer.writerow([f"\t{cell}" if isinstance(cell, AccountNumber) and cell else safe_cell(cell) for cell in row])
    return buffer.getvalue().encode("gb18030") if kind == GBK else buffer.getvalue().encode("utf-8-sig")
