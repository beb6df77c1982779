"""Hand scanners: what they type, where they type it, and who takes the tablet over."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, Route, expect

from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import LEAD, PACKER, WEIGHER
from kernel.scans import LONGEST, without_garbage
from tests.bench.conftest import Tablet
from tests.browsers import device
from tests.signing_in import sign_in_page

SCANS = json.loads(Path(__file__).with_name("scans.json").read_text("utf-8"))
CASES = SCANS["cases"]
READABLE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# The events of a page, written down; and a queue that takes every scan.
TAKE_ALL = """
  window.scans = [];
  document.addEventListener("gongfang:scan", (event) => {
    event.preventDefault();
    scans.push(event.detail.code);
    document.documentElement.dataset.scans = scans.join(" ");
  });
"""


@pytest.mark.parametrize(("raw", "codes"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_scanners_add_is_taken_off(raw: str, codes: list[str]) -> None:
    expected = codes[0] if len(codes) == 1 else "".join(codes)
    assert without_garbage(raw) == expected


@given(
    number=st.builds(
        "G{}{}{}".format,
        st.from_regex(r"\A[0-9]{6}\Z"),
        st.text(READABLE, min_size=8, max_size=8),
        st.from_regex(r"\A[0-9]{2}\Z"),
    ),
    before=st.text("~*#%]\r\n\t \x02\x1d", max_size=5),
    after=st.text("*#%;\r\n\t \x03", max_size=5),
    fold=st.sampled_from([str, str.lower, str.swapcase, lambda text: "".join(chr(ord(c) + 0xFEE0) for c in text)]),
)
def test_any_number_survives_any_scanner(number: str, before: str, after: str, fold: object) -> None:
    assert callable(fold)
    assert without_garbage(before + fold(number) + after) == number


@given(st.one_of(st.text(max_size=300), st.none(), st.integers(), st.binary()))
def test_whatever_comes_is_read_without_a_fall_and_leaves_nothing_invisible(raw: object) -> None:
    code = without_garbage(raw)
    assert len(code) <= 18 * LONGEST, "folding may lengthen, but is bounded"
    assert code.isprintable()
    assert " " not in code


def test_a_badge_with_a_scanners_garbage_opens_the_bench(
    client: FlaskClient, database: Database, tablet: Tablet
) -> None:
    with database.transaction() as session:
        code = people.new_badge(session, session.get_one(Person, tablet.person.person_id), now=utc_now(), by=SYSTEM)
    for typed in (code, code.lower(), f"]C1{code}\r\n", f"*{code}*"):
        assert client.post("/bench/sign-in", data={"badge": typed}).location == "/bench", typed


@pytest.fixture
def page(browser: Browser, url: str, database: Database, tablet: Tablet, pile: None) -> object:
    """The packer's card in a browser, with a queue that writes down what it is told."""
    with device(browser, service_workers="block") as page:  # so that requests can be held back
        sign_in_page(page, url, database, tablet.person.person_id, face="bench", now=tablet.now)
        page.add_init_script(TAKE_ALL)
        page.goto(f"{url}/bench")
        page.get_by_role("button", name="领活").click()
        expect(page.locator("[data-scan]")).to_be_visible()
        yield page


def expect_scans(page: Page, *codes: str) -> None:
    expect(page.locator("html")).to_have_attribute("data-scans", " ".join(codes))


def type_scan(page: Page, code: str, end: str = "Enter") -> None:
    page.keyboard.type(code)
    if end:
        page.keyboard.press(end)


@pytest.mark.browser
def test_the_browser_reads_the_same_as_the_server(page: Page) -> None:
    path = page.locator("script[src*='bench_scan.js']").get_attribute("src")
    assert path
    module = path.partition("?")[0].replace("bench_scan.js", "bench_scan_text.js")
    read = page.evaluate(
        "async ([module, raws]) => { const { codesIn } = await import(module); return raws.map(codesIn); }",
        [module, [raw for _, raw, _ in CASES]],
    )
    assert read == [codes for _, _, codes in CASES]


@pytest.mark.browser
def test_twenty_scans_in_a_row_all_arrive_in_order(page: Page) -> None:
    """Faster than two seconds: sent by the browser itself, key by key, with no time between them."""
    codes = [f"G261124ABCDEFGH{number:02d}" for number in range(20)]
    type_scan(page, "6901234567892")  # the scripts are there
    expect_scans(page, "6901234567892")
    milliseconds = page.evaluate(
        """(codes) => {
          const before = performance.now();
          const press = (key, code) => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true, shiftKey: /[A-Z]/.test(key) }));
          for (const text of codes) {
            for (const sign of text) press(sign, /[0-9]/.test(sign) ? `Digit${sign}` : `Key${sign}`);
            press("Enter", "Enter");
          }
          return performance.now() - before;
        }""",
        codes,
    )
    expect_scans(page, "6901234567892", *codes)
    print(f"20 scans in {milliseconds:.0f} ms")  # noqa: T201 - measured
    for code in codes[:5]:
        type_scan(page, code)
    expect_scans(page, "6901234567892", *codes, *codes[:5])


@pytest.mark.browser
def test_the_enter_of_a_scan_presses_no_button_and_sends_no_form(page: Page) -> None:
    page.get_by_role("button", name="包好了").first.focus()
    type_scan(page, "6901234567892")
    page.locator("#code").focus()
    type_scan(page, "G261124ABCDEFGH01")
    type_scan(page, "G261124ABCDEFGH02", "Tab")
    expect(page.locator("#code")).to_have_value("")
    expect_scans(page, "6901234567892", "G261124ABCDEFGH01", "G261124ABCDEFGH02")
    expect(page.get_by_text("包好了，今天第 1 件")).to_have_count(0)


@pytest.mark.browser
def test_places_of_keys_count_and_not_what_caps_lock_or_an_input_method_makes_of_them(page: Page) -> None:
    page.evaluate("""() => {
      const press = (key, code, keyCode) => document.body.dispatchEvent(
        new KeyboardEvent("keydown", { key, code, keyCode, bubbles: true, cancelable: true }));
      for (const sign of "G261124ABCDEFGH01") press("Process", /[0-9]/.test(sign) ? `Digit${sign}` : `Key${sign}`, 229);
      press("Enter", "Enter", 13);
    }""")
    expect_scans(page, "G261124ABCDEFGH01")


@pytest.mark.browser
def test_a_scanner_without_enter_is_understood_and_a_persons_typing_stays_in_the_field(page: Page) -> None:
    page.locator("h1").first.evaluate("() => document.activeElement.blur()")
    type_scan(page, "G261124ABCDEFGH01", "")
    expect_scans(page, "G261124ABCDEFGH01")
    page.keyboard.type("t01")
    expect(page.locator("#code")).to_be_focused()
    expect(page.locator("#code")).to_have_value("t01")
    page.keyboard.type("9", delay=5)
    expect(page.locator("#code")).to_have_value("t019")
    expect_scans(page, "G261124ABCDEFGH01")


@pytest.mark.browser
def test_a_badge_hands_over_from_every_page_also_from_inside_a_field(page: Page, url: str, database: Database) -> None:
    with database.transaction() as session:
        codes = {}
        for name, role in (("叶根土", PACKER), ("范建国", LEAD), ("胡明", WEIGHER)):
            person = people.add_person(session, name=name, shown_name=name, roles=[role], now=utc_now(), by=SYSTEM)
            codes[name] = people.new_badge(session, person, now=utc_now(), by=SYSTEM)
    took = []
    for path, field, name in (
        ("/bench/passbook", None, "范建国"),
        ("/bench/lead/parcels", "input.input", "胡明"),
        ("/bench/weigh/farmers", "input.input", "叶根土"),
        ("/bench/wrong", None, "范建国"),
        ("/bench/help", None, "叶根土"),
    ):
        page.goto(f"{url}{path}")
        if field:
            page.locator(field).first.focus()
        type_scan(page, codes[name])
        expect(page.locator(".bench-who")).to_contain_text(name)
        took.append(
            page.evaluate("() => { const [n] = performance.getEntriesByType('navigation'); return n.domComplete; }")
        )
    assert len(took) == 5
    print("hand-over, ms from the badge to the page:", [round(ms) for ms in took])  # noqa: T201 - measured


@pytest.mark.browser
def test_keys_that_come_before_the_scripts_are_not_lost(page: Page, url: str) -> None:
    """A scan while the page is being built: the modules are held back until it is over."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/bench_scan.js*", hold)
    page.goto(f"{url}/bench", wait_until="commit")
    expect(page.locator("[data-scan]")).to_be_visible()
    type_scan(page, "G261124ABCDEFGH07")
    expect(page.locator("html")).not_to_have_attribute("data-scans", "G261124ABCDEFGH07")
    held[0].continue_()
    expect_scans(page, "G261124ABCDEFGH07")
