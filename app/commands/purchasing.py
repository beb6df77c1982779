"""`gongfang import-quotes` and `gongfang farmer-price`."""

import json
import sys
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from app.commands.connect import open_database
from config import load_settings
from fulfillment.purchasing import rules
from fulfillment.purchasing.quotes import price_file, service, xinfadi
from fulfillment.purchasing.quotes.price_file import ReadRows
from fulfillment.purchasing.quotes.service import MANUAL, XINFADI, QuoteImport
from kernel.audit import SYSTEM
from kernel.clock import local_day, utc_now
from kernel.errors import Invalid
from kernel.money import yuan

_LARGEST = Decimal(10**12)


@click.command()
@click.argument("source", type=click.Choice([XINFADI, MANUAL]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def import_quotes(source: str, file: Path, as_json: bool) -> None:
    """Take market prices in: from the workshop's own file (manual), or a saved answer of the feed (xinfadi).

    Good rows are kept, the others named by row and column; the same file again changes nothing. Odd prices and
    unknown names wait for a person at the bench, under quotes.
    """
    settings = load_settings()
    today = local_day(utc_now(), settings.workshop_zone)
    raw = file.read_bytes()
    if source == XINFADI:
        found = xinfadi.read_rows(xinfadi.rows_of_file(raw), today)
    else:
        found = price_file.read_price_file(raw, today)
    database = open_database(settings)
    with database.transaction() as session:
        result = service.add_quotes(session, source, found.rows.values(), now=utc_now(), by=SYSTEM)
    database.dispose()
    summary = _summary(found, result)
    print(json.dumps(summary, ensure_ascii=False) if as_json else _in_words(summary))


def _summary(found: ReadRows, result: QuoteImport) -> dict[str, object]:
    return {
        "read": found.read,
        "created": result.created,
        "updated": result.updated,
        "unchanged": result.unchanged + found.repeats,
        "waiting": result.waiting,
        "flagged": result.flagged,
        "not_comparable": result.not_comparable,
        "refused": [{"row": row.row, "column": row.column, "reason": row.reason.en} for row in found.refused],
    }


def _in_words(summary: Mapping[str, object]) -> str:
    refused = summary["refused"]
    assert isinstance(refused, list)
    counts = [f"{name.replace('_', ' ')}: {count}" for name, count in summary.items() if name != "refused"]
    return "\n".join([*counts, *(f"row {row['row']}, {row['column']}: {row['reason']}" for row in refused)])


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
def farmer_price(as_json: bool) -> None:
    """Work out what a farmer is paid for one case on standard input, storing nothing.

    The case is a JSON object with market_yuan_per_kg, premium, floor_yuan_per_kg, net_kg, moisture, standard_moisture
    and, where they apply, grade_deduction, foreign_matter and reject_above; rates as fractions of one.
    """
    answer: dict[str, object] = {"rejected": True, "unit_yuan_per_kg": None, "settle_kg": None, "pay_yuan": None}
    try:
        price = _price(sys.stdin.read())
    except rules.Rejected as rejected:
        _show(answer | {"reason": rejected.text.en}, as_json=as_json)
    except Invalid as invalid:
        # A case that cannot be is refused like every other wrong input, and a program reads why as well.
        if as_json:
            _show(answer | {"reason": invalid.text.en}, as_json=True)
        raise
    else:
        answer = {
            "rejected": False,
            "unit_yuan_per_kg": _plain(price.unit_fen_per_kg),
            "settle_kg": f"{Decimal(price.settle_g) / 1000:.2f}",
            "pay_yuan": _plain(price.pay_fen),
            "reason": "",
        }
        _show(answer, as_json=as_json)


def _show(answer: Mapping[str, object], *, as_json: bool) -> None:
    print(json.dumps(answer, ensure_ascii=False) if as_json else _case_in_words(answer))


def _plain(fen: int) -> str:
    return yuan(fen).replace(",", "")


def _case_in_words(answer: Mapping[str, object]) -> str:
    if answer["rejected"]:
        return f"refused: {answer['reason']}"
    return f"{answer['unit_yuan_per_kg']} yuan/kg x {answer['settle_kg']} kg = {answer['pay_yuan']} yuan"


def _price(text: str) -> rules.Price:
    """The price of a case.

    Raises:
        Invalid: no such object, a number that cannot be, or a premium outside 10 % to 15 %. Rejected: too moist.
    """
    try:
        case = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        case = None
    if not isinstance(case, dict):
        raise Invalid("标准输入里要有一个 JSON 对象。", "Standard input must hold one JSON object.")
    terms = rules.Terms(
        premium_bps=_units(case, "premium", rules.WHOLE),
        floor_fen_per_kg=_units(case, "floor_yuan_per_kg", 100),
        standard_moisture_bps=_units(case, "standard_moisture", rules.WHOLE),
        reject_above_bps=None if case.get("reject_above") is None else _units(case, "reject_above", rules.WHOLE),
    )
    weighed = rules.Weighed(
        net_g=_units(case, "net_kg", 1000),
        moisture_bps=_units(case, "moisture", rules.WHOLE),
        foreign_bps=_units(case, "foreign_matter", rules.WHOLE, otherwise=0),
        grade_deduction_bps=_units(case, "grade_deduction", rules.WHOLE, otherwise=0),
    )
    try:
        return rules.price_to_farmer(_units(case, "market_yuan_per_kg", 100), terms, weighed)
    except ValueError as error:
        raise Invalid("这个算例里的数不对。", f"This case cannot be: {error}.") from None


def _units(case: Mapping[str, object], name: str, per_one: int, *, otherwise: int | None = None) -> int:
    """A number of the case in our whole units (fen, grams, basis points); what is finer than these is refused."""
    raw = case.get(name, otherwise)
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal | str):
        raise Invalid(f"缺少 {name}，或者它不是数字。", f"{name} is missing or not a number.")
    try:
        exact = Decimal(raw) * per_one
        nearest = exact.to_integral_value()
    except InvalidOperation:
        exact = nearest = Decimal("NaN")
    # Numbers that were worked out in binary fractions carry noise far behind the point.
    if not exact.is_finite() or abs(exact - nearest) > Decimal("1e-6") or abs(exact) > _LARGEST:
        raise Invalid(f"{name} 的值不能用。", f"{name} must be a number in steps of 1/{per_one}, not {raw}.")
    return int(nearest)
