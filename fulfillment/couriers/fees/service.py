"""Writing courier fees: price lists with dates, the courier of a box, what was charged. Every line stays as it was written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from fulfillment.couriers.fees import queries
from fulfillment.couriers.fees.models import CourierBill, CourierChoice, CourierTariff
from fulfillment.couriers.fees.rules import HANDED_OVER, LEAD_SAYS, Chosen, Quote, Tariff, choose
from fulfillment.couriers.rules import CARRIERS
from fulfillment.couriers.terms import SendingTerms
from fulfillment.couriers.weighing.queries import weighed
from fulfillment.packing.boxes import queries as boxes
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import OPEN, PACKED
from kernel.audit import Actor, record_change
from kernel.clock import local_day
from kernel.errors import Refused
from shop.orders.rules import refuses_fresh


def set_tariff(
    session: Session, tariff: Tariff, *, valid_from: date, serves: bool, today: date, now: datetime, by: Actor
) -> CourierTariff:
    """A new version of a price from a day on; earlier versions and fees that were worked out stay as they are.

    Raises:
        Refused: the day is over; a price that was in force is never rewritten (``in_the_past``).
    """
    if valid_from < today:
        raise Refused(
            "过去的价格不能改，请填今天或以后的日期。",
            "A price of the past is not rewritten; give today or a later day.",
            code="in_the_past",
        )
    row = _add(session, tariff, valid_from, now, by, serves=serves)
    record_change(
        session,
        actor=by,
        action="courier_tariff.set",
        subject=f"courier_tariff:{row.id}",
        at=now,
        after={"carrier": row.carrier, "province": row.province, "from": valid_from.isoformat(), "serves": serves},
    )
    return row


def _add(
    session: Session, tariff: Tariff, valid_from: date, now: datetime, by: Actor, *, serves: bool = True
) -> CourierTariff:
    row = CourierTariff(
        carrier=tariff.carrier,
        province=tariff.province,
        zone=tariff.zone,
        valid_from=valid_from,
        serves=serves,
        steps=[[step.up_to_g, step.fee_fen] for step in tariff.steps],
        further_fen_per_kg=tariff.further_fen_per_kg,
        round_up_g=tariff.round_up_g,
        surcharge_fen=tariff.surcharge_fen,
        minimum_fen=tariff.minimum_fen,
        volume_divisor=tariff.volume_divisor,
        days=tariff.days,
        at=now,
        by=by.name,
    )
    session.add(row)
    session.flush()
    return row


@dataclass(frozen=True)
class Imported:
    """What a file of prices changed."""

    new: int
    unchanged: int


def import_tariffs(
    session: Session, tariffs: Sequence[Tariff], *, valid_from: date, today: date, now: datetime, by: Actor
) -> Imported:
    """Write the prices of a file that differ from those that hold on their day; the same file again changes nothing.

    Raises:
        Refused: the day is over (``in_the_past``).
    """
    known = {
        (row.carrier, row.province): queries.as_tariff(row)
        for row in queries.in_force(session, valid_from)
        if row.serves
    }
    different = [one for one in tariffs if known.get((one.carrier, one.province)) != one]
    if valid_from < today:
        raise Refused("过去的价格不能改，请填今天或以后的日期。", "Give today or a later day.", code="in_the_past")
    for tariff in different:
        _add(session, tariff, valid_from, now, by)
    if different:
        record_change(
            session,
            actor=by,
            action="courier_tariff.imported",
            subject="courier_tariff:file",
            at=now,
            after={"from": valid_from.isoformat(), "rows": len(different)},
        )
    return Imported(len(different), len(tariffs) - len(different))


@dataclass(frozen=True)
class Advice:
    """What is known for choosing a courier for one box; ``is_refused`` when fresh goods would spoil on the way."""

    parcel_id: int
    weight_g: int
    within_days: int
    quotes: Sequence[Quote]
    is_refused: bool

    @property
    def chosen(self) -> Chosen | None:
        """The courier to take, if there is one."""
        return None if self.is_refused else choose(self.quotes, self.within_days)


def advise(session: Session, parcels: Sequence[Parcel], *, terms: SendingTerms, now: datetime) -> list[Advice]:
    """Prices and days for each of these boxes; a parcel that goes in another one's box is left out."""
    leads = [parcel for parcel in parcels if parcel.sent_with_id is None]
    ids = [parcel.id for parcel in leads]
    goods_g, scale_g = boxes.box_weights(session, ids), weighed(session, ids)
    fresh = queries.fresh_boxes(session, ids)
    day = local_day(now, terms.zone)
    rows = {
        province: queries.in_force(session, day, province=province)
        for province in {parcel.order.province for parcel in leads}
    }
    return [
        Advice(
            parcel_id=parcel.id,
            weight_g=(grams := scale_g.get(parcel.id) or goods_g[parcel.id] + terms.box_tare_g),
            within_days=terms.fresh_within_days if parcel.id in fresh else terms.within_days,
            quotes=queries.quotes_of(rows[parcel.order.province], grams),
            is_refused=parcel.id in fresh and refuses_fresh(parcel.order.province),
        )
        for parcel in leads
    ]


def choose_for_new(
    session: Session, parcels: Sequence[Parcel], *, has_fresh: bool, terms: SendingTerms, now: datetime, by: Actor
) -> None:
    """Choose a courier for each parcel of an order that was opened just now; without price lists nothing is chosen.

    Of the same effect as :func:`choose_couriers`, with one statement while money arrives in crowds.
    """
    if not parcels or (has_fresh and refuses_fresh(parcels[0].order.province)):
        return
    rows = queries.in_force(session, local_day(now, terms.zone), province=parcels[0].order.province)
    within_days = terms.fresh_within_days if has_fresh else terms.within_days
    for parcel in parcels if rows else ():
        grams = parcel.weight_g + terms.box_tare_g
        advice = Advice(parcel.id, grams, within_days, queries.quotes_of(rows, grams), is_refused=False)
        if advice.chosen is not None:
            _choose(session, advice, advice.chosen.quote.carrier, advice.chosen.why, "", None, now, by)


def choose_couriers(
    session: Session, parcels: Sequence[Parcel], *, terms: SendingTerms, now: datetime, by: Actor
) -> dict[int, CourierChoice]:
    """Choose a courier for each box that is still here and freeze its fee; again without news it writes nothing.

    A courier that the lead has chosen stays, at the fee of the box as it is now.
    """
    here = [parcel for parcel in parcels if parcel.state in (OPEN, PACKED)]
    before = queries.choices_of(session, [parcel.id for parcel in here])
    for advice in advise(session, here, terms=terms, now=now):
        old = before.get(advice.parcel_id)
        if old is not None and old.why == LEAD_SAYS:
            _choose(session, advice, old.carrier, LEAD_SAYS, old.reason, old, now, by)
        elif advice.chosen is not None:
            _choose(session, advice, advice.chosen.quote.carrier, advice.chosen.why, "", old, now, by)
    return queries.choices_of(session, [parcel.id for parcel in here])


def _choose(
    session: Session,
    advice: Advice,
    carrier: str,
    why: str,
    reason: str,
    old: CourierChoice | None,
    now: datetime,
    by: Actor,
) -> None:
    """Write a choice, unless it is what stands there already."""
    quote = next((quote for quote in advice.quotes if quote.carrier == carrier), None)
    fee, days = (quote.fee_fen, quote.days) if quote else (None, None)
    if old is not None and (old.carrier, old.why, old.reason, old.weight_g) == (carrier, why, reason, advice.weight_g):
        # The same box with the same courier keeps the fee that was frozen, whatever the price list says now.
        return
    session.add(
        CourierChoice(
            parcel_id=advice.parcel_id,
            carrier=carrier,
            fee_fen=fee,
            days=days,
            weight_g=advice.weight_g,
            tariff_id=quote.tariff_id if quote else None,
            why=why,
            reason=reason,
            at=now,
            by=by.name,
        )
    )
    session.flush()


def choose_otherwise(
    session: Session, parcel: Parcel, carrier: str, *, reason: str, terms: SendingTerms, now: datetime, by: Actor
) -> None:
    """The lead takes another courier for a box that is still here, and says why. ``parcel`` leads its box and is locked.

    Raises:
        Refused: the box has left, or goes in another one's box.
    """
    if parcel.state not in (OPEN, PACKED) or parcel.sent_with_id is not None:
        raise Refused("这一箱不能再换快递了。", "The courier of this box can no longer be changed.", code="wrong_state")
    (advice,) = advise(session, [parcel], terms=terms, now=now)
    old = queries.choice_of(session, parcel.id)
    _choose(session, advice, carrier, LEAD_SAYS, reason, old, now, by)
    record_change(
        session,
        actor=by,
        action="parcel.courier_chosen",
        subject=f"parcel:{parcel.number}",
        at=now,
        before={"carrier": old.carrier} if old else {},
        after={"carrier": carrier, "reason": reason},
    )


def note_departure(session: Session, parcel: Parcel, *, terms: SendingTerms, now: datetime, by: Actor) -> None:
    """A box has left: what it will cost is frozen for the courier that really took it, at the weight of the scale."""
    assert parcel.carrier is not None
    (advice,) = advise(session, [parcel], terms=terms, now=now)
    old = queries.choice_of(session, parcel.id)
    if old is None and all(quote.carrier != parcel.carrier for quote in advice.quotes):
        return
    if old is None or old.carrier != parcel.carrier or old.weight_g != advice.weight_g:
        _choose(session, advice, parcel.carrier, HANDED_OVER, "", old, now, by)


def note_bill(
    session: Session, parcel: Parcel, fee_fen: int, *, source: str, now: datetime, by: Actor, carrier: str = ""
) -> CourierBill:
    """What the courier charged for a box; a newer line replaces an older one without erasing it.

    ``source`` says where it is from: ``typed``, or the provider that told us.

    Raises:
        Refused: the box has not left, or goes in another one's box.
    """
    billed = carrier or parcel.carrier
    if billed not in CARRIERS or parcel.sent_with_id is not None:
        raise Refused("这一箱还没有交给快递。", "This box has not left yet.", code="not_left")
    bill = CourierBill(parcel_id=parcel.id, carrier=billed, fee_fen=fee_fen, source=source, at=now, by=by.name)
    session.add(bill)
    session.flush()
    return bill


def export(rows: Iterable[CourierTariff]) -> list[Tariff]:
    """Versions that are served, as a file takes them."""
    return [queries.as_tariff(row) for row in rows if row.serves]
