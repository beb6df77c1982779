"""Every list as a file: whole, read by a real CSV reader, with no cell that could run and no buyer in the open."""

import csv
import io
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from kernel.sheets import csv_lines, safe_cell
from tests.console.conftest import Desk
from tests.world import NOW, LiveOffer

RUNS = tuple("=+-@＝＋－＠\t\r|%")
HOSTILE = [
    "=1+1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    "\u200b=1+1",
    '=HYPERLINK("x")',
    "|cmd",
    "%0A",
]


def rows_of(desk: Desk, path: str) -> list[dict[str, str]]:
    """The file as a reader of CSV sees it."""
    answer = desk.browser.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="')
    assert answer.data.startswith(b"\xef\xbb\xbf"), "without the mark Excel does not read Chinese"
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""), strict=True))
    for row in rows:
        assert None not in row, "a cell too many"
        for cell in row.values():
            assert not cell.lstrip("\u200b ").startswith(RUNS), cell
    return rows


@pytest.mark.parametrize("cell", HOSTILE)
def test_a_cell_that_could_run_is_text(cell: str) -> None:
    assert safe_cell(cell).startswith("'")


@given(st.text())
def test_any_text_survives_the_file_and_cannot_run(cell: str) -> None:
    lines = "".join(csv_lines(["a", "b"], [[cell, "x"]]))
    rows = list(csv.reader(io.StringIO(lines.removeprefix("\ufeff"), newline=""), strict=True))
    assert len(rows) == 2
    assert len(rows[1]) == 2
    read = rows[1][0]
    assert not read.lstrip().startswith(RUNS)
    kept = "".join(c for c in cell if c == "\n" or c.isprintable() or (c.isspace() and ord(c) > 0x9F))
    assert set(kept) <= set(read) | set(" ")


def test_long_numbers_keep_their_last_digits() -> None:
    assert safe_cell("6920001112223334445") == "'6920001112223334445"
    assert safe_cell("13800008000") == "13800008000"
    assert safe_cell(13800008000) == "13800008000"
    assert safe_cell(None) == ""


def test_orders_are_exported_whole_and_masked(desk: Desk, offer: LiveOffer) -> None:
    hostile = [desk.place(offer, name=name, phone=f"136{index:08d}") for index, name in enumerate(HOSTILE[:4])]
    paid = desk.paid(offer, 2, name="欧阳娜娜", phone="13911112468")
    with desk.database.transaction() as session:
        order = desk.order(session, paid)
        order.channel, order.channel_number = "douyin", "6920001112223334445"
    rows = rows_of(desk, "/console/orders/orders.csv?lang=en")
    assert [row["Number"] for row in rows] == [paid, *hostile[::-1]]
    first = rows[0]
    assert (first["Total (yuan)"], first["Channel"], first["Channel number"]) == (
        "85.60",
        "Douyin",
        "'6920001112223334445",
    )
    assert first["Ordered"] == "2026-11-24 20:00:00"
    assert "欧阳娜娜" not in str(rows)
    assert "13911112468" not in str(rows)
    assert [row["Number"] for row in rows_of(desk, "/console/orders/orders.csv?lang=en&state=paid")] == [paid]


def test_an_export_longer_than_a_chunk_has_every_order_once(desk: Desk, offer: LiveOffer) -> None:
    number = desk.place(offer)
    copies = text("""
        INSERT INTO orders (id, number, channel, state, buyer_name, phone, province, city, district, street, detail, note,
            locale, currency, goods_fen, shipping_fen, discount_fen, total_fen, refunded_fen, created_at)
        SELECT gen_random_uuid(), 'X' || n, 'own', 'expired', '张三', '13800008000', '', '', '', '', '', '', 'zh', 'cny',
            0, 0, 0, 0, 0, :now FROM generate_series(1, 1600) n
    """)
    with desk.database.transaction() as session:
        session.execute(copies, {"now": NOW})
    rows = rows_of(desk, "/console/orders/orders.csv?lang=en")
    assert {row["Number"] for row in rows} == {number, *(f"X{n}" for n in range(1, 1601))}
    assert len(rows) == 1601


def test_stock_and_its_ledger_are_exported(desk: Desk, offer: LiveOffer) -> None:
    desk.paid(offer, 3)
    page = f"/console/stock/{offer.variant_id}"
    typed = desk.typed(page, f"{page}/adjust", way="fewer", change=2, reason="went_off", note="=1+1")
    desk.send(f"{page}/adjust", typed)
    level = rows_of(desk, "/console/stock/stock.csv?lang=en")[0]
    assert level["Unit"] == "pieces"
    assert (level["On hand"], level["Held"], level["Free"]) == ("98", "3", "95")
    ledger = rows_of(desk, f"{page}/ledger.csv?lang=en")
    assert [(row["In"], row["Out"], row["On hand after"]) for row in ledger] == [
        ("0", "2", "98"),
        ("0", "0", "100"),
        ("100", "0", "100"),
    ]
    assert ledger[0]["Reason"] == "Spoiled: =1+1"
    assert sum(int(row["In"]) - int(row["Out"]) for row in ledger) == 98


def test_products_people_and_the_log_are_exported(desk: Desk, offer: LiveOffer) -> None:
    product = rows_of(desk, "/console/products/products.csv?lang=en")[0]
    assert (product["Price (yuan)"], product["Form"]) == ("49.80", "dried")
    person = rows_of(desk, "/console/people/people.csv?lang=en")[0]
    assert (person["Name"], person["Roles"]) == ("吴晓岚", "Owner")
    log = rows_of(desk, "/console/audit/audit.csv?lang=en")
    assert {"Person added", "Roles changed", "Offer added"} <= {row["What"] for row in log}
    assert UUID(int=0).hex not in str(log)


@pytest.mark.parametrize("area", ["orders", "people", "audit"])
def test_a_search_that_makes_no_sense_exports_nothing(desk: Desk, area: str) -> None:
    name = {"orders": "state", "people": "role", "audit": "area"}[area]
    answer = desk.browser.get(f"/console/{area}/{area}.csv?{name}=nonsense")
    assert answer.status_code == 422
