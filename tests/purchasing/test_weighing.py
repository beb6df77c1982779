"""Bags, catties, badges and photos at the scale."""

from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from fulfillment.purchasing.growers.models import Contract, Grade
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.service import record_delivery
from fulfillment.purchasing.weighing import queries, service
from fulfillment.purchasing.weighing.forms import read_weigh_in
from fulfillment.purchasing.weighing.models import BAGS_FUNCTION_SQL, DeliveryBag, GradePicture, WeighInPhoto
from fulfillment.purchasing.weighing.rules import (
    CERTIFICATE,
    GOODS,
    MOST_BAGS,
    Bag,
    farmer_code,
    read_farmer_code,
    sum_of,
)
from kernel.db import Database
from kernel.errors import Invalid, Refused
from kernel.forms import Form
from kernel.photos import Photo
from tests.purchasing.world import TODAY, WEIGHER, make_contract, make_quote, weigh_in, weighed
from tests.world import NOW

TYPED = {"gross": "43.7", "tare": "1.2", "moisture": "13", "foreign": "0", "grade": "一级"}
bags = st.lists(
    st.tuples(st.integers(1, 60_000), st.integers(0, 59_999)).filter(lambda pair: pair[1] < pair[0]),
    min_size=1,
    max_size=MOST_BAGS,
)


@given(bags, st.randoms())
def test_the_order_of_bags_is_irrelevant_and_every_gram_is_counted(pairs: list[tuple[int, int]], luck: object) -> None:
    weighed_bags = [Bag(*pair) for pair in pairs]
    total = sum_of(weighed_bags)
    assert total.net_g == sum(gross - tare for gross, tare in pairs) > 0
    luck.shuffle(weighed_bags)  # type: ignore[attr-defined]
    assert sum_of(weighed_bags) == total


@given(st.integers(1, 10**11))
def test_a_badge_is_read_back_and_a_misread_digit_is_noticed(farmer_id: int) -> None:
    code = farmer_code(farmer_id)
    assert read_farmer_code(f" {code.lower()} ") == farmer_id
    for place, sign in enumerate(code):
        if sign.isdigit():
            other = str((int(sign) + 1) % 10)
            assert read_farmer_code(code[:place] + other + code[place + 1 :]) != farmer_id


@pytest.mark.parametrize("odd", ["", "NH", "NH-00001", "GF-DEMO-01", "NH-٣-1", "NH-00001-1x", "43.7"])
def test_what_is_no_badge_is_none(odd: str) -> None:
    assert read_farmer_code(odd) is None


@pytest.mark.parametrize(
    ("typed", "grams"),
    [
        ({}, [(43_700, 1_200)]),
        ({"unit": "jin", "gross": "87.4", "tare": "2.4"}, [(43_700, 1_200)]),
        ({"gross_2": "20", "tare_2": "0.3"}, [(43_700, 1_200), (20_000, 300)]),
        ({"gross_3": "20", "tare_3": "0", "gross_2": " ", "tare_2": ""}, [(43_700, 1_200), (20_000, 0)]),
        ({"gross": "", "tare": "", "gross_2": "5", "tare_2": "1"}, [(5_000, 1_000)]),
        ({"unit": "jin", "gross": "0.02", "tare": "0.01"}, [(10, 5)]),
    ],
)
def test_bags_are_read_in_the_unit_that_was_chosen(typed: dict[str, str], grams: list[tuple[int, int]]) -> None:
    read = read_weigh_in(Form({**TYPED, **typed}), 1, TODAY)
    assert [(bag.gross_g, bag.tare_g) for bag in read.bags] == grams
    assert read.facts.gross_g - read.facts.tare_g == sum(gross - tare for gross, tare in grams)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"unit": "pound"}, "unit"),
        ({"unit": "jin", "gross": "87.401"}, "gross"),
        ({"gross_2": "1", "tare_2": "1"}, "tare_2"),
        ({"gross_2": "1"}, "tare_2"),
        ({"tare_40": "1"}, "gross_40"),
        ({"gross_2": "-3", "tare_2": "0"}, "gross_2"),
        ({"gross": "5000", "gross_2": "5000", "tare_2": "0"}, "gross"),
    ],
)
def test_a_bag_that_cannot_be_right_is_marked_at_its_own_field(typed: dict[str, str], field: str) -> None:
    form = Form({**TYPED, **typed})
    with pytest.raises(Invalid):
        read_weigh_in(form, 1, TODAY)
    assert list(form.errors) == [field]


@pytest.fixture
def contract(database: Database) -> Contract:
    with database.transaction() as session:
        contract = make_contract(session)
        make_quote(session, contract)
        return contract


def test_a_delivery_is_written_with_its_bags_once(database: Database, contract: Contract) -> None:
    with database.transaction() as session:
        written = weigh_in(session, weighed(contract))
        assert queries.bags_of(session, written.id) == [Bag(43_700, 1_200)]
        assert queries.how_often(session, TODAY) == {contract.farmer_id: 1}


def test_the_database_refuses_bags_that_weigh_something_else(database: Database, contract: Contract) -> None:
    with database.transaction() as session:
        written = weigh_in(session, weighed(contract))
    with pytest.raises(IntegrityError, match="do not add up"), database.transaction() as session:
        session.add(DeliveryBag(delivery_id=written.id, place=2, gross_g=10, tare_g=0))
    with pytest.raises(ValueError, match="weigh together"), database.transaction() as session:
        service.write_bags(session, session.get_one(Delivery, written.id), [Bag(43_700, 1_100)])


def _without_bags(database: Database, contract: Contract) -> int:
    """A delivery as the release before wrote it."""
    with database.transaction() as session:
        facts = weighed(contract)
        written, _ = record_delivery(session, facts, key="of-last-year", today=TODAY, now=NOW, by=WEIGHER)
        return written.id


def _two_at_once(database: Database, delivery_id: int) -> list[str]:
    """Two transactions write all bags of one delivery, each in places of its own; what became of each."""
    both, outcome = Barrier(2), []

    def write(place: int) -> None:
        try:
            with database.transaction() as session:
                session.add(DeliveryBag(delivery_id=delivery_id, place=place, gross_g=43_700, tare_g=1_200))
                session.flush()
                both.wait(10)
            outcome.append("written")
        except IntegrityError:
            outcome.append("refused")

    threads = [Thread(target=write, args=(place,)) for place in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcome)


def test_two_who_write_the_bags_at_once_do_not_double_them(database: Database, contract: Contract) -> None:
    assert _two_at_once(database, _without_bags(database, contract)) == ["refused", "written"]


def test_control_without_the_lock_both_would_be_written(database: Database, contract: Contract) -> None:
    delivery_id = _without_bags(database, contract)
    unlocked = BAGS_FUNCTION_SQL.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    lock = "  PERFORM 1 FROM deliveries WHERE id = NEW.delivery_id FOR NO KEY UPDATE;\n"
    assert lock in unlocked
    slow = unlocked.replace(lock, "")
    # Both look before either has ended.
    slow = slow.replace("  RETURN NULL;", "  PERFORM pg_sleep(0.5);\n  RETURN NULL;")
    with database.transaction() as session:
        session.execute(text(slow))
    assert _two_at_once(database, delivery_id) == ["written", "written"]


def test_photos_belong_to_the_key_and_a_repeat_is_the_same_photo(database: Database) -> None:
    with database.transaction() as session:

        def keep(kind: str, place: int | None = None) -> int:
            photo = Photo(b"jpeg", 4, 3)
            return service.keep_photo(session, key="a-key-1", kind=kind, photo=photo, now=NOW, by=WEIGHER, place=place)

        assert [keep(GOODS, 1), keep(GOODS, 1), keep(CERTIFICATE), keep(GOODS)] == [1, 1, 1, 2]
        assert [(photo.kind, photo.place) for photo in queries.photos_of(session, "a-key-1")] == [
            (GOODS, 1),
            (GOODS, 2),
            (CERTIFICATE, 1),
        ]
        for kind, place in ((GOODS, 5), (CERTIFICATE, 3), (GOODS, 0)):
            with pytest.raises(Invalid):
                keep(kind, place)


def test_the_photo_of_a_written_delivery_stays(database: Database, contract: Contract) -> None:
    with database.transaction() as session:
        key = "a-key-of-a-slip"
        service.keep_photo(session, key=key, kind=GOODS, photo=Photo(b"x", 1, 1), now=NOW, by=WEIGHER)
        (photo,) = queries.photos_of(session, key)
        service.drop_photo(session, key="another-key", photo_id=photo.id)
        assert session.scalar(select(func.count()).select_from(WeighInPhoto)) == 1
        weigh_in(session, weighed(contract), key)
        with pytest.raises(Refused):
            service.drop_photo(session, key=key, photo_id=photo.id)


def test_the_owners_photo_takes_the_place_of_the_drawing(database: Database, contract: Contract) -> None:
    with database.transaction() as session:
        grade = session.scalars(select(Grade).where(Grade.name == "一级")).one()
        for jpeg in (b"one", b"two"):
            service.set_grade_picture(session, grade.id, Photo(jpeg, 1, 1), now=NOW, by=WEIGHER)
        assert session.get_one(GradePicture, grade.id).jpeg == b"two"
        assert queries.grades_with_pictures(session) == {(contract.product, "dry", "一级"): grade.id}
        service.drop_grade_picture(session, grade.id, now=NOW, by=WEIGHER)
        assert queries.grades_with_pictures(session) == {}
