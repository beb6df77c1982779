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
from tests.console.conftest import Desk, sit_down
from tests.packing.races import REPLACING, all_look_first, told_at_once, without
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
    address = "/console/orders/views?state=paid&channel=own"
    for _ in range(2):
        owner.send(address, {"name": "待打包 𠮷 <i>"})
    page = owner.look("/console/orders?lang=zh")
    assert page.count("待打包 𠮷 &lt;i&gt;</bdi>") == 1
    assert "state=paid&amp;channel=own" in page
    owner.send("/console/orders/views?state=refunded", {"name": "待打包 𠮷 <i>"})
    with owner.database.transaction() as session:
        kept = session.scalars(select(SavedView)).one()
        assert kept.query == "state=refunded"
    assert owner.browser.post("/console/orders/views", data={"name": "空"}).status_code == 400
    assert owner.browser.post("/console/orders/views?state=paid", data={"name": ""}).status_code == 422
    assert owner.browser.post("/console/orders/views?state=cats", data={"name": "x"}).status_code == 422
    other = sit_down(owner.app, owner.database, STREAMER, name="叶阿香")
    assert "待打包" not in other.look("/console/orders?lang=zh").replace("待打包</option>", "")
    other.send(f"/console/orders/views/{kept.id}/let-go", {})
    with owner.database.transaction() as session:
        assert session.scalars(select(SavedView)).one(), "nobody lets go of another's"
    mine = sit_down(owner.app, owner.database, OWNER, name="吴晓岚二")
    mine.send(f"/console/orders/views/{kept.id}/let-go", {})


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
