"""Paying on a phone: the owner looks at the lead's draft, closes it, and the farmer signs with a finger."""

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select

from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.settlements.models import SettlementPayment
from kernel.db import Database
from kernel.people.rules import LEAD
from tests.purchasing.world import weigh_in, weighed
from tests.readable import axe_faults
from tests.weigh.conftest import desk_of
from tests.weigh.test_in_a_browser import Screen, screen
from tests.weigh.test_paying_pages import PAY, drafted

__all__ = ["screen"]
pytestmark = pytest.mark.browser


def test_the_owner_closes_and_the_farmer_signs_on_a_phone(
    app: Flask, screen: Screen, contract: Contract, database: Database
) -> None:
    with database.transaction() as session:
        weigh_in(session, weighed(contract, gross_g=11_200))
    place = drafted(desk_of(app, database, LEAD, "范建国"), contract.farmer_id)
    page = screen.page
    screen.open(place)
    assert axe_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_text("定下来", exact=True).click()
    page.get_by_role("button", name="看过了，定下来").click()
    expect(page.locator("main")).to_contain_text("还没付")
    assert axe_faults(page) == []
    page.get_by_role("link", name="吴长根").click()
    page.get_by_label("现金").check()
    box = page.locator(".signature-field").bounding_box()
    assert box
    page.locator(".signature-field").scroll_into_view_if_needed()
    box = page.locator(".signature-field").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(box["x"] + 20 + step * 14, box["y"] + 20 + (step % 3) * 20)
    page.mouse.up()
    page.get_by_role("button", name="钱到手了，记下").click()
    expect(page.get_by_role("img", name="农户的签名")).to_be_visible()
    for path in (f"{PAY}/{contract.farmer_id}/account", f"{PAY}/{contract.farmer_id}/facts", f"{PAY}/invoices"):
        screen.open(path)
        assert axe_faults(page) == [], path
    with database.transaction() as session:
        payment = session.scalars(select(SettlementPayment)).one()
        assert (payment.fen, payment.method, payment.signature[:1]) == (89_600, "cash", "M")
    assert screen.complaints == []
