"""Before and during: what to look at first, rehearsing, what to say, a word to viewers, the target, what goes wrong."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.console import alarms as alarming
from app.console.board import count_figures, offers_of
from app.console.sheet_checks import look_at
from app.console.sheet_rules import FEWEST_DAYS, OfferFacts, PackingFacts, checks, sellable
from kernel.errors import Refused
from kernel.text import Text
from shop.orders.models import Order
from shop.streams import queries, service, show
from shop.streams import run_sheet as sheet
from shop.streams.models import AirTime, Offer, Stream
from tests.console.conftest import Desk
from tests.console.reading import form_at
from tests.console_streams.conftest import offer_of
from tests.packing.races import told_at_once
from tests.prosperity.test_figures import ZONE
from tests.streams.evening import XIANG, Evening, make_evening
from tests.tracing.world import fill, make_hand, make_lots, pack
from tests.world import NOW

# ---- before ----

NAME = Text("花菇", "Flower shiitake")


def facts(**changes: object) -> OfferFacts:
    usual: dict[str, object] = {
        "offer_id": 1,
        "title": NAME,
        "spec": Text("250 克", "250 g"),
        "allotment": 50,
        "taken": 10,
        "free": 30,
        "lowest_fen": 3_980,
        "cost_fen": 2_000,
        "missing_on_label": (),
        "covered_days": None,
    }
    return OfferFacts(**{**usual, **changes})  # type: ignore[arg-type]


BENCH = PackingFacts(parcels=400, worked_days=10, packed_pieces=600, waiting=20, days=2)


def said(*offers: OfferFacts, bench: PackingFacts = BENCH, hours: float = 3.0) -> list[tuple[bool, str]]:
    return [(check.is_urgent, check.said.en) for check in checks(offers, bench, hours)]


def test_what_is_well_is_not_spoken_of() -> None:
    assert said(facts()) == []


@pytest.mark.parametrize(
    ("changes", "is_urgent", "words"),
    [
        ({"lowest_fen": 1_999}, True, "each one loses money"),
        ({"free": 0}, True, "none in stock"),
        (
            {"missing_on_label": (Text("产地", "origin"), Text("配料", "ingredients"))},
            False,
            "lacks origin, ingredients",
        ),
        ({"covered_days": FEWEST_DAYS - 1}, False, "lasts 6 days"),
        ({"allotment": 500}, False, "about 90 can be packed"),
    ],
)
def test_each_trouble_is_said_once(changes: dict[str, object], is_urgent: bool, words: str) -> None:
    ((urgent, sentence),) = said(facts(**changes))
    assert urgent is is_urgent
    assert words in sentence


def test_what_is_urgent_comes_first_and_edges_are_no_trouble() -> None:
    found = said(facts(covered_days=1), facts(free=0), hours=-1.0)
    assert [urgent for urgent, _ in found] == [True, False, False]
    assert said(facts(lowest_fen=2_000, covered_days=FEWEST_DAYS), facts(cost_fen=None, lowest_fen=1)) == []
    assert said(bench=PackingFacts(0, 0, 0, 5, 2)) == [(True, "The run sheet is empty.")]


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=5),
    st.integers(1, 14),
    st.integers(1, 5),
    st.integers(0, 500),
    st.integers(0, 2_000),
    st.integers(1, 2),
)
def test_never_more_than_the_stock_nor_than_can_be_packed(
    stock: list[tuple[int, int]], worked: int, pieces: int, a_day: int, waiting: int, days: int
) -> None:
    offers = [facts(allotment=allotment, taken=0, free=free) for allotment, free in stock]
    bench = PackingFacts(a_day * worked, worked, a_day * worked * pieces, waiting, days)
    found = sellable(offers, bench)
    assert 0 <= found <= sum(min(pair) for pair in stock)
    assert bench.pieces is None or found <= bench.pieces
    worse = replace(bench, waiting=waiting + 10)
    assert sellable(offers, worse) <= found or worse.pieces is None


def test_a_run_sheet_is_checked_by_what_is_in_the_house(session: Session) -> None:
    evening = make_evening(session, offers=1, is_live=False)
    bag, (lot,) = make_lots(session, "吴长根")
    hand = make_hand(session)
    fill(session, bag, 12, lot)
    for _ in range(2):
        pack(session, hand, bag, 3)
    stream = session.get_one(Stream, evening.stream_id)
    service.add_offer(
        session,
        stream.id,
        bag.id,
        price_fen=100,
        list_price_fen=100,
        allotment=50,
        cap_per_buyer=None,
        now=NOW,
        by=XIANG,
    )
    look = look_at(session, stream, offers_of(session, stream, NOW), NOW, ZONE)
    words = "\n".join(check.said.en for check in look.checks)
    assert "each one loses money" in words
    assert "its label lacks" in words
    assert "can be packed by the promised day (2 parcels a day lately, 0 waiting)" in words
    assert look.packable == 12
    assert look.sellable == 12, "both days' parcels of three, less than the stock of both offers"


# ---- rehearsing ----


def test_a_rehearsal_sells_nothing_and_buyers_see_the_announcement(desk: Desk) -> None:
    with desk.database.transaction() as session:
        planned = make_evening(session, is_live=False)
    address = f"/console/streams/{planned.stream_id}"
    assert "排练一遍" in desk.look(f"{address}?lang=zh")
    desk.send(f"{address}/rehearse", {"on": "1"})
    desk.send(f"{address}/on-air", {"offer": str(planned.offer_ids[1])})
    page = desk.look(f"{address}/control?lang=zh")
    assert "排练中" in page
    assert "on-air-row" in page
    assert "现在下播" not in page
    with desk.database.transaction() as session:
        seen = queries.snapshot(session, planned.stream_id, desk.now)
        assert seen is not None
        assert (seen["state"], seen["on_air"]) == ("planned", None)
        assert {offer["state"] for offer in seen["offers"]} == {"closed"}
        assert session.scalar(select(AirTime.id)) is None
    with pytest.raises((Refused, AssertionError)):
        desk.place(offer_of(desk, planned))
    with desk.database.transaction() as session:
        assert session.scalar(select(Order.id)) is None
    assert desk.browser.post(f"{address}/message", data={"message": "hi"}).status_code == 409
    desk.send(f"{address}/start", {})
    page = desk.look(f"{address}/control?lang=zh")
    assert "排练中" not in page
    with desk.database.transaction() as session:
        stream = session.get_one(Stream, planned.stream_id)
        assert (stream.rehearsing, stream.shown_offer_id, stream.state) == (False, None, "live")
    assert desk.browser.post(f"{address}/rehearse", data={"on": "1"}).status_code == 409


def test_a_rehearsal_ends_where_it_began(desk: Desk) -> None:
    with desk.database.transaction() as session:
        planned = make_evening(session, is_live=False)
        other = make_evening(session, is_live=False)
    address = f"/console/streams/{planned.stream_id}"
    for on in ("1", "1", "0", "0"):
        desk.send(f"{address}/rehearse", {"on": on})
    assert desk.browser.get(f"{address}/control").status_code == 302
    desk.send(f"{address}/rehearse", {"on": "1"})
    assert desk.browser.post(f"{address}/on-air", data={"offer": str(other.offer_ids[0])}).status_code == 404


def test_what_was_shown_in_a_rehearsal_is_taken_back_and_touches_nothing_on_air(desk: Desk) -> None:
    with desk.database.transaction() as session:
        planned = make_evening(session, is_live=False)
    address = f"/console/streams/{planned.stream_id}"
    desk.send(f"{address}/rehearse", {"on": "1"})
    for offer_id in (planned.offer_ids[0], planned.offer_ids[1], planned.offer_ids[1]):
        desk.send(f"{address}/on-air", {"offer": str(offer_id)})

    def shown() -> int | None:
        with desk.database.transaction() as session:
            assert session.scalar(select(AirTime.id)) is None
            return session.get_one(Stream, planned.stream_id).rehearsal_offer_id

    typed = form_at(desk.look(f"{address}/control?lang=zh"), f"{address}/undo")
    for _ in range(2):
        desk.send(f"{address}/undo", typed)
        assert shown() == planned.offer_ids[0]
    assert "/undo" not in desk.look(f"{address}/control"), "an undo is not undone"
    desk.send(f"{address}/on-air", {"offer": str(planned.offer_ids[2])})
    late = form_at(desk.look(f"{address}/control"), f"{address}/undo")
    desk.wait(seconds=14)
    desk.send(f"{address}/undo", late, 409)
    assert shown() == planned.offer_ids[2]
    # An undo of the rehearsal does nothing to what is on air.
    desk.send(f"{address}/on-air", {"offer": str(planned.offer_ids[1])})
    meanwhile = form_at(desk.look(f"{address}/control"), f"{address}/undo")
    desk.send(f"{address}/start", {})
    assert "/undo" not in desk.look(f"{address}/control")
    desk.send(f"{address}/undo", meanwhile, 409)
    with desk.database.transaction() as session:
        assert session.get_one(Stream, planned.stream_id).on_air_offer_id is None
    assert [entry.before for entry in desk.audit("stream.rehearsal_undone")] == [{"offer": planned.offer_ids[1]}]


def test_the_database_keeps_a_rehearsal_apart(session: Session) -> None:
    evening = make_evening(session)
    for wrong in ("rehearsing = true", f"rehearsal_offer_id = {evening.offer_ids[0]}", "target_fen = 0"):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(f"UPDATE streams SET {wrong} WHERE id = {evening.stream_id}"))


def test_going_live_and_rehearsing_at_once_leaves_one_of_them(desk: Desk) -> None:
    with desk.database.transaction() as session:
        planned = make_evening(session, is_live=False).stream_id
    told = told_at_once(
        desk.database,
        lambda session: service.start_stream(session, planned, now=NOW, by=XIANG),
        lambda session: show.rehearse(session, planned, on=True),
    )
    assert told in (["written", "written"], ["written", "wrong_state"])
    with desk.database.transaction() as session:
        stream = session.get_one(Stream, planned)
        assert (stream.state, stream.rehearsing) == ("live", False)


# ---- what is said ----


def test_what_to_say_is_on_the_control_page_and_nowhere_else(desk: Desk, evening: Evening) -> None:
    offer, address = evening.offer_ids[0], f"/console/streams/{evening.stream_id}"
    page = f"{address}/offers/{offer}"
    typed = {**desk.typed(page, page), "points": "菌盖厚 𠮷\n泡两小时 <b>"}
    desk.send(page, typed)
    desk.send(f"{address}/on-air", {"offer": str(offer)})
    assert "泡两小时 &lt;b&gt;" in desk.look(f"{address}/control?lang=zh")
    assert "泡两小时" in desk.look(page)
    assert "泡两小时" not in desk.app.test_client().get(f"/live/{evening.stream_id}").get_data(as_text=True)
    too_long = desk.browser.post(page, data={**desk.typed(page, page), "points": "长" * 501})
    assert too_long.status_code == 422
    with desk.database.transaction() as session:
        other = make_evening(session, offers=0, is_live=False).stream_id
        sheet.copy_offers(session, other, evening.stream_id, now=NOW, by=XIANG)
        copied = session.scalars(
            select(Offer.talking_points).where(Offer.stream_id == other).order_by(Offer.position)
        ).all()
        assert copied == ["菌盖厚 𠮷\n泡两小时 <b>", "", ""]


def test_a_word_to_viewers_is_on_the_live_page_until_it_is_taken_away(desk: Desk, evening: Evening) -> None:
    address = f"/console/streams/{evening.stream_id}"

    def snapshot() -> dict[str, object]:
        with desk.database.transaction() as session:
            return queries.snapshot(session, evening.stream_id, desk.now) or {}

    before = snapshot()
    for _ in range(2):
        desk.send(f"{address}/message", {"message": "补货了，<i>快来</i>"})
    after = snapshot()
    assert after["message"] == "补货了，<i>快来</i>"
    assert after["version"] == before["version"] + 1  # type: ignore[operator]
    live = desk.app.test_client().get(f"/live/{evening.stream_id}").get_data(as_text=True)
    assert "补货了，&lt;i&gt;快来&lt;/i&gt;" in live
    refused = desk.browser.post(f"{address}/message", data={"message": "长" * 81})
    assert refused.status_code == 422
    assert "长" * 81 in refused.get_data(as_text=True)
    desk.send(f"{address}/message", {"message": ""})
    assert snapshot()["message"] == ""
    assert [entry.after for entry in desk.audit("stream.message")] == [
        {"message": "补货了，<i>快来</i>"},
        {"message": ""},
    ]


def test_the_target_is_planned_and_seen_to_come_nearer(desk: Desk, evening: Evening) -> None:
    address = f"/console/streams/{evening.stream_id}"
    typed = {**desk.typed(f"{address}/edit"), "target": "200"}
    desk.send(f"{address}/edit", typed)
    desk.pay(desk.place(offer_of(desk, evening), 1))
    with desk.database.transaction() as session:
        figures = count_figures(session, evening.stream_id, desk.now, ZONE)
        assert figures is not None
        assert figures.target_fen == 20_000
        assert figures.target_percent == figures.money.paid_fen * 100 // 20_000
    assert "目标" in desk.look(f"{address}/control?lang=zh")
    assert desk.browser.post(f"{address}/edit", data={**typed, "target": "-1"}).status_code == 422
    desk.send(f"{address}/edit", {**typed, "target": ""})
    with desk.database.transaction() as session:
        assert session.get_one(Stream, evening.stream_id).target_fen is None


# ---- the board ----


def test_returning_buyers_and_the_average_order_are_on_the_board(desk: Desk, evening: Evening) -> None:
    offer = offer_of(desk, evening)
    for phone, number in (("13800008001", 1), ("13800008001", 2), ("13800008002", 1)):
        desk.pay(desk.place(offer, number, phone=phone))
    with desk.database.transaction() as session:
        session.execute(
            text("UPDATE orders SET paid_at = :then WHERE id = (SELECT id FROM orders ORDER BY id LIMIT 1)"),
            {"then": NOW - timedelta(days=9)},
        )
        session.execute(
            text("UPDATE orders SET stream_id = NULL WHERE paid_at < :then"), {"then": NOW - timedelta(days=8)}
        )
    with desk.database.transaction() as session:
        figures = count_figures(session, evening.stream_id, desk.now, ZONE)
        assert figures is not None
        assert figures.returning == 1
        assert figures.money.average_fen == figures.money.paid_fen // 2
        assert figures.promised_by == desk.now + timedelta(hours=48)
    page = desk.look(f"/console/board/{evening.stream_id}?lang=zh")
    assert "平均一单" in page
    assert "老买家" in page


def test_the_list_of_alarms_is_empty_until_something_is_wrong(desk: Desk, evening: Evening) -> None:
    with desk.database.transaction() as session:
        assert alarming.alarms(session, late=0, now=desk.now) == []
        session.execute(
            text(
                "INSERT INTO jobs (kind, payload, run_at, created_at, attempts) SELECT 'nothing', '{}', :then, :then, 0"
            ),
            {"then": desk.now - timedelta(minutes=3)},
        )
        session.execute(
            text(
                "INSERT INTO jobs (kind, payload, run_at, created_at, attempts, done_at) SELECT 'done', '{}', :then, :then, 1, :then"
            ),
            {"then": desk.now - timedelta(minutes=3)},
        )
        found = alarming.alarms(session, late=2, now=desk.now)
        assert [alarm.said.en for alarm in found] == [
            "1 background jobs are late: does the worker run?",
            "2 parcels are past their time",
        ]
    assert "1 件后台的事迟了" in desk.look(f"/console/board/{evening.stream_id}?lang=zh")
