"""Every code on every paper, read by a real reader from black-and-white pages of a 203 dpi printer; nothing overflows."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from fulfillment.labels.bag import CAPITAL_EM, LEAST_MM, SMALLEST_PT, BagLabel, TooMuch, bag_labels, net_height_mm
from fulfillment.labels.certificate import CertificatePaper, certificate_labels
from fulfillment.labels.codes import DOT_MM, CodeTooWide, bars_of, squares_of
from fulfillment.labels.courier import CourierLabel, Party, courier_label_pdf, courier_labels
from fulfillment.labels.drawing import MM_PER_PT, THINNEST_MM, Black, Code, Label, Mark, Words
from fulfillment.labels.papers import BAG, CERTIFICATE, COURIER, PAPERS, SLIP, Field, fields_of, papers_for
from fulfillment.labels.pdf import sheets_pdf
from fulfillment.labels.ruler import EDGE_MM, SAMPLE_NUMBER, ruler_sheet
from fulfillment.labels.rules import SlipLine, mask_detail, mask_name, mask_phone
from fulfillment.labels.sheets import Setting, sheets_with
from fulfillment.labels.slip import slip_labels
from tests.labels.slips import (
    NUMBER,
    all_codes_on,
    codes_on,
    make_slip,
    overlaps,
    pages_at,
    sizes_mm,
    squeezed,
    stray_marks,
    words_on,
)
from tests.labels.test_pdf import HOSTILE

LONGEST = "P261124WWWWWWWW99"
TRACE = "https://gongfang.example-workshop.cn/trace/L261124-WWWW"
Draw = Callable[[object, Field], list[Label]]


def make_label(**changes: object) -> CourierLabel:
    """An everyday courier label, people masked as the service masks them."""
    label = CourierLabel(
        carrier="zto",
        carrier_name="中通快递",
        waybill="78000000010201",
        bulkpen="512- D17- 05",
        pkg_name="苏州中心",
        receiver=Party(
            mask_name("李示例"),
            mask_phone("18400000013", "7576"),
            "江苏省苏州市工业园区娄葑街道" + mask_detail("示例坊6幢101"),
        ),
        sender=Party(mask_name("庆元山货"), mask_phone("13800000000"), "浙江省丽水市庆元县濛洲街道示例路66号"),
        parcel_number=NUMBER,
        lines=(SlipLine(2, "庆元花菇", "净含量:250g*1袋"), SlipLine(1, "高山银耳", "净含量:100g*1袋")),
        weight_g=1_300,
        service="标准快递",
        pays="寄付",
        printed="打印 11-26 10:20",
        part="第 1/2 件",
        order_number="P261124-ABCDEWM0",
    )
    return replace(label, **changes)  # type: ignore[arg-type]


def make_bag(**changes: object) -> BagLabel:
    label = BagLabel(
        name="庆元花菇",
        net_g=250,
        packed_on=date(2026, 11, 24),
        best_before=date(2028, 5, 17),
        lot="L261124-WWWW",
        words=(
            ("产地", "浙江省丽水市庆元县"),
            ("质量等级", "花菇一级"),
            ("产品标准代号", "GH/T 1013"),
            ("贮存条件", "阴凉干燥处密封保存，开袋后请放冰箱。"),
            ("生产者", "庆元县示例食用菌专业合作社"),
            ("地址", "浙江省丽水市庆元县松源街道示例路 8 号"),
            ("联系方式", "0578-6120000"),
        ),
        trace_url=TRACE,
    )
    return replace(label, **changes)  # type: ignore[arg-type]


def make_certificate(**changes: object) -> CertificatePaper:
    paper = CertificatePaper(
        number="HGZ261124-001",
        product="庆元花菇",
        quantity_g=42_500,
        origin="浙江省丽水市庆元县",
        issued_on=date(2026, 11, 24),
        promiser="庆元县示例食用菌专业合作社",
        contact="0578-6120000",
        basis="controlled",
        lots=("L261124-WWWW",),
        trace_url=TRACE,
    )
    return replace(paper, **changes)  # type: ignore[arg-type]


KINDS: dict[str, tuple[object, Draw, set[str]]] = {
    SLIP: (make_slip(parcel_number=LONGEST), slip_labels, {LONGEST}),  # type: ignore[dict-item]
    COURIER: (
        make_label(waybill="SF14000000000175555", parcel_number=LONGEST),
        courier_labels,
        {"SF14000000000175555", LONGEST},
    ),  # type: ignore[dict-item]
    BAG: (make_bag(), bag_labels, {TRACE}),  # type: ignore[dict-item]
    CERTIFICATE: (make_certificate(), certificate_labels, {TRACE}),  # type: ignore[dict-item]
}
EVERYWHERE = [(purpose, paper.code) for purpose in KINDS for paper in papers_for(purpose)]
ROUND_SIZES = {"76x130": (76, 130), "100x150": (100, 150), "100x180": (100, 180), "70x50": (70, 50), "a4": (210, 297)}


@pytest.mark.parametrize(("purpose", "code"), EVERYWHERE)
def test_every_code_is_read_from_every_paper(purpose: str, code: str) -> None:
    thing, draw, wanted = KINDS[purpose]
    paper = PAPERS[code]
    fields = paper.grids[purpose].fields
    pdf = sheets_pdf(sheets_with([thing] * fields, draw, purpose, Setting(paper)))
    assert [(round(w), round(h)) for w, h in sizes_mm(pdf)] == [ROUND_SIZES[code]]
    (page,) = pages_at(pdf, 203)
    found = all_codes_on(page)
    assert {text for _, text in found} == wanted
    assert len(found) == fields * (2 if purpose in (SLIP, COURIER) else 1)


@pytest.mark.parametrize(("purpose", "code"), EVERYWHERE)
def test_a_smeared_code_is_not_read(purpose: str, code: str) -> None:
    """The control: ink drawn out over two millimetres, as by a dirty head; nothing may be guessed from it."""
    thing, draw, _ = KINDS[purpose]
    sheets = sheets_with([thing], draw, purpose, Setting(PAPERS[code]))
    (page,) = pages_at(sheets_pdf(sheets), 203)
    assert codes_on(page) != {}
    assert codes_on(smeared(page)) == {}


def smeared(page: Image.Image) -> Image.Image:
    """Every black dot drawn out to the right."""
    smear = page.copy()
    pen = ImageDraw.Draw(smear)
    dots = round(2 / DOT_MM)
    for y in range(page.height):
        for x in range(0, page.width, 2):
            if page.getpixel((x, y)) == 0:
                pen.line((x, y, x + dots, y), fill=0)
    return smear


@pytest.mark.parametrize("code", PAPERS)
def test_the_test_page_can_be_scanned_and_measured(code: str) -> None:
    sheet = ruler_sheet(Setting(PAPERS[code]))
    (page,) = pages_at(sheets_pdf([sheet]), 203)
    assert set(codes_on(page).values()) == {SAMPLE_NUMBER}
    assert any(isinstance(m, Black) and m.width == m.height == 10 for _, _, m in sheet.marks), "the square of 10 mm"
    ruler = [m for _, _, m in sheet.marks if isinstance(m, Black) and m.y == EDGE_MM + 1.5]
    ticks = [m.x + m.width / 2 for m in ruler]
    assert all(abs(tick - round(tick)) < 1e-6 for tick in ticks)
    assert len(set(ticks)) >= PAPERS[code].width_mm - 13
    for _, _, mark in sheet.marks:
        assert mark.x >= 0
        assert mark.y >= 0
        assert mark.x + mark.width <= PAPERS[code].width_mm
        assert mark.y + mark.height <= PAPERS[code].height_mm


def codes_in(marks: list[Mark]) -> list[Code]:
    return [mark for mark in marks if isinstance(mark, Code)]


@pytest.mark.parametrize(("purpose", "code"), EVERYWHERE)
def test_bars_are_whole_dots_and_lines_thick_enough_for_thermal_paper(purpose: str, code: str) -> None:
    thing, draw, _ = KINDS[purpose]
    (label,) = draw(thing, fields_of(PAPERS[code], purpose)[0])
    for mark in codes_in(label.marks):
        dots = mark.width / mark.columns / DOT_MM
        assert abs(dots - round(dots)) < 1e-6
        assert abs(mark.x / DOT_MM - round(mark.x / DOT_MM)) < 1e-6
    assert all(min(mark.width, mark.height) >= THINNEST_MM - 1e-9 for mark in label.marks if isinstance(mark, Black))


def test_a_number_that_no_reader_could_read_is_refused() -> None:
    assert bars_of("1" * 40, 70).width_mm <= 70
    for text in ("W" * 30, "9" * 60):
        with pytest.raises(CodeTooWide):
            bars_of(text, 70)
    with pytest.raises(CodeTooWide):
        squares_of("https://example.cn/" + "w" * 200, 18)


# ---- courier labels ----


@pytest.mark.parametrize("code", [paper.code for paper in papers_for(COURIER)])
def test_a_courier_label_masks_people_and_keeps_a_virtual_number_whole(code: str) -> None:
    paper = squeezed(words_on(courier_label_pdf([make_label()], PAPERS[code])))
    for shown in (
        "中通快递",
        "512-D17-05",
        "苏州中心",
        "李**",
        "18400000013-7576",
        "示例坊6幢****",
        "庆***",
        "138******00",
        "×2",
        "庆元花菇",
        NUMBER[-4:],
    ):
        assert shown in paper
    for hidden in ("李示例", "庆元山货", "13800000000", "101"):
        assert hidden not in paper.replace("78000000010201", "")


@pytest.mark.parametrize("code", [paper.code for paper in papers_for(COURIER)])
def test_sizes_of_type_on_a_courier_label(code: str) -> None:
    (label,) = courier_labels(make_label(), fields_of(PAPERS[code], COURIER)[0])
    sizes = {mark.text: mark.size_pt for mark in label.marks if isinstance(mark, Words)}
    assert sizes["78000000010201"] >= 24
    assert sizes[NUMBER[-4:]] >= 24
    assert sizes["512- D17- 05"] == max(sizes.values())
    assert sizes["李** 18400000013-7576"] >= 14
    assert all(size >= 14 for text, size in sizes.items() if "花菇" in text or "银耳" in text)


def test_goods_that_do_not_fit_go_on_sheets_without_the_waybill() -> None:
    many = make_label(lines=tuple(SlipLine(n, "庆元花菇", "净含量:250g*1袋") for n in range(1, 13)))
    pdf = courier_label_pdf([many], PAPERS["76x130"])
    words = words_on(pdf)
    assert "12种货，共78件" in squeezed(words[:1])
    assert [("78000000010201" in page) for page in words] == [True, *[False] * (len(words) - 1)]
    paper = squeezed(words[1:])
    assert all(f"×{n}庆元花菇" in paper for n in range(1, 13))
    codes = [dict(all_codes_on(page)) for page in pages_at(pdf, 203)]
    assert codes[0] == {"Code128": "78000000010201", "QRCode": NUMBER}
    assert all(found == {"Code128": NUMBER, "QRCode": NUMBER} for found in codes[1:])


def test_a_second_copy_and_a_preview_of_a_courier_label_say_so() -> None:
    assert "第2次打印" in squeezed(words_on(courier_label_pdf([make_label(copy=2)], PAPERS["100x150"])))
    assert "预览，不要贴" in squeezed(words_on(courier_label_pdf([make_label(copy=0)], PAPERS["100x150"])))


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("code", [paper.code for paper in papers_for(COURIER)])
def test_whatever_stands_on_a_courier_label_stays_in_its_place(code: str, words: str) -> None:
    party = Party(words, words, words)
    label = make_label(
        carrier_name=words,
        bulkpen=words[:40],
        pkg_name=words[:40],
        receiver=party,
        sender=party,
        service=words,
        pays=words,
        part=words[:20],
        printed=words[:20],
        note=words,
        lines=tuple(SlipLine(99, words, words) for _ in range(3)),
        copy=2,
    )
    place = fields_of(PAPERS[code], COURIER)[0]
    for drawn in courier_labels(label, place):
        assert stray_marks(drawn, place) == []
        assert overlaps(drawn.marks) == []


# ---- bags and certificates ----

WORDS = st.text(max_size=120)


@given(WORDS, WORDS, st.integers(1, 20_000), st.sampled_from([paper.code for paper in papers_for(BAG)]))
def test_a_bag_label_fits_in_readable_letters_or_is_refused(name: str, words: str, net_g: int, code: str) -> None:
    place = fields_of(PAPERS[code], BAG)[0]
    label = make_bag(name=name, net_g=net_g, words=(("贮存条件", words), ("生产者", words)))
    try:
        (drawn,) = bag_labels(label, place)
    except TooMuch:
        return
    assert stray_marks(drawn, place) == []
    assert overlaps(drawn.marks) == []
    assert all(mark.size_pt >= SMALLEST_PT and mark.squeeze == 1 for mark in drawn.marks if isinstance(mark, Words))
    text = squeezed(mark.text for mark in drawn.marks if isinstance(mark, Words))
    assert "…" not in text.replace("…", "", words.count("…") * 2 + name.count("…"))


@pytest.mark.parametrize("code", [paper.code for paper in papers_for(BAG)])
def test_everyday_bag_labels_fit_every_paper_and_letters_are_as_high_as_the_law_asks(code: str) -> None:
    (drawn,) = bag_labels(make_bag(), fields_of(PAPERS[code], BAG)[0])
    words = [mark for mark in drawn.marks if isinstance(mark, Words)]
    assert min(mark.size_pt for mark in words) * MM_PER_PT * CAPITAL_EM >= LEAST_MM
    (net,) = [mark for mark in words if mark.text.startswith("净含量")]
    assert net.squeeze == 1
    assert net.size_pt * MM_PER_PT * CAPITAL_EM >= net_height_mm(250)


@pytest.mark.parametrize(("net_g", "height"), [(50, 2), (51, 3), (200, 3), (250, 4), (1_000, 4), (1_001, 6)])
def test_figures_of_the_net_content_grow_with_it(net_g: int, height: float) -> None:
    assert net_height_mm(net_g) == height


@given(WORDS, st.sampled_from([paper.code for paper in papers_for(CERTIFICATE)]))
def test_nothing_on_a_certificate_leaves_its_place(words: str, code: str) -> None:
    place = fields_of(PAPERS[code], CERTIFICATE)[0]
    paper = make_certificate(product=words[:40], origin=words[:60], promiser=words[:60], contact=words[:40])
    (drawn,) = certificate_labels(paper, place)
    assert stray_marks(drawn, place) == []
    assert overlaps(drawn.marks) == []


def test_a_large_document_is_drawn_by_a_child_process_and_is_the_same() -> None:
    numbers = [f"P261124ABCDE{n:03d}01" for n in range(60)]
    sheets = sheets_with([make_slip(parcel_number=n) for n in numbers], slip_labels, SLIP, Setting(PAPERS["100x150"]))
    words = words_on(sheets_pdf(sheets))
    assert [next(n for n in numbers if n in page) for page in words] == numbers
    assert words[:3] == words_on(sheets_pdf(sheets[:3]))
