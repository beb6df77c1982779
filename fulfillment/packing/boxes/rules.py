"""Which parcels may share a box, and how one is split. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fulfillment.packing.rules import ToPack

MOST_IN_A_BOX: Final = 6

_BLANKS = re.compile(r"[\s　]+")
# Masked by a platform (138****8000, 张*) or encrypted (##…##): two buyers may look the same.
_HIDDEN = re.compile(r"[*＊#$]{1}|\?{2}")


@dataclass(frozen=True)
class Door:
    """Where a parcel goes: who, which phone, which door. Equal doors are one buyer's."""

    name: str
    phone: str
    phone_ext: str
    place: str

    @property
    def is_certain(self) -> bool:
        """Whether these words tell one buyer from all others."""
        return all((self.name, self.phone, self.place)) and not any(
            _HIDDEN.search(part) for part in (self.name, self.phone, self.place)
        )


def door(name: str, phone: str, phone_ext: str | None, *place: str) -> Door:
    """A door without the blanks that people type differently."""
    return Door(_bare(name), _bare(phone), _bare(phone_ext or ""), "".join(_bare(part) for part in place))


def _bare(words: str) -> str:
    return _BLANKS.sub("", words)


def boxes_that_fit(weights_g: Mapping[int, int], heaviest_g: int) -> list[list[int]]:
    """Parcels that go to one door, put together as far as they fit: heaviest first, each into the first box with room.

    Only boxes with two parcels or more are given.
    """
    boxes: list[list[int]] = []
    for parcel_id in sorted(weights_g, key=lambda one: (-weights_g[one], one)):
        for box in boxes:
            weight = sum(weights_g[one] for one in box) + weights_g[parcel_id]
            if len(box) < MOST_IN_A_BOX and weight <= heaviest_g:
                box.append(parcel_id)
                break
        else:
            boxes.append([parcel_id])
    return [sorted(box) for box in boxes if len(box) > 1]


def split_off(goods: Sequence[ToPack], wanted: Mapping[int, int]) -> tuple[list[ToPack], list[ToPack]]:
    """What stays and what goes into a second box; ``wanted`` says how many of each order line go.

    Raises:
        ValueError: more of a line is wanted than there is, or one of the boxes would be empty.
    """
    if any(not 0 <= wanted.get(line.order_line_id, 0) <= line.quantity for line in goods):
        raise ValueError("more than there is")
    goes = [_some(line, wanted.get(line.order_line_id, 0)) for line in goods]
    stays = [_some(line, line.quantity - wanted.get(line.order_line_id, 0)) for line in goods]
    first, second = [x for x in stays if x.quantity], [x for x in goes if x.quantity]
    if not first or not second:
        raise ValueError("an empty box")
    return first, second


def _some(line: ToPack, quantity: int) -> ToPack:
    return ToPack(line.order_line_id, line.variant_id, line.sku, quantity, line.gross_g)


def share_fen(paid_for_goods_fen: int, goods_fen: int, part_fen: int) -> int:
    """What goes back for part of an order's goods: their share of what was paid for all, a fraction to the buyer.

    A discount is shared out by value; postage stays, since a parcel has left.
    """
    return -(-paid_for_goods_fen * part_fen // goods_fen) if goods_fen else 0
