"""Couriers' own sheets: what goes out with the columns that a courier wants, and the numbers that come back. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fulfillment.couriers.providers import Party
from fulfillment.couriers.rules import clean_tracking
from kernel.parse import FieldError, clean_text
from kernel.sheets import FileUnreadable, RefusedRow, read_csv
from kernel.text import Text

LARGEST_BYTES: Final = 2_000_000
MOST_ROWS: Final = 5_000
MOST_COLUMNS: Final = 40
LONGEST_HEADING: Final = 40

# What a column can hold; "empty" is a column that the courier wants and we leave blank.
FIELDS: Final[Mapping[str, Text]] = {
    "key": Text("我们的单号", "Our number"),
    "name": Text("收件人", "Receiver"),
    "phone": Text("收件电话", "Receiver's phone"),
    "province": Text("收件省", "Province"),
    "city": Text("收件市", "City"),
    "district": Text("收件区县", "District"),
    "detail": Text("收件详细地址", "Street and house"),
    "address": Text("收件地址（整行）", "Whole address"),
    "goods": Text("物品", "Goods"),
    "kg": Text("重量（公斤）", "Weight (kg)"),
    "sender_name": Text("寄件人", "Sender"),
    "sender_phone": Text("寄件电话", "Sender's phone"),
    "sender_address": Text("寄件地址", "Sender's address"),
    "number": Text("运单号（快递填）", "Waybill (the courier fills it in)"),
    "empty": Text("空着", "Left empty"),
}
DEFAULT_COLUMNS: Final[tuple[tuple[str, str], ...]] = (
    ("业务单号", "key"),
    ("收件人", "name"),
    ("联系电话", "phone"),
    ("收件地址", "address"),
    ("物品名称", "goods"),
    ("重量kg", "kg"),
    ("寄件人", "sender_name"),
    ("寄件电话", "sender_phone"),
    ("寄件地址", "sender_address"),
    ("运单号", "number"),
)
_KEYS: Final = ("业务单号", "订单号", "订单编号", "客户订单号", "商家订单号", "参考号", "包裹号")
_NUMBERS: Final = ("运单号", "运单号码", "快递单号", "物流单号", "邮件号", "面单号")


@dataclass(frozen=True)
class SheetRow:
    """One box as a sheet tells it."""

    key: str
    receiver: Party
    sender: Party
    goods: str
    weight_g: int

    def cell(self, name: str) -> str:
        """What stands in a column that holds this field."""
        facts = {
            "key": self.key,
            "name": self.receiver.name,
            "phone": self.receiver.phone,
            "province": self.receiver.province,
            "city": self.receiver.city,
            "district": self.receiver.district,
            "detail": self.receiver.detail,
            "address": self.receiver.address,
            "goods": self.goods,
            "kg": f"{self.weight_g / 1000:.2f}",
            "sender_name": self.sender.name,
            "sender_phone": self.sender.phone,
            "sender_address": self.sender.address,
        }
        return facts.get(name, "")


def read_columns(typed: str) -> list[list[str]]:
    """Columns as typed, one a line: ``heading = field``.

    Raises:
        FieldError: a line that is no pair, a field that is not known, too many, or none that holds our number.
    """
    columns = [_column(line, place) for place, line in enumerate(typed.splitlines(), 1) if line.strip()]
    if not columns or len(columns) > MOST_COLUMNS:
        raise FieldError(f"请写 1 到 {MOST_COLUMNS} 列。", f"Give 1 to {MOST_COLUMNS} columns.")
    if len({heading for heading, _ in columns}) < len(columns):
        raise FieldError("有两列的列名一样。", "Two columns have the same heading.")
    if "key" not in {name for _, name in columns}:
        raise FieldError(
            "要有一列是 key（我们的单号），不然回来的单号对不上。",
            "One column must be key (our number), or the numbers that come back fit nothing.",
        )
    return columns


def _column(line: str, place: int) -> list[str]:
    heading, equals, name = (part.strip() for part in line.rpartition("="))
    heading = clean_text(heading, LONGEST_HEADING, required=False)
    if not equals or not heading or name not in FIELDS:
        raise FieldError(
            f"第 {place} 行要写成「列名 = 内容」，内容是下面表里的一个词。",
            f"Line {place} must be “heading = field”, with a field from the list below.",
        )
    return [heading, name]


def columns_as_typed(columns: Sequence[Sequence[str]]) -> str:
    """Columns in the form in which they are typed."""
    return "\n".join(f"{heading} = {name}" for heading, name in columns)


@dataclass
class ReadNumbers:
    """The numbers of a file by our key, with the rows they stand in, and the rows refused."""

    read: int = 0
    numbers: dict[str, tuple[int, str]] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)
    number_column: str = ""
    key_column: str = ""

    def refuse(self, row: int, column: str, reason: Text) -> None:
        """Name a row that cannot be used."""
        self.refused.append(RefusedRow(row, column, reason))


def read_numbers(raw: bytes, columns: Sequence[Sequence[str]]) -> ReadNumbers:
    """The numbers that a courier's sheet brings back; columns are found by name, whatever else is there.

    Raises:
        FileUnreadable: too large, no such encoding, no CSV, or no column for our key or for the number.
    """
    header, rows = read_csv(raw, largest_bytes=LARGEST_BYTES, most_rows=MOST_ROWS)
    key_at = _find(header, [heading for heading, name in columns if name == "key"], _KEYS, "我们的单号")
    number_at = _find(header, [heading for heading, name in columns if name == "number"], _NUMBERS, "运单号")
    found = ReadNumbers(key_column=header[key_at], number_column=header[number_at])
    for row, line in rows:
        key, number = (_cell(line, at) for at in (key_at, number_at))
        # Neither: a row of the courier's own, a total perhaps.
        if key or number:
            found.read += 1
            _read_row(found, row, key, number)
    return found


def _read_row(found: ReadNumbers, row: int, key: str, number: str) -> None:
    if not key:
        found.refuse(row, found.key_column, Text("这一行没有我们的单号。", "This row lacks our number."))
        return
    if not number:
        found.refuse(row, found.number_column, Text("还没有运单号。", "There is no waybill number yet."))
        return
    try:
        clean = clean_tracking(number)
    except FieldError as error:
        found.refuse(row, found.number_column, error.text)
        return
    earlier = found.numbers.get(key)
    if earlier and earlier[1] != clean:
        words = Text(
            f"第 {earlier[0]} 行给了同一个包裹另一个单号。", f"Row {earlier[0]} gives this parcel another number."
        )
        found.refuse(row, found.number_column, words)
        return
    found.numbers.setdefault(key, (row, clean))


def _cell(line: Sequence[str], place: int) -> str:
    """A cell without what spreadsheets put around numbers: ``="…"``, an apostrophe, a TAB."""
    bare = line[place].strip() if place < len(line) else ""
    if bare.startswith('="') and bare.endswith('"'):
        bare = bare[2:-1]
    return bare.lstrip("'‘’").strip()[:200]


def _find(header: Sequence[str], ours: Sequence[str], known: Sequence[str], what: str) -> int:
    for name in (*ours, *known):
        if name in header:
            return header.index(name)
    raise FileUnreadable(
        f"第 1 行没有「{what}」这一列。请用我们导出的表，或把列名改成 {known[0]}。",
        f"Row 1 has no column for {what}. Use the sheet that we gave, or call the column {known[0]}.",
    )
