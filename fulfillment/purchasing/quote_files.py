"""Market prices from files and feeds to comparable quotes; odd rows are named, good ones kept. Pure."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from kernel.money import round_half_up
from kernel.parse import FieldError, clean_text, parse_date, parse_decimal

LARGEST_BYTES = 5_000_000
MOST_ROWS = 20_000

# Kilograms in one unit; whatever is sold by the piece is kept but never compared.
_KG_IN = {
    "元/公斤": Decimal(1),
    "元/kg": Decimal(1),
    "元/千克": Decimal(1),
    "元/斤": Decimal("0.5"),
    "元/500克": Decimal("0.5"),
    "元/500g": Decimal("0.5"),
}

# A price this many times the median of the last weeks, or this small a part of it, waits for a person.
JUMP_FACTOR = Decimal("2.5")

_COLUMNS = ("日期", "来源/市场", "品名", "形态(干/鲜)", "等级", "最低价", "最高价", "均价", "单位")
_FORMS = {"干": "dry", "鲜": "fresh"}
_HIGHEST_YUAN = Decimal(1_000_000)


@dataclass(frozen=True)
class QuoteRow:
    """A price as a source gave it, brought to fen per kg where its unit allows."""

    source_key: str
    market: str
    name: str
    form: str | None
    grade: str
    day: date
    low_fen: int
    high_fen: int
    fen_per_kg: int
    unit: str
    comparable: bool


@dataclass(frozen=True)
class RefusedRow:
    """A row that cannot be used: where it stands and what is wrong."""

    row: int
    column: str
    reason: str


def decode(raw: bytes) -> str:
    """UTF-8 with or without a byte-order mark, else GB18030, which office programs still write."""
    if len(raw) > LARGEST_BYTES:
        raise FieldError("文件太大，最多 5 MB。", "The file is too large; at most 5 MB.")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FieldError(
        "文件编码看不懂，请另存为 UTF-8 的 CSV。", "The file's encoding is unknown; save it as CSV in UTF-8."
    )


def read_price_file(raw: bytes) -> tuple[list[QuoteRow], list[RefusedRow]]:
    """The workshop's own price file: good rows, and the others by row and column.

    Raises:
        FieldError: the file as a whole cannot be read, such as a missing column.
    """
    reader = csv.DictReader(io.StringIO(decode(raw), newline=""))
    names = [(name or "").strip() for name in reader.fieldnames or []]
    missing = [column for column in _COLUMNS if column not in names]
    if missing:
        raise FieldError(f"缺少这些列：{'、'.join(missing)}。", f"These columns are missing: {', '.join(missing)}.")
    reader.fieldnames = names
    good: list[QuoteRow] = []
    refused: list[RefusedRow] = []
    for number, row in enumerate(reader, 2):
        if number > MOST_ROWS:
            refused.append(RefusedRow(number, "", f"more than {MOST_ROWS} rows; split the file"))
            break
        if not any((value or "").strip() for value in row.values() if isinstance(value, str)):
            continue
        column = ""
        try:
            cells: dict[str, str] = {}
            for column in _COLUMNS:
                cells[column] = clean_text(row.get(column), 60, required=column != "等级")
            column = "日期"
            day = parse_date(cells[column])
            column = "形态(干/鲜)"
            if cells[column] not in _FORMS:
                raise FieldError("只能是 干 或 鲜。", "must be 干 or 鲜")
            column = "最低价"
            low = _price(cells[column])
            column = "最高价"
            high = _price(cells[column])
            column = "均价"
            mid = _price(cells[column])
            if not low <= mid <= high:
                raise FieldError("最低价、均价、最高价的大小不对。", "low, average and high are out of order")
        except FieldError as error:
            refused.append(RefusedRow(number, column, error.text.en))
            continue
        key = "|".join(cells[name] for name in ("来源/市场", "品名", "形态(干/鲜)", "等级")) + f"|{day}"
        form = _FORMS[cells["形态(干/鲜)"]]
        good.append(
            _quote(key, cells["来源/市场"], cells["品名"], form, cells["等级"], day, (low, mid, high), cells["单位"])
        )
    return good, refused


def _price(raw: str) -> Decimal:
    return parse_decimal(raw, places=4, low=Decimal("0.0001"), high=_HIGHEST_YUAN)


def _quote(
    key: str,
    market: str,
    name: str,
    form: str | None,
    grade: str,
    day: date,
    prices: tuple[Decimal, Decimal, Decimal],
    unit: str,
) -> QuoteRow:
    kg = _KG_IN.get(unit.replace(" ", ""))
    low, mid, high = (max(1, round_half_up(price * 100 / (kg or 1))) for price in prices)
    return QuoteRow(key, market, name, form, grade, day, low, high, mid, unit, kg is not None)


XINFADI_MARKET = "北京新发地"


def read_xinfadi_rows(rows: Sequence[Mapping[str, object]]) -> tuple[list[QuoteRow], list[RefusedRow]]:
    """Rows of the Xinfadi feed: prices are strings in yuan per ``unitInfo``; unknown fields are ignored."""
    good: dict[str, QuoteRow] = {}
    refused: list[RefusedRow] = []
    for number, row in enumerate(rows, 1):
        column = "prodName"
        try:
            name = clean_text(row.get("prodName"), 60)
            spec = clean_text(row.get("specInfo") or "", 60, required=False)
            column = "unitInfo"
            unit = clean_text(row.get("unitInfo"), 20)
            column = "pubDate"
            day = parse_date(str(row.get("pubDate") or "")[:10])
            column = "lowPrice"
            low = _price(str(row.get("lowPrice") or ""))
            column = "highPrice"
            high = _price(str(row.get("highPrice") or ""))
            column = "avgPrice"
            mid = _price(str(row.get("avgPrice") or ""))
            if not low <= mid <= high:
                raise FieldError("最低价、均价、最高价的大小不对。", "low, average and high are out of order")
        except FieldError as error:
            refused.append(RefusedRow(number, column, error.text.en))
            continue
        full_name = f"{name}({spec})" if spec else name
        place = clean_text(row.get("place") or "", 40, required=False)
        key = f"{full_name}|{unit}|{place}|{day}"
        # The feed repeats rows; one is enough.
        good[key] = _quote(key, XINFADI_MARKET, full_name, None, "", day, (low, mid, high), f"元/{unit}")
    return list(good.values()), refused


def is_jump(fen_per_kg: int, recent_fen_per_kg: Iterable[int]) -> bool:
    """Whether a price is far from the median of the last weeks; with fewer than three there is nothing to tell by."""
    recent = sorted(recent_fen_per_kg)
    if len(recent) < 3:
        return False
    usual = Decimal(median(recent))
    return not usual / JUMP_FACTOR <= fen_per_kg <= usual * JUMP_FACTOR
