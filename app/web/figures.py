"""The figures of `/metrics`. They come from the database, so every process tells the same."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.care.models import BACKUP, INVARIANTS, RECONCILE, last_run
from fulfillment.couriers.cases.models import CourierCase
from fulfillment.couriers.tracking.models import Tracking
from fulfillment.couriers.waybills.models import Waybill
from kernel.db import Database
from kernel.outbox import Heartbeat
from kernel.tally import TallyCount
from shop.orders.models import Order

_LAG_OF_LAST = timedelta(minutes=15)

_JOBS = text("""
    SELECT count(*) FILTER (WHERE given_up_at IS NULL) AS waiting, count(*) FILTER (WHERE given_up_at IS NOT NULL) AS given_up,
           min(created_at) FILTER (WHERE given_up_at IS NULL AND run_at <= :now) AS oldest_due
    FROM jobs WHERE done_at IS NULL
""")
_EVENTS = text("""
    SELECT (SELECT count(*) FROM payment_events WHERE applied_at IS NULL) AS unapplied,
           (SELECT min(received_at) FROM payment_events WHERE applied_at IS NULL) AS oldest,
           max(received_at - created_at) AS worst_lag, avg(received_at - created_at) AS mean_lag
    FROM payment_events WHERE received_at > :since
""")


class Figures(Collector):
    """Collects the figures of one moment."""

    def __init__(self, database: Database, now: datetime) -> None:
        self._database = database
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Every figure, read in one transaction."""
        with self._database.transaction() as session:
            yield from self._orders(session)
            yield from self._tallies(session)
            yield from self._events(session)
            yield from self._jobs(session)
            yield from self._couriers(session)
            yield from self._care(session)

    def _orders(self, session: Session) -> Iterator[Metric]:
        family = GaugeMetricFamily("gongfang_orders", "Orders by state.", labels=["state"])
        for state, count in session.execute(select(Order.state, func.count()).group_by(Order.state)):
            family.add_metric([state], count)
        yield family

    def _tallies(self, session: Session) -> Iterator[Metric]:
        counts: dict[str, int] = {row.name: row.count for row in session.scalars(select(TallyCount))}
        placed = counts.get("orders_placed", 0)
        yield CounterMetricFamily("gongfang_orders_placed", "Orders that were given a hold.", value=placed)
        oversell = counts.get("orders_refused:out_of_stock", 0)
        yield CounterMetricFamily(
            "gongfang_oversell_attempts", "Orders refused because too few were left.", value=oversell
        )
        again = counts.get("webhook_duplicates", 0)
        yield CounterMetricFamily("gongfang_webhook_duplicates", "Payment events that came again.", value=again)
        for prefix, name, words, label in (
            ("orders_refused", "gongfang_orders_refused", "Orders refused, by reason.", "code"),
            ("http", "gongfang_http_requests", "Requests answered, by class of status.", "status"),
        ):
            family = CounterMetricFamily(name, words, labels=[label])
            for key, count in sorted(counts.items()):
                kind, _, value = key.partition(":")
                if kind == prefix and value:
                    family.add_metric([value], count)
            yield family

    def _events(self, session: Session) -> Iterator[Metric]:
        row = session.execute(_EVENTS, {"since": self._now - _LAG_OF_LAST}).one()
        lag = GaugeMetricFamily(
            "gongfang_webhook_lag_seconds", "From event to arrival, of the last quarter of an hour.", labels=["of"]
        )
        lag.add_metric(["worst"], _seconds(row.worst_lag))
        lag.add_metric(["mean"], _seconds(row.mean_lag))
        yield lag
        yield GaugeMetricFamily("gongfang_webhook_unapplied", "Events stored but not applied.", value=row.unapplied)
        yield self._age("gongfang_webhook_oldest_unapplied_seconds", "Age of the oldest of them.", row.oldest)

    def _jobs(self, session: Session) -> Iterator[Metric]:
        row = session.execute(_JOBS, {"now": self._now}).one()
        jobs = GaugeMetricFamily("gongfang_jobs", "Jobs not done.", labels=["state"])
        jobs.add_metric(["waiting"], row.waiting)
        jobs.add_metric(["given_up"], row.given_up)
        yield jobs
        yield self._age("gongfang_oldest_job_age_seconds", "Age of the oldest job that is due.", row.oldest_due)

    def _couriers(self, session: Session) -> Iterator[Metric]:
        waybills = GaugeMetricFamily("gongfang_waybills", "Waybills by state.", labels=["state"])
        for state, count in session.execute(select(Waybill.state, func.count()).group_by(Waybill.state)):
            waybills.add_metric([state], count)
        yield waybills
        cases = GaugeMetricFamily("gongfang_courier_cases", "Open troubles with couriers, by kind.", labels=["kind"])
        is_open = CourierCase.settled_at.is_(None)
        for kind, count in session.execute(
            select(CourierCase.kind, func.count()).where(is_open).group_by(CourierCase.kind)
        ):
            cases.add_metric([kind], count)
        yield cases
        failing = session.scalar(select(func.count()).select_from(Tracking).where(Tracking.failures > 0)) or 0
        yield GaugeMetricFamily("gongfang_tracking_failing", "Parcels whose last question failed.", value=failing)

    def _care(self, session: Session) -> Iterator[Metric]:
        for kind, name, words in (
            (INVARIANTS, "gongfang_invariant_violations", "What the last check of invariants found."),
            (RECONCILE, "gongfang_reconcile_differences", "What the last comparison with Stripe found."),
        ):
            last = last_run(session, kind)
            if last:
                yield GaugeMetricFamily(name, words, value=last.found)
                yield self._age(f"gongfang_{kind}_age_seconds", "Since then.", last.at)
        backup = last_run(session, BACKUP)
        if backup:
            yield self._age("gongfang_backup_age_seconds", "Since the last backup.", backup.at)
        for name, at in session.execute(select(Heartbeat.name, Heartbeat.at).where(Heartbeat.name == "worker")):
            yield self._age(f"gongfang_{name}_seen_seconds", "Since the worker's last sign of life.", at)

    def _age(self, name: str, words: str, since: datetime | None) -> Metric:
        return GaugeMetricFamily(name, words, value=_seconds(self._now - since) if since else 0)


def _seconds(span: timedelta | None) -> float:
    return max(0.0, span.total_seconds()) if span else 0.0
