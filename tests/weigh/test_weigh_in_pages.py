"""Weighing in without scripts: worked out in the open, confirmed, printed; refused at the field with what was typed kept."""

import re
from datetime import timedelta

import pytest
import zxingcpp
from PIL import Image, ImageDraw
from sqlalchemy import func, select

from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.models import Delivery
from kernel.db import Database
from tests.purchasing.world import MARKET, TODAY, make_contract, make_farmer, make_quote, weigh_in, weighed
from tests.weigh.conftest import TYPED, Desk, seen_in


def written(database: Database) -> int:
    with database.transaction() as session:
        return int(session.scalar(select(func.count()).select_from(Delivery)) or 0)


def form_of(contract: Contract) -> str:
    return f"/bench/weigh/in/{contract.id}"


def confirm(scale: Desk, contract: Contract, **typed: str) -> str:
    """Work out, look, confirm; where it leads."""
    page = scale.send(form_of(contract), 200, step="work-out", **{**TYPED, **typed})
    return scale.send(form_of(contract), step="confirm", **{**TYPED, **typed, **seen_in(page)}).location


def test_the_price_is_shown_line_by_line_before_anything_is_written(scale: Desk, contract: Contract) -> None:
    typed = {**TYPED, "moisture": "15", "foreign": "1", "grade": "二级"}
    page = scale.send(form_of(contract), 200, step="work-out", **typed)
    lines = [
        "¥80.00",
        MARKET,
        "今天",
        "12%",
        "¥89.60",
        "¥60.00",
        "¥82.43",
        "42.5 kg",
        "42.08 kg",
        "15%",
        "41.11 kg",
        "¥3,388.70",
        "¥3,025.70",
    ]
    places = [page.text.find(line) for line in lines]
    assert -1 not in places, lines[places.index(-1)]
    assert seen_in(page)["seen"].startswith("338870.")
    assert written(scale.database) == 0


def test_confirming_writes_it_and_leads_to_the_slip(scale: Desk, contract: Contract) -> None:
    place = confirm(scale, contract)
    assert re.fullmatch(r"/bench/weigh/deliveries/\d+", place)
    assert "3,808" in scale.look(place).text
    slip = scale.look(f"{place}/slip").text
    assert "吴长根" in slip
    assert "¥3,808.00" in slip
    assert "2026-12-01" in slip
    assert "今天" not in slip
    assert written(scale.database) == 1


def test_a_double_tap_and_a_lost_answer_are_one_delivery(scale: Desk, contract: Contract) -> None:
    page = scale.send(form_of(contract), 200, step="work-out", **TYPED)
    sent = {**TYPED, **seen_in(page), "step": "confirm"}
    first, again = scale.send(form_of(contract), **sent), scale.send(form_of(contract), **sent)
    assert first.location == again.location
    assert written(scale.database) == 1


def test_going_back_and_changing_a_figure_leads_to_the_slip_that_was_written(scale: Desk, contract: Contract) -> None:
    page = scale.send(form_of(contract), 200, step="work-out", **TYPED)
    place = scale.send(form_of(contract), step="confirm", **{**TYPED, **seen_in(page)}).location
    other = scale.send(form_of(contract), 409, step="confirm", **{**TYPED, **seen_in(page), "gross": "50"})
    assert place in other.text
    assert 'value="50"' in other.text
    assert written(scale.database) == 1


@pytest.mark.parametrize("seen", [{}, {"seen": ""}, {"seen": "1.1"}])
def test_an_amount_that_nobody_saw_is_not_written(scale: Desk, contract: Contract, seen: dict[str, str]) -> None:
    page = scale.send(form_of(contract), 409, step="confirm", key="some-form-key", **TYPED, **seen)
    assert "金额和刚才看到的不一样" in page.text
    assert "¥3,808.00" in page.text
    assert written(scale.database) == 0


def test_a_price_that_changed_meanwhile_is_shown_again_first(scale: Desk, contract: Contract) -> None:
    page = scale.send(form_of(contract), 200, step="work-out", **TYPED)
    with scale.database.transaction() as session:
        make_quote(session, contract, 9_000)
    again = scale.send(form_of(contract), 409, step="confirm", **{**TYPED, **seen_in(page)})
    assert "¥4,284.00" in again.text
    assert written(scale.database) == 0
    scale.send(form_of(contract), 303, step="confirm", **{**TYPED, **seen_in(again)})


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"tare": "43.7"}, "tare", "皮重要比毛重小"),
        ({"tare": "99"}, "tare", "皮重要比毛重小"),
        ({"tare": ""}, "tare", "请填数字"),
        ({"gross": "0"}, "gross", "请填"),
        ({"gross": "-5"}, "gross", "请填数字"),
        ({"gross": "４３"}, "gross", "请填数字"),
        ({"gross": "9" * 400}, "gross", "请填数字"),
        ({"gross": "5000.1"}, "gross", "请填"),
        ({"gross": "200"}, "gross", "还能收 110 公斤"),
        ({"gross": "1.203"}, "gross", "算不出钱"),
        ({"moisture": "130"}, "moisture", "请填 0 到 99.99"),
        ({"moisture": "18.1"}, "moisture", "超过合同上限 18%"),
        ({"foreign": "100"}, "foreign", "请填 0 到 99.99"),
        ({"day": "2026-11-25"}, "day", "日期在将来"),
        ({"day": "2025-01-01"}, "day", "合同期是"),
        ({"day": "tomorrow"}, "day", "请填日期"),
        ({"grade": ""}, "grade", "请选等级"),
        ({"grade": "特级"}, "grade", "请选等级"),
        ({"note": "字" * 201}, "note", "最多 200 个字"),
    ],
)
def test_what_cannot_be_right_is_said_at_its_field(
    scale: Desk, contract: Contract, change: dict[str, str], field: str, words: str
) -> None:
    typed = {**TYPED, **change}
    status = 409 if "超过合同上限" in words else 422
    for step in ("work-out", "confirm"):
        page = scale.send(form_of(contract), status, step=step, key="some-form-key", seen="380800.1", **typed)
        error = re.search(rf'id="error-{field}".*?</p>', page.text, re.DOTALL)
        assert error is not None, page.text
        assert words in error[0]
        assert f'value="{typed["gross"]}"' in page.text
        assert f'value="{typed["moisture"]}"' in page.text
        assert 'name="seen"' not in page.text
    assert written(scale.database) == 0


def test_without_a_price_the_page_leads_to_where_one_is_entered(scale: Desk, database: Database) -> None:
    with database.transaction() as session:
        contract = make_contract(session)
        make_quote(session, contract, day=TODAY - timedelta(days=4))
    page = scale.send(form_of(contract), 409, step="work-out", **TYPED)
    assert "请先录入行情" in page.text
    link = re.search(r'href="(/bench/weigh/quotes/type\?kind=[^"]+)"', page.text)
    assert link is not None
    typing = scale.look(link[1].replace("&amp;", "&")).text
    assert re.search(r'<option value="[^"]+一级" selected>', typing)
    assert f'<option value="{MARKET}" selected>' in typing


def test_a_missing_certificate_is_warned_of_and_recorded(scale: Desk, contract: Contract) -> None:
    typed = {name: value for name, value in TYPED.items() if name != "certificate"}
    refused = scale.send(form_of(contract), 422, step="confirm", key="some-form-key", seen="1.1", **typed)
    assert "请写一句为什么" in refused.text
    typed["certificate_reason"] = "村里今天停电，明天补来"
    page = scale.send(form_of(contract), 200, step="work-out", **typed)
    assert "没有承诺达标合格证" in page.text
    place = scale.send(form_of(contract), step="confirm", **typed, **seen_in(page)).location
    assert "缺合格证" in scale.look(place).text
    assert "缺合格证" in scale.look(f"{place}/slip").text
    with scale.database.transaction() as session:
        assert session.scalars(select(Delivery.has_certificate)).all() == [False]


def test_the_live_working_is_the_same_and_writes_nothing(scale: Desk, contract: Contract) -> None:
    live = scale.send(f"{form_of(contract)}/working", 200, **TYPED)
    assert seen_in(live)["seen"] == seen_in(scale.send(form_of(contract), 200, step="work-out", **TYPED))["seen"]
    assert "<html" not in live.text
    assert "皮重要比毛重小" in scale.send(f"{form_of(contract)}/working", 200, **{**TYPED, "tare": "50"}).text
    assert written(scale.database) == 0


def test_a_farmer_is_found_by_name_initials_and_village(scale: Desk, contract: Contract, database: Database) -> None:
    with database.transaction() as session:
        make_contract(session, make_farmer(session, "叶水生", village="百山祖镇"))
        make_farmer(session, "周月仙", village="竹口镇")
    assert form_of(contract) in scale.look("/bench/weigh/in").text
    for words, name in (("吴长", "吴长根"), ("yss", "叶水生"), ("竹口", "周月仙")):
        page = scale.look(f"/bench/weigh/in?q={words}").text
        assert [each for each in ("吴长根", "叶水生", "周月仙") if each in page] == [name]
    assert "没有在期的合同" in scale.look("/bench/weigh/in?q=周").text
    assert "没有找到" in scale.look("/bench/weigh/in?q=王").text


def test_the_home_page_tells_the_day(scale: Desk, contract: Contract, database: Database) -> None:
    with database.transaction() as session:
        weigh_in(session, weighed(contract))
        make_contract(session, make_farmer(session, "叶水生"))
    page = scale.look("/bench/weigh").text
    for words in ("今天还缺 1 个行情", "缺今天的，录入", "42.5", "3,808.00", "比市场价多给 ¥408.00", "L261124-"):
        assert words in page, words


def test_a_hostile_name_and_note_are_shown_as_they_are(scale: Desk, database: Database) -> None:
    name = "<script>alert(1)</script>\u202e吴"
    with database.transaction() as session:
        contract = make_contract(session, make_farmer(session, name[:29]))
        make_quote(session, contract)
    place = confirm(scale, contract, note="<b>湿</b>{{ 7*7 }}")
    for path in (
        place,
        f"{place}/slip",
        "/bench/weigh",
        "/bench/weigh/in",
        "/bench/weigh/pay",
        f"/bench/weigh/pay/{contract.farmer_id}/statement",
    ):
        page = scale.look(path).text
        assert "<script>alert" not in page, path
        assert "<b>湿" not in page, path
    assert "{{ 7*7 }}" in scale.look(place).text


def test_all_deliveries_are_paged(scale: Desk, contract: Contract, database: Database) -> None:
    with database.transaction() as session:
        for _ in range(41):
            weigh_in(session, weighed(contract, gross_g=2_200))
    first = scale.look("/bench/weigh/deliveries").text
    assert first.count("tap-line") == 40
    older = re.search(r'href="(/bench/weigh/deliveries\?before=\d+)"', first)
    assert older is not None
    assert scale.look(older[1]).text.count("tap-line") == 1
    for odd in ("x", "1" * 30, "-1", "１"):
        scale.look(f"/bench/weigh/deliveries?before={odd}")


def test_the_slips_code_leads_to_the_story_of_the_lot(scale: Desk, contract: Contract) -> None:
    place = confirm(scale, contract)
    url = read_code(scale.look(f"{place}/slip").text)
    number = url.rsplit("/", 1)[-1]
    assert url.startswith("http")
    assert f"/trace/{number}" in url
    assert number in scale.look(place).text
    story = scale.browser.get(f"/trace/{number}")
    assert story.status_code == 200
    assert "12%" in story.text


def read_code(page: str) -> str:
    """What a reader sees in the page's QR code: its squares drawn at 4 pixels each."""
    code = re.search(r'<div class="sheet-code">(.*?)</div>', page, re.DOTALL)
    assert code is not None
    size = int(re.search(r'viewBox="0 0 (\d+) ', code[1])[1])  # type: ignore[index]
    picture = Image.new("L", (size * 4, size * 4), 255)
    pencil = ImageDraw.Draw(picture)
    for x, y, width in re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)"', code[1]):
        left, top = int(x) * 4, int(y) * 4
        pencil.rectangle((left, top, left + int(width) * 4 - 1, top + 3), fill=0)
    (found,) = zxingcpp.read_barcodes(picture)
    return str(found.text)
