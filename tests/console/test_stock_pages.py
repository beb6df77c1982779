"""Stock at the desk: received, corrected with a reason, counted whole, and the ledger that tells why."""

import re

import pytest

from kernel.audit import SYSTEM
from kernel.db import Database
from shop.catalog.models import Variant
from shop.stock import service as stock
from tests.console.conftest import Desk
from tests.console.reading import form_at
from tests.world import NOW, LiveOffer, make_variant


def level(desk: Desk, variant_id: int) -> tuple[str, str, str]:
    """On hand, held and free, as the page says."""
    page = desk.look(f"/console/stock/{variant_id}?lang=zh")
    found = re.findall(r'class="stat-value">\s*([\d.]+(?: kg)?)\s*<', page)
    return found[0], found[1], found[2]


def correct(desk: Desk, variant_id: int, **changes: object) -> dict[str, str]:
    page = f"/console/stock/{variant_id}"
    filled = {"way": "fewer", "change": 2, "reason": "went_off", "note": ""}
    return desk.typed(page, f"{page}/adjust", **{**filled, **changes})


def test_bags_come_in_with_where_they_came_from(desk: Desk, offer: LiveOffer) -> None:
    page = f"/console/stock/{offer.variant_id}"
    typed = desk.typed(page, f"{page}/receive", received=25, received_note="外面买的")
    desk.send(f"{page}/receive", typed)
    desk.send(f"{page}/receive", typed)
    assert level(desk, offer.variant_id) == ("125", "0", "125")
    assert "外面买的" in desk.look(page)
    assert [entry.after for entry in desk.audit("stock.received")] == [{"change": 25, "reason": "外面买的"}]


def test_a_correction_stands_in_the_ledger_with_its_reason_and_who_made_it(desk: Desk, offer: LiveOffer) -> None:
    address = f"/console/stock/{offer.variant_id}/adjust"
    desk.send(address, correct(desk, offer.variant_id, reason="sample", note="直播试吃"))
    desk.send(address, correct(desk, offer.variant_id, way="more", change=1, reason="found"))
    assert level(desk, offer.variant_id) == ("99", "0", "99")
    page = desk.look(f"/console/stock/{offer.variant_id}?lang=en")
    assert "Samples: 直播试吃" in page
    assert "吴晓岚" in page


def test_a_correction_below_what_orders_hold_is_refused_and_kept_as_typed(desk: Desk, offer: LiveOffer) -> None:
    desk.place(offer, 5)
    address = f"/console/stock/{offer.variant_id}/adjust"
    refused = desk.send(address, correct(desk, offer.variant_id, change=96, note="都坏了"), status=409)
    assert "现有 100，其中 5 已经为订单锁住" in refused.text
    assert form_at(refused.text, address)["change"] == "96"
    assert form_at(refused.text, address)["note"] == "都坏了"
    assert level(desk, offer.variant_id) == ("100", "5", "95")
    desk.send(address, correct(desk, offer.variant_id, change=95))
    assert level(desk, offer.variant_id) == ("5", "5", "0")


@pytest.mark.parametrize("change", ["", "0", "-1", "1.5", "１", "٣", "true", "1000001", "9" * 400, str(2**63), "1\x00"])
def test_a_quantity_that_is_none_is_marked_and_changes_nothing(desk: Desk, offer: LiveOffer, change: str) -> None:
    address = f"/console/stock/{offer.variant_id}/adjust"
    if change == "1\x00":
        # A browser cannot type it; it is refused like any other character that is no digit.
        assert desk.send(address, correct(desk, offer.variant_id, change=change), status=422)
    else:
        refused = desk.send(address, correct(desk, offer.variant_id, change=change), status=422)
        assert 'id="error-change"' in refused.text
    assert level(desk, offer.variant_id) == ("100", "0", "100")


def test_a_correction_needs_a_way_a_reason_and_words_for_something_else(desk: Desk, offer: LiveOffer) -> None:
    address = f"/console/stock/{offer.variant_id}/adjust"
    for changes, field in (({"way": "sideways"}, "way"), ({"reason": ""}, "reason"), ({"reason": "other"}, "note")):
        refused = desk.send(address, correct(desk, offer.variant_id, **changes), status=422)
        assert f'id="error-{field}"' in refused.text
    assert level(desk, offer.variant_id) == ("100", "0", "100")


def make_raw(database: Database) -> int:
    """Raw goods with 12.5 kg from a weigh-in."""
    with database.transaction() as session:
        piece = make_variant(session)
        raw = Variant(
            product_id=piece.product_id,
            sku="RAW",
            spec_zh="散装",
            spec_en="loose",
            unit="gram",
            price_fen=0,
            net_g=1,
            gross_g=1,
            sellable=False,
        )
        session.add(raw)
        session.flush()
        stock.receive(session, raw.id, 12_500, source="delivery:1", by=SYSTEM, at=NOW)
        return raw.id


def test_raw_goods_are_shown_and_corrected_in_kilograms(desk: Desk) -> None:
    raw = make_raw(desk.database)
    assert level(desk, raw) == ("12.5 kg", "0 kg", "12.5 kg")
    desk.send(f"/console/stock/{raw}/adjust", correct(desk, raw, change="0.25"))
    assert level(desk, raw)[0] == "12.25 kg"


def test_raw_goods_come_in_by_a_weigh_in_only(desk: Desk) -> None:
    raw = make_raw(desk.database)
    assert f"/console/stock/{raw}/receive" not in desk.look(f"/console/stock/{raw}")
    typed = {"received": "5", "received_note": "x", "form_key": "k" * 20}
    desk.send(f"/console/stock/{raw}/receive", typed, status=422)
    assert level(desk, raw)[0] == "12.5 kg"


# ---- counting ----

COUNT = "/console/stock/count"


def test_a_stock_take_corrects_what_differed_and_leaves_what_was_not_counted(desk: Desk, offer: LiveOffer) -> None:
    with desk.database.transaction() as session:
        other = make_variant(session).id
    typed = desk.typed(COUNT, **{f"counted_{offer.variant_id}": 97})
    done = desk.send(COUNT, typed)
    assert level(desk, offer.variant_id)[0] == "97"
    assert level(desk, other)[0] == "0"
    desk.send(COUNT, typed)
    assert level(desk, offer.variant_id)[0] == "97"
    assert done.location == "/console/stock"
    assert [entry.after for entry in desk.audit("stock.counted")] == [{"counted": 1, "differences": 1}]


def test_goods_that_left_meanwhile_are_marked_and_the_rest_stays_as_typed(desk: Desk, offer: LiveOffer) -> None:
    with desk.database.transaction() as session:
        other = make_variant(session).id
        stock.receive(session, other, 10, source="x", by=SYSTEM, at=NOW)
    typed = desk.typed(COUNT, **{f"counted_{offer.variant_id}": 99, f"counted_{other}": 9})
    with desk.database.transaction() as session:
        stock.adjust(session, other, -3, reason="typing", source="y", by=SYSTEM, at=NOW)
    refused = desk.send(COUNT, typed, status=409)
    assert f'id="error-counted_{other}"' in refused.text
    assert f'id="error-counted_{offer.variant_id}"' not in refused.text
    assert level(desk, offer.variant_id)[0] == "100"
    again = form_at(refused.text)
    assert again[f"counted_{offer.variant_id}"] == "99"
    assert again[f"book_{other}"] == "7", "whoever counts again counts against the new book"
    desk.send(COUNT, {**again, f"counted_{other}": "7"})
    assert (level(desk, offer.variant_id)[0], level(desk, other)[0]) == ("99", "7")


@pytest.mark.parametrize("counted", ["-1", "１", "٣", "1.5", "9" * 400, "true", str(2**63)])
def test_a_count_that_is_none_is_marked(desk: Desk, offer: LiveOffer, counted: str) -> None:
    refused = desk.send(COUNT, desk.typed(COUNT, **{f"counted_{offer.variant_id}": counted}), status=422)
    assert f'id="error-counted_{offer.variant_id}"' in refused.text
    assert level(desk, offer.variant_id)[0] == "100"


@pytest.mark.parametrize("name", ["counted_x", "counted_", "counted_１", "counted_" + "9" * 400, "counted_-1"])
def test_a_count_of_nothing_that_is_here_is_not_found(desk: Desk, offer: LiveOffer, name: str) -> None:
    desk.send(COUNT, desk.typed(COUNT, **{name: 5}), status=404)


def test_an_empty_count_says_so(desk: Desk, offer: LiveOffer) -> None:
    assert "一样都没有填" in desk.send(COUNT, desk.typed(COUNT), status=422).text


# ---- the ledger ----


def test_the_ledger_leads_to_its_orders_and_pages_back(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    with desk.database.transaction() as session:
        for index in range(60):
            stock.receive(session, offer.variant_id, 1, source=f"more:{index}", by=SYSTEM, at=NOW)
    first = desk.look(f"/console/stock/{offer.variant_id}")
    assert number not in first
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = desk.look(older[1].replace("&amp;", "&"))
    assert f'href="/console/orders/{number}"' in second
    assert 'rel="next"' not in second
    assert f'rel="prev" href="/console/stock/{offer.variant_id}"' in second


@pytest.mark.parametrize("before", ["x", "0", "-1", "１", "٣", "9" * 400, str(2**63), "1.5", "%00", ""])
def test_a_place_that_is_none_is_no_page(desk: Desk, offer: LiveOffer, before: str) -> None:
    desk.look(f"/console/stock/{offer.variant_id}?before={before}", status=404)
