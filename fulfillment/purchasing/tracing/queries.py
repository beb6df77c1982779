"""Following goods: forward to the buyers, back to the farmers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from fulfillment.purchasing.tracing import statements
from fulfillment.purchasing.tracing.rules import (
    GONE,
    HERE,
    Buyer,
    Content,
    Source,
    TracedBagging,
    TracedLot,
    TracedParcel,
    buyers_of,
)
from kernel.text import t


@dataclass(frozen=True)
class Recall:
    """Everything that came from a lot, the lot itself first."""

    lots: tuple[TracedLot, ...]
    baggings: tuple[TracedBagging, ...]
    parcels: tuple[TracedParcel, ...]

    @property
    def lot(self) -> TracedLot:
        """The lot that was asked for."""
        return self.lots[0]

    @property
    def here(self) -> list[TracedParcel]:
        """Parcels that are packed and have not left."""
        return [parcel for parcel in self.parcels if parcel.state == HERE]

    @property
    def gone(self) -> list[TracedParcel]:
        """Parcels that have left."""
        return [parcel for parcel in self.parcels if parcel.state == GONE]

    @property
    def buyers(self) -> list[Buyer]:
        """Everybody who got or is to get some of it."""
        return buyers_of(self.parcels)

    @property
    def bags_left(self) -> int:
        """Bags that are still on the shelf, as far as is known."""
        return sum(bagging.left for bagging in self.baggings)


def lot_id_of(session: Session, number: str) -> int | None:
    """The lot of a number, or ``None``."""
    found: int | None = session.scalar(text("SELECT id FROM lots WHERE number = :number"), {"number": number})
    return found


def packed_by(session: Session, lot_id: int, most: int = 12) -> list[str]:
    """Who packed bags of this lot, most parcels first, as each chose to be shown to buyers."""
    return list(session.scalars(text(statements.PACKED_BY_SQL), {"lot_id": lot_id, "most": most}))


def recall(session: Session, lot_id: int) -> Recall:
    """From a lot of any kind to every lot, bagging, parcel and buyer that some of it came to, in one query.

    Raises:
        LookupError: there is no such lot.
    """
    lots: dict[int, TracedLot] = {}
    baggings: dict[int, TracedBagging] = {}
    parcels: dict[int, TracedParcel] = {}
    for row in session.execute(text(statements.FORWARD_SQL), {"lot_id": lot_id}):
        lots.setdefault(row.lot_id, _lot(row))
        if row.bagging_id is not None:
            baggings.setdefault(row.bagging_id, _bagging(row))
        if row.parcel_id is not None:
            # Two lots may have gone into one bagging: its bags are one line all the same.
            parcels.setdefault(row.parcel_id, _parcel(row)).bags[row.bagging_id] = row.bags
    if lot_id not in lots:
        raise LookupError
    asked_for = lots.pop(lot_id)
    return Recall((asked_for, *lots.values()), tuple(baggings.values()), tuple(parcels.values()))


def _lot(row: Row[Any]) -> TracedLot:
    return TracedLot(row.lot_id, row.lot_number, row.lot_kind, row.received_g, row.used_g, row.lot_blocked)


def _bagging(row: Row[Any]) -> TracedBagging:
    title, spec = t(row.title_zh, row.title_en), t(row.spec_zh, row.spec_en)
    return TracedBagging(
        row.bagging_id, row.filled_at, row.sku, title, spec, row.filled, row.taken, row.gone, row.blocked
    )


def _parcel(row: Row[Any]) -> TracedParcel:
    return TracedParcel(
        row.parcel_id,
        row.parcel_number,
        row.state,
        row.carrier,
        row.tracking_number,
        row.handed_over_at,
        row.order_number,
        row.channel,
        row.channel_number,
        row.buyer_name,
        row.phone,
        row.phone_ext,
        row.place,
    )


@dataclass(frozen=True)
class Unknown:
    """Bags of unknown lot, and in how many parcels they are."""

    bags: int
    parcels: int


def unknown_beside(session: Session, found: Recall) -> Unknown:
    """Bags of the same goods that were packed since, and of which nobody knows the lot: some may be of this one."""
    asked = {"bagging_ids": [bagging.id for bagging in found.baggings]}
    row = session.execute(text(statements.UNKNOWN_SQL), asked).one()
    return Unknown(int(row.bags), int(row.parcels))


def contents_of(session: Session, parcel_ids: Sequence[int]) -> list[Content]:
    """From the parcels of a box back to lots, deliveries, farmers and certificates; nothing for one that is not packed."""
    contents: dict[tuple[int, int, int | None], Content] = {}
    for row in session.execute(text(statements.BACK_SQL), {"parcel_ids": list(parcel_ids)}):
        content = contents.setdefault((row.parcel_id, row.variant_id, row.bagging_id), _content(row))
        if row.lot_id is not None:
            content.sources.append(_source(row))
    return list(contents.values())


def _content(row: Row[Any]) -> Content:
    title, spec = t(row.title_zh, row.title_en), t(row.spec_zh, row.spec_en)
    return Content(
        row.parcel_id,
        row.parcel_number,
        row.variant_id,
        row.bagging_id,
        row.bags,
        row.filled_at,
        row.bag_best_before,
        row.sku,
        title,
        spec,
    )


def sources_of(session: Session, lot_id: int) -> list[Source]:
    """A lot and every lot that was put into it, the oldest delivery first."""
    return [_source(row) for row in session.execute(text(statements.SOURCES_SQL), {"lot_id": lot_id})]


def _source(row: Row[Any]) -> Source:
    found = {one.name: getattr(row, one.name) for one in fields(Source)}
    return Source(**{**found, "certificates": tuple(found["certificates"])})


@dataclass(frozen=True)
class BaggingChoice:
    """A bagging with bags left that a box's bags could be of; ``lots`` are the numbers of what is in them."""

    bagging_id: int
    best_before: date
    left: int
    lots: str


def baggings_with_bags(session: Session, variant_id: int, most: int = 40) -> list[BaggingChoice]:
    """Baggings of some goods that have bags left, the newest first; those of blocked lots too, since facts are facts."""
    asked = {"variant_id": variant_id, "number": None, "most": most}
    return [BaggingChoice(*row) for row in session.execute(text(statements.CHOICES_SQL), asked)]


def baggings_of_lot(session: Session, number: str, variant_id: int) -> list[BaggingChoice]:
    """Those that were filled from the lot that stands on a bag, the ones that go bad first before others."""
    asked = {"variant_id": variant_id, "number": number, "most": 40}
    found = [BaggingChoice(*row) for row in session.execute(text(statements.CHOICES_SQL), asked)]
    return sorted(found, key=lambda one: (one.best_before, one.bagging_id))
