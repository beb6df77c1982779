"""Where parcels are: asked politely, told once, ended rightly, and what has become work for the lead."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app import workflows
from fulfillment.couriers.cases import service as cases
from fulfillment.couriers.cases.models import CourierCase
from fulfillment.couriers.cases.rules import KINDS
from fulfillment.couriers.providers import TRACK_STATES
from fulfillment.couriers.tracking import queries as tracking_queries
from fulfillment.couriers.tracking import rules, service, steps
from tests.couriers.world import STUCK_AFTER, House
from tests.lead.world import parcel_of
from tests.world import NOW

STATES = st.sampled_from(("", *TRACK_STATES))
AGES = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60))


@given(state=STATES, age=AGES, failures=st.integers(0, 500))
def test_nobody_is_asked_twice_within_half_an_hour_nor_left_for_more_than_a_day(
    state: str, age: timedelta, failures: int
) -> None:
    look = rules.next_look(state=state, begun_at=NOW - age, now=NOW, failures=failures)
    if rules.end_of(state) or age >= rules.GIVE_UP:
        assert look is None
    else:
        assert look is not None
        assert timedelta(minutes=30) <= look - NOW <= timedelta(days=1)


@given(state=STATES, age=AGES, more=AGES)
def test_the_older_a_parcel_is_the_slower_it_is_asked_for(state: str, age: timedelta, more: timedelta) -> None:
    young = rules.next_look(state=state, begun_at=NOW - age, now=NOW)
    old = rules.next_look(state=state, begun_at=NOW - age - more, now=NOW)
    assert old is None or (young is not None and young <= old)


@given(states=st.lists(STATES, max_size=12), gaps=st.lists(st.integers(0, 200), min_size=12, max_size=12))
def test_over_any_way_of_states_cases_are_known_and_an_arrival_leaves_none_but_what_came_back(
    states: list[str], gaps: list[int]
) -> None:
    now, news_at, waiting = NOW, NOW, set[str]()
    for state, hours in zip(states, gaps, strict=False):
        now += timedelta(hours=hours)
        if hours % 2:
            news_at = now
        kinds = rules.cases_of(state, news_at=news_at, now=now, stuck_after=STUCK_AFTER)
        over = rules.passed(state, frozenset(waiting), still=kinds)
        assert not over & kinds
        waiting = (waiting - over) | kinds
        assert waiting <= set(KINDS)
        assert ("stuck" in kinds) == (not rules.end_of(state) and now - news_at >= STUCK_AFTER)
        if state == "delivered":
            assert waiting <= {"returned"}
            return


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("【杭州市】 示例员(17000000000) 正在派件", "【杭州市】 示例员(***) 正在派件"),
        ("客户签收人: 张三 已签收", "客户签收人: *** 已签收"),
        ("电联 0578-6120000\n或 400-636-1000", "电联 *** 或 ***"),
        ("快件离开 【丽水转运中心】 2026-08-04", "快件离开 【丽水转运中心】 ***"),
        ("\x00\u2028<b>到了</b>", "<b>到了</b>"),
        ("长" * 900, "长" * 200),
    ],
)
def test_a_line_keeps_no_phone_and_no_signer(said: str, kept: str) -> None:
    assert rules.clean_words(said) == kept


def leave(town: House, carrier: str = "ZTO") -> tuple[str, str]:
    """A parcel leaves with a label of the courier; its number and the waybill's."""
    number = town.packed()
    town.ask(number, carrier=carrier)
    town.work()
    given = town.waybill(number).number
    assert given is not None
    town.hand_over(number, given)
    return number, given


def stored_steps(town: House) -> int:
    with town.database.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM track_steps")) or 0)


def test_a_parcel_is_followed_to_the_door_and_its_order_is_delivered(town: House) -> None:
    number, given = leave(town)
    assert town.track() == 1
    assert town.state(number) == ""
    for stage, state in (("collected", "collected"), ("moving", "moving"), ("delivering", "delivering")):
        town.depot.move(given, stage, at=town.now.timestamp())
        town.track()
        assert town.state(number) == state
    assert town.order_state(number) == "shipped"
    town.depot.move(given, "signed", at=town.now.timestamp())
    town.track()
    assert (town.state(number), town.order_state(number)) == ("delivered", "delivered")
    assert stored_steps(town) == 4
    assert town.cases(number) == {}
    asked = town.depot.asked
    town.track(timedelta(days=2))
    assert town.depot.asked == asked


def test_every_line_is_stored_once_however_often_it_is_told(town: House) -> None:
    _, given = leave(town)
    town.depot.move(given, "collected", at=town.now.timestamp())
    town.depot.move(given, "moving", at=town.now.timestamp() + 60)
    for _ in range(3):
        assert town.track(timedelta(hours=6)) == 1
    assert stored_steps(town) == 2


def test_nobody_asks_again_within_half_an_hour_even_when_two_workers_do(town: House) -> None:
    leave(town)
    assert town.track() == 1
    with town.database.transaction() as session:
        session.execute(text("UPDATE trackings SET next_look_at = :now"), {"now": town.now})
    asked = town.depot.asked
    assert town.track(timedelta(minutes=29)) == 0
    assert town.depot.asked == asked
    assert town.track(timedelta(minutes=1)) == 1


def test_whoever_asks_now_is_answered_now_but_not_twice_within_half_an_hour(town: House) -> None:
    number, given = leave(town)
    town.depot.move(given, "moving", at=town.now.timestamp())

    def ask_now() -> bool:
        with town.database.transaction() as session:
            return service.ask_soon(session, parcel_of(session, number), town.now)

    assert ask_now()
    assert town.track(timedelta(0)) == 1
    assert town.state(number) == "moving"
    town.now += timedelta(minutes=29)
    assert not ask_now()
    assert town.track(timedelta(0)) == 0
    town.now += timedelta(minutes=1)
    assert ask_now()
    assert town.track(timedelta(0)) == 1


def test_a_round_has_an_end(town: House) -> None:
    for _ in range(3):
        leave(town)
    town.now += timedelta(hours=2)
    asked = steps.track_parcels(
        town.database, town.desk, workflows.note_journey, town.now, most=2, pause=lambda _: None
    )
    assert asked == 2
    assert town.track(timedelta(minutes=1)) == 1


def test_a_courier_that_is_away_is_left_alone_for_the_rest_of_the_round(town: House) -> None:
    numbers = [leave(town)[0] for _ in range(5)]
    town.depot.levers.html = 100
    asked = town.depot.asked
    assert town.track() == 3
    assert town.depot.asked == asked + 3
    town.depot.levers.html = 0
    town.track(timedelta(hours=1))
    assert [town.cases(number) for number in numbers] == [{}] * 5


def test_what_is_signed_by_the_sender_has_come_back_and_is_not_delivered(town: House) -> None:
    number, given = leave(town)
    for stage in ("collected", "refused", "returning", "returned"):
        town.depot.move(given, stage, at=town.now.timestamp())
        town.track()
    assert (town.state(number), town.order_state(number)) == ("returned", "shipped")
    assert town.cases(number) == {"refused": None, "returning": None, "returned": None}


def test_trouble_that_passes_settles_itself(town: House) -> None:
    number, given = leave(town)
    for stage in ("unreachable", "address", "signed"):
        town.depot.move(given, stage, at=town.now.timestamp())
        town.track()
    assert town.cases(number) == {"unreachable": "passed", "address": "passed"}


def test_a_parcel_without_news_is_stuck_and_a_settled_case_stays_settled_until_there_is_news(town: House) -> None:
    number, given = leave(town)
    town.depot.move(given, "collected", at=town.now.timestamp())
    town.track()
    assert town.cases(number) == {}
    town.track(STUCK_AFTER)
    assert town.cases(number) == {"stuck": None}
    with town.database.transaction() as session:
        case_id = session.query(CourierCase).one().id
        cases.settle(session, case_id, "asked", words="快递说明天到", now=town.now, by=town.bench.lead)
    town.track(timedelta(days=1))
    with town.database.transaction() as session:
        assert session.query(CourierCase).count() == 1
    town.depot.move(given, "moving", at=town.now.timestamp())
    town.track(timedelta(days=1))
    town.track(STUCK_AFTER)
    with town.database.transaction() as session:
        assert session.query(CourierCase).filter(CourierCase.settled_at.is_(None)).count() == 1


def test_a_courier_s_clock_that_is_ahead_hides_no_stuck_parcel(town: House) -> None:
    number, given = leave(town)
    town.depot.move(given, "collected", at=(town.now + timedelta(days=400)).timestamp())
    town.track()
    town.track(STUCK_AFTER + timedelta(hours=1))
    assert town.cases(number) == {"stuck": None}


def test_after_thirty_days_nobody_asks_any_more(town: House) -> None:
    number, _ = leave(town)
    town.track(timedelta(days=31))
    with town.database.transaction() as session:
        assert session.scalar(text("SELECT how_ended FROM trackings")) == "given_up"
    assert town.cases(number) == {"stuck": None}


def test_a_number_put_right_is_followed_instead_of_the_wrong_one(town: House) -> None:
    number, given = leave(town)
    town.depot.move(given, "signed", at=town.now.timestamp())
    with town.database.transaction() as session:
        parcel_id = session.scalar(text("SELECT id FROM parcels WHERE number = :n"), {"n": number})
        workflows.correct_waybill(
            session, parcel_id, carrier="ZTO", tracking_number="78000000000128", by=town.bench.lead, now=town.now
        )
    town.track()
    assert (town.state(number), town.order_state(number)) == ("", "shipped")
    town.depot.move("78000000000128", "signed", at=town.now.timestamp())
    town.track()
    assert town.order_state(number) == "delivered"


def test_an_answer_about_a_number_that_was_put_right_meanwhile_says_nothing(town: House) -> None:
    number, given = leave(town)
    town.depot.move(given, "signed", at=town.now.timestamp())
    assert town.desk.provider is not None
    journey = town.desk.provider.track(steps.TrackQuery("ZTO", given, "8000"))
    with town.database.transaction() as session:
        parcel_id = session.scalar(text("SELECT id FROM parcels WHERE number = :n"), {"n": number})
        workflows.note_journey(session, parcel_id, "78000000000128", journey, STUCK_AFTER, town.now)
    assert (town.state(number), town.order_state(number)) == ("", "shipped")


def test_a_state_that_nobody_knows_is_told_to_the_lead_the_second_time(town: House) -> None:
    number, _ = leave(town)
    town.depot.levers.unknown = 2
    town.track()
    assert town.cases(number) == {}
    town.track()
    assert town.cases(number) == {"track_failed": None}


def test_two_boxes_of_an_order_are_both_needed(town: House) -> None:
    number, given = leave(town)
    with town.database.transaction() as session:
        parcel = session.execute(text("SELECT id, order_id FROM parcels WHERE number = :n"), {"n": number}).one()
        assert tracking_queries.all_delivered(session, parcel.order_id) is False
    town.depot.move(given, "signed", at=town.now.timestamp())
    town.track()
    with town.database.transaction() as session:
        assert tracking_queries.all_delivered(session, parcel.order_id) is True


def test_rounds_are_planned_once_however_many_workers_start(town: House) -> None:
    with town.database.transaction() as session:
        for _ in range(3):
            steps.plan(session, datetime(2026, 11, 24, 12, 1, tzinfo=UTC))
    with town.database.transaction() as session:
        rows = session.execute(text("SELECT run_at FROM jobs WHERE kind = 'track_parcels'")).all()
    assert [row.run_at for row in rows] == [datetime(2026, 11, 24, 12, 10, tzinfo=UTC)]


def test_two_workers_share_a_round(town: House) -> None:
    for _ in range(2):
        leave(town)
    town.now += timedelta(hours=2)
    carriers = town.desk.tracked_carriers
    with town.database.transaction() as one, town.database.transaction() as other:
        mine = service.claim_looks(one, town.now, carriers, 1)
        theirs = service.claim_looks(other, town.now, carriers, 5)
        assert len(mine) == len(theirs) == 1
        assert mine[0].parcel_id != theirs[0].parcel_id
