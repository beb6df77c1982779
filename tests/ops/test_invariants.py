"""`check-invariants`: each violation that is planted is found, and nothing else; a check of nothing is seen to be one."""

import json
from collections.abc import Iterator

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.care import invariants, rounds
from app.care.models import INVARIANTS, last_run
from app.commands.care import check_invariants
from kernel.clock import utc_now
from kernel.db import Database
from tests.conftest import database_of_its_own
from tests.ops.evening import BUYER, PHONE, busy_evening

# What breaks each invariant. Triggers and constraints are taken out of the way for it, inside a transaction that is
# rolled back.
PLANTS = {
    "stock_adds_up": [
        "UPDATE stock_levels SET on_hand = on_hand + 1 WHERE variant_id = (SELECT min(variant_id) FROM offers)"
    ],
    "nothing_oversold": [
        "ALTER TABLE stock_levels DROP CONSTRAINT ck_stock_levels_held_within_on_hand",
        "UPDATE stock_levels SET held = on_hand + 1 WHERE variant_id = (SELECT min(variant_id) FROM offers)",
    ],
    "holds_belong_to_orders": [
        "UPDATE stock_levels SET held = held + 1 WHERE variant_id = (SELECT max(variant_id) FROM offers)",
        (
            "INSERT INTO stock_movements (variant_id, kind, on_hand_change, held_change, source, by, at, reason) "
            "SELECT max(variant_id), 'held', 0, 1, 'by:hand', 'x', now(), '' FROM offers"
        ),
    ],
    "lines_are_counted": ["UPDATE offers SET waiting = waiting + 1 WHERE id = (SELECT min(id) FROM offers)"],
    "offers_not_oversold": ["UPDATE offers SET taken = taken + 1 WHERE id = (SELECT min(id) FROM offers)"],
    "orders_are_whole": ["DELETE FROM order_lines WHERE order_id = (SELECT id FROM orders WHERE state = 'cancelled')"],
    "acknowledged_orders_exist": [
        "DELETE FROM order_log WHERE order_id = (SELECT id FROM orders WHERE state = 'cancelled')",
        "DELETE FROM order_lines WHERE order_id = (SELECT id FROM orders WHERE state = 'cancelled')",
        "DELETE FROM orders WHERE state = 'cancelled'",
    ],
    "order_log_tells_the_state": [
        "UPDATE order_log SET to_state = 'expired' WHERE to_state = 'cancelled'",
    ],
    "vouchers_count_their_orders": ["UPDATE vouchers SET used = used + 1"],
    "paid_once": [
        (
            "INSERT INTO order_log (order_id, from_state, to_state, at, by, reason) "
            "SELECT id, 'paid', 'paid', now(), 'x', '' FROM orders WHERE state = 'paid' LIMIT 1"
        )
    ],
    "paid_orders_have_their_money": [
        "UPDATE payments SET amount_fen = amount_fen - 1 WHERE id = (SELECT min(id::text)::uuid FROM payments)"
    ],
    "money_never_lies_idle": [
        "UPDATE payments SET duplicate = true WHERE id = (SELECT min(id::text)::uuid FROM payments WHERE refunded_fen = 0)"
    ],
    "refunds_within_paid": ["UPDATE refunds SET amount_fen = amount_fen + 1"],
    "orders_know_their_refunds": ["UPDATE orders SET refunded_fen = refunded_fen + 1 WHERE refunded_fen > 0"],
    "refunds_are_under_way": ["DELETE FROM jobs WHERE kind = 'send_refund'"],
    "events_applied_once": [
        "UPDATE payment_events SET object_id = 'cs_nobody' WHERE event_id = (SELECT min(event_id) FROM payment_events)"
    ],
    "paid_orders_have_their_work": [
        (
            "DELETE FROM parcel_lines WHERE id = (SELECT min(l.id) FROM parcel_lines l JOIN parcels p ON p.id = l.parcel_id "
            "WHERE p.state = 'open')"
        )
    ],
    "one_task_a_parcel": [
        "DELETE FROM task_log WHERE task_id = (SELECT min(id) FROM packing_tasks WHERE state = 'waiting')",
        "DELETE FROM packing_tasks WHERE id = (SELECT min(id) FROM packing_tasks WHERE state = 'waiting')",
    ],
    "parcels_and_tasks_agree": [
        "UPDATE packing_tasks SET state = 'stopped' WHERE id = (SELECT min(id) FROM packing_tasks WHERE state = 'waiting')"
    ],
    "shipped_orders_have_left": [
        "UPDATE orders SET state = 'paid' WHERE state = 'shipped'",
        "UPDATE order_log SET to_state = 'paid', from_state = 'paid' WHERE to_state = 'shipped'",
    ],
    "wages_are_what_was_packed": ["UPDATE packing_tasks SET rate_fen = rate_fen + 1 WHERE packed_at IS NOT NULL"],
    "late_news_counts_once": [
        "UPDATE bench_actions SET task_id = (SELECT min(id) FROM packing_tasks WHERE state = 'waiting')"
    ],
    "reversals_match": ["UPDATE wage_entries SET task_id = task_id + 1000 WHERE kind = 'reversal'"],
    "shifts_are_one_at_a_time": [
        (
            "INSERT INTO shift_breaks (shift_id, began_at, ended_at) "
            "SELECT id, began_at - interval '1 hour', began_at FROM shifts ORDER BY id LIMIT 1"
        )
    ],
    "other_work_adds_up": [
        "UPDATE work_shares SET amount_fen = amount_fen + 1 WHERE id = (SELECT min(id) FROM work_shares)"
    ],
    "corrections_took_two": [
        "ALTER TABLE wage_corrections DROP CONSTRAINT ck_wage_corrections_second_person",
        "UPDATE wage_corrections SET decided_by_id = proposed_by_id WHERE granted_fen <> 0",
    ],
    "late_work_is_decided_once": [
        "UPDATE late_decisions SET correction_id = (SELECT min(id) FROM wage_corrections) WHERE correction_id IS NOT NULL"
    ],
    "the_law_is_added_once": [
        "UPDATE top_ups SET working = jsonb_set(working, '{minimum_fen}', '1') WHERE what = 'minimum'"
    ],
    "pay_runs_take_once": [
        "UPDATE pay_runs SET total_fen = total_fen + 1 WHERE state = 'closed'",
    ],
    "paid_out_is_due": ["UPDATE payouts SET fen = fen + 1 WHERE id = (SELECT min(id) FROM payouts)"],
    "farmers_get_the_promise": [
        "ALTER TABLE deliveries DROP CONSTRAINT ck_deliveries_promise_kept",
        "ALTER TABLE deliveries DROP CONSTRAINT ck_deliveries_unit_adds_up",
        "UPDATE deliveries SET promised_fen_per_kg = promised_fen_per_kg - 1 WHERE id = (SELECT min(id) FROM deliveries)",
    ],
    "quotes_were_real": [
        "UPDATE market_quotes SET fen_per_kg = fen_per_kg + 1, high_fen = high_fen + 1 WHERE id = (SELECT min(quote_id) FROM deliveries)"
    ],
    "weighed_bags_make_the_delivery": ["UPDATE delivery_bags SET gross_g = gross_g + 1 WHERE place = 1"],
    "asked_weigh_ins_took_two": [
        "ALTER TABLE weigh_in_requests DROP CONSTRAINT ck_weigh_in_requests_decided_by_another",
        "UPDATE weigh_in_requests SET decided_by_id = asked_by_id WHERE state = 'approved'",
    ],
    "old_prices_took_two": [
        (
            "UPDATE contract_versions v SET quote_days = 0, median_days = 1 WHERE EXISTS (SELECT 1 FROM deliveries d "
            "WHERE d.contract_id = v.contract_id AND d.contract_version = v.version AND d.quote_day < d.day)"
        )
    ],
    "what_went_home_is_not_owed": [
        "ALTER TABLE deliveries DROP CONSTRAINT ck_deliveries_net_is_gross_less_tare",
        "UPDATE deliveries SET refused_g = refused_g + 1 WHERE refused_g > 0",
    ],
    "prices_were_looked_at": [
        (
            "UPDATE delivery_quotes k SET quote_id = (SELECT min(id) FROM market_quotes) "
            "WHERE k.delivery_id = (SELECT max(delivery_id) FROM delivery_quotes)"
        )
    ],
    "deliveries_are_owed": [
        "UPDATE payables SET amount_fen = amount_fen + 1 WHERE id = (SELECT max(id) FROM payables)"
    ],
    "settlements_add_up": [
        "UPDATE settlements SET total_fen = total_fen + 1 WHERE id = (SELECT min(id) FROM settlements)"
    ],
    "settled_lines_keep_the_promise": [
        (
            "UPDATE settlement_lines SET amount_fen = amount_fen - 1 WHERE payable_id = "
            "(SELECT min(payable_id) FROM settlement_lines)"
        )
    ],
    "corrections_are_paid_once": [
        "UPDATE farmer_entries SET amount_fen = amount_fen + 1 WHERE id = (SELECT max(entry_id) FROM quote_corrections)"
    ],
    "entries_are_used_within": [
        (
            "UPDATE settlement_parts SET amount_fen = amount_fen - 10000000 WHERE amount_fen < 0 AND entry_id = "
            "(SELECT min(entry_id) FROM settlement_parts WHERE amount_fen < 0)"
        )
    ],
    "farmer_balances_do_not_drift": [
        "UPDATE payables SET amount_fen = amount_fen + 1 WHERE id = (SELECT min(payable_id) FROM settlement_lines)"
    ],
    "runs_took_two": [
        "ALTER TABLE settlement_runs DROP CONSTRAINT ck_settlement_runs_closed_by_another",
        "UPDATE settlement_runs SET closed_by_id = made_by_id WHERE state = 'closed'",
    ],
    "returned_money_is_owed_again": ["DELETE FROM settlement_returns"],
    "contracts_keep_their_versions": [
        (
            "UPDATE contract_versions SET agreed_g = agreed_g + 1 WHERE (contract_id, version) IN "
            "(SELECT id, version FROM contracts)"
        )
    ],
    "deliveries_keep_their_promise": ["UPDATE contract_versions SET deductions = '{}' WHERE version = 1"],
    "contracts_count_deliveries": [
        "UPDATE contracts SET delivered_g = delivered_g - 1 WHERE id = (SELECT min(contract_id) FROM deliveries)"
    ],
    "taken_back_is_not_paid": [
        "UPDATE settlement_lines SET settlement_id = NULL WHERE payable_id = (SELECT min(payable_id) FROM settlement_lines)"
    ],
    "lots_add_up": [
        "UPDATE lots SET used_g = used_g + 1 WHERE id = (SELECT min(id) FROM lots WHERE used_g < received_g)"
    ],
    "made_lots_come_from_lots": ["UPDATE lots SET loss_g = loss_g + 1 WHERE kind = 'dried'"],
    "sortings_add_up": ["UPDATE sortings SET taken_g = taken_g + 1"],
    "baggings_add_up": ["UPDATE baggings SET used_g = used_g + 1 WHERE id = (SELECT min(id) FROM baggings)"],
    "lots_are_in_the_stock_book": ["UPDATE stock_movements SET source = 'x' WHERE source LIKE 'lot-change:%'"],
    "blocked_lots_give_nothing": ["DELETE FROM lot_blocks WHERE blocked"],
    "bags_within_their_bagging": [
        "UPDATE bag_stocks SET taken = taken - 1 WHERE bagging_id = (SELECT min(bagging_id) FROM parcel_bags)"
    ],
    "packed_parcels_are_traced": [
        "DELETE FROM parcel_bags WHERE id = (SELECT min(id) FROM parcel_bags WHERE bagging_id IS NULL)"
    ],
    "held_parcels_stay": [
        (
            "INSERT INTO parcel_holds (parcel_id, reason, lot_id, at, by, freed_by, freed_reason) SELECT min(id), 'x', "
            "(SELECT min(id) FROM lots), now(), 'x', '', '' FROM parcels WHERE state = 'handed_over'"
        )
    ],
    "blocked_lots_keep_their_bags": [
        "UPDATE lots SET blocked = true WHERE id = (SELECT min(lot_id) FROM bagging_parts)"
    ],
    "boxes_go_to_one_door": [
        (
            "UPDATE parcels SET sent_with_id = (SELECT min(p.id) FROM parcels p JOIN orders o ON o.id = p.order_id "
            "WHERE p.state = 'open' AND p.leads_box AND o.phone NOT IN (SELECT phone FROM orders JOIN parcels q "
            "ON q.order_id = orders.id WHERE q.sent_with_id IS NOT NULL)) WHERE sent_with_id IS NOT NULL"
        )
    ],
    "signed_lists_add_up": ["UPDATE hand_over_lists SET weight_g = weight_g + 1"],
    "stopped_parts_stay_here": [
        "UPDATE stock_movements SET source = 'order:nobody' WHERE kind = 'released' AND source LIKE 'order:%:parcel:%'"
    ],
    "split_parcels_keep_their_goods": [
        "DELETE FROM parcel_lines WHERE parcel_id IN (SELECT max(split_from_id) FROM parcels)"
    ],
    "slips_come_from_jobs": ["UPDATE slip_prints SET copy = copy + 1 WHERE copy > 1"],
    "labels_within_their_lot": ["UPDATE bag_label_prints SET labels = labels + 100000"],
    "certificates_within_their_lots": ["DELETE FROM certificate_lots"],
    "batches_are_in_one_persons_hands": [
        (
            "UPDATE packing_tasks SET packer_id = (SELECT max(person_id) FROM packers) WHERE id = ("
            "SELECT min(id) FROM packing_tasks WHERE batch IS NOT NULL AND packer_id < (SELECT max(person_id) FROM packers) "
            "AND batch IN (SELECT batch FROM packing_tasks GROUP BY batch HAVING count(*) > 1))"
        )
    ],
    "planned_work_exists": ["UPDATE planned_tasks SET person_id = 0, task_id = -task_id"],
    "ledgers_are_locked": ["DROP TRIGGER wage_entries_append_only ON wage_entries"],
    "constraints_are_in_force": ["ALTER TABLE orders DROP CONSTRAINT ck_orders_refunds_within_total"],
    "waybills_fit_their_parcels": [
        (
            "UPDATE waybills SET number = (SELECT tracking_number FROM parcels WHERE state = 'handed_over' LIMIT 1), "
            "state = 'issued', issued_at = now() WHERE id = (SELECT min(id) FROM waybills)"
        )
    ],
    "delivered_orders_arrived": ["UPDATE trackings SET how_ended = 'returned' WHERE how_ended = 'delivered'"],
}

# A broken fact may well break a second sentence about it; these do.
ALSO = {
    "blocked_lots_keep_their_bags": {"blocked_lots_give_nothing"},
    "nothing_oversold": {"stock_adds_up", "holds_belong_to_orders", "constraints_are_in_force"},
    "orders_are_whole": {"offers_not_oversold"},
    "acknowledged_orders_exist": set(),
    "one_task_a_parcel": {"planned_work_exists"},
    "paid_once": {"order_log_tells_the_state"},
    "order_log_tells_the_state": set(),
    "money_never_lies_idle": {"paid_orders_have_their_money"},
    "refunds_within_paid": {"orders_know_their_refunds"},
    "paid_orders_have_their_work": set(),
    "shipped_orders_have_left": {"paid_once", "order_log_tells_the_state", "holds_belong_to_orders"},
    "wages_are_what_was_packed": set(),
    "reversals_match": {"wages_are_what_was_packed", "late_news_counts_once"},
    "farmers_get_the_promise": {"constraints_are_in_force"},
    "deliveries_keep_their_promise": {"contracts_keep_their_versions"},
    "asked_weigh_ins_took_two": {"constraints_are_in_force"},
    # A version no longer says what its contract says.
    "old_prices_took_two": {"contracts_keep_their_versions"},
    "what_went_home_is_not_owed": {"constraints_are_in_force", "bags_add_up"},
    "deliveries_are_owed": {"settlements_add_up"},
    "corrections_took_two": {"constraints_are_in_force"},
    "taken_back_is_not_paid": {"settlements_add_up", "farmer_balances_do_not_drift"},
    "settlements_add_up": {"farmer_balances_do_not_drift", "returned_money_is_owed_again"},
    "settled_lines_keep_the_promise": {"settlements_add_up"},
    "corrections_are_paid_once": {"farmer_balances_do_not_drift"},
    "entries_are_used_within": {"settlements_add_up", "farmer_balances_do_not_drift"},
    "farmer_balances_do_not_drift": {"settlements_add_up", "deliveries_are_owed"},
    "runs_took_two": {"constraints_are_in_force"},
}


@pytest.fixture(scope="module")
def evening(server_url: str) -> Iterator[Database]:
    """One busy evening for all plants; each is rolled back."""
    with database_of_its_own(server_url) as database:
        busy_evening(database)
        yield database


def test_a_busy_evening_keeps_every_invariant_and_every_one_looked_at_something(evening: Database) -> None:
    report = invariants.check(evening, rounds.ALL_INVARIANTS)
    assert report.violations == []
    assert [name for name, rows in report.checked.items() if rows == 0] == []


def test_every_invariant_has_a_plant() -> None:
    assert set(PLANTS) == {invariant.name for invariant in rounds.ALL_INVARIANTS}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_violation_is_found_and_named(evening: Database, name: str) -> None:
    with evening.engine.connect() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        for statement in PLANTS[name]:
            assert connection.execute(text(statement)).rowcount != 0
        report = invariants.check_within(Session(connection), rounds.ALL_INVARIANTS)
        connection.rollback()
    assert name in report.counts
    assert set(report.counts) <= {name} | ALSO.get(name, set())
    said = json.dumps(report.as_json(), ensure_ascii=False)
    assert BUYER not in said
    assert PHONE not in said


def run(database: Database, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    monkeypatch.setenv("DATABASE_URL", database.url)
    result = CliRunner().invoke(check_invariants, arguments)
    return result.exit_code, result.stdout


def test_the_command_prints_one_json_value_and_leaves_a_note(
    evening: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, printed = run(evening, monkeypatch, "--json")
    answer = json.loads(printed)
    assert (code, answer["ok"], answer["violations"]) == (0, True, [])
    assert set(answer) == {"ok", "checked", "violations"}
    with evening.transaction() as session:
        note = last_run(session, INVARIANTS)
        assert note is not None
        assert note.found == 0


def test_a_violation_ends_the_command_with_status_1(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.transaction() as session:
        session.execute(text("DROP TRIGGER order_log_append_only ON order_log"))
    code, printed = run(database, monkeypatch, "--json")
    answer = json.loads(printed)
    assert code == 1
    assert [each["subject"] for each in answer["violations"]] == ["table:order_log"]
    with database.transaction() as session:
        note = last_run(session, INVARIANTS)
        assert note is not None
        assert (note.found, note.details) == (1, {"ledgers_are_locked": 1})


def test_the_check_writes_nothing_while_it_counts(evening: Database) -> None:
    spy = invariants.Invariant("spy", "", "SELECT 1", "DELETE FROM limit_counts RETURNING '' AS subject, '' AS found")
    with pytest.raises(Exception, match=r"syntax error|read-only") as refused:
        invariants.check(evening, [spy])
    assert isinstance(refused.value.__cause__, psycopg.Error)


def test_the_check_sees_one_moment_while_orders_go_on(evening: Database) -> None:
    # The second query runs after another transaction has committed; it must still see the first one's moment.
    counted = invariants.Invariant(
        "a", "", "SELECT count(*) FROM heartbeats", "SELECT '' AS subject, '' AS found WHERE false"
    )
    with evening.transaction() as reader:
        reader.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        before = invariants.check_within(reader, [counted]).checked
        with evening.transaction() as writer:
            writer.execute(
                text("INSERT INTO heartbeats (name, at) VALUES (:name, :now)"), {"name": "x", "now": utc_now()}
            )
        assert invariants.check_within(reader, [counted]).checked == before
