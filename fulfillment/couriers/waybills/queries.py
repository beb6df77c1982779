"""Reading waybills."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session, selectinload

from fulfillment.couriers.providers import SHEET
from fulfillment.couriers.waybills.models import CourierSheet, Waybill, WaybillPrint
from fulfillment.couriers.waybills.states import ASKED, CANCELLING, FAILED, ISSUED, LIVE, STATES
from fulfillment.packing.models import Parcel
from fulfillment.packing.print_queries import PrintLine
from fulfillment.packing.states import CANCELLED, HANDED_OVER

PAGE = 100


def issued_of(session: Session, parcel_id: int) -> Waybill | None:
    """The waybill that was issued for a parcel and is not given up, or ``None``."""
    return session.scalar(select(Waybill).where(Waybill.parcel_id == parcel_id, Waybill.state == ISSUED))


def waybills_of(session: Session, parcel_id: int) -> Sequence[Waybill]:
    """Every waybill of a parcel, newest first."""
    return session.scalars(select(Waybill).where(Waybill.parcel_id == parcel_id).order_by(Waybill.id.desc())).all()


def live_of(session: Session, parcel_ids: Sequence[int]) -> dict[int, Waybill]:
    """The waybill of each parcel that is asked for or issued; parcels without one are left out."""
    found = session.scalars(select(Waybill).where(Waybill.parcel_id.in_(parcel_ids), Waybill.state.in_(LIVE)))
    return {waybill.parcel_id: waybill for waybill in found}


def with_label(session: Session, parcel_ids: Collection[int]) -> set[int]:
    """Those of the parcels whose courier's label can be printed: a waybill was issued and is not given up."""
    issued = select(Waybill.parcel_id).where(Waybill.parcel_id.in_(parcel_ids), Waybill.state == ISSUED)
    return set(session.scalars(issued))


def waybill(session: Session, waybill_id: int) -> Waybill | None:
    """One waybill with its parcel's lines."""
    return session.scalar(
        select(Waybill).where(Waybill.id == waybill_id).options(selectinload(Waybill.parcel).selectinload(Parcel.lines))
    )


def _without() -> Select[Parcel]:
    """Boxes that are still here and have no waybill that is asked for, issued or failed."""
    has_one = exists().where(Waybill.parcel_id == Parcel.id, Waybill.state.in_([*LIVE, FAILED]))
    return select(Parcel).where(Parcel.state.not_in([HANDED_OVER, CANCELLED]), Parcel.sent_with_id.is_(None), ~has_one)


def without_waybill(session: Session, most: int = PAGE) -> Sequence[Parcel]:
    """Boxes that need a waybill, earliest due first."""
    return session.scalars(
        _without().options(selectinload(Parcel.lines)).order_by(Parcel.due_at, Parcel.id).limit(most)
    ).all()


@dataclass(frozen=True)
class Counts:
    """How many waybills stand where, of boxes that are still here."""

    without: int
    asked: int
    on_sheets: int
    issued: int
    cancelling: int
    failed: int


def counts(session: Session) -> Counts:
    """The figures of the couriers' page."""
    here = select(Waybill.state, Waybill.provider, func.count()).join(Parcel)
    here = here.where(Parcel.state.not_in([HANDED_OVER, CANCELLED]) | Waybill.state.in_([CANCELLING, FAILED]))
    found = {(state, False): 0 for state in STATES} | {(state, True): 0 for state in STATES}
    for state, provider, number in session.execute(here.group_by(Waybill.state, Waybill.provider)):
        found[state, provider == SHEET] += number
    without = session.scalar(select(func.count()).select_from(_without().subquery())) or 0

    def both(state: str) -> int:
        return found[state, False] + found[state, True]

    asked, on_sheets = found[ASKED, False], found[ASKED, True]
    return Counts(without, asked, on_sheets, both(ISSUED), both(CANCELLING), both(FAILED))


def in_state(session: Session, state: str, most: int = PAGE) -> Sequence[Waybill]:
    """Waybills in one state, oldest first; issued ones only of boxes that are still here."""
    found = select(Waybill).join(Parcel).where(Waybill.state == state)
    if state in LIVE:
        found = found.where(Parcel.state.not_in([HANDED_OVER, CANCELLED]))
    return session.scalars(
        found.options(selectinload(Waybill.parcel).selectinload(Parcel.lines))
        .order_by(Parcel.due_at, Waybill.id)
        .limit(most)
    ).all()


def on_sheet(session: Session, carrier: str, most: int = 2_000) -> Sequence[Waybill]:
    """What waits for a number from a courier's own sheet, earliest due first."""
    return session.scalars(
        select(Waybill)
        .join(Parcel)
        .where(Waybill.state == ASKED, Waybill.provider == SHEET, Waybill.carrier == carrier)
        .options(selectinload(Waybill.parcel).selectinload(Parcel.lines))
        .order_by(Parcel.due_at, Waybill.id)
        .limit(most)
    ).all()


def sheets_waiting(session: Session) -> dict[str, int]:
    """How many boxes wait for a number from each courier's sheet."""
    rows = session.execute(
        select(Waybill.carrier, func.count())
        .where(Waybill.state == ASKED, Waybill.provider == SHEET)
        .group_by(Waybill.carrier)
        .order_by(Waybill.carrier)
    )
    return {carrier: number for carrier, number in rows}  # noqa: C416 - dict() takes a result for a mapping


def sheet_columns(session: Session, carrier: str) -> list[list[str]] | None:
    """The columns that somebody set for a courier's sheet, or ``None``."""
    sheet = session.get(CourierSheet, carrier)
    return sheet.columns if sheet else None


def copies_of(session: Session, waybill_ids: Sequence[int]) -> dict[int, int]:
    """How often each label was printed; those without a print are left out."""
    rows = session.execute(
        select(WaybillPrint.waybill_id, func.max(WaybillPrint.copy))
        .where(WaybillPrint.waybill_id.in_(waybill_ids))
        .group_by(WaybillPrint.waybill_id)
    )
    return {row[0]: row[1] for row in rows}


def last_print(session: Session, waybill_id: int) -> WaybillPrint | None:
    """The last copy of a label, or ``None``."""
    return session.scalar(
        select(WaybillPrint).where(WaybillPrint.waybill_id == waybill_id).order_by(WaybillPrint.copy.desc()).limit(1)
    )


def print_log(session: Session, *, only_again: bool, before: int | None = None, most: int = PAGE) -> list[PrintLine]:
    """Printed labels as ``packing.print_queries.print_log`` lists printed slips."""
    columns = (WaybillPrint.id, WaybillPrint.at, WaybillPrint.by, WaybillPrint.copy, WaybillPrint.reason, Parcel.number)
    lines = select(*columns).join(Waybill, Waybill.id == WaybillPrint.waybill_id).join(Parcel)
    lines = lines.order_by(WaybillPrint.id.desc()).limit(most)
    if only_again:
        lines = lines.where(WaybillPrint.copy > 1)
    if before is not None:
        lines = lines.where(WaybillPrint.id < before)
    return [PrintLine(*row) for row in session.execute(lines)]


@dataclass(frozen=True)
class PrintBatch:
    """Labels that one person printed at one moment, in the order of printing."""

    at: datetime
    by: str
    prints: Sequence[WaybillPrint]


def print_batch(session: Session, print_id: int) -> PrintBatch | None:
    """The batch that a print belongs to, or ``None``."""
    one = session.get(WaybillPrint, print_id)
    if one is None:
        return None
    prints = session.scalars(
        select(WaybillPrint)
        .where(WaybillPrint.at == one.at, WaybillPrint.by == one.by)
        .options(
            selectinload(WaybillPrint.waybill).selectinload(Waybill.parcel).selectinload(Parcel.lines),
        )
        .order_by(WaybillPrint.id)
    ).all()
    return PrintBatch(one.at, one.by, prints)
