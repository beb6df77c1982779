"""Contracts on their pages, without scripts: found, amended, renewed, printed, their signed paper kept."""

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO, StringIO

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers import contract_queries as contracts
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.contract_queries import ALL, BEHIND, ENDING, RUNNING, UNSIGNED, listed
from fulfillment.purchasing.growers.contract_service import end_contract, renew_contract
from fulfillment.purchasing.growers.models import Contract, ContractPage
from fulfillment.purchasing.growers.scans import read_pages
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.errors import Invalid
from tests.purchasing.world import TODAY, WEIGHER, make_contract, make_farmer, make_goods, make_quote, weigh_in, weighed
from tests.weigh.conftest import Desk
from tests.world import NOW

CONTRACTS = "/bench/weigh/contracts"


def shown(session: Session, show: str, **asked: object) -> list[int]:
    return [each.contract.id for each in listed(session, on=TODAY, show=show, **asked)]  # type: ignore[arg-type]


def test_each_filter_shows_its_contracts(session: Session) -> None:
    slow = make_contract(session, make_farmer(session, "吴长根"))
    done = make_contract(session, make_farmer(session, "叶水生"), agreed_g=42_500)
    make_quote(session, done)
    weigh_in(session, weighed(done))
    soon = make_contract(session, make_farmer(session, "周月仙"), season_end=TODAY + timedelta(days=9), agreed_g=1_000)
    later = make_contract(session, make_farmer(session, "练小娟"), season_start=TODAY + timedelta(days=1))
    ended = make_contract(session, make_farmer(session, "胡德法"))
    end_contract(session, ended.id, reason="搬走了", now=NOW, by=WEIGHER)
    assert shown(session, RUNNING) == [soon.id, slow.id, done.id]
    assert shown(session, BEHIND) == [soon.id, slow.id]
    assert shown(session, ENDING) == [soon.id, slow.id, done.id, later.id]
    assert shown(session, ALL) == [soon.id, slow.id, done.id, later.id, ended.id]
    assert shown(session, UNSIGNED) == [soon.id, slow.id, done.id, later.id]
    renew_contract(session, soon.id, now=NOW, by=WEIGHER)
    assert soon.id not in shown(session, ENDING)
    assert contracts.counts(session, TODAY) == {RUNNING: 3, BEHIND: 2, ENDING: 3, UNSIGNED: 5, ALL: 6}
    assert shown(session, ALL, search="yss") == [done.id]
    assert shown(session, ALL, search="% 吴") == []


@pytest.mark.parametrize("tolerance_bps", [0, 1_000, 5_000])
def test_the_database_and_the_rules_call_the_same_contracts_behind(session: Session, tolerance_bps: int) -> None:
    """On every day of seasons of odd lengths, at the gram where it turns."""
    raw = make_goods(session)[1]
    for days, agreed_g in ((1, 10_001), (7, 100_003), (180, 1_234_567)):
        start = TODAY - timedelta(days=days // 2)
        season = {"season_start": start, "season_end": start + timedelta(days=days - 1), "agreed_g": agreed_g}
        contract = make_contract(session, make_farmer(session), raw, tolerance_bps=tolerance_bps, **season)
        standing = contracts.standing_of(contract, TODAY)
        turns_at = standing.expected_g - agreed_g * tolerance_bps // 10_000
        for delivered_g in {min(max(0, turns_at + off), agreed_g) for off in (-1, 0, 1)}:
            contract.delivered_g = delivered_g
            session.flush()
            is_behind = replace(standing, delivered_g=delivered_g).is_behind
            assert (contract.id in shown(session, BEHIND)) == is_behind, (days, delivered_g)


def test_a_long_list_is_read_page_by_page_and_exported_whole(scale: Desk, database: Database) -> None:
    with database.transaction() as session:
        raw = make_goods(session)[1]
        for number in range(35):
            make_contract(session, make_farmer(session, f"农户{number:02d}"), raw, market="=1+1")
    first = scale.look(CONTRACTS).text
    assert first.count('class="card stack"') == 30
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = scale.look(older[1].replace("&amp;", "&")).text
    assert second.count('class="card stack"') == 5
    assert set(re.findall("农户[0-9]{2}", first + second)) == {f"农户{number:02d}" for number in range(35)}
    sheet = list(
        csv.DictReader(StringIO(scale.browser.get(f"{CONTRACTS}/export.csv?show=running").text.lstrip("\ufeff")))
    )
    assert len(sheet) == 35
    assert (sheet[0]["约定公斤"], sheet[0]["溢价%"], sheet[0]["市场"]) == ("100", "12", "'=1+1")
    for broken in ("after=x", "after=2026-01-01.9999999999999999999", "show=stones", "q=%25", "after=2026-01-01."):
        scale.look(f"{CONTRACTS}?{broken}")
    assert "没有找到" in scale.look(f"{CONTRACTS}?q=没这人").text


def typed(page: str) -> dict[str, str]:
    """What a form begins with, as its fields."""
    found = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]*? value="([^"]*)"', page))
    found |= dict(re.findall(r'<input type="radio" name="([^"]+)" value="([^"]*)" checked', page))
    chosen = re.findall(r'<select[^>]* name="([^"]+)".*?</select>', page, re.DOTALL)
    for name in chosen:
        select_of = re.search(rf'<select[^>]* name="{name}".*?</select>', page, re.DOTALL)
        option = re.search(r'<option value="([^"]*)" selected', select_of[0]) if select_of else None
        found[name] = option[1] if option else ""
    return {name: value for name, value in found.items() if name != "csrf_token"}


def test_an_amendment_keeps_what_came_and_prints_its_own_paper(owner: Desk, contract: Contract) -> None:
    place = f"{CONTRACTS}/{contract.id}"
    form = typed(owner.look(f"{place}/amend").text)
    assert (form["version"], form["premium"], form["off-0"], form["off-1"]) == ("1", "12", "0", "8")
    other = form | {"premium": "15", "off-1": "5", "from_day": "2026-12-01", "reason": "今年冷，产得少"}
    owner.send(f"{place}/amend", **other)
    # Sent twice, it is one amendment.
    owner.send(f"{place}/amend", **other)
    page = owner.look(place).text
    assert page.count("第 2 版，从 2026-12-01 起") == 1
    for words in (
        "溢价: 12% → 15%",
        "一级，二级 减 8% → 一级，二级 减 5%",
        "今年冷，产得少",
        "下面的条款从 2026-12-01 起",
    ):
        assert words in page, words
    paper = owner.look(f"{place}/paper?lang=en").text
    for words in ("收购合同补充协议（1）", "2026-12-01", "12%", "15%", "盖章处", "手印处", "仍按原来的条款算"):
        assert words in paper, words
    first = owner.look(f"{place}/paper?version=1").text
    for words in ("农产品收购合同", "吴长根", contract.farmer.phone, "12%", "¥60.00", "一级，二级 减 8%"):
        assert words in first, words
    owner.look(f"{place}/paper?version=3", 404)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"premium": "9.9"}, "premium"),
        ({"premium": "15.1"}, "premium"),
        ({"season_end": "2026-01-01"}, "season_end"),
        ({"agreed": "42.4"}, "agreed"),
        ({"agreed": "200"}, "agreed"),
        ({"agreed": "200 斤"}, "agreed"),
        ({"off-0": "1"}, "deductions"),
        ({"off-1": "90.01"}, "off-1"),
        ({"from_day": "2026-11-23"}, "from_day"),
        ({"floor": "70"}, "from_day"),
        ({"median_days": "9"}, "median_days"),
        ({"reason": ""}, "reason"),
    ],
)
def test_an_amendment_that_cannot_be_says_so_at_its_field(
    owner: Desk, contract: Contract, change: dict[str, str], field: str
) -> None:
    with owner.database.transaction() as session:
        weigh_in(session, weighed(contract))
    place = f"{CONTRACTS}/{contract.id}/amend"
    form = typed(owner.look(place).text) | {"agreed": "90", "reason": "少种了"}
    page = owner.send(place, 422, **(form | change)).text
    assert f'id="error-{field}"' in page
    with owner.database.transaction() as session:
        assert len(growers.versions(session, contract.id)) == 1
    owner.send(place, **form)


def test_twice_as_much_as_last_time_is_asked_about(owner: Desk, contract: Contract) -> None:
    place = f"{CONTRACTS}/{contract.id}/amend"
    form = typed(owner.look(place).text) | {"agreed": "200", "reason": "扩种"}
    asked = owner.send(place, 422, **form).text
    assert "是不是按斤填的" in asked
    assert 'name="sure"' in asked
    owner.send(place, **form, sure="1")


def test_who_amends_an_outdated_page_is_told_and_keeps_what_was_typed(owner: Desk, contract: Contract) -> None:
    place = f"{CONTRACTS}/{contract.id}/amend"
    form = typed(owner.look(place).text)
    owner.send(place, **form | {"agreed": "90", "reason": "少种了"})
    page = owner.send(place, 409, **form | {"agreed": "80", "reason": "又少了"}).text
    assert "刚才有人改过" in page
    assert 'value="80"' in page
    assert "看现在的条款" in page


def test_a_contract_is_renewed_with_one_press_and_two_presses_make_one(owner: Desk, contract: Contract) -> None:
    place = f"{CONTRACTS}/{contract.id}"
    page = owner.look(place).text
    assert "2027-10-25 到 2028-01-23" in page
    first, second = (owner.send(f"{place}/renew").location for _ in range(2))
    assert first == second
    assert "看续的那份" in owner.look(place).text
    assert "上一季" in owner.look(first).text


def test_a_renewal_with_changes_begins_with_the_terms_of_the_last(owner: Desk, contract: Contract) -> None:
    place = f"{CONTRACTS}/new?renews={contract.id}"
    form = typed(owner.look(place).text)
    assert (form["season_start"], form["premium"], form["farmer"]) == ("2027-10-25", "12", f"{contract.farmer_id}")
    signed = owner.send(place, **form | {"premium": "13"}).location
    with owner.database.transaction() as session:
        renewed = session.get_one(Contract, int(signed.rpartition("/")[2]))
        assert (renewed.renews_id, renewed.premium_bps) == (contract.id, 1_300)
    owner.look(f"{CONTRACTS}/new?renews=x")


def test_the_weigher_looks_and_prints_and_changes_nothing(scale: Desk, contract: Contract) -> None:
    place = f"{CONTRACTS}/{contract.id}"
    page = scale.look(place).text
    assert "改合同" not in page
    assert "续下一季" not in page
    scale.look(f"{place}/paper")
    scale.look(f"{place}/amend", 403)
    for path in ("amend", "renew", "pages", "pages/1/remove", "end"):
        scale.send(f"{place}/{path}", 403)


# The signed paper.


def picture(colour: str = "white", kind: str = "JPEG") -> bytes:
    into = BytesIO()
    Image.new("RGB", (800, 1_100), colour).save(into, kind)
    return into.getvalue()


def scan(pages: int) -> bytes:
    into = BytesIO()
    sheets = [Image.new("RGB", (400, 560), (10 * number, 0, 0)) for number in range(pages)]
    sheets[0].save(into, "PDF", save_all=True, append_images=sheets[1:])
    return into.getvalue()


def send_pages(owner: Desk, contract_id: int, files: Sequence[bytes], status: int = 303, version: int = 1) -> str:
    sent = [(BytesIO(data), f"{number}.bin") for number, data in enumerate(files)]
    page = owner.browser.post(f"{CONTRACTS}/{contract_id}/pages", data={"version": version, "pages": sent})
    assert page.status_code == status, page.text
    return page.text


def test_photos_and_a_scan_become_pages_of_the_signed_copy(owner: Desk, contract: Contract) -> None:
    send_pages(owner, contract.id, [picture("white"), picture("grey", "PNG")])
    send_pages(owner, contract.id, [scan(3)])
    # The same again changes nothing.
    send_pages(owner, contract.id, [picture("white"), scan(3)])
    with owner.database.transaction() as session:
        pages = contracts.pages_of(session, contract.id)
        assert [page.page for page in pages] == [1, 2, 3, 4, 5]
        assert contract.id not in shown(session, UNSIGNED)
        wrong = pages[1].id
    shown_page = owner.browser.get(f"{CONTRACTS}/{contract.id}/pages/{wrong}")
    assert shown_page.mimetype == "image/jpeg"
    assert "no-store" in shown_page.headers["Cache-Control"]
    for _ in range(2):
        owner.send(f"{CONTRACTS}/{contract.id}/pages/{wrong}/remove")
    owner.look(f"{CONTRACTS}/{contract.id}/pages/{wrong}", 404)
    owner.look(f"{CONTRACTS}/999/pages/{pages[0].id}", 404)
    with owner.database.transaction() as session:
        noted = session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("contract.page"))).all()
        assert noted == ["contract.pages_added", "contract.pages_added", "contract.page_removed"]


def test_a_scan_with_something_that_runs_is_kept_as_a_picture_only(owner: Desk, contract: Contract) -> None:
    script = scan(1).replace(b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>")
    send_pages(owner, contract.id, [script])
    with owner.database.transaction() as session:
        page = session.scalars(select(ContractPage)).one()
        assert page.jpeg.startswith(b"\xff\xd8")
        assert b"JavaScript" not in page.jpeg


def test_a_scan_that_is_too_large_is_not_opened() -> None:
    with pytest.raises(Invalid) as refused:
        read_pages([b"%PDF-" + b"0" * 5_000_000])
    assert list(refused.value.fields) == ["pages"]


@pytest.mark.parametrize("files", [[], [b""], [b"stones"], [b"%PDF-1.7 nothing"], [scan(21)], [scan(11), scan(10)]])
def test_what_is_no_signed_paper_is_refused_at_its_field(owner: Desk, contract: Contract, files: list[bytes]) -> None:
    assert 'id="error-pages"' in send_pages(owner, contract.id, files, 422)
    with owner.database.transaction() as session:
        assert session.scalars(select(ContractPage)).all() == []


def test_pages_belong_to_a_version_that_there_is(owner: Desk, contract: Contract) -> None:
    send_pages(owner, contract.id, [picture()], 422, version=2)
    send_pages(owner, 999, [picture()], 404)


def test_seasons_are_said_in_words(scale: Desk, contract: Contract, database: Database) -> None:
    # 31 of 91 days: 34.065 kg should have come.
    assert "按日子该交 34.1 kg，少 34.1 kg。" in scale.look(f"{CONTRACTS}/{contract.id}").text
    with database.transaction() as session:
        weigh_in(session, weighed(contract))
        later = make_contract(session, season_start=date(2027, 1, 1), season_end=date(2027, 2, 1))
    assert "跟上了，还有 57.5 kg" in scale.look(f"{CONTRACTS}/{contract.id}").text
    assert "2027-01-01 开始收" in scale.look(f"{CONTRACTS}/{later.id}").text
