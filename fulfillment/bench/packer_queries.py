"""What a packer's screen shows, read in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from fulfillment.couriers.waybills import queries as waybills
from fulfillment.crew import queries as crew
from fulfillment.packing import queries as packing
from fulfillment.packing.boxes import queries as boxes
from fulfillment.packing.models import Packer, PackingTask
from fulfillment.packing.queries import Batch, Pile
from fulfillment.packing.service import UNDO_SHOWN
from fulfillment.piecework import queries as piecework
from fulfillment.piecework.queries import Earned, PassBookLine
from kernel.clock import day_bounds, local_day

# How long "packed" is news; an older one is only said not to count twice.
_NEWS = timedelta(minutes=1)
_PAGE = 20


@dataclass(frozen=True)
class Card:
    """The parcel on the screen and how far its batch is.

    ``together`` are the numbers of the parcels that go in the same box, ``has_label`` whether a courier's label waits.
    """

    task: PackingTask
    slip_copies: int
    batch: Batch
    together: Sequence[str]
    has_label: bool


@dataclass(frozen=True)
class Done:
    """What was packed last; ``undo_s`` is how many seconds the way back stays on the screen."""

    task: PackingTask
    is_news: bool
    undo_s: int


@dataclass(frozen=True)
class Bench:
    """A packer's screen: goods to put back, else the card, else what waits on the pile.

    ``put_backs`` and ``hand`` are all there is of the first two: the device keeps them for when it has no network.
    """

    today: Earned
    put_backs: Sequence[PackingTask]
    hand: Sequence[Card]
    put_back: PackingTask | None
    card: Card | None
    pile: Pile
    done: Done | None
    resting_since: datetime | None
    reads_aloud: bool


def bench_of(
    session: Session,
    packer_id: int,
    *,
    wanted: str | None,
    done_id: int | None,
    now: datetime,
    zone: ZoneInfo,
) -> Bench:
    """The screen of one packer; ``wanted`` is a parcel's number to show first, ``done_id`` the task finished last."""
    hand = _hand(session, packing.tasks_in_hand(session, packer_id))
    put_backs = packing.to_put_back(session, packer_id)
    presence = crew.presence_of(session, packer_id, now)
    return Bench(
        today=earned_today(session, packer_id, now, zone),
        put_backs=put_backs,
        hand=hand,
        put_back=next(iter(put_backs), None),
        card=next((card for card in hand if card.task.parcel.number == wanted), next(iter(hand), None)),
        pile=packing.pile_for(session, packer_id, now),
        done=_done(session, packer_id, done_id, now),
        resting_since=presence.break_since if presence else None,
        reads_aloud=reads_aloud(session, packer_id),
    )


def earned_today(session: Session, packer_id: int, now: datetime, zone: ZoneInfo) -> Earned:
    """Pieces and fen of today."""
    return piecework.earned_between(session, packer_id, *day_bounds(local_day(now, zone), zone))


def reads_aloud(session: Session, packer_id: int) -> bool:
    """Whether the screen speaks for this person until they choose otherwise."""
    packer = session.get(Packer, packer_id)
    return packer is not None and (packer.no_reading or packer.low_sight)


def _hand(session: Session, in_hand: Sequence[PackingTask]) -> list[Card]:
    """A card for each parcel in hand."""
    progress = {batch: packing.batch_progress(session, batch) for batch in {task.batch for task in in_hand} if batch}
    together = boxes.shared_with(session, [task.parcel for task in in_hand])
    labelled = waybills.with_label(session, {_box_of(task) for task in in_hand})
    cards = []
    for task in in_hand:
        assert task.batch is not None
        copies = packing.slip_copies(session, task.parcel_id)
        others = together.get(task.parcel_id, [])
        cards.append(Card(task, copies, progress[task.batch], others, _box_of(task) in labelled))
    return cards


def _box_of(task: PackingTask) -> int:
    """The parcel whose number is on the box: the label is that one's."""
    return task.parcel.sent_with_id or task.parcel_id


def _done(session: Session, packer_id: int, task_id: int | None, now: datetime) -> Done | None:
    task = session.get(PackingTask, task_id) if task_id else None
    if task is None or task.packer_id != packer_id or task.packed_at is None:
        return None
    left = UNDO_SHOWN - (now - task.packed_at)
    may_undo = task.state == "packed" and task.parcel.state == "packed"
    return Done(task, now - task.packed_at <= _NEWS, max(0, round(left.total_seconds())) if may_undo else 0)


@dataclass(frozen=True)
class PassBook:
    """A page of the pass book with its sums; ids for the pages before and after, if any."""

    today: Earned
    month: Earned
    lines: Sequence[PassBookLine]
    newer_than: int | None
    older_than: int | None


def pass_book_of(
    session: Session, packer_id: int, *, before: int | None, after: int | None, now: datetime, zone: ZoneInfo
) -> PassBook:
    """The newest lines, or those before or after the line with an id."""
    newer = piecework.pass_book_after(session, packer_id, after=after, most=_PAGE + 1) if after is not None else []
    if len(newer) > _PAGE:
        lines, has_newer, has_older = newer[-_PAGE:], True, True
    else:
        # Less than a page is newer: that is the first page.
        before = before if after is None else None
        found = piecework.pass_book(session, packer_id, before=before, most=_PAGE + 1)
        lines, has_newer, has_older = found[:_PAGE], before is not None, len(found) > _PAGE
    first_of_month = local_day(now, zone).replace(day=1)
    start, _ = day_bounds(first_of_month, zone)
    return PassBook(
        today=earned_today(session, packer_id, now, zone),
        month=piecework.earned_between(session, packer_id, start, now + timedelta(seconds=1)),
        lines=lines,
        newer_than=lines[0].id if lines and has_newer else None,
        older_than=lines[-1].id if lines and has_older else None,
    )
