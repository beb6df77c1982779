"""Finding goods: what people type on a phone, with slips of the thumb and of the ear, and the page that answers."""

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from kernel.db import Database
from shop.storefront.search_rules import EXACT, NEARLY, SOUNDS_LIKE, Words, rank
from tests.storefront.pages import assert_nothing_inline
from tests.world import make_live_offer

FLOWER = Words(("庆元花菇", "Flower shiitake from Qingyuan"), "肉厚，炖汤香")
EAR = Words(("秋木耳", "Autumn wood ear"), "脆")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("花菇", EXACT),
        ("shiitake", EXACT),
        ("炖汤", EXACT),
        ("花菇 庆元", EXACT),
        ("ｓｈｉｉｔａｋｅ", EXACT),
        ("huagu", SOUNDS_LIKE),
        ("qyhg", SOUNDS_LIKE),
        ("qinyuan", NEARLY),
        ("花姑", SOUNDS_LIKE),
        ("shitake", NEARLY),
        ("shiitkae", NEARLY),
        ("shiitakee", NEARLY),
        ("hua gu", SOUNDS_LIKE),
        ("木耳", None),
        ("牛肉", None),
        ("花菇 牛肉", None),
        ("", None),
        ("   ", None),
        ("🍄", None),
        ("x" * 5_000, None),
    ],
)
def test_goods_are_found_by_what_people_type(typed: str, found: int | None) -> None:
    assert rank(typed, FLOWER) == found


def test_other_goods_are_not_found_with_it() -> None:
    assert [rank(typed, EAR) for typed in ("花菇", "huagu", "shiitake", "木耳", "muer")] == [
        None,
        None,
        None,
        EXACT,
        SOUNDS_LIKE,
    ]


@given(st.sampled_from(["shiitake", "qingyuan", "flower"]), st.data())
def test_one_slip_of_the_thumb_is_forgiven(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    letter = data.draw(st.sampled_from("abcxyz"))
    slip = data.draw(
        st.sampled_from(
            [
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at:],
                word[:at] + letter + word[at + 1 :],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            ]
        )
    )
    assert rank(slip, FLOWER) is not None


@given(st.text(max_size=200))
def test_anything_may_be_typed(typed: str) -> None:
    assert rank(typed, FLOWER) in (None, EXACT, SOUNDS_LIKE, NEARLY)


def test_the_page_answers_and_says_what_to_do_when_there_is_nothing(client: FlaskClient, database: Database) -> None:
    with database.transaction() as session:
        make_live_offer(session)
    page = client.get("/search?q=huagu&lang=zh")
    assert "庆元花菇" in page.text
    assert_nothing_inline(page)
    nothing = client.get("/search", query_string={"q": "<b>牛肉", "lang": "zh"})
    assert "没有找到" in nothing.text
    assert "&lt;b&gt;牛肉" in nothing.text
    assert "庆元花菇" in client.get("/search?form=dry&lang=zh").text
    assert "庆元花菇" not in client.get("/search?q=&form=fresh&lang=zh").text
    for odd in ("\0", "9" * 5000, "🍄"):
        assert client.get("/search", query_string={"q": odd, "form": odd}).status_code == 200
