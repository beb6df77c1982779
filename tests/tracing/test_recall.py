"""From a lot to every buyer, from a box to every farmer; nothing more of a recalled lot leaves."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import workflows
from app.care import invariants
from app.care.tracing_invariants import TRACING
from app.commands.recall import recall as recall_command
from fulfillment.bags import queries as bag_queries
from fulfillment.packing.models import Parcel
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.tracing import queries
from fulfillment.purchasing.tracing.rules import TracedParcel, buyers_of, read_number
from kernel.audit import Actor
from kernel.db import Database
from kernel.errors import Refused
from kernel.people.models import Person
from tests.packing.races import all_at_once, drop, right_after
from tests.purchasing.world import WEIGHER
from tests.tracing.world import fill, make_hand, make_lots, mix, pack
from tests.world import NOW

LEAVE = text(
    "UPDATE parcels SET state = 'handed_over', carrier = 'STO', tracking_number = 'X1', handed_over_at = now() WHERE id = :id"
)


def traced(place: int, name: str = "张三", phone: str = "13800008000", state: str = "packed") -> TracedParcel:
    return TracedParcel(
        place, f"P{place}", state, None, None, None, f"O{place}", "own", None, name, phone, None, "庆元"
    )


def test_a_buyer_is_one_however_many_parcels_and_the_cleared_stay_apart() -> None:
    parcels = [
        traced(1),
        traced(2),
        traced(3, "李四", "13900000000", "handed_over"),
        traced(4, "", ""),
        traced(5, "", ""),
    ]
    assert [[each.id for each in buyer.parcels] for buyer in buyers_of(parcels)] == [[3], [1, 2], [4], [5]]


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("L261124-0001", "L261124-0001"),
        (" l261124-0001\n", "L261124-0001"),
        ("https://shop.example/trace/M261124-0003?lang=en", "M261124-0003"),
        ("https://shop.example/trace/M261124-0003/", "M261124-0003"),
        ("T0000101", "T0000101"),
        ("", ""),
        ("'; DROP TABLE lots", ""),
        ("x" * 400, ""),
        ("\x00\ud800", ""),
    ],
)
def test_what_is_scanned_is_read(given: str, number: str) -> None:
    assert read_number(given) == number


def a_mixed_lot_in_a_parcel(session: Session) -> tuple[Lot, Parcel, Actor]:
    """Two farmers' lots are mixed and filled; three bags of it and one of a third farmer are in a parcel."""
    bag, (one, two, three) = make_lots(session, "吴长根", "不愿露名", "叶水生")
    mixed = mix(session, one, two)
    fill(session, bag, 3, mixed)
    fill(session, bag, 5, three)
    packer = make_hand(session)
    return one, pack(session, packer, bag, 4), packer


def test_a_recall_finds_the_buyer_through_mixing_and_bagging(session: Session) -> None:
    lot, parcel, _ = a_mixed_lot_in_a_parcel(session)
    found = queries.recall(session, lot.id)
    assert [one.kind for one in found.lots] == ["delivery", "mixed"]
    assert [(one.number, one.bag_count) for one in found.parcels] == [(parcel.number, 3)]
    assert [(buyer.name, buyer.bag_count) for buyer in found.buyers] == [("张三", 3)]
    assert (len(found.here), len(found.gone), found.bags_left) == (1, 0, 0)


def test_a_recall_of_a_lot_that_went_nowhere_finds_nobody_and_says_what_is_unknown(session: Session) -> None:
    bag, (lot,) = make_lots(session, "吴长根")
    assert queries.recall(session, lot.id).buyers == []
    fill(session, bag, 1, lot)
    pack(session, make_hand(session), bag, 3)
    unknown = queries.unknown_beside(session, queries.recall(session, lot.id))
    assert (unknown.bags, unknown.parcels) == (2, 1)
    with pytest.raises(LookupError):
        queries.recall(session, 999_999)


def test_one_step_back_names_every_lot_and_farmer(session: Session) -> None:
    _, parcel, _ = a_mixed_lot_in_a_parcel(session)
    mixed, plain = sorted(queries.contents_of(session, [parcel.id]), key=lambda content: -content.bags)
    assert [source.lot_kind for source in mixed.sources] == ["delivery", "delivery", "mixed"]
    assert [source.farmer_name for source in mixed.sources if source.farmer_id] == ["不愿露名", "吴长根"] or [
        source.farmer_name for source in mixed.sources if source.farmer_id
    ] == ["吴长根", "不愿露名"]
    assert [source.farmer_name for source in plain.sources] == ["叶水生"]


def test_a_mixed_lot_tells_buyers_of_growers_who_agreed(session: Session) -> None:
    lot, _, _ = a_mixed_lot_in_a_parcel(session)
    mixed = queries.recall(session, lot.id).lots[1]
    story = workflows.lot_story(session, mixed.number)
    assert story is not None
    assert story["growers"] == 2
    assert {told["farmer"] for told in story["deliveries"]} == {"吴长根", None}
    assert workflows.lot_story(session, "L000000-0000") is None


def test_who_packed_a_lot_is_told_as_each_chose_to_be_shown(session: Session) -> None:
    lot, _, by = a_mixed_lot_in_a_parcel(session)
    mixed = queries.recall(session, lot.id).lots[1]
    person = session.get_one(Person, by.person_id)
    person.shown_name = "阿仙"
    assert queries.packed_by(session, mixed.id) == ["阿仙"]
    person.shown_name = ""
    assert queries.packed_by(session, mixed.id) == []
    assert queries.packed_by(session, lot.id) == [], "its own bags are in no parcel"


def test_what_is_recalled_stays_until_somebody_has_seen_to_it(session: Session) -> None:
    lot, parcel, by = a_mixed_lot_in_a_parcel(session)
    when = {"now": NOW, "by": by}
    workflows.block_recalled(session, lot.id, reason="怀疑农残", **when)
    assert [one.id for one in workflows.hold_recalled(session, lot.id, reason="怀疑农残", **when)] == [parcel.id]
    assert workflows.hold_recalled(session, lot.id, reason="怀疑农残", **when) == []
    with pytest.raises(Refused) as refused:
        workflows.hand_over(session, parcel.id, carrier="STO", tracking="773000000000018", **when)
    assert refused.value.code == "held"
    with pytest.raises(Refused) as refused:
        workflows.free_parcel(session, parcel.number, reason="换过了", **when)
    assert refused.value.code == "blocked_bags"
    assert invariants.check_within(session, TRACING).violations == []
    assert workflows.end_recall(session, lot.id, reason="化验没问题", **when) == 1
    session.execute(LEAVE, {"id": parcel.id})
    assert invariants.check_within(session, TRACING).violations == []


def test_the_database_lets_no_held_parcel_leave(session: Session) -> None:
    lot, parcel, by = a_mixed_lot_in_a_parcel(session)
    workflows.hold_recalled(session, lot.id, reason="怀疑农残", now=NOW, by=by)
    with pytest.raises(IntegrityError, match="is held back"):
        session.execute(LEAVE, {"id": parcel.id})


def a_lot_to_stop(database: Database) -> tuple[int, Callable[[Session], None], Callable[[Session], None]]:
    """A lot in fifty bags; somebody stops it, and somebody packs five parcels from it."""
    with database.transaction() as session:
        bag, (lot,) = make_lots(session, "吴长根")
        fill(session, bag, 50, lot)
        packer = make_hand(session)
        lot_id = lot.id

    def stop(session: Session) -> None:
        workflows.block_recalled(session, lot_id, reason="怀疑农残", now=NOW, by=packer)

    def pack_five(session: Session) -> None:
        for _ in range(5):
            pack(session, packer, bag, 1)

    return lot_id, stop, pack_five


def hold_what_is_found(database: Database, lot_id: int) -> None:
    with database.transaction() as session:
        workflows.hold_recalled(session, lot_id, reason="怀疑农残", now=NOW, by=WEIGHER)


def held_and_here(database: Database, lot_id: int) -> tuple[int, int, list[str]]:
    """Parcels that are held, parcels in the house with bags of the lot, and which invariants are hurt."""
    with database.transaction() as session:
        held = session.scalar(text("SELECT count(*) FROM parcel_holds")) or 0
        hurt = [violation.invariant for violation in invariants.check_within(session, TRACING).violations]
        return held, len(queries.recall(session, lot_id).here), hurt


def test_a_parcel_that_is_packed_at_the_moment_of_the_recall_is_held_or_holds_none_of_it(database: Database) -> None:
    lot_id, stop, pack_five = a_lot_to_stop(database)
    all_at_once(database, stop, pack_five)
    hold_what_is_found(database, lot_id)
    held, here, hurt = held_and_here(database, lot_id)
    assert (held, hurt) == (here, [])


def test_without_the_lock_on_the_bags_a_parcel_gets_past_the_recall(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: bags are read, not locked; the lot is stopped and its parcels are held before the packer writes hers."""
    lot_id, stop, pack_five = a_lot_to_stop(database)
    monkeypatch.setattr(bag_queries, "lock_open", bag_queries.open_baggings)

    def stop_and_hold(session: Session) -> None:
        stop(session)
        session.flush()
        workflows.hold_recalled(session, lot_id, reason="怀疑农残", now=NOW, by=WEIGHER)

    right_after(monkeypatch, bag_queries, "lock_open", database, stop_and_hold)
    with database.transaction() as session:
        pack_five(session)
    held, here, _ = held_and_here(database, lot_id)
    assert (held, here) == (0, 1)
    # The last guard: the courier does not get it either.
    with database.transaction() as session:
        parcel_id = queries.recall(session, lot_id).here[0].id
        with pytest.raises(IntegrityError, match="is held back"), session.begin_nested():
            session.execute(LEAVE, {"id": parcel_id})
        with pytest.raises(Refused) as refused:
            workflows.hand_over(session, parcel_id, carrier="STO", tracking="773000000000018", now=NOW, by=WEIGHER)
        assert refused.value.code == "blocked_bags"


def test_without_the_trigger_too_a_parcel_with_bags_of_a_stopped_lot_is_out_of_the_door(database: Database) -> None:
    """The control of the last guard: nobody held the parcel, and a program that does not ask sends it."""
    lot_id, stop, pack_five = a_lot_to_stop(database)
    for deed in (pack_five, stop):
        with database.transaction() as session:
            deed(session)
    with database.transaction() as session:
        parcel_id = queries.recall(session, lot_id).here[0].id
        with pytest.raises(IntegrityError, match="is held back"), session.begin_nested():
            session.execute(LEAVE, {"id": parcel_id})
    drop(database, "DROP TRIGGER parcels_held_stay ON parcels")
    with database.transaction() as session:
        session.execute(LEAVE, {"id": parcel_id})
    with database.transaction() as session:
        assert [one.id for one in queries.recall(session, lot_id).gone] == [parcel_id]


def test_the_command_prints_one_json_value_and_notes_that_the_list_was_taken(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        lot, parcel, _ = a_mixed_lot_in_a_parcel(session)
        number, packed = lot.number, parcel.number
    monkeypatch.setattr("app.commands.recall.open_database", lambda settings: Database(database.url))
    done = CliRunner().invoke(recall_command, [number.lower(), "--json"], catch_exceptions=False)
    told = json.loads(done.output)
    assert (told["lot"], [lot["kind"] for lot in told["lots"]]) == (number, ["delivery", "mixed"])
    (buyer,) = told["buyers"]
    assert (buyer["name"], buyer["phone"], buyer["bags"]) == ("张三", "13800008000", 3)
    assert [one["number"] for one in buyer["parcels"]] == [packed]
    assert "张三" in CliRunner().invoke(recall_command, [number], catch_exceptions=False).output
    with database.transaction() as session:
        noted = session.execute(
            text("SELECT count(*) FROM audit_entries WHERE action = 'recall.exported'")
        ).scalar_one()
    assert noted == 2
