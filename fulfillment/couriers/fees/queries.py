"""Reading courier fees: price lists by day, the courier chosen for a box, what it cost in the end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from fulfillment.couriers.fees.models import CourierBill, CourierChoice, CourierTariff
from fulfillment.couriers.fees.rules import Quote, Step, Tariff, fee_fen
from fulfillment.packing.models import Parcel, ParcelLine
from shop.catalog.models import Product, Variant


def as_tariff(row: CourierTariff) -> Tariff:
    """A stored version as the rules take it."""
    return Tariff(
        carrier=row.carrier,
        province=row.province,
        zone=row.zone,
        steps=tuple(Step(grams, fen) for grams, fen in row.steps),
        further_fen_per_kg=row.further_fen_per_kg,
        round_up_g=row.round_up_g,
        surcharge_fen=row.surcharge_fen,
        minimum_fen=row.minimum_fen,
        volume_divisor=row.volume_divisor,
        days=row.days,
    )


def in_force(session: Session, day: date, *, province: str = "", carrier: str = "") -> Sequence[CourierTariff]:
    """The version of each courier and province that holds on a day, also those that say "not any more"."""
    newest = (
        select(CourierTariff)
        .where(CourierTariff.valid_from <= day)
        .ext(distinct_on(CourierTariff.province, CourierTariff.carrier))
        .order_by(
            CourierTariff.province, CourierTariff.carrier, CourierTariff.valid_from.desc(), CourierTariff.id.desc()
        )
    )
    if province:
        newest = newest.where(CourierTariff.province == province)
    if carrier:
        newest = newest.where(CourierTariff.carrier == carrier)
    return session.scalars(newest).all()


def versions(session: Session, carrier: str, province: str) -> Sequence[CourierTariff]:
    """Every version for a courier and province, the last to hold first."""
    return session.scalars(
        select(CourierTariff)
        .where(CourierTariff.carrier == carrier, CourierTariff.province == province)
        .order_by(CourierTariff.valid_from.desc(), CourierTariff.id.desc())
    ).all()


def coming(session: Session, day: date, carrier: str) -> Sequence[CourierTariff]:
    """Versions of a courier that hold from a later day on."""
    return session.scalars(
        select(CourierTariff)
        .where(CourierTariff.carrier == carrier, CourierTariff.valid_from > day)
        .order_by(CourierTariff.valid_from, CourierTariff.province, CourierTariff.id)
    ).all()


def quotes_of(rows: Iterable[CourierTariff], weight_g: int) -> list[Quote]:
    """What each courier that goes there asks for a box of this weight, cheapest first."""
    quotes = []
    for row in rows:
        fee = fee_fen(as_tariff(row), weight_g) if row.serves else None
        if fee is not None:
            quotes.append(Quote(row.carrier, fee, row.days, row.id))
    return sorted(quotes, key=lambda quote: (quote.fee_fen, quote.carrier))


def choices_of(session: Session, parcel_ids: Sequence[int]) -> dict[int, CourierChoice]:
    """The choice that holds for each parcel; those without one are left out."""
    rows = session.scalars(
        select(CourierChoice)
        .where(CourierChoice.parcel_id.in_(parcel_ids))
        .ext(distinct_on(CourierChoice.parcel_id))
        .order_by(CourierChoice.parcel_id, CourierChoice.id.desc())
    )
    return {row.parcel_id: row for row in rows}


def choice_of(session: Session, parcel_id: int) -> CourierChoice | None:
    """The courier that a parcel's box is to go with, or ``None`` when none was chosen."""
    return choices_of(session, [parcel_id]).get(parcel_id)


def bill_of(session: Session, parcel_id: int) -> CourierBill | None:
    """What a box cost, as far as it is known."""
    return session.scalar(
        select(CourierBill).where(CourierBill.parcel_id == parcel_id).order_by(CourierBill.id.desc()).limit(1)
    )


def fresh_boxes(session: Session, lead_ids: Sequence[int]) -> frozenset[int]:
    """Which of these boxes hold something that spoils, in any of their parcels."""
    lead = func.coalesce(Parcel.sent_with_id, Parcel.id)
    return frozenset(
        session.scalars(
            select(lead)
            .join(ParcelLine, ParcelLine.parcel_id == Parcel.id)
            .join(Variant, Variant.id == ParcelLine.variant_id)
            .join(Product, Product.id == Variant.product_id)
            .where(or_(Parcel.id.in_(lead_ids), Parcel.sent_with_id.in_(lead_ids)), Product.form == "fresh")
            .distinct()
        )
    )


@dataclass(frozen=True)
class CarrierSum:
    """One courier in one span of time: boxes that left, what we expected, what was charged. Money in fen.

    ``both_expected_fen`` is what was expected for the boxes that a bill is known for, so that like is held against like.
    """

    carrier: str
    boxes: int
    weight_g: int
    expected: int
    expected_fen: int
    billed: int
    billed_fen: int
    both_expected_fen: int

    @property
    def difference_fen(self) -> int:
        """Charged above what was expected, for the boxes whose bill is known."""
        return self.billed_fen - self.both_expected_fen


@dataclass(frozen=True)
class SentBox:
    """One box that left: what it was expected to cost, what it cost. Money in fen."""

    number: str
    carrier: str
    tracking_number: str
    province: str
    left_at: datetime
    weight_g: int
    expected_fen: int | None
    billed_fen: int | None


_SENT = """
    SELECT p.number, p.carrier, p.tracking_number, o.province, p.handed_over_at AS left_at,
           COALESCE(w.weight_g, c.weight_g, p.weight_g) AS weight_g, c.fee_fen AS expected_fen, b.fee_fen AS billed_fen
    FROM parcels p JOIN orders o ON o.id = p.order_id
    LEFT JOIN LATERAL (
        SELECT fee_fen, weight_g FROM courier_choices WHERE parcel_id = p.id AND carrier = p.carrier ORDER BY id DESC LIMIT 1
    ) c ON true
    LEFT JOIN LATERAL (SELECT fee_fen FROM courier_bills WHERE parcel_id = p.id ORDER BY id DESC LIMIT 1) b ON true
    LEFT JOIN LATERAL (SELECT weight_g FROM parcel_weighings WHERE parcel_id = p.id ORDER BY id DESC LIMIT 1) w ON true
    WHERE p.leads_box AND p.handed_over_at >= :start AND p.handed_over_at < :end
"""
_BY_CARRIER = text(f"""
    SELECT carrier, count(*) AS boxes, sum(weight_g)::bigint AS weight_g, count(expected_fen) AS expected,
           COALESCE(sum(expected_fen), 0)::bigint AS expected_fen,
           count(billed_fen) FILTER (WHERE expected_fen IS NOT NULL) AS billed,
           COALESCE(sum(billed_fen) FILTER (WHERE expected_fen IS NOT NULL), 0)::bigint AS billed_fen,
           COALESCE(sum(expected_fen) FILTER (WHERE billed_fen IS NOT NULL), 0)::bigint AS both_expected_fen
    FROM ({_SENT}) sent GROUP BY carrier ORDER BY carrier
""")  # noqa: S608 - our own words
_BOXES = text(f"{_SENT} ORDER BY p.handed_over_at, p.id")
_FURTHEST_OFF = text(f"""
    SELECT * FROM ({_SENT}) sent WHERE billed_fen <> expected_fen
    ORDER BY abs(billed_fen - expected_fen) DESC, number LIMIT :most
""")  # noqa: S608 - our own words


def by_carrier(session: Session, start: datetime, end: datetime) -> list[CarrierSum]:
    """Expected and charged of each courier in a span of time."""
    return [CarrierSum(*row) for row in session.execute(_BY_CARRIER, {"start": start, "end": end})]


def sent_boxes(session: Session, start: datetime, end: datetime) -> list[SentBox]:
    """Every box that left in a span of time, in the order it left."""
    return [SentBox(*row) for row in session.execute(_BOXES, {"start": start, "end": end})]


def furthest_off(session: Session, start: datetime, end: datetime, most: int = 20) -> list[SentBox]:
    """Boxes whose bill is not what was expected, the largest difference first."""
    return [SentBox(*row) for row in session.execute(_FURTHEST_OFF, {"start": start, "end": end, "most": most})]


def carriers_with_prices(session: Session) -> dict[str, int]:
    """Couriers that a price list was ever given for, and to how many provinces."""
    rows = session.execute(
        select(CourierTariff.carrier, func.count(CourierTariff.province.distinct())).group_by(CourierTariff.carrier)
    )
    return {row[0]: row[1] for row in rows}
