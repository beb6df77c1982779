"""Demo of a working day at the bench: shifts and breaks, work by the hour, checks, trainings, a contest, yesterday's close."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.crew import service as crew
from fulfillment.crew.models import Shift, ShiftBreak
from fulfillment.crew.rules import BADGE, NIGHT, PIN
from fulfillment.crew.training import service as training
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.packing.contests import service as contests
from fulfillment.packing.contests.rules import CAREFUL
from fulfillment.packing.day_close.models import DayClose
from fulfillment.packing.models import Packer
from fulfillment.packing.samples import queries as sample_queries
from fulfillment.packing.samples import service as samples
from fulfillment.packing.samples.rules import QUESTIONS
from kernel.audit import SYSTEM, Actor
from kernel.clock import local_day
from shop.catalog.models import Variant
from shop.orders.rules import Address
from shop.orders.service import ChannelFacts, ChannelLine

_ZONE = ZoneInfo("Asia/Shanghai")
_RATE_BPS = 2_000

# Who came how long ago (in minutes), by what, and since when they rest; by the place in packing.VILLAGERS.
_HERE = (
    (0, 215, BADGE, 0),
    (1, 190, PIN, 0),
    (2, 230, BADGE, 0),
    (3, 205, BADGE, 12),
    (5, 228, BADGE, 0),
    (7, 180, PIN, 0),
)
# Orders that arrive for the bench: in how many minutes each is due; some are late.
_DUE_IN = (
    -95, -90, -80, -70, -60, -50, -45, -40, -35, -20, 25, 55,
    70, 80, 130, 140, 150, 165, 200, 205, 210, 260, 275, 330,
)  # fmt: skip
_GOODS = ("QY-HG-250", "QY-YE-100", "QY-HOU-500", "QY-ZS-80")
_BUYERS = ("钱多多", "李晓梅", "何静", "罗志强")
_TOPICS = (
    ("封箱和贴单", "Closing boxes and labels", None),
    ("食品卫生", "Food hygiene", 12),
    ("用火用电", "Fire and electricity", 6),
)


def load(session: Session, actors: Mapping[str, Actor], variants: Mapping[str, Variant], now: datetime) -> None:
    """Add the day. After the demo of couriers, whose parcels have been packed by some of these people."""
    packers = _packers(session)
    _past_shifts(session, packers, now)
    _here_now(session, packers, now)
    for place, minutes in enumerate(_DUE_IN):
        _order(session, variants[_GOODS[place % len(_GOODS)]], place, now, now + timedelta(minutes=minutes))
    for person in (packers[5], packers[7]):
        _pack_some(session, person, now)
    hand_out.take_work(session, packers[1].person_id or 0, now=now - timedelta(minutes=6), zone=_ZONE, by=packers[1])
    _check(session, actors["lead"], now)
    _train(session, packers, actors["lead"], now)
    _contest(session, packers, actors["lead"], now)
    _yesterday(session, actors["lead"], now)


def _packers(session: Session) -> Sequence[Actor]:
    found = session.scalars(select(Packer).order_by(Packer.person_id))
    return [Actor(packer.person_id, packer.person.name) for packer in found]


def _past_shifts(session: Session, packers: Sequence[Actor], now: datetime) -> None:
    """Some days of work, with a rest at noon; one evening somebody forgot to say goodbye."""
    for place, person in enumerate(packers[:6]):
        for days in range(6, 11):
            began = now - timedelta(days=days, hours=4, minutes=11 * place)
            # The morning after a past evening may be the same hours.
            if _was_here(session, person, began, began + timedelta(hours=3.5)):
                continue
            rest = ShiftBreak(began_at=began + timedelta(hours=1.5), ended_at=began + timedelta(hours=2))
            session.add(
                Shift(
                    person_id=person.person_id,
                    began_at=began,
                    began_how=BADGE,
                    ended_at=began + timedelta(hours=3.5),
                    ended_how=BADGE,
                    breaks=[rest],
                )
            )
    began = now - timedelta(hours=27)
    session.add(
        Shift(
            person_id=packers[4].person_id,
            began_at=began,
            began_how=PIN,
            ended_at=began + timedelta(hours=3, minutes=20),
            ended_how=NIGHT,
        )
    )
    session.flush()


def _was_here(session: Session, person: Actor, start: datetime, end: datetime) -> bool:
    theirs = select(Shift.id).where(Shift.person_id == person.person_id)
    meets = theirs.where(Shift.began_at < end, or_(Shift.ended_at.is_(None), Shift.ended_at > start))
    return session.scalar(meets.limit(1)) is not None


def _here_now(session: Session, packers: Sequence[Actor], now: datetime) -> None:
    for place, minutes, how, resting in _HERE:
        person = packers[place]
        began = now - timedelta(minutes=minutes)
        # Whoever has work of the other demos in hand is here already; the day began earlier.
        shift = crew.begin_shift(session, person.person_id or 0, how=how, now=began, by=person)
        shift.began_at, shift.began_how = began, how
        session.flush()
        if resting:
            crew.begin_break(session, person.person_id or 0, now=now - timedelta(minutes=resting))
    crew.plan_end(session, packers[0].person_id or 0, now + timedelta(hours=2), now=now)


def _order(session: Session, variant: Variant, place: int, now: datetime, due_at: datetime) -> None:
    """A paid order of another platform."""
    at = now - timedelta(hours=5) + timedelta(minutes=place)
    title = variant.product.title_zh
    facts = ChannelFacts(
        channel=("douyin", "kuaishou")[place % 2],
        channel_number=f"69300000000000{place + 1:05d}",
        lines=[ChannelLine(variant.id, 1 + place % 3, variant.price_fen, variant.sku, title, variant.spec_zh)],
        buyer_name=_BUYERS[place % len(_BUYERS)],
        phone=f"138000002{place:02d}",
        phone_ext=None,
        address=Address("浙江省", "温州市", "鹿城区", "五马街道", f"示例街{place + 1}号"),
        note="",
        shipping_fen=0,
        discount_fen=0,
        created_at=at,
        paid_at=at,
        ship_by=due_at,
    )
    workflows.accept_channel_order(session, facts, now=at, by=SYSTEM)


def _pack_some(session: Session, person: Actor, now: datetime) -> None:
    """A batch that was packed in the last hours."""
    began = now - timedelta(minutes=100)
    for place, task in enumerate(
        hand_out.take_work(session, person.person_id or 0, now=began, zone=_ZONE, by=person), 1
    ):
        done = began + timedelta(minutes=23 * place)
        packing.finish_task(session, task.id, person.person_id or 0, now=done, by=person)


def _check(session: Session, lead: Actor, now: datetime) -> None:
    """Boxes chosen fairly; one was looked at already."""
    samples.choose_samples(session, rate_bps=_RATE_BPS, now=now, zone=_ZONE, rng=Random(7))  # noqa: S311 - demo data
    for check in sample_queries.due(session)[:1]:
        samples.note_result(
            session,
            check.id,
            answers=dict.fromkeys(QUESTIONS, True),
            kind_word="包得真整齐。",
            photo=None,
            now=now - timedelta(minutes=20),
            by=lead,
        )


def _train(session: Session, packers: Sequence[Actor], lead: Actor, now: datetime) -> None:
    today = local_day(now, _ZONE)
    topics = [
        training.add_topic(session, title_zh=zh, title_en=en, repeat_months=months, now=now, by=lead)
        for zh, en, months in _TOPICS
    ]
    for place, person in enumerate(packers):
        for index, topic in enumerate(topics[: 1 + place % 3]):
            training.note_training(
                session,
                person.person_id or 0,
                topic.id,
                trained_on=today - timedelta(days=(40, 20, 165)[index] + 3 * place),
                today=today,
                note="",
                now=now,
                by=lead,
            )


def _contest(session: Session, packers: Sequence[Actor], lead: Actor, now: datetime) -> None:
    today = local_day(now, _ZONE)
    contest = contests.call_contest(
        session,
        title="细心手",
        measure=CAREFUL,
        begins_on=today - timedelta(days=6),
        ends_on=today + timedelta(days=8),
        prize="一袋花菇",
        today=today,
        now=now,
        by=lead,
    )
    for person in (packers[0], packers[2], packers[5], packers[7]):
        contests.join(session, contest.id, person.person_id or 0, today=today, now=now, by=person)


def _yesterday(session: Session, lead: Actor, now: datetime) -> None:
    """How yesterday was closed."""
    at = now - timedelta(hours=21)
    left = {"late": 2, "waiting": 9, "not_left": 3}
    done = {
        "packed": 41,
        "handed_over": 38,
        "earned_fen": 3_420,
        "samples_ok": 3,
        "samples_mend": 1,
        "people": 6,
        "minutes": 1_180,
    }
    day = local_day(now, _ZONE) - timedelta(days=1)
    session.add(
        DayClose(
            day=day, round=1, at=at, by=lead.name, by_id=lead.person_id, done=done, left=left, note="纸箱快用完了。"
        )
    )
    session.flush()
