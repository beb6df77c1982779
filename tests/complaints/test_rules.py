"""Who may complain about what, and until when."""

from datetime import timedelta

import pytest

from shop.complaints.rules import DAMAGED, RETURN, Delivered, why_not
from tests.world import NOW


@pytest.mark.parametrize(
    ("kind", "state", "hours_ago", "hours", "returnable", "may"),
    [
        (DAMAGED, "paid", None, [24], [True], False),
        (DAMAGED, "shipped", None, [24], [True], True),
        (DAMAGED, "delivered", 0, [24], [True], True),
        (DAMAGED, "delivered", 24, [24], [True], True),
        (DAMAGED, "delivered", 24.01, [24], [True], False),
        # Of several goods the longest time counts: they came in one parcel.
        (DAMAGED, "delivered", 40, [24, 48], [True, True], True),
        (DAMAGED, "refunded", 1, [24], [True], False),
        (DAMAGED, "cancelled", None, [24], [True], False),
        (RETURN, "shipped", None, [24], [True], False),
        (RETURN, "delivered", 1, [24], [False], False),
        (RETURN, "delivered", 1, [24], [False, True], True),
        (RETURN, "delivered", 7 * 24, [24], [True], True),
        (RETURN, "delivered", 7 * 24 + 1, [24], [True], False),
    ],
)
def test_the_time_and_the_goods_decide(
    kind: str, state: str, hours_ago: float | None, hours: list[int], returnable: list[bool], may: bool
) -> None:
    arrived = None if hours_ago is None else NOW - timedelta(hours=hours_ago)
    against = why_not(kind, Delivered(state, arrived, hours, returnable), NOW)
    assert (against is None) == may
