"""Hands at the scale as they are: a keyboard alone, a finger that taps twice, Back, a reload in the middle."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from fulfillment.purchasing.growers.models import Contract, Farmer
from kernel.db import Database
from tests.browsers import eventually
from tests.e2e.house import PHONE
from tests.purchasing.test_runs import draft, staff
from tests.purchasing.world import make_contract, make_farmer, make_quote, weigh_in, weighed
from tests.readable import BENCH, narrow_faults
from tests.tracing.world import fill as fill_bags
from tests.tracing.world import make_lots
from tests.weigh.test_in_a_browser import SMALL, Screen, screen

__all__ = ["screen"]
pytestmark = pytest.mark.browser

# What has the focus (a small box's own label, if it has one): whether it can be seen whole, and that it has it.
FOCUS = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const box = ((e.matches("[type=checkbox], [type=radio]") && e.closest("label")) || e).getBoundingClientRect();
  const foot = document.querySelector(".bench-foot");
  const floor = foot.contains(e) ? innerHeight : Math.min(innerHeight, foot.getBoundingClientRect().top);
  return { what: e.outerHTML.slice(0, 120), covered: box.top < -1 || (box.bottom > floor + 1 && box.height < floor / 2) };
}"""


def walk(page: Page) -> list[str]:
    """Come to everything with the keyboard; returns what lay under something."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    covered, steps = [], 0
    for _ in range(200):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None:
            break
        steps += 1
        covered += [focus["what"]] if focus["covered"] else []
    assert steps > 8, "the keyboard came to nothing"
    return covered


@pytest.mark.parametrize("size", [PHONE, SMALL])
def test_what_the_keyboard_comes_to_does_not_lie_under_the_foot(
    screen: Screen, contract: Contract, database: Database, size: tuple[int, int]
) -> None:
    with database.transaction() as session:
        make_quote(session, contract)
        delivery = weigh_in(session, weighed(contract))
    for path in ("", f"/in/{contract.id}", "/contracts/new", f"/deliveries/{delivery.id}", "/farmers/new"):
        assert walk(screen.open(f"/bench/weigh{path}", size)) == [], path


def test_a_double_tap_is_answered_as_one(screen: Screen, database: Database) -> None:
    sent: list[str] = []
    screen.page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    page = screen.open("/bench/weigh/farmers/new")
    fill(page)
    page.get_by_role("button", name="保存").dblclick()
    page.wait_for_url(re.compile(r"/farmers/\d+$|/contracts/new"))
    expect(page.get_by_text("已经在名单上了")).to_have_count(0)
    with database.transaction() as session:
        assert session.scalars(select(Farmer.name)).all() == ["叶水生"]
    assert len(sent) == 1


def fill(page: Page) -> None:
    for name, value in (("name", "叶水生"), ("phone", "13700001111"), ("village", "松源街道")):
        page.locator(f"main [name={name}]").fill(value)


def typed(page: Page) -> list[str]:
    return [page.locator(f"main [name={name}]").input_value() for name in ("name", "phone", "village")]


FARMER = ["叶水生", "13700001111", "松源街道"]


def test_a_reload_or_a_wrong_tap_in_the_middle_of_a_form_loses_nothing(screen: Screen, contract: Contract) -> None:
    page = screen.open("/bench/weigh/farmers/new")
    fill(page)
    page.reload()
    assert typed(page) == FARMER
    page.get_by_role("link", name="帮助").click()
    page.wait_for_url("**/help")
    page.go_back()
    assert typed(page) == FARMER
    # Opened anew it is another form, and in another's hands it is empty.
    page = screen.open("/bench/weigh/farmers/new")
    assert typed(page) == ["", "", ""]
    page = screen.open(f"/bench/weigh/in/{contract.id}")
    for name, value in (("gross", "43.7"), ("tare", "1.2"), ("moisture", "13")):
        page.locator(f"[name={name}]").fill(value)
    page.get_by_label("一级").check()
    page.get_by_role("button", name=re.compile("再来一袋|加一袋")).click()
    page.locator("[name=gross_2]").fill("21.2")
    page.reload()
    assert page.locator("[name=gross_2]").input_value() == "21.2"
    expect(page.get_by_role("button", name="对，记下")).to_be_enabled()


def test_back_after_a_form_was_sent_is_empty_and_after_a_lost_line_it_is_not(
    screen: Screen, database: Database
) -> None:
    page = screen.open("/bench/weigh/farmers/new")
    fill(page)
    page.route("**/farmers/new", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.get_by_role("button", name="保存").click()
    page.wait_for_url("chrome-error://**")
    page.unroute("**/farmers/new")
    page = screen.open("/bench/weigh/farmers/new")
    eventually(page, lambda: typed(page) == FARMER)
    page.get_by_role("button", name="保存").click()
    page.wait_for_url(re.compile(r"/farmers/\d+$"))
    page.go_back()
    page.wait_for_url("**/farmers/new")
    assert typed(page) == ["", "", ""]
    with database.transaction() as session:
        assert session.scalars(select(Farmer.name)).all() == ["叶水生"]
    assert [said for said in screen.complaints if "ERR_FAILED" not in said] == []


def test_who_signs_out_leaves_nothing_typed_behind(screen: Screen) -> None:
    page = screen.open("/bench/weigh/farmers/new")
    fill(page)
    page.reload()
    assert page.evaluate("Object.keys(sessionStorage).length") == 1
    page.get_by_role("button", name="退出").click()
    page.wait_for_url(re.compile("sign-in"))
    assert page.evaluate("Object.keys(sessionStorage).filter((each) => each.startsWith('typed ')).length") == 0


def test_what_folds_open_fits_the_smallest_screen_with_the_largest_letters(screen: Screen, database: Database) -> None:
    with database.transaction() as session:
        bag, (lot,) = make_lots(session, "吴长根")
        fill_bags(session, bag, 10, lot)
        large = make_contract(session, make_farmer(session, "叶水生"), agreed_g=1_000_000)
        large.variant.product.title_zh = "庆元厚菇"
        make_quote(session, large)
        weigh_in(session, weighed(large, gross_g=900_000))
        run = draft(session, staff(session)[0], large.farmer_id)
        paths = (
            f"/lots/{lot.id}",
            f"/pay/runs/{run.id}",
            f"/pay/{large.farmer_id}",
            f"/contracts/{large.id}",
            "/calls",
        )
    for path in paths:
        page = screen.open(f"/bench/weigh{path}")
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert narrow_faults(page, BENCH) == [], path
    page = screen.open("/console/planning")
    labels = page.locator("[role=region]").evaluate_all("(regions) => regions.map((each) => each.ariaLabel)")
    assert len(labels) == len(set(labels)) >= 2


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_wrong_can_be_read_on_the_smallest_screen_with_the_largest_letters(
    screen: Screen, language: str
) -> None:
    page = screen.open(f"/bench/weigh/farmers/new?lang={language}")
    page.locator("main form button[type=submit]").click()
    expect(page.locator(".errors")).to_be_visible()
    assert narrow_faults(page, BENCH) == []
    # Some letters at least stand side by side.
    page.evaluate("document.documentElement.style.fontSize = '250%'")
    assert page.locator(".errors li").first.evaluate("(line) => line.clientWidth / 40") >= 4
    assert [said for said in screen.complaints if "422" not in said] == []
