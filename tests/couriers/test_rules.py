"""Tracking numbers as scanners, people and spreadsheets give them."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.couriers.rules import CARRIERS, choose_carrier, clean_tracking, guess_carrier
from kernel.parse import FieldError

SAMPLES = list(
    csv.DictReader((Path(__file__).parents[1] / "data/courier/tracking_numbers.csv").read_text("utf-8").splitlines())
)


def test_the_samples_are_there() -> None:
    assert len(SAMPLES) == 17


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["why"])
def test_sample_numbers_are_read_as_the_samples_say(sample: dict[str, str]) -> None:
    if sample["valid"] == "0":
        with pytest.raises(FieldError):
            clean_tracking(sample["scanned"])
        return
    number = clean_tracking(sample["scanned"])
    expected = sample["carrier_guess"]
    assert guess_carrier(number) == (expected if expected in CARRIERS else None)


@pytest.mark.parametrize(
    "raw", ["", "   ", "1234567", "A" * 25, "A" * 5_000, "SF-1400-000", "单号78000000000128", "\x00" * 9]
)
def test_what_cannot_be_a_number_is_refused_in_words(raw: str) -> None:
    with pytest.raises(FieldError) as refused:
        clean_tracking(raw)
    assert refused.value.text.zh != refused.value.text.en


@pytest.mark.parametrize("raw", ["7.80000E+13", "7.8E13", "7E+13", "６.92Ｅ＋18"])
def test_a_number_that_a_spreadsheet_destroyed_is_named_as_such(raw: str) -> None:
    with pytest.raises(FieldError) as refused:
        clean_tracking(raw)
    assert "表格" in refused.value.text.zh


@pytest.mark.parametrize("position", range(2, 11))
def test_one_wrong_digit_of_an_ems_number_is_noticed(position: int) -> None:
    right = "RA473124829GB"  # the example of UPU standard S10
    assert clean_tracking(right) == right
    wrong = right[:position] + str((int(right[position]) + 1) % 10) + right[position + 1 :]
    with pytest.raises(FieldError):
        clean_tracking(wrong)


@given(st.text(max_size=300))
def test_a_clean_number_is_plain_and_stays_as_it_is(raw: str) -> None:
    try:
        number = clean_tracking(raw)
    except FieldError:
        return
    assert number.isascii()
    assert number.isalnum()
    assert 8 <= len(number) <= 24
    assert clean_tracking(number) == number


def test_a_person_may_overrule_the_guess() -> None:
    assert choose_carrier("", "78000000000128") == "ZTO"
    assert choose_carrier("YTO", "78000000000128") == "YTO"
    assert choose_carrier("OTHER", "140000000017") == "OTHER"
    with pytest.raises(FieldError):
        choose_carrier("", "140000000017")
    with pytest.raises(FieldError):
        choose_carrier("nonsense", "140000000017")
