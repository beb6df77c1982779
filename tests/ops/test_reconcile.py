"""`reconcile`: three days without webhooks are made up for in one pass, and a second one changes nothing (R7)."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, text

from app.care import invariants, reconciling, rounds
from app.care.models import RECONCILE, last_run
from app.commands.reconcile import reconcile
from kernel.clock import utc_now
from kernel.db import Database
from kernel.outbox import Job
from shop.orders.models import Order
from shop.payments.models import PaymentEvent
from shop.payments.stripe_gateway import PaymentsAway
from tests.payments.town import API_KEY, Town


def one_pass(town: Town) -> reconciling.Reconciled:
    now = utc_now()
    return reconciling.reconcile(town.database, town.till, now - timedelta(days=3), now)


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of what money is about."""
    tables = (
        "orders",
        "order_log",
        "payments",
        "payment_events",
        "payment_notes",
        "refunds",
        "stock_levels",
        "parcels",
        "jobs",
    )
    with database.transaction() as session:
        return {
            table: [tuple(row) for row in session.execute(text(f"SELECT * FROM {table} ORDER BY 1"))]
            for table in tables
        }


def test_lost_webhooks_are_recovered_in_one_pass_and_a_second_changes_nothing(town: Town) -> None:
    offer = town.offer(on_hand=10)
    paid = town.order(offer, key="paid-0001")
    town.pay(paid)
    wallet = town.order(offer, key="wallet-0001", phone="13800008001")
    page = town.session_of(town.press_pay(wallet))
    town.wallet(page, "later")
    town.finish_later()
    refunded = town.order(offer, key="refunded-1", phone="13800008002")
    town.pay(refunded, "alipay")
    town.lose_events()
    assert {town.state(number) for number in (paid, wallet, refunded)} == {"held"}

    first = one_pass(town)

    assert {town.state(number) for number in (paid, wallet, refunded)} == {"paid"}
    assert first.events_missed >= 3
    assert (first.left, first.unknown_paid) == (0, [])
    assert invariants.check(town.database, rounds.ALL_INVARIANTS).violations == []
    before = everything(town.database)
    second = one_pass(town)
    assert (second.found, second.events_seen) == (0, first.events_seen)
    assert everything(town.database) == before


def test_a_refund_whose_result_was_lost_is_finished(town: Town) -> None:
    number = town.order(town.offer(on_hand=5))
    town.pay(number, "alipay")
    town.deliver()
    town.refund(number, 100)
    town.work()
    assert [refund.state for refund in town.refunds(number)] == ["pending"]
    town.finish_later()
    town.lose_events()
    assert one_pass(town).found
    assert [refund.state for refund in town.refunds(number)] == ["succeeded"]
    assert one_pass(town).found == 0


def test_money_for_a_hold_that_ran_out_meanwhile_goes_back_by_itself(town: Town) -> None:
    number = town.order(town.offer(on_hand=1))
    town.pay(number)
    town.lose_events()
    with town.database.transaction() as session:
        session.execute(text("UPDATE orders SET hold_until = now() - interval '1 hour'"))
    with town.stripe_away():
        town.worker.run_once()
    assert town.state(number) == "expired"
    # The streamer lowers the allotment meanwhile: nothing is left for the late money.
    with town.database.transaction() as session:
        session.execute(text("UPDATE offers SET allotment = taken"))
    one_pass(town)
    assert town.state(number) == "refunded"
    town.work()
    assert [refund.state for refund in town.refunds(number)] == ["succeeded"]


def test_jobs_that_were_given_up_are_taken_up_again(town: Town) -> None:
    number = town.order(town.offer(on_hand=5))
    town.pay(number)
    town.deliver()
    town.refund(number, 100)
    with town.database.transaction() as session:
        session.execute(text("UPDATE jobs SET given_up_at = now(), attempts = 20 WHERE kind = 'send_refund'"))
    assert one_pass(town).jobs_taken_up_again == 1
    town.work()
    assert [refund.state for refund in town.refunds(number)] == ["succeeded"]
    with town.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Job).where(Job.given_up_at.is_not(None))) == 0


def test_a_paid_page_that_no_payment_knows_is_left_for_a_person(town: Town) -> None:
    number = town.order(town.offer(on_hand=5))
    page = town.pay(number)
    town.lose_events()
    with town.database.transaction() as session:
        for table in ("payment_notes", "payments"):
            session.execute(text(f"DELETE FROM {table}"))
    result = one_pass(town)
    assert result.unknown_paid == [page]
    assert result.left == 1
    assert town.state(number) == "held"


def test_the_command_tells_what_it_found_in_one_json_value(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.pay(town.order(town.offer(on_hand=5)))
    town.lose_events()
    for name, value in {
        "DATABASE_URL": town.database.url,
        "STRIPE_API_URL": town.stripe_url,
        "STRIPE_API_KEY": API_KEY,
        "VAR_DIR": str(Path(town.app.extensions["settings"].var_dir)),
    }.items():
        monkeypatch.setenv(name, value)
    answers = [CliRunner().invoke(reconcile, ["--since", "3d", "--json"], catch_exceptions=False) for _ in range(2)]
    assert [answer.exit_code for answer in answers] == [0, 0]
    first, second = (json.loads(answer.stdout) for answer in answers)
    assert first["found"] == first["mended"] > 0
    assert (second["found"], second["left"], second["ok"]) == (0, 0, True)
    with town.database.transaction() as session:
        note = last_run(session, RECONCILE)
        assert note is not None
        assert note.found == 0
        assert (
            session.scalar(select(func.count()).select_from(PaymentEvent).where(PaymentEvent.applied_at.is_(None))) == 0
        )
        assert session.scalars(select(Order.state)).all() == ["paid"]


@pytest.mark.parametrize("since", ["3", "3w", "0d", "31d", "-1d", "１d", "999h9"])
def test_an_odd_span_is_a_misuse(since: str) -> None:
    assert CliRunner().invoke(reconcile, ["--since", since]).exit_code == 2


def test_stripe_away_is_said_and_changes_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.pay(town.order(town.offer(on_hand=5)))
    town.lose_events()
    monkeypatch.setenv("DATABASE_URL", town.database.url)
    monkeypatch.setenv("STRIPE_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("VAR_DIR", str(Path(town.app.extensions["settings"].var_dir)))
    before = everything(town.database)
    with pytest.raises(PaymentsAway, match=r"127\.0\.0\.1:9 does not answer"):
        CliRunner().invoke(reconcile, ["--json"], catch_exceptions=False)
    assert everything(town.database) == before
