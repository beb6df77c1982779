"""The courier's label with our packing lines in an area of its own, after GB/T 41833-2022 (data/courier/label_spec.json).

From top to bottom: carrier and service, the sorting code (largest of all), where parcels are gathered, the waybill as
bars, receiver, sender, and ours: goods, the end of the parcel number and its QR code. Goods that do not fit go on
sheets of their own that carry no waybill, so that one waybill is never on two papers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fulfillment.labels.drawing import MM_PER_PT, Label
from fulfillment.labels.flow import Column, Flowed, Paragraph, flow
from fulfillment.labels.fonts import can_draw_bold, fit_line, missing_characters, printable, width_mm
from fulfillment.labels.papers import COURIER, Field, Paper
from fulfillment.labels.pdf import sheets_pdf
from fulfillment.labels.rules import Slip, SlipLine
from fulfillment.labels.sheets import Setting, sheets_with
from fulfillment.labels.slip import NAME_PT, PREVIEW, slip_labels
from kernel.text import t

BULKPEN_SIZES_PT = (44, 40, 36, 32, 28, 24)
CARRIER_PT, WAYBILL_PT, GATHER_PT, GOODS_PT, TAIL_PT = 16, 24, 16, 14, 24
ADDRESS_SIZES_PT = (12, 11, 10, 9)
_SMALL_PT, _SENDER_PT = 8, 9
_QUANTITY_MM, _TAG_MM = 11.0, 8.5
# The tablet shows the last four signs large: that is what one compares.
_TAIL = 4


@dataclass(frozen=True)
class Party:
    """Who sends or receives, masked already (labels.rules); a virtual number stays whole."""

    name: str
    phone: str
    address: str


@dataclass(frozen=True)
class CourierLabel:
    """Everything on a courier's label. People are masked before they come here; ``copy`` 0 is a preview.

    ``carrier`` is our code of the carrier, ``bulkpen`` its sorting code (大头笔, 三段码) such as ``512-D17-05``,
    ``pkg_name`` where parcels are gathered (集包地). ``part`` says which box of the order this is, such as ``第 1/2 件``.
    """

    carrier: str
    carrier_name: str
    waybill: str
    bulkpen: str
    pkg_name: str
    receiver: Party
    sender: Party
    parcel_number: str
    lines: tuple[SlipLine, ...]
    weight_g: int
    service: str = ""
    pays: str = ""
    printed: str = ""
    part: str = ""
    note: str = ""
    order_number: str = ""
    copy: int = 1


def courier_label_pdf(labels: Sequence[CourierLabel], paper: Paper, setting: Setting | None = None) -> bytes:
    """The labels in one document, in the order given; ``setting`` adds a printer's offset and a first place.

    Raises:
        CodeTooWide: a waybill has too many characters for readable bars on this paper.
    """
    return sheets_pdf(sheets_with(labels, courier_labels, COURIER, setting or Setting(paper)))


def courier_labels(label: CourierLabel, place: Field) -> list[Label]:
    """The label, and sheets of packing lines where they do not fit beside it."""
    drawing = _Drawing(place)
    has_all_goods = drawing.draw(label)
    return [drawing.label] if has_all_goods else [drawing.label, *slip_labels(_packing_slip(label), place)]


def unprintable_on(label: CourierLabel) -> tuple[str, ...]:
    """Characters that no font has, for the lead to see before the parcel leaves."""
    goods = [word for line in label.lines for word in (line.title, line.spec)]
    people = [word for one in (label.receiver, label.sender) for word in (one.name, one.phone, one.address)]
    return missing_characters([*people, label.note, label.bulkpen, label.pkg_name, *goods])


def _packing_slip(label: CourierLabel) -> Slip:
    """The goods on a paper of ours, to be put into the box."""
    return Slip(
        parcel_number=label.parcel_number,
        order_number=label.order_number,
        channel=t("货单", "Goods"),
        lines=label.lines,
        receiver=label.receiver.name,
        phone=label.receiver.phone,
        address=label.receiver.address,
        due=t("放进箱子", "Into the box"),
        printed=label.printed,
        note=label.note,
        part=label.part,
        copy=label.copy,
        next_step=t("放进箱子里，不要贴在外面", "Put it into the box, not on it"),
    )


class _Drawing:
    """A label while it is drawn, from top to bottom; ``y`` is where the next part begins."""

    def __init__(self, place: Field) -> None:
        self.label = Label(place.width_mm, place.height_mm)
        self.left = place.margin_mm
        self.width = place.width_mm - 2 * place.margin_mm
        self.bottom = place.height_mm - place.margin_mm
        self.is_narrow = self.width < 85
        self.y = place.margin_mm

    def draw(self, label: CourierLabel) -> bool:
        """Draw everything; returns whether all goods found room in our area."""
        self._head(label)
        self._sorting(label)
        self._waybill(label)
        self._receiver(label.receiver)
        self._sender(label.sender)
        return self._ours(label)

    def _head(self, label: CourierLabel) -> None:
        service = " ".join(part for part in (label.part, label.service, label.pays) if part)
        said = fit_line(service, 10, self.width * 0.6)
        used = self.label.right(self.left + self.width, self.y + 1.4, said, 10)
        name = fit_line(label.carrier_name, CARRIER_PT, self.width - used - 2)
        self.label.words(self.left, self.y, name, CARRIER_PT)
        self._rule(6.6)

    def _sorting(self, label: CourierLabel) -> None:
        code = printable(label.bulkpen)
        is_bold = can_draw_bold(code)
        sizes = [size for size in BULKPEN_SIZES_PT if size <= (36 if self.is_narrow else 44)]
        size = next((one for one in sizes if width_mm(code, one, bold=is_bold) <= self.width), sizes[-1])
        self.label.centred(self.left, self.y - 0.8, self.width, code, size, bold=is_bold)
        self._rule(size * MM_PER_PT - 0.4)
        printed = fit_line(label.printed, _SMALL_PT, self.width * 0.4)
        used = self.label.right(self.left + self.width, self.y + 2.4, printed, _SMALL_PT)
        gather = t("集包地 {place}", "Gather at {place}", place=label.pkg_name) if label.pkg_name else ""
        self.label.words(self.left, self.y, fit_line(gather, GATHER_PT, self.width - used - 2), GATHER_PT)
        self._rule(6.6)

    def _waybill(self, label: CourierLabel) -> None:
        height = 12.0 if self.is_narrow else 16.0
        self.label.bars(self.left, self.y, self.width, height, label.waybill)
        self.label.centred(self.left, self.y + height + 0.3, self.width, label.waybill, WAYBILL_PT, bold=True)
        self._rule(height + 9.6)

    def _receiver(self, party: Party) -> None:
        self._tag(t("收", "To"))
        height = 23.0
        column = Column(self.width - _TAG_MM, height)
        name = Paragraph(f"{party.name} {party.phone}", NAME_PT, most=2)
        tries = [flow([name, Paragraph(party.address, size)], column) for size in ADDRESS_SIZES_PT]
        self._lines(next((one for one in tries if one.is_whole), tries[-1]), _TAG_MM)
        self._rule(height)

    def _sender(self, party: Party) -> None:
        self._tag(t("寄", "From"), 9)
        words = Paragraph(f"{party.name} {party.phone} {party.address}", _SENDER_PT, most=2)
        self._lines(flow([words], Column(self.width - _TAG_MM, 8.5)), _TAG_MM)
        self._rule(7.9)

    def _ours(self, label: CourierLabel) -> bool:
        """Our own area: the end of the parcel number, the goods, the QR code."""
        self.label.words(self.left, self.y, label.parcel_number[-_TAIL:], TAIL_PT, bold=True)
        tail = width_mm(label.parcel_number[-_TAIL:], TAIL_PT, bold=True) + 2
        self._mark(label, self.left + tail, self.width - tail)
        self.y += 9.2
        side = self._qr(label.parcel_number)
        column = Column(self.width - _QUANTITY_MM, self.bottom - self.y, side + 1)
        goods = [Paragraph(f"{line.title} {line.spec}", GOODS_PT, most=4, after=0.6) for line in label.lines]
        flowed = flow(goods, column)
        if not flowed.is_whole:
            kinds, pieces = len(label.lines), sum(line.quantity for line in label.lines)
            said = t(
                "{kinds} 种货，共 {n} 件，看另一张货单",
                "{kinds} kinds, {n} pieces: see the other sheet",
                kinds=kinds,
                n=pieces,
            )
            self._lines(flow([Paragraph(said, GOODS_PT)], Column(self.width, self.bottom - self.y, side + 1)))
            return False
        self._lines(flowed, _QUANTITY_MM)
        self._quantities(label, column)
        return True

    def _quantities(self, label: CourierLabel, column: Column) -> None:
        """How many, before the first line of each kind."""
        for index, line in enumerate(label.lines):
            before = [Paragraph(f"{one.title} {one.spec}", GOODS_PT, most=4, after=0.6) for one in label.lines[:index]]
            top = self.y + flow(before, column).bottom
            self.label.words(self.left, top - 0.3, f"×{line.quantity}", 16, bold=True, room=_QUANTITY_MM - 1)

    def _mark(self, label: CourierLabel, left: float, room: float) -> None:
        """What keeps a preview or a second paper from being taken for the label; else which parcel this is."""
        if label.copy == 1:
            small = printable(f"{label.parcel_number}  {label.weight_g / 1000:.2f} kg")
            self.label.words(left, self.y + 3.8, small, _SMALL_PT, room=room)
            return
        again = t("第 {copy} 次打印", "Copy {copy}", copy=label.copy)
        self.label.black(left, self.y + 0.6, room, 7.0)
        words = t("预览，不要贴", "Preview only") if label.copy == PREVIEW else again
        self.label.centred(left, self.y + 1.4, room, words, GOODS_PT, white=True)

    def _qr(self, text: str) -> float:
        room = 18.2 if self.is_narrow else 22.0
        return self.label.qr(self.left + self.width - room, self.bottom - room, room, text)

    def _tag(self, word: str, size_pt: float = 14) -> None:
        side = size_pt * MM_PER_PT + 1.6
        self.label.black(self.left, self.y, side, side)
        self.label.centred(self.left + 0.4, self.y + 0.8, side - 0.8, word, size_pt, white=True)

    def _lines(self, flowed: Flowed, indent: float = 0.0) -> None:
        for line in flowed.lines:
            self.label.words(self.left + indent, self.y + line.top, line.text, line.size_pt)

    def _rule(self, height: float) -> None:
        """End a part that is so high with a line; the next one begins below it."""
        self.y += height
        self.label.rule(self.left, self.y, self.width)
        self.y += 1.2
