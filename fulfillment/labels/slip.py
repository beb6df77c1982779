"""The packer's slip on any paper: every line is broken here, so that nothing overflows and no goods are left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fulfillment.labels.drawing import Label
from fulfillment.labels.flow import LEADING, Column, Paragraph, flow, line_mm
from fulfillment.labels.fonts import fit_line, missing_characters, printable, size_that_fits, width_mm, wrap
from fulfillment.labels.papers import Field
from fulfillment.labels.rules import Slip, SlipLine
from kernel.text import t

# Names and goods are 14 pt and more, the number 24 (quality.md, section 4).
NUMBER_PT, MARK_PT, NAME_PT, ADDRESS_PT, NEXT_PT, SMALL_PT = 24, 16, 14, 12, 14, 8
HEAD_SIZES_PT = (14, 12, 10)
PREVIEW = 0
_MARK_MM = 9.0
_GAP_MM = 2.0
_LINES_A_TITLE, _LINES_A_SPEC = 2, 2
_LINES_A_NAME, _LINES_AN_ADDRESS, _LINES_A_NOTE = 2, 3, 2


@dataclass(frozen=True)
class Room:
    """Where things stand in a field of some size; all in millimetres from its left upper corner."""

    left: float
    width: float
    bars_top: float
    bars_height: float
    number_top: float
    goods_top: float
    goods_bottom: float
    foot_top: float
    foot_height: float
    qr_side: float
    small_top: float
    next_top: float
    next_lines: int
    quantity_width: float
    goods_pt: float


@dataclass(frozen=True)
class Item:
    """One kind of goods, its words broken into lines."""

    quantity: str
    lines: tuple[str, ...]


def room_in(place: Field) -> Room:
    """The parts of a slip in a field: what is above and below the goods is fixed, the goods get the rest."""
    margin = place.margin_mm
    width = place.width_mm - 2 * margin
    is_narrow = width < 85
    next_lines = 2 if is_narrow else 1
    bars_top = margin + 6.5
    bars_height = 11.0 if is_narrow else 14.0
    number_top = bars_top + bars_height + 1
    next_top = place.height_mm - margin - next_lines * line_mm(NEXT_PT) + 0.8
    foot_height = 37.0 if is_narrow else 33.0
    foot_top = next_top - 5.2 - foot_height
    return Room(
        left=margin,
        width=width,
        bars_top=bars_top,
        bars_height=bars_height,
        number_top=number_top,
        goods_top=number_top + 11.5,
        goods_bottom=foot_top - 2,
        foot_top=foot_top,
        foot_height=foot_height,
        qr_side=22.0 if is_narrow else 26.0,
        small_top=next_top - 4.6,
        next_top=next_top,
        next_lines=next_lines,
        quantity_width=13.0 if is_narrow else 16.0,
        goods_pt=14 if is_narrow else 15,
    )


def slip_labels(slip: Slip, place: Field) -> list[Label]:
    """The slip's labels: one, or as many as its goods need; none of them is left out."""
    room = room_in(place)
    items = [_item(line, room) for line in slip.lines]
    height = room.goods_bottom - room.goods_top
    pages = list(_pages(items, height, room.goods_pt))
    if slip.copy != 1 or len(pages) > 1:
        pages = list(_pages(items, height - _MARK_MM, room.goods_pt))
    return [_label(slip, place, room, page, number, len(pages)) for number, page in enumerate(pages, 1)]


def unprintable(slip: Slip) -> tuple[str, ...]:
    """Characters of the slip that no font has, for the lead to see before the parcel leaves."""
    goods = [word for line in slip.lines for word in (line.title, line.spec)]
    return missing_characters([slip.receiver, slip.phone, slip.address, slip.note, *goods])


def _item(line: SlipLine, room: Room) -> Item:
    width = room.width - room.quantity_width - 2
    title = wrap(printable(line.title), room.goods_pt, width, _LINES_A_TITLE)
    spec = wrap(printable(line.spec), room.goods_pt, width, _LINES_A_SPEC)
    return Item(f"×{line.quantity}", title + spec)


def _pages(items: Sequence[Item], room_mm: float, goods_pt: float) -> Iterator[tuple[Item, ...]]:
    """The goods in pages that are not fuller than ``room_mm``; at least one page."""
    page: list[Item] = []
    used = 0.0
    for item in items:
        height = max(1, len(item.lines)) * line_mm(goods_pt) + _GAP_MM
        if page and used + height > room_mm + _GAP_MM:
            yield tuple(page)
            page, used = [], 0.0
        page.append(item)
        used += height
    yield tuple(page)


def _label(slip: Slip, place: Field, room: Room, items: tuple[Item, ...], page: int, pages: int) -> Label:
    label = Label(place.width_mm, place.height_mm)
    _draw_head(label, slip, room)
    label.bars(room.left, room.bars_top, room.width, room.bars_height, slip.parcel_number)
    label.centred(room.left, room.number_top, room.width, slip.parcel_number, NUMBER_PT, bold=True)
    label.rule(room.left, room.goods_top - 1.5, room.width)
    _draw_goods(label, room, items, _mark(slip.copy, page, pages))
    label.rule(room.left, room.foot_top - 1.5, room.width)
    _draw_foot(label, slip, room)
    label.rule(room.left, room.next_top - 0.8, room.width)
    label.lines(
        room.left, room.next_top, wrap(_next_step(slip, page, pages), NEXT_PT, room.width, room.next_lines), NEXT_PT
    )
    return label


def _draw_head(label: Label, slip: Slip, room: Room) -> None:
    due = fit_line(slip.due, HEAD_SIZES_PT[0], room.width * 0.6)
    used = label.right(room.left + room.width, room.left, due, HEAD_SIZES_PT[0])
    head = printable(" ".join(part for part in (slip.channel, slip.part) if part))
    left = room.width - used - 2
    size = size_that_fits(head, HEAD_SIZES_PT, left)
    label.words(room.left, room.left, fit_line(head, size, left), size)


def _draw_goods(label: Label, room: Room, items: Sequence[Item], mark: str) -> None:
    y = room.goods_top
    if mark:
        label.black(room.left, y, room.width, _MARK_MM - 2)
        label.centred(room.left, y + 0.7, room.width, mark, MARK_PT, white=True)
        y += _MARK_MM
    for item in items:
        size = 22 if len(item.quantity) <= 3 else 16
        end = room.left + room.quantity_width
        width = min(room.quantity_width, width_mm(item.quantity, size, bold=True))
        label.words(end - width, y - 0.6, item.quantity, size, bold=True, room=room.quantity_width)
        label.lines(end + 2, y, item.lines, room.goods_pt, leading=LEADING)
        y += max(1, len(item.lines)) * line_mm(room.goods_pt) + _GAP_MM


def _draw_foot(label: Label, slip: Slip, room: Room) -> None:
    """Receiver, address and note beside the QR code: lines above it are long, lines beside it short."""
    side = label.qr(
        room.left + room.width - room.qr_side,
        room.foot_top + room.foot_height - room.qr_side,
        room.qr_side,
        slip.parcel_number,
    )
    note = t("留言：{note}", "Note: {note}", note=slip.note) if slip.note else ""
    paragraphs = [
        Paragraph(f"{slip.receiver} {slip.phone}", NAME_PT, _LINES_A_NAME),
        Paragraph(slip.address, ADDRESS_PT, _LINES_AN_ADDRESS),
        Paragraph(note, ADDRESS_PT, _LINES_A_NOTE),
    ]
    for line in flow(paragraphs, Column(room.width, room.foot_height, side + 1)).lines:
        label.words(room.left, room.foot_top + line.top, line.text, line.size_pt)
    place = t("第 {place} 张", "no. {place}", place=slip.place) if slip.place else ""
    used = label.right(room.left + room.width, room.small_top, place, SMALL_PT)
    small = printable(f"{slip.order_number} {slip.printed}")
    label.words(room.left, room.small_top, small, SMALL_PT, room=room.width - used - 2)


def _mark(copy: int, page: int, pages: int) -> str:
    """What keeps a preview or a second paper from being taken for a parcel of its own."""
    again = "" if copy == 1 else t("第 {copy} 次打印", "Copy {copy}", copy=copy)
    if copy == PREVIEW:
        again = t("预览，不要贴", "Preview only")
    of_pages = t("第 {page} 张，共 {pages} 张", "Sheet {page} of {pages}", page=page, pages=pages) if pages > 1 else ""
    return " · ".join(part for part in (again, of_pages) if part)


def _next_step(slip: Slip, page: int, pages: int) -> str:
    if slip.next_step:
        return slip.next_step
    if slip.copy == PREVIEW:
        return t("按“打印”才是正式的单子", "Press Print to get the real one")
    if slip.copy > 1:
        return t("先撕掉旧的那张，再贴这一张", "Tear off the old one, then stick this on")
    if page < pages:
        return t("还有一张，一起放进去再封箱", "One more sheet, then close the box")
    return t("装好封箱，贴上这张，再按“包好了”", "Pack, close, stick this on, press Done")
