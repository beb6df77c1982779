"""A packer's tablet in a real browser whose road to the server can be cut, and the hands that work on it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.bench.queue_models import BenchAction
from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.packing.states import TAKEN
from fulfillment.piecework.models import WageEntry
from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from kernel.people import service as people
from kernel.people.rules import PACKER
from tests.bench.lines import Line
from tests.browsers import eventually, served
from tests.e2e.house import TABLET
from tests.packing.world import make_pile, make_rate

PIN = "2580"
KEPT = "async () => (await (await caches.open('bench-work')).match('/bench')) !== undefined && navigator.serviceWorker.controller !== null"
PICTURES_KEPT = """async () => {
  const cache = await caches.open('bench-files');
  const wanted = [...document.querySelectorAll('template')].flatMap((t) => [...t.content.querySelectorAll('img')].map((i) => i.src));
  const kept = await Promise.all(wanted.map((url) => cache.match(url)));
  return wanted.length > 0 && kept.every((each) => each !== undefined);
}"""

# Whose pages any cache of the device holds.
WHOSE_PAGES = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) found.push((await cache.match(request)).headers.get('Bench-Person'));
  }
  return found.filter((each) => each !== null);
}"""
# The page's first script, one that it asks for, and the last one, which is asked for only once the others run.
SCRIPTS_KEPT = """async () => {
  const kept = (await (await caches.open('bench-files')).keys()).map((request) => request.url);
  const wanted = ['bench_queue.js', 'bench_queue_store.js', ...(document.querySelector('[data-camera]') ? ['bench_scan_panel.js'] : [])];
  return wanted.every((name) => kept.some((url) => url.includes(name)));
}"""


@pytest.fixture
def line(app: Flask) -> Line:
    """The road to the server."""
    line = Line(app.wsgi_app)
    app.wsgi_app = line  # type: ignore[method-assign]
    return line


@pytest.fixture
def url(app: Flask, line: Line) -> Iterator[str]:
    with served(app) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tablet whose scripts must not fail; that the network does is what these tests are about."""
    context = browser.new_context(viewport={"width": TABLET[0], "height": TABLET[1]}, locale="zh-CN")
    page = context.new_page()
    errors: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load" not in message.text:
            errors.append(message.text)

    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", hear)
    yield page
    assert errors == []
    context.close()


@pytest.fixture
def packer(database: Database) -> int:
    """A packer with a PIN and six parcels with the same goods on the pile."""
    with database.transaction() as session:
        make_rate(session)
        make_pile(session, 6, due_at=utc_now() + timedelta(hours=3))
        return make_person(session, "周美仙", "美仙")


def make_person(session: Session, name: str, shown_name: str) -> int:
    return people.add_person(
        session, name=name, shown_name=shown_name, roles=[PACKER], pin=PIN, now=utc_now(), by=SYSTEM
    ).id


def sign_in(page: Page, url: str, packer: int) -> None:
    page.goto(f"{url}/bench/sign-in/{packer}")
    page.locator("input[name=pin]").fill(PIN)
    page.get_by_role("button", name="登录").last.click()
    page.wait_for_url("**/bench")


def get_work(page: Page) -> None:
    """Take work with a network; the tablet then has all that it needs to go on without one."""
    page.get_by_role("button", name="领活").click()
    expect(page.get_by_role("button", name="包好了").first).to_be_visible()
    eventually(page, lambda: page.evaluate(KEPT))
    eventually(page, lambda: page.evaluate(PICTURES_KEPT) and page.evaluate(SCRIPTS_KEPT))


def done(page: Page) -> None:
    """Press the big button, not as the second half of a double tap."""
    page.wait_for_timeout(650)
    page.locator(".big-button-done").click()


def scan(page: Page, code: str) -> None:
    """A hand scanner."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def scan_all(page: Page, numbers: list[str]) -> None:
    """Scans that follow each other faster than anybody can scan, from the first moment of a page on."""
    page.locator(".queue-zone").wait_for(state="attached")
    page.evaluate(
        """(numbers) => numbers.forEach((code) =>
             document.dispatchEvent(new CustomEvent("gongfang:scan", { detail: { code }, cancelable: true })))""",
        numbers,
    )


def in_hand(database: Database, packer: int) -> list[str]:
    """The numbers on the slips of the work in hand, as the packer sees them: earliest due first."""
    with database.transaction() as session:
        mine = (
            select(Parcel.number).join(PackingTask).where(PackingTask.packer_id == packer, PackingTask.state == TAKEN)
        )
        return list(session.scalars(mine.order_by(PackingTask.due_at, PackingTask.id)))


def owed(database: Database, packer: int) -> list[int]:
    with database.transaction() as session:
        return list(
            session.scalars(select(WageEntry.amount_fen).where(WageEntry.packer_id == packer).order_by(WageEntry.id))
        )


def actions(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as session:
        rows = session.execute(
            select(BenchAction.kind, BenchAction.state).order_by(BenchAction.received_at, BenchAction.acted_at)
        )
        return [(kind, state) for kind, state in rows]


def cut(page: Page, line: Line) -> None:
    line.is_cut = True
    page.context.set_offline(True)


def mend(page: Page, line: Line) -> None:
    line.is_cut = False
    page.context.set_offline(False)


def note_facts(page: Page, facts: dict[str, object]) -> None:
    """Write facts into the device's store, as older visits left them."""
    page.evaluate(
        """(facts) => new Promise((resolve, reject) => {
             indexedDB.open("gongfang-bench").onsuccess = ({ target: { result: db } }) => {
               const moment = db.transaction("facts", "readwrite");
               for (const [name, value] of Object.entries(facts)) moment.objectStore("facts").put(value, name);
               moment.oncomplete = () => { db.close(); resolve(); };
               moment.onabort = reject;
             };
           })""",
        facts,
    )


def facts(page: Page) -> set[str]:
    """The names of what the device keeps about people."""
    names = page.evaluate(
        """() => new Promise((resolve) => {
             indexedDB.open("gongfang-bench").onsuccess = ({ target: { result: db } }) => {
               db.transaction("facts").objectStore("facts").getAllKeys().onsuccess = ({ target }) => { db.close(); resolve(target.result); };
             };
           })"""
    )
    return set(names)


def of_person(person: int) -> set[str]:
    return {f"{kind} {person}" for kind in ("pass", "truth", "seen")}


def waits(page: Page, count: int) -> None:
    expect(page.get_by_text(f"有 {count} 件事在等网")).to_be_visible()
