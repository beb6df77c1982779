"""The workshop's own price file: good rows kept, the others named by row and column."""

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.purchasing.quotes.price_file import COLUMNS, LARGEST_BYTES, read_price_file
from kernel.sheets import FileUnreadable
from kernel.text import Text

TEMPLATE = Path(__file__).parents[1] / "data/prices/manual_price_import_template.csv"
TODAY = date(2026, 11, 24)
HEADER = ",".join(COLUMNS)
GOOD = "2026-08-01,庆元香菇市场,香菇,干,一级,88,96,92,元/公斤"


def read(*lines: str, encoding: str = "utf-8") -> object:
    return read_price_file("\r\n".join([HEADER, *lines]).encode(encoding), TODAY)


def test_the_template_reads_whole_with_its_three_units() -> None:
    found = read_price_file(TEMPLATE.read_bytes(), TODAY)
    assert (found.read, found.refused, found.repeats) == (3, [], 0)
    prices = [(row.name, row.form, row.grade, row.low_fen, row.high_fen, row.fen_per_kg) for row in found.rows.values()]
    assert prices == [
        ("香菇", "dry", "一级", 8_800, 9_600, 9_200),
        ("花菇", "dry", "特级", 12_000, 14_000, 13_000),
        ("香菇", "fresh", "统货", 900, 1_100, 1_000),
    ]
    assert {row.day for row in found.rows.values()} == {date(2026, 8, 1)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_office_encodings_are_read(encoding: str) -> None:
    found = read(GOOD, encoding=encoding)
    assert [row.name for row in found.rows.values()] == ["香菇"]


def test_columns_are_found_by_name_wherever_they_stand() -> None:
    header, row = [*reversed(COLUMNS), "备注"], [*reversed(GOOD.split(",")), "x"]
    found = read_price_file(f"{','.join(f' {name} ' for name in header)}\n{','.join(row)}\n".encode(), TODAY)
    assert [row.fen_per_kg for row in found.rows.values()] == [9_200]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("2026-13-01,场,香菇,干,一级,88,96,92,元/公斤", "日期"),
        ("2026-11-25,场,香菇,干,一级,88,96,92,元/公斤", "日期"),
        (",场,香菇,干,一级,88,96,92,元/公斤", "日期"),
        ("2026-08-01,,香菇,干,一级,88,96,92,元/公斤", "来源/市场"),
        ("2026-08-01,场,,干,一级,88,96,92,元/公斤", "品名"),
        ("2026-08-01,场,香菇,湿,一级,88,96,92,元/公斤", "形态(干/鲜)"),
        ("2026-08-01,场,香菇,干,一级,-1,96,92,元/公斤", "最低价"),
        ("2026-08-01,场,香菇,干,一级,0,96,92,元/公斤", "最低价"),
        ("2026-08-01,场,香菇,干,一级,88,９６,92,元/公斤", "最高价"),
        ("2026-08-01,场,香菇,干,一级,88,96,1e3,元/公斤", "均价"),
        ("2026-08-01,场,香菇,干,一级,88,96,97,元/公斤", "均价"),
        ("2026-08-01,场,香菇,干,一级,88,96,9999999,元/公斤", "均价"),
        ("2026-08-01,场,香菇,干,一级,88,96,92,", "单位"),
        ("2026-08-01,场,香菇", "单位"),
        (f"2026-08-01,场,{'菇' * 61},干,一级,88,96,92,元/公斤", "品名"),
    ],
)
def test_a_bad_row_is_named_by_row_and_column_and_the_others_are_kept(line: str, column: str) -> None:
    found = read(GOOD, "", line)
    assert found.read == 2
    assert len(found.rows) == 1
    (refused,) = found.refused
    # Row 1 is the header and row 3 is empty: a spreadsheet shows this one as row 4.
    assert (refused.row, refused.column) == (4, column)
    assert isinstance(refused.reason, Text)
    assert refused.reason.zh
    assert refused.reason.en


def test_what_is_sold_by_the_piece_is_kept_but_not_comparable() -> None:
    found = read("2026-08-01,场,香菇,干,一级,88,96,92,元/箱", GOOD)
    assert [row.comparable for row in found.rows.values()] == [False, True]


def test_a_low_above_its_high_is_kept_for_a_person() -> None:
    (row,) = read("2026-08-01,场,香菇,干,一级,96,88,92,元/公斤").rows.values()
    assert (row.is_upside_down, row.low_fen, row.high_fen) == (True, 8_800, 9_600)


def test_a_row_that_comes_twice_counts_once_with_its_last_price() -> None:
    found = read(GOOD, GOOD.replace("92", "93"))
    assert (found.read, len(found.rows), found.repeats) == (2, 1, 1)
    assert [row.fen_per_kg for row in found.rows.values()] == [9_300]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "lacks these columns"),
        ("日期,品名\n".encode(), "来源/市场, 形态"),
        (b"\xff\xfe\xff\xff\xff", "encoding"),
        (b"PK\x03\x04rest of a workbook", "Excel"),
        (b"x" * (LARGEST_BYTES + 1), "too large"),
        (f"{HEADER}\n{'9' * 200_000}\n".encode(), "CSV"),
        ((f"{HEADER}\n" + f"{GOOD}\n" * 20_001).encode(), "At most 20000 rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(raw: bytes, words: str) -> None:
    with pytest.raises(FileUnreadable, match=words):
        read_price_file(raw, TODAY)


@given(
    st.one_of(
        st.binary(max_size=400), st.text(max_size=300).map(lambda text: f"{HEADER}\n{text}".encode("utf-8", "replace"))
    )
)
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    with suppress(FileUnreadable):
        found = read_price_file(raw, TODAY)
        assert found.read == len(found.rows) + len(found.refused) + found.repeats
