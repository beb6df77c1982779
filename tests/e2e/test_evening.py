"""One evening from the first order to the courier, in Chromium, through every role's own pages."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Page, expect

from tests.e2e.house import PHONE, People, chromium, open_house

pytestmark = pytest.mark.browser

BUYER = "欧阳𠮷㛃"
TRACKING = "770000000000017"
ON_HAND = "现有"


@pytest.fixture(scope="module")
def people() -> Iterator[People]:
    complaints: list[str] = []
    # Not in pytest's folder: the next run shuts that one to the user that the embedded server runs as.
    var_dir = Path(mkdtemp(prefix="gongfang-evening-"))
    var_dir.chmod(0o755)
    with open_house(var_dir) as url, chromium() as browser:
        yield People(browser, url, complaints)
    rmtree(var_dir)
    assert complaints == []


def order_on_the_phone(people: People) -> Page:
    """The buyer, in as few steps as there are, with a double tap on the button."""
    phone = people.device(PHONE)
    phone.goto(people.url)
    phone.get_by_role("link", name="进直播间").click()
    phone.get_by_role("button", name="立即购买").click()
    phone.locator('[name="buyer.name"]').fill(BUYER)
    phone.locator('[name="buyer.phone"]').fill("13800008000")
    phone.locator('[name="address.province"]').select_option(label="浙江省")
    phone.locator('[name="address.detail"]').fill("示例路8号3幢2单元501室")
    phone.get_by_role("button", name=re.compile("^下单")).dblclick()
    phone.wait_for_url("**/orders/G*")
    expect(phone.get_by_text("请在此之前付款")).to_be_visible()
    return phone


def pay_by_card(phone: Page) -> None:
    phone.get_by_role("button", name=re.compile("^付款")).click()
    expect(phone.get_by_text("演示支付页").first).to_be_visible()
    phone.locator("[name=number]").fill("4242 4242 4242 4242")
    phone.get_by_role("button", name="用银行卡付款").click()
    expect(phone.get_by_role("heading", name="收到付款了")).to_be_visible()


def codes_on(pdf: bytes) -> list[str]:
    """What a barcode reader finds on the first page, printed at 203 dpi in black and white."""
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=203 / 72).to_pil().convert("1")
    return sorted(code.text for code in zxingcpp.read_barcodes(picture.convert("L")))


def give(lead: Page, url: str, number: str, name: str) -> None:
    """The lead keeps a waiting parcel for somebody who is here."""
    lead.goto(f"{url}/bench/lead/assign")
    card = lead.locator("li.work-card").filter(has_text=number)
    card.locator("select").select_option(label=name)
    card.get_by_role("button", name="分", exact=True).click()
    expect(lead.get_by_text("分错了？")).to_be_visible()


def pieces_today(bench: Page) -> int:
    """What the top right of the bench says that she has packed today."""
    said = re.search(r"今天 (\d+) 件", bench.locator(".bench-earned").inner_text())
    assert said
    return int(said[1])


def pack(people: People, bench: Page, wanted: str) -> str:
    """The packer takes the parcel, prints its slip and finishes it, pressing twice; returns the parcel's number."""
    bench.get_by_role("button", name="领活").click()
    expect(bench.get_by_text("打单子")).to_be_visible()
    number = re.search(wanted, bench.locator("main").inner_text())
    assert number
    bench.get_by_text("打单子").click()
    bench.wait_for_url("**/bench/slips/**")
    expect(bench.get_by_text(number[0]).first).to_be_visible()
    pdf = bench.request.get(f"{people.url}/bench/slips/{number[0]}.pdf")
    assert pdf.ok
    found = codes_on(pdf.body())
    assert len(found) == 2
    assert all(number[0] in text for text in found)
    bench.goto(f"{people.url}/bench")
    packed = pieces_today(bench)
    bench.get_by_role("button", name="包好了").first.dblclick()
    expect(bench.get_by_text(f"包好了，今天第 {packed + 1} 件")).to_be_visible()
    assert pieces_today(bench) == packed + 1
    return number[0]


def hand_over(lead: Page, url: str, number: str) -> None:
    lead.goto(f"{url}/bench/lead/hand-over")
    lead.locator("main [name=parcel]").fill(number)
    lead.keyboard.press("Enter")
    lead.locator("[name=tracking]").fill(TRACKING)
    lead.keyboard.press("Enter")
    expect(lead.get_by_text(TRACKING).first).to_be_visible()


def weigh_in(weigher: Page, url: str) -> str:
    """Buy 50 kg from the first farmer on the list; returns the lot's number."""
    weigher.goto(f"{url}/bench/weigh/in")
    weigher.get_by_role("link", name=re.compile("吴长根")).click()
    weigher.locator("[name=gross]").fill("51.2")
    weigher.locator("[name=tare]").fill("1.2")
    weigher.locator("[name=moisture]").fill("13")
    weigher.locator("[name=foreign]").fill("0")
    weigher.get_by_label("花菇一级").check()
    weigher.locator("[name=certificate]").check()
    confirm = weigher.get_by_role("button", name=re.compile("^对，记下"))
    if not confirm.is_visible():
        weigher.get_by_role("button", name="算一算").click()
    confirm.click()
    weigher.wait_for_url("**/deliveries/**")
    lot = re.search(r"L\d{6}-\d{4}", weigher.locator("main").inner_text())
    assert lot
    return lot[0]


def loose_flower_shiitake_g(owner: Page, url: str) -> int:
    """Grams on hand, from the file that the owner exports."""
    exported = owner.request.get(f"{url}/console/stock/stock.csv").body().decode("utf-8-sig")
    rows = {row["货号"]: row for row in csv.DictReader(io.StringIO(exported))}
    return int(rows["RAW-HG-1"][ON_HAND])


def test_an_evening_from_the_order_to_the_courier(people: People) -> None:
    board = people.at_desk("streamer")
    board.goto(f"{people.url}/console/board")
    expect(board.get_by_text("下单金额").first).to_be_visible()
    assert "45.80" not in board.locator("main").inner_text()

    phone = order_on_the_phone(people)
    # The same page, not loaded again: the order is on it, the money is not yet.
    ordered, paid = board.locator(".five > *").nth(0), board.locator(".five > *").nth(1)
    expect(ordered).to_contain_text("45.80")
    expect(paid).not_to_contain_text("45.80")
    pay_by_card(phone)
    expect(paid).to_contain_text("45.80")

    order = re.search(r"G\d{6}-[0-9A-Z]{8}", phone.locator("main").inner_text())
    assert order
    wanted = order[0].replace("-", "") + "01"
    lead = people.at_desk("lead")
    give(lead, people.url, wanted, "周美仙")
    number = pack(people, people.at_bench("周美仙", "3690"), wanted)
    hand_over(lead, people.url, number)
    phone.reload()
    expect(phone.get_by_text(TRACKING)).to_be_visible()
    expect(phone.get_by_text("美仙").first).to_be_visible()


def test_a_farmer_is_bought_from_and_the_stock_rises(people: People) -> None:
    owner = people.at_desk("owner")
    before = loose_flower_shiitake_g(owner, people.url)
    lot = weigh_in(people.at_desk("weigher", PHONE), people.url)
    assert loose_flower_shiitake_g(owner, people.url) == before + 50_000
    trace = people.device(PHONE)
    trace.goto(f"{people.url}/trace/{lot}")
    expect(trace.get_by_text(lot).first).to_be_visible()
    expect(trace.get_by_text("吴家菇棚").first).to_be_visible()
