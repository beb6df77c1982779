"""The printed PDF, read by a real reader at the resolutions of label printers."""

from dataclasses import fields

import pytest

from fulfillment.labels.rules import SlipLine
from tests.labels.slips import (
    NUMBER,
    codes_on,
    ink_box_mm,
    make_slip,
    pages_at,
    sizes_mm,
    slips_pdf,
    squeezed,
    words_on,
)

HOSTILE = {
    "name": "名" * 5_000,
    "latin": "W" * 5_000,
    "markup": '<script>alert(1)</script> #set page(width: 1mm) $x$ *b* \\ ${7*7} {{7*7}} "]) #panic()',
    "rtl": "\u202e\u2067abc שלום مرحبا\u200f\u2069",
    "emoji": "👩\u200d🌾 🍄 ❤️",
    "rare": "𠮷㛃𠀀㐂",
    "nul": "a\x00b\nc\td",
}


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("number", [NUMBER, "P261124WWWWWWWW01", "G2611240000000099", "P26112411111111101"])
def test_bar_code_and_qr_are_read_from_paper(number: str, dpi: int) -> None:
    (page,) = pages_at(slips_pdf([make_slip(parcel_number=number)]), dpi)
    assert codes_on(page) == {"Code128": number, "QRCode": number}


def test_a_reader_finds_nothing_on_a_page_without_codes() -> None:
    """The control: the bars painted over, the reader must not invent a number."""
    (page,) = pages_at(slips_pdf([make_slip()]), 203)
    page.paste(255, (0, 0, *page.size))
    assert codes_on(page) == {}


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_a_buyer_typed_fits_the_sheet_and_can_be_read(words: str) -> None:
    slip = make_slip(
        receiver=words,
        phone=words,
        address=words,
        note=words,
        channel=words,
        due=words,
        part=words,
        lines=tuple(SlipLine(999, words, words) for _ in range(9)),
        copy=2,
    )
    pdf = slips_pdf([slip])
    assert set(sizes_mm(pdf)) == {(100.0, 150.0)}
    pages = pages_at(pdf, 203)
    assert len(pages) == len([text for text in words_on(pdf) if NUMBER in text])
    for page in pages:
        left, top, right, bottom = ink_box_mm(page, 203)
        assert left >= 3.8
        assert top >= 3.8
        assert right <= 96.4
        assert bottom <= 146.4
        assert codes_on(page) == {"Code128": NUMBER, "QRCode": NUMBER}


def test_every_character_is_on_the_paper() -> None:
    slip = make_slip(receiver="𠮷*", address="浙江省丽水市庆元县㛃镇", note="𠮷㛃 <b>请放门口</b> & 谢谢")
    (words,) = words_on(slips_pdf([slip]))
    paper = squeezed(words)
    for name in ("parcel_number", "order_number", "channel", "due", "receiver", "phone", "address", "note"):
        assert name in {one.name for one in fields(slip)}
        assert squeezed(getattr(slip, name)) in paper
    for line in slip.lines:
        assert squeezed(f"×{line.quantity}{line.title}{line.spec}") in paper


def test_markup_is_shown_and_never_run() -> None:
    (words,) = words_on(slips_pdf([make_slip(note="#panic() $x^2$ <b>*hi*</b>")]))
    assert "#panic()$x^2$<b>*hi*</b>" in squeezed(words)


def test_a_character_that_no_font_has_stands_as_its_code_point() -> None:
    (words,) = words_on(slips_pdf([make_slip(note="放门口😀")]))
    assert "放门口[U+1F600]" in squeezed(words)


def test_glyphs_differ_from_the_box_that_stands_for_a_missing_one() -> None:
    """𠮷 must not be drawn as 吉, as 野 or as an empty box: its ink differs from each."""
    inks = {}
    for character in ("𠮷", "吉", "㛃", "\U0002ffff"):
        (page,) = pages_at(slips_pdf([make_slip(receiver=character, phone="", address="", note="")]), 300)
        inks[character] = page.crop((40, 1130, 800, 1250)).tobytes()
    assert len(set(inks.values())) == len(inks)


def test_slips_come_in_the_order_given() -> None:
    numbers = [f"P261124ABCDEWM{place:02d}" for place in range(1, 6)]
    pdf = slips_pdf([make_slip(parcel_number=number) for number in numbers])
    assert [next(n for n in numbers if n in words) for words in words_on(pdf)] == numbers


def test_black_is_the_only_colour() -> None:
    pdf = slips_pdf([make_slip(copy=2)])
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    page = document[0].render(scale=3).to_pil().convert("RGB")
    document.close()
    colours = page.getcolors(maxcolors=1 << 24)
    assert colours is not None
    assert all(red == green == blue for _, (red, green, blue) in colours)
