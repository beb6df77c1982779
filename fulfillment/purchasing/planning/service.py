"""Making forecasts and noting calls. A forecast is asked for, then made by the worker, product by product."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.planning import reading
from fulfillment.purchasing.planning.forecasting import forecast
from fulfillment.purchasing.planning.models import FarmerCall, Forecast, ForecastWeek, ProductForecast
from fulfillment.purchasing.planning.rules import REST_DAYS, WEEKS_AHEAD, monday, weeks_from
from kernel import outbox
from kernel.audit import Actor, record_change
from kernel.clock import local_day
from kernel.db import Database
from kernel.errors import NotFound

JOB = "make_forecast"
# Forecasts of past nights show how good they were; older ones help nobody.
_KEPT = timedelta(days=60)
# Two presses within so many minutes are one wish.
_TOGETHER = timedelta(minutes=10)


def ask_for_forecast(session: Session, *, now: datetime, zone: ZoneInfo, by: Actor) -> int:
    """Leave a wish for a new forecast; one that is being made, or was asked for within ten minutes, stands. Returns its id."""
    waiting = session.scalar(
        select(Forecast.id).where(Forecast.made_at.is_(None), Forecast.asked_at > now - _TOGETHER).limit(1)
    )
    if waiting is not None:
        return waiting
    slot = int(now.timestamp()) // int(_TOGETHER.total_seconds())
    number = _open(session, f"asked:{slot}", now=now, zone=zone, by=by.name)
    outbox.enqueue(session, JOB, {"forecast": number}, now=now, key=f"{JOB}:{number}")
    return number


def _open(session: Session, key: str, *, now: datetime, zone: ZoneInfo, by: str) -> int:
    first = monday(local_day(now, zone))
    row = {"key": key, "asked_at": now, "asked_by": by, "first_week": first, "total": 0, "done": 0}
    session.execute(upsert(Forecast).values(row).on_conflict_do_nothing(index_elements=["key"]))
    return session.scalars(select(Forecast.id).where(Forecast.key == key)).one()


def make_nightly(database: Database, zone: ZoneInfo, now: datetime) -> None:
    """Job: the forecast of this night; done twice it is made once."""
    with database.transaction() as session:
        number = _open(session, f"night:{local_day(now, zone)}", now=now, zone=zone, by="")
        old = select(Forecast.id).where(Forecast.asked_at < now - _KEPT)
        for table in (ForecastWeek, ProductForecast):
            session.execute(delete(table).where(table.forecast_id.in_(old)))
        session.execute(delete(Forecast).where(Forecast.id.in_(old)))
    make_forecast(database, number, zone, now)


def make_forecast(database: Database, number: int, zone: ZoneInfo, now: datetime) -> None:
    """Job: work out every product outside of any transaction and write each as it is done, so that a page sees how far it is.

    Begun again it goes on where it stopped; a forecast that is made stays as it is.
    """
    with database.transaction() as session:
        wanted = session.get(Forecast, number)
        if wanted is None or wanted.made_at is not None:
            return
        today = max(wanted.first_week, monday(local_day(now, zone)))
        sold = reading.sold_by_week(session, today, zone)
        ready = set(session.scalars(select(ProductForecast.product_id).where(ProductForecast.forecast_id == number)))
        wanted.first_week, wanted.total, wanted.done = today, len(sold | dict.fromkeys(ready)), len(ready)
    for product_id in sorted(set(sold) - ready):
        _make_one(database, number, product_id, sold[product_id], today)
    with database.transaction() as session:
        made = update(Forecast).where(Forecast.id == number, Forecast.made_at.is_(None))
        session.execute(made.values(made_at=now, done=Forecast.total))


def _make_one(database: Database, number: int, product_id: int, sold: reading.Sold, first: date) -> None:
    course = forecast(sold.grams, WEEKS_AHEAD)
    ways_g = {way: sum(grams[-13:]) for way, grams in sold.ways.items()}
    facts = {"method": course.method, "first_sold": sold.first, "sold_g": sold.grams, "ways_g": ways_g}
    with database.transaction() as session:
        # Two workers may have the same job after a lease ran out: the first one's row stands.
        row = upsert(ProductForecast).values(forecast_id=number, product_id=product_id, **facts)
        if session.execute(row.on_conflict_do_nothing().returning(ProductForecast.product_id)).first() is None:
            return
        rows = [
            {"forecast_id": number, "product_id": product_id, "week": week, **vars(found)}
            for week, found in zip(weeks_from(first), course.weeks, strict=True)
        ]
        session.execute(insert(ForecastWeek), rows)
        session.execute(update(Forecast).where(Forecast.id == number).values(done=Forecast.done + 1))


def note_call(
    session: Session, farmer_id: int, outcome: str, words: str, *, key: str, today: date, now: datetime, by: Actor
) -> FarmerCall:
    """A farmer was called: off the list for as long as the outcome says; the same form sent twice is one call.

    Raises:
        NotFound: there is no such farmer.
    """
    if session.get(Farmer, farmer_id) is None:
        raise NotFound("没有这位农户。", "There is no such farmer.")
    facts = {"key": key, "farmer_id": farmer_id, "day": today, "outcome": outcome, "words": words}
    rest_until = today + timedelta(days=REST_DAYS[outcome])
    row = upsert(FarmerCall).values(**facts, rest_until=rest_until, at=now, by=by.name)
    new = session.execute(row.on_conflict_do_nothing(index_elements=["key"]).returning(FarmerCall.id)).first()
    if new is not None:
        after = {"outcome": outcome, "rest_until": str(rest_until)}
        record_change(session, actor=by, action="farmer.called", subject=f"farmer:{farmer_id}", at=now, after=after)
    return session.scalars(select(FarmerCall).where(FarmerCall.key == key)).one()
