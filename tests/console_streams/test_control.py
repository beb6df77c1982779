"""The control page, as plain forms: next on air, prices, the last change back, start and end."""

import re

import pytest
from flask import Flask

from kernel.db import Database
from kernel.people.rules import OWNER
from shop.streams import service as streams
from shop.streams.models import Offer, Stream
from tests.console.conftest import Desk, sit_down
from tests.console.reading import form_at
from tests.console_streams.conftest import offer_of
from tests.streams.evening import NOW, XIANG, Evening, make_evening, terms_of


def room(evening: Evening) -> str:
    return f"/console/streams/{evening.stream_id}"


def terms_address(evening: Evening, place: int = 1) -> str:
    return f"{room(evening)}/offers/{evening.offer_ids[place - 1]}/terms"


def stream_of(desk: Desk, evening: Evening) -> Stream:
    with desk.database.transaction() as session:
        return session.get_one(Stream, evening.stream_id)


def offer_now(desk: Desk, evening: Evening, place: int = 1) -> Offer:
    with desk.database.transaction() as session:
        return terms_of(session, evening.offer_ids[place - 1])


def next_button(page: str) -> str | None:
    """The offer that the button of the N key puts on air."""
    forms = re.findall(r'<form method="post" action="[^"]*/on-air".*?</form>', page, re.DOTALL)
    [button] = [form for form in forms if 'data-key="n"' in form] or [""]
    found = re.search(r'name="offer" value="(\d+)"', button)
    return found[1] if found else None


def test_each_press_puts_the_next_one_on_air_and_twice_is_once(desk: Desk, evening: Evening) -> None:
    for offer_id in evening.offer_ids:
        wanted = next_button(desk.look(f"{room(evening)}/control"))
        assert wanted == str(offer_id)
        for _ in range(2):
            desk.send(f"{room(evening)}/on-air", {"offer": wanted})
            assert stream_of(desk, evening).on_air_offer_id == offer_id
    last = desk.look(f"{room(evening)}/control")
    assert next_button(last) is None
    assert "单子上后面没有能卖的了" in last


def test_next_skips_what_is_closed_or_sold_out(desk: Desk, evening: Evening) -> None:
    desk.send(terms_address(evening, 1), {"state": "closed", "seen": "0"})
    desk.place(offer_of(desk, evening, 2), 50)
    assert next_button(desk.look(f"{room(evening)}/control")) == str(evening.offer_ids[2])


def test_nothing_on_air_is_one_press_too(desk: Desk, evening: Evening) -> None:
    desk.send(f"{room(evening)}/on-air", {"offer": str(evening.offer_ids[0])})
    desk.send(f"{room(evening)}/on-air", {"offer": ""})
    assert stream_of(desk, evening).on_air_offer_id is None
    assert "现在没有讲解中的商品" in desk.look(f"{room(evening)}/control")


def test_price_number_and_cap_are_saved_and_the_form_shows_them(desk: Desk, evening: Evening) -> None:
    page = desk.look(f"{room(evening)}/control?offer={evening.offer_ids[1]}")
    typed = {**form_at(page, terms_address(evening, 2)), "price": "35.00", "allotment": "60", "cap": "3"}
    typed.pop("state", None)
    desk.send(terms_address(evening, 2), typed)
    offer = offer_now(desk, evening, 2)
    assert (offer.price_fen, offer.allotment, offer.cap_per_buyer, offer.state) == (3_500, 60, 3, "open")


def test_the_buttons_for_ten_more_add_ten_when_tapped_twice(desk: Desk, evening: Evening) -> None:
    page = desk.look(f"{room(evening)}/control")
    assert '<input type="hidden" name="allotment" value="60">' in page
    for _ in range(2):
        desk.send(terms_address(evening), {"allotment": "60", "seen": "0"})
    assert offer_now(desk, evening).allotment == 60


def test_holding_back_stops_at_what_is_taken(desk: Desk, evening: Evening) -> None:
    desk.place(offer_of(desk, evening), 45)
    page = desk.look(f"{room(evening)}/control")
    assert '<input type="hidden" name="allotment" value="45">' in page
    assert "全收回" in page
    desk.send(terms_address(evening), {"allotment": "45", "seen": "0"})
    assert offer_now(desk, evening).allotment == 45


def test_fewer_than_are_taken_is_said_at_the_field(desk: Desk, evening: Evening) -> None:
    desk.place(offer_of(desk, evening), 5)
    page = desk.send(terms_address(evening), {"allotment": "4", "price": "35.00", "seen": "0"}, 409)
    assert 'id="error-allotment"' in page.text
    assert "已经锁定或卖出 5 件" in page.text
    assert 'value="35.00"' in page.text
    assert offer_now(desk, evening).price_fen == 3_980, "nothing of a refused form is done"


@pytest.mark.parametrize("bad", [{"price": "x"}, {"allotment": ""}, {"cap": "0"}, {"state": "gone"}, {"seen": "x"}])
def test_a_bad_field_keeps_the_page_and_what_was_typed(desk: Desk, evening: Evening, bad: dict[str, str]) -> None:
    page = desk.send(terms_address(evening), {"price": "35.00", "seen": "0", **bad}, 422)
    assert 'class="errors"' in page.text
    assert offer_now(desk, evening).terms_revision == 0


def test_two_change_one_price_and_the_second_is_told_by_whom(app: Flask, database: Database, evening: Evening) -> None:
    xiang, lan = sit_down(app, database, OWNER, name="叶阿香"), sit_down(app, database, OWNER, name="吴晓岚")
    address = terms_address(evening)
    mine = {**form_at(lan.look(f"{room(evening)}/control"), address), "price": "36.00"}
    mine.pop("state")
    xiang.send(address, {"price": "35.00", "seen": "0"})
    page = lan.send(address, mine, 409)
    assert "叶阿香 20:00:00 把直播价从 ¥39.80 改成 ¥35.00" in page.text
    assert 'value="36.00"' in page.text
    again = re.search(r'id="field-seen" value="(\d+)"', page.text)
    assert again
    assert again[1] == "1"
    lan.send(address, {**mine, "seen": again[1]})
    assert offer_now(lan, evening).price_fen == 3_600


def test_what_another_changed_besides_is_told_and_kept(app: Flask, database: Database, evening: Evening) -> None:
    xiang, lan = sit_down(app, database, OWNER, name="叶阿香"), sit_down(app, database, OWNER, name="吴晓岚")
    xiang.send(terms_address(evening), {"allotment": "80", "seen": "0"})
    lan.send(terms_address(evening), {"price": "35.00", "allotment": "50", "cap": "", "seen": "0"})
    assert "另外：叶阿香 20:00:00 把数量从 50 改成 80" in lan.look(f"{room(evening)}/control")
    offer = offer_now(lan, evening)
    assert (offer.price_fen, offer.allotment) == (3_500, 80)


def test_the_last_change_is_taken_back_within_ten_seconds(desk: Desk, evening: Evening) -> None:
    desk.send(terms_address(evening), {"price": "35.00", "seen": "0"})
    page = desk.look(f"{room(evening)}/control")
    assert "把直播价从 ¥39.80 改成 ¥35.00" in page
    typed = form_at(page, f"{room(evening)}/undo")
    for _ in range(2):
        desk.send(f"{room(evening)}/undo", typed)
        assert offer_now(desk, evening).price_fen == 3_980
    assert "/undo" not in desk.look(f"{room(evening)}/control"), "an undo is not undone"


def test_after_ten_seconds_the_line_is_gone_and_a_late_press_is_told(desk: Desk, evening: Evening) -> None:
    desk.send(terms_address(evening), {"price": "35.00", "seen": "0"})
    typed = form_at(desk.look(f"{room(evening)}/control"), f"{room(evening)}/undo")
    desk.wait(seconds=14)
    assert "/undo" not in desk.look(f"{room(evening)}/control")
    assert "已经过了十秒" in desk.send(f"{room(evening)}/undo", typed, 409).text
    assert offer_now(desk, evening).price_fen == 3_500


# Start and end


def test_going_live_leads_to_the_control_page_and_twice_is_once(desk: Desk, database: Database) -> None:
    with database.transaction() as session:
        planned = make_evening(session, is_live=False)
    assert desk.browser.get(f"{room(planned)}/control").location == room(planned)
    for _ in range(2):
        assert desk.send(f"{room(planned)}/start", {}).location == f"{room(planned)}/control"
    assert stream_of(desk, planned).state == "live"


def test_the_end_asks_once_and_says_how_many_holds_are_open(desk: Desk, evening: Evening) -> None:
    assert "没有等付款的订单" in desk.look(f"{room(evening)}/control")
    desk.place(offer_of(desk, evening))
    desk.place(offer_of(desk, evening, 2))
    page = desk.look(f"{room(evening)}/control")
    assert "还有 2 单锁着货在等付款" in page
    for _ in range(2):
        assert desk.send(f"{room(evening)}/end", {}).location == room(evening)
    assert stream_of(desk, evening).state == "ended"


def test_a_stream_that_has_ended_shows_what_came_of_it_and_takes_no_change(desk: Desk, evening: Evening) -> None:
    number = desk.place(offer_of(desk, evening), 2)
    desk.pay(number)
    with desk.database.transaction() as session:
        streams.end_stream(session, evening.stream_id, now=NOW, by=XIANG)
    page = desk.look(room(evening))
    assert "已付金额" in page
    assert "/offers/new" not in page
    desk.look(f"{room(evening)}/control", 404)
    for address, typed in (
        (f"{room(evening)}/on-air", {"offer": str(evening.offer_ids[0])}),
        (terms_address(evening), {"price": "1.00", "seen": "0"}),
        (f"{room(evening)}/undo", {"entry": "1"}),
        (f"{room(evening)}/start", {}),
    ):
        answer = desk.send(address, typed, 409)
        assert "已经" in answer.text or "没有在直播" in answer.text


def test_a_stream_without_offers_can_be_run(desk: Desk, database: Database) -> None:
    with database.transaction() as session:
        empty = make_evening(session, offers=0)
    page = desk.look(f"{room(empty)}/control")
    assert "单子还是空的" in page
    assert "这场直播还没有商品" in desk.look(f"/console/board/{empty.stream_id}")


def test_a_hostile_title_stays_words(desk: Desk, database: Database) -> None:
    with database.transaction() as session:
        evening = make_evening(session)
        session.get_one(Stream, evening.stream_id).title_zh = "<script>alert(1)</script>\u202e𠮷"
        product = terms_of(session, evening.offer_ids[0]).variant.product
        product.title_zh = '"><img src=x onerror=alert(1)>'
    for page in (f"{room(evening)}/control", room(evening), f"/console/board/{evening.stream_id}", "/console/streams"):
        seen = desk.look(page)
        assert "<script>alert" not in seen
        assert "<img src=x" not in seen
