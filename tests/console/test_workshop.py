"""What the workshop calls itself, and how one begins: on an empty installation, or in place of the demo."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.care.invariants import check
from app.care.rounds import ALL_INVARIANTS
from app.demo import load_demo
from app.factory import create_app
from app.jobs import tools_for
from app.worker import Worker
from app.workshop import beginning
from app.workshop.beginning import FirstOwner, link_to_begin
from app.workshop.models import Workshop
from app.workshop.service import WorkshopFacts, describe, workshop_of
from app.workshop.watch import WorkshopWatch, overlaid
from config import Settings, load_settings
from kernel.db import APPEND_ONLY_TABLES, Base, Database
from kernel.people.models import Person
from kernel.people.rules import OWNER
from tests.console.conftest import Desk, sit_down
from tests.console.reading import form_at
from tests.packing.races import ROW_LOCKS, all_look_first, told_at_once, without
from tests.storefront.pages import assert_nothing_inline
from tests.world import NOW

NAME = "龙泉𠮷工坊"
ME = {"name": NAME, "owner_name": "季美凤", "login": "ji", "password": "a long password", "language": "zh"}


@pytest.fixture
def owner(app: Flask, database: Database) -> Desk:
    return sit_down(app, database, OWNER)


def written(database: Database) -> Workshop | None:
    with database.transaction() as session:
        return workshop_of(session)


# ---- describing ----


def test_a_new_name_is_on_every_page_of_this_process_at_once(owner: Desk) -> None:
    typed = owner.typed("/console/workshop?lang=zh", "", name=NAME, about_zh="山里的 <b> 人", about_en="Hill people")
    assert "庆元工坊" in owner.look("/?lang=zh")
    owner.send("/console/workshop", typed)
    page = owner.look("/?lang=zh")
    assert NAME in page
    assert "庆元" not in page
    assert "山里的 &lt;b&gt; 人" in page
    assert "Hill people" in owner.look("/?lang=en")
    assert owner.app.extensions["till"].couriers.sender.name == NAME
    (entry,) = owner.audit("workshop.described")
    assert entry.after["name"] == NAME
    owner.send("/console/workshop", typed)
    assert len(owner.audit("workshop.described")) == 1, "a second press writes nothing"


def test_another_process_hears_of_it_a_few_seconds_later(
    database: Database, settings: Settings, owner: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("app.workshop.watch.monotonic", lambda: now[0])
    other = create_app(settings, database).test_client()
    assert "庆元工坊" in other.get("/sign-in?lang=zh").text
    with database.transaction() as session:
        describe(session, WorkshopFacts(NAME), version=0, now=NOW, by=owner.person)
    assert NAME not in other.get("/sign-in?lang=zh").text
    now[0] += 5
    assert NAME in other.get("/sign-in?lang=zh").text


def test_the_worker_sends_under_the_new_name(database: Database, settings: Settings, owner: Desk) -> None:
    heard: list[Settings] = []
    watch = WorkshopWatch(database, settings, lambda settings, _: heard.append(settings))
    worker = Worker(database, tools_for(settings), look=watch.look)
    worker.run_once()
    assert heard == []
    with database.transaction() as session:
        describe(session, WorkshopFacts(NAME, phone="0578-1"), version=0, now=NOW, by=owner.person)
    watch.look(at_once=True)
    assert [(each.workshop_name, each.sender_phone) for each in heard] == [(NAME, "0578-1")]


def test_a_database_that_is_away_stops_no_page(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/none", pool_size=1)
    WorkshopWatch(away, settings, lambda *_: pytest.fail("nothing was read")).look()
    assert "workshop not read" in caplog.text
    away.dispose()


def test_what_the_owner_left_empty_the_settings_say() -> None:
    settings = load_settings({"GONGFANG_MODE": "test", "SENDER_PHONE": "0578-2", "SENDER_NAME": "仓库"})
    empty = Workshop(**vars(WorkshopFacts(NAME)))
    said = overlaid(settings, empty)
    assert (said.workshop_name, said.sender_name, said.sender_phone) == (NAME, "仓库", "0578-2")
    assert said.sender_region == settings.sender_region
    assert overlaid(settings, None) is settings


@pytest.mark.parametrize(
    ("field", "odd"),
    [("name", ""), ("name", "长" * 31), ("tax_code", "123"), ("city", ""), ("about_zh", "长" * 201), ("version", "x")],
)
def test_what_cannot_be_is_marked_and_kept(owner: Desk, field: str, odd: str) -> None:
    typed = owner.typed("/console/workshop?lang=zh", name=NAME, province="浙江省", city="丽水市", county="龙泉市")
    page = owner.send("/console/workshop?lang=zh", {**typed, field: odd}, status=422).text
    assert "龙泉市" in page
    assert f'href="#field-{field}"' in page
    assert written(owner.database) is None


def test_two_owners_write_and_the_second_is_told_first(owner: Desk) -> None:
    other = sit_down(owner.app, owner.database, OWNER, name="林老板")
    typed, late = owner.typed("/console/workshop", name="甲工坊"), other.typed("/console/workshop", name="乙工坊")
    owner.send("/console/workshop", typed)
    page = other.send("/console/workshop?lang=zh", late, status=409).text
    assert "甲工坊" in page
    assert 'value="乙工坊"' in page
    other.send("/console/workshop", {**late, "version": "1"})
    stands = written(owner.database)
    assert stands is not None
    assert (stands.name, stands.version) == ("乙工坊", 2)


def test_two_write_at_one_instant(owner: Desk) -> None:
    def writing(name: str, version: int) -> Callable[[Session], object]:
        return lambda session: describe(session, WorkshopFacts(name), version=version, now=NOW, by=owner.person)

    for version in (0, 1):
        told = told_at_once(owner.database, writing(f"甲{version}", version), writing(f"乙{version}", version))
        assert told == ["changed_meanwhile", "written"], version
    with without(owner.database, ROW_LOCKS), all_look_first(owner.database, "UPDATE workshop"):
        told = told_at_once(owner.database, writing("甲", 2), writing("乙", 2))
    assert told == ["written", "written"], "the control: without waiting the one writes over the other unseen"


# ---- beginning on an empty installation ----


def begin_page(app: Flask) -> str:
    settings: Settings = app.extensions["settings"]
    return link_to_begin("", settings.secret_key)


def test_an_empty_installation_is_begun_in_the_browser(app: Flask, database: Database) -> None:
    browser, link = app.test_client(), begin_page(app)
    for no_key in ("/begin", "/begin?key=guessed"):
        assert browser.get(no_key).status_code == 404
    page = browser.get(link)
    assert_nothing_inline(page)
    typed = {**form_at(page.text), **ME}
    refused = browser.post("/begin?lang=zh", data={**typed, "password": "short"})
    assert refused.status_code == 422
    assert f'value="{NAME}"' in refused.text
    assert 'value="short"' not in refused.text
    assert browser.post("/begin", data=typed).location == "/console"
    home = browser.get("/console?lang=zh").text
    assert NAME in home
    assert "五步就能开张" in home
    assert browser.get(link).status_code == 303, "the second time there is nothing to begin"
    again = browser.post("/begin?lang=zh", data=typed)
    assert again.status_code == 409
    assert "已经有人开张了" in again.text
    with database.transaction() as session:
        (person,) = session.scalars(select(Person))
        assert (person.name, person.roles, person.login) == ("季美凤", {OWNER}, "ji")


def test_two_begin_at_once_and_one_does(database: Database) -> None:
    def beginning_as(login: str) -> Callable[[Session], object]:
        owner = FirstOwner(login, login, "a long password", "zh")
        return lambda session: beginning.begin(session, owner, WorkshopFacts(NAME), now=NOW)

    assert told_at_once(database, beginning_as("ann"), beginning_as("bea")) == ["begun_already", "written"]
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 1


def test_without_taking_turns_the_tables_key_holds(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the turn taken away."""
    monkeypatch.setattr(beginning, "_TURN", text("SELECT 1"))

    def beginning_as(login: str) -> Callable[[Session], object]:
        owner = FirstOwner(login, login, "a long password", "zh")
        return lambda session: beginning.begin(session, owner, WorkshopFacts(NAME), now=NOW)

    with all_look_first(database, "INSERT INTO people"):
        told = told_at_once(database, beginning_as("ann"), beginning_as("bea"))
    assert any("pk_workshop" in each for each in told), told


# ---- removing the demo ----


@pytest.fixture
def demo(app: Flask, database: Database) -> Desk:
    load_demo(database, NOW)
    return sit_down(app, database, OWNER)


def rows(database: Database) -> dict[str, int]:
    with database.transaction() as session:
        tables = Base.metadata.tables
        return {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in tables.items()}


def test_the_demo_is_removed_and_a_workshop_begins(demo: Desk) -> None:
    assert "/begin/anew" in demo.look("/console/settings")
    typed = demo.typed("/begin/anew?lang=zh", **ME)
    assert "请先打勾" in demo.send("/begin/anew?lang=zh", typed, status=422).text
    before = rows(demo.database)
    assert min(before["orders"], before["deliveries"], before["wage_entries"]) > 3
    demo.send("/begin/anew", {**typed, "sure": "1"})
    after = {name: count for name, count in rows(demo.database).items() if count}
    assert set(after) <= {"people", "person_roles", "sign_ins", "workshop", "audit_entries", "printers", "tallies"}
    assert (after["people"], after["printers"]) == (1, before["printers"])
    assert "五步就能开张" in demo.look("/console?lang=zh")
    assert NAME in demo.look("/?lang=zh")
    for path in ("orders", "insights", "prosperity", "planning", "stock", "people", "board", "streams", "notices"):
        demo.look(f"/console/{path}")
    assert demo.browser.get("/begin/anew").location == "/console/workshop", "there is no demo any more"
    assert load_demo(demo.database, NOW) is False, "the next start brings it not back"
    assert check(demo.database, ALL_INVARIANTS).violations == []


def test_ledgers_are_append_only_again_afterwards(demo: Desk) -> None:
    typed = demo.typed("/begin/anew", **ME, sure="1")
    demo.send("/begin/anew", typed)
    there = inspect(demo.database.engine).get_table_names()
    for table in APPEND_ONLY_TABLES:
        assert table in there
        with pytest.raises(DBAPIError, match="append-only"), demo.database.transaction() as session:
            session.execute(text(f"TRUNCATE {table} CASCADE"))


def test_what_is_no_demo_is_never_removed(owner: Desk) -> None:
    with owner.database.transaction() as session:
        describe(session, WorkshopFacts(NAME), version=0, now=NOW, by=owner.person)
    assert "/begin/anew" not in owner.look("/console/settings")
    answer = owner.send("/begin/anew?lang=zh", {**ME, "sure": "1"}, status=409)
    assert "没有演示数据" in answer.text
    with owner.database.transaction() as session:
        assert session.get(Person, owner.person.person_id) is not None


def test_a_demo_that_was_given_another_name_is_still_the_demo(demo: Desk) -> None:
    demo.send("/console/workshop", demo.typed("/console/workshop", name="演示"))
    assert "/begin/anew" in demo.look("/console/settings")


def test_removed_twice_at_once_it_begins_once(demo: Desk) -> None:
    def removing(login: str) -> Callable[[Session], object]:
        owner = FirstOwner(login, login, "a long password", "zh")
        facts = WorkshopFacts(NAME)
        return lambda session: beginning.remove_demo(session, owner, facts, now=NOW, by=demo.person)

    assert told_at_once(demo.database, removing("ann"), removing("bea")) == ["no_demo", "written"]
    assert rows(demo.database)["people"] == 1
