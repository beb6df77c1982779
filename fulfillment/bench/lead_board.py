"""What the lead's home shows, read in one go: five numbers, one chart, one list that needs a decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from fulfillment.bench import late_news
from fulfillment.couriers import queries as couriers
from fulfillment.couriers.cases import queries as courier_cases
from fulfillment.crew import queries as crew
from fulfillment.crew.training import queries as training
from fulfillment.packing import lead_queries, pace_rules
from fulfillment.packing.day_close import queries as days
from fulfillment.packing.day_close.models import DayClose
from fulfillment.packing.lead_queries import AtWork, DueHour, Unwell
from fulfillment.packing.models import PackingTask
from fulfillment.packing.samples import queries as samples
from fulfillment.purchasing.asking import queries as asking
from fulfillment.purchasing.lots import queries as lots
from kernel.clock import local_day
from shop.orders.models import Order

_BARS = 8


@dataclass(frozen=True)
class Bar:
    """An hour of the chart: widths in percent of the longest bar; ``in_danger`` when it will be late at this pace."""

    hour: DueHour
    waiting_percent: float
    in_hand_percent: float
    in_danger: bool

    @property
    def total(self) -> int:
        """What is due then and not packed."""
        return self.hour.waiting + self.hour.in_hand


@dataclass(frozen=True)
class Later:
    """What is due after the hours of the chart, summed; it has no bar, which would dwarf those of the hours."""

    waiting: int
    in_hand: int

    @property
    def total(self) -> int:
        """What is due then and not packed."""
        return self.waiting + self.in_hand


@dataclass(frozen=True)
class Board:
    """The lead's home. ``done_at`` is empty when nobody can tell."""

    bars: list[Bar]
    later: Later | None
    late: DueHour | None
    waiting: int
    in_hand: int
    packed: int
    left_today: int
    done_at: datetime | None
    people: list[AtWork]
    unwell: list[Unwell]
    troubled: Sequence[PackingTask]
    stuck: Sequence[Order]
    to_unpack: int
    forgotten: int
    samples: int
    trainings: int
    courier_cases: int
    late_work: int
    asked_weigh_ins: int
    lots_going_bad: int
    lots_blocked: int
    yesterday: DayClose | None

    @property
    def here(self) -> list[AtWork]:
        """Who is here, or has work in hand without having been noted."""
        return [person for person in self.people if person.here or person.in_hand]

    @property
    def resting(self) -> int:
        """How many of them are on a break."""
        return sum(person.here is not None and person.here.break_since is not None for person in self.people)

    @property
    def idle(self) -> list[AtWork]:
        """Who is here, does not rest, and has nothing in hand."""
        return [one for one in self.people if one.here and not one.here.break_since and not one.in_hand]

    @property
    def needs_nothing(self) -> bool:
        """Whether nothing waits for a decision."""
        counted = self.to_unpack + self.forgotten + self.samples + self.trainings + self.courier_cases + self.late_work
        return not (self.unwell or self.troubled or self.stuck or counted or self.at_the_scale or self.unnoted)

    @property
    def at_the_scale(self) -> int:
        """What waits where goods are weighed and bagged."""
        return self.asked_weigh_ins + self.lots_going_bad + self.lots_blocked

    @property
    def unnoted(self) -> list[AtWork]:
        """Who has work in hand but is not noted as here."""
        return [person for person in self.people if person.in_hand and not person.here]


def board_of(session: Session, now: datetime, zone: ZoneInfo, *, sample_rate_bps: int) -> Board:
    """The lead's home at this moment; boxes to look at are those that were chosen and those still to be chosen."""
    hours = lead_queries.backlog_by_hour(session, now, zone)
    bench = lead_queries.bench_now(session, now)
    today = local_day(now, zone)
    cases = courier_cases.waiting(session)
    late = hours[0] if hours and hours[0].starts_at is None else None
    shown = _BARS + (late is not None)
    return Board(
        bars=_bars(hours[:shown], bench, now),
        later=_later(hours[shown:]),
        late=late,
        waiting=sum(hour.waiting for hour in hours),
        in_hand=sum(hour.in_hand for hour in hours),
        packed=lead_queries.packed_waiting(session),
        left_today=couriers.handed_over_count(session, today, zone),
        done_at=pace_rules.done_at(sum(hour.waiting + hour.in_hand for hour in hours), bench, now),
        people=lead_queries.people_at_work(session, now, zone),
        unwell=lead_queries.unwell_today(session, now, zone),
        troubled=lead_queries.troubled(session, now),
        stuck=lead_queries.paid_without_parcels(session),
        to_unpack=len(lead_queries.to_unpack(session)),
        forgotten=len(crew.to_look_at(session)),
        samples=samples.count_due(session) + samples.count_to_choose(session, sample_rate_bps, now, zone),
        trainings=len(training.due_again(session, today)),
        courier_cases=cases.count,
        late_work=late_news.count_open(session),
        asked_weigh_ins=asking.count_waiting(session),
        lots_going_bad=len(lots.going_bad(session, today)),
        lots_blocked=len(lots.blocked_lots(session)),
        yesterday=_left_behind(session, today),
    )


def _later(rest: Sequence[DueHour]) -> Later | None:
    return Later(sum(hour.waiting for hour in rest), sum(hour.in_hand for hour in rest)) if rest else None


def _bars(hours: Sequence[DueHour], bench: pace_rules.Bench, now: datetime) -> list[Bar]:
    most = max((hour.waiting + hour.in_hand for hour in hours), default=1)
    ends = [(hour.starts_at or hour.first_due, hour.waiting + hour.in_hand) for hour in hours]
    # Work that is due within an hour of the clock may take until its first piece is due.
    due = [(max(moment, hour.first_due), pieces) for hour, (moment, pieces) in zip(hours, ends, strict=True)]
    danger = pace_rules.in_danger(due, bench, now)
    return [
        Bar(hour, 100 * hour.waiting / most, 100 * hour.in_hand / most, late)
        for hour, late in zip(hours, danger, strict=True)
    ]


def _left_behind(session: Session, today: date) -> DayClose | None:
    """The last close, while it is the one before today and left something."""
    close = days.last_close(session)
    is_before = close is not None and today - timedelta(days=7) <= close.day < today
    return close if close is not None and is_before and any(close.left.values()) else None
