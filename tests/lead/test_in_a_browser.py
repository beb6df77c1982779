"""The lead's pages in Chromium: a slip prints itself once, its paper can be read, a scanner alone hands parcels over."""

from collections.abc import Iterator

import pytest
from PIL import ImageChops
from playwright.sync_api import Browser, Page, expect

from kernel.db import Database
from tests.browsers import eventually
from tests.e2e.house import PC, PHONE, TABLET
from tests.labels.slips import codes_on, pages_at, sizes_mm
from tests.lead.world import Bench, order_parcel, packed_parcel, prints_of
from tests.signing_in import sign_in_page

pytestmark = pytest.mark.browser

COUNT_PRINTS = "window.printed = 0; window.print = () => { window.printed += 1; };"


def signed_in(browser: Browser, database: Database, bench: Bench, url: str, *, scripts: str = "on") -> Page:
    """A page of the lead's own."""
    context = browser.new_context(locale="zh-CN", java_script_enabled=scripts == "on")
    page = context.new_page()
    sign_in_page(page, url, database, bench.lead.person_id)
    page.add_init_script(COUNT_PRINTS)
    return page


@pytest.fixture
def page(browser: Browser, database: Database, bench: Bench, url: str) -> Iterator[Page]:
    page = signed_in(browser, database, bench, url)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    yield page
    assert complaints == []
    page.context.close()


def test_a_slip_prints_itself_once_and_never_by_reload_or_back(
    page: Page, url: str, database: Database, bench: Bench
) -> None:
    number = order_parcel(database, bench)
    page.goto(f"{url}/bench/slips/{number}")
    assert page.evaluate("printed") == 0
    page.get_by_role("button", name="打印", exact=True).dblclick()
    eventually(page, lambda: page.evaluate("printed"))
    assert page.evaluate("printed") == 1
    assert len(prints_of(database, number)) == 1
    page.reload()
    expect(page.get_by_text("要说原因")).to_be_visible()
    assert page.evaluate("printed") == 0
    page.goto(f"{url}/bench/lead")
    page.go_back()
    expect(page.get_by_text("要说原因")).to_be_visible()
    assert page.evaluate("printed") == 0
    assert len(prints_of(database, number)) == 1


def test_the_paper_of_the_page_can_be_read(page: Page, url: str, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench, note="𠮷㛃 请放门口")
    page.goto(f"{url}/bench/slips/{number}")
    page.get_by_role("button", name="打印", exact=True).click()
    eventually(page, lambda: page.evaluate("printed"))
    page.evaluate("document.fonts.ready.then(() => true)")
    pdf = page.pdf(prefer_css_page_size=True)
    # Chromium rounds paper to whole points.
    assert [(round(width), round(height)) for width, height in sizes_mm(pdf)] == [(100, 150)]
    for dpi in (203, 300):
        (paper,) = pages_at(pdf, dpi)
        assert codes_on(paper) == {"Code128": number, "QRCode": number}
    assert differing(pdf, page.request.get(f"{url}/bench/slips/{number}.pdf").body()) < 0.01
    expect(page.get_by_text("𠮷㛃 请放门口")).to_have_count(1)
    expect(page.get_by_text("预览")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("预览，不要贴")).to_have_count(1)
    preview = page.pdf(prefer_css_page_size=True)
    assert differing(preview, pdf) > 0.01, "what is printed later says that it is no label"


def differing(one: bytes, other: bytes) -> float:
    """How much of a page differs between two documents, seen from so far that the edges of letters do not count."""
    (first,), (second,) = pages_at(one, 203), pages_at(other, 203)
    # Chromium rounds paper to whole points, so the page may be a dot larger.
    size = min(first.width, second.width), min(first.height, second.height)
    seen = [image.crop((0, 0, *size)).reduce(4) for image in (first, second)]
    wrong = ImageChops.difference(*seen)
    return sum(wrong.histogram()[128:]) / (seen[0].width * seen[0].height)


def test_a_slip_is_printed_without_scripts(browser: Browser, url: str, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    page = signed_in(browser, database, bench, url, scripts="off")
    page.goto(f"{url}/bench/slips/{number}")
    page.get_by_role("button", name="打印", exact=True).click()
    expect(page.get_by_text("第 1 张记下了")).to_be_visible()
    expect(page.get_by_text("预览")).to_have_count(0)
    assert len(prints_of(database, number)) == 1
    page.context.close()


def test_a_scanner_alone_hands_parcels_over(page: Page, url: str, database: Database, bench: Bench) -> None:
    """A scanner is a keyboard that ends with Enter: the cursor must always be where the next number goes."""
    numbers = [packed_parcel(database, bench) for _ in range(2)]
    page.goto(f"{url}/bench/lead/hand-over")
    for number, tracking in zip(numbers, ("78000000000128", "SF1400000000017"), strict=True):
        expect(page.locator("main [name=parcel]")).to_be_focused()
        page.keyboard.type(number)
        page.keyboard.press("Enter")
        expect(page.locator("[name=tracking]")).to_be_focused()
        page.keyboard.type(tracking)
        page.keyboard.press("Enter")
        page.wait_for_url("**/hand-over")
        expect(page.get_by_text(tracking).first).to_be_visible()
    expect(page.get_by_text("今天交了 2 件")).to_be_visible()


@pytest.mark.parametrize("size", [(320, 640), PHONE, TABLET, PC])
def test_no_page_scrolls_sideways_or_has_a_small_target(
    page: Page, url: str, database: Database, bench: Bench, size: tuple[int, int]
) -> None:
    packed, waiting = packed_parcel(database, bench), order_parcel(database, bench)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    places = [
        "",
        "/parcels",
        f"/parcels/{packed}",
        "/prints",
        "/prints/log",
        "/hand-over",
        "/hand-over/list",
        "/people",
    ]
    paths = [*(f"/bench/lead{place}" for place in (*places, "/rates", "/wages")), f"/bench/slips/{waiting}"]
    for path in paths:
        page.goto(f"{url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        small = page.evaluate("""() => [...document.querySelectorAll("a, button, input, select, summary")]
            .filter((control) => control.checkVisibility() && !control.closest(".skip-link, label"))
            .filter((control) => control.type !== "hidden" && control.getBoundingClientRect().height < 59)
            .map((control) => control.outerHTML.slice(0, 120))""")
        assert small == [], path
        assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 18, path
