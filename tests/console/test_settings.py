"""What is set in words, messages that were sent, searches that people keep."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.console.saved import service as saved
from app.console.saved.models import SavedView
from app.console.settings_words import groups
from config import load_settings
from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Refused
from kernel.notices.models import Notice
from kernel.notices.rules import SMS
from kernel.notices.service import leave_notice
from kernel.people.rules import OWNER, STREAMER
from shop.streams import service as streams
from tests.console.conftest import Desk, sit_down
from tests.console.reading import form_at
from tests.packing.races import REPLACING, all_look_first, told_at_once, without
from tests.streams.evening import make_evening
from tests.world import NOW


@pytest.fixture
def owner(app: Flask, database: Database) -> Desk:
    return sit_down(app, database, OWNER)


def test_settings_are_said_in_words_and_secrets_are_not(owner: Desk) -> None:
    page = owner.look("/console/settings?lang=zh")
    assert "WORKSHOP_NAME" in page
    assert "现在收的是演示的钱" in page
    assert "/begin/anew" not in page, "there is no demo here to remove"
    assert "sk_test" not in page
    assert "whsec" not in page


def test_every_line_is_a_setting_that_exists() -> None:
    settings = load_settings({"GONGFANG_MODE": "test"})
    lines = [line for group in groups(settings) for line in group.lines]
    assert len({line.name for line in lines}) == len(lines) > 20
    assert all(hasattr(settings, line.name.lower()) and line.value for line in lines)


def test_what_is_set_is_what_is_shown() -> None:
    given = {"GONGFANG_MODE": "test", "PAYMENT_FEE_BPS": "340", "HEAVIEST_PARCEL_G": "900", "SHIPPING_FEN": "750"}
    said = {line.name: line.value for group in groups(load_settings(given)) for line in group.lines}
    assert (said["PAYMENT_FEE_BPS"], said["HEAVIEST_PARCEL_G"], said["SHIPPING_FEN"]) == ("3.4 %", "900 g", "¥7.50")


# ---- messages ----


def test_messages_are_listed_by_state_with_masked_recipients(owner: Desk) -> None:
    assert "没有消息" in owner.look("/console/notices?lang=zh")
    with owner.database.transaction() as session:
        for number in range(52):
            facts = {"channel": SMS, "recipient": "13800008765", "title": "G-1", "body": f"到了 {number} <b>"}
            leave_notice(session, key=f"k{number}", subject="order:G-1", **facts, now=NOW, by=SYSTEM)
        failed = session.scalars(select(Notice).order_by(Notice.id).limit(1)).one()
        failed.state, failed.problem, failed.done_at, failed.recipient = "failed", "号码停机", NOW, "138******65"
    page = owner.look("/console/notices?lang=zh")
    assert "13800008765" not in page
    assert "到了 51 &lt;b&gt;" in page
    older = re.search(r'href="(/console/notices\?[^"]*before=[^"]*)"', page)
    assert older
    assert "到了 0 &lt;b&gt;" in owner.look(f"{older[1]}&lang=zh")
    only = owner.look("/console/notices?state=failed&lang=zh")
    assert "号码停机" in only
    assert "到了 51" not in only
    assert "请选一项" in owner.look("/console/notices?state=cats&lang=zh", 422)
    for odd in ("before=x", "before=99999999999999999999", "after=7777777"):
        assert "没有这一页" in owner.look(f"/console/notices?{odd}&lang=zh", 404)


# ---- kept searches ----


def test_a_search_is_kept_under_a_name_found_again_and_let_go(owner: Desk) -> None:
    address = "/console/searches/orders?state=paid&channel=own"
    for _ in range(2):
        owner.send(address, {"name": "待打包 𠮷 <i>"})
    page = owner.look("/console/orders?lang=zh")
    assert page.count("待打包 𠮷 &lt;i&gt;</bdi>") == 1
    assert "state=paid&amp;channel=own" in page
    owner.send("/console/searches/orders?state=refunded", {"name": "待打包 𠮷 <i>"})
    with owner.database.transaction() as session:
        kept = session.scalars(select(SavedView)).one()
        assert kept.query == "state=refunded"
    assert owner.browser.post("/console/searches/orders", data={"name": "空"}).status_code == 400
    assert owner.browser.post("/console/searches/orders?state=paid", data={"name": ""}).status_code == 422
    assert owner.browser.post("/console/searches/orders?state=cats", data={"name": "x"}).status_code == 422
    other = sit_down(owner.app, owner.database, STREAMER, name="叶阿香")
    assert "待打包" not in other.look("/console/orders?lang=zh").replace("待打包</option>", "")
    other.send(f"/console/searches/orders/{kept.id}/let-go", {})
    with owner.database.transaction() as session:
        assert session.scalars(select(SavedView)).one(), "nobody lets go of another's"
    mine = sit_down(owner.app, owner.database, OWNER, name="吴晓岚二")
    mine.send(f"/console/searches/orders/{kept.id}/let-go", {})


@pytest.mark.parametrize(
    ("name", "path", "query"),
    [
        ("orders", "/console/orders", "state=paid&order=dear"),
        ("streams", "/console/streams", "q=%E5%A4%9C%E5%B8%82&order=paid"),
        ("vouchers", "/console/vouchers", "order=used"),
        ("buyers", "/console/insights/buyers", "segment=returning&order=recent"),
        ("people", "/console/people", "role=packer&order=newest"),
        ("notices", "/console/notices", "state=failed"),
        ("audit", "/console/audit", "area=order&order=oldest"),
    ],
)
def test_searches_of_every_long_list_are_kept_in_their_order(owner: Desk, name: str, path: str, query: str) -> None:
    if name == "streams":
        with owner.database.transaction() as session:
            evening = make_evening(session, offers=0)
            streams.end_stream(session, evening.stream_id, now=NOW, by=SYSTEM)
    if name == "vouchers":
        typed = owner.typed(path, path, code="xianggu-10", off="10")
        owner.send(path, typed)
    shown = owner.look(f"{path}?{query}&lang=zh")
    action = f"/console/searches/{name}?{query}"
    assert set(form_at(shown, action)) >= {"name"}
    assert owner.send(action, {"name": "每天看"}).location == f"{path}?{query}"
    again = owner.look(f"{path}?lang=zh")
    assert f'href="{path}?{query.replace("&", "&amp;")}"' in again
    with owner.database.transaction() as session:
        kept = session.scalars(select(SavedView)).one()
    owner.send(f"/console/searches/{name}/{kept.id}/let-go", {})
    assert "每天看" not in owner.look(f"{path}?lang=zh")


def test_a_search_is_kept_only_of_a_list_that_one_may_see(owner: Desk) -> None:
    streamer = sit_down(owner.app, owner.database, STREAMER, name="叶阿香")
    for name in ("people", "notices", "audit", "nothing", "x" * 500):
        assert streamer.browser.post(f"/console/searches/{name}?q=x", data={"name": "x"}).status_code == 404
        assert streamer.browser.post(f"/console/searches/{name}/1/let-go").status_code == 404
    assert owner.browser.post(f"/console/searches/orders/{2**70}/let-go").status_code == 404


def test_twenty_are_enough(owner: Desk) -> None:
    person = owner.person.person_id
    assert person is not None
    with owner.database.transaction() as session:
        for number in range(saved.MOST):
            saved.keep(session, person, "orders", f"{number}", "state=paid", now=NOW)
        saved.keep(session, person, "orders", "3", "state=held", now=NOW)
        with pytest.raises(Refused):
            saved.keep(session, person, "orders", "one more", "state=paid", now=NOW)


def test_the_same_name_at_once_is_one_search(owner: Desk) -> None:
    person = owner.person.person_id
    assert person is not None
    told = told_at_once(
        owner.database,
        *[lambda session, n=n: saved.keep(session, person, "orders", "a", f"state={n}", now=NOW) for n in range(3)],
    )
    assert told == ["written"] * 3
    with without(owner.database, REPLACING), all_look_first(owner.database, "INSERT INTO saved_views"):
        broken = told_at_once(
            owner.database,
            *[lambda session, n=n: saved.keep(session, person, "orders", "b", f"state={n}", now=NOW) for n in range(2)],
        )
    assert any("uq_saved_views_person_id_page_name" in each for each in broken)
