"""A phone beside the scale, with a network, without one, and with a scale that types: every delivery is written once."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from sqlalchemy import func, select

from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.weighing.models import DeliveryBag, WeighInPhoto
from kernel.db import Database
from kernel.http import sign_in_cookie
from tests.bench.lines import AFTER, BEFORE, Line
from tests.browsers import eventually, served
from tests.e2e.house import PHONE
from tests.weigh.conftest import Desk

pytestmark = pytest.mark.browser

KEPT = """async () => {
  const kept = await (await caches.open('weigh-kept')).match('/bench/weigh/in/kept');
  const worker = (await navigator.serviceWorker.getRegistration('/bench/weigh/in'))?.active;
  return kept !== undefined && worker?.state === 'activated';
}"""
# Lines that scales send, and what they weigh in grams (null: nothing to be used), with the unit of the page.
LINES = [
    ["ST,GS,+  43.700kg\r", 1000, 43_700, True],
    ["US,NT,-0.020 kg", 1000, -20, False],
    ["ST,NT,+00437.0  g", 1000, 437, True],
    ["wn0043.70kg", 1000, 43_700, True],
    ["ww0000.00kg", 1000, 0, True],
    ["43.7", 1000, 43_700, True],
    ["87.4", 500, 43_700, True],
    ["\x0243.70\x03", 1000, 43_700, True],
    ["OL,GS,+999.999kg", 1000, None, None],
    ["ST,GS,+ 96.3lb", 1000, None, None],
    ["43.7.1", 1000, None, None],
    ["NH-00001-1", 1000, None, None],
    ["", 1000, None, None],
]


@pytest.fixture
def line(app: Flask) -> Line:
    """The road to the server."""
    line = Line(app.wsgi_app)
    app.wsgi_app = line  # type: ignore[method-assign]
    return line


@pytest.fixture
def page(app: Flask, scale: Desk, line: Line, browser: Browser) -> Iterator[Page]:
    """The weigher's phone, signed in; its scripts must not fail, whatever the network does."""
    with app.app_context():
        name = sign_in_cookie()
    cookie = scale.browser.get_cookie(name)
    assert cookie is not None
    errors: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "Failed to load" not in message.text:
            errors.append(message.text)

    with served(app) as url:
        context = browser.new_context(
            viewport={"width": PHONE[0], "height": PHONE[1]}, locale="zh-CN", base_url=url, has_touch=True
        )
        context.add_cookies([{"name": name, "value": cookie.value, "url": url}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", hear)
        yield page
        assert errors == []
        line.is_cut = False
        context.close()


def count(database: Database, table: type = Delivery) -> int:
    with database.transaction() as session:
        return int(session.scalar(select(func.count()).select_from(table)) or 0)


def picture() -> bytes:
    into = BytesIO()
    Image.new("RGB", (2_400, 1_200), "brown").save(into, "JPEG")
    return into.getvalue()


def fill(page: Page, **typed: str) -> None:
    for name, value in typed.items():
        page.locator(f"[name={name}]").fill(value)


def test_two_bags_a_scale_that_types_a_photo_and_a_double_tap_are_one_delivery(
    page: Page, contract: Contract, database: Database
) -> None:
    page.goto("/bench/weigh/in")
    read = "([line, unit]) => import('/static/js/weigh_scale_text.js').then(({ readScale }) => readScale(line, unit))"
    for line, unit, grams, is_stable in LINES:
        found = page.evaluate(read, [line, unit])
        assert found == (None if grams is None else {"grams": grams, "isStable": is_stable}), line
    page.get_by_role("searchbox").fill("wcg")
    page.locator(".pick:visible").tap()
    expect(page.locator("[data-weigh-in][data-ready]")).to_be_visible()
    # No field has the focus: what the scale types goes into the first empty weight.
    page.keyboard.type("43.7\n")
    expect(page.locator("[name=gross]")).to_have_value("43.7")
    fill(page, tare="1.2")
    page.get_by_role("button", name="再加一袋").click()
    expect(page.locator("[name=tare_2]")).to_have_value("1.2")
    page.keyboard.type("11.2\n")
    expect(page.locator("[name=gross_2]")).to_have_value("11.2")
    page.get_by_role("button", name="再加一袋").click()
    page.locator("[data-bag='3']").get_by_role("button", name="去掉").click()
    expect(page.locator("[data-bag-sum]")).to_contain_text("2 袋 · 毛 54.9 · 皮 2.4 · 净 52.5 kg")
    # Large keys come up under the finger.
    page.locator("[name=moisture]").tap()
    for key in "13":
        page.locator(f"[data-key='{key}']").tap()
    expect(page.locator("[name=moisture]")).to_have_value("13")
    # Nothing lies over the lowest key, also not the foot of the page.
    page.locator("[data-key=next]").tap()
    expect(page.locator("[name=foreign]")).to_be_focused()
    page.get_by_role("button", name="收起数字键").tap()
    page.get_by_label("一级").check()
    page.get_by_label("带了承诺达标合格证").check()
    page.get_by_text("拍照：货、合格证").click()
    page.locator("[name=goods_photo]").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()})
    page.locator("[name=goods_photo]").set_input_files({"name": "b.jpg", "mimeType": "image/jpeg", "buffer": picture()})
    expect(page.locator("[data-shown=goods] img")).to_have_count(2)
    page.get_by_role("button", name="去掉照片").first.click()
    expect(page.locator("[data-shown=goods] img")).to_have_count(1)
    confirm = page.get_by_role("button", name="对，记下")
    expect(confirm).to_contain_text("¥4,704.00")
    confirm.dblclick()
    page.wait_for_url("**/deliveries/*")
    assert (count(database), count(database, DeliveryBag), count(database, WeighInPhoto)) == (1, 2, 1)
    page.go_back()
    page.wait_for_url("**/in/*")
    assert count(database) == 1


def test_without_a_network_a_weigh_in_is_kept_and_written_once_when_it_is_back(
    page: Page, line: Line, contract: Contract, database: Database
) -> None:
    page.goto("/bench/weigh/in")
    eventually(page, lambda: page.evaluate(KEPT))
    line.is_cut = True
    page.goto("/bench/weigh/in")
    expect(page.get_by_text("这是今天留在这台上的名单")).to_be_visible()
    page.get_by_role("link", name="吴长根").click()
    expect(page.get_by_role("heading", name="吴长根")).to_be_visible()
    expect(page.locator("[data-quote]")).to_contain_text("80.00 元")
    fill(page, gross="43.7", tare="1.2", moisture="13", foreign="0")
    page.get_by_label("一级").check()
    page.get_by_label("带了承诺达标合格证").check()
    expect(page.locator("[data-working]")).to_contain_text("价钱有网再算")
    page.get_by_role("button", name="记下，有网自动送").dblclick()
    page.wait_for_url("**/bench/weigh/in")
    waiting = page.locator("[data-weigh-queue]")
    expect(waiting).to_contain_text("吴长根 42.5 kg")
    expect(waiting).to_contain_text("等网")
    assert count(database) == 0
    # The weigher's home tells of it too.
    line.is_cut, line.path, line.plan = False, "/bench/weigh/in/queue", [BEFORE] * 50
    page.goto("/bench/weigh")
    expect(page.locator("[data-weigh-queue]")).to_contain_text("吴长根 42.5 kg")
    page.goto("/bench/weigh/in")
    assert count(database) == 0
    # The answer of the first sending is lost on the way: the second one finds it written.
    line.path, line.plan, line.is_cut = "/bench/weigh/in/queue", [AFTER], False
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(waiting).to_contain_text("记下了")
    assert (count(database), line.lost[AFTER]) == (1, 1)
    waiting.get_by_role("link", name="去看").click()
    page.wait_for_url("**/deliveries/*")
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/sign-in*")
    assert page.evaluate("caches.has('weigh-kept')") is False


def test_a_kept_weigh_in_that_is_refused_is_mended_on_the_form_and_written_once(
    page: Page, line: Line, contract: Contract, database: Database
) -> None:
    page.goto("/bench/weigh/in")
    eventually(page, lambda: page.evaluate(KEPT))
    line.is_cut = True
    page.goto(f"/bench/weigh/in/{contract.id}")
    fill(page, gross="43.7", tare="1.2", moisture="45", foreign="0")
    page.get_by_label("一级").check()
    page.get_by_label("带了承诺达标合格证").check()
    page.get_by_role("button", name="记下，有网自动送").click()
    page.wait_for_url("**/bench/weigh/in")
    line.is_cut = False
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    mend = page.locator("[data-weigh-queue]").get_by_role("link", name="改一改")
    mend.click()
    # What was typed is there, and why it was refused.
    expect(page.locator("[name=gross]")).to_have_value("43.7")
    expect(page.locator("[data-working]")).to_contain_text("水分")
    expect(page.locator("[data-working]")).not_to_contain_text("填好重量")
    fill(page, moisture="13")
    confirm = page.get_by_role("button", name="对，记下")
    expect(confirm).to_contain_text("¥3,808.00")
    confirm.click()
    page.wait_for_url("**/deliveries/*")
    page.goto("/bench/weigh/in")
    expect(page.locator("[data-weigh-queue]")).not_to_contain_text("吴长根")
    assert count(database) == 1


def test_a_kept_list_gives_way_to_the_fresh_one_only_while_nobody_has_touched_it(
    page: Page, line: Line, contract: Contract
) -> None:
    kept = page.get_by_text("这是今天留在这台上的名单")
    back = "window.dispatchEvent(new Event('online'))"
    page.goto("/bench/weigh/in")
    eventually(page, lambda: page.evaluate(KEPT))
    line.is_cut = True
    page.goto("/bench/weigh/in")
    page.get_by_role("searchbox").fill("wcg")
    line.is_cut = False
    # A farmer is being looked for, or has just been tapped: the network comes back, and the page stays.
    page.evaluate(back)
    page.wait_for_timeout(500)
    expect(page.get_by_role("searchbox")).to_have_value("wcg")
    expect(kept).to_be_visible()
    line.is_cut = True
    page.goto("/bench/weigh/in")
    expect(kept).to_be_visible()
    line.is_cut = False
    page.evaluate(back)
    expect(kept).to_have_count(0)
