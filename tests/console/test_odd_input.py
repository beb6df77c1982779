"""Whatever a client sends: 4xx with a sentence, never a 500, and nothing half written."""

from itertools import cycle

import pytest
from sqlalchemy import text

from kernel.people import service as people
from kernel.people.rules import PACKER
from tests.console.conftest import Desk
from tests.world import LiveOffer

ODD: tuple[str | bytes, ...] = (
    *("", " ", "-1", "１", "٣", "true", "1.5.5", "NaN", str(2**31), str(2**63), "9" * 400),
    *(
        "a\x00b",
        "\ud800".encode("utf-8", "surrogatepass"),
        b"\xff\xfe",
        "𠮷㛃🍄\u202e",
        "'; DROP TABLE orders; --",
        "%_\\",
    ),
)


def addresses(offer: LiveOffer, number: str, person_id: int | None) -> dict[str, tuple[str, ...]]:
    """Every form of the back office with its fields."""
    variant, order = f"/console/stock/{offer.variant_id}", f"/console/orders/{number}"
    product = (
        *("title_zh", "title_en", "story_zh", "story_en", "form", "photo", "grade_zh", "origin", "shelf_life_days"),
        *("storage_zh", "storage_en", "label_0", "returnable", "listed"),
    )
    size = ("unit", "sku", "spec_zh", "spec_en", "price", "net", "gross", "sellable")
    who = ("name", "shown_name", "login", "language", "role_packer", "password", "pin", "work_seated")
    return {
        f"{order}/refund": ("refund_amount", "refund_reason", "refund_note"),
        f"{order}/cancel": ("cancel_reason", "cancel_note"),
        f"{variant}/receive": ("received", "received_note"),
        f"{variant}/adjust": ("way", "change", "reason", "note"),
        "/console/stock/count": (f"counted_{offer.variant_id}", f"book_{offer.variant_id}"),
        "/console/products/new": product,
        "/console/products/1": product,
        "/console/products/1/variants/new": size,
        f"/console/products/variants/{offer.variant_id}": size,
        "/console/people/new": who,
        f"/console/people/{person_id}": who,
        f"/console/people/{person_id}/pin": ("pin",),
        f"/console/people/{person_id}/password": ("password",),
        f"/console/people/{person_id}/work": ("work_seated",),
        f"/console/people/{person_id}/household": ("household",),
        "/console/searches/orders?state=paid": ("name",),
        "/console/workshop": (
            *("name", "about_zh", "about_en", "phone", "province", "city", "county", "address", "tax_code", "version"),
        ),
    }


SOUND = {
    "refund_amount": "1",
    "refund_reason": "asked",
    "cancel_reason": "asked",
    "received": "1",
    "received_note": "x",
    "way": "more",
    "change": "1",
    "reason": "found",
    "form": "dry",
    "photo": "products/huagu.svg",
    "shelf_life_days": "9",
    "unit": "piece",
    "price": "1",
    "net": "0.1",
    "gross": "0.1",
    "language": "zh",
    "role_packer": "1",
    # Working out a hash takes long; a secret is only there when it is the odd one.
    "password": "",
    "pin": "",
}


@pytest.mark.parametrize("first", range(5))
def test_no_field_of_any_form_breaks_the_page(desk: Desk, offer: LiveOffer, first: int) -> None:
    """Each field is given five odd things in turn, so that each thing is tried on many fields."""
    number = desk.paid(offer, 5)
    with desk.database.transaction() as session:
        somebody = people.add_person(session, name="x", shown_name="x", roles=[PACKER], now=desk.now, by=desk.person).id
    odd = cycle(ODD[first * 3 :] + ODD[: first * 3])
    for address, names in addresses(offer, number, somebody).items():
        for name in names:
            sound = {each: SOUND.get(each, "sound") for each in names}
            typed = {**sound, "form_key": "k" * 20, name: next(odd)}
            answer = desk.browser.post(address, data=typed)
            assert answer.status_code in (200, 303, 400, 404, 409, 422), (address, name, typed[name])


@pytest.mark.parametrize(
    "odd", [each for each in ODD if isinstance(each, str) and each], ids=lambda odd: repr(odd)[:24]
)
def test_no_search_breaks_a_list(desk: Desk, offer: LiveOffer, odd: str) -> None:
    desk.paid(offer)
    for path, names in {
        "/console/orders": ("q", "state", "channel", "stream", "before", "after"),
        "/console/products": ("q",),
        "/console/stock": ("q",),
        f"/console/stock/{offer.variant_id}": ("before", "after"),
        "/console/people": ("q", "role", "gone", "after", "before"),
        "/console/audit": ("q", "area", "person", "before", "after"),
        "/console/orders/orders.csv": ("q", "state", "stream"),
        "/console/people/people.csv": ("q", "role"),
        "/console/audit/audit.csv": ("q", "area", "person"),
    }.items():
        for name in names:
            answer = desk.browser.get(path, query_string={name: odd})
            assert answer.status_code in (200, 404, 422), (path, name)
            assert answer.data, "a page says something"


@pytest.mark.parametrize(
    "number", ["１", "٣", "-1", "+1", "1.0", "9" * 400, str(2**62), str(2**63), "%00", "%ff", "1e3"]
)
def test_an_id_that_is_none_is_not_found(desk: Desk, offer: LiveOffer, number: str) -> None:
    for room in ("orders", "products", "stock", "people", "products/variants"):
        assert desk.browser.get(f"/console/{room}/{number}").status_code == 404, room
    assert desk.browser.post(f"/console/notes/{number}/close").status_code == 404


def test_the_list_of_forms_is_whole(desk: Desk, offer: LiveOffer) -> None:
    """Every route that takes a form with fields stands in the list above; those without fields are named here."""
    without_fields = ("/buyer", "/badge", "/sign-out", "/deactivate", "/reactivate", "/close", "/let-go")
    listed = len(addresses(offer, "G", 1))
    rules = [
        rule.rule
        for rule in desk.app.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and "POST" in (rule.methods or ())
    ]
    own = [
        rule
        for rule in rules
        if rule.split("/")[2] in ("orders", "products", "stock", "people", "notes", "workshop", "searches")
    ]
    assert len([rule for rule in own if not rule.endswith(without_fields)]) == listed


def test_a_page_waits_only_so_long_for_a_row_that_somebody_holds(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    page = f"/console/orders/{number}"
    typed = desk.typed(page, f"{page}/refund", refund_amount="5", refund_reason="asked")
    with desk.database.transaction() as holder:
        holder.execute(text("SELECT 1 FROM orders WHERE number = :number FOR UPDATE"), {"number": number})
        desk.look(page)
        answer = desk.send(f"{page}/refund", typed, status=503)
    assert int(answer.headers["Retry-After"]) >= 1
    desk.send(f"{page}/refund", typed)
    assert desk.refunds(number) == [500]
