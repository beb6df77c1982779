"""What to look at before a stream begins: pure, from facts of each offer and of the house."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kernel.money import yuan
from kernel.text import Text

# Our own choice: fewer days of supply than this are worth a word.
FEWEST_DAYS: Final = 7


@dataclass(frozen=True)
class OfferFacts:
    """An offer as it is checked; prices in fen.

    ``lowest_fen`` is its price, or that of its flash sale. ``cost_fen`` is what a bag's goods usually cost with the growers'
    premium, ``None`` where nobody knows. ``covered_days``: how long the contracts' rest lasts at the pace of the last weeks.
    """

    offer_id: int
    title: Text
    spec: Text
    allotment: int
    taken: int
    free: int
    lowest_fen: int
    cost_fen: int | None
    missing_on_label: Sequence[Text]
    covered_days: int | None


@dataclass(frozen=True)
class PackingFacts:
    """What the bench can do: parcels it packed lately, on so many days of work, with so many pieces in all.

    ``waiting``: parcels that are not packed; ``days``: until the promised one.
    """

    parcels: int
    worked_days: int
    packed_pieces: int
    waiting: int
    days: int

    @property
    def pieces(self) -> int | None:
        """Pieces that can still be packed by the promised day; ``None`` while nothing was packed lately."""
        if not self.parcels:
            return None
        # (parcels a day x days - waiting) x pieces a parcel, in whole numbers to the end.
        room = max(0, self.parcels * self.days - self.waiting * self.worked_days)
        return room * self.packed_pieces // (self.worked_days * self.parcels)

    @property
    def parcels_a_day(self) -> float:
        """The pace of the last days of work."""
        return self.parcels / self.worked_days if self.worked_days else 0.0


@dataclass(frozen=True)
class Check:
    """Something to look at; ``is_urgent`` where going live with it does harm. ``offer_id`` is where to change it."""

    said: Text
    is_urgent: bool
    offer_id: int | None = None


def sellable(offers: Sequence[OfferFacts], packing: PackingFacts) -> int:
    """Pieces that can be sold and sent as promised: what is in stock for the offers, or what can be packed if that is less."""
    in_stock = sum(min(offer.free, offer.allotment - offer.taken) for offer in offers)
    return in_stock if packing.pieces is None else min(in_stock, packing.pieces)


def checks(offers: Sequence[OfferFacts], packing: PackingFacts, starts_in_hours: float) -> list[Check]:
    """Everything that is worth a look, what is urgent first, in the order of the run sheet."""
    found = [check for offer in offers for check in _of_offer(offer)]
    wanted = sum(offer.allotment - offer.taken for offer in offers)
    if packing.pieces is not None and wanted > packing.pieces:
        found.append(
            Check(
                Text(
                    f"还要卖 {wanted} 件，到承诺发货的时间大约只能包 {packing.pieces} 件（最近每天 {packing.parcels_a_day:.0f} 个包裹，还有 {packing.waiting} 个在等）。",
                    f"{wanted} pieces are to be sold, and about {packing.pieces} can be packed by the promised day "
                    f"({packing.parcels_a_day:.0f} parcels a day lately, {packing.waiting} waiting).",
                ),
                is_urgent=False,
            )
        )
    if not offers:
        found.append(Check(Text("单子还是空的。", "The run sheet is empty."), is_urgent=True))
    if starts_in_hours < 0:
        found.append(Check(Text("过了开播时间还没有开播。", "Its time has come and it is not live."), is_urgent=False))
    return sorted(found, key=lambda check: not check.is_urgent)


def _of_offer(offer: OfferFacts) -> Iterator[Check]:
    name = Text(f"{offer.title.zh} {offer.spec.zh}", f"{offer.title.en} {offer.spec.en}")
    if offer.missing_on_label:
        words = (
            "、".join(each.zh for each in offer.missing_on_label),
            ", ".join(each.en for each in offer.missing_on_label),
        )
        yield Check(
            Text(f"{name.zh}：标签上还缺 {words[0]}。", f"{name.en}: its label lacks {words[1]}."),
            False,
            offer.offer_id,
        )
    if offer.cost_fen is not None and offer.lowest_fen < offer.cost_fen:
        low, cost = yuan(offer.lowest_fen), yuan(offer.cost_fen)
        yield Check(
            Text(
                f"{name.zh}：卖 ¥{low}，货带加价要 ¥{cost}，卖一件亏一件。",
                f"{name.en}: sold at ¥{low}, its goods cost ¥{cost} with the premium; each one loses money.",
            ),
            True,
            offer.offer_id,
        )
    if not offer.free and offer.allotment > offer.taken:
        yield Check(Text(f"{name.zh}：库存里一件也没有。", f"{name.en}: none in stock."), True, offer.offer_id)
    if offer.covered_days is not None and offer.covered_days < FEWEST_DAYS:
        days = offer.covered_days
        yield Check(
            Text(
                f"{name.zh}：合同里还没交的，照最近的卖法只够 {days} 天。",
                f"{name.en}: what is still under contract lasts {days} days at the pace of the last weeks.",
            ),
            False,
            offer.offer_id,
        )
