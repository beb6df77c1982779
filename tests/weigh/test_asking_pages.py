"""A second person's pages, goods that go home, and the slip as a message and on every paper, without scripts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from fulfillment.bench.delivery_facts import SLIP_PAPERS
from fulfillment.purchasing.asking.models import TurnedAway, WeighInRequest
from fulfillment.purchasing.growers.contract_service import Amendment, amend_contract, promise_of
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.models import Delivery
from kernel.db import Database
from kernel.notices.models import Notice
from kernel.people.rules import LEAD
from tests.purchasing.world import TODAY, WEIGHER, make_contract, make_farmer, make_quote, weigh_in, weighed
from tests.weigh.conftest import TYPED, Desk, desk_of, seen_in
from tests.weigh.test_grower_pages import farmers_phone, link_of
from tests.world import NOW


@pytest.fixture
def lead(scale: Desk) -> Desk:
    """The packing lead's browser."""
    return desk_of(scale.browser.application, scale.database, LEAD, "叶大姐")


def count(database: Database, table: type[object]) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def asked(scale: Desk) -> str:
    """The page of a request: the last price is nine days old, and the contract allows three."""
    with scale.database.transaction() as session:
        contract = make_contract(session, make_farmer(session, "练小娟"))
        make_quote(session, contract, 8_000, day=TODAY - timedelta(days=9))
    scale.send(f"/bench/weigh/in/{contract.id}", step="confirm", key="asked-about-it", note="雨天", **TYPED)
    with scale.database.transaction() as session:
        return f"/bench/weigh/asking/{session.scalars(select(WeighInRequest.id)).one()}"


def test_what_waits_is_on_the_homes_of_who_decides(scale: Desk, owner: Desk, lead: Desk, asked: str) -> None:
    for desk, home in ((scale, "/bench/weigh"), (owner, "/console"), (lead, "/bench/lead")):
        assert "/bench/weigh/asking" in desk.look(home).text, home
    assert asked in lead.look("/bench/weigh/asking").text


def test_another_person_reads_everything_and_agrees_once(scale: Desk, lead: Desk, asked: str) -> None:
    assert "/approve" not in scale.look(asked).text
    page = lead.look(asked)
    for words in ("练小娟", "43.7", "雨天", (TODAY - timedelta(days=9)).isoformat(), "¥3,808.00"):
        assert words in page.text, words
    lead.send(f"{asked}/approve", **seen_in(page))
    lead.send(f"{asked}/approve", **seen_in(page))
    assert count(scale.database, Delivery) == 1
    written = scale.look("/bench/weigh/deliveries/1").text
    assert "叶大姐" in written
    assert "行情较旧，叶大姐同意用" in written
    with scale.database.transaction() as session:
        contract = session.scalars(select(Contract)).one()
        amend_contract(
            session,
            contract.id,
            Amendment(1, TODAY + timedelta(days=1), replace(promise_of(contract), quote_days=30), "行情不常有"),
            today=TODAY,
            now=NOW,
            by=WEIGHER,
        )
    assert "行情较旧，叶大姐同意用" in scale.look("/bench/weigh/deliveries/1").text, "what it was weighed under counts"


def test_a_refusal_says_why_and_keeps_what_was_typed(scale: Desk, lead: Desk, asked: str) -> None:
    page = lead.send(f"{asked}/refuse", 422, words="")
    assert "雨天" in page.text
    lead.send(f"{asked}/refuse", words="等今天的行情")
    assert "等今天的行情" in scale.look(asked).text
    lead.send(f"{asked}/approve", 409, seen="380800.1")
    assert count(scale.database, Delivery) == 0


def test_an_owner_alone_is_told_that_nobody_else_can_decide(owner: Desk) -> None:
    with owner.database.transaction() as session:
        contract = make_contract(session, make_farmer(session, "练小娟"))
        make_quote(session, contract, 8_000, day=TODAY - timedelta(days=9))
    owner.send(f"/bench/weigh/in/{contract.id}", step="confirm", key="asked-alone", **TYPED)
    with owner.database.transaction() as session:
        page = f"/bench/weigh/asking/{session.scalars(select(WeighInRequest.id)).one()}"
    assert "去加一位组长" in owner.look(page).text
    owner.send(f"{page}/approve", 409, seen="380800.1")
    desk_of(owner.browser.application, owner.database, LEAD, "叶大姐")
    assert "另一个负责人或组长" in owner.look(page).text


def test_only_who_weighed_takes_it_back(scale: Desk, lead: Desk, asked: str) -> None:
    lead.send(f"{asked}/take-back", 409)
    scale.send(f"{asked}/take-back")
    assert "/take-back" not in scale.look(asked).text
    scale.look("/bench/weigh/asking/999999", 404)


def test_goods_that_are_turned_away_are_told_kindly_and_owe_nothing(scale: Desk, contract: Contract) -> None:
    address = f"/bench/weigh/away/{contract.id}"
    assert address in scale.look(f"/bench/weigh/in/{contract.id}").text
    typed = {"key": "turned-away", "gross": "26.3", "tare": "0.8", "moisture": "21.5", "words": "晒两天就行"}
    page = scale.send(address, 422, **typed)
    assert "晒两天就行" in page.text
    place = scale.send(address, cause="moist", **typed).location
    assert scale.send(address, cause="moist", **typed).location == place
    shown = scale.look(place).text
    for words in ("吴长根", "25.5", "21.5%", "再晒一两天", "晒两天就行"):
        assert words in shown, words
    assert (count(scale.database, TurnedAway), count(scale.database, Delivery)) == (1, 0)
    scale.send(address, 409, cause="mould", **typed)
    phone = farmers_phone(scale.browser.application, scale.database, link_of(scale, contract.farmer_id))
    for page in (scale.look(f"/bench/weigh/farmers/{contract.farmer_id}").text, phone.look("/grower").text):
        for words in ("没收的几趟", "水分太高", "再晒一两天", "晒两天就行"):
            assert words in page, words


@pytest.fixture
def delivered(scale: Desk, contract: Contract) -> str:
    with scale.database.transaction() as session:
        facts = weighed(contract, refused_g=2_500, refused_reason="insects")
        return f"/bench/weigh/deliveries/{weigh_in(session, facts).id}"


def test_the_slip_says_everything_on_every_paper(scale: Desk, delivered: str) -> None:
    for paper in SLIP_PAPERS:
        slip = scale.look(f"{delivered}/slip?paper={paper}").text
        for words in ("吴长根", "12%", "¥60.00", "¥3,584.00", "¥3,200.00", "2.5 kg", "有虫"):
            assert words in slip, (paper, words)
    assert "sheet-100x150" in scale.look(f"{delivered}/slip?paper=a0").text


def test_the_slip_is_texted_once_and_its_fate_is_shown(scale: Desk, delivered: str) -> None:
    for _ in range(2):
        scale.send(f"{delivered}/message", place="0")
    with scale.database.transaction() as session:
        message = session.scalars(select(Notice)).one()
        for words in (
            "行情",
            "人工录入",
            "2026-11-24",
            "12%",
            "保底 60.00",
            "退回 2.5 公斤",
            "3,584.00",
            "按市场价只有 3,200.00",
        ):
            assert words in message.body, words
        assert "http" not in message.body
        assert message.recipient not in scale.look(delivered).text
        message.state, message.problem, message.done_at = "failed", "no credit left", message.at
    page = scale.look(delivered).text
    assert "没发出去" in page
    assert "no credit left" in page
    scale.send(f"{delivered}/message", place="1")
    assert count(scale.database, Notice) == 2
    scale.send(f"{delivered}/message", place="x")
    scale.send("/bench/weigh/deliveries/999999/message", 404, place="0")
    assert count(scale.database, Notice) == 2
