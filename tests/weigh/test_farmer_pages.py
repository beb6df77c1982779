"""Farmers and their contracts at the scale, without scripts."""

import re

import pytest
from sqlalchemy import select

from fulfillment.purchasing.growers.models import Contract
from kernel.db import Database
from tests.purchasing.world import (
    make_farmer,
    make_goods,
    weigh_in,
    weighed,
)
from tests.weigh.conftest import Desk

FARMER = {"name": "叶水生", "phone": "13900001234", "village": "百山祖镇", "shown_name": "叶叔", "consent_shown": "1"}


def test_a_farmer_is_added_with_initials_and_changed(scale: Desk) -> None:
    place = scale.send("/bench/weigh/farmers/new", **FARMER).location
    page = scale.look(place).text
    assert "叶叔" in page
    assert "13900001234" not in page
    assert "139******34" in page
    assert 'value="yss"' in scale.look(f"{place}/edit").text
    scale.send(f"{place}/edit", **{**FARMER, "consent_shown": "", "active": "1", "initials": "ysh"})
    assert "只看到村子" in scale.look(place).text
    scale.send(f"{place}/edit", **FARMER)
    assert "叶水生" not in scale.look("/bench/weigh/farmers").text


def test_a_farmers_form_keeps_what_was_typed(scale: Desk) -> None:
    page = scale.send("/bench/weigh/farmers/new", 422, **{**FARMER, "phone": "123", "village": ""}).text
    for words in ('id="error-phone"', 'id="error-village"', 'value="叶水生"', 'value="123"'):
        assert words in page
    scale.send("/bench/weigh/farmers/new", **FARMER)
    assert "已经在名单上了" in scale.send("/bench/weigh/farmers/new", 422, **FARMER).text


def test_only_the_owner_signs_changes_and_ends_contracts(scale: Desk, owner: Desk, contract: Contract) -> None:
    place = f"/bench/weigh/contracts/{contract.id}"
    scale.browser.get("/bench/weigh/contracts/new").close()
    assert scale.browser.get("/bench/weigh/contracts/new").status_code == 403
    for path in ("/bench/weigh/contracts/new", f"{place}/end"):
        assert scale.browser.post(path, data={"agreed": "500", "reason": "x"}).status_code == 403
    assert 'id="error-reason"' in owner.send(f"{place}/end", 422, reason="").text
    owner.send(f"{place}/end", reason="搬走了")
    assert "已结束" in owner.look(place).text
    assert "已经结束" in owner.send(f"{place}/end", 409, reason="再来").text


def signed(database: Database, owner: Desk, **changes: str) -> dict[str, str]:
    """What the owner types to sign with a new farmer."""
    with database.transaction() as session:
        farmer, (_, raw) = make_farmer(session, "周月仙"), make_goods(session)
        slug = raw.product.slug
    page = owner.look(f"/bench/weigh/contracts/new?farmer={farmer.id}").text
    assert re.search(rf'<option value="{farmer.id}" selected>', page)
    goods = re.search(rf'<option value="({raw.id}-\d+)">[^<]*一级', page)
    assert goods is not None, slug
    typed = {
        "farmer": str(farmer.id),
        "goods": goods[1],
        "season_start": "2026-11-01",
        "season_end": "2027-03-31",
        "agreed": "600",
        "tolerance": "10",
        "premium": "12.5",
        "floor": "70",
        "quote_days": "3",
        "payment_days": "7",
        "standard_moisture": "13",
        "reject_above": "",
        "market": "",
        "over_rule": "refuse",
    }
    return typed | changes


def test_the_owner_signs_a_contract(owner: Desk, database: Database) -> None:
    typed = signed(database, owner)
    place = owner.send("/bench/weigh/contracts/new", **typed).location
    page = owner.look(place).text
    for words in ("周月仙", "12.5%", "¥70.00", "600 kg", "各市场取当天最高"):
        assert words in page, words
    assert owner.send("/bench/weigh/contracts/new", **typed).location == place, "the same form again signs nothing new"
    overlap = owner.send("/bench/weigh/contracts/new", 422, **typed | {"premium": "13.5"}).text
    assert re.search(r'id="error-season_start".*?和已有的合同时间重叠', overlap, re.DOTALL)
    assert 'value="13.5"' in overlap


@pytest.mark.parametrize(
    ("premium", "words"), [("9.9", "请填 10 到 15 之间的数"), ("16", "请填 10 到 15 之间的数"), ("", "请填数字")]
)
def test_no_premium_outside_ten_to_fifteen_percent_is_signed(
    owner: Desk, database: Database, premium: str, words: str
) -> None:
    page = owner.send("/bench/weigh/contracts/new", 422, **signed(database, owner, premium=premium)).text
    assert re.search(rf'id="error-premium".*?{words}', page, re.DOTALL)
    with database.transaction() as session:
        assert session.scalars(select(Contract)).all() == []


def test_contracts_are_listed_with_how_far_they_are(scale: Desk, contract: Contract, database: Database) -> None:
    with database.transaction() as session:
        weigh_in(session, weighed(contract))
    page = scale.look("/bench/weigh/contracts").text
    assert "42.5 / 100 kg" in page
    assert "市场价加 12%，保底 ¥60.00" in page
