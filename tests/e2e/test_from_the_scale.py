"""One lot from the scale to everybody who has to do with it, in Chromium: into bags and a parcel, to the buyer's trace page,
back from the box and forward to the buyer, into the run that pays for it and onto the farmer's own page."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browsers import eventually
from tests.e2e.house import PHONE, People
from tests.e2e.test_evening import give, order_on_the_phone, pack, pay_by_card, people, weigh_in

__all__ = ["people"]
pytestmark = pytest.mark.browser

FARMER = "吴长根"
MONEY = re.compile(r"¥([\d,]+\.\d\d)")


def fill_bags(weigher: Page, url: str, lot: str) -> None:
    """Ten bags of the kind that is on air, from this lot alone although another came first."""
    weigher.goto(f"{url}/bench/weigh/lots?q={lot}")
    weigher.locator("main a").filter(has_text=lot).first.click()
    weigher.locator("[name=variant]").first.check()
    weigher.locator("[name=bags]").fill("10")
    weigher.get_by_role("button", name="算一算").click()
    lot_id = weigher.url.split("/lots/")[1].split("/")[0]
    # ``all`` does not wait: the page proposes the lot that came first, and would keep that if it came late.
    expect(weigher.locator(f"input[name=part-{lot_id}]")).to_be_visible()
    for part in weigher.locator("input[name^=part-]").all():
        part.fill("2.5" if part.get_attribute("name") == f"part-{lot_id}" else "")
    weigher.locator("[name=reason]").fill("今天现装现卖")
    weigher.get_by_role("button", name="装好了，入库").dblclick()
    expect(weigher.get_by_text("装好 10 袋，可以卖了。")).to_be_visible()


def order_and_pack(people: People, lead: Page) -> str:
    phone = order_on_the_phone(people)
    pay_by_card(phone)
    order = re.search(r"G\d{6}-[0-9A-Z]{8}", phone.locator("main").inner_text())
    assert order
    wanted = order[0].replace("-", "") + "01"
    give(lead, people.url, wanted, "周美仙")
    return pack(people, people.at_bench("周美仙", "3690"), wanted)


def pay_the_farmer(people: People, lead: Page, owner: Page) -> str:
    """The lead drops the draft that lies there and drafts a run with all that is owed to everybody; the owner looks and closes
    it; returns what is paid."""
    lead.goto(f"{people.url}/bench/weigh/pay/runs")
    lead.locator("main a").filter(has_text="做的草稿").first.click()
    lead.get_by_text("这次不付了").click()
    lead.get_by_role("button", name="不付了").click()
    lead.goto(f"{people.url}/bench/weigh/pay/runs/new?due_by=2099-12-31")
    expect(lead.locator("label.check").filter(has_text=FARMER).locator("input")).to_be_checked()
    lead.get_by_role("button", name="做成草稿，还不付钱").click()
    lead.wait_for_url(re.compile(r"/runs/\d+$"))
    owner.goto(lead.url)
    owner.get_by_text("定下来", exact=True).click()
    owner.get_by_role("button", name="看过了，定下来").dblclick()
    expect(owner.get_by_text("还没付").first).to_be_visible()
    row = owner.get_by_role("row").filter(has_text=FARMER)
    paid = MONEY.search(row.inner_text())
    assert paid
    return paid[1]


def test_a_lot_is_followed_from_the_scale_to_the_buyer_and_back_to_the_farmers_purse(people: People) -> None:
    weigher, lead, owner = people.at_desk("weigher", PHONE), people.at_desk("lead"), people.at_desk("owner")
    lot = weigh_in(weigher, people.url)
    worth = MONEY.search(weigher.locator("main").inner_text())
    assert worth
    fill_bags(weigher, people.url, lot)
    parcel = order_and_pack(people, lead)

    # Older bags lay on the shelf; the packer took one of today's, and the lead scans it. One step back: the box names the
    # lot and the farmer. One step forward: the lot names the box.
    box = f"{people.url}/bench/weigh/trace/boxes/{parcel}"
    # The bench says "done" at once and tells the house a moment later.
    eventually(lead, lambda: lead.goto(box) and lead.get_by_text("不是这一批").count())
    lead.get_by_text("不是这一批").click()
    lead.locator("[name=bag]").fill(f"{people.url}/trace/{lot}")
    lead.get_by_role("button", name="改过来").click()
    lead.wait_for_load_state()
    assert lead.locator(".field-error").all_inner_texts() == [], lead.locator("main").inner_text()
    expect(lead.locator(".trace-sources")).to_contain_text(lot)
    expect(lead.locator(".trace-sources")).to_contain_text(FARMER)
    lead.get_by_role("link", name=lot).first.click()
    expect(lead.get_by_role("link", name=parcel)).to_be_visible()
    expect(lead.locator("main")).to_contain_text("欧**")

    buyer = people.device(PHONE)
    buyer.goto(f"{people.url}/trace/{lot}")
    expect(buyer.locator("main")).to_contain_text("农户比市场多得")
    expect(buyer.locator("main")).to_contain_text("12%")

    farmer = people.device(PHONE)
    owner.goto(f"{people.url}/bench/weigh/farmers")
    owner.get_by_role("link", name=re.compile(FARMER)).first.click()
    owner.get_by_role("link", name="农户自己的页面和卡片").click()
    link = owner.locator("#url").input_value()
    farmer.goto(link)
    expect(farmer.locator("main")).to_contain_text(f"¥{worth[1]}")
    owed = MONEY.search(farmer.locator(".tiles").inner_text())
    assert owed
    paid = pay_the_farmer(people, lead, owner)
    assert paid == owed[1].replace("\n", "")
    owner.get_by_text("银行都转了").click()
    owner.locator("[name=reference]:visible").fill("20261126-1")
    owner.get_by_role("button", name=re.compile("位都转了$")).click()
    farmer.reload()
    expect(farmer.locator(".tiles")).to_contain_text("¥0.00")
    # Nothing is left: what was paid this year is what was brought this year.
    said = farmer.locator(".tiles").inner_text()
    paid_all, brought = (re.search(f"{words} ¥([\\d,.]+)", said) for words in ("这一年付了", "这一年的货款"))
    assert paid_all
    assert brought
    assert paid_all[1] == brought[1].rstrip(",")
