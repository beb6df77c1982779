"""The sheet that goes back: filled as the platform wants it, opened by a real reader, nothing wrong written in silence."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from kernel.errors import Invalid
from shop.channels.ship_sheets import Columns, Filled, Shipment, fill
from tests.channels.conftest import DATA
from tests.channels.files import csv_of, workbook_of

TEMPLATE = (DATA / "ship_upload" / "pdd_batch_ship_template_empty.xlsx").read_bytes()
USUAL = Columns()


def packed() -> list[Shipment]:
    """The parcels of the sample."""
    text = (DATA / "ship_upload" / "parcels_packed.csv").read_text(encoding="utf-8-sig")
    return [
        Shipment(row["order_id"], row["carrier"], row["tracking_no"], int(row["package_seq"]))
        for row in csv.DictReader(io.StringIO(text))
    ]


def cells_of(workbook: bytes) -> list[list[object]]:
    """The first sheet as a real reader sees it."""
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(workbook)).get_sheet_by_index(0)
    return [list(row) for row in sheet.to_python()]


def rows_of(filled: Filled, encoding: str = "utf-8-sig") -> list[list[str]]:
    """A CSV as a real reader sees it."""
    return list(csv.reader(io.StringIO(filled.content.decode(encoding), newline="")))


def reasons(filled: Filled) -> dict[str, str]:
    """What was reported, by tracking number."""
    return {one.tracking: one.reason.en for one in filled.reported}


def test_pinduoduos_two_header_workbook_is_filled_as_the_sample() -> None:
    filled = fill("pdd", TEMPLATE, packed(), USUAL)
    assert cells_of(filled.content) == cells_of((DATA / "ship_upload" / "pdd_batch_ship_filled.xlsx").read_bytes())
    assert (filled.written, filled.blank, filled.reported) == (12, 0, ())


def test_filling_does_not_depend_on_the_order_of_parcels() -> None:
    # Read, not compared byte by byte: a workbook says in what second it was written.
    turned, straight = (fill("pdd", TEMPLATE, parcels, USUAL).content for parcels in (packed()[::-1], packed()))
    assert cells_of(turned) == cells_of(straight)


def test_a_template_that_lists_orders_is_filled_in_their_rows_and_the_others_stay_blank() -> None:
    header = ["订单编号", "商品", "物流公司", "物流单号"]
    template = csv_of([header, ["\t6920000000000000013\t", "花菇", "", ""], ["692", "银耳", "", ""]], "gb18030")
    left = [Shipment("6920000000000000013", "SF", "SF1400000000017"), Shipment("777", "ZTO", "78000000000201")]
    filled = fill("douyin", template, left, USUAL)
    assert rows_of(filled, "gb18030") == [
        header,
        ["\t6920000000000000013\t", "花菇", "顺丰速运", "SF1400000000017"],
        ["692", "银耳", "", ""],
    ]
    assert (filled.written, filled.blank) == (1, 1)
    assert "does not list" in reasons(filled)["78000000000201"]


def test_a_second_parcel_of_an_order_is_reported_and_not_written() -> None:
    parcels = [Shipment("1001", "ZTO", "78000000000201", 1), Shipment("1001", "ZTO", "78000000000202", 2)]
    filled = fill("pdd", TEMPLATE, parcels, USUAL)
    assert cells_of(filled.content)[2:] == [["1001", "中通快递", "78000000000201"]]
    assert "another parcel" in reasons(filled)["78000000000202"]


def test_a_number_on_two_parcels_is_reported_for_both_and_written_for_none() -> None:
    parcels = [Shipment("1001", "ZTO", "78000000000201"), Shipment("1002", "STO", "78000000000201")]
    filled = fill("pdd", TEMPLATE, parcels, USUAL)
    assert filled.written == 0
    assert [(one.order_id, one.tracking) for one in filled.reported] == [
        ("1001", "78000000000201"),
        ("1002", "78000000000201"),
    ]


def test_orders_that_left_in_one_box_share_its_number_on_purpose() -> None:
    number = "78000000000201"
    parcels = [Shipment("1001", "ZTO", number, box=7), Shipment("1002", "ZTO", number, box=7)]
    filled = fill("pdd", TEMPLATE, parcels, USUAL)
    assert (filled.written, list(filled.reported)) == (2, [])
    twice = fill("pdd", TEMPLATE, [*parcels, Shipment("1003", "ZTO", number, box=8)], USUAL)
    assert (twice.written, len(twice.reported)) == (0, 3)


def test_an_unknown_courier_and_a_number_that_stands_there_already_are_reported() -> None:
    template = csv_of(
        [["订单号", "快递公司", "快递单号"], ["1001", "", ""], ["1002", "中通快递", "700"], ["1001", "", ""]]
    )
    parcels = [Shipment("1003", "OTHER", "1"), Shipment("1002", "ZTO", "2"), Shipment("1001", "ZTO", "3")]
    said = reasons(fill("kuaishou", template, parcels, USUAL))
    assert "not known" in said["1"]
    assert "700 already" in said["2"]
    assert "two rows" in said["3"]


def test_an_empty_template_gets_only_what_the_platform_does_not_know_yet() -> None:
    parcels = [Shipment("1001", "ZTO", "1", is_awaited=False), Shipment("1002", "JD", "2")]
    filled = fill("pdd", TEMPLATE, parcels, USUAL)
    assert [row[0] for row in cells_of(filled.content)[2:]] == ["1002"]
    assert filled.reported == ()


def test_column_names_can_be_given() -> None:
    template = csv_of([["编号", "公司", "单号"]], "utf-8-sig")
    with pytest.raises(Invalid, match="lacks these columns") as refused:
        fill("douyin", template, [], USUAL)
    assert "订单号" in str(refused.value.fields["template"].zh)
    columns = Columns(order=("编号",), carrier=("公司",), tracking=("单号",))
    filled = fill("douyin", template, [Shipment("1", "EMS", "RA123456785GB")], columns)
    assert rows_of(filled) == [["编号", "公司", "单号"], ["1", "EMS", "RA123456785GB"]]


def test_long_numbers_are_text_in_the_workbook() -> None:
    filled = fill(
        "pdd",
        workbook_of([["订单号", "快递公司", "快递单号"]]),
        [Shipment("6920000000000000013", "ZTO", "78000000000201")],
        USUAL,
    )
    assert cells_of(filled.content)[1] == ["6920000000000000013", "中通快递", "78000000000201"]


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "@SUM(A1)", "-2+3", '="123"', "=cmd|' /C calc'!A0"])
def test_no_cell_of_a_filled_sheet_can_run(cell: str) -> None:
    rows = [["订单号", "快递公司", "快递单号", "备注"], ["1001", "", "", cell]]
    parcels = [Shipment("1001", "ZTO", "1")]
    in_csv = rows_of(fill("douyin", csv_of(rows), parcels, USUAL), "utf-8")[1][3]
    assert not in_csv.startswith(("=", "+", "@", "-"))
    in_workbook = cells_of(fill("douyin", workbook_of(rows), parcels, USUAL).content)[1][3]
    assert isinstance(in_workbook, str)
    assert in_workbook.strip("'") == ("123" if cell == '="123"' else cell)


@given(
    st.lists(
        st.builds(
            Shipment,
            order_id=st.sampled_from(["1001", "1002", "1003"]),
            carrier=st.sampled_from(["ZTO", "SF", "OTHER"]),
            tracking=st.sampled_from(["1", "2", "3", "4"]),
            sequence=st.integers(1, 3),
        ),
        max_size=6,
        unique_by=lambda one: (one.order_id, one.sequence),
    )
)
def test_every_parcel_is_either_written_or_reported_and_no_number_is_written_twice(parcels: list[Shipment]) -> None:
    filled = fill("pdd", TEMPLATE, parcels, USUAL)
    written = [(str(row[0]), str(row[2])) for row in cells_of(filled.content)[2:]]
    reported = [(one.order_id, one.tracking) for one in filled.reported]
    assert sorted(written + reported) == sorted((one.order_id, one.tracking) for one in parcels)
    assert len({order for order, _ in written}) == len({number for _, number in written}) == len(written)


@pytest.mark.parametrize("template", [b"", b"\x89PNG", b"PK\x03\x04", b"a,b\n1,2"])
def test_what_is_no_template_is_refused(template: bytes) -> None:
    with pytest.raises(Invalid):
        fill("pdd", template, [], USUAL)
