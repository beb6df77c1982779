"""Lists in and out: money adds up in a spreadsheet, text never runs as a formula, and a file is read within bounds."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.parse import FieldError
from kernel.sheets import (
    CellError,
    FileUnreadable,
    csv_lines,
    encoding_of,
    plain_yuan,
    read_cell,
    read_csv,
    require_columns,
    safe_cell,
)


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_money_in_a_file_is_a_number_with_two_decimals(fen: int) -> None:
    cell = safe_cell(plain_yuan(fen))
    assert Decimal(cell) * 100 == fen
    assert len(cell.partition(".")[2]) == 2
    assert "E" not in cell


def test_what_was_taken_back_stays_a_number() -> None:
    assert safe_cell(plain_yuan(-80)) == "-0.80"


@pytest.mark.parametrize("typed", ["-0.80", "=1+1", "+1", "@x", "＝1", "\u200b=1", "\t=1", " =1", "123456789012"])
def test_text_that_a_spreadsheet_would_run_or_round_is_marked(typed: str) -> None:
    assert safe_cell(typed).startswith("'")


def read(raw: bytes) -> tuple[list[str], list[tuple[int, list[str]]]]:
    return read_csv(raw, largest_bytes=2_000_000, most_rows=4)


def test_rows_keep_the_numbers_that_a_spreadsheet_shows() -> None:
    raw = 'a , 名\r\n1,"two\nlines"\r\n\r\n , \r\n2,x\r\n'.encode()
    assert read(raw) == (["a", "名"], [(2, ["1", "two\nlines"]), (5, ["2", "x"])])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_that_office_programs_write_are_read(encoding: str) -> None:
    assert read("品名,价\n香菇,1\n".encode(encoding)) == (["品名", "价"], [(2, ["香菇", "1"])])


def test_what_its_mark_says_is_believed_or_nothing() -> None:
    assert encoding_of(b"\xff\xfe\x00") is None
    assert encoding_of(b"\xef\xbb\xbf\xff") is None
    assert encoding_of(b"") == "utf-8"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"a" * 2_000_001, "at most 2 MB"),
        (b"PK\x03\x04rest of a workbook", "Excel"),
        (b"\xff\xff\xff", "encoding"),
        (b"a\n" + b"9" * 200_000, "no CSV"),
        (b"a\n1\n2\n3\n4\n5\n", "At most 4 rows"),
        (b"\n" * 1_999_999, "At most 4 rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(raw: bytes, words: str) -> None:
    with pytest.raises(FileUnreadable, match=words):
        read(raw)


def test_as_many_rows_as_are_allowed_are_read() -> None:
    assert len(read(b"a\n1\n2\n3\n4\n")[1]) == 4


def test_missing_columns_are_named() -> None:
    require_columns(["b", "a"], ["a", "b"])
    with pytest.raises(FileUnreadable, match="Row 1 lacks these columns: 品名, 价"):
        require_columns(["a"], ["品名", "a", "价"])


def test_a_bad_cell_names_its_column() -> None:
    def refuse(raw: str) -> int:
        raise FieldError(f"不能用 {raw}", f"cannot use {raw}")

    assert read_cell("价", "7", int) == 7
    with pytest.raises(CellError, match="cannot use x") as caught:
        read_cell("价", "x", refuse)
    assert caught.value.column == "价"


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    with suppress(FileUnreadable):
        read(raw)


@given(st.lists(st.text(alphabet="a香,\"'\n ", min_size=1).filter(str.strip), min_size=2, max_size=2))
def test_what_was_written_is_read_back(cells: list[str]) -> None:
    _, rows = read("".join(csv_lines(["a", "b"], [cells])).encode())
    assert rows == [(2, cells)]
