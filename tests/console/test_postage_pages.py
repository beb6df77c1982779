"""The owner's postage table, and a flash sale set from the run sheet: through the pages, as people press."""

from datetime import date

import pytest

from app.console.postage_views import courier_rates
from fulfillment.couriers.fees.service import import_tariffs
from fulfillment.couriers.fees.tariff_file import sample_tariffs
from kernel.audit import SYSTEM
from kernel.db import Database
from shop.orders import postage_service
from shop.orders.postage import Rate
from shop.orders.rules import PROVINCES
from shop.streams.models import Offer
from tests.console.conftest import Desk
from tests.console.reading import form_at
from tests.world import NOW, LiveOffer

PAGE, ZONE = "/console/postage", "/console/postage/zone"
TYPED = {"first": "1", "first_fee": "6", "more": "1", "more_fee": "2.5", "free_from": "99", "what": "rate"}


def rates(desk: Desk) -> dict[str, Rate] | None:
    with desk.database.transaction() as session:
        return postage_service.rates_in_force(session)


def begin(desk: Desk) -> str:
    desk.send(PAGE, {"source": "flat"})
    return form_at(desk.look(PAGE), ZONE)["seen"]


def test_a_table_begins_with_what_is_charged_now_and_pressed_twice_it_is_one(desk: Desk) -> None:
    assert "现在是统一运费" in desk.look(f"{PAGE}?lang=zh")
    begin(desk)
    desk.send(PAGE, {"source": "flat"})
    found = rates(desk)
    assert found
    assert set(found) == set(PROVINCES)
    assert (found["浙江省"].fen(0, 500), found["浙江省"].fen(9_900, 500), found["西藏自治区"].fen(9_900, 500)) == (
        600,
        0,
        2_100,
    )


def test_some_provinces_get_another_rate_and_some_none(desk: Desk) -> None:
    seen = begin(desk)
    desk.send(ZONE, {**TYPED, "seen": seen, "provinces": ["浙江省", "上海市"]})
    seen = form_at(desk.look(PAGE), ZONE)["seen"]
    desk.send(ZONE, {"what": "stop", "seen": seen, "provinces": ["台湾省"]})
    found = rates(desk)
    assert found
    assert found["上海市"] == Rate(1_000, 600, 1_000, 250, 9_900)
    assert "台湾省" not in found
    page = desk.look(f"{PAGE}?lang=zh")
    assert "不发货" in page
    shown = desk.look("/postage?lang=en")
    assert "up to 1 kg ¥6.00, each further 1 kg ¥2.50, free from ¥99.00" in shown
    assert "Nothing is sent to" in shown


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"provinces": []}, "请选省份"),
        ({"first": "0"}, "field-first"),
        ({"first_fee": "很多"}, "field-first_fee"),
        ({"more": "31"}, "field-more"),
        ({"free_from": "-1"}, "field-free_from"),
    ],
)
def test_what_cannot_be_is_marked_and_what_was_typed_stays(desk: Desk, wrong: dict[str, object], said: str) -> None:
    seen = begin(desk)
    before = rates(desk)
    answer = desk.send(ZONE, {**TYPED, "provinces": ["浙江省"], "seen": seen, **wrong}, status=422)
    assert said in answer.text
    assert rates(desk) == before
    if wrong.get("provinces") != []:
        assert 'value="浙江省" checked' in answer.text


def test_a_page_that_somebody_overtook_is_told(desk: Desk) -> None:
    seen = begin(desk)
    desk.send(ZONE, {**TYPED, "seen": seen, "provinces": ["浙江省"]})
    told = desk.send(ZONE, {**TYPED, "first_fee": "7", "seen": seen, "provinces": ["上海市"]}, status=409)
    assert "刚才有人改过运费表" in told.text


def test_the_couriers_prices_are_rounded_up_and_where_nobody_goes_nothing_is_sent(database: Database) -> None:
    day = date(2026, 11, 24)
    with database.transaction() as session:
        import_tariffs(session, list(sample_tariffs().values()), valid_from=day, today=day, now=NOW, by=SYSTEM)
        found = courier_rates(session, day)
    assert found["浙江省"] == Rate(1_000, 250, 1_000, 100)
    assert all(rate.first_fen % 50 == 0 and rate.more_fen % 50 == 0 for rate in found.values())
    assert found["西藏自治区"].first_fen > found["浙江省"].first_fen


def test_a_flash_sale_is_set_and_stopped(desk: Desk, offer: LiveOffer) -> None:
    path = f"/console/streams/{offer.stream_id}/offers/{offer.offer_id}/flash"
    typed = desk.typed(path, path, flash_price="29.90", minutes=5)
    desk.send(path, typed)
    with desk.database.transaction() as session:
        row = session.get_one(Offer, offer.offer_id)
        assert (row.flash_price_fen, row.flash_from) == (2_990, desk.now)
    assert "正在限时" in desk.look(f"{path}?lang=zh")
    assert "限时价，还有" in desk.look(f"/live/{offer.stream_id}?lang=zh")
    for _ in range(2):
        desk.send(f"{path}/stop", {})
    assert "正在限时" not in desk.look(f"{path}?lang=zh")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"flash_price": "39.80"}, "限时价要比直播价低"),
        ({"flash_price": "abc"}, "field-flash_price"),
        ({"minutes": "0"}, "field-minutes"),
        ({"begins": "2020-01-01T10:00"}, "这个时间已经过去了"),
        ({"begins": "明天"}, "field-begins"),
    ],
)
def test_a_flash_sale_that_cannot_be_is_marked(
    desk: Desk, offer: LiveOffer, wrong: dict[str, object], said: str
) -> None:
    path = f"/console/streams/{offer.stream_id}/offers/{offer.offer_id}/flash"
    typed = desk.typed(path, path, **{"flash_price": "29.90", "minutes": 5, **wrong})
    assert said in desk.send(path, typed, status=422).text
    with desk.database.transaction() as session:
        assert session.get_one(Offer, offer.offer_id).flash_from is None
