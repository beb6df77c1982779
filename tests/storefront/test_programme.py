"""Streams around the one that is live: those that were, a date for the calendar, and the picture elsewhere."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from sqlalchemy import update

from app.factory import create_app
from app.web.security import content_security_policy
from config import SettingError, Settings, load_settings
from kernel.audit import SYSTEM
from kernel.db import Database
from shop.streams import service as streams
from shop.streams.models import Stream
from shop.streams.rules import host_of, is_watch_url
from tests.world import NOW, make_live_offer

ELSEWHERE = "https://player.example.cn/room/1?autoplay=0"


def end_some(database: Database, count: int) -> list[int]:
    """Streams that sold one product each and are over, the last to end last."""
    with database.transaction() as session:
        found = []
        for place in range(count):
            offer = make_live_offer(session)
            streams.end_stream(session, offer.stream_id, now=NOW + timedelta(minutes=place), by=SYSTEM)
            found.append(offer.stream_id)
        return found


def plan(database: Database, **more: str) -> int:
    with database.transaction() as session:
        return streams.plan_stream(
            session,
            title_zh="周末𠮷场；鲜货, 山货\\" + "长" * 60,
            title_en="Weekend; fresh, dried\\",
            starts_at=NOW + timedelta(days=2),
            hold_minutes=10,
            now=NOW,
            by=SYSTEM,
            **more,
        ).id


def test_earlier_streams_are_paged_the_last_first_and_link_their_goods(client: FlaskClient, database: Database) -> None:
    assert "还没有播过" in client.get("/live/earlier?lang=zh").text
    end_some(database, 12)
    first = client.get("/live/earlier?lang=zh").text
    assert first.count('class="earlier"') == 10
    assert first.count("/products/") >= 10
    older = first.partition("/live/earlier?before=")[2].partition('"')[0]
    second = client.get(f"/live/earlier?before={older}&lang=zh").text
    assert second.count('class="earlier"') == 2
    assert "更早的" in first
    assert "更早的" not in second
    for odd in ("x", "-1", "0", str(2**70), "99999"):
        assert client.get(f"/live/earlier?before={odd}").status_code == 200


def test_a_stream_that_ended_says_what_it_sold(client: FlaskClient, database: Database) -> None:
    (stream_id,) = end_some(database, 1)
    page = client.get(f"/live/{stream_id}?lang=zh").text
    assert "这一场卖了什么" in page
    assert "/products/" in page


def test_a_date_for_the_calendar_is_read_by_a_calendar(client: FlaskClient, database: Database) -> None:
    stream_id = plan(database)
    assert f"/live/{stream_id}/calendar.ics" in client.get(f"/live/{stream_id}").text
    answer = client.get(f"/live/{stream_id}/calendar.ics?lang=zh")
    assert answer.mimetype == "text/calendar"
    assert all(len(line) <= 75 for line in answer.data.split(b"\r\n"))
    (event,) = Calendar.from_ical(answer.data).walk("VEVENT")
    assert str(event["summary"]).endswith("周末𠮷场；鲜货, 山货\\" + "长" * 60)
    assert event.decoded("dtstart") == NOW + timedelta(days=2)
    assert str(event["url"]).endswith(f"/live/{stream_id}")
    (alarm,) = event.walk("VALARM")
    assert alarm.decoded("trigger") == -timedelta(minutes=10)
    assert "Weekend" in client.get(f"/live/{stream_id}/calendar.ics?lang=en").text


def test_a_changed_plan_is_a_later_version_of_the_same_date(client: FlaskClient, database: Database) -> None:
    stream_id = plan(database)
    before, after = Calendar.from_ical(client.get(f"/live/{stream_id}/calendar.ics").data), None
    with database.transaction() as session:
        streams.change_plan(
            session, stream_id, title_zh="改了", title_en="Changed", starts_at=NOW + timedelta(days=3), hold_minutes=10,
            now=NOW, by=SYSTEM,
        )  # fmt: skip
    after = Calendar.from_ical(client.get(f"/live/{stream_id}/calendar.ics").data)
    (old,), (new,) = before.walk("VEVENT"), after.walk("VEVENT")
    assert old["uid"] == new["uid"]
    assert new["sequence"] > old["sequence"]


def test_what_is_over_or_nowhere_has_no_date(client: FlaskClient, database: Database) -> None:
    (stream_id,) = end_some(database, 1)
    for number in (stream_id, 999, 2**70):
        assert client.get(f"/live/{number}/calendar.ics").status_code == 404


# ---- the picture elsewhere ----


@pytest.fixture
def with_players(settings: Settings, database: Database) -> Callable[[str], FlaskClient]:
    """A shop in whose pages the players of these sites may stand."""

    def shop(*hosts: str) -> FlaskClient:
        return create_app(replace(settings, player_hosts=hosts), database).test_client()

    return shop


@pytest.mark.parametrize("state", ["planned", "live"])
def test_the_picture_is_a_link_or_a_player_that_waits_to_be_opened(
    database: Database, with_players: Callable[[str], FlaskClient], state: str
) -> None:
    stream_id = plan(database, watch_url=ELSEWHERE)
    if state == "live":
        with database.transaction() as session:
            stream_id = make_live_offer(session).stream_id
            session.execute(update(Stream).where(Stream.id == stream_id).values(watch_url=ELSEWHERE))
    elsewhere = with_players("other.example.cn").get(f"/live/{stream_id}")
    assert f'href="{ELSEWHERE}"' in elsewhere.text
    assert "<iframe" not in elsewhere.text
    here = with_players("player.example.cn").get(f"/live/{stream_id}")
    assert f'<iframe src="{ELSEWHERE}"' in here.text
    assert 'loading="lazy"' in here.text
    assert "frame-src https://player.example.cn" in here.headers["Content-Security-Policy"]


def test_without_an_address_there_is_neither(client: FlaskClient, database: Database, app: Flask) -> None:
    page = client.get(f"/live/{plan(database)}")
    assert 'class="watch"' not in page.text
    assert "frame-src" not in page.headers["Content-Security-Policy"]
    assert "frame-src" not in content_security_policy(app.extensions["settings"])


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (ELSEWHERE, "player.example.cn"),
        ("https://LIVE.Example.cn/1", "live.example.cn"),
        ("https://live.example.cn/直播", "live.example.cn"),
        ("http://live.example.cn/1", ""),
        ("https://live.example.cn@evil.example/1", ""),
        ("https://live.example.cn:8443/1", ""),
        ("https://[::1", ""),
        ("//live.example.cn", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_hosts(address: str, host: str) -> None:
    assert host_of(address) == host
    assert is_watch_url(address) is (bool(host) and address.isascii())


def test_an_address_must_begin_as_the_table_wants_it() -> None:
    assert not is_watch_url("HTTPS://live.example.cn/1")


@given(st.text(max_size=80))
def test_nothing_but_a_plain_https_address_is_linked(address: str) -> None:
    if is_watch_url(address):
        assert address.startswith("https://")
        assert not set(address) & set(" \"'<>\\\n\t")


@pytest.mark.parametrize("hosts", ["player", "https://player.example.cn", "a.example.cn;b", "*.example.cn"])
def test_a_wrong_setting_is_named(hosts: str) -> None:
    with pytest.raises(SettingError, match="PLAYER_HOSTS"):
        load_settings({"PLAYER_HOSTS": hosts})
