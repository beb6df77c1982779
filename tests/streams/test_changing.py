"""Changing terms: two people at two screens, what is refused, and taking a change back."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.errors import NotFound, Refused
from shop.streams import service as streams
from shop.streams.changes import FLASH, ChangedMeanwhile, LastChange, changes_since, last_change
from shop.streams.models import Offer, Stream
from shop.streams.undo import undo
from tests.streams.evening import LAN, LATER, XIANG, Evening, make_evening, terms_of
from tests.world import NOW


@pytest.fixture
def evening(session: Session) -> Evening:
    return make_evening(session)


def change(session: Session, evening: Evening, terms: dict[str, object], **how: object) -> Offer:
    who = {"now": NOW, "by": XIANG, **how}
    return streams.change_offer(session, evening.stream_id, evening.offer_ids[0], terms, **who)  # type: ignore[arg-type]


# Two people


def test_the_second_to_change_one_price_is_told_what_and_by_whom(session: Session, evening: Evening) -> None:
    change(session, evening, {"price_fen": 3_500}, seen=0)
    with pytest.raises(ChangedMeanwhile) as refused:
        change(session, evening, {"price_fen": 3_600}, seen=0, by=LAN, now=LATER)
    told = [(one.what, one.before, one.after, one.by, one.at) for one in refused.value.changes]
    assert told == [("price_fen", 3_980, 3_500, "叶阿香", NOW)]
    assert terms_of(session, evening.offer_ids[0]).price_fen == 3_500


def test_having_seen_it_the_second_may_change_it(session: Session, evening: Evening) -> None:
    seen = change(session, evening, {"price_fen": 3_500}, seen=0).terms_revision
    assert change(session, evening, {"price_fen": 3_600}, seen=seen, by=LAN).price_fen == 3_600


def test_the_same_change_twice_is_no_clash_and_changes_nothing_twice(session: Session, evening: Evening) -> None:
    first = change(session, evening, {"price_fen": 3_500, "allotment": 60}, seen=0)
    session.flush()
    revisions = first.revision, first.terms_revision
    again = change(session, evening, {"price_fen": 3_500, "allotment": 60}, seen=0, now=LATER)
    session.flush()
    written = session.scalar(select(func.count()).where(AuditEntry.action == "offer.changed"))
    assert (again.revision, again.terms_revision, written) == (*revisions, 1)


def test_a_form_that_sends_all_its_fields_changes_only_those_that_were_touched(
    session: Session, evening: Evening
) -> None:
    """Lan's page is from before Xiang's restock; Lan changes the price and must not take the restock back."""
    change(session, evening, {"allotment": 80}, seen=0)
    merged = change(session, evening, {"price_fen": 3_500, "allotment": 50, "cap_per_buyer": None}, seen=0, by=LAN)
    assert (merged.price_fen, merged.allotment) == (3_500, 80)


def test_without_the_revision_the_second_overwrites_the_first_silently(session: Session, evening: Evening) -> None:
    """The control: it is the revision that makes the second person hear of the first."""
    change(session, evening, {"allotment": 80})
    assert change(session, evening, {"price_fen": 3_500, "allotment": 50}, by=LAN).allotment == 50


def test_a_sale_meanwhile_is_no_clash(session: Session, evening: Evening) -> None:
    offer = terms_of(session, evening.offer_ids[0])
    offer.taken, offer.revision = 5, offer.revision + 5
    session.flush()
    assert change(session, evening, {"price_fen": 3_500}, seen=0).price_fen == 3_500


@pytest.mark.parametrize("seen", [0, None])
def test_of_two_at_the_same_instant_one_is_told(database: Database, seen: int | None) -> None:
    """With the revision exactly one gets through; without it (the control) both do, and one price is lost."""
    with database.transaction() as session:
        evening = make_evening(session)
    start = Barrier(2)
    told: list[str] = []

    def press(price_fen: int) -> None:
        start.wait()
        try:
            with database.transaction() as session:
                change(session, evening, {"price_fen": price_fen}, seen=seen)
            told.append("changed")
        except ChangedMeanwhile:
            told.append("told")

    threads = [Thread(target=press, args=(price,)) for price in (3_500, 3_600)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told) == (["changed", "told"] if seen is not None else ["changed", "changed"])


# What is refused


def test_fewer_than_are_taken_is_refused_with_how_many(session: Session, evening: Evening) -> None:
    terms_of(session, evening.offer_ids[0]).taken = 7
    session.flush()
    with pytest.raises(Refused) as refused:
        change(session, evening, {"allotment": 6})
    assert refused.value.code == "below_taken"
    assert "7" in refused.value.text.zh
    assert change(session, evening, {"allotment": 7}).allotment == 7


def test_a_price_above_the_list_price_lifts_it(session: Session, evening: Evening) -> None:
    raised = change(session, evening, {"price_fen": 6_000})
    assert (raised.price_fen, raised.list_price_fen) == (6_000, 6_000)


def test_an_offer_of_another_stream_is_not_changed(session: Session, evening: Evening) -> None:
    other = make_evening(session)
    with pytest.raises(NotFound):
        streams.change_offer(session, other.stream_id, evening.offer_ids[0], {"price_fen": 1}, now=NOW, by=XIANG)


# Taking back


def newest(session: Session, evening: Evening, now: object = NOW) -> LastChange | None:
    session.flush()
    stream = session.get_one(Stream, evening.stream_id)
    return last_change(session, stream, now)  # type: ignore[arg-type]


def entry_of(session: Session, evening: Evening) -> int:
    found = newest(session, evening)
    assert found is not None
    return found.entry_id


CHANGES = {
    "price": {"price_fen": 3_500},
    "price above the list": {"price_fen": 6_000},
    "allotment": {"allotment": 90},
    "cap": {"cap_per_buyer": 2},
    "closed": {"state": "closed"},
    "end": {"ends_at": NOW + timedelta(minutes=5)},
    "flash": {
        "flash_price_fen": 2_000,
        "flash_from": NOW + timedelta(minutes=1),
        "flash_until": NOW + timedelta(minutes=5),
    },
}


@pytest.mark.parametrize("terms", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_taken_back_whole(session: Session, evening: Evening, terms: dict[str, object]) -> None:
    names = ("price_fen", "list_price_fen", "allotment", "cap_per_buyer", "state", "ends_at", *FLASH)
    before = [getattr(terms_of(session, evening.offer_ids[0]), name) for name in names]
    change(session, evening, terms)
    entry = entry_of(session, evening)
    for _ in range(2):
        undo(session, evening.stream_id, entry, now=LATER, by=XIANG)
        session.flush()
        assert [getattr(terms_of(session, evening.offer_ids[0]), name) for name in names] == before
    undone = session.scalars(select(AuditEntry).where(AuditEntry.action == "offer.undone")).all()
    assert len(undone) == 1, "pressed twice it is taken back once"


def test_what_was_on_air_comes_back(session: Session, evening: Evening) -> None:
    first, second, _ = evening.offer_ids
    streams.put_on_air(session, evening.stream_id, first, now=NOW, by=XIANG)
    streams.put_on_air(session, evening.stream_id, second, now=LATER, by=XIANG)
    entry = entry_of(session, evening)
    for _ in range(2):
        undo(session, evening.stream_id, entry, now=LATER, by=XIANG)
        assert session.get_one(Stream, evening.stream_id).on_air_offer_id == first


@pytest.mark.parametrize(("after_s", "is_taken"), [(10, True), (13, True), (14, False), (3600, False)])
def test_ten_seconds_are_enough_and_then_it_stays(
    session: Session, evening: Evening, after_s: int, is_taken: bool
) -> None:
    change(session, evening, {"price_fen": 3_500})
    entry = entry_of(session, evening)
    later = NOW + timedelta(seconds=after_s)
    assert (newest(session, evening, later) is not None) == is_taken
    if is_taken:
        undo(session, evening.stream_id, entry, now=later, by=XIANG)
    else:
        with pytest.raises(Refused) as refused:
            undo(session, evening.stream_id, entry, now=later, by=XIANG)
        assert refused.value.code == "too_late"
    assert terms_of(session, evening.offer_ids[0]).price_fen == (3_980 if is_taken else 3_500)


def test_what_somebody_changed_after_it_is_not_taken_back(session: Session, evening: Evening) -> None:
    change(session, evening, {"price_fen": 3_500})
    entry = entry_of(session, evening)
    change(session, evening, {"price_fen": 3_700}, by=LAN)
    session.flush()
    with pytest.raises(ChangedMeanwhile) as refused:
        undo(session, evening.stream_id, entry, now=LATER, by=XIANG)
    assert [one.by for one in refused.value.changes] == ["吴晓岚"]
    assert terms_of(session, evening.offer_ids[0]).price_fen == 3_700


def test_a_restock_that_is_sold_by_now_is_not_taken_back(session: Session, evening: Evening) -> None:
    change(session, evening, {"allotment": 90})
    entry = entry_of(session, evening)
    terms_of(session, evening.offer_ids[0]).taken = 70
    session.flush()
    with pytest.raises(Refused) as refused:
        undo(session, evening.stream_id, entry, now=LATER, by=XIANG)
    assert refused.value.code == "below_taken"


def test_only_changes_of_this_stream_are_taken_back(session: Session, evening: Evening) -> None:
    other = make_evening(session)
    change(session, evening, {"price_fen": 3_500})
    streams.put_on_air(session, evening.stream_id, evening.offer_ids[1], now=NOW, by=XIANG)
    session.flush()
    entries = session.scalars(
        select(AuditEntry.id).where(AuditEntry.action.in_(["offer.changed", "stream.on_air"]))
    ).all()
    assert len(entries) == 2
    started = session.scalars(select(AuditEntry.id).where(AuditEntry.action == "stream.live")).first()
    refused: list[Callable[[], None]] = [
        lambda entry=entry: undo(session, other.stream_id, entry, now=NOW, by=XIANG)  # type: ignore[misc]
        for entry in (*entries, started, 2**61)
    ]
    for attempt in refused:
        with pytest.raises(NotFound):
            attempt()
    assert terms_of(session, evening.offer_ids[0]).price_fen == 3_500


def test_an_undo_is_not_offered_for_undoing(session: Session, evening: Evening) -> None:
    change(session, evening, {"price_fen": 3_500})
    undo(session, evening.stream_id, entry_of(session, evening), now=LATER, by=XIANG)
    assert newest(session, evening, LATER) is None


def test_the_record_tells_each_change_since_a_revision(session: Session, evening: Evening) -> None:
    change(session, evening, {"price_fen": 3_500})
    change(session, evening, {"price_fen": 3_400, "cap_per_buyer": 3}, by=LAN)
    session.flush()
    told = [(one.what, one.before, one.after, one.by) for one in changes_since(session, evening.offer_ids[0], 1)]
    assert told == [("price_fen", 3_500, 3_400, "吴晓岚"), ("cap_per_buyer", None, 3, "吴晓岚")]
