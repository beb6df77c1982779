"""How long a weigh-in takes a person with a phone: a real browser at 390 px, with the pauses of the keystroke-level model.

`python -m benchmarks weigh-in`, some four minutes, because the pauses are really waited. The model: Card, Moran and Newell,
"The Keystroke-Level Model for User Performance Time with Interactive Systems", CACM 23(7), 1980: a key 0.5 s (unskilled,
unconnected characters), pointing at something 1.1 s, making up one's mind or reading a figure off the scale 1.35 s.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks.measures import Figure
from benchmarks.stage import Stage, raised

LONGEST_S = 60.0
KEY_S, POINT_S, THINK_S = 0.5, 1.1, 1.35
PHONE = {"width": 390, "height": 844}
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
_KEPT = """async () => {
  const kept = await (await caches.open('weigh-kept')).match('/bench/weigh/in/kept');
  return kept !== undefined && (await navigator.serviceWorker.getRegistration('/bench/weigh/in'))?.active?.state === 'activated';
}"""


@dataclass
class Hand:
    """Somebody's hand: waits as long as a person would, then touches; counts what it did."""

    page: Page
    done: int = 0

    def think(self, times: int = 1) -> None:
        """Look, read or decide."""
        time.sleep(THINK_S * times)

    def tap(self, target: Locator) -> None:
        """Point at something and touch it."""
        time.sleep(POINT_S)
        target.tap()
        self.done += 1

    def keys(self, text: str) -> None:
        """The large keys of the page, one by one."""
        for key in text:
            time.sleep(KEY_S)
            self.page.locator(f"[data-key='{'next' if key == '>' else key}']").tap()
            self.done += 1

    def letters(self, text: str) -> None:
        """The device's own keyboard."""
        for letter in text:
            time.sleep(KEY_S)
            self.page.keyboard.type(letter)
            self.done += 1


def weighing_in() -> Iterator[Figure]:
    """From the weigher's home to the slip: one bag, and three bags with a photo; with a network and without one."""
    with TemporaryDirectory(prefix="gongfang-weigh-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the database may run as a user of its own
        with raised(folder) as stage, _browser() as browser:
            for bags, with_photo in ((1, False), (3, True)):
                for is_online in (True, False):
                    yield _timed(stage, browser, bags, with_photo=with_photo, is_online=is_online)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
        yield browser
        browser.close()


def _timed(stage: Stage, browser: Browser, bags: int, *, with_photo: bool, is_online: bool) -> Figure:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", base_url=stage.web.url, has_touch=True)
    hand = Hand(_at_home(context.new_page()))
    context.set_offline(not is_online)
    began = time.monotonic()
    _weigh(hand, bags, with_photo=with_photo)
    if is_online:
        hand.page.wait_for_url("**/deliveries/*")
    else:
        hand.page.get_by_text("等网").first.wait_for()
    seconds = time.monotonic() - began
    context.close()
    what = f"{bags} bag{'s' if bags > 1 else ''}{', a photo' if with_photo else ''}, {'online' if is_online else 'offline'}"
    beside = f"{hand.done} taps, under {LONGEST_S:.0f} s"
    return Figure(f"weigh-in at 390 px: {what}", f"{seconds:.1f} s", beside, seconds < LONGEST_S)


def _at_home(page: Page) -> Page:
    """Signed in on the weigher's home, the device having kept what it needs."""
    page.goto("/sign-in")
    page.locator("[name=login]").fill("weigher")
    page.locator("[name=password]").fill("gongfang-demo")
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/bench/weigh")
    for _ in range(200):
        if page.evaluate(_KEPT):
            break
        page.wait_for_timeout(100)
    page.goto("/bench/weigh/in")
    page.goto("/bench/weigh")
    return page


def _weigh(hand: Hand, bags: int, *, with_photo: bool) -> None:
    page = hand.page
    hand.think()
    hand.tap(page.get_by_role("link", name="过磅").first)
    hand.tap(page.get_by_role("searchbox"))
    hand.letters("wcg")
    hand.think()
    hand.tap(page.locator(".pick:visible").first)
    hand.think()
    hand.tap(page.locator("[name=gross]"))
    # About what this farmer usually brings: half of it or twice as much would be asked about.
    hand.keys("44.2>" if bags == 1 else "15.2>")
    hand.think()
    hand.keys("0.4")
    for _ in range(bags - 1):
        hand.think()
        hand.tap(page.locator("[data-add-bag]"))
        hand.think()
        hand.keys("14.6>")
    hand.keys(">")
    hand.think()
    hand.keys("12>")
    hand.think()
    hand.keys("0>")
    hand.think()
    hand.tap(page.locator(".grade-choice:visible").first)
    hand.think()
    hand.tap(page.locator("label", has=page.locator("[name=certificate]")))
    if with_photo:
        _photo(hand)
    # The working is read with the farmer, then agreed to.
    hand.think(3)
    hand.tap(page.locator("[data-working] .big-button"))


def _photo(hand: Hand) -> None:
    into = BytesIO()
    Image.new("RGB", (3_000, 2_000), "brown").save(into, "JPEG")
    hand.think()
    hand.tap(hand.page.get_by_text("拍照：货、合格证"))
    # The camera of the device: opening it, aiming, the shutter, "use this one".
    time.sleep(POINT_S * 3 + THINK_S)
    hand.done += 3
    photo = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": into.getvalue()}
    hand.page.locator("[name=goods_photo]").set_input_files(photo)  # type: ignore[arg-type]
    hand.page.locator("[data-shown=goods] img").wait_for()
