"""How an order becomes parcels, what the work needs, when it is due."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fulfillment.routing.rules import LIFT_FROM_G

_BASE_MINUTES = 2
_LINES_THAT_NEED_READING = 3


@dataclass(frozen=True)
class ToPack:
    """Some of one variant that an order asks for; weight of one piece in grams."""

    order_line_id: int
    variant_id: int
    sku: str
    quantity: int
    gross_g: int


def split(lines: Iterable[ToPack], heaviest_g: int) -> list[list[ToPack]]:
    """Boxes of at most ``heaviest_g``: pieces go into the first box with room; a piece heavier than that goes alone."""
    boxes: list[dict[int, ToPack]] = []
    weights: list[int] = []
    for line in sorted(lines, key=lambda line: (-line.gross_g, line.order_line_id)):
        left = line.quantity
        for index, box in enumerate(boxes):
            fits = min(left, (heaviest_g - weights[index]) // line.gross_g)
            if fits > 0:
                box[line.order_line_id] = _some(line, fits)
                weights[index] += fits * line.gross_g
                left -= fits
        while left:
            fits = min(left, max(1, heaviest_g // line.gross_g))
            boxes.append({line.order_line_id: _some(line, fits)})
            weights.append(fits * line.gross_g)
            left -= fits
    return [sorted(box.values(), key=lambda line: line.order_line_id) for box in boxes]


def _some(line: ToPack, quantity: int) -> ToPack:
    return ToPack(line.order_line_id, line.variant_id, line.sku, quantity, line.gross_g)


def weight_g(box: Iterable[ToPack]) -> int:
    """The weight of a box's goods with their bags."""
    return sum(line.quantity * line.gross_g for line in box)


def needs(box: Sequence[ToPack]) -> frozenset[str]:
    """What the work asks of a person: lifting when heavy, reading when many kinds must be told apart."""
    asked = set()
    if weight_g(box) >= LIFT_FROM_G:
        asked.add("lift")
    if len(box) >= _LINES_THAT_NEED_READING:
        asked.add("read")
    return frozenset(asked)


def minutes(box: Sequence[ToPack]) -> int:
    """A rough time for the work: two minutes, and half a minute for each kind and each five pieces more."""
    extra_halves = (len(box) - 1) + sum(line.quantity for line in box) // 5
    return _BASE_MINUTES + (extra_halves + 1) // 2


def mix(box: Sequence[ToPack]) -> str:
    """The same word for boxes with the same goods, so that they are packed one after the other."""
    return "+".join(f"{line.quantity}x{line.sku}" for line in sorted(box, key=lambda line: line.sku))
