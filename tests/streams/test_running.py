"""Running a stream: its states, what is on air, its run sheet."""

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.errors import NotFound, Refused
from shop.orders.counter import Counter
from shop.streams import rules, run_sheet
from shop.streams import service as streams
from shop.streams.models import AirTime, Stream
from shop.streams.states import ENDED, LIVE, MOVES, PLANNED, may_move
from tests.streams.evening import LAN, LATER, XIANG, make_evening, offer_variant, on_sheet, terms_of
from tests.world import NOW, LiveOffer, ask, make_live_offer, make_variant


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_stream_moves_only_as_the_table_says(session: Session) -> None:
    moves = {LIVE: streams.start_stream, ENDED: streams.end_stream}
    assert not any(may_move(state, PLANNED) for state in MOVES), "nothing leads back to the plan"
    for old, (new, move) in product(MOVES, moves.items()):
        stream = session.get_one(Stream, make_evening(session, is_live=False).stream_id)
        stream.state = old
        session.flush()
        if old == new or may_move(old, new):
            assert move(session, stream.id, now=NOW, by=XIANG).state == new
            continue
        with pytest.raises(Refused) as refused:
            move(session, stream.id, now=NOW, by=XIANG)
        assert refused.value.code == "wrong_state"


def test_started_and_ended_twice_it_is_written_once(session: Session) -> None:
    evening = make_evening(session, is_live=False)
    for move in (streams.start_stream, streams.start_stream, streams.end_stream, streams.end_stream):
        move(session, evening.stream_id, now=NOW, by=XIANG)
    written = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == f"stream:{evening.stream_id}"))
    assert [action for action in written if action in ("stream.live", "stream.ended")] == [
        "stream.live",
        "stream.ended",
    ]


def test_on_air_pressed_twice_changes_nothing_twice(session: Session) -> None:
    evening = make_evening(session)
    first = streams.put_on_air(session, evening.stream_id, evening.offer_ids[0], now=NOW, by=XIANG)
    session.flush()
    revision, airings, entries = first.revision, count(session, AirTime), count(session, AuditEntry)
    again = streams.put_on_air(session, evening.stream_id, evening.offer_ids[0], now=LATER, by=XIANG)
    session.flush()
    assert (again.revision, count(session, AirTime), count(session, AuditEntry)) == (revision, airings, entries)
    assert airings == 1


def test_nothing_goes_on_air_before_the_start_or_after_the_end(session: Session) -> None:
    evening = make_evening(session, is_live=False)
    for move in (lambda: None, lambda: streams.end_stream(session, evening.stream_id, now=NOW, by=XIANG)):
        move()
        with pytest.raises(Refused) as refused:
            streams.put_on_air(session, evening.stream_id, evening.offer_ids[0], now=NOW, by=XIANG)
        assert refused.value.code == "not_live"


def test_an_offer_of_another_stream_is_not_put_on_air(session: Session) -> None:
    evening, other = make_evening(session), make_evening(session)
    with pytest.raises(NotFound):
        streams.put_on_air(session, evening.stream_id, other.offer_ids[0], now=NOW, by=XIANG)


def test_the_end_takes_what_is_on_air_off(session: Session) -> None:
    evening = make_evening(session)
    streams.put_on_air(session, evening.stream_id, evening.offer_ids[0], now=NOW, by=XIANG)
    ended = streams.end_stream(session, evening.stream_id, now=LATER, by=XIANG)
    session.flush()
    marks = session.execute(select(AirTime.offer_id, AirTime.at).order_by(AirTime.id)).all()
    assert (ended.on_air_offer_id, marks) == (None, [(evening.offer_ids[0], NOW), (None, LATER)])


def test_a_stream_that_has_ended_is_not_changed_any_more(session: Session) -> None:
    evening = make_evening(session)
    streams.end_stream(session, evening.stream_id, now=NOW, by=XIANG)
    offer_id, who = evening.offer_ids[0], {"now": LATER, "by": XIANG}
    attempts = [
        lambda: streams.change_offer(session, evening.stream_id, offer_id, {"price_fen": 1}, **who),  # type: ignore[arg-type]
        lambda: offer_variant(session, evening.stream_id, make_variant(session)),
        lambda: run_sheet.move_offer(session, evening.stream_id, offer_id, 3, **who),  # type: ignore[arg-type]
        lambda: run_sheet.remove_offer(session, evening.stream_id, offer_id, **who),  # type: ignore[arg-type]
        lambda: run_sheet.copy_offers(session, evening.stream_id, evening.stream_id, **who),  # type: ignore[arg-type]
    ]
    for attempt in attempts:
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.code == "wrong_state"


def test_an_order_gets_in_while_the_streamer_changes_the_stream(database: Database) -> None:
    """The stream's lock must let orders through: they only need its key to stay."""
    with database.transaction() as session:
        offer = make_live_offer(session)
    with database.transaction() as changing:
        streams.put_on_air(changing, offer.stream_id, None, now=NOW, by=XIANG)
        changing.flush()
        placed = Counter(database).place(ask(offer, "while-changing"), NOW)
    assert placed.is_new


# The run sheet


def test_an_offer_is_moved_to_a_place_and_stays_there(session: Session) -> None:
    evening = make_evening(session, offers=4)
    a, b, c, d = evening.offer_ids
    for _ in range(2):
        run_sheet.move_offer(session, evening.stream_id, d, 2, now=NOW, by=XIANG)
        assert on_sheet(session, evening.stream_id) == [a, d, b, c]
    run_sheet.move_offer(session, evening.stream_id, a, 99, now=NOW, by=XIANG)
    assert on_sheet(session, evening.stream_id) == [d, b, c, a]


@pytest.mark.parametrize(
    ("place", "wanted"), [(-3, [3, 1, 2]), (1, [3, 1, 2]), (2, [1, 3, 2]), (3, [1, 2, 3]), (9, [1, 2, 3])]
)
def test_a_place_beyond_the_ends_is_the_first_or_the_last(place: int, wanted: list[int]) -> None:
    assert rules.renumbered([1, 2, 3], 3, place) == wanted


@pytest.mark.parametrize(
    ("on_air", "for_sale", "wanted"),
    [(None, {1, 2, 3}, 1), (1, {1, 2, 3}, 2), (1, {1, 3}, 3), (3, {1, 2, 3}, None), (None, set(), None), (9, {2}, 2)],
)
def test_next_is_the_first_further_down_that_can_be_sold(
    on_air: int | None, for_sale: set[int], wanted: int | None
) -> None:
    assert rules.next_to_show([1, 2, 3], for_sale, on_air) == wanted


def test_offers_of_an_earlier_stream_are_taken_over_once(session: Session) -> None:
    earlier, evening = make_evening(session, offers=3), make_evening(session, offers=1)
    kept = terms_of(session, earlier.offer_ids[0]).variant
    offer_variant(session, evening.stream_id, kept, price_fen=1_000)
    terms_of(session, earlier.offer_ids[2]).variant.sellable = False
    streams.change_offer(session, earlier.stream_id, earlier.offer_ids[1], {"cap_per_buyer": 4}, now=NOW, by=XIANG)
    session.flush()
    copied = run_sheet.copy_offers(session, evening.stream_id, earlier.stream_id, now=NOW, by=XIANG)
    again = run_sheet.copy_offers(session, evening.stream_id, earlier.stream_id, now=NOW, by=XIANG)
    assert (copied, again) == (run_sheet.Copied(1, 2), run_sheet.Copied(0, 3))
    source, taken_over = (
        terms_of(session, earlier.offer_ids[1]),
        terms_of(session, on_sheet(session, evening.stream_id)[-1]),
    )
    terms = ("variant_id", "price_fen", "list_price_fen", "allotment", "cap_per_buyer")
    assert [getattr(taken_over, name) for name in terms] == [getattr(source, name) for name in terms]
    assert taken_over.taken == 0


def test_a_stream_is_not_copied_from_itself_or_from_nowhere(session: Session) -> None:
    evening = make_evening(session)
    for source in (evening.stream_id, 2**60):
        with pytest.raises(Refused) as refused:
            run_sheet.copy_offers(session, evening.stream_id, source, now=NOW, by=XIANG)
        assert refused.value.code == "no_such_source"


def test_what_is_on_air_or_was_ordered_is_not_removed(database: Database) -> None:
    with database.transaction() as session:
        evening = make_evening(session)
        streams.put_on_air(session, evening.stream_id, evening.offer_ids[0], now=NOW, by=XIANG)
        ordered = terms_of(session, evening.offer_ids[1])
        wanted = LiveOffer(evening.stream_id, ordered.id, ordered.variant_id, ordered.price_fen)
    Counter(database).place(ask(wanted, "an-order-stays"), NOW)
    with database.transaction() as session:
        for offer_id, code in zip(evening.offer_ids, ("on_air", "has_orders"), strict=False):
            with pytest.raises(Refused) as refused:
                run_sheet.remove_offer(session, evening.stream_id, offer_id, now=NOW, by=XIANG)
            assert refused.value.code == code
        for _ in range(2):
            run_sheet.remove_offer(session, evening.stream_id, evening.offer_ids[2], now=NOW, by=XIANG)
        assert on_sheet(session, evening.stream_id) == evening.offer_ids[:2]


def test_a_plan_is_changed_and_noted_once(session: Session) -> None:
    evening = make_evening(session, is_live=False)
    plan = {"title_zh": "新名字", "title_en": "New name", "starts_at": NOW + timedelta(days=1), "hold_minutes": 15}
    for _ in range(2):
        streams.change_plan(session, evening.stream_id, **plan, now=NOW, by=LAN)  # type: ignore[arg-type]
    session.flush()
    stream = session.get_one(Stream, evening.stream_id)
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "stream.changed")).all()
    assert (stream.title_zh, stream.hold_minutes) == ("新名字", 15)
    assert [(entry.actor, entry.before["title_zh"], entry.after["title_zh"]) for entry in entries] == [
        ("吴晓岚", "山货夜市", "新名字")
    ]
