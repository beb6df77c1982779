"""Labels and certificates of a lot at one instant: never for more grams than came; each race with its controls."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.labels.papers import BAG
from fulfillment.labels.printers.queries import chosen_printer
from fulfillment.purchasing.repacking.certificate_service import CertificateFacts, issue_certificate
from fulfillment.purchasing.repacking.models import BagLabelPrint, Certificate
from fulfillment.purchasing.repacking.service import BagWish, print_bag_labels
from kernel.db import Database
from tests.packing.races import ROW_LOCKS, all_look_first, drop, told_at_once, without
from tests.purchasing.world import TODAY, WEIGHER
from tests.weigh.test_repacking_pages import heap_of
from tests.world import NOW

WHEN = {"now": NOW, "today": TODAY, "by": WEIGHER}
NUMBERS_ONE_BY_ONE = r"SELECT pg_advisory_xact_lock\(.*"


def two_who_print(database: Database) -> list[Callable[[Session], object]]:
    """A lot for 170 bags; two people want 100 labels each."""
    heap = heap_of(database)

    def press(key: str) -> Callable[[Session], object]:
        return lambda session: print_bag_labels(
            session,
            heap.lot_id,
            BagWish(heap.bag_id, 100, TODAY),
            printer=chosen_printer(session, BAG, None),
            first_place=1,
            trace_url=f"https://shop.example/trace/{heap.number}",
            key=key,
            **WHEN,
        )

    return [press("one"), press("two")]


@pytest.mark.parametrize(("is_guarded", "labels"), [(True, 100), (False, 200)])
def test_no_more_labels_than_bags_and_more_without_the_lock(database: Database, is_guarded: bool, labels: int) -> None:
    both = two_who_print(database)
    if is_guarded:
        assert told_at_once(database, *both) == ["lot_too_small", "written"]
    else:
        with without(database, ROW_LOCKS), all_look_first(database, "INSERT INTO bag_label_prints"):
            assert told_at_once(database, *both) == ["written", "written"]
    with database.transaction() as session:
        assert session.scalar(select(func.sum(BagLabelPrint.labels))) == labels


def two_who_certify(database: Database) -> list[Callable[[Session], object]]:
    """A lot of 42.5 kg; two people issue a certificate of 30 kg each."""
    heap, facts = heap_of(database), CertificateFacts(30_000, "庆元", "示例合作社", "0578-6120000", "promised")

    def press(key: str) -> Callable[[Session], object]:
        return lambda session: issue_certificate(session, [heap.lot_id], facts, key=key, **WHEN)

    return [press("one"), press("two")]


@pytest.mark.parametrize(("is_number_left", "grams"), [(True, 30_000), (False, 60_000)])
def test_without_the_lock_the_number_alone_certifies_once_and_without_both_it_is_more_than_came(
    database: Database, is_number_left: bool, grams: int
) -> None:
    both = two_who_certify(database)
    if not is_number_left:
        drop(database, "certificates uq_certificates_number")
    with without(database, NUMBERS_ONE_BY_ONE), all_look_first(database, "INSERT INTO certificates "):
        got = told_at_once(database, *both)
    assert got.count("written") == (1 if is_number_left else 2), got
    with database.transaction() as session:
        assert session.scalar(select(func.sum(Certificate.quantity_g))) == grams
