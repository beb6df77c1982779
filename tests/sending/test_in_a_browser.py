"""The lead's pages of sending in Chromium: a signature drawn with the mouse is on the printed list; no page is too narrow."""

import re
from collections.abc import Iterator

import pytest
from PIL import ImageChops
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from fulfillment.couriers.lists.models import HandOverList
from kernel.db import Database
from tests.browsers import device
from tests.e2e.house import PC, PHONE, TABLET
from tests.labels.slips import pages_at
from tests.lead.world import Bench, packed_parcel
from tests.sending.world import load_prices, orders_of_one_buyer
from tests.signing_in import sign_in_page

pytestmark = pytest.mark.browser

# Where the pen goes, in shares of the field.
STROKE = [(0.1, 0.2), (0.2, 0.8), (0.3, 0.2), (0.4, 0.8), (0.5, 0.2), (0.6, 0.8), (0.7, 0.2), (0.8, 0.8), (0.9, 0.5)]


@pytest.fixture
def page(browser: Browser, database: Database, bench: Bench, url: str) -> Iterator[Page]:
    with device(browser, TABLET) as page:
        sign_in_page(page, url, database, bench.lead.person_id)
        yield page


def hand_over(page: Page, url: str, number: str, tracking: str) -> None:
    """Scan the slip, scan the label."""
    page.goto(f"{url}/bench/lead/hand-over?parcel={number}")
    page.locator("[name=tracking]").fill(tracking)
    page.keyboard.press("Enter")
    page.wait_for_url("**/hand-over")


def draw(page: Page) -> None:
    """One stroke with the mouse."""
    field = page.locator(".signature-field")
    field.evaluate("field => field.scrollIntoView({block: 'center', behavior: 'instant'})")
    box = field.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in STROKE]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def test_a_signature_drawn_with_the_mouse_is_on_the_printed_list(
    page: Page, url: str, database: Database, bench: Bench
) -> None:
    number = packed_parcel(database, bench)
    hand_over(page, url, number, "78012345678901")
    page.goto(f"{url}/bench/lead/hand-over/lists")
    page.get_by_role("link", name="请快递员签字").click()
    page.get_by_label("快递员姓名").fill("王师傅")
    draw(page)
    page.get_by_role("button", name="擦掉重签").click()
    assert page.locator("[name=signature]").input_value() == ""
    draw(page)
    page.get_by_role("button", name="签好，锁定清单").click()
    page.wait_for_url(re.compile(r"/hand-over/lists/J"))
    with database.transaction() as session:
        (signed,) = session.scalars(select(HandOverList)).all()
    assert signed.signature.count("M") == 1
    assert signed.signature.count("L") >= 20
    page.get_by_role("link", name="打印").click()
    expect(page.get_by_text("王师傅")).to_be_visible()
    with_it = pages_at(page.pdf(prefer_css_page_size=True), 203)[0].convert("L")
    page.evaluate("document.querySelector('.sheet-signed path').remove()")
    without = pages_at(page.pdf(prefer_css_page_size=True), 203)[0].convert("L")
    box = ImageChops.difference(with_it, without).getbbox()
    assert box is not None, "the signature is not on the paper"
    left, top, right, bottom = box
    assert (right - left) / (bottom - top) == pytest.approx(0.8 * 3 / 0.6, rel=0.1), "its shape is what was drawn"
    for x, y in STROKE:
        place = (left + (x - 0.1) / 0.8 * (right - left), top + (y - 0.2) / 0.6 * (bottom - top))
        near = with_it.crop((int(place[0]) - 12, int(place[1]) - 12, int(place[0]) + 12, int(place[1]) + 12))
        assert near.getextrema()[0] == 0, f"no ink where the pen was at {x}, {y}"


def test_a_name_and_a_tick_by_keyboard_do_without_a_hand(
    page: Page, url: str, database: Database, bench: Bench
) -> None:
    hand_over(page, url, packed_parcel(database, bench), "78012345678901")
    page.goto(f"{url}/bench/lead/hand-over/sign/ZTO")
    page.get_by_label("快递员姓名").focus()
    page.keyboard.type("李师傅")
    page.get_by_role("button", name="签好，锁定清单").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("请签名")
    assert page.get_by_label("快递员姓名").input_value() == "李师傅"
    page.get_by_label(re.compile("我点过了")).press("Space")
    page.get_by_role("button", name="签好，锁定清单").press("Enter")
    page.wait_for_url(re.compile(r"/hand-over/lists/J"))
    expect(page.get_by_text("当面点过数")).to_be_visible()


@pytest.mark.parametrize("size", [(320, 640), PHONE, TABLET, PC])
def test_no_page_of_sending_scrolls_sideways_or_has_a_small_target(
    page: Page, url: str, database: Database, bench: Bench, size: tuple[int, int]
) -> None:
    load_prices(database)
    hand_over(page, url, packed_parcel(database, bench), "773012345678901")
    first, _, _ = orders_of_one_buyer(database, bench)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    places = (
        "boxes", "fees", "fees/price?carrier=ZTO&province=浙江省", "fees/file", "fees/report", "hand-over/lists",
        "hand-over/sign/STO", f"parcels/{first}/sending", f"hand-over?parcel={first}",
    )  # fmt: skip
    for place in places:
        page.goto(f"{url}/bench/lead/{place}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), place
        small = page.evaluate("""() => [...document.querySelectorAll("main :is(a, button, input, select, summary)")]
            .filter((control) => control.checkVisibility() && !control.closest("label") && control.type !== "hidden")
            .filter((control) => control.getBoundingClientRect().height < 59)
            .map((control) => control.outerHTML.slice(0, 120))""")
        assert small == [], place
