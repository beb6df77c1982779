"""The label of a bag, after GB 7718 (data/rules/label_GB7718_fields.json): its data, what is missing, how it is laid out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from fulfillment.labels.drawing import MM_PER_PT, Label
from fulfillment.labels.flow import Column, Flowed, Paragraph, flow
from fulfillment.labels.fonts import printable, size_that_fits, width_mm
from fulfillment.labels.papers import Field
from kernel.text import Text

# Characters are 1.8 mm high at least; Chinese is judged by its own height, Latin by its capitals: 8 pt gives 2.1 mm.
LEAST_MM: Final = 1.8
CAPITAL_EM: Final = 0.733
SMALLEST_PT: Final = 7.5
_SIZES_PT: Final = (10.5, 10, 9.5, 9, 8.5, 8, SMALLEST_PT)
_NAME_SIZES_PT: Final = (18, 16, 14, 12)
# How high the figures of the net content must be, by grams (measures for packages of fixed quantity, 2023, table 2).
_NET_HEIGHTS: Final = ((50, 2.0), (200, 3.0), (1_000, 4.0))
_NET_HEIGHT_ABOVE: Final = 6.0

# What must be there, and where it is filled in.
REQUIRED: Final[Mapping[str, Text]] = {
    "产品名称": Text("产品名称", "product name"),
    "生产者": Text("生产者", "maker"),
    "地址": Text("生产者地址", "maker's address"),
    "联系方式": Text("联系方式", "contact"),
    "产品标准代号": Text("产品标准代号", "product standard"),
    "贮存条件": Text("贮存条件", "storage"),
    "产地": Text("产地", "origin"),
}
# In the order in which they stand on the label; name, net content and dates are drawn apart.
_PRINTED: Final = (
    "配料",
    "产地",
    "质量等级",
    "产品标准代号",
    "食品生产许可证编号",
    "贮存条件",
    "生产者",
    "地址",
    "联系方式",
)
_LICENCE: Final = "食品生产许可证编号"


@dataclass(frozen=True)
class BagLabel:
    """What stands on the label of one bag; ``words`` are heading and value in order, ``trace_url`` is in the QR code."""

    name: str
    net_g: int
    packed_on: date
    best_before: date
    lot: str
    words: tuple[tuple[str, str], ...]
    trace_url: str


def missing_on(label: Mapping[str, str]) -> list[Text]:
    """What the law asks for and the product does not say yet; ingredients only where a licence says it is processed food."""
    missing = [word for name, word in REQUIRED.items() if not label.get(name, "").strip()]
    if label.get(_LICENCE) and not label.get("配料", "").strip():
        missing.append(Text("配料", "ingredients"))
    return missing


def is_licence(number: str) -> bool:
    """Whether a food licence number looks like one: SC and 14 digits."""
    return number.startswith("SC") and len(number) == 16 and number[2:].isascii() and number[2:].isdigit()


def words_for(label: Mapping[str, str]) -> list[list[str]]:
    """Heading and value of what the product says, in the order of the label; what is empty is left out."""
    return [[name, label[name].strip()] for name in _PRINTED if label.get(name, "").strip()]


def net_height_mm(net_g: int) -> float:
    """How high the figures of the net content must be at least."""
    return next((height for most, height in _NET_HEIGHTS if net_g <= most), _NET_HEIGHT_ABOVE)


def net_words(net_g: int) -> str:
    """Net content as the law writes it: grams below a kilogram, kilograms from there on."""
    return f"{net_g} g" if net_g < 1_000 else f"{net_g / 1_000:g} kg"


def bag_labels(label: BagLabel, place: Field) -> list[Label]:
    """The label in its field."""
    return [_Drawing(place).draw(label)]


class TooMuch(ValueError):
    """The product says more than fits the label in readable letters."""


class _Drawing:
    """A label while it is drawn."""

    def __init__(self, place: Field) -> None:
        self.label = Label(place.width_mm, place.height_mm)
        self.left = place.margin_mm
        self.width = place.width_mm - 2 * place.margin_mm
        self.bottom = place.height_mm - place.margin_mm
        self.qr_room = 18.2 if place.height_mm >= 55 else 16.5

    def draw(self, label: BagLabel) -> Label:
        y = self._head(label, self.left)
        side = self.label.qr(
            self.left + self.width - self.qr_room, self.bottom - self.qr_room, self.qr_room, label.trace_url
        )
        flowed = self._fit(label, Column(self.width, self.bottom - y, side + 0.5))
        for line in flowed.lines:
            self.label.words(self.left, y + line.top, line.text, line.size_pt)
        return self.label

    def _head(self, label: BagLabel, y: float) -> float:
        """Name, and the net content in letters as high as the law asks for its weight."""
        net_pt = net_height_mm(label.net_g) / CAPITAL_EM / MM_PER_PT + 0.2
        net = f"净含量 {net_words(label.net_g)}"
        room = self.width - width_mm(net, net_pt) - 2
        size = size_that_fits(printable(label.name), _NAME_SIZES_PT, room)
        if width_mm(printable(label.name), size) > room:
            y = self._long_name(label.name, y)
            high = net_pt * MM_PER_PT
        else:
            high = max(size, net_pt) * MM_PER_PT
            self.label.words(self.left, y + high - size * MM_PER_PT, printable(label.name), size)
        self.label.right(self.left + self.width, y + high - net_pt * MM_PER_PT, net, net_pt)
        y += high + 1.0
        self.label.rule(self.left, y, self.width)
        return y + 0.9

    def _long_name(self, name: str, y: float) -> float:
        """A name that needs lines of its own above the net content.

        Raises:
            TooMuch: two lines are not enough.
        """
        flowed = flow([Paragraph(name, _NAME_SIZES_PT[-1], most=2)], Column(self.width, 99))
        if not flowed.is_whole:
            raise TooMuch(name)
        for line in flowed.lines:
            self.label.words(self.left, y + line.top, line.text, line.size_pt)
        return y + flowed.bottom

    def _fit(self, label: BagLabel, column: Column) -> Flowed:
        """The largest type at which everything fits.

        Raises:
            TooMuch: not even the smallest does.
        """
        for size in _SIZES_PT:
            flowed = flow(self._paragraphs(label, size), column)
            if flowed.is_whole:
                return flowed
        raise TooMuch(label.name)

    def _paragraphs(self, label: BagLabel, size: float) -> list[Paragraph]:
        facts = [
            f"包装日期 {label.packed_on:%Y-%m-%d}",
            f"保质期至 {label.best_before:%Y-%m-%d}",
            f"批号 {label.lot}",
            *(printable(f"{name}：{value}") for name, value in label.words),
        ]
        return [Paragraph(line, size, after=0.15) for line in _joined(facts, size, self.width)]


def _joined(facts: Sequence[str], size_pt: float, room_mm: float) -> list[str]:
    """Short facts side by side, as long as they fit one line."""
    lines: list[str] = []
    for fact in facts:
        together = f"{lines[-1]} · {fact}" if lines else fact
        if lines and width_mm(together, size_pt) <= room_mm:
            lines[-1] = together
        else:
            lines.append(fact)
    return lines
