"""Why somebody was given work: said to the packer on the card, and to the lead about the packer."""

from flask import Flask
from flask.testing import FlaskClient

from fulfillment.bench import reason_words
from fulfillment.routing.reasons import REASONS
from kernel.db import Database
from tests.lead.world import Bench, browser_of, order_parcel, take_all
from tests.world import NOW


def test_every_reason_has_its_words_for_both() -> None:
    assert set(REASONS) == set(reason_words._TO_YOU) == set(reason_words._ABOUT)


def test_the_packer_and_the_lead_read_why(app: Flask, database: Database, bench: Bench, lead: FlaskClient) -> None:
    number = order_parcel(database, bench)
    take_all(database, bench.ann)
    packer = browser_of(app, database, bench.ann, NOW)
    assert "给您这批，是因为这些最早要寄。" in packer.get("/bench").text
    for page in ("/bench/lead/people", f"/bench/lead/parcels/{number}"):
        assert "最早要寄" in lead.get(page).text


def test_work_from_before_reasons_were_kept_is_shown_without_one(
    app: Flask, database: Database, bench: Bench, lead: FlaskClient
) -> None:
    order_parcel(database, bench)
    take_all(database, bench.ann)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE packing_tasks SET because = NULL, batch_place = NULL")
    assert "是因为" not in browser_of(app, database, bench.ann, NOW).get("/bench").text
    assert "因为" not in lead.get("/bench/lead/people").text
