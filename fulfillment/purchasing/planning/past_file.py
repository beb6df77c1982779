"""A file of what was sold before the workshop used this program: good rows kept, the others by row and column. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from fulfillment.purchasing.planning.rules import WAYS
from kernel.parse import clean_text, parse_date, parse_grams
from kernel.sheets import CellError, RefusedRow, read_cell, read_csv, require_columns
from kernel.text import Text

LARGEST_BYTES = 5_000_000
MOST_ROWS = 50_000
# A day's hundred tonnes is a slip of the pen.
_HIGHEST_G = 100_000_000

DAY, PRODUCT, WAY, KG = "日期", "商品", "方式", "公斤"
COLUMNS: Final = (DAY, PRODUCT, WAY, KG)
WAY_WORDS: Final = {"直播": "stream", "商城": "shop", "平台": "channel"}

Key = tuple[int, date, str]


@dataclass
class PastRows:
    """What a file told: grams by product, day and way, the rows that cannot be used, and how many there were."""

    read: int = 0
    grams: dict[Key, int] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)


def product_names(products: Sequence[tuple[int, str, str, str]]) -> dict[str, int]:
    """By which words a file may name a product: its short name in addresses and its titles, in any case. Never a part of them.

    A word that would name two products names none.
    """
    names: dict[str, int | None] = {}
    for number, *words in products:
        for word in {each.casefold().strip() for each in words}:
            names[word] = number if names.get(word, number) == number else None
    return {word: number for word, number in names.items() if number is not None}


def read_past_file(raw: bytes, names: Mapping[str, int], today: date) -> PastRows:
    """Rows of one day, product and way are added up (two streams of an evening).

    Raises:
        FileUnreadable: no such encoding, a missing column, too many rows, or no CSV at all.
    """
    header, lines = read_csv(raw, largest_bytes=LARGEST_BYTES, most_rows=MOST_ROWS)
    require_columns(header, COLUMNS)
    places = {column: header.index(column) for column in COLUMNS}
    found = PastRows()
    for number, line in lines:
        found.read += 1
        cells = {column: line[place] if place < len(line) else "" for column, place in places.items()}
        try:
            key, grams = _read_line(cells, names, today)
        except CellError as error:
            found.refused.append(RefusedRow(number, error.column, error.text))
        else:
            found.grams[key] = found.grams.get(key, 0) + grams
    return found


def _read_line(cells: Mapping[str, str], names: Mapping[str, int], today: date) -> tuple[Key, int]:
    day = read_cell(DAY, cells[DAY], parse_date)
    if day >= today:
        raise CellError(DAY, Text("要早于今天。", "It must be before today."))
    name = read_cell(PRODUCT, cells[PRODUCT], lambda cell: clean_text(cell, 120))
    product = names.get(name.casefold())
    if product is None:
        raise CellError(
            PRODUCT,
            Text("没有叫这个名字的商品，要和商品页上一样。", "No product has this name; write it as on its page."),
        )
    way = cells[WAY].strip() or "直播"
    way = WAY_WORDS.get(way, way)
    if way not in WAYS:
        raise CellError(WAY, Text("只能是 直播、商城、平台。", "It must be 直播, 商城 or 平台."))
    return (product, day, way), read_cell(KG, cells[KG], lambda cell: parse_grams(cell, _HIGHEST_G, 1))
