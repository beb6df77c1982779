"""Planning a stream and its run sheet, on the pages."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.parse import FieldError, parse_local_minute
from shop.streams import service as streams
from shop.streams.models import Offer, Stream
from tests.console.conftest import Desk
from tests.console.reading import form_at
from tests.console_streams.conftest import offer_of
from tests.streams.evening import NOW, XIANG, Evening, make_evening, on_sheet, terms_of
from tests.world import make_variant

PLAN = {
    "title_zh": "周末专场",
    "title_en": "",
    "starts_at": "2026-11-28T20:00",
    "hold_minutes": "15",
    "watch_url": "https://live.example.cn/1",
}


def sheet_of(desk: Desk, evening: Evening) -> list[int]:
    with desk.database.transaction() as session:
        return on_sheet(session, evening.stream_id)


# Planning


def test_a_stream_is_planned_in_the_workshops_time_once(desk: Desk, database: Database) -> None:
    typed = desk.typed("/console/streams/new", "", **PLAN)
    first = desk.send("/console/streams/new", typed)
    desk.send("/console/streams/new", typed)
    with database.transaction() as session:
        [stream] = session.scalars(select(Stream)).all()
    assert (stream.title_zh, stream.title_en, stream.hold_minutes) == ("周末专场", "周末专场", 15)
    assert stream.starts_at == datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    assert "周末专场" in desk.look(first.location)


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("title_zh", ""),
        ("title_zh", "长" * 61),
        ("starts_at", ""),
        ("starts_at", "2026-02-30T20:00"),
        ("starts_at", "2026-11-28T25:00"),
        ("starts_at", "２０２６-11-28T20:00"),
        ("hold_minutes", "0"),
        ("hold_minutes", "1441"),
        ("hold_minutes", "十"),
        ("watch_url", "javascript:alert(1)"),
        ("watch_url", "http://live.example.cn/1"),
        ("watch_url", "https://live.example.cn@evil.example/1"),
        ("watch_url", "https://live.example.cn/" + "a" * 500),
    ],
)
def test_a_bad_field_is_named_and_nothing_typed_is_lost(desk: Desk, database: Database, field: str, bad: str) -> None:
    typed = desk.typed("/console/streams/new", "", **{**PLAN, field: bad})
    page = desk.send("/console/streams/new", typed, 422)
    assert f'id="error-{field}"' in page.text
    shown = form_at(page.text)
    assert {name: shown[name] for name in PLAN} == {**PLAN, field: bad}
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Stream)) == 0


def test_a_plan_is_changed_until_the_end(desk: Desk, evening: Evening, database: Database) -> None:
    address = f"/console/streams/{evening.stream_id}/edit"
    typed = desk.typed(address)
    assert typed["starts_at"] == "2026-11-24T20:00"
    desk.send(address, {**typed, "title_zh": "新名字"})
    with database.transaction() as session:
        assert session.get_one(Stream, evening.stream_id).title_zh == "新名字"
        streams.end_stream(session, evening.stream_id, now=NOW, by=XIANG)
    desk.look(address, 404)
    desk.send(address, typed, 404)


@pytest.mark.parametrize("raw", [None, 5, "", "now", "0000-01-01T00:00", "2026-13-01T00:00", "9999-99-99 99:99"])
def test_what_is_no_minute_is_refused(raw: object) -> None:
    with pytest.raises(FieldError):
        parse_local_minute(raw, ZoneInfo("Asia/Shanghai"))


def test_a_minute_is_read_with_blank_or_seconds() -> None:
    for raw in ("2026-11-28 20:00", "2026/11/28 20:00", "2026-11-28T20:00:00"):
        assert parse_local_minute(raw, ZoneInfo("Asia/Shanghai")) == datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


# The run sheet


def test_an_offer_is_added_with_the_stock_in_sight(desk: Desk, evening: Evening, database: Database) -> None:
    with database.transaction() as session:
        variant = make_variant(session)
    address = f"/console/streams/{evening.stream_id}/offers"
    assert f"variant={variant.id}" in desk.look(f"{address}/new")
    typed = desk.typed(f"{address}/new?variant={variant.id}", address, price="39.80", allotment=20, cap=2)
    assert typed["list_price"] == "49.80"
    desk.send(address, typed)
    again = desk.send(address, typed, 409)
    assert "已经在这场直播里了" in again.text
    with database.transaction() as session:
        offer = terms_of(session, on_sheet(session, evening.stream_id)[-1])
        assert (offer.price_fen, offer.allotment, offer.cap_per_buyer) == (3_980, 20, 2)
    assert "比库存多 20 件" in desk.look(f"/console/streams/{evening.stream_id}")


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("price", "0"),
        ("price", "39.801"),
        ("price", "１"),
        ("price", "100000.01"),
        ("list_price", "39.79"),
        ("allotment", "-1"),
        ("allotment", "100001"),
        ("cap", "0"),
        ("cap", "x"),
    ],
)
def test_bad_terms_are_named_at_their_field(desk: Desk, evening: Evening, field: str, bad: str) -> None:
    address = f"/console/streams/{evening.stream_id}/offers/{evening.offer_ids[0]}"
    typed = desk.typed(address, address, **{field: bad})
    page = desk.send(address, typed, 422)
    assert f'id="error-{field}"' in page.text
    assert form_at(page.text, address)[field] == bad


def test_the_second_to_save_an_offer_is_told_and_may_press_again(desk: Desk, evening: Evening) -> None:
    address = f"/console/streams/{evening.stream_id}/offers/{evening.offer_ids[0]}"
    mine, theirs = desk.typed(address, address, price="36.00"), desk.typed(address, address, price="35.00")
    desk.send(address, theirs)
    page = desk.send(address, mine, 409)
    assert "叶阿香" in page.text
    assert "从 ¥39.80 改成 ¥35.00" in page.text
    again = form_at(page.text, address)
    assert again["price"] == "36.00"
    desk.send(address, again)
    assert desk.typed(address, address)["price"] == "36.00"


def test_offers_are_moved_and_removed_by_plain_forms(desk: Desk, evening: Evening) -> None:
    first, second, third = evening.offer_ids
    sheet = f"/console/streams/{evening.stream_id}"
    for _ in range(2):
        desk.send(f"{sheet}/offers/{third}/place", {"place": "1"})
        assert sheet_of(desk, evening) == [third, first, second]
    for _ in range(2):
        desk.send(f"{sheet}/offers/{first}/remove", {})
        assert sheet_of(desk, evening) == [third, second]
    desk.place(offer_of(desk, evening, 2))
    assert "只能下架" in desk.send(f"{sheet}/offers/{second}/remove", {}, 409).text
    assert desk.send(f"{sheet}/offers/{third}/place", {"place": "x"}, 422)


def test_an_earlier_stream_is_taken_over(desk: Desk, evening: Evening, database: Database) -> None:
    with database.transaction() as session:
        empty = make_evening(session, offers=0, is_live=False)
    sheet = f"/console/streams/{empty.stream_id}"
    typed = desk.typed(sheet, f"{sheet}/copy", source=evening.stream_id)
    desk.send(f"{sheet}/copy", typed)
    assert "加了 3 样" in desk.look(sheet)
    with database.transaction() as session:
        assert session.scalar(select(func.count()).where(Offer.stream_id == empty.stream_id)) == 3
    desk.send(f"{sheet}/copy", {"source": "0"}, 422)


def test_an_empty_run_sheet_says_what_to_do(desk: Desk, database: Database) -> None:
    with database.transaction() as session:
        empty = make_evening(session, offers=0, is_live=False)
    assert "单子还是空的" in desk.look(f"/console/streams/{empty.stream_id}")


def test_ended_streams_are_turned_over_page_by_page(desk: Desk, database: Database) -> None:
    with database.transaction() as session:
        for _ in range(23):
            evening = make_evening(session, offers=0)
            streams.end_stream(session, evening.stream_id, now=NOW, by=SYSTEM)
    first = desk.look("/console/streams")
    assert first.count("<tr>") == 1 + 20
    older = first.split('rel="next" href="')[1].split('"')[0]
    second = desk.look(older)
    assert second.count("<tr>") == 1 + 3
    assert "没有更早的了" in desk.look("/console/streams?before=1")
    for odd in ("x", "-1", "9" * 30, "１", "987654321"):
        assert "没有这一页" in desk.look(f"/console/streams?before={odd}&lang=zh", 404)


def test_a_list_without_streams_says_what_to_do(desk: Desk) -> None:
    assert "还没有安排过直播" in desk.look("/console/streams")
    assert "还没有直播" in desk.look("/console/board")
