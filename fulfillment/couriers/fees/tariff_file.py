"""Fee tables as CSV, in and out: good rows kept, the others named by row and column. Pure.

The columns are those of `quotes_2025-09.csv`, a merchant's price list, and their Chinese names; which steps a table
has, its columns `w<=0.5` (or `0.5公斤以内`) say.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from fulfillment.couriers.fees.rules import VOLUME_DIVISOR, Step, Tariff, trouble_of
from fulfillment.couriers.rules import CARRIERS
from fulfillment.couriers.terms import HEAVIEST_G
from kernel.parse import clean_text, parse_count, parse_yuan
from kernel.sheets import Cell, CellError, RefusedRow, plain_yuan, read_cell, read_csv, require_columns
from kernel.text import Text
from shop.orders.rules import full_province

Value = TypeVar("Value")

SAMPLE: Final = Path(__file__).with_name("quotes_2025-09.csv")
LARGEST_BYTES: Final = 1_000_000
MOST_ROWS: Final = 2_000
MOST_FEN: Final = 1_000_000
MOST_DAYS: Final = 30

_ALIASES = {
    "快递": "carrier",
    "区": "zone",
    "省份": "province",
    "续重每公斤": "over3_per_kg",
    "进位": "rounding",
    "加价": "city_surcharge",
    "最低": "minimum",
    "几天到": "days",
    "体积除数": "volume_divisor",
}
_NEEDED = ("carrier", "province", "over3_per_kg", "rounding")
# Couriers' lists say how a begun kilogram counts in words of their own; an unknown one is refused, not guessed.
_ROUNDING = {
    "ceil to kg": 1_000,
    "ceil to 0.5 kg": 500,
    "ceil to 0.1 kg": 100,
    "none": 1,
    "none above 3 kg": 1,
    "进到1公斤": 1_000,
    "进到0.5公斤": 500,
    "进到0.1公斤": 100,
    "不进": 1,
}
ROUNDING_WORDS: Final[dict[int, Text]] = {
    1: Text("不进位，按克算", "not rounded, charged to the gram"),
    100: Text("不满 0.1 公斤算 0.1 公斤", "each begun 0.1 kg"),
    500: Text("不满 0.5 公斤算 0.5 公斤", "each begun 0.5 kg"),
    1_000: Text("不满 1 公斤算 1 公斤", "each begun kilogram"),
}
_STEP = re.compile(r"(?:w<=)?\s*(\d{1,2}(?:\.\d{1,3})?)\s*(?:公斤以内|kg)?", re.ASCII)
_LEADING_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,2})?(?=$|[ (（])", re.ASCII)


@dataclass
class ReadTariffs:
    """What a file gave: tables, and the rows refused."""

    tariffs: list[Tariff] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)


def read_tariffs(raw: bytes) -> ReadTariffs:
    """Good rows, and the others by row and column.

    Raises:
        FileUnreadable: no such encoding, a missing column, too many rows, or no CSV at all.
    """
    header, rows = read_csv(raw, largest_bytes=LARGEST_BYTES, most_rows=MOST_ROWS)
    names = [_ALIASES.get(name, name) for name in header]
    require_columns(names, _NEEDED)
    found, seen = ReadTariffs(), set()
    for number, row in rows:
        try:
            tariff = _tariff(dict(zip(names, row, strict=False)))
            if (tariff.carrier, tariff.province) in seen:
                raise CellError("province", Text("这家快递这个省前面已经有一行。", "A row above is for the same."))
            seen.add((tariff.carrier, tariff.province))
            found.tariffs.append(tariff)
        except CellError as error:
            found.refused.append(RefusedRow(number, error.column, error.text))
    return found


def _tariff(cells: Mapping[str, str]) -> Tariff:
    tariff = Tariff(
        carrier=_carrier(cells.get("carrier", "")),
        province=_province(cells.get("province", "")),
        zone=_read(cells, "zone", lambda raw: clean_text(raw, 40, required=False)) or "",
        steps=tuple(sorted(_steps(cells), key=lambda step: step.up_to_g)),
        further_fen_per_kg=_further(cells.get("over3_per_kg", "")),
        round_up_g=_rounding(cells.get("rounding", "")),
        surcharge_fen=_read(cells, "city_surcharge", _fen) or 0,
        minimum_fen=_read(cells, "minimum", _fen) or 0,
        volume_divisor=_read(cells, "volume_divisor", lambda raw: parse_count(raw, 1_000, 20_000)) or VOLUME_DIVISOR,
        days=_read(cells, "days", lambda raw: parse_count(raw, 1, MOST_DAYS)),
    )
    trouble = trouble_of(tariff)
    if trouble:
        raise CellError("over3_per_kg", trouble)
    return tariff


def _read(cells: Mapping[str, str], column: str, reader: Callable[[str], Value]) -> Value | None:
    raw = cells.get(column, "").strip()
    return read_cell(column, raw, reader) if raw else None


def _fen(raw: str) -> int:
    return parse_yuan(raw, MOST_FEN)


def _carrier(raw: str) -> str:
    typed = raw.strip()
    for code, name in CARRIERS.items():
        if typed.upper() == code or typed in (name.zh, name.en):
            return code
    raise CellError("carrier", Text("不认识这家快递。", f"Unknown courier; one of {', '.join(CARRIERS)}."))


def _province(raw: str) -> str:
    name = full_province(raw)
    if name is None:
        raise CellError("province", Text("不认识这个省份。", "Unknown province."))
    return name


def _steps(cells: Mapping[str, str]) -> Iterable[Step]:
    for column in cells:
        match = _STEP.fullmatch(column) if column.startswith("w<=") or column.endswith("公斤以内") else None
        up_to_g = int(Decimal(match[1]) * 1000) if match else 0
        if 0 < up_to_g <= HEAVIEST_G:
            fee = _read(cells, column, _fen)
            if fee is not None:
                yield Step(up_to_g, fee)


def _further(raw: str) -> int | None:
    """Yuan a kilogram; what follows in brackets is a note."""
    if not raw.strip():
        return None
    match = _LEADING_NUMBER.match(raw.strip())
    if match is None:
        raise CellError("over3_per_kg", Text("请填每公斤多少元。", "Give yuan a kilogram."))
    return _read({"over3_per_kg": match[0]}, "over3_per_kg", _fen)


def _rounding(raw: str) -> int:
    found = _ROUNDING.get(raw.strip().lower())
    if found is None:
        raise CellError(
            "rounding", Text("看不懂怎么进位：ceil to kg 或 none。", "Say how it is rounded: ceil to kg, or none.")
        )
    return found


def tariff_rows(tariffs: Sequence[Tariff]) -> tuple[list[str], list[list[Cell]]]:
    """Header and rows of a file that :func:`read_tariffs` reads back as these very tables."""
    weights = sorted({step.up_to_g for tariff in tariffs for step in tariff.steps})
    steps = [f"w<={(Decimal(weight) / 1000).normalize():f}" for weight in weights]
    header = ["carrier", "zone", "province", *steps, "over3_per_kg", "rounding", "city_surcharge", "minimum", "days"]
    words = {grams: word for word, grams in reversed(_ROUNDING.items())}
    return [*header, "volume_divisor"], [_row(tariff, weights, words) for tariff in tariffs]


def _row(tariff: Tariff, weights: Sequence[int], words: Mapping[int, str]) -> list[Cell]:
    fees = {step.up_to_g: plain_yuan(step.fee_fen) for step in tariff.steps}
    further = tariff.further_fen_per_kg
    return [
        tariff.carrier,
        tariff.zone,
        tariff.province,
        *(fees.get(weight) for weight in weights),
        None if further is None else plain_yuan(further),
        words[tariff.round_up_g],
        plain_yuan(tariff.surcharge_fen),
        plain_yuan(tariff.minimum_fen),
        tariff.days,
        tariff.volume_divisor,
    ]


@cache
def sample_tariffs() -> dict[tuple[str, str], Tariff]:
    """The price list that comes with the program, by courier and province: an example, not anybody's contract."""
    found = read_tariffs(SAMPLE.read_bytes())
    return {(tariff.carrier, tariff.province): tariff for tariff in found.tariffs}
