"""What the bench's scripts add in a real browser: the scanner, the way back, the voice, the PIN's keys."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from kernel.people import choices
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import PACKER
from tests.browsers import device, eventually
from tests.e2e.house import PHONE, TABLET
from tests.packing.world import make_pile, make_rate

pytestmark = pytest.mark.browser
PIN = "2580"

# The browser's voice, written down instead of spoken.
WRITE_DOWN = """
  window.said = [];
  Object.defineProperty(window, "speechSynthesis", {
    value: { cancel() {}, getVoices: () => [{ lang: "zh-CN" }], speak(sentence) { window.said.push([sentence.lang, sentence.text]); } },
  });
"""
SILENT = "delete window.speechSynthesis; Object.defineProperty(window, 'speechSynthesis', { value: undefined });"


@pytest.fixture
def packer(database: Database) -> int:
    """A packer with a PIN, six parcels with the same goods on the pile."""
    with database.transaction() as session:
        make_rate(session)
        make_pile(session, 6, due_at=utc_now())
        return people.add_person(
            session, name="周美仙", shown_name="美仙", roles=[PACKER], pin=PIN, now=utc_now(), by=SYSTEM
        ).id


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone that must not complain."""
    with device(browser) as page:
        yield page


def sign_in(page: Page, url: str, packer: int) -> None:
    page.goto(f"{url}/bench/sign-in/{packer}")
    for digit in PIN:
        page.get_by_role("button", name=digit, exact=True).click()
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/bench")


def get_work(page: Page) -> None:
    page.get_by_role("button", name="领活").click()
    expect(page.get_by_role("button", name="包好了").first).to_be_visible()


def scan(page: Page, code: str) -> None:
    """A hand scanner: a keyboard that types wherever the focus is and ends with Enter."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def number_on_card(page: Page) -> str:
    return page.locator(".task-card .parcel-number").inner_text().split()[-1]


def once_said(page: Page, sentences: int) -> list[tuple[str, str]]:
    """Language and words of all that was said on this page, once it is so many sentences: a page speaks after it shows."""
    eventually(page, lambda: page.evaluate("said.length") >= sentences)
    return [(lang, words) for lang, words in page.evaluate("said")]


def test_the_keys_of_the_pin_type_and_wipe(page: Page, url: str, packer: int) -> None:
    page.goto(f"{url}/bench/sign-in/{packer}")
    page.get_by_role("button", name="9", exact=True).click()
    page.get_by_role("button", name="删一位").click()
    sign_in(page, url, packer)


def test_a_scanner_works_wherever_the_focus_is(page: Page, url: str, packer: int) -> None:
    sign_in(page, url, packer)
    get_work(page)
    page.get_by_role("button", name="包好了").first.focus()
    scan(page, number_on_card(page))
    expect(page.get_by_text("包好了，今天第 1 件")).to_be_visible()


def test_the_next_badge_scanned_at_the_card_hands_the_tablet_over(
    page: Page, url: str, packer: int, database: Database
) -> None:
    with database.transaction() as session:
        person = people.add_person(
            session, name="叶根土", shown_name="叶大伯", roles=[PACKER], now=utc_now(), by=SYSTEM
        )
        code = people.new_badge(session, session.get_one(Person, person.id), now=utc_now(), by=SYSTEM)
    sign_in(page, url, packer)
    get_work(page)
    scan(page, code)
    expect(page.locator(".bench-who")).to_contain_text("叶大伯")
    expect(page.get_by_role("button", name="领活")).to_be_visible()


def test_two_taps_finish_a_parcel_and_the_way_back_leaves_with_its_time(page: Page, url: str, packer: int) -> None:
    page.clock.install()
    sign_in(page, url, packer)
    get_work(page)
    page.get_by_role("button", name="包好了").first.click()
    undo = page.get_by_role("button", name="撤回")
    expect(undo).to_be_visible()
    page.clock.run_for(11_000)
    expect(undo).to_have_count(0)
    expect(page.get_by_text("包好了，今天第 1 件")).to_be_visible()


def test_undo_gives_the_card_back(page: Page, url: str, packer: int) -> None:
    sign_in(page, url, packer)
    get_work(page)
    number = number_on_card(page)
    page.get_by_role("button", name="包好了").first.click()
    page.get_by_role("button", name="撤回").click()
    expect(page.get_by_text("又在您手上")).to_be_visible()
    assert number_on_card(page) == number


def test_the_page_is_read_aloud_when_switched_on_and_the_choice_is_kept(page: Page, url: str, packer: int) -> None:
    page.add_init_script(WRITE_DOWN)
    sign_in(page, url, packer)
    assert page.evaluate("said") == [], "silent until somebody wants it"
    with page.expect_response("**/bench/choices"):
        page.get_by_role("button", name="自动读").click()
    get_work(page)
    said = once_said(page, 1)
    assert {lang for lang, _ in said} == {"zh-CN"}
    assert "庆元花菇" in said[0][1]
    assert said[0][1].endswith(f"单子末尾 {' '.join(number_on_card(page)[-4:])}。")
    page.get_by_role("button", name="包好了").first.click()
    expect(page.get_by_text("包好了，今天第 1 件")).to_be_visible()
    *_, (_, news), (_, card) = once_said(page, len(said) + 2)
    assert news == "包好了，今天第 1 件，挣了 8 角"
    assert card.endswith(f"单子末尾 {' '.join(number_on_card(page)[-4:])}。"), "then the next card"
    with page.expect_response("**/bench/choices"):
        page.get_by_role("button", name="自动读").click()
    page.reload()
    assert page.evaluate("said") == []
    page.get_by_role("button", name="读给我听").click()
    once_said(page, 1)


@pytest.mark.parametrize("silent", [SILENT, WRITE_DOWN.replace("zh-CN", "fr-FR")], ids=["no voice", "a French voice"])
def test_without_a_voice_nothing_is_offered_and_whoever_needs_it_is_told_once(
    page: Page, url: str, packer: int, database: Database, silent: str
) -> None:
    page.clock.install()
    page.add_init_script(silent)
    sign_in(page, url, packer)
    get_work(page)
    page.clock.run_for(4_000)
    expect(page.get_by_text("自动读")).to_be_hidden()
    expect(page.locator("[data-speak-now]")).to_be_hidden()
    expect(page.get_by_text("没有中文语音")).to_have_count(0)
    with database.transaction() as session:
        choices.choose_reading_aloud(session, packer, reads_aloud=True)
    page.reload()
    page.clock.run_for(4_000)
    expect(page.get_by_text("没有中文语音")).to_be_visible()
    page.reload()
    page.clock.run_for(4_000)
    expect(page.locator("[data-scan]")).to_be_visible()
    expect(page.get_by_text("没有中文语音")).to_have_count(0)


@pytest.mark.parametrize("size", [PHONE, TABLET, (320, 640)])
def test_done_is_on_the_first_screen_and_everything_is_large(
    page: Page, url: str, packer: int, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    sign_in(page, url, packer)
    get_work(page)
    small = page.evaluate("""() => [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest(".visually-hidden, .skip-link")).flatMap((e) => {
      const box = e.getBoundingClientRect();
      const hasText = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
      const isTarget = e.matches("a, button, input:not([type=hidden])");
      return [
        ...(hasText && parseFloat(getComputedStyle(e).fontSize) < 18 ? [`text ${e.textContent}`] : []),
        ...(isTarget && (box.width < 59.5 || box.height < 59.5) ? [`target ${e.outerHTML.slice(0, 80)}`] : []),
      ];
    })""")
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if size != (320, 640):
        done = page.locator(".big-button-done").bounding_box()
        foot = page.locator(".bench-foot").bounding_box()
        assert done is not None
        assert foot is not None
        assert done["y"] + done["height"] <= foot["y"], "no scrolling before the second tap"
