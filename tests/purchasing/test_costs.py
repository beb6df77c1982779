"""What goods cost: every fen paid to a farmer is in some lot, however it was mixed, dried, sorted and put into bags."""

from datetime import timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from fulfillment.purchasing.costs.queries import bag_costs, usual_bag_costs
from fulfillment.purchasing.costs.rules import Cost, Part, Source, bag_cost, cost_per_gram, together
from fulfillment.purchasing.lots import queries
from fulfillment.purchasing.lots.sorting_service import Sorted, sort_lot
from fulfillment.purchasing.models import Delivery
from tests.tracing.world import DAY, fill, make_lots, mix
from tests.world import NOW

PAID = st.integers(1, 10_000_000)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["mixed", "dried", "sorted"]), st.integers(0, 9), st.integers(1, 100), st.integers(1, 100)
    ),
    max_size=12,
)


@given(deliveries=st.lists(st.tuples(PAID, st.integers(1, 900_000)), min_size=1, max_size=6), steps=STEPS)
def test_no_fen_appears_or_is_lost_on_the_way(
    deliveries: list[tuple[int, int]], steps: list[tuple[str, int, int, int]]
) -> None:
    lots = [Source(place, grams, paid, paid - paid // 10) for place, (paid, grams) in enumerate(deliveries, 1)]
    left = {lot.lot_id: lot.received_g for lot in lots}
    parts: list[Part] = []
    for kind, which, percent, kept in steps:
        with_some = [lot_id for lot_id, grams in left.items() if grams > 1]
        if not with_some:
            break
        parents = [with_some[which % len(with_some)]]
        if kind == "mixed" and len(with_some) > 1:
            parents.append(with_some[(which + 1) % len(with_some)])
        made = _made(percent, parents, left, len(lots) + 1)
        parts += made
        lots.append(Source(len(lots) + 1, _received(kind, made, kept)))
        left[lots[-1].lot_id] = lots[-1].received_g
    per_gram = cost_per_gram(lots, parts)
    whole = together(per_gram[lot_id] * grams for lot_id, grams in left.items())
    assert whole.paid == sum(paid for paid, _ in deliveries)
    assert whole.market == sum(paid - paid // 10 for paid, _ in deliveries)
    assert whole.premium == whole.paid - whole.market


def _made(percent: int, parents: list[int], left: dict[int, int], child: int) -> list[Part]:
    made = []
    for parent in parents:
        taken = max(1, left[parent] * percent // 100)
        left[parent] -= taken
        made.append(Part(child, parent, taken))
    return made


def _received(kind: str, parts: list[Part], kept: int) -> int:
    grams = sum(part.grams for part in parts)
    return grams if kind == "mixed" else max(1, grams * kept // 100)


def test_a_bag_bears_its_share_of_the_grams_that_filled_it() -> None:
    per_gram = {1: Cost(Fraction(8), Fraction(7)), 2: Cost(Fraction(4), Fraction(4))}
    assert bag_cost(4, {1: 500, 2: 500}, per_gram) == Cost(Fraction(1_500), Fraction(1_375))
    assert bag_cost(4, {3: 500}, per_gram) == Cost()


def test_bags_are_followed_through_a_mixture_to_what_was_paid(session: Session) -> None:
    bag, (one, other) = make_lots(session, "吴长根", "李阿生")
    mixed = mix(session, one, other, grams=3_000)
    bagging = fill(session, bag, 8, {mixed.id: 2_000})
    paid = [session.get_one(Delivery, lot.delivery_id) for lot in (one, other)]
    each = [Fraction(delivery.pay_fen, delivery.net_g) for delivery in paid]
    market = [Fraction(delivery.market_pay_fen, delivery.net_g) for delivery in paid]
    found = bag_costs(session, [bagging.id])[bagging.id]
    assert found == Cost(sum(each) / 2 * 2_000 / 8, sum(market) / 2 * 2_000 / 8)
    assert found.premium > 0
    assert usual_bag_costs(session, [bag.id, one.variant_id], NOW + timedelta(days=1)) == {bag.id: found}
    assert usual_bag_costs(session, [bag.id], NOW - timedelta(seconds=1)) == {}
    assert bag_costs(session, []) == {}


def test_what_fell_off_in_sorting_makes_the_rest_dearer(session: Session) -> None:
    bag, (lot,) = make_lots(session, "吴长根")
    sorting, _ = sort_lot(session, lot.id, Sorted(10_000, {"一级": 4_000, "二级": 1_000}, "碎了"), key="k", **DAY)
    good, _ = queries.lots_sorted(session, sorting.id)
    bagging = fill(session, bag, 4, good)
    delivery = session.get_one(Delivery, lot.delivery_id)
    assert bag_costs(session, [bagging.id])[bagging.id].paid == Fraction(delivery.pay_fen, delivery.net_g) * 2 * 250
