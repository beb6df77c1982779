"""What was scanned or typed, and whose box is whose. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from kernel.scans import without_garbage

HERE, GONE = "packed", "handed_over"

_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9-]{2,39}", re.ASCII)


def read_number(raw: object) -> str:
    """The number in what a scanner or a person gave: a lot, a parcel, a waybill, or the end of a bag's address; else empty."""
    number = without_garbage(raw).split("?")[0].split("#")[0].rstrip("/").rpartition("/")[2].upper()
    return number if _NUMBER.fullmatch(number) else ""


@dataclass(frozen=True)
class TracedLot:
    """A lot that was found on the way; weights in grams."""

    id: int
    number: str
    kind: str
    received_g: int
    used_g: int
    is_blocked: bool


@dataclass(frozen=True)
class TracedBagging:
    """Bags that were filled from a lot on the way: how many, how many of them went into parcels or are gone otherwise."""

    id: int
    filled_at: datetime
    sku: str
    title: str
    spec: str
    filled: int
    taken: int
    gone: int
    blocked: bool

    @property
    def left(self) -> int:
        """Bags that are still on the shelf, as far as is known."""
        return self.filled - self.taken - self.gone


@dataclass
class TracedParcel:
    """A parcel with bags of the lot: whose it is, where it is, how many bags; the buyer's facts whole."""

    id: int
    number: str
    state: str
    carrier: str | None
    tracking_number: str | None
    handed_over_at: datetime | None
    order_number: str
    channel: str
    channel_number: str | None
    buyer_name: str
    phone: str
    phone_ext: str | None
    place: str
    bags: dict[int, int] = field(default_factory=dict)

    @property
    def bag_count(self) -> int:
        """How many bags of the lot it holds."""
        return sum(self.bags.values())


@dataclass(frozen=True)
class Buyer:
    """One buyer of the lot with all parcels that hold some of it."""

    name: str
    phone: str
    phone_ext: str | None
    place: str
    parcels: tuple[TracedParcel, ...]

    @property
    def bag_count(self) -> int:
        """How many bags of the lot this buyer got or is to get."""
        return sum(parcel.bag_count for parcel in self.parcels)


def buyers_of(parcels: Iterable[TracedParcel]) -> list[Buyer]:
    """One buyer for each name, phone and door, those with goods that have left first, then by parcel.

    Parcels whose buyer's data was cleared stay apart: nobody can say that they are one person's.
    """
    groups: dict[tuple[str, ...], list[TracedParcel]] = {}
    for parcel in parcels:
        whose = (parcel.buyer_name, parcel.phone, parcel.phone_ext or "", parcel.place)
        groups.setdefault(whose if parcel.phone else (parcel.order_number,), []).append(parcel)
    found = [
        Buyer(first.buyer_name, first.phone, first.phone_ext, first.place, tuple(group))
        for group in groups.values()
        for first in group[:1]
    ]
    return sorted(found, key=lambda one: (all(each.state != GONE for each in one.parcels), one.parcels[0].id))


@dataclass(frozen=True)
class Source:
    """A lot that goods came from; of a delivery with its grower and the price promised, in fen per kg."""

    lot_id: int
    lot_number: str
    lot_kind: str
    best_before: date | None
    delivery_id: int | None
    day: date | None
    grade: str | None
    net_g: int | None
    has_certificate: bool | None
    quote_fen_per_kg: int | None
    quote_market: str | None
    quote_day: date | None
    promised_fen_per_kg: int | None
    product: str | None
    farmer_id: int | None
    farmer_name: str | None
    shown_name: str | None
    consent_shown: bool | None
    village: str | None
    certificates: tuple[str, ...]


@dataclass
class Content:
    """Bags of one bagging in a parcel, and every lot that they came from; no bagging: nobody knows."""

    parcel_id: int
    parcel_number: str
    variant_id: int
    bagging_id: int | None
    bags: int
    filled_at: datetime | None
    best_before: date | None
    sku: str
    title: str
    spec: str
    sources: list[Source] = field(default_factory=list)
