"""Piece pay of one person in one period, from a case on standard input; nothing is stored."""

import json
import sys
from decimal import Decimal

import click

from fulfillment.piecework import rules
from fulfillment.piecework.rules import Pieces
from kernel.forms import Form
from kernel.json_in import read_object
from kernel.parse import FieldError
from kernel.text import Text

_LARGEST_CASE_BYTES = 1_000_000
_CASE = Text(
    "请从标准输入给一个 JSON 对象。",
    "Give one JSON object on standard input, such as one of piece_rate_cases.json.",
)
_MOST_KINDS = 1_000
_MOST_PIECES = 1_000_000
_MOST_HOURS = Decimal(744)  # a month of 31 days, day and night
_MOST_YUAN = Decimal(1_000_000)
_WORDS = {
    "piece_total": "all pieces, with the factors for overtime, rest days and holidays",
    "legal_part": "pieces of normal hours",
    "min_floor": "legal minimum for these hours",
    "top_up": "topped up to the minimum",
    "pay": "pay",
}


@click.command("piece-pay")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def piece_pay(as_json: bool) -> None:
    """Work out piece pay for the case on standard input, such as one of piece_rate_cases.json."""
    pay = rules.piece_pay(*read_case(sys.stdin.buffer.read(_LARGEST_CASE_BYTES + 1)))
    figures = {name: f"{getattr(pay, name):.2f}" for name in _WORDS}
    if as_json:
        click.echo(json.dumps(figures))
    else:
        for name, figure in figures.items():
            click.echo(f"{figure:>14} yuan  {_WORDS[name]}")


def read_case(body: bytes) -> tuple[list[Pieces], Decimal, Decimal]:
    """Pieces by kind and time, legal hours, monthly minimum in yuan, from ``{"pieces", "legal_hours", "month_min"}``.

    Raises:
        Invalid: naming each field that cannot be used.
    """
    form = Form(read_object(body, _LARGEST_CASE_BYTES, _CASE))
    pieces = form.read("pieces", _pieces)
    hours = form.read("legal_hours", lambda raw: _decimal(raw, _MOST_HOURS))
    month_min = form.read("month_min", lambda raw: _decimal(raw, _MOST_YUAN))
    form.check()
    return pieces, hours, month_min


def _pieces(raw: object) -> list[Pieces]:
    if not isinstance(raw, list) or not 0 < len(raw) <= _MOST_KINDS:
        raise FieldError("请给 1 到 1000 行计件。", f"Give 1 to {_MOST_KINDS} rows of pieces.")
    return [_row(place, row) for place, row in enumerate(raw, 1)]


def _row(place: int, row: object) -> Pieces:
    """Pieces in normal hours, overtime, rest days, holidays, and the rate in yuan."""
    try:
        if not isinstance(row, list) or len(row) != 5:
            raise FieldError("要五个数。", "five numbers: normal, overtime, rest day, holiday, rate in yuan.")
        normal, overtime, rest_day, holiday = (_count(cell) for cell in row[:4])
        return Pieces(normal, overtime, rest_day, holiday, _decimal(row[4], _MOST_YUAN))
    except FieldError as error:
        raise FieldError(f"第 {place} 行：{error.text.zh}", f"row {place}: {error.text.en}") from None


def _count(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= _MOST_PIECES:
        raise FieldError(f"件数是 0 到 {_MOST_PIECES} 的整数。", f"pieces are whole numbers from 0 to {_MOST_PIECES}.")
    return raw


def _decimal(raw: object, most: Decimal) -> Decimal:
    value = Decimal(raw) if isinstance(raw, int | Decimal) and not isinstance(raw, bool) else None
    if value is None or not value.is_finite() or not 0 <= value <= most or value != round(value, 6):
        raise FieldError(
            f"请给 0 到 {most} 之间的数，最多 6 位小数。", f"a number from 0 to {most} with at most 6 decimals."
        )
    return value
