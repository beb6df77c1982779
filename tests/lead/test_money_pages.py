"""Piece rates from a day on, checked before they are set; wages of a span of days."""

import csv
import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from fulfillment.piecework.models import PieceRate
from kernel import once
from kernel.db import Database
from kernel.people.models import Person
from tests.lead.world import Bench, order_parcel, pack, packed_parcel, take_all, task_of
from tests.packing.world import id_of
from tests.storefront.pages import assert_nothing_inline, fields_of
from tests.world import NOW

TODAY = "2026-11-24"


def wish(**changes: str) -> dict[str, str]:
    return {"up_to": "3", "rate": "0.90", "valid_from": TODAY, "form_key": once.new_key(), **changes}


def rates(database: Database) -> list[tuple[int, int, str]]:
    with database.transaction() as session:
        return [
            (rate.up_to_g, rate.rate_fen, rate.valid_from.isoformat())
            for rate in session.scalars(select(PieceRate).order_by(PieceRate.id))
        ][1:]


def test_a_rate_is_shown_before_it_is_set(lead: FlaskClient, database: Database) -> None:
    typed = wish(up_to="50")
    review = lead.post("/bench/lead/rates", data=typed)
    assert review.status_code == 200
    assert "请看清楚再定" in review.text
    assert "原来 ¥0.80" in review.text
    assert_nothing_inline(review)
    assert rates(database) == []
    confirmed = fields_of(review)
    assert confirmed["confirmed"] == "1"
    for _ in range(2):
        assert lead.post("/bench/lead/rates", data=confirmed).status_code == 303
    assert rates(database) == [(50_000, 90, TODAY)]


def test_work_taken_before_keeps_its_rate(lead: FlaskClient, database: Database, bench: Bench) -> None:
    before = order_parcel(database, bench)
    take_all(database, bench.ann)
    lead.post("/bench/lead/rates", data=wish(up_to="50", rate="1.20", confirmed="1"))
    after = order_parcel(database, bench)
    take_all(database, bench.bea)
    with database.transaction() as session:
        assert task_of(session, before).rate_fen == 80
        assert task_of(session, after).rate_fen == 120


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rate": "60"}, "rate"),
        ({"rate": "0"}, "rate"),
        ({"rate": "0.001"}, "rate"),
        ({"rate": "-1"}, "rate"),
        ({"rate": "１"}, "rate"),
        ({"up_to": "0"}, "up_to"),
        ({"up_to": "50.001"}, "up_to"),
        ({"up_to": ""}, "up_to"),
        ({"valid_from": "2026-11-23"}, "valid_from"),
        ({"valid_from": "2028-01-01"}, "valid_from"),
        ({"valid_from": "0001-01-01"}, "valid_from"),
        ({"valid_from": "soon"}, "valid_from"),
    ],
)
def test_a_wrong_rate_is_told_at_its_field_and_stays(
    lead: FlaskClient, database: Database, change: dict[str, str], field: str
) -> None:
    typed = wish(**change, confirmed="1")
    answer = lead.post("/bench/lead/rates", data=typed)
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    kept = fields_of(answer)
    assert {name: kept[name] for name in ("up_to", "rate", "valid_from")} == {
        name: typed[name] for name in ("up_to", "rate", "valid_from")
    }
    assert rates(database) == []


def test_a_second_rate_for_the_same_day_is_refused_at_the_day(lead: FlaskClient, database: Database) -> None:
    lead.post("/bench/lead/rates", data=wish(confirmed="1"))
    answer = lead.post("/bench/lead/rates", data=wish(rate="1.00", confirmed="1"))
    assert answer.status_code == 409
    assert 'id="error-valid_from"' in answer.text
    assert fields_of(answer)["rate"] == "1.00"
    assert rates(database) == [(3_000, 90, TODAY)]


def test_rates_stand_under_now_coming_and_earlier(lead: FlaskClient) -> None:
    lead.post("/bench/lead/rates", data=wish(up_to="50", rate="0.95", confirmed="1"))
    lead.post("/bench/lead/rates", data=wish(up_to="50", rate="1.10", valid_from="2026-12-01", confirmed="1"))
    page = lead.get("/bench/lead/rates").text
    now, _, rest = page.partition('id="coming-title"')
    coming, _, earlier = rest.partition("以前的单价")
    assert "¥0.95" in now
    assert "¥1.10" in coming
    assert "¥0.80" in earlier


def test_wages_of_a_span_by_person(lead: FlaskClient, database: Database, bench: Bench) -> None:
    for _ in range(2):
        packed_parcel(database, bench)
    page = lead.get("/bench/lead/wages").text
    assert "吴秀英" in page
    assert "¥1.60" in page
    assert "叶根土" not in page
    assert "没有人挣到钱" in lead.get("/bench/lead/wages?from=2026-10-01&to=2026-10-31").text
    paper = lead.get(f"/bench/lead/wages/paper?from={TODAY}&to={TODAY}").text
    assert "签字" in paper
    assert "¥1.60" in paper


def test_a_day_is_the_workshops_day(lead: FlaskClient, database: Database, bench: Bench) -> None:
    """NOW is 20:00 in the workshop; five hours later it is the 25th there, and still the 24th in UTC."""
    number = order_parcel(database, bench)
    later = NOW + timedelta(hours=5)
    assert take_all(database, bench.ann, later) == [number]
    pack(database, bench.ann, number, later)
    assert "吴秀英" not in lead.get(f"/bench/lead/wages?from={TODAY}&to={TODAY}").text
    assert "吴秀英" in lead.get("/bench/lead/wages?from=2026-11-25&to=2026-11-25").text


@pytest.mark.parametrize(
    "span", ["from=x&to=2026-11-24", "from=2026-11-24&to=2026-11-01", "from=1990-01-01&to=2026-11-24", "to=9999-12-31"]
)
def test_a_span_that_makes_no_sense_is_told_and_stays(lead: FlaskClient, span: str) -> None:
    answer = lead.get(f"/bench/lead/wages?{span}")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    typed = dict(part.split("=") for part in span.split("&"))
    assert typed.items() <= fields_of(answer).items()
    for other in ("/wages.csv", "/wages/paper"):
        assert lead.get(f"/bench/lead{other}?{span}").status_code == 200


def test_no_cell_of_the_wages_can_run(lead: FlaskClient, database: Database, bench: Bench) -> None:
    packed_parcel(database, bench)
    with database.transaction() as session:
        session.get_one(Person, id_of(bench.ann)).name = '=cmd|"/c calc"!A1'
    answer = lead.get("/bench/lead/wages.csv")
    header, row = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert header == ["姓名", "件数", "金额（元）"]
    assert row == ['\'=cmd|"/c calc"!A1', "1", "0.80"]
    assert "wages-2026-11-01-2026-11-24.csv" in answer.headers["Content-Disposition"]


def test_money_pages_speak_english(lead: FlaskClient) -> None:
    for address in ("/bench/lead/rates", "/bench/lead/wages"):
        page = lead.get(f"{address}?lang=en").text.partition("<main")[2].partition("</main>")[0]
        assert "the" in page.lower()
        assert "单价" not in page
        assert "工资" not in page
