"""A slip as sheets of 100 x 150 mm: every line is broken here, so the PDF and the page print the same and nothing overflows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fulfillment.labels.fonts import missing_characters, printable, width_mm, wrap
from fulfillment.labels.rules import Slip, SlipLine
from kernel.text import t

# Sizes in pt and mm, the same as in slip.typ and print.css. Names and goods are 14 pt and more, the number 24.
NUMBER_PT, MARK_PT, GOODS_PT, NAME_PT, ADDRESS_PT, HEAD_PT = 24, 16, 15, 14, 12, 14
ROOM_MM = 92
PREVIEW = 0
_GOODS_ROOM_MM = 74
_FOOT_ROOM_MM = 62
_HEAD_ROOM_MM = 44
# The goods of a sheet, a line of them, what stands between two kinds, and the black mark above them.
_GOODS_MM, _LINE_MM, _GAP_MM, _MARK_MM = 62.5, 6.8, 2.0, 9.0
_LINES_A_TITLE, _LINES_A_SPEC = 2, 2
_LINES_A_NAME, _LINES_AN_ADDRESS, _LINES_A_NOTE = 2, 3, 2


@dataclass(frozen=True)
class Item:
    """One kind of goods, its words broken into lines."""

    quantity: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """One page of paper, ready to be drawn: plain lines that fit."""

    number: str
    is_number_wide: bool
    head: str
    due: str
    mark: str
    items: tuple[Item, ...]
    receiver: tuple[str, ...]
    address: tuple[str, ...]
    note: tuple[str, ...]
    small: str
    next: str


def sheets_of(slip: Slip) -> list[Sheet]:
    """The slip's pages: one, or as many as its goods need; none of them is left out."""
    items = [_item(line) for line in slip.lines]
    pages = list(_pages(items, _GOODS_MM))
    if slip.copy != 1 or len(pages) > 1:
        pages = list(_pages(items, _GOODS_MM - _MARK_MM))
    return [_sheet(slip, page, number, len(pages)) for number, page in enumerate(pages, 1)]


def unprintable(slip: Slip) -> tuple[str, ...]:
    """Characters of the slip that no font has, for the lead to see before the parcel leaves."""
    goods = [word for line in slip.lines for word in (line.title, line.spec)]
    return missing_characters([slip.receiver, slip.phone, slip.address, slip.note, *goods])


def _item(line: SlipLine) -> Item:
    title = wrap(printable(line.title), GOODS_PT, _GOODS_ROOM_MM, _LINES_A_TITLE)
    spec = wrap(printable(line.spec), GOODS_PT, _GOODS_ROOM_MM, _LINES_A_SPEC)
    return Item(f"×{line.quantity}", title + spec)


def _pages(items: Sequence[Item], room_mm: float) -> Iterator[tuple[Item, ...]]:
    """The goods in pages that are not fuller than ``room_mm``; at least one page."""
    page: list[Item] = []
    used = 0.0
    for item in items:
        height = max(1, len(item.lines)) * _LINE_MM + _GAP_MM
        if page and used + height > room_mm:
            yield tuple(page)
            page, used = [], 0.0
        page.append(item)
        used += height
    yield tuple(page)


def _sheet(slip: Slip, items: tuple[Item, ...], page: int, pages: int) -> Sheet:
    head = " ".join(part for part in (slip.channel, slip.part) if part)
    note = t("留言：{note}", "Note: {note}", note=slip.note) if slip.note else ""
    return Sheet(
        number=slip.parcel_number,
        is_number_wide=width_mm(slip.parcel_number, NUMBER_PT, bold=True) > ROOM_MM,
        head=_first(wrap(printable(head), HEAD_PT, _HEAD_ROOM_MM, 1)),
        due=_first(wrap(printable(slip.due), HEAD_PT, _HEAD_ROOM_MM, 1)),
        mark=_first(wrap(printable(_mark(slip.copy, page, pages)), MARK_PT, ROOM_MM, 1)),
        items=items,
        receiver=wrap(printable(f"{slip.receiver} {slip.phone}"), NAME_PT, _FOOT_ROOM_MM, _LINES_A_NAME),
        address=wrap(printable(slip.address), ADDRESS_PT, _FOOT_ROOM_MM, _LINES_AN_ADDRESS),
        note=wrap(printable(note), ADDRESS_PT, _FOOT_ROOM_MM, _LINES_A_NOTE),
        small=printable(f"{slip.order_number} {slip.printed}"),
        next=_next_step(slip, page, pages),
    )


def _first(lines: tuple[str, ...]) -> str:
    return lines[0] if lines else ""


def _mark(copy: int, page: int, pages: int) -> str:
    """What keeps a preview or a second paper from being taken for a parcel of its own."""
    again = "" if copy == 1 else t("第 {copy} 次打印", "Copy {copy}", copy=copy)
    if copy == PREVIEW:
        again = t("预览，不要贴", "Preview only")
    of_pages = t("第 {page} 张，共 {pages} 张", "Sheet {page} of {pages}", page=page, pages=pages) if pages > 1 else ""
    return " · ".join(part for part in (again, of_pages) if part)


def _next_step(slip: Slip, page: int, pages: int) -> str:
    if slip.copy == PREVIEW:
        return t("按“打印”才是正式的单子", "Press Print to get the real one")
    if slip.copy > 1:
        return t("先撕掉旧的那张，再贴这一张", "Tear off the old one, then stick this on")
    if page < pages:
        return t("还有一张，一起放进去再封箱", "One more sheet, then close the box")
    return t("装好封箱，贴上这张，再按“包好了”", "Pack, close, stick this on, press Done")
