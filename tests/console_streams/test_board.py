"""The board as a page and as pieces; its pure rules; how seldom it counts."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.console import board_rules as rules
from app.console import board_shelf
from app.console.board_chart import draw
from app.console.board_parts import MOST_ON_THE_WALL, for_wall
from app.console.board_shelf import BoardShelf
from app.console.seats import ELSEWHERE, STOPPING, Seats
from kernel.errors import Unavailable
from shop.streams import service as streams
from shop.waitlist import service as line
from tests.console.conftest import Desk
from tests.console_streams.conftest import offer_of
from tests.console_streams.test_figures import ZONE
from tests.signing_in import sign_in_client
from tests.streams.evening import XIANG, Evening, make_evening
from tests.world import NOW, ask


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


# The page


def test_ordered_and_paid_money_stand_apart(desk: Desk, evening: Evening) -> None:
    desk.pay(desk.place(offer_of(desk, evening), 2))
    desk.place(offer_of(desk, evening, 2), 1)
    pieces = desk.browser.get(f"/console/board/{evening.stream_id}/parts").get_json()
    ordered, paid = pieces["five"].split("已付金额")
    assert "131" in ordered
    assert ".40" in ordered
    assert "1 单" in paid
    assert "131" not in paid
    assert "85" in paid
    assert "1 单还在等付款" in pieces["five"]


def test_the_board_leads_to_what_is_live(desk: Desk, evening: Evening) -> None:
    address = f"/console/board/{evening.stream_id}"
    assert desk.browser.get("/console/board").location == address
    assert desk.browser.get("/console/board?wall=1").location == f"{address}?wall=1"
    with desk.database.transaction() as session:
        streams.end_stream(session, evening.stream_id, now=NOW, by=XIANG)
    assert desk.browser.get("/console/board").location == address


def test_the_wall_has_nothing_to_press(desk: Desk, evening: Evening) -> None:
    wall = desk.look(f"/console/board/{evening.stream_id}?wall=1&theme=dark")
    body = wall.split('<main id="main"')[1]
    for tag in ("<a ", "<button", "<input", "<select", "<summary", "<form"):
        assert tag not in body, tag
    assert "face-wall" in wall
    assert 'data-theme="dark"' in wall
    assert 'data-theme="' not in desk.look(f"/console/board/{evening.stream_id}?wall=1&theme=%22x")


def test_the_chart_can_be_read_as_a_table(desk: Desk, evening: Evening) -> None:
    desk.send(f"/console/streams/{evening.stream_id}/on-air", {"offer": str(evening.offer_ids[1])})
    desk.wait(minutes=3)
    desk.place(offer_of(desk, evening))
    page = desk.look(f"/console/board/{evening.stream_id}")
    assert "看成表格" in page
    row = page.split('<th scope="row" class="number">20:03</th>')[1].split("</tr>")[0]
    assert '<td class="is-number">1</td>' in row
    assert "2 庆元花菇" in row


def test_a_piece_that_is_known_is_not_sent_again(desk: Desk, evening: Evening) -> None:
    address = f"/console/board/{evening.stream_id}/parts"
    first = desk.browser.get(address)
    again = desk.browser.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")


@pytest.mark.parametrize(
    ("page", "wanted", "unwanted"),
    [
        ("board", "chart", "money_line"),
        ("wall", "wall_offers", "minutes"),
        ("control", "terms", "chart"),
        ("x", "five", "terms"),
    ],
)
def test_a_page_gets_the_pieces_it_shows(desk: Desk, evening: Evening, page: str, wanted: str, unwanted: str) -> None:
    pieces = desk.browser.get(f"/console/board/{evening.stream_id}/parts?page={page}").get_json()
    assert wanted in pieces
    assert unwanted not in pieces
    assert any(name.startswith("counts-") for name in pieces) == (page == "control")


def test_a_late_parcel_is_marked_in_words(desk: Desk, evening: Evening) -> None:
    desk.pay(desk.place(offer_of(desk, evening)))
    address = f"/console/board/{evening.stream_id}"
    assert "最要紧" not in desk.look(address)
    desk.wait(hours=49)
    desk.app.extensions["board"]._kept.clear()
    sign_in_client(desk.browser, desk.database, desk.person.person_id, now=desk.now)
    page = desk.look(address)
    marked = page.split("is-worst")[1]
    assert marked.startswith('"><span class="stat-label">待打包')
    assert "1 件已经迟了" in marked
    assert page.count("最要紧") == 1


# How often it is counted


@pytest.fixture
def shelf(app: Flask) -> BoardShelf:
    found: BoardShelf = app.extensions["board"]
    return found


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock that says how old figures are."""
    passed = [1_000.0]
    monkeypatch.setattr(board_shelf, "monotonic", lambda: passed[0])

    def more(seconds: float) -> None:
        passed[0] += seconds

    return more


@pytest.mark.usefixtures("own_marker")
def test_however_many_look_it_is_counted_once_in_half_a_second(
    shelf: BoardShelf, evening: Evening, pass_time: Callable[[float], None]
) -> None:
    for _ in range(50):
        shelf.look(evening.stream_id, "zh")
        shelf.look(evening.stream_id, "en")
        pass_time(0.009)
    assert shelf.counts == 1


@pytest.mark.usefixtures("own_marker")
def test_while_nothing_is_written_it_is_not_counted_again(
    desk: Desk, shelf: BoardShelf, evening: Evening, pass_time: Callable[[float], None]
) -> None:
    shelf.look(evening.stream_id, "zh")
    for _ in range(7):
        pass_time(0.6)
        shelf.look(evening.stream_id, "zh")
    assert shelf.counts == 1
    desk.place(offer_of(desk, evening))
    pass_time(0.5)
    assert shelf.look(evening.stream_id, "zh").figures.money.ordered == 1
    assert shelf.counts == 2


def test_time_alone_has_it_counted_after_five_seconds(
    shelf: BoardShelf, evening: Evening, pass_time: Callable[[float], None]
) -> None:
    for wanted in (1, 2, 3):
        shelf.look(evening.stream_id, "zh")
        assert shelf.counts == wanted
        pass_time(5.0)


def test_a_count_that_takes_long_is_rested_from(
    shelf: BoardShelf, evening: Evening, pass_time: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    count = board_shelf.count_figures

    def slowly(*facts: object) -> object:
        pass_time(0.4)
        return count(*facts)  # type: ignore[arg-type]

    monkeypatch.setattr(board_shelf, "count_figures", slowly)
    shelf.look(evening.stream_id, "zh")
    pass_time(3.5)
    shelf.look(evening.stream_id, "zh")
    assert shelf.counts == 1
    monkeypatch.setattr(BoardShelf, "_is_unchanged", lambda *_: False)
    pass_time(0.2)
    shelf.look(evening.stream_id, "zh")
    assert shelf.counts == 2


def test_a_count_that_fails_leaves_the_shelf_usable(
    shelf: BoardShelf, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    with monkeypatch.context() as broken:
        broken.setattr(board_shelf, "count_figures", away)
        with pytest.raises(OperationalError):
            shelf.look(evening.stream_id, "zh")
    assert shelf.look(evening.stream_id, "zh").figures.stream_id == evening.stream_id


# Seats


def test_seats_are_few_and_one_for_each_screen() -> None:
    seats = Seats(2)
    first, second = seats.take("a"), seats.take("b")
    with pytest.raises(Unavailable) as refused:
        seats.take("c")
    assert (refused.value.status, refused.value.code) == (503, "no_seat")
    again = seats.take("a")
    assert (first.ended.is_set(), first.why, again.ended.is_set()) == (True, ELSEWHERE, False)
    seats.leave(first)
    assert len(seats) == 2, "the screen's new seat is not given up with its old one"
    seats.leave(second)
    seats.leave(second)
    assert len(seats) == 1
    seats.close()
    assert (again.ended.is_set(), again.why) == (True, STOPPING)
    with pytest.raises(Unavailable):
        seats.take("d")


def test_boards_leave_most_threads_to_buyers(app: Flask) -> None:
    assert app.extensions["seats"].most * 4 <= app.extensions["settings"].web_threads


# Rules


@pytest.mark.parametrize(
    ("minutes_live", "ended", "start", "width", "bars"),
    [
        (0, False, 0, 1, 15),
        (14.5, False, 0, 1, 15),
        (30, False, 0, 1, 31),
        (100, False, 41, 1, 60),
        (80, True, 0, 1, 80),
        (180, True, 0, 2, 90),
        (1_000, True, 0, 15, 67),
    ],
)
def test_the_chart_shows_the_last_hour_or_a_whole_evening(
    minutes_live: float, ended: bool, start: int, width: int, bars: int
) -> None:
    end = NOW + minutes(minutes_live)
    window = rules.chart_window(NOW + timedelta(seconds=20), end, end if ended else None)
    assert (window.start, window.width_minutes, window.bars) == (NOW + minutes(start), width, bars)
    assert window.end >= end


def test_what_was_on_air_when() -> None:
    window = rules.Window(NOW, 1, 60)
    marks: list[tuple[int | None, datetime]] = [
        (1, NOW - minutes(5)),
        (2, NOW + minutes(10)),
        (9, NOW + minutes(20)),
        (3, NOW + minutes(20) + timedelta(seconds=10)),
        (None, NOW + minutes(30)),
        (1, NOW + minutes(40)),
    ]
    now = NOW + minutes(40) + timedelta(seconds=3)
    aired = rules.aired_within(window, marks, now)
    assert [(one.offer_id, one.since, one.until) for one in aired] == [
        (1, NOW, NOW + minutes(10)),
        (2, NOW + minutes(10), NOW + minutes(20)),
        (3, NOW + minutes(20) + timedelta(seconds=10), NOW + minutes(30)),
        (1, NOW + minutes(40), now),
    ], "a slip of ten seconds is left out, what has just begun is not"
    assert rules.aired_within(window, [], now) == []
    assert rules.aired_within(window, [(1, NOW - minutes(9)), (None, NOW - minutes(3))], now) == []


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, [0, 1, 2]),
        (1, [0, 1, 2]),
        (4, [0, 1, 2, 3, 4]),
        (5, [0, 2, 4, 6]),
        (9, [0, 5, 10]),
        (137, [0, 50, 100, 150]),
    ],
)
def test_the_axis_has_few_whole_numbers(highest: int, ticks: list[int]) -> None:
    assert rules.axis(highest) == ticks


def test_any_axis_reaches_the_highest_bar() -> None:
    for highest in (*range(300), 10**6, 10**9):
        ticks = rules.axis(highest)
        assert ticks[0] == 0
        assert 3 <= len(ticks) <= 6, highest
        assert ticks[-2] < max(highest, 2) <= ticks[-1], highest


WELL = {
    "late": 0,
    "paid": 80,
    "decided": 100,
    "left": 50,
    "allotment": 100,
    "contract_left_g": 900,
    "contract_agreed_g": 1_000,
}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, None),
        ({"late": 1}, "late"),
        ({"paid": 59}, "conversion"),
        ({"paid": 1, "decided": 9}, None),
        ({"paid": 0, "decided": 0}, None),
        ({"left": 10}, "left"),
        ({"left": None, "allotment": 0}, None),
        ({"left": 0, "late": 3}, "left"),
        ({"left": 9, "late": 3}, "late"),
        ({"contract_left_g": 50}, "contract"),
        ({"contract_left_g": 0, "contract_agreed_g": 0}, None),
    ],
)
def test_the_worst_figure_is_the_one_furthest_beyond_its_limit(changes: dict[str, int], wanted: str | None) -> None:
    assert rules.worst(rules.strains(**{**WELL, **changes})) == wanted  # type: ignore[arg-type]


def test_the_chart_lies_within_its_box(desk: Desk, shelf: BoardShelf, evening: Evening) -> None:
    for place, count in ((1, 3), (2, 1)):
        desk.send(f"/console/streams/{evening.stream_id}/on-air", {"offer": str(evening.offer_ids[place - 1])})
        for _ in range(count):
            desk.place(offer_of(desk, evening, place))
        desk.wait(minutes=2)
    chart = draw(shelf.look(evening.stream_id, "zh").figures, ZONE)
    assert chart is not None
    assert (chart.ordered, chart.most, chart.most_at) == (4, 3, "20:00")
    assert [(band.place, band.is_now) for band in chart.bands] == [(1, False), (2, True)]
    for bar in chart.bars:
        assert 0 <= bar.left < bar.left + bar.width <= 100
        assert 0 < bar.ordered_top < bar.ordered_top + bar.ordered_height < 100


def test_a_stream_that_has_not_begun_has_no_chart(desk: Desk) -> None:
    with desk.database.transaction() as session:
        planned = make_evening(session, is_live=False)
    assert "开播以后这里是每分钟的订单" in desk.look(f"/console/board/{planned.stream_id}")


def test_the_wall_shows_what_is_on_air_and_what_runs_out(desk: Desk, shelf: BoardShelf) -> None:
    with desk.database.transaction() as session:
        evening = make_evening(session, offers=MOST_ON_THE_WALL + 3)
    desk.send(f"/console/streams/{evening.stream_id}/on-air", {"offer": str(evening.offer_ids[0])})
    desk.place(offer_of(desk, evening, MOST_ON_THE_WALL + 2), 45)
    shown = for_wall(shelf.look(evening.stream_id, "zh").figures.offers)
    assert len(shown) == MOST_ON_THE_WALL
    assert {shown[0].place, shown[-1].place} == {1, MOST_ON_THE_WALL + 2}
    assert "另外 3 样剩得更多" in desk.look(f"/console/board/{evening.stream_id}?wall=1")


def test_who_waits_for_what_is_sold_out_stands_beside_it(desk: Desk, evening: Evening) -> None:
    offer = offer_of(desk, evening)
    desk.place(offer, 40)
    with desk.database.transaction() as session:
        session.execute(text("UPDATE offers SET allotment = taken WHERE id = :offer"), {"offer": offer.offer_id})
        line.join(session, ask(offer, "two-to-wait-for", 2, phone="13900000007"), desk.now)
    for address in (f"/console/board/{evening.stream_id}", f"/console/streams/{evening.stream_id}/control"):
        assert "卖完了，排队 2 件" in desk.look(f"{address}?lang=zh"), address
