"""From a platform's file to orders: the one way in for every platform."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from zoneinfo import ZoneInfo

from kernel.errors import Invalid, NotFound
from kernel.parse import FieldError
from shop.channels import cells, douyin, kuaishou, pdd, shopify, taobao, tiktok, wechat
from shop.channels.facts import Reading, RefusedRow, SoldOrder
from shop.channels.reading import Platform
from shop.channels.sheets import BadRow, MissingColumns, Row, Table, read_table

PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {x.PLATFORM.name: x.PLATFORM for x in (douyin, kuaishou, taobao, pdd, wechat, tiktok, shopify)}
)
MOST_LINES = 200
_TOTALS = ("合计", "总计", "小计", "汇总", "total")


def platform_named(name: str) -> Platform:
    """The platform by its short name, or by the one that its orders are shown with."""
    found = PLATFORMS.get(name) or next((x for x in PLATFORMS.values() if x.shown_as == name), None)
    if found is None:
        raise NotFound(
            f"没有「{name}」这个平台。可以是：{'、'.join(PLATFORMS)}。",
            f"There is no platform {name!r}. Use one of: {', '.join(PLATFORMS)}.",
        )
    return found


def read_orders(platform: Platform, raw: bytes, zone: ZoneInfo, second: bytes | None = None) -> Reading:
    """Every order of a file, and every row that cannot be used.

    Raises:
        Invalid: the file as a whole is not this platform's export; the field is ``file`` or ``detail``.
    """
    details: dict[str, list[Row]] = {}
    unknown: list[str] = []
    with _FileProblem("file"):
        table = _table_of(platform, raw)
        unknown += _unknown(table, platform.known)
    if platform.second_file:
        with _FileProblem("detail"):
            if second is None:
                title = platform.second_file.title
                raise FieldError(f"还要{title.zh}那个文件。", f"also give {title.en}")
            lines = read_table(second, platform.second_file.needed)
            unknown += _unknown(lines, platform.second_file.known)
        for line in lines.rows:
            # A line whose order number is destroyed belongs to no order; that order is then refused for having no lines.
            details.setdefault(line.text(platform.second_file.order_column), []).append(line)
    orders, refused = _orders(platform, table, details, zone)
    return Reading(tuple(orders), tuple(sorted(refused, key=lambda row: row.row)), tuple(unknown))


class _FileProblem:
    """Says which of the two files a problem is about."""

    def __init__(self, field: str) -> None:
        self.field = field

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, FieldError):
            text = error.text
            raise Invalid(
                f"文件没有导入：{text.zh}", f"Nothing was imported: {text.en}", fields={self.field: text}
            ) from None


def _table_of(platform: Platform, raw: bytes) -> Table:
    try:
        return read_table(raw, platform.needed)
    except MissingColumns as missing:
        for other in PLATFORMS.values():
            if other is not platform and other.needed <= missing.found:
                raise FieldError(
                    f"这是{other.title.zh}的订单，您选的是{platform.title.zh}。",
                    f"this is an export of {other.title.en}, not of {platform.title.en}",
                ) from None
            if other.second_file and other.second_file.needed <= missing.found:
                raise FieldError(
                    f"这是{other.title.zh}的{other.second_file.title.zh}，请放到第二个文件里。",
                    f"this is {other.second_file.title.en} of {other.title.en}; give it as the second file",
                ) from None
        raise


def _unknown(table: Table, known: frozenset[str]) -> list[str]:
    return [name[:80] for name in table.columns if name not in known]


def _orders(
    platform: Platform, table: Table, details: dict[str, list[Row]], zone: ZoneInfo
) -> tuple[list[SoldOrder], list[RefusedRow]]:
    groups: dict[str, list[Row]] = {}
    refused: dict[str, RefusedRow] = {}
    lost: list[RefusedRow] = []
    seen: set[tuple[object, ...]] = set()
    for row in _rows_of_orders(platform, table):
        try:
            order_id = row.order_id(platform.order_column)
        except BadRow as bad:
            lost.append(bad.refused(row.cell(platform.order_column)))
            continue
        if platform.equal_rows_are_one and row.raw in seen:
            continue
        seen.add(row.raw)
        group = groups.setdefault(order_id, [])
        group.append(row)
        if row.has_cells_beyond(table.width):
            refused.setdefault(order_id, row.bad("", *_TOO_MANY_CELLS).refused(order_id))
        elif len(group) > MOST_LINES:
            refused.setdefault(order_id, row.bad("", *_TOO_MANY_LINES).refused(order_id))
    orders = []
    for order_id, rows in groups.items():
        if order_id in refused:
            continue
        try:
            orders.append(platform.read(rows, details.get(order_id, []), zone))
        except BadRow as bad:
            # One bad row refuses its whole order: part of an order must never be packed as if it were all.
            refused[order_id] = bad.refused(order_id)
    return orders, [*lost, *refused.values()]


_TOO_MANY_LINES = (
    f"一个订单超过 {MOST_LINES} 行，请人看一下。",
    f"one order with more than {MOST_LINES} rows; a person must look",
)
_TOO_MANY_CELLS = (
    "这一行的格子比表头多，可能是文字里的逗号把列挤歪了。",
    "this row has more cells than the header: perhaps a comma in a text has moved the columns",
)


def _rows_of_orders(platform: Platform, table: Table) -> Iterable[Row]:
    """The rows without what is no order: a row of descriptions under the header, a row of totals."""
    for place, row in enumerate(table.rows):
        number = row.cell(platform.order_column)
        is_description = place == 0 and number and not any(c.isdigit() for c in number) and " " in number
        if is_description or (not any(c.isdigit() for c in number) and _is_totals(row.raw)):
            continue
        yield row


def _is_totals(raw: Sequence[object]) -> bool:
    first = next((text for cell in raw if (text := cells.plain(cell))), "")
    return first.casefold().startswith(_TOTALS)
