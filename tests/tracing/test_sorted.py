"""A lot that was sorted into grades: its recall reaches the buyers of every grade, a box leads back to its farmer."""

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from fulfillment.purchasing.lots import queries as lots
from fulfillment.purchasing.lots import service
from fulfillment.purchasing.lots.sorting_service import Sorted, sort_lot
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.tracing import queries
from kernel.errors import Problem
from tests.purchasing.world import WEIGHER
from tests.tracing.world import DAY, fill, make_hand, make_lots, mix, pack
from tests.world import NOW


def sort(session: Session, lot: Lot) -> list[Lot]:
    wish = Sorted(20_000, {"一级": 12_000, "二级": 7_000}, "剪下菇脚")
    return list(lots.lots_sorted(session, sort_lot(session, lot.id, wish, key=f"sorting-{lot.id}", **DAY)[0].id))


def test_a_recall_of_the_sorted_lot_lists_the_buyers_of_every_grade_in_one_query(session: Session) -> None:
    bag, (lot, other) = make_lots(session, "吴长根", "叶水生")
    first, second = sort(session, lot)
    packer = make_hand(session)
    fill(session, bag, 2, first)
    one = pack(session, packer, bag, 2)
    fill(session, bag, 3, mix(session, second, other, grams=2_000))
    two = pack(session, packer, bag, 3)
    asked: list[str] = []
    event.listen(session.get_bind(), "after_cursor_execute", lambda *facts: asked.append(facts[2]))
    found = queries.recall(session, lot.id)
    assert len(asked) == 1
    assert [(parcel.number, parcel.bag_count) for parcel in found.parcels] == [(one.number, 2), (two.number, 3)]
    assert [parcel.number for parcel in queries.recall(session, first.id).parcels] == [one.number]
    (content,) = queries.contents_of(session, [one.id])
    assert [(source.farmer_name, source.lot_kind) for source in content.sources] == [
        ("吴长根", "delivery"),
        (None, "sorted"),
    ]


def test_bags_of_a_grade_stay_here_while_the_lot_it_came_from_is_blocked(session: Session) -> None:
    bag, (lot,) = make_lots(session, "吴长根")
    first, _ = sort(session, lot)
    filled = fill(session, bag, 2, first)
    service.block_lot(session, lot.id, reason="有虫", now=NOW, by=WEIGHER)
    (seen,) = queries.recall(session, lot.id).baggings
    assert (seen.id, seen.blocked) == (filled.id, True)
    with pytest.raises(Problem, match=r"blocked|封存"):
        fill(session, bag, 1, first)
