"""Lots, payment and what all pages at the scale share, without scripts."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from fulfillment.purchasing.growers.models import Contract, Farmer
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.settlements.models import Settlement, SettlementLine
from fulfillment.purchasing.settlements.queries import open_payables
from kernel.db import Database
from tests.purchasing.test_quotes import add, row
from tests.purchasing.world import (
    grams_on_hand,
    make_contract,
    make_farmer,
    make_goods,
    make_quote,
    weigh_in,
    weighed,
)
from tests.weigh.conftest import TYPED, Desk
from tests.weigh.test_farmer_pages import FARMER

# ---- lots ----


def test_a_lot_is_bagged_after_a_look_and_once(scale: Desk, database: Database) -> None:
    with database.transaction() as session:
        bag, raw = make_goods(session)
        contract = make_contract(session, raw=raw)
        make_quote(session, contract)
        lot_id = weigh_in(session, weighed(contract)).lot.id
        bag_id = bag.id
    place, wish = f"/bench/weigh/lots/{lot_id}", {"variant": str(bag_id), "bags": "100"}
    assert "最多 170 袋" in scale.look(place).text
    page = scale.send(f"{place}/bags", 200, **wish).text
    assert "17.5 kg" in page
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    for _ in range(2):
        scale.send(f"{place}/bags", step="confirm", key=key[1], **wish)
    with database.transaction() as session:
        assert grams_on_hand(session, bag_id) == 100
        assert session.get_one(Lot, lot_id).used_g == 25_000
    for change, status in (
        ({"bags": "171"}, 409),
        ({"bags": "0"}, 422),
        ({"bags": "x"}, 422),
        ({"variant": "999"}, 422),
        ({"variant": ""}, 422),
    ):
        scale.send(f"{place}/bags", status, step="confirm", key="another-key", **wish | change)
    assert "不够" in scale.send(f"{place}/bags", 200, **wish | {"bags": "171"}).text
    assert 'id="error-reason"' in scale.send(f"{place}/rest", 422, reason="").text
    scale.send(f"{place}/rest", reason="晒干掉秤")
    assert "没有散货" in scale.look("/bench/weigh/lots").text


# ---- payment ----


def debts(database: Database, contract: Contract) -> list[str]:
    with database.transaction() as session:
        loads = [weigh_in(session, weighed(contract, gross_g=load)) for load in (11_200, 21_200)]
        return [str(load.id) for load in loads]


def test_farmers_are_paid_after_a_look_and_once(scale: Desk, contract: Contract, database: Database) -> None:
    payables = debts(database, contract)
    place = f"/bench/weigh/pay/{contract.farmer_id}"
    assert "¥2,688.00" in scale.look("/bench/weigh/pay").text
    listed = scale.look(place).text
    assert listed.count("checked") == 2
    review = scale.send(place, 200, step="review", payable=payables[:1], method="bank", reference="回单 17").text
    assert "896" in review
    key = re.search(r'name="key" value="([^"]+)"', review)
    assert key is not None
    sent = {"step": "confirm", "key": key[1], "payable": payables[:1], "method": "bank", "reference": "回单 17"}
    paid = scale.send(place, **sent).location
    assert scale.send(place, **sent).location == paid
    assert "回单 17" in scale.look(paid).text
    assert "已经付过了" in scale.send(place, 409, **{**sent, "key": "another-form-key"}).text
    with database.transaction() as session:
        assert [each.amount_fen for each in session.scalars(select(SettlementLine))] == [89_600]
        assert session.scalars(select(Settlement)).one().method == "bank"
    statement = scale.look(f"/bench/weigh/pay/{contract.farmer_id}/statement").text
    assert "¥896.00" in statement
    assert "¥1,792.00" in statement
    assert "139****" in statement


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"payable": []}, "payable"),
        ({"payable": ["x"]}, "payable"),
        ({"payable": [str(2**63)]}, "payable"),
        ({"payable": ["1"] * 501}, "payable"),
        ({"method": ""}, "method"),
        ({"method": "gold"}, "method"),
        ({"reference": "字" * 61}, "reference"),
    ],
)
def test_a_payment_that_cannot_be_is_said_at_its_field(
    scale: Desk, contract: Contract, database: Database, change: dict[str, object], field: str
) -> None:
    typed = {"payable": debts(database, contract), "method": "cash", "step": "confirm", "key": "some-form-key"}
    page = scale.send(f"/bench/weigh/pay/{contract.farmer_id}", 422, **typed | change).text
    assert f'id="error-{field}"' in page


def test_somebody_elses_payables_are_refused(scale: Desk, contract: Contract, database: Database) -> None:
    payables = debts(database, contract)
    with database.transaction() as session:
        other = make_farmer(session, "叶水生").id
    sent = {"step": "confirm", "key": "some-form-key", "payable": payables, "method": "cash"}
    assert "请选要付的款" in scale.send(f"/bench/weigh/pay/{other}", 409, **sent).text


def test_odd_days_of_a_statement_count_as_not_given(scale: Desk, contract: Contract) -> None:
    for query in ("from=x&to=2026-99-99", "from=9999-12-31&to=0001-01-01", "from=%F0%9F%98%80"):
        scale.look(f"/bench/weigh/pay/{contract.farmer_id}/statement?{query}")


def test_what_does_not_exist_is_not_found(scale: Desk) -> None:
    places = ["in", "deliveries", "farmers", "contracts", "lots", "pay", "pay/settlements"]
    paths = [*(f"{place}/{{}}" for place in places), "deliveries/{}/slip", "farmers/{}/edit", "pay/{}/statement"]
    for path in paths:
        for number in (0, 10**9, 2**62, 2**63, 10**40):
            assert scale.browser.get(f"/bench/weigh/{path.format(number)}").status_code == 404, (path, number)


def test_what_does_not_exist_cannot_be_changed(scale: Desk) -> None:
    whole = {
        **TYPED,
        **FARMER,
        "reason": "x",
        "bags": "1",
        "variant": "1",
        "payable": "1",
        "method": "cash",
        "step": "confirm",
        "key": "some-form-key",
    }
    for path in (
        "in/{}",
        "in/{}/working",
        "farmers/{}/edit",
        "lots/{}/bags",
        "lots/{}/rest",
        "pay/{}",
        "quotes/held/{}/refuse",
    ):
        for number in (10**9, 2**62):
            # 405: an id that no table can hold fits no address, and some of these addresses are for reading as well.
            answer = scale.browser.post(f"/bench/weigh/{path.format(number)}", data=whole)
            assert answer.status_code in ((404,) if number < 2**62 else (404, 405)), path


def test_every_page_speaks_english(owner: Desk, contract: Contract, database: Database) -> None:
    with database.transaction() as session:
        weigh_in(session, weighed(contract))
        add(session, row(name="玉菇"))
        farmer_id = session.scalars(select(Farmer.id)).first()
    paths = (
        "",
        "/in",
        f"/in/{contract.id}",
        "/quotes",
        "/quotes/type",
        "/quotes/file",
        "/quotes/held",
        "/farmers",
        "/farmers/new",
        f"/farmers/{farmer_id}",
        "/contracts",
        "/contracts/new",
        f"/contracts/{contract.id}",
        "/lots",
        "/lots/1",
        "/pay",
        f"/pay/{farmer_id}",
        "/deliveries",
        "/deliveries/1",
        "/deliveries/1/slip",
        f"/pay/{farmer_id}/statement",
        f"/pay/{farmer_id}/account",
        f"/pay/{farmer_id}/facts",
        "/pay/runs",
        "/pay/runs/new?due_by=2027-01-01",
        "/pay/invoices",
        "/help",
    )
    for path in paths:
        words = owner.look(f"/bench/weigh{path}?lang=en").text
        assert 'lang="en"' in words
        main = re.sub(
            r"<bdi>.*?</bdi>|<option.*?</option>|lang=\"zh-CN\">.*?<",
            "",
            words.split("<main")[1].split("</main>")[0],
            flags=re.DOTALL,
        )
        for phrase in ("过磅", "应付", "农户", "行情", "合同", "毛重", "公斤", "今天"):
            assert phrase not in main, (path, phrase)


def test_the_owner_takes_back_what_was_written_by_mistake(
    scale: Desk, owner: Desk, contract: Contract, database: Database
) -> None:
    place = f"/bench/weigh/deliveries/{debts(database, contract)[0]}"
    assert "记错了" not in scale.look(place).text
    assert scale.browser.post(f"{place}/take-back", data={"reason": "记错"}).status_code == 403
    assert 'id="error-reason"' in owner.send(f"{place}/take-back", 422, reason="").text
    owner.send(f"{place}/take-back", reason="毛重打反了")
    assert "毛重打反了" in scale.look(place).text
    assert "作废" in scale.look(f"{place}/slip").text
    assert "¥896.00" not in scale.look("/bench/weigh/pay").text
    statement = scale.look(f"/bench/weigh/pay/{contract.farmer_id}/statement").text
    assert "作废" in statement
    assert re.search(r"还没付.*?¥1,792\.00", statement, re.DOTALL)
    paid = f"/bench/weigh/deliveries/{debts(database, contract)[1]}"
    everything = [str(number) for number in range(1, 9)]
    with database.transaction() as session:
        open_ids = [payable.id for payable in open_payables(session)]
    scale.send(
        f"/bench/weigh/pay/{contract.farmer_id}",
        step="confirm",
        key="some-form-key",
        method="cash",
        payable=[each for each in everything if int(each) in open_ids],
    )
    assert "已经付给农户了" in owner.send(f"{paid}/take-back", 409, reason="太晚了").text


def test_whoever_is_not_signed_in_is_led_to_the_password_and_back(app: Flask) -> None:
    answer = app.test_client().get("/bench/weigh/in")
    assert answer.location == "/sign-in?next=/bench/weigh/in"
