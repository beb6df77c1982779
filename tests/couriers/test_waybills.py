"""The life of a waybill: asked once, answered late, twice or never, given up in between, and on the right box."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.couriers.providers import CourierAway
from fulfillment.couriers.waybills import service, steps
from fulfillment.couriers.waybills.answers import MOST_TRIES, TELL_AFTER
from fulfillment.couriers.waybills.models import Waybill
from fulfillment.packing.models import Parcel
from kernel.errors import Refused
from tests.couriers.world import House
from tests.packing.races import all_at_once

RECEIVER = "欧阳娜娜"


def issued_numbers(town: House) -> list[str]:
    """Every number that the courier gave out."""
    return sorted(parcel["number"] for parcel in town.depot.store.newest("parcel"))


def test_a_waybill_is_asked_in_the_transaction_and_issued_by_the_worker(town: House) -> None:
    number = town.parcel()
    town.ask(number)
    asked = town.waybill(number)
    assert (asked.state, asked.key, asked.number, asked.sent_at) == ("asked", f"{number}-1", None, None)
    assert town.depot.asked == 0
    town.work()
    issued = town.waybill(number)
    assert (issued.state, issued.bulkpen, issued.pkg_name) == ("issued", "512- D21- 05", "苏州中心")
    assert issued_numbers(town) == [issued.number]


def test_nothing_of_the_receiver_is_kept_with_the_waybill_or_the_job(town: House) -> None:
    number = town.parcel(name=RECEIVER, phone="13912345678")
    town.ask(number)
    town.work()
    with town.database.transaction() as session:
        kept = session.scalar(text("SELECT string_agg(w::text, '') FROM waybills w")) + session.scalar(
            text("SELECT string_agg(j::text, '') FROM jobs j")
        )
    assert number in kept
    for secret in (RECEIVER, "13912345678", "示例路8号"):
        assert secret not in kept


def test_asking_twice_is_asking_once(town: House) -> None:
    number = town.parcel()
    assert len(town.ask(number)) == 1
    assert town.ask(number) == []
    town.work()
    assert town.ask(number, carrier="YTO") == []
    town.work()
    assert len(issued_numbers(town)) == len(town.waybills(number)) == 1


def test_a_parcel_that_has_left_or_was_cancelled_needs_none(town: House) -> None:
    number = town.packed()
    town.hand_over(number, "78000000000128")
    with pytest.raises(Refused, match="left or were cancelled"):
        town.ask(number)


def press_at_once(town: House, number: str) -> int:
    """Two leads press at one moment; how many live waybills there are then."""
    with town.database.transaction() as session:
        parcel_id = session.scalars(select(Parcel.id).where(Parcel.number == number)).one()

    def press(session: Session) -> None:
        service.ask_waybills(session, [parcel_id], carrier="ZTO", way="kuaidi100", now=town.now, by=town.bench.lead)

    all_at_once(town.database, press, press)
    return sum(waybill.state == "asked" for waybill in town.waybills(number))


def test_two_who_press_at_one_moment_get_one_waybill(town: House) -> None:
    number = town.parcel()
    assert press_at_once(town, number) == 1
    town.work()
    assert len(issued_numbers(town)) == 1


def test_without_the_unique_index_they_would_get_two(town: House) -> None:
    with town.database.transaction() as session:
        session.execute(text("DROP INDEX uq_waybills_live_parcel"))
    number = town.parcel()
    assert press_at_once(town, number) == 2
    town.work()
    assert len(issued_numbers(town)) == 2


def send_at_once(town: House, waybill_id: int) -> None:
    """Two workers do the same job at one moment."""

    def send(_: Session) -> None:
        steps.send_waybill(town.database, town.desk, {"waybill": waybill_id}, town.now)

    all_at_once(town.database, send, send)


def test_two_workers_with_one_parcel_get_one_number(town: House) -> None:
    number = town.parcel()
    (waybill_id,) = town.ask(number)
    town.depot.levers.slow_s = 0.05
    send_at_once(town, waybill_id)
    assert town.waybill(number).tries == 2
    assert issued_numbers(town) == [town.waybill(number).number]


def test_two_workers_without_our_key_would_get_two_numbers(town: House, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, keys = steps.request_of, iter("AB")
    monkeypatch.setattr(steps, "request_of", lambda *facts: replace(plain(*facts), key=next(keys)))
    number = town.parcel()
    (waybill_id,) = town.ask(number)
    town.depot.levers.slow_s = 0.05
    send_at_once(town, waybill_id)
    assert len(issued_numbers(town)) == 2


def test_a_lost_answer_asks_again_and_finds_the_same_number(town: House) -> None:
    number = town.parcel()
    town.ask(number)
    town.depot.levers.broken = 1
    town.work()
    assert town.waybill(number).state == "asked"
    assert len(issued_numbers(town)) == 1
    town.work()
    assert town.waybill(number).state == "issued"
    assert issued_numbers(town) == [town.waybill(number).number]


def test_a_web_page_is_waited_out_and_told_to_the_lead_after_a_while(town: House) -> None:
    number = town.parcel()
    town.ask(number)
    town.depot.levers.html = TELL_AFTER
    town.work(TELL_AFTER - 1)
    assert town.cases(number) == {}
    town.work()
    assert town.cases(number) == {"waybill_slow": None}
    assert set(town.failures) == {"not JSON"}
    town.work()
    assert town.waybill(number).state == "issued"
    assert town.cases(number) == {"waybill_slow": "passed"}


def test_a_courier_that_never_answers_becomes_work_for_the_lead(town: House) -> None:
    number = town.parcel()
    town.ask(number)
    town.depot.levers.html = 1_000
    town.work(MOST_TRIES + 3)
    waybill = town.waybill(number)
    assert (waybill.state, waybill.tries) == ("failed", MOST_TRIES)
    assert town.cases(number) == {"waybill_slow": "passed", "waybill_failed": None}
    town.depot.levers.html = 0
    with town.database.transaction() as session:
        service.ask_again(session, waybill.id, now=town.now, by=town.bench.lead)
    town.work()
    assert town.waybill(number).state == "issued"
    assert town.cases(number) == {"waybill_slow": "passed", "waybill_failed": "passed"}


def test_an_unknown_code_is_not_tried_for_ever_but_shown(town: House) -> None:
    number = town.parcel()
    town.ask(number)
    town.depot.levers.unknown = 1
    town.work(3)
    waybill = town.waybill(number)
    assert (waybill.state, waybill.problem, waybill.tries) == ("failed", "unknown", 1)
    assert "39999" in waybill.said
    assert town.cases(number) == {"waybill_failed": None}


def test_one_number_for_two_parcels_is_used_once(town: House) -> None:
    first, second = town.parcel(), town.parcel()
    town.ask(first)
    town.work()
    town.depot.levers.twice = 1
    town.ask(second)
    town.work()
    assert town.waybill(first).state == "issued"
    assert (town.waybill(second).state, town.waybill(second).problem) == ("failed", "number")


def test_the_database_keeps_a_number_on_one_waybill(town: House) -> None:
    first, second = town.parcel(), town.parcel()
    town.ask(first, second)
    with pytest.raises(IntegrityError), town.database.transaction() as session:
        session.execute(text("UPDATE waybills SET state = 'issued', issued_at = now(), number = '78000000000128'"))


def test_giving_up_before_the_courier_was_told_ends_it_here(town: House) -> None:
    number = town.parcel()
    (waybill_id,) = town.ask(number)
    with town.database.transaction() as session:
        service.drop_waybill(session, waybill_id, reason="买家退款", now=town.now, by=town.bench.lead)
    assert town.waybill(number).state == "cancelled"
    town.work()
    assert town.depot.asked == 0


def cancel(town: House, number: str) -> None:
    """The order is called off."""
    with town.database.transaction() as session:
        order_id = session.scalars(select(Parcel.order_id).where(Parcel.number == number)).one()
        assert workflows.call_off_channel_order(session, order_id, reason="买家退款", now=town.now, by=town.bench.lead)


def test_a_cancelled_order_gives_its_number_back(town: House) -> None:
    number = town.parcel()
    town.ask(number)
    town.work()
    cancel(town, number)
    assert town.waybill(number).state == "cancelling"
    town.depot.levers.html = 1
    town.work(2)
    assert town.waybill(number).state == "cancelled"
    (parcel,) = town.depot.store.newest("parcel")
    assert parcel["state"] == "cancelled"


def test_an_order_cancelled_while_the_answer_is_lost_gives_the_number_back_too(town: House) -> None:
    number = town.parcel()
    town.ask(number)
    town.depot.levers.broken = 1
    town.work()
    cancel(town, number)
    assert (town.waybill(number).state, town.waybill(number).number) == ("cancelling", None)
    town.work(2)
    assert town.waybill(number).state == "cancelled"
    (parcel,) = town.depot.store.newest("parcel")
    assert (parcel["state"], parcel["number"]) == ("cancelled", town.waybill(number).number)


def test_a_cancellation_between_question_and_answer_is_not_forgotten(
    town: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = town.parcel()
    town.ask(number)
    provider = town.desk.provider
    assert provider is not None
    plain = provider.order

    def order_and_cancel(request: object) -> object:
        answer = plain(request)  # type: ignore[arg-type]
        cancel(town, number)
        return answer

    monkeypatch.setattr(provider, "order", order_and_cancel)
    town.work(2)
    assert town.waybill(number).state == "cancelled"
    (parcel,) = town.depot.store.newest("parcel")
    assert parcel["state"] == "cancelled"


def test_a_number_that_the_courier_keeps_is_work_for_the_lead(town: House) -> None:
    number = town.parcel()
    town.ask(number)
    town.work()
    given = town.waybill(number).number
    assert given is not None
    town.depot.move(given, "collected")
    cancel(town, number)
    town.work()
    assert (town.waybill(number).state, town.cases(number)) == ("failed", {"cancel_failed": None})
    assert "30005" in town.waybill(number).said


def test_another_courier_can_be_asked_after_the_first_was_given_up(town: House) -> None:
    number = town.parcel()
    (first,) = town.ask(number)
    town.work()
    with town.database.transaction() as session:
        service.drop_waybill(session, first, reason="换一家", now=town.now, by=town.bench.lead)
    town.ask(number, carrier="SF")
    town.work()
    old, new = town.waybills(number)
    assert (old.state, new.state, new.carrier) == ("cancelled", "issued", "SF")
    assert new.key == f"{number}-2"


def test_the_wrong_label_is_refused_at_the_door_and_the_right_one_leaves(town: House) -> None:
    first = town.packed()
    second = town.packed()
    town.ask(first, second)
    town.work()
    mine, other = town.waybill(first).number, town.waybill(second).number
    assert mine is not None
    assert other is not None
    for wrong in (other, "YT0000000000103"):
        with pytest.raises(Refused, match="label is ZTO") as refused:
            town.hand_over(first, wrong)
        assert refused.value.code == "other_label"
    town.hand_over(first, mine.lower())
    assert town.order_state(first) == "shipped"


def test_a_number_issued_for_another_box_is_refused_without_a_label_of_ones_own(town: House) -> None:
    first, second = town.parcel(), town.parcel()
    town.ask(first)
    town.work()
    number = town.waybill(first).number
    assert number is not None
    packed = town.packed()
    with pytest.raises(Refused) as refused:
        town.hand_over(packed, number)
    assert refused.value.code == "tracking_used"
    assert second


def test_leaving_with_a_label_written_by_hand_gives_the_wish_up(town: House) -> None:
    number = town.packed()
    town.ask(number)
    town.depot.levers.html = 1
    town.work()
    town.hand_over(number, "YT0000000000103")
    town.work(2)
    assert town.waybill(number).state == "cancelled"
    assert all(parcel["state"] == "cancelled" for parcel in town.depot.store.newest("parcel"))


def test_the_label_s_courier_counts_whatever_the_number_looks_like(town: House) -> None:
    number = town.packed()
    town.ask(number, carrier="YTO", way="sheet")
    with town.database.transaction() as session:
        service.give_number(session, town.waybill(number).id, "88812345678", now=town.now, by=town.bench.lead)
    town.hand_over(number, "88812345678")
    with town.database.transaction() as session:
        assert session.scalars(select(Parcel.carrier).where(Parcel.number == number)).one() == "YTO"


def test_a_job_that_runs_again_after_the_answer_changes_nothing(town: House) -> None:
    number = town.parcel()
    (waybill_id,) = town.ask(number)
    town.work()
    before, asked = town.waybill(number), town.depot.asked
    steps.send_waybill(town.database, town.desk, {"waybill": waybill_id}, town.now + timedelta(days=1))
    steps.cancel_waybill(town.database, town.desk, {"waybill": waybill_id}, town.now)
    assert town.depot.asked == asked
    assert (town.waybill(number).number, town.waybill(number).tries) == (before.number, before.tries)


def test_a_slow_answer_is_an_error_that_the_worker_sees(town: House) -> None:
    number = town.parcel()
    (waybill_id,) = town.ask(number)
    town.depot.levers.html = 1
    with pytest.raises(CourierAway):
        steps.send_waybill(town.database, town.desk, {"waybill": waybill_id}, town.now)


def test_a_changed_setting_asks_nobody_else_for_an_old_wish(town: House) -> None:
    number = town.parcel()
    (waybill_id,) = town.ask(number)
    with town.database.transaction() as session:
        session.get_one(Waybill, waybill_id).provider = "kdniao"
    town.work()
    assert (town.waybill(number).state, town.waybill(number).problem) == ("failed", "account")
    assert town.depot.asked == 0
