"""A break, and back from it by one press; unwell, and the lead knows."""

from datetime import timedelta

from flask.testing import FlaskClient

from fulfillment.bench.packer_words import TROUBLES
from fulfillment.crew import queries as crew
from fulfillment.packing.states import TROUBLES as KEYS
from kernel.db import Database
from kernel.people.rules import LEAD
from tests import routes as ways
from tests.bench.conftest import Tablet
from tests.packing.world import id_of


def presence(database: Database, tablet: Tablet) -> crew.Presence | None:
    with database.transaction() as session:
        return crew.presence_of(session, id_of(tablet.person), tablet.now)


def lead_of(tablet: Tablet, database: Database) -> FlaskClient:
    return ways.sign_in(tablet.app, database, ways.person_with(database, LEAD))


def test_a_break_gives_the_work_back_and_one_press_ends_it(tablet: Tablet, pile: None, database: Database) -> None:
    tablet.get_work()
    tablet.wait(minutes=30)
    assert tablet.press("/bench/wrong/break").status_code == 303
    assert tablet.in_hand() == []
    here = presence(database, tablet)
    assert here is not None
    assert here.break_since == tablet.now
    began, tablet_words = tablet.now, tablet.look().text
    assert "您在休息" in tablet_words
    assert "我回来了" in tablet_words
    assert 'action="/bench/work"' not in tablet_words.split("data-screen")[1].split("</article>")[0]
    tablet.wait(minutes=12)
    for _ in range(2):
        assert tablet.press("/bench/back").status_code == 303
    assert "您在休息" not in tablet.look().text
    with database.transaction() as session:
        (shift,) = crew.shifts_between(session, began - timedelta(days=1), tablet.now + timedelta(days=1))
        assert [(rest.began_at, rest.ended_at) for rest in shift.breaks] == [(began, tablet.now)]
    assert tablet.wages() == []


def test_a_second_press_for_a_break_begins_no_second_one_and_who_never_came_only_rests(
    tablet: Tablet, pile: None, database: Database
) -> None:
    assert tablet.press("/bench/wrong/break").status_code == 303
    assert presence(database, tablet) is None
    tablet.get_work()
    for _ in range(2):
        assert tablet.press("/bench/wrong/break").status_code == 303
        tablet.wait(minutes=1)
    tablet.get_work()
    here = presence(database, tablet)
    assert here is not None
    assert here.break_since is None, "taking work ends the break, too"


def test_the_lead_is_told_who_is_unwell_until_they_are_back(tablet: Tablet, pile: None, database: Database) -> None:
    tablet.get_work()
    lead = lead_of(tablet, database)
    words = "停了手，请去看看"
    assert words not in lead.get("/bench/lead").text
    assert tablet.press("/bench/wrong/unwell").status_code == 303
    assert presence(database, tablet) is None, "the shift is over"
    assert words in lead.get("/bench/lead").text
    tablet.wait(minutes=40)
    tablet.get_work()
    assert words not in lead.get("/bench/lead").text


def test_every_trouble_says_who_comes_where_the_goods_go_and_that_nothing_is_taken_off(
    tablet: Tablet, pile: None
) -> None:
    assert tuple(TROUBLES) == KEYS
    task = tablet.get_work()[0]
    for key, trouble in TROUBLES.items():
        page = tablet.look(f"/bench/wrong/{key}?parcel={tablet.number_of(task)}").text
        for words in (trouble.who, trouble.goods, trouble.pay):
            assert str(words) in page
        assert str(trouble.next_step) in page, "and it is read aloud"
        assert "不扣钱" in trouble.pay.zh or "一分不少" in trouble.pay.zh
