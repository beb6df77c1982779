"""Files: bounded before they are read, and named for what they are when they are not tables of orders."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.parse import FieldError
from shop.channels import sheets, xlsx
from shop.channels.xlsx import read_workbook, write_workbook
from tests.channels.conftest import SAMPLES, as_csv, douyin_order, read, sample
from tests.channels.files import SHEET, SHEET_END, csv_of, forged_workbook, workbook_of


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b" \r\n ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 50, "picture"),
        (b"\xff\xd8\xff\xe0" + b"x" * 50, "picture"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 50, "old workbook"),
        (b"<html><table><tr><td>1", "web page"),
        (b"a,b\x00,c\n1,2,3", "not a table"),
        (b"PK\x03\x04 torn", "cannot be opened"),
        (b"x" * (sheets.LARGEST_BYTES + 1), "over 5 MB"),
        ("主订单编号\n1".encode(), "missing"),
        (b"\xff\xfea\x00\n", "encoding is unknown"),
    ],
)
def test_a_file_that_is_no_export_says_what_it_is(raw: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        read("douyin", raw)
    assert set(refused.value.fields) == {"file"}


@pytest.mark.parametrize("platform", SAMPLES)
@pytest.mark.parametrize("other", SAMPLES)
def test_another_platforms_file_is_named(platform: str, other: str) -> None:
    if platform == other:
        assert read(platform, *sample(platform)).refused == ()
        return
    names = {"pdd": "Pinduoduo", "wechat": "WeChat", "tiktok": "TikTok"}
    with pytest.raises(Invalid) as refused:
        read(platform, *sample(other))
    assert f"export of {names.get(other, other.capitalize())}" in str(refused.value)


def test_taobaos_second_file_in_the_first_place_is_named() -> None:
    orders, details = sample("taobao")
    assert details is not None
    with pytest.raises(Invalid, match="give it as the second file"):
        read("taobao", details, orders)
    with pytest.raises(Invalid, match="line list") as missing:
        read("taobao", orders)
    assert set(missing.value.fields) == {"detail"}


def test_a_missing_column_is_named() -> None:
    row = douyin_order()
    del row["收件人手机号"]
    with pytest.raises(Invalid, match="missing: 收件人手机号"):
        read("douyin", as_csv([row]))


def test_a_column_that_is_there_twice_is_refused() -> None:
    lines = as_csv([douyin_order()]).decode("utf-8-sig").splitlines()
    with pytest.raises(Invalid, match="收件人 is there twice"):
        read("douyin", "\n".join([lines[0].replace("取消原因", "收件人"), lines[1]]).encode())


def test_too_many_rows_and_too_many_columns_are_refused() -> None:
    with pytest.raises(FieldError, match="more than 20000 rows"):
        sheets.read_grid(b"a\n" * 20_001)
    assert len(sheets.read_grid(b"a\n" * 20_000)) == 20_000
    with pytest.raises(FieldError, match="more than 300 columns"):
        sheets.read_grid(b"a," * 300 + b"b")


def test_an_unclosed_quotation_mark_is_named_by_its_line() -> None:
    with pytest.raises(FieldError, match=r"line \d+ cannot be read"):
        sheets.read_grid(b'a,b\n1,"' + b"x" * 200_000)


@given(st.binary(max_size=400))
def test_no_bytes_bring_the_reader_down(raw: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"\xef\xbb\xbf", b"\xff\xfe"):
        try:
            read("douyin", start + raw)
        except Invalid as refused:
            assert set(refused.fields) == {"file"}  # noqa: PT017 - both outcomes are right, a crash is not
        else:
            pytest.fail("random bytes are no export")


@given(st.text(st.characters(codec="gb18030"), max_size=80))
def test_a_text_without_a_mark_is_utf_8_or_else_gb18030(text: str) -> None:
    assert sheets.decode(text.encode("utf-8-sig")) == text
    assert sheets.decode(text.encode()) == text.removeprefix("\ufeff")
    raw = text.encode("gb18030")
    try:
        wanted = raw.decode()
    except UnicodeDecodeError:
        wanted = text
    assert sheets.decode(raw) == wanted


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_commas_tabs_and_semicolons_part_cells(delimiter: str) -> None:
    assert sheets.read_grid(csv_of([["a", "b"], ["1,5", "x"]], delimiter=delimiter)) == [["a", "b"], ["1,5", "x"]]


# ---- workbooks ----


def test_a_buyers_note_that_became_a_formula_is_read_as_its_text() -> None:
    notes = {order.buyer_note for order in read("kuaishou", sample("kuaishou")[0]).orders}
    assert "=1+1 开玩笑的" in notes


def test_a_formula_with_a_value_is_its_value() -> None:
    sheet = (
        SHEET + b'<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><f>A1&amp;"x"</f><v></v></c></row>' + SHEET_END
    )
    assert read_workbook(forged_workbook(sheet))["Sheet1"] == [[2.0, '=A1&"x"']]


def cell_far_away() -> bytes:
    """5 kB that lay out 17 billion cells."""
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return forged_workbook(SHEET + b'<row r="1"><c r="A1"><v>1</v></c></row>' + far + SHEET_END)


def cells_without_places() -> bytes:
    """Many rows and one wide row, none of which says where it is."""
    return forged_workbook(SHEET + b"<row>" + b"<c/>" * 20_000 + b"</row>" + b"<row/>" * 20_000 + SHEET_END)


def one_long_string_many_times() -> bytes:
    """11 kB that become 100 GB of text."""
    shared = b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
    cells = b'<row r="1">' + b'<c t="s"><v>0</v></c>' * 100_000 + b"</row>"
    return forged_workbook(SHEET + cells + SHEET_END, shared + b"a" * 1_000_000 + b"</t></si></sst>")


def hidden_values() -> bytes:
    """The same with the number of the string written so that it cannot be counted."""
    shared = b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
    cells = b'<row r="1">' + b'<c t="s"><v>&#48;</v></c>' * 1_000 + b"</row>"
    return forged_workbook(SHEET + cells + SHEET_END, shared + b"a" * 1_000_000 + b"</t></si></sst>")


def packed_zeros() -> bytes:
    """100 kB that unpack to more than all that is allowed."""
    return forged_workbook(SHEET + b" " * (xlsx.MOST_UNPACKED_BYTES + 1) + SHEET_END)


def too_many_parts() -> bytes:
    """A zip of very many small sheets."""
    buffer = io.BytesIO(workbook_of([["a"]]))
    with zipfile.ZipFile(buffer, "a") as archive:
        for number in range(xlsx.MOST_PARTS + 1):
            archive.writestr(f"xl/worksheets/more{number}.xml", b"")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "bomb",
    [cell_far_away, cells_without_places, one_long_string_many_times, hidden_values, packed_zeros, too_many_parts],
)
def test_a_workbook_that_would_cost_too_much_is_refused_before_it_is_parsed(
    bomb: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(bomb)
    raw = bomb()
    assert len(raw) < sheets.LARGEST_BYTES

    def parsed(*_: object) -> None:
        pytest.fail("the parser saw it")

    monkeypatch.setattr(xlsx.CalamineWorkbook, "from_filelike", parsed, raising=False)
    monkeypatch.setattr(xlsx, "CalamineWorkbook", type("Parser", (), {"from_filelike": staticmethod(parsed)}))
    with pytest.raises(FieldError, match="unpacks to far too much"):
        read_workbook(raw)


def test_a_header_that_lies_about_sizes_is_not_believed() -> None:
    raw = bytearray(packed_zeros())
    claimed = (xlsx.MOST_UNPACKED_BYTES + len(SHEET) + len(SHEET_END) + 1).to_bytes(4, "little")
    assert bytes(raw).count(claimed) >= 1
    with pytest.raises(FieldError):
        read_workbook(bytes(raw).replace(claimed, (100).to_bytes(4, "little")))


def test_an_honest_evening_of_orders_passes_all_limits() -> None:
    rows = [
        [f"值{column}" for column in range(61)],
        *([f"{row}-{column % 7}" for column in range(61)] for row in range(2_000)),
    ]
    read_back = read_workbook(workbook_of(rows))["Sheet1"]
    assert read_back == rows


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12), min_size=1, max_size=4
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_written_is_text_whatever_it_begins_with(rows: list[list[str]]) -> None:
    width = max(len(row) for row in rows)
    wanted = [[xlsx.plain(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
    raw = write_workbook({"Sheet1": [list(row) for row in rows]}, text_columns=[0])
    got = read_workbook(raw)["Sheet1"]
    padded = [row + [""] * (width - len(row)) for row in got] + [[""] * width] * (len(wanted) - len(got))
    assert padded == wanted
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
