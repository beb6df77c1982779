"""A workshop's figures of a period, counted from the ledgers of wages, shifts, deliveries, settlements and the fund."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.console.prosperity.rules import FundFigures, GrowerFigures, PeopleFigures, Period, Prosperity
from fulfillment.crew.households.rules import UNSAID, Group, kept_private
from fulfillment.crew.queries import worked_seconds_by_person
from fulfillment.fund import queries as fund
from kernel.clock import day_bounds, local_day

# What a person earned in the period, with what was taken back in it; finished pieces of packing less those taken back.
_EARNED = text("""
    SELECT w.packer_id, sum(w.amount_fen) AS fen, h.kind,
           count(*) FILTER (WHERE w.task_id IS NOT NULL AND w.kind = 'piece')
           - count(*) FILTER (WHERE w.task_id IS NOT NULL AND w.kind = 'reversal') AS pieces
    FROM wage_entries w LEFT JOIN households h ON h.person_id = w.packer_id
    WHERE w.earned_at >= :start AND w.earned_at < :end GROUP BY w.packer_id, h.kind
    -- Who took back all of it earned nothing.
    HAVING sum(w.amount_fen) <> 0
""")
_BROUGHT = text("""
    SELECT count(DISTINCT d.farmer_id) AS growers, count(*) AS deliveries, COALESCE(sum(d.net_g), 0) AS net_g,
           COALESCE(sum(d.pay_fen), 0) AS pay_fen, COALESCE(sum(d.market_pay_fen), 0) AS market_fen,
           count(*) FILTER (
               WHERE d.premium_bps BETWEEN 1000 AND 1500 AND d.promised_fen_per_kg >= d.floor_fen_per_kg
                 AND d.promised_fen_per_kg >= (d.quote_fen_per_kg * (10000 + d.premium_bps) + 5000) / 10000
           ) AS kept
    FROM deliveries d
    WHERE d.day BETWEEN :first AND :last AND NOT EXISTS (SELECT FROM deliveries_taken_back t WHERE t.delivery_id = d.id)
""")
# Payables whose day came in the period. Paid by then: handed out on that day at the latest, and not come back.
_DUE = text("""
    SELECT count(*) AS due, count(*) FILTER (WHERE EXISTS (
        SELECT FROM settlement_lines line JOIN settlement_payments paid ON paid.settlement_id = line.settlement_id
        WHERE line.payable_id = p.id AND CAST(paid.at AT TIME ZONE :zone AS date) <= p.due_on
          AND NOT EXISTS (SELECT FROM settlement_returns back WHERE back.settlement_id = line.settlement_id)
    )) AS on_time
    FROM payables p
    WHERE p.due_on BETWEEN :first AND :until
      AND NOT EXISTS (SELECT FROM deliveries_taken_back t WHERE t.delivery_id = p.delivery_id)
""")
_HANDED_OUT = text("""
    SELECT COALESCE((SELECT sum(fen) FROM settlement_payments WHERE at >= :start AND at < :end), 0)
         - COALESCE((SELECT sum(fen) FROM settlement_returns WHERE at >= :start AND at < :end), 0)
""")


def prosperity_of(session: Session, workshop: str, period: Period, now: datetime, zone: ZoneInfo) -> Prosperity:
    """The figures of a period; of one that is not over, as far as it has come."""
    start, end = day_bounds(period.first, zone)[0], day_bounds(period.last, zone)[1]
    money = fund.sums(session, period.first, period.last)
    return Prosperity(
        workshops=(workshop,),
        period=period,
        people=_people(session, start, end, now),
        growers=_growers(session, period, start, end, now, zone),
        fund=FundFigures(money.paid_in_fen, money.spent_fen),
    )


def _people(session: Session, start: datetime, end: datetime, now: datetime) -> PeopleFigures:
    rows = session.execute(_EARNED, {"start": start, "end": end}).all()
    seconds = worked_seconds_by_person(session, start, min(end, now)) if now > start else {}
    timed = [row for row in rows if seconds.get(row.packer_id)]
    groups: dict[str, Group] = {}
    for row in rows:
        kind = row.kind or UNSAID
        known = groups.get(kind, Group(kind, 0, 0))
        groups[kind] = Group(kind, known.people + 1, known.earned_fen + int(row.fen))
    return PeopleFigures(
        people=len(rows),
        earned_fen=sum(int(row.fen) for row in rows),
        pieces=sum(row.pieces for row in rows),
        timed_people=len(timed),
        timed_fen=sum(int(row.fen) for row in timed),
        timed_s=sum(seconds[row.packer_id] for row in timed),
        groups=kept_private(groups.values()),
    )


def _growers(
    session: Session, period: Period, start: datetime, end: datetime, now: datetime, zone: ZoneInfo
) -> GrowerFigures:
    days = {"first": period.first, "last": period.last}
    brought = session.execute(_BROUGHT, days).one()
    # A day that is not over may still be kept.
    until = min(period.last, local_day(now, zone) - timedelta(days=1))
    due = session.execute(_DUE, {"first": period.first, "until": until, "zone": zone.key}).one()
    handed = session.scalar(_HANDED_OUT, {"start": start, "end": end})
    return GrowerFigures(
        growers=brought.growers,
        deliveries=brought.deliveries,
        net_g=int(brought.net_g),
        pay_fen=int(brought.pay_fen),
        market_fen=int(brought.market_fen),
        kept=brought.kept,
        due=due.due,
        on_time=due.on_time,
        handed_out_fen=int(handed or 0),
    )
