"""The fixed commands: what scripts rely on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from shop.channels.models import ChannelOrder, FileImport
from tests.channels.conftest import DATA, SAMPLES, Workshop, as_csv, douyin_order, expected
from tests.channels.test_importing import hand_over

ORDERS = DATA / "orders"


def gongfang(workshop: Workshop, *words: object) -> "subprocess.CompletedProcess[str]":
    """Run the command as a person would, against the test's database."""
    environment = {**os.environ, "DATABASE_URL": workshop.database.url, "GONGFANG_MODE": "test"}
    return subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", *map(str, words)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def answer(workshop: Workshop, *words: object) -> Any:
    """The one JSON value that a command prints."""
    done = gongfang(workshop, *words, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


def test_import_orders_counts_in_the_fixed_form_and_twice_changes_nothing(workshop: Workshop) -> None:
    file = ORDERS / SAMPLES["douyin"][0]
    counts = {"read": 14, "updated": 0, "waiting": 0, "refused": []}
    assert answer(workshop, "import-orders", "douyin", file, "--dry-run") == counts | {"created": 14, "unchanged": 0}
    assert workshop.count(ChannelOrder) == workshop.count(FileImport) == 0
    assert answer(workshop, "import-orders", "douyin", file) == counts | {"created": 14, "unchanged": 0}
    assert answer(workshop, "import-orders", "douyin", file) == counts | {"created": 0, "unchanged": 14}
    assert workshop.count(FileImport) == 2


def test_show_orders_prints_the_fields_of_the_expected_file(workshop: Workshop) -> None:
    orders, details = (ORDERS / name for name in SAMPLES["taobao"] if name)
    answer(workshop, "import-orders", "taobao", orders, "--detail", details)
    shown = answer(workshop, "show-orders", "--channel", "taobao")["orders"]
    assert [set(order) for order in shown] == [set(order) for order in expected("taobao")]
    assert shown[0]["receiver"] == expected("taobao")[0]["receiver"]
    in_words = gongfang(workshop, "show-orders", "--channel", "taobao").stdout
    assert expected("taobao")[0]["order_id"] in in_words
    assert expected("taobao")[0]["receiver"]["name"] not in in_words


def test_refused_rows_are_listed_and_the_command_still_ends_well(workshop: Workshop, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(as_csv([douyin_order(), douyin_order(主订单编号="6.92E+18")]))
    result = answer(workshop, "import-orders", "douyin", file)
    (refused,) = result["refused"]
    assert (result["read"], result["created"], refused["row"], refused["order"]) == (2, 1, 3, "6.92E+18")
    assert refused["reason"].startswith("column 主订单编号: a spreadsheet has destroyed")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["import-orders", "douyin", ORDERS / SAMPLES["kuaishou"][0]], 1, "export of Kuaishou"),
        (["import-orders", "taobao", ORDERS / SAMPLES["taobao"][0]], 1, "also give"),
        (["import-orders", "douyin", ORDERS / SAMPLES["douyin"][0], "--detail", ORDERS / "catalogue.json"], 1, "no second file"),
        (["import-orders", "amazon", ORDERS / SAMPLES["douyin"][0]], 2, "is not one of"),
        (["import-orders", "douyin", "nowhere.csv"], 2, "does not exist"),
        (["show-orders", "--channel", "amazon"], 1, "There is no platform"),
        (["show-orders"], 2, "Missing option"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_and_a_misuse_two(workshop: Workshop, words: list[object], code: int, said: str) -> None:
    done = gongfang(workshop, *words)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert workshop.count(ChannelOrder) == 0


def test_export_shipments_fills_what_was_handed_over(workshop: Workshop, tmp_path: Path) -> None:
    workshop.bring("pdd")
    numbers = workshop.tasks("pdd")[:2]
    hand_over(workshop, numbers[0], "78000000000201")
    hand_over(workshop, numbers[1], "78000000000202")
    template, out = DATA / "ship_upload" / "pdd_batch_ship_template_empty.xlsx", tmp_path / "out.xlsx"
    result = answer(workshop, "export-shipments", "pdd", "--template", template, "--out", out)
    assert result == {"written": 2, "blank": 0, "reported": []}
    rows = CalamineWorkbook.from_path(str(out)).get_sheet_by_index(0).to_python()
    assert sorted(row[0] for row in rows[2:]) == sorted(numbers)
    assert {row[1] for row in rows[2:]} == {"中通快递"}


def test_export_shipments_does_not_write_over_the_template(workshop: Workshop, tmp_path: Path) -> None:
    template = tmp_path / "template.csv"
    template.write_text("订单号,快递公司,快递单号\n")
    done = gongfang(workshop, "export-shipments", "douyin", "--template", template, "--out", template)
    assert done.returncode == 1
    assert template.read_text() == "订单号,快递公司,快递单号\n"
