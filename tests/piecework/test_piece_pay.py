"""Piece pay to the fen: the worked cases, the command, and what must hold for every case."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.commands.wages import read_case
from fulfillment.piecework.rules import Pieces, Rate, piece_pay, rate_for
from kernel.errors import Invalid

CASES = json.loads((Path(__file__).parent.parent / "data/rules/piece_rate_cases.json").read_text("utf-8"))["cases"]
ROOT = Path(__file__).parent.parent.parent


def run_command(body: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-c", "from app.cli import main; main()", "piece-pay", *options]
    return subprocess.run(program, input=body, capture_output=True, cwd=ROOT, timeout=60, check=False)


@pytest.mark.parametrize("case", CASES)
def test_the_command_prints_the_worked_case_to_the_fen_and_nothing_else(case: dict[str, object]) -> None:
    done = run_command(json.dumps(case).encode(), "--json")
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == case["expected"]
    assert done.stderr == b""


def test_the_command_shows_people_the_working_in_lines() -> None:
    done = run_command(json.dumps(CASES[2]).encode())
    assert "2435.00 yuan  pay" in done.stdout.decode()


def test_a_case_that_cannot_be_read_is_refused_with_its_fields() -> None:
    case = {"pieces": [[1, 0, 0, 0, 0.5], [1, -1, 0, 0, 0.5]], "legal_hours": "174"}
    done = run_command(json.dumps(case).encode(), "--json")
    assert (done.returncode, done.stdout) == (1, b"")
    said = done.stderr.decode()
    assert "row 2" in said
    assert "legal_hours" in said
    assert "month_min" in said


def test_an_unknown_option_is_misuse() -> None:
    assert run_command(b"{}", "--jsn").returncode == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"[" * 50_000,
        b"9" * 5_000,
        b"{" + b" " * 1_000_000 + b"}",
        b'{"pieces": [[1, 0, 0, 0, NaN]], "legal_hours": 1, "month_min": 1}',
        b'{"pieces": [[1, 0, 0, 0, 1e400000]], "legal_hours": 1, "month_min": 1}',
        b'{"pieces": [[true, 0, 0, 0, 1]], "legal_hours": 1, "month_min": 1}',
        b'{"pieces": [[1, 0, 0, 0]], "legal_hours": 1, "month_min": 1}',
        b'{"pieces": [], "legal_hours": 1, "month_min": 1}',
        b'{"pieces": {"a": 1}, "legal_hours": 1, "month_min": 1}',
        b'{"pieces": [[1, 0, 0, 0, 1]], "legal_hours": 1000, "month_min": 1}',
        b'{"pieces": [[1, 0, 0, 0, 0.0000001]], "legal_hours": 1, "month_min": 1}',
    ],
)
def test_bad_input_is_refused_and_never_breaks(body: bytes) -> None:
    with pytest.raises(Invalid):
        read_case(body)


def test_fractions_are_read_as_they_are_written() -> None:
    pieces, hours, month_min = read_case(
        b'\xef\xbb\xbf{"pieces": [[3, 0, 0, 0, 0.1]], "legal_hours": 7.5, "month_min": 2010}'
    )
    assert pieces == [Pieces(3, 0, 0, 0, Decimal("0.1"))]
    assert (hours, month_min) == (Decimal("7.5"), Decimal(2010))


kinds = st.builds(
    Pieces,
    normal=st.integers(0, 5_000),
    overtime=st.integers(0, 500),
    rest_day=st.integers(0, 500),
    holiday=st.integers(0, 500),
    rate_yuan=st.decimals("0.01", "9.99", places=2),
)
hours = st.decimals(0, 200, places=1)
minimum = st.decimals(0, 3_000, places=2)


@given(pieces=st.lists(kinds, max_size=5), hours=hours, month_min=minimum)
def test_nobody_gets_less_than_their_pieces_or_less_than_the_minimum(
    pieces: list[Pieces], hours: Decimal, month_min: Decimal
) -> None:
    pay = piece_pay(pieces, hours, month_min)
    assert pay.pay >= pay.piece_total >= pay.legal_part
    assert pay.pay >= pay.min_floor
    assert pay.top_up == max(Decimal(0), pay.min_floor - pay.legal_part)
    assert all(getattr(pay, name).as_tuple().exponent == -2 for name in ("piece_total", "top_up", "pay"))


@given(pieces=st.lists(kinds, min_size=1, max_size=5), hours=hours, month_min=minimum)
def test_overtime_never_counts_towards_the_minimum(pieces: list[Pieces], hours: Decimal, month_min: Decimal) -> None:
    without = [Pieces(kind.normal, 0, 0, 0, kind.rate_yuan) for kind in pieces]
    assert piece_pay(pieces, hours, month_min).top_up == piece_pay(without, hours, month_min).top_up


@given(sizes=st.lists(st.integers(1, 50_000), min_size=1, max_size=6, unique=True), weight_g=st.integers(1, 80_000))
def test_a_parcel_is_paid_by_the_smallest_size_that_it_fits(sizes: list[int], weight_g: int) -> None:
    rate = rate_for([Rate(size, size) for size in sizes], weight_g)
    assert rate is not None
    assert rate.up_to_g == min((size for size in sizes if size >= weight_g), default=max(sizes))


def test_without_a_rate_there_is_none() -> None:
    assert rate_for([], 300) is None
