"""A workshop with a lead and packed parcels, a courier on loopback, and the worker's steps between them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.couriers.cases.models import CourierCase
from fulfillment.couriers.desk import CourierDesk
from fulfillment.couriers.providers import CourierAway
from fulfillment.couriers.tracking import steps as tracking_steps
from fulfillment.couriers.waybills import service, steps
from fulfillment.couriers.waybills.models import Waybill
from fulfillment.packing.models import Parcel
from kernel import outbox
from kernel.db import Database
from sandbox.couriers import Depot
from tests.couriers.town import ACCOUNTS, SENDER, Stand
from tests.lead.world import Bench, order_parcel, packed_parcel, set_up
from tests.world import NOW

STUCK_AFTER = timedelta(days=3)


@dataclass
class House:
    """The workshop's side: its database, its people, its desk at the courier's, and what time it is."""

    database: Database
    bench: Bench
    desk: CourierDesk
    depot: Depot
    now: datetime = NOW
    failures: list[str] = field(default_factory=list)

    def parcel(self, **facts: object) -> str:
        """An order of one parcel; returns its number."""
        return order_parcel(self.database, self.bench, **facts)

    def packed(self, **facts: object) -> str:
        """An order whose one parcel is packed."""
        return packed_parcel(self.database, self.bench, **facts)

    def ask(self, *numbers: str, carrier: str = "ZTO", way: str | None = None) -> list[int]:
        """The lead asks for waybills; returns the ids of the new wishes."""
        with self.database.transaction() as session:
            ids = list(session.scalars(select(Parcel.id).where(Parcel.number.in_(numbers))))
            asked = service.ask_waybills(
                session,
                ids,
                carrier=carrier,
                way=way or self.desk.way_of(carrier),
                now=self.now,
                by=self.bench.lead,
            )
            return [waybill.id for waybill in asked]

    def work(self, rounds: int = 1) -> None:
        """The worker does what is due for couriers; each round a little later. What went wrong is noted by its kind."""
        handlers: dict[str, Callable[..., None]] = {
            service.SEND_JOB: steps.send_waybill,
            service.CANCEL_JOB: steps.cancel_waybill,
        }
        for _ in range(rounds):
            with self.database.transaction() as session:
                jobs = outbox.claim_due(session, self.now, only=list(handlers))
            for job in jobs:
                try:
                    handlers[job.kind](self.database, self.desk, job.payload, self.now)
                except CourierAway as away:
                    self.failures.append(away.reason)
                    with self.database.transaction() as session:
                        outbox.mark_failed(session, job, "CourierAway", self.now)
                else:
                    with self.database.transaction() as session:
                        outbox.mark_done(session, job.id, self.now)
            self.now += timedelta(hours=1)

    def track(self, later: timedelta = timedelta(hours=3)) -> int:
        """Some time later the worker asks where the parcels are; returns how many it asked for."""
        self.now += later
        return tracking_steps.track_parcels(
            self.database, self.desk, workflows.note_journey, self.now, pause=lambda _: None
        )

    def hand_over(self, number: str, tracking: str, carrier: str = "") -> None:
        """The courier takes the parcel; the lead scans the label."""
        with self.database.transaction() as session:
            parcel_id = session.scalars(select(Parcel.id).where(Parcel.number == number)).one()
            workflows.hand_over(
                session, parcel_id, carrier=carrier, tracking=tracking, by=self.bench.lead, now=self.now
            )

    def waybills(self, number: str) -> list[Waybill]:
        """The parcel's waybills, oldest first."""
        with self.database.transaction() as session:
            return list(
                session.scalars(select(Waybill).join(Parcel).where(Parcel.number == number).order_by(Waybill.id))
            )

    def waybill(self, number: str) -> Waybill:
        """The parcel's only waybill."""
        (found,) = self.waybills(number)
        return found

    def cases(self, number: str) -> dict[str, str | None]:
        """Kinds of the parcel's cases with their outcomes."""
        with self.database.transaction() as session:
            rows = session.scalars(select(CourierCase).join(Parcel).where(Parcel.number == number))
            return {case.kind: case.outcome for case in rows}

    def state(self, number: str) -> str:
        """Where the parcel is."""
        with self.database.transaction() as session:
            return (
                session.scalar(
                    text("SELECT t.state FROM trackings t JOIN parcels p ON p.id = t.parcel_id WHERE p.number = :n"),
                    {"n": number},
                )
                or ""
            )

    def order_state(self, number: str) -> str:
        """The state of the parcel's order."""
        with self.database.transaction() as session:
            return session.scalars(select(Parcel).where(Parcel.number == number)).one().order.state


def open_house(database: Database, stand: Stand) -> House:
    """People, stock, and a desk that speaks to the stand-in."""
    desk = CourierDesk(
        provider=stand.kuaidi100,
        carriers=frozenset(ACCOUNTS),
        sender=SENDER,
        stuck_after=STUCK_AFTER,
        tracked_carriers=frozenset({"ZTO", "YTO", "SF"}),
    )
    return House(database, set_up(database), desk, stand.depot)


def count(session: Session, table: type[Waybill | CourierCase]) -> int:
    """How many rows a table has."""
    return session.scalar(select(func.count()).select_from(table)) or 0
