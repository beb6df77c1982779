"""Courier fees to the fen: the worked cases, the command, tables as files, and what must hold for every table."""

import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.commands.fees import work_out
from fulfillment.couriers.fees import tariff_file
from fulfillment.couriers.fees.rules import (
    CHEAPEST,
    CHEAPEST_IN_TIME,
    DAYS_UNKNOWN,
    ONLY,
    TOO_LATE,
    Quote,
    Step,
    Tariff,
    charged_g,
    choose,
    explained,
    fee_fen,
    trouble_of,
)
from fulfillment.couriers.fees.tariff_file import read_tariffs, sample_tariffs, tariff_rows
from kernel.errors import Invalid, Refused
from kernel.sheets import FileUnreadable, csv_lines

ROOT = Path(__file__).parent.parent.parent
CASES = json.loads((ROOT / "tests/data/rules/fee_cases.json").read_text("utf-8"))["cases"]
EXPECTED = ("expected_yuan", "zone")


def run_command(body: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-c", "from app.cli import main; main()", "courier-fee", *options]
    return subprocess.run(program, input=body, capture_output=True, cwd=ROOT, timeout=60, check=False)


@pytest.mark.parametrize("case", CASES)
def test_the_worked_case_comes_out_to_the_fen(case: dict[str, object]) -> None:
    asked = {name: value for name, value in case.items() if name not in EXPECTED}
    assert work_out(json.dumps(asked).encode()) == {name: case[name] for name in EXPECTED}


def test_the_command_prints_the_expected_fields_and_nothing_else() -> None:
    done = run_command(json.dumps(CASES[3], ensure_ascii=False).encode(), "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == {"expected_yuan": "4.60", "zone": "two"}


@pytest.mark.parametrize(
    ("case", "field"),
    [
        ({"carrier": "XXX", "province": "浙江省", "weight_kg": 1}, "carrier"),
        ({"carrier": "STO", "province": "火星省", "weight_kg": 1}, "province"),
        ({"carrier": "STO", "province": "浙江省", "weight_kg": "1"}, "weight_kg"),
        ({"carrier": "STO", "province": "浙江省", "weight_kg": True}, "weight_kg"),
        ({"carrier": "STO", "province": "浙江省", "weight_kg": 0}, "weight_kg"),
        ({"carrier": "STO", "province": "浙江省", "weight_kg": 50.001}, "weight_kg"),
        ({"carrier": "STO", "province": "浙江省", "weight_kg": 1, "size_cm": [1, 2]}, "size_cm"),
    ],
)
def test_a_case_that_cannot_be_read_names_its_field(case: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        work_out(json.dumps(case).encode())
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 60_000, b'{"weight_kg": 1e999999999}'])
def test_what_is_no_case_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        work_out(body)


def test_a_courier_without_a_price_to_that_province_is_refused_with_status_1() -> None:
    with pytest.raises(Refused, match="no price"):
        work_out(json.dumps({"carrier": "SF", "province": "浙江省", "weight_kg": 1}).encode())
    assert run_command(b'{"carrier": "SF", "province": "\xe6\xb5\x99\xe6\xb1\x9f", "weight_kg": 1}').returncode == 1


def test_a_large_light_box_is_charged_by_its_volume() -> None:
    sides = [Decimal(30), Decimal(20), Decimal(20)]
    assert charged_g(500, sides, 6_000) == 2_000
    assert charged_g(500, sides, 8_000) == 1_500
    assert charged_g(2_500, sides, 6_000) == 2_500
    assert charged_g(1, [Decimal("0.1")] * 3, 6_000) == 1
    case = {"carrier": "ZTO", "province": "浙江省", "weight_kg": 0.5, "size_cm": [30, 20, 20.1]}
    assert work_out(json.dumps(case).encode())["expected_yuan"] == "4.80", "2.01 kg by volume is a third kilogram"


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    weights = sorted(draw(st.sets(st.integers(1, 20_000), max_size=5)))
    fees = sorted(draw(st.lists(st.integers(0, 20_000), min_size=len(weights), max_size=len(weights))))
    further = draw(st.integers(0, 5_000)) if not weights or draw(st.booleans()) else None
    return Tariff(
        "ZTO",
        "浙江省",
        "A",
        tuple(Step(grams, fen) for grams, fen in zip(weights, fees, strict=True)),
        further,
        draw(st.sampled_from([1, 100, 500, 1_000])),
        surcharge_fen=draw(st.integers(0, 500)),
        minimum_fen=draw(st.integers(0, 3_000)),
        days=draw(st.none() | st.integers(1, 30)),
    )


@given(tariffs(), st.integers(1, 50_000), st.integers(0, 5_000))
def test_a_heavier_box_never_costs_less(tariff: Tariff, weight_g: int, more_g: int) -> None:
    assert trouble_of(tariff) is None
    light, heavy = fee_fen(tariff, weight_g), fee_fen(tariff, weight_g + more_g)
    if heavy is not None:
        assert light is not None
        assert light <= heavy


@given(tariffs(), st.integers(1, 50_000))
def test_the_fee_is_exact_and_rounded_half_up_once(tariff: Tariff, weight_g: int) -> None:
    """The same sum in fractions, written another way."""
    fee = fee_fen(tariff, weight_g)
    step = next((step for step in tariff.steps if weight_g <= step.up_to_g), None)
    if step is not None:
        exact = Fraction(step.fee_fen)
    elif tariff.further_fen_per_kg is None:
        assert fee is None
        return
    else:
        last = tariff.steps[-1] if tariff.steps else Step(0, 0)
        begun = ceil(Fraction(weight_g - last.up_to_g, tariff.round_up_g)) * tariff.round_up_g
        exact = last.fee_fen + Fraction(begun, 1000) * tariff.further_fen_per_kg
    assert fee == max(int(exact + Fraction(1, 2)), tariff.minimum_fen) + tariff.surcharge_fen


def test_a_table_in_which_more_weight_costs_less_is_found() -> None:
    tariff = Tariff("ZTO", "浙江省", "", (Step(500, 300), Step(1_000, 200)), None, 1)
    assert trouble_of(tariff) is not None
    assert trouble_of(Tariff("ZTO", "浙江省", "", (), None, 1)) is not None


def test_the_sample_file_keeps_its_good_rows_and_names_the_example() -> None:
    found = read_tariffs(tariff_file.SAMPLE.read_bytes())
    assert len(found.tariffs) == 62
    assert [(row.row, row.column) for row in found.refused] == [(64, "province")]
    assert {tariff.carrier for tariff in found.tariffs} == {"STO", "ZTO"}
    assert sample_tariffs()["ZTO", "新疆维吾尔自治区"].round_up_g == 1_000


FILE = "快递,省份,0.5公斤以内,1公斤以内,续重每公斤,进位,几天到\n"


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("蜗牛快递,浙江,1,2,1,不进,2", "carrier"),
        ("中通快递,火星,1,2,1,不进,2", "province"),
        ("中通快递,浙江,一块,2,1,不进,2", "w<=0.5"),
        ("中通快递,浙江,1,2,随便,不进,2", "over3_per_kg"),
        ("中通快递,浙江,1,2,1,看心情,2", "rounding"),
        ("中通快递,浙江,1,2,1,不进,99", "days"),
        ("中通快递,浙江,3,2,1,不进,2", "over3_per_kg"),
        ("中通快递,浙江,,,,不进,2", "over3_per_kg"),
        ("中通快递,上海,1,2,1,不进,2", "province"),
    ],
)
def test_a_bad_row_is_named_and_the_good_one_kept(line: str, column: str) -> None:
    found = read_tariffs(f"{FILE}中通快递,上海,1,2,1,不进,2\n{line}\n".encode("gb18030"))
    assert [(tariff.province, tariff.days) for tariff in found.tariffs] == [("上海市", 2)]
    (row,) = found.refused
    assert row.row == 3
    assert row.column.replace("0.5公斤以内", "w<=0.5") == column


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"a,b\n1,2\n", b"\xff\xff\xff", b"x" * 1_000_001])
def test_a_file_that_is_no_table_is_refused_whole(raw: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read_tariffs(raw)


@given(st.lists(tariffs(), max_size=3))
def test_a_file_that_was_written_is_read_back_as_the_same_tables(some: list[Tariff]) -> None:
    provinces = ("浙江省", "上海市", "海南省")
    placed = [Tariff(**{**vars(one), "province": provinces[place]}) for place, one in enumerate(some)]
    header, rows = tariff_rows(placed)
    found = read_tariffs("".join(csv_lines(header, rows)).encode())
    assert found.refused == []
    assert found.tariffs == placed


def test_the_cheapest_courier_that_is_there_in_time_is_taken() -> None:
    slow, fast, dear = Quote("STO", 170, 6), Quote("ZTO", 250, 3), Quote("SF", 1_200, 1)
    for quotes, within, taken, why in (
        ([slow, fast, dear], 7, slow, CHEAPEST),
        ([slow, fast, dear], 3, fast, CHEAPEST_IN_TIME),
        ([slow], 7, slow, ONLY),
        ([slow, fast], 1, fast, TOO_LATE),
        ([Quote("STO", 170, None), Quote("ZTO", 160, None)], 3, Quote("ZTO", 160, None), DAYS_UNKNOWN),
    ):
        chosen = choose(quotes, within)
        assert chosen is not None
        assert (chosen.quote, chosen.why) == (taken, why)
    assert choose([], 3) is None
    assert explained("ZTO", 320, 2, CHEAPEST).zh == "中通快递：3.20 元，2 天到，最便宜"


@given(
    st.lists(
        st.builds(
            Quote, st.sampled_from(["ZTO", "STO", "SF", "YTO"]), st.integers(0, 500), st.none() | st.integers(1, 9)
        ),
        min_size=1,
    ),
    st.integers(1, 9),
)
def test_nobody_in_time_is_cheaper_than_the_one_taken(quotes: list[Quote], within: int) -> None:
    chosen = choose(quotes, within)
    assert chosen is not None
    in_time = [quote.fee_fen for quote in quotes if quote.days is not None and quote.days <= within]
    if in_time:
        assert chosen.quote.fee_fen == min(in_time)
        assert chosen.quote.days is not None
        assert chosen.quote.days <= within
