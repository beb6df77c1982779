"""The sheet that a platform takes back: its own template, filled with couriers and tracking numbers. Pure.

Only Pinduoduo's workbook with its two header rows is certain. For the others the shop downloads the template of the day and this
fills it, so the names of the three columns can be given (docs/decisions/0012-sheets.md).
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kernel.errors import Invalid
from kernel.parse import FieldError
from kernel.sheets import encoding_of
from kernel.text import Text
from shop.channels import sheets
from shop.channels.cells import folded, plain
from shop.channels.xlsx import read_workbook, write_workbook

_HEADER_WITHIN = 5
# The courier's name on a platform, by our code; the ones that a platform spells its own way come first.
_OWN_NAMES = {"pdd": {"SF": "顺丰快递", "YTO": "圆通快递"}}
_NAMES = {
    "SF": "顺丰速运",
    "ZTO": "中通快递",
    "YTO": "圆通速递",
    "STO": "申通快递",
    "YUNDA": "韵达快递",
    "JT": "极兔速递",
    "EMS": "EMS",
    "YZ": "邮政快递包裹",
    "JD": "京东快递",
}
_FORMULA_START = re.compile(r"[=+@＝＋＠]|[-－](?![0-9.]*$)")


@dataclass(frozen=True)
class Shipment:
    """A parcel that has left; ``sequence`` counts the parcels of its order. ``is_awaited``: the platform does not know yet.

    Parcels with one ``box`` left in it on purpose, under one number.
    """

    order_id: str
    carrier: str
    tracking: str
    sequence: int = 1
    is_awaited: bool = True
    box: int | None = None


@dataclass(frozen=True)
class Columns:
    """What the three columns are called; the first name that a template has is taken."""

    order: tuple[str, ...] = ("订单号", "订单编号", "主订单编号", "Order ID", "Name", "order_sn")
    carrier: tuple[str, ...] = ("快递公司", "物流公司", "快递公司名称", "Shipping Provider Name", "shipping_name")
    tracking: tuple[str, ...] = ("快递单号", "物流单号", "运单号", "Tracking ID", "shipping_sn")


@dataclass(frozen=True)
class Reported:
    """A parcel that a person must enter by hand, or look at first."""

    order_id: str
    tracking: str
    reason: Text


@dataclass(frozen=True)
class Filled:
    """The filled sheet: how many orders were written, how many of the template's stay blank, and what was left out."""

    content: bytes
    written: int
    blank: int
    reported: tuple[Reported, ...]


def fill(platform: str, template: bytes, shipments: Iterable[Shipment], columns: Columns) -> Filled:
    """Fill a template: its own orders when it lists some, else a row for each order that has left.

    Raises:
        Invalid: the template cannot be read or lacks one of the three columns.
    """
    try:
        sheet = _Sheet(template)
    except FieldError as error:
        raise Invalid(
            f"模板读不了：{error.text.zh}",
            f"The template cannot be read: {error.text.en}",
            fields={"template": error.text},
        ) from None
    header, places = _find_columns(sheet.rows, columns)
    first = header + 1
    # Pinduoduo repeats its header in the machine's own names.
    while first < len(sheet.rows) and not any(c.isdigit() for c in _cell(sheet.rows[first], places[0])):
        if not any(plain(cell) for cell in sheet.rows[first]):
            break
        first += 1
    good, reported = _usable(platform, shipments)
    has_orders = any(_cell(row, places[0]) for row in sheet.rows[first:])
    if has_orders:
        written, blank = _fill_rows(sheet.rows[first:], places, good, reported)
    else:
        del sheet.rows[first:]
        written, blank = _append_rows(sheet.rows, places, good), 0
    return Filled(sheet.content(places), written, blank, tuple(reported))


Row = list[object]
_Named = dict[str, tuple[Shipment, str]]


def _cell(row: Sequence[object], place: int) -> str:
    return plain(row[place]) if place < len(row) else ""


def _find_columns(rows: Sequence[Sequence[object]], columns: Columns) -> tuple[int, tuple[int, int, int]]:
    """The header row, and where the order, the courier and the number stand in it."""
    wanted = (columns.order, columns.carrier, columns.tracking)
    best: list[int | None] = [None, None, None]
    for header, row in enumerate(rows[:_HEADER_WITHIN]):
        names = [folded(plain(cell)) for cell in row]
        found = [next((names.index(folded(x)) for x in some if folded(x) in names), None) for some in wanted]
        order, carrier, tracking = found
        if order is not None and carrier is not None and tracking is not None:
            return header, (order, carrier, tracking)
        best = max(best, found, key=lambda places: sum(place is not None for place in places))
    missing = [" / ".join(some) for some, place in zip(wanted, best, strict=True) if place is None]
    text = Text(f"模板里没有这些列：{'；'.join(missing)}。", f"the template lacks these columns: {'; '.join(missing)}")
    raise Invalid(f"模板读不了：{text.zh}", f"The template cannot be filled: {text.en}", fields={"template": text})


def _usable(platform: str, shipments: Iterable[Shipment]) -> tuple[_Named, list[Reported]]:
    """One parcel for each order, with the courier's name there; the others are reported, never written in silence."""
    ordered = sorted(shipments, key=lambda one: (one.order_id, one.sequence))
    # What shares a box shares its number; a number on two boxes is somebody's mistake.
    boxes = {(one.tracking, one.box if one.box is not None else -place) for place, one in enumerate(ordered, 1)}
    times = Counter(tracking for tracking, _ in boxes)
    good: _Named = {}
    reported = []
    for one in ordered:
        name = _OWN_NAMES.get(platform, {}).get(one.carrier) or _NAMES.get(one.carrier)
        reason = None
        if times[one.tracking] > 1:
            reason = Text(
                "这个单号用在了两个包裹上，请核对。", "this number is on two parcels; look which one is right"
            )
        elif one.order_id in good:
            reason = Text(
                "这是同一订单的另一个包裹，请到平台上手工添加。",
                "another parcel of the same order; add it on the platform by hand",
            )
        elif name is None:
            reason = Text("不知道平台怎么称呼这家快递。", "the platform's name of this courier is not known")
        if reason:
            reported.append(Reported(one.order_id, one.tracking, reason))
        else:
            good[one.order_id] = (one, name or "")
    return good, reported


def _fill_rows(
    rows: Sequence[Row], places: tuple[int, int, int], good: _Named, reported: list[Reported]
) -> tuple[int, int]:
    """Fill the rows that the template lists; returns how many were filled and how many stay blank."""
    written, blank = 0, 0
    met: set[str] = set()
    for row in rows:
        order_id = _cell(row, places[0])
        shipment, name = good.get(order_id, (None, ""))
        if not order_id or shipment is None:
            blank += bool(order_id)
            continue
        already = _cell(row, places[2])
        if order_id in met or already not in ("", shipment.tracking):
            reason = (
                Text("模板里这个订单有两行。", "the template has two rows for this order")
                if order_id in met
                else Text(f"模板里已经填了 {already}。", f"the template has {already} already")
            )
            reported.append(Reported(order_id, shipment.tracking, reason))
            continue
        row.extend([""] * (max(places) + 1 - len(row)))
        row[places[1]], row[places[2]] = name, shipment.tracking
        met.add(order_id)
        written += 1
    listed = {_cell(row, places[0]) for row in rows}
    reported.extend(
        Reported(order_id, shipment.tracking, Text("模板里没有这个订单。", "the template does not list this order"))
        for order_id, (shipment, _) in good.items()
        if shipment.is_awaited and order_id not in listed
    )
    return written, blank


def _append_rows(rows: list[Row], places: tuple[int, int, int], good: _Named) -> int:
    awaited = [(shipment, name) for shipment, name in good.values() if shipment.is_awaited]
    width = max(len(rows[0]), max(places) + 1)
    for shipment, name in awaited:
        row: Row = [""] * width
        row[places[0]], row[places[1]], row[places[2]] = shipment.order_id, name, shipment.tracking
        rows.append(row)
    return len(awaited)


class _Sheet:
    """A template in memory: its rows to be changed, and how to write it back as the same kind of file."""

    def __init__(self, template: bytes) -> None:
        sheets.check_kind(template)
        self._is_workbook = template.startswith(b"PK")
        if self._is_workbook:
            self._book = read_workbook(template)
            if not any(self._book.values()):
                raise FieldError("模板是空的。", "it is empty")
            self.rows: list[Row] = next(rows for rows in self._book.values() if rows)
        else:
            text = sheets.decode(template)
            self._encoding = encoding_of(template) or "utf-8"
            self._delimiter = sheets.delimiter_of(text)
            self.rows = [list(row) for row in sheets.csv_rows(text)]

    def content(self, places: tuple[int, int, int]) -> bytes:
        """The file again; no cell of it can run as a formula."""
        if self._is_workbook:
            return write_workbook(self._book, text_columns=places)
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=self._delimiter)
        writer.writerows([[_harmless(cell) for cell in row] for row in self.rows])
        return buffer.getvalue().encode(self._encoding)


def _harmless(cell: object) -> str:
    """A cell of the template as text that no spreadsheet runs; ``="123"`` becomes the number that it means."""
    text = str(cell)
    bare = plain(cell) if text.startswith('="') else text
    return f"'{bare}" if _FORMULA_START.match(bare) and len(bare) > 1 else bare
