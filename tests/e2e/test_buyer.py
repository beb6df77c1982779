"""A buyer on a phone with a weak signal: a flash sale, a voucher, two orders in one parcel, paying, buying again; and how
much the first view weighs."""

import re
from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.house import PHONE, People
from tests.e2e.test_evening import pay_by_card, people

__all__ = ["people"]
pytestmark = pytest.mark.browser

# A weak signal in a lift: 400 kbit/s, and 400 ms there and back (the browser's own "slow 3G").
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
FIRST_VIEW_BYTES = 60_000


def weak_signal(people: People) -> Page:
    phone = people.device(PHONE)
    phone.set_default_timeout(40_000)
    phone.context.new_cdp_session(phone).send("Network.emulateNetworkConditions", SLOW)
    return phone


def money_of(phone: Page, word: str) -> str:
    return phone.locator("dl.facts-money").locator(f"dt:has-text('{word}') + dd").inner_text()


def test_a_buyer_with_a_weak_signal_orders_twice_pays_once_and_buys_again(people: People) -> None:
    phone = weak_signal(people)
    phone.goto(f"{people.url}/live/1")
    expect(phone.get_by_text(re.compile(r"离开抢还有 \d+:\d\d")).first).to_be_visible()
    phone.get_by_role("button", name="立即购买").click()
    phone.locator('[name="buyer.name"]').fill("欧阳𠮷祥")
    phone.locator('[name="buyer.phone"]').fill("13800009001")
    phone.locator('[name="address.province"]').select_option(label="浙江省")
    phone.locator('[name="address.detail"]').fill("示例路8号")
    phone.locator('[name="quantity-1"]').fill("2")
    phone.get_by_text("有优惠码").click()
    phone.locator("[name=voucher]").fill("xianggu 5")
    phone.get_by_role("button", name="看看能减多少").click()
    # From the script, or in the form that came back where the script was not there yet.
    expect(phone.get_by_text("现在能减 ¥5.00。")).to_be_visible()
    phone.get_by_role("button", name=re.compile("^下单")).dblclick()
    phone.wait_for_url("**/orders/G*")
    first = phone.url
    assert money_of(phone, "优惠") == "-¥5.00"
    assert money_of(phone, "合计") == "¥80.60"

    phone.goto(f"{people.url}/live/1/buy?offer=3")
    expect(phone.locator("[name=joins]")).to_be_checked()
    # 79.60 and 26.90: from 99 yuan on the postage is free, and the page says so before it is ordered.
    expect(phone.locator("[data-sum-postage]")).to_have_text("包邮")
    phone.locator("[name=joins]").uncheck()
    expect(phone.locator("[data-sum-postage]")).to_have_text("¥6.00")
    phone.locator("[name=joins]").check()
    phone.get_by_role("button", name=re.compile("^下单")).dblclick()
    phone.wait_for_url(lambda url: "/orders/G" in url and url != first)
    both = phone.url
    assert money_of(phone, "合计") == "¥101.50"

    phone.goto(first)
    expect(phone.get_by_text("放在一起了")).to_be_visible()
    phone.go_back()
    expect(phone).to_have_url(both)
    pay_by_card(phone)
    phone.get_by_role("link", name="要发票").click()
    phone.get_by_role("button", name="交给工坊").dblclick()
    expect(phone.get_by_text("等工坊开")).to_be_visible()
    phone.get_by_role("link", name="再买一次").click()
    expect(phone.locator('[name="quantity-1"]')).to_have_value("2")
    expect(phone.locator('[name="quantity-3"]')).to_have_value("1")
    expect(phone.locator('[name="buyer.name"]')).to_have_value("欧阳𠮷祥")


def go_to(phone: Page, selector: str) -> None:
    """Tab until the thing has the focus, as somebody without a mouse does."""
    for _ in range(80):
        phone.keyboard.press("Tab")
        if phone.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"no way to {selector} by the keyboard")


def test_a_buyer_without_a_mouse_gets_from_the_stream_to_the_payment_page(people: People) -> None:
    screen = people.device((1440, 900))
    screen.goto(f"{people.url}/live/1")
    go_to(screen, "[data-stage=buy]")
    screen.keyboard.press("Enter")
    screen.wait_for_url("**/buy**")
    for name, words in (("buyer.name", "翟𬱖"), ("buyer.phone", "13800009002")):
        go_to(screen, f'[name="{name}"]')
        screen.keyboard.type(words)
    go_to(screen, '[name="address.province"]')
    while screen.locator('[name="address.province"]').input_value() != "浙江省":
        screen.keyboard.press("ArrowDown")
    go_to(screen, '[name="address.detail"]')
    screen.keyboard.type("示例路9号")
    screen.keyboard.press("Enter")
    screen.wait_for_url("**/orders/G*")
    expect(screen.get_by_text("翟𬱖")).to_be_visible()
    go_to(screen, "form[action$='/pay'] button")
    screen.keyboard.press("Enter")
    screen.wait_for_url("**/pay/**")


def test_the_first_view_of_the_live_page_is_light(people: People) -> None:
    """All that the first screen of a new phone is made of, as it comes over the line.

    The photographs of what stands further down are fetched too, but nothing waits for them.
    """
    phone = people.device(PHONE)
    line = phone.context.new_cdp_session(phone)
    line.send("Network.enable")
    urls: dict[str, str] = {}
    weights: Counter[str] = Counter()
    line.on("Network.responseReceived", lambda event: urls.setdefault(event["requestId"], event["response"]["url"]))

    def weigh(event: dict[str, Any]) -> None:
        weights[urls.get(event["requestId"], "?")] += int(event["encodedDataLength"])

    line.on("Network.loadingFinished", weigh)
    phone.goto(f"{people.url}/live/1", wait_until="load")
    lazy = {picture.evaluate("picture => picture.currentSrc") for picture in phone.locator("img[loading=lazy]").all()}
    on_air = phone.locator(".stage-photo img").evaluate("picture => picture.currentSrc")
    first = {url: weight for url, weight in weights.items() if url not in lazy - {on_air}}
    assert on_air in first
    assert sum(first.values()) <= FIRST_VIEW_BYTES, first
