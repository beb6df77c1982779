"""From a buyer's stars to what others read: only who bought may write, once; a person looks first; the buyer may delete."""

import json
import re

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import SYSTEM, AuditEntry
from kernel.people.rules import OWNER
from shop.orders.models import Order
from shop.reviews import queries, rules, service
from shop.reviews.models import Review
from tests.packing.races import drop, told_at_once
from tests.payments.town import Town
from tests.weigh.conftest import Desk, desk_of

NAME_IN_THE_WORLD = "张三"


def product_of(town: Town, number: str) -> int:
    with town.database.transaction() as session:
        order = session.scalars(select(Order).where(Order.number == number)).one()
        (product,) = queries.products_of(session, order)
        return product.id


def write(town: Town, number: str, stars: str = "5", words: str = "很香，𠮷", **more: str) -> requests.Response:
    place = f"{town.shop_url}/orders/{number}/reviews/{product_of(town, number)}"
    return town.web.post(place, data={"stars": stars, "words": words, "with_name": "1", **more}, timeout=30)


def product_page(town: Town, number: str) -> str:
    with town.database.transaction() as session:
        order = session.scalars(select(Order).where(Order.number == number)).one()
        slug = queries.products_of(session, order)[0].slug
    return requests.get(f"{town.shop_url}/products/{slug}?lang=zh", timeout=30).text


def counted(town: Town) -> int:
    with town.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(Review)) or 0


def owner_of(town: Town) -> Desk:
    return desk_of(town.app, town.database, OWNER, "吴晓岚", town.now())


def facts_of(page: str) -> dict[str, object]:
    found = re.search(r"<script type=\"application/ld\+json\"[^>]*>(.*?)</script>", page, re.DOTALL)
    assert found is not None
    facts: dict[str, object] = json.loads(found[1])
    return facts


def test_what_a_buyer_says_is_looked_at_and_then_read_by_all(town: Town, arrived: str) -> None:
    assert "还没有人评价" in product_page(town, arrived)
    for _ in range(2):
        assert write(town, arrived).status_code == 200
    assert counted(town) == 1
    assert "工坊还没看" in town.page(arrived)
    assert "很香" not in product_page(town, arrived)
    owner = owner_of(town)
    assert "1 条评价等着看" in owner.look("/console").text
    assert "很香，𠮷" in owner.look("/console/reviews").text
    for _ in range(2):
        owner.send("/console/reviews/1/show", answer="谢谢您，𠮷")
    page = product_page(town, arrived)
    for words in ("很香，𠮷", "张**", "谢谢您，𠮷", "1 条评价"):
        assert words in page
    assert NAME_IN_THE_WORLD not in page
    facts = facts_of(page)
    assert facts["aggregateRating"] == {
        "@type": "AggregateRating", "ratingValue": 5.0, "reviewCount": 1, "bestRating": 5, "worstRating": 1,
    }  # fmt: skip
    assert "别人看得到" in town.page(arrived)
    with town.database.transaction() as session:
        noted = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == "review:1")).all()
        assert noted == ["review.shown"]


def test_what_is_kept_back_says_why_to_its_buyer_only(town: Town, arrived: str) -> None:
    write(town, arrived, words="打我电话 13900000000")
    owner = owner_of(town)
    assert "error-reason" in owner.send("/console/reviews/1/hide", 422, reason="too bad").text
    owner.send("/console/reviews/1/hide", reason="personal")
    assert "写了电话、地址等个人信息" in town.page(arrived)
    assert "13900000000" not in product_page(town, arrived)
    gone = f"{town.shop_url}/orders/{arrived}/reviews/{product_of(town, arrived)}/delete"
    for _ in range(2):
        town.web.post(gone, timeout=30).raise_for_status()
    assert counted(town) == 0
    assert write(town, arrived, "3", "一般").status_code == 200
    owner.send("/console/reviews/1/show", 404)


def test_a_buyer_deletes_what_others_read_already(town: Town, arrived: str) -> None:
    write(town, arrived)
    owner_of(town).send("/console/reviews/1/show")
    assert "很香" in product_page(town, arrived)
    town.web.post(f"{town.shop_url}/orders/{arrived}/reviews/{product_of(town, arrived)}/delete", timeout=30)
    page = product_page(town, arrived)
    assert "很香" not in page
    assert "aggregateRating" not in facts_of(page)


@pytest.mark.parametrize(
    ("stars", "words", "status", "said"),
    [
        ("", "好", 422, "error-stars"),
        ("0", "好", 422, "error-stars"),
        ("6", "好", 422, "error-stars"),
        ("٣", "好", 422, "error-stars"),
        ("5", "好" * 5_000, 422, "error-words"),
    ],
)
def test_bad_input_is_told_and_kept(town: Town, arrived: str, stars: str, words: str, status: int, said: str) -> None:
    answer = write(town, arrived, stars, words)
    assert (answer.status_code, said in answer.text, words in answer.text) == (status, True, True)
    assert counted(town) == 0


def test_another_opinion_needs_the_first_deleted(town: Town, arrived: str) -> None:
    write(town, arrived)
    second = write(town, arrived, "1", "不对，很差")
    assert second.status_code == 409
    assert "想改就先删掉" in second.text
    assert "不对，很差" in second.text


def test_who_did_not_buy_and_what_did_not_leave_gets_no_review(town: Town, arrived: str) -> None:
    product = product_of(town, arrived)
    stranger = requests.post(f"{town.shop_url}/orders/{arrived}/reviews/{product}", data={"stars": "1"}, timeout=30)
    assert stranger.status_code == 404
    held = town.order(town.offer(on_hand=3), key="only-held-so-far")
    early = write(town, held)
    assert early.status_code == 409
    assert "货发出以后再评价" in early.text
    elsewhere = town.web.post(f"{town.shop_url}/orders/{arrived}/reviews/{2**40}", data={"stars": "1"}, timeout=30)
    assert elsewhere.status_code == 404
    assert counted(town) == 0


def test_the_database_knows_who_bought_and_whose_words_they_are(town: Town, arrived: str) -> None:
    held = town.order(town.offer(on_hand=3), key="only-held-so-far")
    write(town, arrived)
    of_what_was_not_sent = f"""
        INSERT INTO reviews (order_id, product_id, stars, words, locale, shown_name, state, at, decided_by, reason, answer)
        SELECT id, {product_of(town, arrived)}, 5, '', 'zh', '', 'waiting', now(), '', '', '' FROM orders WHERE number = '{held}'
    """
    for deed, against in (
        (of_what_was_not_sent, "has not brought product"),
        ("UPDATE reviews SET stars = 1", "is the words of its buyer"),
        ("UPDATE reviews SET state = 'hidden', decided_at = now()", "hidden_says_why"),
    ):
        with town.database.transaction() as session, pytest.raises(IntegrityError, match=against):
            session.execute(text(deed))


def test_erasing_takes_the_review_along_and_a_copy_holds_it(town: Town, arrived: str) -> None:
    write(town, arrived)
    (copied,) = json.loads(town.web.get(f"{town.shop_url}/orders/my-data.json", timeout=30).text)["reviews"]
    assert (copied["order"], copied["stars"], copied["words"]) == (arrived, 5, "很香，𠮷")
    town.web.post(f"{town.shop_url}/orders/erase", timeout=30).raise_for_status()
    assert counted(town) == 0


# ---- two devices at one instant ----


def write_twice(town: Town, number: str) -> list[str]:
    product = product_of(town, number)

    def deed(stars: int) -> object:
        def run(session: Session) -> None:
            order = session.scalars(select(Order).where(Order.number == number)).one()
            service.write_review(session, order, product, stars=stars, words="", with_name=True, now=town.now())

        return run

    return told_at_once(town.database, deed(1), deed(5))


def test_two_devices_write_one_review(town: Town, arrived: str) -> None:
    assert write_twice(town, arrived) == ["reviewed_already", "written"]
    assert counted(town) == 1


def test_without_the_unique_key_there_would_be_two(town: Town, arrived: str) -> None:
    drop(town.database, "ALTER TABLE reviews DROP CONSTRAINT uq_reviews_order_id_product_id")
    assert write_twice(town, arrived) == ["written", "written"]
    assert counted(town) == 2


def test_deleted_while_somebody_looks_is_gone(town: Town, arrived: str) -> None:
    write(town, arrived)

    def look(session: Session) -> None:
        service.show(session, 1, "", now=town.now(), by=SYSTEM)

    def delete(session: Session) -> None:
        order = session.scalars(select(Order).where(Order.number == arrived)).one()
        service.take_back(session, order, 1, now=town.now(), by=SYSTEM)

    assert told_at_once(town.database, look, delete) in (["written", "written"], ["not_found", "written"])
    assert counted(town) == 0


# ---- pure ----


@given(st.text())
def test_no_more_than_the_first_character_of_a_name_is_shown(name: str) -> None:
    shown = rules.shown_name(name)
    assert shown == "" if not name.strip() else (len(shown), shown[0], shown[1:]) == (3, name.strip()[0], "**")


@given(st.tuples(*[st.integers(0, 50)] * 5))
def test_the_average_lies_between_the_worst_and_the_best(counts: tuple[int, int, int, int, int]) -> None:
    rating = rules.Rating(counts)
    given_stars = [place for place, count in enumerate(counts, 1) for _ in range(count)]
    assert rating.total == len(given_stars)
    if given_stars:
        assert min(given_stars) <= rating.average <= max(given_stars)
        assert abs(rating.average - sum(given_stars) / len(given_stars)) <= 0.05 + 1e-9
