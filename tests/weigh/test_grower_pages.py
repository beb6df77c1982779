"""A farmer's own page: opened by the own link only, own things only, shut at once when the link is taken back."""

import json
import re

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Contract, Farmer, Grade
from fulfillment.purchasing.lots.service import bag_lot
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.own import queries, service
from fulfillment.purchasing.own.models import GrowerLink
from kernel.db import Database
from kernel.errors import Refused
from shop.catalog.models import Variant
from tests.purchasing.test_weigh_in import at_once
from tests.purchasing.world import TODAY, WEIGHER, make_contract, make_farmer, make_quote, weigh_in, weighed
from tests.tracing.world import fill, make_hand, make_lots, mix, pack
from tests.weigh.conftest import Desk
from tests.world import NOW, make_live_offer

WHO = {"now": NOW, "by": WEIGHER}
FARMERS = "/bench/weigh/farmers"


@pytest.fixture
def delivery(database: Database, contract: Contract) -> Delivery:
    with database.transaction() as session:
        written = weigh_in(session, weighed(contract))
        assert written.lot.number
        return written


def link_of(scale: Desk, farmer_id: int) -> str:
    """Make the farmer's link at the scale, and read it off the page."""
    scale.send(f"{FARMERS}/{farmer_id}/page")
    found = re.search(
        r'value="https?://[^/"]+(/grower/in/\d+\?key=[\w-]+)"', scale.look(f"{FARMERS}/{farmer_id}/page").text
    )
    assert found
    return found[1]


def farmers_phone(app: Flask, database: Database, link: str) -> Desk:
    phone = Desk(app.test_client(), database)
    answer = phone.browser.get(link)
    assert (answer.status_code, answer.location) == (303, "/grower")
    return phone


def test_a_farmer_opens_the_own_page_and_sees_every_line(
    app: Flask, scale: Desk, database: Database, contract: Contract, delivery: Delivery
) -> None:
    link = link_of(scale, contract.farmer_id)
    assert "还没打开过" in scale.look(f"{FARMERS}/{contract.farmer_id}/page").text
    phone = farmers_phone(app, database, link)
    page = phone.look("/grower")
    # 42.5 kg at 89.60; at market it would be 80.00.
    for words in ("吴长根", '¥<strong class="number">3,808.00', '¥<strong class="number">408.00', "42.5 / 100 kg"):
        assert words in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "key=" not in page.text
    lines = phone.look(f"/grower/deliveries/{delivery.id}").text
    assert "¥89.60" in lines
    assert "保底价" in lines
    assert "3,808.00" in phone.look("/grower/statement").text
    assert "3,808.00" in phone.look(f"/grower/statement?year={TODAY.year}").text
    assert f"{TODAY.year} 年的账" not in phone.look("/grower/statement?year=1999").text, "only years with deliveries"
    assert "第一次打开" in scale.look(f"{FARMERS}/{contract.farmer_id}/page").text
    card = scale.look(f"{FARMERS}/{contract.farmer_id}/page/card").text
    assert 'shape-rendering="crispEdges"' in card
    assert "&lt;svg" not in card


PAGES = ("/grower", "/grower/statement", "/grower/my-data.json")


def test_nothing_opens_without_the_own_link(
    app: Flask, scale: Desk, database: Database, contract: Contract, delivery: Delivery
) -> None:
    link = link_of(scale, contract.farmer_id)
    wrong = [link[:-1], link + "A", link.split("?")[0], re.sub(r"in/\d+", "in/999", link), f"/grower/in/{2**63}?key=x"]
    for address in wrong:
        assert app.test_client().get(address).status_code == 404, address
    for cookie in (None, "", "1", "1.", "x.y", f"{'9' * 80}.k", "１.k", link.rpartition("=")[2]):
        stranger = Desk(app.test_client(), database)
        if cookie is not None:
            stranger.browser.set_cookie("grower", cookie, path="/grower")
        for path in (*PAGES, f"/grower/deliveries/{delivery.id}"):
            stranger.look(path, 404)
        stranger.send("/grower/shown", 404, shown="no")
        stranger.send("/grower/leave", 404)


def test_another_farmers_delivery_is_not_there(
    app: Flask, scale: Desk, database: Database, contract: Contract, delivery: Delivery
) -> None:
    with database.transaction() as session:
        other = make_farmer(session, "叶水生")
        theirs = make_contract(session, other)
        make_quote(session, theirs)
        hidden = weigh_in(session, weighed(theirs))
    phone = farmers_phone(app, database, link_of(scale, contract.farmer_id))
    for number in (hidden.id, 999_999, 2**63):
        phone.look(f"/grower/deliveries/{number}", 404)
    assert "叶水生" not in phone.look("/grower").text


def test_a_link_that_is_taken_back_shuts_every_phone_and_the_next_one_is_another(
    app: Flask, scale: Desk, database: Database, contract: Contract
) -> None:
    old = link_of(scale, contract.farmer_id)
    assert link_of(scale, contract.farmer_id) == old
    phone = farmers_phone(app, database, old)
    scale.send(f"{FARMERS}/{contract.farmer_id}/page/revoke")
    scale.look(f"{FARMERS}/{contract.farmer_id}/page/card", 404)
    phone.look("/grower", 404)
    assert app.test_client().get(old).status_code == 404
    new = link_of(scale, contract.farmer_id)
    assert new != old
    farmers_phone(app, database, new).look("/grower")
    phone.look("/grower", 404)


def test_a_farmer_chooses_what_buyers_see_takes_the_data_and_leaves(
    app: Flask, scale: Desk, database: Database, contract: Contract, delivery: Delivery
) -> None:
    phone = farmers_phone(app, database, link_of(scale, contract.farmer_id))
    for choice, shown in (("yes", True), ("yes", True), ("no", False)):
        phone.send("/grower/shown", shown=choice)
        with database.transaction() as session:
            assert session.get_one(Farmer, contract.farmer_id).consent_shown is shown
    phone.send("/grower/shown", 422, shown="perhaps")
    kept = json.loads(phone.browser.get("/grower/my-data.json").text)
    assert kept["farmer"]["name"] == "吴长根"
    assert kept["sums_fen"]["above_market"] == 40_800
    assert kept["movements"][0]["lot"] == delivery.lot.number
    phone.send("/grower/leave")
    phone.look("/grower", 404)


def test_a_hostile_name_is_shown_as_it_is(app: Flask, scale: Desk, database: Database) -> None:
    with database.transaction() as session:
        farmer = make_farmer(session, '"><script>alert(1)</script>')
    page = farmers_phone(app, database, link_of(scale, farmer.id)).look("/grower").text
    assert "<script>alert" not in page


def test_two_who_make_a_link_at_once_make_one(database: Database) -> None:
    with database.transaction() as session:
        farmer_id = make_farmer(session).id

    def make(session: Session) -> object:
        return service.give_link(session, farmer_id, **WHO)

    assert at_once(database, [make] * 4) == ["written"] * 4
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(GrowerLink)) == 1


def test_a_farmers_own_stream_offers_bags_of_the_own_lots_only(
    scale: Desk, owner: Desk, database: Database, contract: Contract
) -> None:
    page = f"{FARMERS}/streams"
    with database.transaction() as session:
        elsewhere = make_live_offer(session)
        own = make_live_offer(session, on_hand=0, allotment=5)
        raw = raw_for(session, own.variant_id)
        theirs = make_contract(session, session.get_one(Farmer, contract.farmer_id), raw)
        make_quote(session, theirs)
        bag_lot(
            session, weigh_in(session, weighed(theirs)).lot.id, own.variant_id, 10, key="bags-1", today=TODAY, **WHO
        )
    typed = {"stream": elsewhere.stream_id, "farmer": contract.farmer_id}
    scale.send(page, 403, **typed)
    assert "没有用这位农户的货装过袋" in owner.send(page, 409, **typed).text
    typed = {"stream": own.stream_id, "farmer": contract.farmer_id}
    for _ in range(2):
        owner.send(page, **typed)
    assert "吴长根" in owner.look(page).text
    with database.transaction() as session:
        assert [found.foreign for found in queries.own_streams(session)] == [()]
        other = make_farmer(session, "叶水生")
        with pytest.raises(Refused, match="another"):
            service.give_stream(session, own.stream_id, other.id, **WHO)
    owner.send(page, 422, stream="x", farmer="")
    owner.send(page, 404, stream=999_999, farmer=contract.farmer_id)
    owner.send(f"{page}/{own.stream_id}/take")
    with database.transaction() as session:
        assert queries.own_streams(session) == []


def raw_for(session: Session, bag_id: int) -> Variant:
    """The raw goods that a bag is filled from, with their grade."""
    bag = session.get_one(Variant, bag_id)
    raw = Variant(
        product_id=bag.product_id, sku=f"RAW-{bag.sku}", spec_zh="散货", spec_en="loose", unit="gram", price_fen=0, net_g=1,
        gross_g=1, sellable=False,
    )  # fmt: skip
    session.add_all([raw, Grade(product=bag.product.slug, form="dry", name="一级", deduction_bps=0)])
    session.flush()
    return raw


def test_what_came_of_the_goods_is_told_without_a_buyer(app: Flask, scale: Desk, database: Database) -> None:
    with database.transaction() as session:
        bag, (mine, theirs) = make_lots(session, "吴长根", "叶水生")
        farmer_id = mine.delivery.farmer_id
        # Mixed with another farmer's goods it is still partly mine; what is only theirs is not.
        fill(session, bag, 3, mix(session, mine, theirs))
        packer = make_hand(session)
        parcel = pack(session, packer, bag, 2)
        buyer = parcel.order.buyer_name
        fill(session, bag, 5, theirs)
        pack(session, packer, bag, 4)
        (told,) = queries.sold(session, farmer_id)
        assert sum(each.bags for each in queries.sold(session, theirs.delivery.farmer_id)) == 6
        assert queries.bags_left(session, farmer_id) == {bag.id: 0}
    assert told.bags == 3
    page = farmers_phone(app, database, link_of(scale, farmer_id)).look("/grower").text
    assert "3 袋" in page
    assert f"{told.provinces[0][0]} 3" in page
    assert buyer not in page
    assert "叶水生" not in page


def test_a_stream_is_given_to_somebody_who_is_chosen(owner: Desk) -> None:
    page = owner.send("/bench/weigh/farmers/streams", 422, stream="", farmer="").text
    assert len(re.findall(r'id="error-(?:stream|farmer)">.*?请选一项', page)) == 2
    assert f"{2**62}" not in page
