"""Every line fits its room, every character is real, no goods are left out: on every paper."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.labels import slip as slips
from fulfillment.labels.drawing import Black, Mark, Sheet, Words
from fulfillment.labels.fonts import can_draw_bold, missing_characters, printable, width_mm, wrap
from fulfillment.labels.papers import PAPERS, SLIP, Paper, fields_of, papers_for
from fulfillment.labels.rules import SlipLine
from fulfillment.labels.sheets import Setting, slip_sheets
from kernel.text import LOCALES, Locale, current_locale
from tests.labels.slips import NUMBER, make_slip, overlaps, stray_marks

ANY_TEXT = st.text(max_size=400)
SLIP_PAPERS = [paper.code for paper in papers_for(SLIP)]


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


def test_no_line_begins_with_a_closing_mark() -> None:
    lines = wrap("到了请放门口，谢谢您了，再见。", 14, 5.0 * 6, 9)
    assert not any(line[0] in "，。" for line in lines)


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
    assert slips.unprintable(slip) == ("\ue000", "🍄", "😀")
    assert slips.unprintable(make_slip()) == ()


@given(
    st.lists(st.tuples(st.integers(1, 999), ANY_TEXT, ANY_TEXT), max_size=20),
    st.integers(0, 3),
    ANY_TEXT,
    st.sampled_from(SLIP_PAPERS),
)
def test_all_goods_are_on_some_slip_and_nothing_leaves_its_field_or_lies_on_anything(
    goods: list[tuple[int, str, str]], copy: int, words: str, code: str
) -> None:
    slip = make_slip(
        lines=tuple(SlipLine(*kind) for kind in goods),
        copy=copy,
        receiver=words,
        address=words,
        note=words,
        channel=words,
    )
    place = fields_of(PAPERS[code], SLIP)[0]
    labels = slips.slip_labels(slip, place)
    words_drawn = [mark for label in labels for mark in label.marks if isinstance(mark, Words)]
    assert [mark.text for mark in words_drawn if mark.text.startswith("×") and mark.is_bold] == [
        f"×{k[0]}" for k in goods
    ]
    for label in labels:
        assert stray_marks(label, place) == []
        assert overlaps(label.marks) == []


def test_marks_that_lie_on_each_other_or_leave_the_field_are_seen() -> None:
    """The control of the test above."""
    place = fields_of(PAPERS["76x130"], SLIP)[0]
    (label,) = slips.slip_labels(make_slip(), place)
    label.words(3, 30, "香菇", 24)
    assert overlaps(label.marks) != []
    label.words(60, 60, "香菇香菇香菇", 24)
    assert [mark.text for mark in stray_marks(label, place) if isinstance(mark, Words)] == ["香菇香菇香菇"]


def words_of(sheet: Sheet, size_pt: float) -> list[str]:
    return [mark.text for _, _, mark in sheet.marks if isinstance(mark, Words) and mark.size_pt >= size_pt]


@pytest.mark.parametrize("code", SLIP_PAPERS)
def test_names_and_goods_are_14_points_and_the_number_24_on_every_paper(code: str) -> None:
    (sheet,) = slip_sheets([make_slip()], Setting(PAPERS[code]))
    assert words_of(sheet, 24)[0] == NUMBER
    large = "".join(words_of(sheet, 14))
    for word in ("×2", "庆元花菇", "高山银耳", "张* 138******00"):
        assert word in large


def test_goods_that_do_not_fit_take_more_sheets_that_are_counted() -> None:
    goods = tuple(SlipLine(n, "庆元花菇", "净含量:250g*1袋") for n in range(1, 6))
    paper = Setting(PAPERS["100x150"])
    assert len(slip_sheets([make_slip(lines=goods[:4])], paper)) == 1
    pages = slip_sheets([make_slip(lines=goods)], paper)
    assert ["第 1 张，共 2 张" in page.texts() for page in pages] == [True, False]
    assert "第 2 张，共 2 张" in pages[1].texts()


def test_a_second_copy_says_that_it_is_one() -> None:
    (sheet,) = slip_sheets([make_slip(copy=2)], Setting(PAPERS["100x150"]))
    assert "第 2 次打印" in sheet.texts()
    assert sheet.texts()[-1].startswith("先撕掉旧的")


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("code", SLIP_PAPERS)
@pytest.mark.parametrize("copy", [slips.PREVIEW, 1, 2, 99])
def test_our_own_words_fit_in_both_languages(language: Locale, code: str, copy: int) -> None:
    lines = tuple(SlipLine(1, "庆元花菇", "250g") for _ in range(20))
    token = current_locale.set(language)
    try:
        pages = slip_sheets([make_slip(copy=copy, lines=lines, note="x")], Setting(PAPERS[code]))
    finally:
        current_locale.reset(token)
    marks = [mark for page in pages for _, _, mark in page.marks if isinstance(mark, Words)]
    assert not any(mark.text.endswith("…") for mark in marks)
    # Our own words may be drawn a little narrower, never so that they cannot be read.
    assert all(mark.squeeze > 0.75 for mark in marks)


def test_slips_speak_english_too() -> None:
    token = current_locale.set("en")
    try:
        (sheet,) = slip_sheets([make_slip(copy=2, note="Door")], Setting(PAPERS["100x150"]))
    finally:
        current_locale.reset(token)
    assert {"Copy 2", "Note: Door", "Tear off the old one, then stick this on"} <= set(sheet.texts())


def test_what_is_drawn_bold_has_bold_glyphs() -> None:
    """A bold word without glyphs would come out as empty boxes: only numbers and × are bold."""
    assert can_draw_bold("×0123456789-" + string.ascii_uppercase)


def test_several_slips_share_an_a4_sheet_and_a_half_used_one_is_gone_on_with() -> None:
    numbers = [f"P261124ABCDEWM{place:02d}" for place in range(1, 6)]
    slips_of_five = [make_slip(parcel_number=number) for number in numbers]
    paper = PAPERS["a4"]
    whole = slip_sheets(slips_of_five, Setting(paper))
    assert [numbers_on(sheet) for sheet in whole] == [numbers[:4], numbers[4:]]
    begun = slip_sheets(slips_of_five, Setting(paper, first_place=3))
    assert [numbers_on(sheet) for sheet in begun] == [numbers[:2], numbers[2:]]
    corner = [(x, y) for x, y, mark in begun[0].marks if isinstance(mark, Words)]
    assert min(y for _, y in corner) == paper.height_mm / 2, "the upper half of the sheet is used already"


def numbers_on(sheet: Sheet) -> list[str]:
    return [text for text in sheet.texts() if text.startswith("P261124") and "-" not in text]


def cut_marks(sheet: Sheet, paper: Paper) -> list[Mark]:
    thin = [(x, y, m) for x, y, m in sheet.marks if isinstance(m, Black) and min(m.width, m.height) < 0.5]
    return [m for x, y, m in thin if x + m.x == paper.width_mm / 2 or y + m.y == paper.height_mm / 2]


def test_cut_marks_stand_where_slips_meet_and_on_rolls_there_are_none() -> None:
    (a4,) = slip_sheets([make_slip()], Setting(PAPERS["a4"]))
    assert len(cut_marks(a4, PAPERS["a4"])) == 6
    (roll,) = slip_sheets([make_slip()], Setting(PAPERS["76x130"]))
    assert cut_marks(roll, PAPERS["76x130"]) == []


def test_a_printer_that_is_off_is_put_right_by_moving_everything() -> None:
    slip = make_slip()
    (straight,) = slip_sheets([slip], Setting(PAPERS["100x150"]))
    (moved,) = slip_sheets([slip], Setting(PAPERS["100x150"], offset_x_mm=1.5, offset_y_mm=-0.5))
    assert [(x + 1.5, y - 0.5, mark) for x, y, mark in straight.marks] == list(moved.marks)
