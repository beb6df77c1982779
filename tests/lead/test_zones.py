"""Zones of couriers are shown in words; the data keep the codes of the merchants' lists."""

import csv
import io
from pathlib import Path

from flask.testing import FlaskClient

from fulfillment.bench.courier_words import ZONE_WORDS
from fulfillment.couriers import fees
from fulfillment.couriers.fees import tariff_file
from tests.world import NOW


def test_every_zone_of_the_merchants_lists_has_a_word() -> None:
    with (Path(fees.__file__).parent / "quotes_2025-09.csv").open(encoding="utf-8-sig") as file:
        zones = {row["zone"] for row in csv.DictReader(file) if row["carrier"] != "SF"}
    assert zones == set(ZONE_WORDS)
    assert (ZONE_WORDS["two"].zh, ZONE_WORDS["two"].en) == ("二区", "Zone 2")
    assert ZONE_WORDS["xz"].zh == "西藏新疆"


def test_the_page_of_fees_says_zones_in_words_and_the_file_keeps_their_codes(lead: FlaskClient) -> None:
    sent = {"file": (io.BytesIO(tariff_file.SAMPLE.read_bytes()), "prices.csv"), "valid_from": NOW.date().isoformat()}
    assert lead.post("/bench/lead/fees/file", data=sent).status_code == 200
    page = lead.get("/bench/lead/fees?carrier=STO").text
    for word in ("一区", "五区", "西藏新疆"):
        assert f"<bdi>{word}</bdi>" in page
    assert "<bdi>two</bdi>" not in page
    assert "<bdi>Zone 2</bdi>" in lead.get("/bench/lead/fees?carrier=STO&lang=en").text
    assert ",two," in lead.get("/bench/lead/fees/prices.csv").text
