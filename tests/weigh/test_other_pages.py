"""Prices, farmers, contracts, lots and payment at the bench, each without scripts."""

import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from fulfillment.purchasing.growers.models import Contract, Farmer
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.quotes import service as quotes
from fulfillment.purchasing.quotes.models import MarketQuote, QuoteFetch, QuoteName
from fulfillment.purchasing.quotes.price_file import COLUMNS
from fulfillment.purchasing.quotes.service import TypedPrice
from fulfillment.purchasing.settlements.models import Settlement, SettlementLine
from fulfillment.purchasing.settlements.queries import open_payables
from kernel.db import Database
from kernel.outbox import Job
from tests.purchasing.test_quotes import add, row
from tests.purchasing.world import (
    MARKET,
    TODAY,
    WEIGHER,
    grams_on_hand,
    kind_of,
    make_contract,
    make_farmer,
    make_goods,
    make_quote,
    weigh_in,
    weighed,
)
from tests.weigh.conftest import TYPED, Desk
from tests.world import NOW

TEMPLATE = Path(__file__).parents[1] / "data/prices/manual_price_import_template.csv"
QUOTES = "/bench/weigh/quotes"


def prices(database: Database) -> list[tuple[str, int]]:
    with database.transaction() as session:
        return [
            (quote.state, quote.fen_per_kg) for quote in session.scalars(select(MarketQuote).order_by(MarketQuote.id))
        ]


# ---- prices ----


def typed_price(contract: Contract, **changes: str) -> dict[str, str]:
    return {"kind": kind_of(contract).key, "market": MARKET, "price": "81.5", "unit": "kg"} | changes


def test_a_price_read_off_a_board_is_used_at_once(scale: Desk, contract: Contract) -> None:
    scale.send(f"{QUOTES}/type", **typed_price(contract))
    assert prices(scale.database) == [("replaced", 8_000), ("accepted", 8_150)]
    scale.send(f"{QUOTES}/type", **typed_price(contract, price="41", unit="jin"))
    assert prices(scale.database)[-1] == ("accepted", 8_200)
    page = scale.look(f"{QUOTES}?kind={kind_of(contract).key}").text
    assert "¥82.00" in page
    assert "<polyline" not in page or "market-line" in page


def test_another_market_can_be_written_beside_the_listed_ones(scale: Desk, contract: Contract) -> None:
    scale.send(f"{QUOTES}/type", **typed_price(contract, market="", other_market="丽水农贸城"))
    with scale.database.transaction() as session:
        assert sorted(session.scalars(select(MarketQuote.market))) == ["丽水农贸城", MARKET]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "gold|dry|一级"}, "kind"),
        ({"market": ""}, "market"),
        ({"price": "0"}, "price"),
        ({"price": "八十"}, "price"),
        ({"unit": "箱"}, "unit"),
        ({"day": "2026-11-25"}, "day"),
        ({"day": "2026-02-30"}, "day"),
        ({"other_market": "市" * 61}, "other_market"),
    ],
)
def test_a_price_that_cannot_be_is_said_at_its_field(
    scale: Desk, contract: Contract, change: dict[str, str], field: str
) -> None:
    page = scale.send(f"{QUOTES}/type", 422, **typed_price(contract, **change))
    assert f'id="error-{field}"' in page.text
    assert prices(scale.database) == [("accepted", 8_000)]


def test_a_price_far_from_the_usual_asks_once_more(scale: Desk, contract: Contract) -> None:
    with scale.database.transaction() as session:
        for back in range(1, 5):
            make_quote(session, contract, day=TODAY - timedelta(days=back))
    page = scale.send(f"{QUOTES}/type", 422, **typed_price(contract, price="815"))
    assert "差得太多" in page.text
    assert 'name="sure"' in page.text
    assert 'value="815"' in page.text
    scale.send(f"{QUOTES}/type", **typed_price(contract, price="815", sure="1"))
    assert prices(scale.database)[-1] == ("accepted", 81_500)


def test_the_curve_shows_what_farmers_were_promised_over_the_market(scale: Desk, contract: Contract) -> None:
    with scale.database.transaction() as session:
        for back in range(1, 9):
            make_quote(session, contract, 8_000 + back * 10, day=TODAY - timedelta(days=back))
        weigh_in(session, weighed(contract))
    page = scale.look(QUOTES).text
    assert page.count('class="market-dot"') == 9
    # One in the picture, one in its key.
    assert page.count('class="promised-dot"') == 2
    assert "¥89.60" in page
    for odd in ("kind=x", "kind=", "market=%00", f"kind={kind_of(contract).key}&market=nowhere"):
        scale.look(f"{QUOTES}?{odd}")


def send_file(scale: Desk, raw: bytes, status: int = 200) -> str:
    return scale.send(f"{QUOTES}/file", status, file=(io.BytesIO(raw), "prices.csv")).text


def test_a_price_file_keeps_good_rows_and_names_the_others(scale: Desk) -> None:
    raw = TEMPLATE.read_bytes().replace(b"60,70,65", b"60,70,75")
    page = send_file(scale, raw)
    assert "读了 3 行：新的 2，更新 0，没变 0，不能用 1" in page
    assert re.search(r'<td class="is-number">3</td><td>均价</td>', page)
    assert len(prices(scale.database)) == 2
    assert "没变 2" in send_file(scale, raw)


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", "品名,日期\n".encode(), b"\xff\xfe\xff\xff"])
def test_a_file_that_is_no_price_file_is_refused_whole(scale: Desk, raw: bytes) -> None:
    assert 'id="error-file"' in send_file(scale, raw, 422)
    assert prices(scale.database) == []


def test_a_form_without_a_file_says_so(scale: Desk) -> None:
    assert "请选一个文件" in scale.send(f"{QUOTES}/file", 422).text


def test_the_template_is_one_that_the_reader_takes(scale: Desk) -> None:
    raw = scale.browser.get(f"{QUOTES}/template.csv").data
    assert raw.decode("utf-8-sig").splitlines()[0].split(",") == list(COLUMNS)
    assert "新的 1，" in send_file(scale, raw)


def test_fetching_is_left_to_the_worker_and_pressing_twice_asks_once(scale: Desk) -> None:
    first = scale.send(f"{QUOTES}/fetch").location
    assert first == scale.send(f"{QUOTES}/fetch").location == f"{QUOTES}?after=0"
    with scale.database.transaction() as session:
        assert [job.kind for job in session.scalars(select(Job))] == ["fetch_quotes"]
    assert "正在取新发地的行情" in scale.look(first).text
    assert scale.browser.get(f"{QUOTES}/fetch").json == {"id": 0}
    with scale.database.transaction() as session:
        session.add(
            QuoteFetch(source="xinfadi", first_day=TODAY, last_day=TODAY, error="ReadTimeout", at=NOW, by="老胡")
        )
    page = scale.look(first).text
    assert "正在取" not in page
    assert "没取到（ReadTimeout）" in page


def test_odd_prices_are_decided_one_by_one(scale: Desk, contract: Contract) -> None:
    kind = kind_of(contract)
    with scale.database.transaction() as session:
        names = {"source": "manual", "name": "香菇", "form": "dry", "grade": "一级"}
        quotes.name_quotes(session, **names, kind=kind, now=NOW, by=WEIGHER)
        add(session, row(yuan="92"), row(TODAY - timedelta(days=1), "92", spread="-4"))
    page = scale.look(f"{QUOTES}/held").text
    assert "这一天已经有价了" in page
    assert "最低价比最高价还高" in page
    accept, refuse = (
        re.findall(r'action="(/bench/weigh/quotes/held/\d+/accept)"', page)[0],
        re.findall(r'action="(/bench/weigh/quotes/held/\d+/refuse)"', page)[1],
    )
    scale.send(accept)
    scale.send(refuse)
    assert prices(scale.database) == [("replaced", 8_000), ("refused", 9_200), ("accepted", 9_200)]
    assert "没有要看的" in scale.look(f"{QUOTES}/held").text


def test_names_are_explained_once(scale: Desk, contract: Contract) -> None:
    with scale.database.transaction() as session:
        add(
            session, row(name="玉菇"), row(name="香菇"), row(name="木耳菜"), row(TODAY - timedelta(days=1), name="香菇")
        )
    name = {"source": "manual", "name": "香菇", "form": "dry", "grade": "一级"}
    scale.send(f"{QUOTES}/held/names", **name, kind="")
    assert "先选它是哪个产品" in scale.look(f"{QUOTES}/held").text
    scale.send(f"{QUOTES}/held/names", **name, kind=kind_of(contract).key)
    scale.send(f"{QUOTES}/held/names/rest")
    with scale.database.transaction() as session:
        known = {each.name: each.product for each in session.scalars(select(QuoteName))}
    assert known == {"香菇": contract.product, "玉菇": None, "木耳菜": None}


def test_a_held_price_that_does_not_exist_is_not_found(scale: Desk) -> None:
    for number in (1, 2**62, 10**30):
        scale.send(f"{QUOTES}/held/{number}/accept", 404)


# ---- farmers and contracts ----

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
    for path in ("/bench/weigh/contracts/new", f"{place}/agreed", f"{place}/end"):
        assert scale.browser.post(path, data={"agreed": "500", "reason": "x"}).status_code == 403
    assert "改数量" not in scale.look(place).text
    owner.send(f"{place}/agreed", agreed="500")
    assert "500 kg" in owner.look(place).text
    assert 'id="error-agreed"' in owner.send(f"{place}/agreed", 422, agreed="0").text
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
    }
    return typed | changes


def test_the_owner_signs_a_contract(owner: Desk, database: Database) -> None:
    typed = signed(database, owner)
    place = owner.send("/bench/weigh/contracts/new", **typed).location
    page = owner.look(place).text
    for words in ("周月仙", "12.5%", "¥70.00", "600 kg", "各市场取当天最高"):
        assert words in page, words
    overlap = owner.send("/bench/weigh/contracts/new", 422, **typed).text
    assert re.search(r'id="error-season_start".*?和已有的合同时间重叠', overlap, re.DOTALL)
    assert 'value="12.5"' in overlap


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
    statement = scale.look(f"/bench/weigh/farmers/{contract.farmer_id}/statement").text
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
        scale.look(f"/bench/weigh/farmers/{contract.farmer_id}/statement?{query}")


def test_what_does_not_exist_is_not_found(scale: Desk) -> None:
    places = ["in", "deliveries", "farmers", "contracts", "lots", "pay", "pay/settlements"]
    paths = [*(f"{place}/{{}}" for place in places), "deliveries/{}/slip", "farmers/{}/edit", "farmers/{}/statement"]
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
        f"/farmers/{farmer_id}/statement",
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


def test_a_price_typed_for_one_market_leaves_another_alone(scale: Desk, contract: Contract) -> None:
    with scale.database.transaction() as session:
        typed = TypedPrice("丽水农贸城", kind_of(contract), TODAY, 7_000)
        quotes.type_quote(session, typed, is_sure=True, now=NOW, by=WEIGHER)
    scale.send(f"{QUOTES}/type", **typed_price(contract))
    assert prices(scale.database) == [("replaced", 8_000), ("accepted", 7_000), ("accepted", 8_150)]


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
    statement = scale.look(f"/bench/weigh/farmers/{contract.farmer_id}/statement").text
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
