"""Alive, ready, figures: what watchers see, and that they see it when something is wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from alembic import command
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app import migrate, workflows
from app.care import rounds
from app.care.models import BACKUP, note_run
from app.factory import create_app
from config import Settings
from kernel import outbox
from kernel.clock import utc_now
from kernel.db import Database
from shop.payments import service as payments
from shop.payments.stripe_gateway import EventFacts
from tests.payments.town import Town
from tests.world import make_live_offer, order_body


@pytest.fixture
def healthy(database: Database) -> Database:
    """A worker was seen just now."""
    with database.transaction() as session:
        workflows.note_worker_alive(session, utc_now())
    return database


def ready(client: FlaskClient) -> tuple[int, dict[str, str]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.get_json()["problems"]


def event_that_came(database: Database, ago: timedelta, *, lag: timedelta = timedelta(0), name: str = "evt_1") -> None:
    came = utc_now() - ago
    event = EventFacts(name, "checkout.session.completed", came - lag, "cs_1", livemode=False, account=None)
    with database.transaction() as session:
        payments.store_event(session, event, came)


def test_an_installation_with_everything_running_is_ready(healthy: Database, client: FlaskClient) -> None:
    assert ready(client) == (200, {})


def an_old_event(database: Database, app: Flask) -> None:
    event_that_came(database, timedelta(minutes=6))


def a_silent_worker(database: Database, app: Flask) -> None:
    with database.transaction() as session:
        workflows.note_worker_alive(session, utc_now() - timedelta(seconds=61))


def a_clock_ahead(database: Database, app: Flask) -> None:
    with database.transaction() as session:
        workflows.note_worker_alive(session, utc_now() + timedelta(seconds=400))
    app.extensions["clock"] = lambda: utc_now() + timedelta(seconds=400)


def a_full_disk(database: Database, app: Flask) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], least_disk_free_mb=10**9)


def an_older_schema(database: Database, app: Flask) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))


def a_database_that_only_reads(database: Database, app: Flask) -> None:
    with database.transaction() as session:
        name = session.execute(text("SELECT current_database()")).scalar_one()
        session.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    database.dispose()


@pytest.mark.parametrize(
    ("trouble", "name"),
    [
        (an_old_event, "payment_events"),
        (a_silent_worker, "worker"),
        (a_clock_ahead, "clock"),
        (a_full_disk, "disk"),
        (an_older_schema, "migrations"),
        (a_database_that_only_reads, "database"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_else(
    healthy: Database, app: Flask, trouble: Callable[[Database, Flask], None], name: str
) -> None:
    trouble(healthy, app)
    status, problems = ready(app.test_client())
    assert (status, list(problems)) == (503, [name])


def test_without_a_worker_the_shop_is_not_ready(client: FlaskClient) -> None:
    assert ready(client)[1] == {"worker": "never seen; start `python -m app.worker`"}


def test_an_unmigrated_database_is_not_ready_and_says_what_to_do(healthy: Database, client: FlaskClient) -> None:
    command.downgrade(migrate.alembic_config(healthy.url), "base")
    status, problems = ready(client)
    assert status == 503
    assert list(problems) == ["database"]


def test_a_database_that_is_away_leaves_the_process_alive(settings: Settings, healthy: Database) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/none")
    client = create_app(settings, away).test_client()
    assert client.get("/healthz").status_code == 200
    assert ready(client)[1] == {"database": "cannot be written (OperationalError)"}
    page = client.get("/")
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert "<h1>" in page.get_data(as_text=True)


def test_an_old_backup_is_a_warning_and_sends_no_customer_away(healthy: Database, settings: Settings) -> None:
    production = replace(settings, mode="production", public_url="https://shop.example", metrics_token="t" * 16)
    client = create_app(production, healthy).test_client()
    first = client.get("/readyz")
    assert (first.status_code, list(first.get_json()["warnings"])) == (200, ["backup"])
    with healthy.transaction() as session:
        note_run(session, BACKUP, utc_now() - timedelta(hours=27), details={})
    second = client.get("/readyz").get_json()
    assert second["warnings"]["backup"].startswith("the last one is 9720")
    assert second["backup_age_s"] >= 27 * 3600
    with healthy.transaction() as session:
        note_run(session, BACKUP, utc_now(), details={})
    assert client.get("/readyz").get_json()["warnings"] == {}


def figures(client: FlaskClient, **asked: object) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", **asked)  # type: ignore[arg-type]
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.get_data(as_text=True))
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_the_figures_tell_what_happened(healthy: Database, app: Flask, client: FlaskClient) -> None:
    with healthy.transaction() as session:
        offer = make_live_offer(session, on_hand=2, now=utc_now())
    address = f"/api/v1/streams/{offer.stream_id}/orders"
    for number, quantity in enumerate((2, 1, 1)):
        client.post(address, json=order_body(offer, quantity), headers={"Idempotency-Key": f"figures-{number}"})
    event_that_came(healthy, timedelta(seconds=30), lag=timedelta(seconds=12))
    event_that_came(healthy, timedelta(seconds=20), lag=timedelta(seconds=2), name="evt_2")
    with healthy.transaction() as session:
        outbox.enqueue(session, "send_refund", {}, now=utc_now() - timedelta(seconds=90))
        note_run(session, BACKUP, utc_now() - timedelta(hours=2), details={})
        session.execute(text("DROP TRIGGER order_log_append_only ON order_log"))
    rounds.check_invariants(healthy, utc_now())

    seen = figures(client)

    assert seen["gongfang_orders", "held"] == 1
    assert seen["gongfang_orders_placed_total",] == 1
    assert seen["gongfang_oversell_attempts_total",] == 2
    assert seen["gongfang_orders_refused_total", "out_of_stock"] == 2
    assert seen["gongfang_webhook_lag_seconds", "worst"] == 12
    assert seen["gongfang_webhook_lag_seconds", "mean"] == 7
    assert seen["gongfang_webhook_unapplied",] == 2
    assert seen["gongfang_webhook_oldest_unapplied_seconds",] >= 30
    assert seen["gongfang_jobs", "waiting"] == 1
    assert seen["gongfang_oldest_job_age_seconds",] >= 90
    assert seen["gongfang_invariant_violations",] == 1
    assert seen["gongfang_backup_age_seconds",] >= 7200
    assert seen["gongfang_http_requests_total", "2xx"] == 1
    assert seen["gongfang_http_requests_total", "4xx"] == 2


def test_two_processes_tell_the_same_figures(healthy: Database, settings: Settings) -> None:
    with healthy.transaction() as session:
        offer = make_live_offer(session, on_hand=1, now=utc_now())
    one, two = (create_app(settings, healthy).test_client() for _ in range(2))
    for number, client in enumerate((one, two, one)):
        client.post(
            f"/api/v1/streams/{offer.stream_id}/orders",
            json=order_body(offer),
            headers={"Idempotency-Key": f"both-{number}-key"},
        )
    figures(one)
    figures(two)
    for client in (one, two):
        assert figures(client)["gongfang_oversell_attempts_total",] == 2


def test_a_payment_event_that_comes_again_is_counted(town: Town) -> None:
    town.pay(town.order(town.offer()))
    (completed,) = town.events("checkout.session.completed")
    assert [town.post_event(completed) for _ in range(3)] == [200, 200, 200]
    assert figures(town.app.test_client())["gongfang_webhook_duplicates_total",] == 2


def test_figures_are_for_this_machine_or_for_the_token(healthy: Database, app: Flask, settings: Settings) -> None:
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert app.test_client().get("/metrics", environ_base=elsewhere).status_code == 404
    guarded = create_app(replace(settings, metrics_token="a-token-of-16-or-more"), healthy).test_client()
    assert guarded.get("/metrics").status_code == 404
    assert guarded.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    right = {"Authorization": "Bearer a-token-of-16-or-more"}
    assert guarded.get("/metrics", headers=right, environ_base=elsewhere).status_code == 200


def test_tallies_that_could_not_be_written_are_kept(database: Database, app: Flask) -> None:
    tally = app.extensions["tally"]
    tally.add("orders_placed")
    tally.write(Database("postgresql+psycopg://nobody@127.0.0.1:9/none"))
    tally.write(database)
    now: datetime = utc_now()
    with database.transaction() as session:
        workflows.note_worker_alive(session, now)
    assert figures(app.test_client())["gongfang_orders_placed_total",] == 1
