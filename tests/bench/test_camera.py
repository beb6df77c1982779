"""The camera as a scanner: a real browser films slips and badges, and is told what to do where it may not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from app.web import security
from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import PACKER
from tests.bench.filmed import bars_picture, film, qr_picture, slip_picture
from tests.bench.test_in_a_browser import get_work, number_on_card
from tests.browsers import device
from tests.e2e.house import TABLET, chromium
from tests.labels.slips import make_slip, slips_pdf
from tests.packing.world import make_pile, make_rate
from tests.signing_in import sign_in_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the camera sees; read anew whenever it is started."""
    return tmp_path_factory.mktemp("film") / "bench.mjpeg"


@pytest.fixture(scope="module")
def browser(filmed: Path) -> Iterator[Browser]:
    film(filmed, [None])
    with chromium("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={filmed}") as browser:
        yield browser


@pytest.fixture
def packer(database: Database) -> Person:
    with database.transaction() as session:
        make_rate(session)
        make_pile(session, 3, due_at=utc_now())
        return people.add_person(session, name="周美仙", shown_name="美仙", roles=[PACKER], now=utc_now(), by=SYSTEM)


@pytest.fixture
def page(browser: Browser, url: str, database: Database, packer: Person) -> Iterator[Page]:
    """A tablet with a card on it and a camera that may be used."""
    with device(browser, TABLET) as page:
        sign_in_page(page, url, database, packer.id, face="bench")
        page.context.grant_permissions(["camera"], origin=url)
        page.goto(f"{url}/bench")
        get_work(page)
        yield page


def look(page: Page) -> None:
    page.get_by_role("button", name="用镜头扫").click()


@pytest.mark.parametrize("what", ["slip", "bars", "square"])
def test_a_slip_before_the_camera_finishes_its_parcel_once(page: Page, filmed: Path, what: str) -> None:
    number = number_on_card(page)
    picture = {
        "slip": lambda: slip_picture(slips_pdf([make_slip(parcel_number=number)])),
        "bars": lambda: bars_picture(number),
        "square": lambda: qr_picture(number),
    }[what]()
    film(filmed, [None, picture])
    look(page)
    expect(page.get_by_text("包好了，今天第 1 件")).to_be_visible()
    assert number_on_card(page) != number


def test_somebody_elses_bars_are_refused_in_plain_words(page: Page, filmed: Path) -> None:
    number = number_on_card(page)
    film(filmed, [bars_picture("6901234567892")])
    look(page)
    expect(page.get_by_text("没有这个包裹号")).to_be_visible()
    assert number_on_card(page) == number


def test_a_badge_before_the_camera_hands_the_tablet_over(page: Page, filmed: Path, database: Database) -> None:
    with database.transaction() as session:
        other = people.add_person(session, name="叶根土", shown_name="叶大伯", roles=[PACKER], now=utc_now(), by=SYSTEM)
        code = people.new_badge(session, other, now=utc_now(), by=SYSTEM)
    film(filmed, [None, qr_picture(code)])
    look(page)
    expect(page.locator(".bench-who")).to_contain_text("叶大伯")


def test_the_camera_is_on_again_for_the_next_person(page: Page, filmed: Path) -> None:
    film(filmed, [None])
    look(page)
    expect(page.locator("video")).to_be_visible()
    page.get_by_role("button", name="换人").click()
    expect(page.locator("video")).to_be_visible()
    page.get_by_role("button", name="关镜头").click()
    expect(page.locator("video")).to_be_hidden()
    expect(page.get_by_role("button", name="用镜头扫")).to_be_focused()


def test_a_camera_that_is_refused_or_missing_says_what_to_do(page: Page) -> None:
    page.context.clear_permissions()
    look(page)
    expect(page.get_by_text("没有让用镜头")).to_be_visible()
    for name, words in (("NotFoundError", "没有摄像头"), ("NotReadableError", "镜头打不开")):
        page.evaluate(
            "name => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name)); }", name
        )
        look(page)
        expect(page.get_by_text(words)).to_be_visible()
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    look(page)
    expect(page.get_by_text("不是 https")).to_be_visible()
    expect(page.get_by_role("button", name="包好了").first).to_be_enabled()


def test_a_lamp_is_offered_where_there_is_one_and_nowhere_else(page: Page, filmed: Path) -> None:
    film(filmed, [None])
    look(page)
    expect(page.locator("video")).to_be_visible()
    expect(page.get_by_role("button", name="开灯")).to_be_hidden()
    page.get_by_role("button", name="关镜头").click()
    page.evaluate("""() => {
      MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
      MediaStreamTrack.prototype.applyConstraints = async (wish) => { document.body.dataset.lamp = wish.advanced[0].torch; };
    }""")
    look(page)
    page.get_by_role("button", name="开灯").click()
    expect(page.locator("body")).to_have_attribute("data-lamp", "true")
    expect(page.get_by_role("button", name="开灯")).to_have_attribute("aria-pressed", "true")


def test_only_the_reader_may_run_webassembly(page: Page, client: FlaskClient) -> None:
    with client.get("/static/js/bench_scan_worker.js") as reader:
        assert reader.headers["Content-Security-Policy"] == security.READER_POLICY
    for path in ("/bench/sign-in", "/static/js/bench_scan_camera.js", "/"):
        with client.get(path) as answer:
            assert "wasm" not in answer.headers["Content-Security-Policy"]
    refused = "WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => '', (error) => error.name)"
    assert page.evaluate(refused) == "CompileError", "the page itself stays strict"
