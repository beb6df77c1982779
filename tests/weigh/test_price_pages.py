"""Market prices at the scale, without scripts: typed, sent as a file, fetched, named, decided."""

import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from fulfillment.purchasing.accounts.models import FarmerEntry
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.quotes import service as quotes
from fulfillment.purchasing.quotes.models import MarketQuote, QuoteFetch, QuoteName
from fulfillment.purchasing.quotes.price_file import COLUMNS
from fulfillment.purchasing.quotes.service import TypedPrice
from kernel.db import Database
from kernel.outbox import Job
from tests.purchasing.test_quotes import add, row
from tests.purchasing.world import (
    MARKET,
    TODAY,
    WEIGHER,
    kind_of,
    make_quote,
    weigh_in,
    weighed,
)
from tests.weigh.conftest import Desk
from tests.world import NOW

TEMPLATE = Path(__file__).parents[1] / "data/prices/manual_price_import_template.csv"
QUOTES = "/bench/weigh/quotes"


def prices(database: Database) -> list[tuple[str, int]]:
    with database.transaction() as session:
        return [
            (quote.state, quote.fen_per_kg) for quote in session.scalars(select(MarketQuote).order_by(MarketQuote.id))
        ]


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
    assert re.search(r'<td class="is-number">3</td><td><bdi>均价</bdi></td>', page)
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


def test_a_price_typed_for_one_market_leaves_another_alone(scale: Desk, contract: Contract) -> None:
    with scale.database.transaction() as session:
        typed = TypedPrice("丽水农贸城", kind_of(contract), TODAY, 7_000)
        quotes.type_quote(session, typed, is_sure=True, now=NOW, by=WEIGHER)
    scale.send(f"{QUOTES}/type", **typed_price(contract))
    assert prices(scale.database) == [("replaced", 8_000), ("accepted", 7_000), ("accepted", 8_150)]


def jpeg() -> bytes:
    into = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(into, "JPEG", exif=b"Exif\x00\x00secret place")
    return into.getvalue()


def test_a_typed_price_keeps_the_photo_of_its_board(scale: Desk, contract: Contract) -> None:
    scale.send(f"{QUOTES}/type", **typed_price(contract), photo=(io.BytesIO(jpeg()), "board.jpg"))
    page = scale.look(f"{QUOTES}?kind={kind_of(contract).key}").text
    found = re.search(rf"{QUOTES}/(\d+)/photo.jpg", page)
    assert found
    kept = scale.browser.get(found[0])
    assert (kept.mimetype, kept.data[:2]) == ("image/jpeg", b"\xff\xd8")
    assert b"secret" not in kept.data
    scale.look(f"{QUOTES}/999999/photo.jpg", 404)


def test_a_photo_that_is_none_is_said_at_its_field(scale: Desk, contract: Contract) -> None:
    page = scale.send(f"{QUOTES}/type", 422, **typed_price(contract), photo=(io.BytesIO(b"GIF89a"), "board.jpg"))
    assert 'id="error-photo"' in page.text
    assert 'value="81.5"' in page.text
    assert prices(scale.database) == [("accepted", 8_000)]


def test_days_without_a_price_are_shown_on_the_page_and_at_home(scale: Desk, contract: Contract) -> None:
    with scale.database.transaction() as session:
        for back in (1, 2, 5):
            make_quote(session, contract, day=TODAY - timedelta(days=back))
    page = scale.look(QUOTES).text
    assert "27 天" in page
    assert "11-20 – 11-21" in page
    assert "1 个价有缺的日子" in scale.look("/bench/weigh").text


def test_the_curve_is_saved_as_a_sheet(scale: Desk, contract: Contract) -> None:
    with scale.database.transaction() as session:
        weigh_in(session, weighed(contract))
    lines = scale.browser.get(f"{QUOTES}/prices.csv?kind={kind_of(contract).key}").text.splitlines()
    assert lines[1] == f"{TODAY},{MARKET},80.00,89.60,人工录入"


def test_the_owner_adds_the_difference_of_a_corrected_price_once(
    scale: Desk, owner: Desk, contract: Contract, database: Database
) -> None:
    with database.transaction() as session:
        delivery_id = weigh_in(session, weighed(contract)).id
        quote_id = make_quote(session, contract, 8_400).id
    assert "1 次交货少给了" in scale.look(QUOTES).text
    page = f"{QUOTES}/corrections"
    assert "等负责人决定" in scale.look(page).text
    typed = {"quote": quote_id, "seen": 19_040, "decision": "paid"}
    scale.send(f"{page}/{delivery_id}", 403, **typed)
    assert "¥190.40" in owner.look(page).text
    for _ in range(2):
        owner.send(f"{page}/{delivery_id}", **typed)
    with database.transaction() as session:
        assert [entry.amount_fen for entry in session.scalars(select(FarmerEntry))] == [19_040]
    assert "没有要补的" in owner.look(page).text


def test_leaving_a_difference_asks_for_the_reason_and_keeps_what_was_typed(
    owner: Desk, contract: Contract, database: Database
) -> None:
    with database.transaction() as session:
        delivery_id = weigh_in(session, weighed(contract)).id
        quote_id = make_quote(session, contract, 8_400).id
    page = f"{QUOTES}/corrections"
    typed = {"quote": quote_id, "seen": 19_040, "decision": "left"}
    assert "error-reason" in owner.send(f"{page}/{delivery_id}", 422, **typed).text
    for odd in ({"seen": 1, "decision": "paid"}, {"quote": "x"}, {"decision": "burn"}):
        answer = owner.browser.post(f"{page}/{delivery_id}", data=typed | {"reason": "说好的"} | odd)
        assert answer.status_code in (409, 422)
    owner.send(f"{page}/999999", 404, **typed, reason="x")
    owner.send(f"{page}/{delivery_id}", **typed, reason="说好的")
    assert "说好的" in owner.look(page).text
