"""R13: a packer's tablet without a network, with a bad one, and with its answers late. Nothing is lost or paid twice."""

from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from fulfillment.crew import queries as crew_queries
from fulfillment.crew import service as crew
from fulfillment.crew.rules import PIN as PIN_SIGN_IN
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask, Parcel, TaskLog
from fulfillment.packing.states import TAKEN
from fulfillment.piecework.models import WageEntry
from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from kernel.ids import time_ordered_id
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import OWNER, PACKER
from tests.bench.lines import AFTER, BEFORE, HALF, Line
from tests.bench.roads import (
    KEPT,
    SCRIPTS_KEPT,
    WHOSE_PAGES,
    actions,
    cut,
    done,
    facts,
    get_work,
    in_hand,
    make_person,
    mend,
    note_facts,
    of_person,
    owed,
    scan,
    scan_all,
    sign_in,
    waits,
)
from tests.browsers import eventually
from tests.e2e.house import TABLET
from tests.packing.world import RATE_FEN, make_pile

pytestmark = pytest.mark.browser


def test_an_hour_without_a_network_then_a_bad_one(
    page: Page, url: str, line: Line, packer: int, database: Database, app: Flask
) -> None:
    page.clock.install()
    sign_in(page, url, packer)
    get_work(page)
    numbers = in_hand(database, packer)
    began = utc_now()
    cut(page, line)
    done(page)
    expect(page.get_by_text("包好了，今天第 1 件，挣了 8 角")).to_be_visible()
    page.get_by_role("button", name="撤回").click()
    expect(page.get_by_text("又在您手上")).to_be_visible()
    scan(page, numbers[0])
    expect(page.get_by_text("包好了，今天第 1 件")).to_be_visible()
    scan(page, numbers[1])
    waits(page, 4)
    expect(page.locator(".bench-earned")).to_contain_text("今天 2 件")
    page.reload()
    waits(page, 4)
    expect(page.locator(".bench-earned")).to_contain_text("今天 2 件")
    expect(page.locator(".task-card .parcel-number")).to_contain_text(numbers[2][-4:])
    page.clock.fast_forward("01:00:00")
    app.extensions["clock"] = lambda: utc_now() + timedelta(hours=1)
    scan(page, numbers[2])
    expect(page.get_by_text("这批都包好了")).to_be_visible()
    page.get_by_role("button", name="领活").click()
    expect(page.get_by_text("没有网，领不了新活")).to_be_visible()
    line.loss, line.plan, line.path = 0.2, [BEFORE, AFTER, HALF], "/bench/queue"
    mend(page, line)
    expect(page.get_by_text("都送到了")).to_be_visible()
    assert [line.lost[each] >= 1 for each in (BEFORE, AFTER, HALF)] == [True] * 3
    assert owed(database, packer) == [RATE_FEN, -RATE_FEN, RATE_FEN, RATE_FEN, RATE_FEN]
    assert sorted(actions(database)) == sorted([("done", "done"), ("undo", "done"), *[("scan", "done")] * 3])
    with database.transaction() as session:
        times = list(session.scalars(select(WageEntry.earned_at).order_by(WageEntry.id)))
    assert all(abs(at - began) < timedelta(minutes=5) for at in times[:4]), (
        "paid for when it was done, not when it arrived"
    )
    assert times[4] - began > timedelta(minutes=55)


def give_many(database: Database, packer: int, count: int) -> None:
    """A whole heap in one packer's hands, as when the lead hands it over."""
    with database.transaction() as session:
        make_pile(session, count, due_at=utc_now() + timedelta(hours=3))
        facts = {
            "state": TAKEN,
            "packer_id": packer,
            "taken_at": utc_now(),
            "rate_fen": RATE_FEN,
            "batch": time_ordered_id(),
        }
        session.execute(update(PackingTask).values(facts))
        tasks = session.scalars(select(PackingTask.id)).all()
        session.add_all(
            TaskLog(
                task_id=task,
                from_state="waiting",
                to_state=TAKEN,
                packer_id=packer,
                at=utc_now(),
                by="lead",
                rate_fen=RATE_FEN,
            )
            for task in tasks
        )


def test_forty_fast_scans_over_a_line_that_loses_a_fifth(
    page: Page, url: str, line: Line, packer: int, database: Database
) -> None:
    give_many(database, packer, 34)
    sign_in(page, url, packer)
    numbers = in_hand(database, packer)
    assert len(numbers) == 40
    line.loss, line.path = 0.2, "/bench/queue"
    line.plan = [HALF, AFTER]
    scan_all(page, numbers)
    expect(page.locator(".bench-earned")).to_contain_text("今天 40 件")
    expect(page.get_by_text("都送到了")).to_be_visible(timeout=60_000)
    assert sum(line.lost.values()) >= 2
    assert owed(database, packer) == [RATE_FEN] * 40
    assert actions(database) == [("scan", "done")] * 40


def test_what_waits_at_a_hand_over_stays_with_whoever_did_it(
    page: Page, url: str, line: Line, packer: int, database: Database
) -> None:
    with database.transaction() as session:
        next_one = make_person(session, "叶根土", "叶大伯")
    sign_in(page, url, packer)
    get_work(page)
    line.path, line.plan = "/bench/queue", [BEFORE] * 60
    done(page)
    waits(page, 1)
    page.get_by_role("button", name="换人").click()
    page.wait_for_url("**/bench/sign-in")
    assert page.evaluate("async () => (await (await caches.open('bench-work')).match('/bench')) === undefined")
    long_ago = int((utc_now() - timedelta(days=15)).timestamp() * 1000)
    left_long_ago, here_last_week = 901, 902
    for person, seen in ((left_long_ago, long_ago), (here_last_week, long_ago + 8 * 24 * 3_600_000)):
        note_facts(page, {f"pass {person}": "x", f"truth {person}": {}, f"seen {person}": seen})
    note_facts(page, {f"seen {packer}": long_ago})
    sign_in(page, url, next_one)
    expect(page.locator(".bench-who")).to_contain_text("叶大伯")
    expect(page.get_by_text("上一位还有 1 件事在等网")).to_be_visible()
    eventually(page, lambda: not facts(page) & of_person(left_long_ago))
    assert facts(page) >= of_person(here_last_week) | {f"pass {packer}"}, "what waits keeps its person's pass"
    expect(page.locator(".bench-earned")).to_contain_text("今天 0 件")
    line.plan = []
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_text("上一位")).to_have_count(0)
    assert (owed(database, packer), owed(database, next_one)) == ([RATE_FEN], [])
    cut(page, line)
    page.reload()
    expect(page.locator(".bench-who")).to_contain_text("叶大伯")
    eventually(page, lambda: not facts(page) & of_person(packer))
    assert f"pass {next_one}" in facts(page)


def test_without_a_network_nobody_is_handed_somebody_elses_page(page: Page, url: str, line: Line, packer: int) -> None:
    sign_in(page, url, packer)
    get_work(page)
    cut(page, line)
    done(page)
    waits(page, 1)
    page.get_by_role("button", name="换人").click()
    expect(page.get_by_text("没有网，下一位登录不了")).to_be_visible()
    mend(page, line)
    expect(page.get_by_text("都送到了")).to_be_visible()
    page.get_by_role("button", name="换人").click()
    page.wait_for_url("**/bench/sign-in")
    cut(page, line)
    page.goto(f"{url}/bench")
    expect(page.get_by_role("heading", name="没有网络")).to_be_visible()
    expect(page.get_by_text("美仙")).to_have_count(0)


def test_who_handed_over_is_not_shown_when_the_next_page_is_lost(page: Page, url: str, line: Line, packer: int) -> None:
    sign_in(page, url, packer)
    get_work(page)
    line.path, line.plan = "/bench/sign-in", [BEFORE] * 10
    page.get_by_role("button", name="换人").click()
    expect(page.get_by_role("heading", name="没有网络")).to_be_visible()
    assert line.heard["/bench/hand-over"] == 1
    cut(page, line)
    page.goto(f"{url}/bench")
    expect(page.get_by_role("heading", name="没有网络")).to_be_visible()
    expect(page.get_by_text("美仙")).to_have_count(0)


def test_an_order_cancelled_meanwhile_is_told_and_its_goods_go_back(
    page: Page, url: str, line: Line, packer: int, database: Database
) -> None:
    sign_in(page, url, packer)
    get_work(page)
    cut(page, line)
    with database.transaction() as session:
        first = session.scalars(
            select(PackingTask).where(PackingTask.state == TAKEN).order_by(PackingTask.due_at)
        ).first()
        assert first is not None
        packing.stop_tasks_of_order(session, first.parcel.order_id, now=utc_now(), by=SYSTEM, reason="buyer cancelled")
    done(page)
    done(page)
    expect(page.locator(".bench-earned")).to_contain_text("今天 2 件")
    mend(page, line)
    expect(page.get_by_role("heading", name="订单取消了，请把东西放回去")).to_be_visible()
    expect(page.locator(".bench-earned")).to_contain_text("今天 1 件")
    page.wait_for_timeout(650)
    page.get_by_role("button", name="放回去了").click()
    expect(page.get_by_text("谢谢，放回去就好了")).to_be_visible()
    expect(page.locator(".big-button-done")).to_be_visible()
    eventually(page, lambda: ("put_back", "done") in actions(database))
    assert owed(database, packer) == [RATE_FEN]
    with database.transaction() as session:
        assert session.get_one(PackingTask, first.id).put_back_at is not None


def test_two_tablets_with_one_badge_count_each_parcel_once(
    page: Page, url: str, line: Line, packer: int, database: Database, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": TABLET[0], "height": TABLET[1]}, locale="zh-CN")
    other = context.new_page()
    other.set_default_timeout(20_000)
    sign_in(page, url, packer)
    get_work(page)
    sign_in(other, url, packer)
    numbers = in_hand(database, packer)
    for tablet in (page, other):
        tablet.context.set_offline(True)
        scan_all(tablet, numbers)
        waits(tablet, 3)
    page.context.set_offline(False)
    expect(page.get_by_text("都送到了")).to_be_visible()
    other.context.set_offline(False)
    expect(other.get_by_text("只记一次")).to_have_count(3)
    expect(other.locator(".bench-earned")).to_contain_text("今天 3 件")
    other.get_by_role("button", name="知道了").first.click()
    expect(other.get_by_text("只记一次")).to_have_count(2)
    assert owed(database, packer) == [RATE_FEN] * 3
    context.close()


def test_something_wrong_is_noted_without_a_network(
    page: Page, url: str, line: Line, packer: int, database: Database
) -> None:
    sign_in(page, url, packer)
    get_work(page)
    numbers = in_hand(database, packer)
    cut(page, line)
    page.get_by_role("link", name="有问题").click()
    page.get_by_role("link", name="货不够").click()
    page.get_by_role("button", name="交给组长").click()
    expect(page.get_by_text("交给组长了，组长去拿货。")).to_be_visible()
    expect(page.locator(".task-card .parcel-number")).to_contain_text(numbers[1][-4:])
    expect(page.locator(".boxes .box")).to_have_count(2)
    waits(page, 1)
    mend(page, line)
    expect(page.get_by_text("都送到了")).to_be_visible()
    with database.transaction() as session:
        task = session.scalars(select(PackingTask).join(Parcel).where(Parcel.number == numbers[0])).one()
        assert (task.state, task.trouble) == ("waiting", "short")


def test_a_break_with_empty_hands_is_noted_without_a_network(
    page: Page, url: str, line: Line, packer: int, database: Database
) -> None:
    with database.transaction() as session:
        crew.begin_shift(session, packer, how=PIN_SIGN_IN, now=utc_now() - timedelta(hours=1), by=SYSTEM)
    sign_in(page, url, packer)
    eventually(page, lambda: page.evaluate(KEPT) and page.evaluate(SCRIPTS_KEPT))
    cut(page, line)
    page.get_by_role("link", name="有问题").click()
    page.get_by_role("button", name="没事了").click()
    expect(page.get_by_role("button", name="领活")).to_be_visible()
    page.get_by_role("link", name="有问题").click()
    expect(page.get_by_role("link", name="货不够")).to_be_hidden()
    page.get_by_role("link", name="歇一会儿").click()
    page.get_by_role("button", name="好，去歇着").click()
    waits(page, 1)
    mend(page, line)
    expect(page.get_by_role("heading", name="您在休息")).to_be_visible()
    with database.transaction() as session:
        here = crew_queries.presence_of(session, packer, utc_now())
        assert here is not None
        assert here.break_since is not None
    assert actions(database) == [("rest", "done")]


def test_who_signs_out_at_a_desk_leaves_no_page_of_work_on_the_device(
    page: Page, url: str, packer: int, database: Database
) -> None:
    sign_in(page, url, packer)
    eventually(page, lambda: page.evaluate(KEPT))
    assert page.evaluate(WHOSE_PAGES) == [str(packer)], "there is a page to take along"
    with database.transaction() as session:
        person = session.get_one(Person, packer)
        people.set_roles(session, person, [PACKER, OWNER], now=utc_now(), by=SYSTEM)
    # The console and its way out are no addresses of the service worker.
    page.goto(f"{url}/console")
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/sign-in")
    eventually(page, lambda: page.evaluate(WHOSE_PAGES) == [])
