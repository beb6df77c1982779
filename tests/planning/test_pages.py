"""The pages of planning, calls and quality: empty, full, in both languages, with bad input."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from fulfillment.purchasing.planning import queries, service
from fulfillment.purchasing.planning.models import FarmerCall
from kernel.db import Database
from kernel.outbox import Job
from kernel.people.rules import OWNER, STREAMER, WEIGHER
from shop.streams.service import add_offer, plan_stream
from tests.planning.test_plan import ZONE, planted
from tests.purchasing.world import TODAY, make_contract, make_goods, make_quote, weigh_in, weighed
from tests.purchasing.world import WEIGHER as WEIGHER_ACTOR
from tests.weigh.conftest import Desk, desk_of, seen_in
from tests.world import NOW


@pytest.fixture
def streamer(app, database) -> Desk:
    return desk_of(app, database, STREAMER, "小雨")


@pytest.fixture
def weigher(app, database) -> Desk:
    return desk_of(app, database, WEIGHER, "老胡")


def village(database: Database) -> int:
    """Ten weeks of sales, a contract that is behind, one delivery; returns the farmer."""
    with database.transaction() as session:
        _, raw = planted(session, 10)
        contract = make_contract(session, raw=raw, season_start=TODAY - timedelta(days=60), agreed_g=300_000)
        make_quote(session, contract)
        weigh_in(session, weighed(contract))
        return contract.farmer_id


def test_a_new_workshop_is_told_what_the_page_will_say(streamer, weigher):
    assert "还没有可以计划的" in streamer.look("/console/planning").text
    assert "Nothing to plan yet" in streamer.look("/console/planning?lang=en").text
    assert "这周没有要打的电话" in weigher.look("/bench/weigh/calls").text


def test_the_plan_is_asked_for_made_and_read(app, database, streamer):
    village(database)
    page = streamer.look("/console/planning")
    assert "还没有估过销量" in page.text
    key = re.search(r'name="form_key" value="([^"]+)"', page.text)[1]
    streamer.send("/console/planning/renew", form_key=key)
    streamer.send("/console/planning/renew", form_key=key)
    assert "正在算" in streamer.look("/console/planning").text
    with database.transaction() as session:
        (job,) = session.scalars(select(Job).where(Job.kind == service.JOB))
    service.make_forecast(database, job.payload["forecast"], ZONE, NOW)
    page = streamer.look("/console/planning").text
    assert "看不出季节" in page
    assert "公斤" in page
    assert "<polygon" in page
    assert "这周该打电话的" in page
    assert "1390000" not in page, "a streamer needs no farmer's phone"
    csv = streamer.look("/console/planning/planning.csv").get_data(as_text=True)
    assert len(csv.strip().splitlines()) == 13


def test_the_offer_form_says_what_may_be_sold_ahead_and_changes_nothing(app, database, streamer):
    village(database)
    service.make_nightly(database, ZONE, NOW)
    with database.transaction() as session:
        stream = plan_stream(
            session, title_zh="晚场", title_en="Evening", starts_at=NOW, hold_minutes=10, now=NOW, by=WEIGHER_ACTOR
        )
        plan = queries.read_plan(session, TODAY).products[0]
        variant_id, bags = plan.bags[0].variant_id, plan.presale_bags(plan.bags[0].variant_id)
    page = streamer.look(f"/console/streams/{stream.id}/offers/new?variant={variant_id}").text
    assert f"照合同还可以预售 {bags} 件" in page
    assert re.search(r'name="allotment"[^>]*value="0"', page), "the number stays what stock allows"


def test_the_run_sheet_says_what_may_be_sold_ahead_where_a_contract_brings_it(app, database, streamer):
    village(database)
    service.make_nightly(database, ZONE, NOW)
    terms = {"price_fen": 2_000, "list_price_fen": 2_500, "allotment": 3, "cap_per_buyer": None}
    with database.transaction() as session:
        names = {"title_zh": "晚场", "title_en": "Evening", "starts_at": NOW, "hold_minutes": 10}
        stream = plan_stream(session, **names, now=NOW, by=WEIGHER_ACTOR)
        bag = queries.read_plan(session, TODAY).products[0].bags[0].variant_id
        other, _ = make_goods(session)
        for variant_id in (bag, other.id):
            add_offer(session, stream.id, variant_id, **terms, now=NOW, by=WEIGHER_ACTOR)
        # What is offered beyond stock is a presale already.
        bags = queries.presale_bags(session, TODAY)[bag]
        assert queries.presale_advice(session, bag, TODAY).bags == bags
    page = streamer.look(f"/console/streams/{stream.id}").text
    assert re.findall(r"照合同还可以预售 (\d+) 件", page) == [str(bags)]
    assert f"{bags} more could be sold ahead by contract" in streamer.look(f"/console/streams/{stream.id}?lang=en").text


def test_a_call_is_noted_once_and_the_phone_is_shown_when_pressed(database, weigher):
    farmer_id = village(database)
    assert "这周该打电话的" in weigher.look("/bench/weigh").text
    page = weigher.look("/bench/weigh/calls")
    assert "落后" in page.text
    assert "tel:" not in page.text
    assert "tel:1390000" in weigher.look(f"/bench/weigh/calls?show={farmer_id}").text
    weigher.look("/bench/weigh/calls?show=999999999999999999999999x")
    path, key = f"/bench/weigh/calls/{farmer_id}", seen_in(page)["key"]
    refused = weigher.send(path, 422, key=key, outcome="other", words="")
    assert "field-error" in refused.text
    weigher.send(path, 422, key=key, outcome="nonsense", words="说了很多")
    for _ in range(2):
        weigher.send(path, key=key, outcome="will_bring", words="周四送")
    page = weigher.look("/bench/weigh/calls").text
    assert "周四送" in page
    assert "照日子算" not in page
    with database.transaction() as session:
        assert len(session.scalars(select(FarmerCall)).all()) == 1
    weigher.send("/bench/weigh/calls/9999", 404, key=key, outcome="will_bring")


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_quality_is_told_kindly(database, weigher, locale):
    farmer_id = village(database)
    page = weigher.look(f"/bench/weigh/farmers/{farmer_id}/quality?lang={locale}").text
    assert ("照这样就行" if locale == "zh" else "keep it up") in page
    weigher.look("/bench/weigh/farmers/9999/quality", 404)


def test_a_streamer_does_not_call(streamer, app, database):
    streamer.look("/bench/weigh/calls", 403)
    owner = desk_of(app, database, OWNER, "负责人")
    owner.look("/bench/weigh/calls")
