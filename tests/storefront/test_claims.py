"""Claims by typing: what people write in live rooms, and what must not be taken for one."""

import pytest

from shop.storefront.claim_rules import Claim, read_claim


@pytest.mark.parametrize(
    ("typed", "claim"),
    [
        ("扣1", Claim(1, 1)),
        ("1", Claim(1, 1)),
        ("1号", Claim(1, 1)),
        ("1号 2袋", Claim(1, 2)),
        ("1号2袋", Claim(1, 2)),
        ("2号，3件", Claim(2, 3)),
        ("要2号3份", Claim(2, 3)),
        ("拍 12 号 x 2", Claim(12, 2)),
        ("１号２袋", Claim(1, 2)),
        ("一号两袋", Claim(1, 2)),
        ("SOLD 1 2", Claim(1, 2)),
        ("sold 3", Claim(3, 1)),
        ("#4", Claim(4, 1)),
        ("+1", Claim(1, 1)),
        ("  扣 1  ", Claim(1, 1)),
        ("Buy 2 x3", Claim(2, 3)),
        # Nothing that can be told for certain.
        ("", None),
        ("多少钱一斤", None),
        ("0号", None),
        ("1号0袋", None),
        ("1号 2袋 3盒", None),
        ("12345", None),
        ("1-2", None),
        ("😀1", None),
        ("扣" * 5000, None),
    ],
)
def test_what_is_typed_is_read_as_people_mean_it(typed: str, claim: Claim | None) -> None:
    assert read_claim(typed) == claim
