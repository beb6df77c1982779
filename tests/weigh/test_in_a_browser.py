"""The scale on a real screen: the working follows what is typed, and everything is large enough to read and to hit."""

from base64 import b64decode
from collections.abc import Iterator
from typing import Literal

import pytest
import zxingcpp
from flask import Flask
from playwright.sync_api import Page, Route, expect
from pypdfium2 import PdfDocument
from sqlalchemy import func, select

from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.settlements.service import take_back
from kernel.db import Database
from kernel.http import sign_in_cookie
from tests.e2e.house import PC, PHONE, TABLET, chromium
from tests.purchasing.test_quotes import add, row
from tests.purchasing.world import WEIGHER, make_contract, make_farmer, make_quote, weigh_in, weighed
from tests.servers import listening
from tests.weigh.conftest import Desk
from tests.world import NOW

pytestmark = pytest.mark.browser

SMALL = (320, 700)
# The smallest picture there is.
PIXEL = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")


class Screen:
    """A real browser on the test's installation, with the owner signed in; remembers what pages complained about."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str, size: tuple[int, int] = PHONE, until: Literal["commit", "load"] = "load") -> Page:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.goto(f"{self.url}{path}", wait_until=until)
        return self.page


@pytest.fixture
def screen(app: Flask, owner: Desk) -> Iterator[Screen]:
    with app.app_context():
        name = sign_in_cookie()
    cookie = owner.browser.get_cookie(name)
    assert cookie is not None
    with listening(app) as (url, _), chromium() as browser:
        context = browser.new_context(locale="zh-CN")
        context.add_cookies([{"name": name, "value": cookie.value, "url": url}])
        yield Screen(context.new_page(), url)


def test_the_working_follows_what_is_typed_and_only_what_is_seen_is_written(
    screen: Screen, contract: Contract, database: Database
) -> None:
    with database.transaction() as session:
        make_contract(session, make_farmer(session, "叶水生"))
    page = screen.open("/bench/weigh/in")
    page.get_by_role("searchbox").fill("wcg")
    expect(page.locator(".pick:visible")).to_have_count(1)
    page.get_by_role("link", name="吴长根").click()
    for name, value in (("gross", "43.7"), ("tare", "1.2"), ("moisture", "15")):
        page.locator(f"[name={name}]").fill(value)
    page.get_by_label("一级").check()
    confirm = page.get_by_role("button", name="对，记下")
    expect(confirm).to_contain_text("¥3,720.19")
    page.locator("[name=tare]").fill("99")
    expect(page.locator("[data-working]")).to_contain_text("皮重要比毛重小")
    expect(confirm).to_have_count(0)
    page.locator("[name=tare]").fill("1.2")
    page.get_by_label("带了承诺达标合格证").check()
    page.locator("[name=moisture]").fill("13")
    expect(confirm).to_contain_text("¥3,808.00")
    expect(page.locator("[data-say]")).to_have_text("应付 3,808.00 元")
    confirm.click()
    page.wait_for_url("**/deliveries/*")
    with database.transaction() as session:
        assert session.scalars(select(Delivery.pay_fen)).all() == [380_800]
    assert screen.complaints == []


def test_what_was_typed_before_the_scripts_came_is_worked_out_too(screen: Screen, contract: Contract) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    screen.page.route("**/weigh_filter.js*", hold)
    screen.page.route("**/weigh_in.js*", hold)
    page = screen.open("/bench/weigh/in", until="commit")
    page.get_by_role("searchbox").fill("没有这个人")
    held.pop().continue_()
    expect(page.locator(".pick:visible")).to_have_count(0)
    page = screen.open(f"/bench/weigh/in/{contract.id}", until="commit")
    for name, value in (("gross", "43.7"), ("tare", "1.2"), ("moisture", "13")):
        page.locator(f"[name={name}]").fill(value)
    page.get_by_label("一级").check()
    page.get_by_text("拍照：货、合格证").click()
    page.locator("[name=goods_photo]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": PIXEL})
    held.pop().continue_()
    expect(page.get_by_role("button", name="对，记下")).to_contain_text("¥3,808.00")
    expect(page.locator("[data-shown=goods] img")).to_have_count(1)
    assert screen.complaints == []


def test_what_no_longer_belongs_to_the_fields_cannot_be_confirmed(
    screen: Screen, contract: Contract, database: Database
) -> None:
    page = screen.open(f"/bench/weigh/in/{contract.id}")
    for name, value in (("gross", "43.7"), ("tare", "1.2"), ("moisture", "13")):
        page.locator(f"[name={name}]").fill(value)
    page.get_by_label("二级").check()
    confirm = page.get_by_role("button", name="对，记下")
    expect(confirm).to_be_enabled()
    page.route("**/working", lambda route: route.abort())
    page.locator("[name=gross]").fill("53.7")
    expect(confirm).to_be_disabled()
    page.unroute("**/working")
    page.get_by_role("button", name="算一算").click()
    expect(confirm).to_contain_text("¥4,327.58")
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0


FACTS = """() => {
  const shown = (element) => element.getClientRects().length > 0 && !element.closest(".visually-hidden, .skip-link");
  const size = (element) => parseFloat(getComputedStyle(element).fontSize);
  const name = (element) => `${element.tagName} ${element.className} ${element.textContent.trim().slice(0, 20)}`;
  const words = [...document.querySelectorAll("body *:not(svg *):not(script)")].filter((element) =>
    shown(element) && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
  const targets = [...document.querySelectorAll("a.button, button, input.input, select, summary, .pick, .tap-line, .big-button, .choice, .check, nav a")];
  return {
    // A page that only just needs a scroll bar may be narrower than its screen by that bar.
    wide: Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth),
    words: words.length,
    small: words.filter((element) => size(element) < 18).map(name),
    targets: targets.filter(shown).length,
    low: targets.filter((element) => shown(element) && element.getBoundingClientRect().height < 59.5).map(name),
  };
}"""


def test_every_page_can_be_read_and_hit_on_every_screen(screen: Screen, contract: Contract, database: Database) -> None:
    with database.transaction() as session:
        delivery = weigh_in(session, weighed(contract))
        lot_id = delivery.lot.id
        add(session, row(name="玉菇"))
    paths = (
        "",
        "/in",
        f"/in/{contract.id}",
        f"/deliveries/{delivery.id}",
        "/deliveries",
        "/quotes",
        "/quotes/type",
        "/quotes/file",
        "/quotes/held",
        "/farmers",
        f"/farmers/{contract.farmer_id}",
        "/farmers/new",
        "/contracts",
        f"/contracts/{contract.id}",
        f"/contracts/{contract.id}/amend",
        "/contracts/new",
        "/lots",
        f"/lots/{lot_id}",
        "/pay",
        f"/pay/{contract.farmer_id}",
        "/help",
    )
    for path in paths:
        for size in (SMALL, PHONE, TABLET, PC):
            facts = screen.open(f"/bench/weigh{path}", size).evaluate(FACTS)
            assert facts["words"] > 10, (path, size)
            assert facts["targets"] > 5, (path, size)
            assert (facts["wide"], facts["small"], facts["low"]) == (0, [], []), (path, size)
    assert screen.complaints == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_slip_is_one_label_also_with_the_longest_names(screen: Screen, database: Database, language: str) -> None:
    with database.transaction() as session:
        contract = make_contract(session, make_farmer(session, "吴" * 30), market="市" * 60)
        make_quote(session, contract, market="市" * 60)
        away = {"refused_g": 2_500, "refused_reason": "insects"}
        facts = weighed(contract, moisture_bps=1_500, foreign_bps=100, grade="二级", has_certificate=False, **away)
        delivery = weigh_in(session, facts)
        number = delivery.lot.number
        take_back(session, delivery.id, reason="记错", now=NOW, by=WEIGHER)
    page = screen.open(f"/bench/weigh/deliveries/{delivery.id}/slip?lang={language}", PC)
    with PdfDocument(page.pdf(width="100mm", height="150mm")) as paper:
        assert len(paper) == 1
        words = paper[0].get_textpage().get_text_range()
    for last in ("2026-12-01", "作废" if language == "zh" else "VOID", number):
        assert last in words
    heights = page.evaluate(
        "() => ['.slip-also', '.farmer-slip-foot', '.sheet-code'].map((part) => document.querySelector(part).getBoundingClientRect())"
        ".map(({ top, bottom }) => [top, bottom])"
    )
    assert heights[0][1] <= min(heights[1][0], heights[2][0]) + 1


@pytest.mark.parametrize("paper", ["100x150", "r80", "r76", "a5"])
def test_a_slip_with_a_part_sent_home_is_whole_on_every_paper_and_its_code_is_read(
    screen: Screen, contract: Contract, database: Database, paper: str
) -> None:
    """Printed by the browser as PDF, drawn as a thermal printer does (203 dpi, black on white), and read by a real reader."""
    with database.transaction() as session:
        make_quote(session, contract)
        facts = weighed(contract, moisture_bps=1_500, foreign_bps=100, refused_g=2_500, refused_reason="insects")
        delivery = weigh_in(session, facts)
        number, pay = delivery.lot.number, f"{delivery.pay_fen / 100:,.2f}"
    page = screen.open(f"/bench/weigh/deliveries/{delivery.id}/slip?paper={paper}", PC)
    with PdfDocument(page.pdf(prefer_css_page_size=True)) as document:
        assert len(document) == 1
        words = document[0].get_textpage().get_text_range()
        printed = document[0].render(scale=203 / 72).to_pil().convert("1", dither=0)
    for word in (number, pay, "退回 2.5 kg", "有虫"):
        assert word in words
    (code,) = zxingcpp.read_barcodes(printed.convert("L"))
    assert number in code.text
