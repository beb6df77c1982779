"""Cells of exported lists: money adds up in a spreadsheet, and text never runs as a formula."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.sheets import plain_yuan, safe_cell


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
