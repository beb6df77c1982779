"""Every line of a slip fits its room, every character is real, no goods are left out."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.labels import sheets
from fulfillment.labels.fonts import can_draw_bold, missing_characters, printable, width_mm, wrap
from fulfillment.labels.rules import SlipLine
from kernel.text import LOCALES, Locale, current_locale
from tests.labels.slips import make_slip

ANY_TEXT = st.text(max_size=400)


@given(ANY_TEXT, st.sampled_from([8, 12, 14, 15]), st.floats(20, 92), st.integers(1, 4))
def test_no_line_is_wider_than_its_room(text: str, size_pt: int, room_mm: float, most: int) -> None:
    lines = wrap(printable(text), size_pt, room_mm, most)
    assert len(lines) <= most
    assert all(width_mm(line, size_pt) <= room_mm + 1e-6 for line in lines)


@given(ANY_TEXT)
def test_breaking_loses_no_character(text: str) -> None:
    words = printable(text)
    assert "".join(wrap(words, 14, 60, 10_000)).replace(" ", "") == words.replace(" ", "")


def test_what_is_cut_says_so() -> None:
    assert wrap("香菇" * 100, 14, 60, 2)[-1].endswith("…")
    assert not wrap("香菇", 14, 60, 2)[-1].endswith("…")


def test_a_latin_word_is_not_torn_when_it_fits_the_next_line() -> None:
    assert wrap("Flower shiitake from Qingyuan", 14, 40, 3) == ("Flower shiitake", "from Qingyuan")


@given(ANY_TEXT)
def test_a_character_without_a_glyph_is_printed_as_its_code_point(text: str) -> None:
    words = printable(text)
    assert missing_characters([words]) == ()
    for character in missing_characters([text]):
        assert f"[U+{ord(character):04X}]" in words


def test_rare_characters_are_real_and_shapeless_marks_go() -> None:
    assert printable("𠮷㛃") == "𠮷㛃"
    assert printable("a\u202eb\u200fc\u2066d\ufe0f\n\te") == "abcd e"
    assert printable("😀\ue000") == "[U+1F600][U+E000]"
    assert missing_characters(["😀𠮷", "😀"]) == ("😀",)


def test_the_lead_hears_which_characters_no_font_has() -> None:
    slip = make_slip(receiver="😀*", note="\ue000", lines=(SlipLine(1, "菇🍄", "袋"),))
    assert sheets.unprintable(slip) == ("\ue000", "🍄", "😀")
    assert sheets.unprintable(make_slip()) == ()


@given(st.lists(st.tuples(st.integers(1, 999), ANY_TEXT, ANY_TEXT), max_size=20), st.integers(1, 3))
def test_all_goods_are_on_some_sheet_and_no_sheet_is_too_full(goods: list[tuple[int, str, str]], copy: int) -> None:
    slip = make_slip(lines=tuple(SlipLine(*kind) for kind in goods), copy=copy)
    pages = sheets.sheets_of(slip)
    assert [item.quantity for page in pages for item in page.items] == [f"×{kind[0]}" for kind in goods]
    for page in pages:
        lines = sum(max(1, len(item.lines)) for item in page.items)
        assert lines * 6.8 + 2 * len(page.items) <= 62.5 - (9 if page.mark else 0)


def test_four_kinds_take_one_sheet_and_more_are_counted() -> None:
    four = make_slip(lines=tuple(SlipLine(n, "庆元花菇", "净含量:250g*1袋") for n in range(1, 5)))
    five = make_slip(lines=(*four.lines, SlipLine(5, "高山银耳", "100g")))
    assert [page.mark for page in sheets.sheets_of(four)] == [""]
    assert [page.mark for page in sheets.sheets_of(five)] == ["第 1 张，共 2 张", "第 2 张，共 2 张"]


def test_a_second_copy_says_that_it_is_one() -> None:
    (sheet,) = sheets.sheets_of(make_slip(copy=2))
    assert sheet.mark == "第 2 次打印"
    assert "撕掉旧的" in sheet.next


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("copy", [sheets.PREVIEW, 1, 2, 99])
@pytest.mark.parametrize("kinds", [1, 20])
def test_our_own_words_fit_in_both_languages(language: Locale, copy: int, kinds: int) -> None:
    lines = tuple(SlipLine(1, "庆元花菇", "250g") for _ in range(kinds))
    token = current_locale.set(language)
    try:
        pages = sheets.sheets_of(make_slip(copy=copy, lines=lines, note="x"))
    finally:
        current_locale.reset(token)
    for page in pages:
        assert width_mm(page.next, sheets.NAME_PT) <= sheets.ROOM_MM
        assert not page.mark.endswith("…")
        assert missing_characters([page.next, page.mark, *page.note]) == ()


def test_slips_speak_english_too() -> None:
    token = current_locale.set("en")
    try:
        (sheet,) = sheets.sheets_of(make_slip(copy=2, note="Door"))
    finally:
        current_locale.reset(token)
    assert (sheet.mark, sheet.note) == ("Copy 2", ("Note: Door",))
    assert "Tear off" in sheet.next


def test_what_is_drawn_bold_has_bold_glyphs() -> None:
    """A bold word without glyphs would come out as empty boxes: only numbers and × are bold."""
    assert can_draw_bold("×0123456789" + string.ascii_uppercase)
