"""The card says which parcels go into one box, and leads to the courier's label once there is one."""

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from app import workflows
from fulfillment.couriers.providers import IssuedWaybill
from fulfillment.couriers.waybills import answers
from fulfillment.couriers.waybills.service import ask_waybills
from fulfillment.packing.models import Parcel
from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.db import Database
from tests.bench.conftest import Tablet
from tests.browsers import device
from tests.e2e.house import PHONE
from tests.packing.world import take
from tests.signing_in import sign_in_page
from tests.world import NOW


def numbers(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(select(Parcel.number).order_by(Parcel.id)))


def share_a_box(database: Database, *shared: str) -> None:
    with database.transaction() as session:
        ids = list(session.scalars(select(Parcel.id).where(Parcel.number.in_(shared)).order_by(Parcel.id)))
        workflows.combine_parcels(session, ids, by=SYSTEM, now=NOW)


def issue(database: Database, number: str) -> None:
    with database.transaction() as session:
        parcel_id = session.scalars(select(Parcel.id).where(Parcel.number == number)).one()
        (waybill,) = ask_waybills(session, [parcel_id], carrier="ZTO", way="kdniao", now=NOW, by=SYSTEM)
        answers.begin_sending(session, waybill.id, NOW)
        answers.note_issued(session, waybill.id, IssuedWaybill("78000000010201", "512- D17- 05", "苏州中心"), NOW)


def test_each_parcel_of_a_shared_box_names_the_others(tablet: Tablet, pile: None, database: Database) -> None:
    first, second, third, *_ = numbers(database)
    share_a_box(database, first, second, third)
    tablet.get_work()
    page = tablet.look(f"/bench?parcel={second}").text
    assert f"和 …{first[-4:]}、…{third[-4:]} 装一箱" in page
    assert f"和 …{second[-4:]}、…{third[-4:]} 装一箱" in tablet.look(f"/bench?parcel={first}").text
    assert f"One box with …{first[-4:]}, …{third[-4:]}" in tablet.look(f"/bench?parcel={second}&lang=en").text


def test_a_parcel_that_goes_alone_says_nothing_of_boxes_or_labels(tablet: Tablet, pile: None) -> None:
    tablet.get_work()
    page = tablet.look().text
    assert "装一箱" not in page
    assert "/bench/labels/" not in page


def test_the_label_is_one_press_away_once_its_waybill_is_issued_for_all_in_the_box(
    tablet: Tablet, pile: None, database: Database
) -> None:
    first, second, *_ = numbers(database)
    share_a_box(database, first, second)
    tablet.get_work()
    issue(database, first)
    for number in (first, second):
        assert f'href="/bench/labels/{number}"' in tablet.look(f"/bench?parcel={number}").text
        assert tablet.look(f"/bench/labels/{number}").status_code == 200


@pytest.mark.browser
def test_done_stays_on_the_first_screen_with_a_shared_box_and_a_label(
    tablet: Tablet, pile: None, database: Database, browser: Browser, url: str
) -> None:
    first, second, *_ = numbers(database)
    share_a_box(database, first, second)
    with database.transaction() as session:
        take(session, tablet.person)
    issue(database, first)
    tablet.app.extensions["clock"] = utc_now
    with device(browser, PHONE) as page:
        sign_in_page(page, url, database, tablet.person.person_id, face="bench")
        page.goto(f"{url}/bench?parcel={first}")
        assert page.locator(".together").is_visible()
        assert page.locator("[data-screen] a[href*='/bench/labels/']").is_visible()
        done, foot = (
            page.locator("[data-screen] .big-button-done").bounding_box(),
            page.locator(".bench-foot").bounding_box(),
        )
        assert done is not None
        assert foot is not None
        assert done["y"] + done["height"] <= foot["y"]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
