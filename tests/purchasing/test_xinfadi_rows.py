"""The real rows of a week, every one accounted for, and the traps in them by name."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.quotes import queries, service
from fulfillment.purchasing.quotes.models import MarketQuote
from fulfillment.purchasing.quotes.rules import Kind
from fulfillment.purchasing.quotes.service import XINFADI
from fulfillment.purchasing.quotes.xinfadi import MARKET, read_rows, rows_of_file
from kernel.sheets import FileUnreadable
from tests.purchasing.world import TODAY, WEIGHER
from tests.world import NOW

FILE = Path(__file__).parents[1] / "data/prices/xinfadi_2022-06-12_18.json"
SHIITAKE = Kind("xianggu-fresh", "fresh", "鲜香菇")
ROW = {
    "prodName": "香菇",
    "lowPrice": "3.5",
    "highPrice": "6.0",
    "avgPrice": "4.75",
    "place": "冀",
    "specInfo": "",
    "unitInfo": "斤",
    "pubDate": "2022-06-18 00:00:00",
}


def import_week(session: Session) -> list[MarketQuote]:
    """The file, into a book that knows one name."""
    name = {"source": XINFADI, "name": "香菇", "form": "", "grade": ""}
    service.name_quotes(session, **name, kind=SHIITAKE, now=NOW, by=WEIGHER)
    found = read_rows(rows_of_file(FILE.read_bytes()), TODAY)
    service.add_quotes(session, XINFADI, found.rows.values(), now=NOW, by=WEIGHER)
    return list(session.scalars(select(MarketQuote)))


def test_every_real_row_is_accounted_for(session: Session) -> None:
    found = read_rows(rows_of_file(FILE.read_bytes()), TODAY)
    assert (found.read, len(found.rows), found.repeats, found.refused) == (109, 108, 1, [])
    rows = import_week(session)
    assert Counter((row.state, row.why) for row in rows) == {
        ("accepted", ""): 7,  # shiitake, a price a day
        ("held", "unknown_name"): 80,
        ("held", "low_above_high"): 7,  # Thai bananas
        ("refused", "not_comparable"): 14,  # coconuts a piece, eggs by the box
    }


def test_the_traps_are_where_they_should_be(session: Session) -> None:
    by_name: dict[str, list[MarketQuote]] = {}
    for row in import_week(session):
        by_name.setdefault(row.name, []).append(row)
    # A melon, a leaf, and mushrooms that are not shiitake: never taken for ours.
    for name in ("玉菇(奶香蜜)", "木耳菜", "白玉菇", "平菇(小叶)", "杏鲍菇", "金针菇"):
        assert {(row.product, row.why) for row in by_name[name]} == {(None, "unknown_name")}, name
    assert all(row.low_fen <= row.fen_per_kg <= row.high_fen for row in by_name["泰国香蕉(帝王蕉)"])
    assert {row.why for row in by_name["泰国香蕉(帝王蕉)"]} == {"low_above_high"}
    assert {(row.unit, row.comparable) for row in by_name["椰青"]} == {("元/个", False)}
    # One name, two units: eggs by weight can be compared and eggs by the box cannot.
    assert {(row.unit, row.comparable) for row in by_name["箱鸡蛋"]} == {("元/箱", False), ("元/斤", True)}
    assert len(by_name["胖头鱼(<2000g)"]) == len(by_name["胖头鱼(>2000g)"]) == 6
    # The row that came twice is there once.
    assert [row.day for row in by_name["大白菜"]].count(date(2022, 6, 18)) == 1


def test_shiitake_is_priced_a_kilogram_each_day_of_the_week(session: Session) -> None:
    import_week(session)
    found = queries.accepted(session, SHIITAKE, market=MARKET, first=date(2022, 6, 12), last=date(2022, 6, 18))
    assert [(row.day.day, row.low_fen, row.high_fen, row.fen_per_kg) for row in found] == [
        (day, 700, 1_200, 950) for day in range(12, 19)
    ]


def test_the_week_read_again_changes_nothing(session: Session) -> None:
    before = sorted((row.id, row.state, row.why) for row in import_week(session))
    assert sorted((row.id, row.state, row.why) for row in import_week(session)) == before


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"prodName": None}, "prodName"),
        ({"prodName": "  "}, "prodName"),
        ({"unitInfo": ""}, "unitInfo"),
        ({"pubDate": None}, "pubDate"),
        ({"pubDate": "yesterday"}, "pubDate"),
        ({"pubDate": "2062-06-18 00:00:00"}, "pubDate"),
        ({"lowPrice": None}, "lowPrice"),
        ({"lowPrice": "0.0"}, "lowPrice"),
        ({"lowPrice": "-3.5"}, "lowPrice"),
        ({"avgPrice": "NaN"}, "avgPrice"),
        ({"avgPrice": "6.01"}, "avgPrice"),
        ({"highPrice": "6e9"}, "highPrice"),
        ({"highPrice": {"yuan": 6}}, "highPrice"),
        ({"specInfo": "x" * 61}, "specInfo"),
    ],
)
def test_a_broken_row_is_named_and_the_others_are_kept(change: dict[str, object], column: str) -> None:
    found = read_rows([ROW, ROW | change, {**ROW, "prodName": "口蘑"}], TODAY)
    assert [(row.row, row.column) for row in found.refused] == [(2, column)]
    assert (found.read, len(found.rows)) == (3, 2)


@pytest.mark.parametrize("row", [None, 3, "香菇", []])
def test_what_is_no_record_is_named(row: object) -> None:
    assert [each.row for each in read_rows([row], TODAY).refused] == [1]


def test_numbers_instead_of_strings_are_read_too() -> None:
    (row,) = read_rows([ROW | {"lowPrice": 3.5, "avgPrice": 4.75, "highPrice": 6}], TODAY).rows.values()
    assert row.fen_per_kg == 950


@pytest.mark.parametrize(
    "body", [{"list": [ROW]}, [ROW], {"pages": [{"response": {"list": [ROW]}}]}, {"pages": [{"list": [ROW]}]}]
)
def test_a_saved_answer_is_read_in_any_of_its_forms(body: object) -> None:
    assert rows_of_file(json.dumps(body).encode()) == [ROW]


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"null", b"\xff", b"[" * 10_000, b'{"pages": []}', b'{"pages": [1]}', b'{"list": 3}']
)
def test_another_file_is_refused(raw: bytes) -> None:
    with pytest.raises(FileUnreadable):
        rows_of_file(raw)
