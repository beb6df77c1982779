"""The test page of a printer: rulers both ways, a black square, the smallest type, both codes, and what to do when it is off."""

from fulfillment.labels.drawing import THINNEST_MM, Label, Sheet, placed
from fulfillment.labels.flow import Column, Flowed, Paragraph, flow
from fulfillment.labels.papers import Field
from fulfillment.labels.sheets import Setting
from kernel.text import t

SAMPLE_NUMBER = "P0000000000000000"
EDGE_MM = 5.0
_RULER_MM = 12.0
_SQUARE_MM = 10.0
_SMALL_MM = 60.0


def ruler_sheet(setting: Setting) -> Sheet:
    """The test page for a printer's paper, moved by its offset like everything else it prints."""
    paper = setting.paper
    label = Label(paper.width_mm, paper.height_mm)
    _draw_rulers(label)
    _draw_edges(label)
    if min(label.width, label.height) < _SMALL_MM:
        _draw_small(label)
    else:
        _draw_full(label)
    whole = Field(0, 0, paper.width_mm, paper.height_mm, EDGE_MM)
    dx, dy = setting.offset_x_mm, setting.offset_y_mm
    return Sheet(paper.width_mm, paper.height_mm, tuple((x + dx, y + dy, mark) for x, y, mark in placed(label, whole)))


def _draw_rulers(label: Label) -> None:
    """Millimetres from the left edge along the top, and from the upper edge down the left side."""
    top, left = EDGE_MM + 1.5, EDGE_MM + 1.5
    for millimetre in range(int(EDGE_MM) + 2, int(label.width - EDGE_MM)):
        length = _tick(millimetre)
        label.upright(millimetre - THINNEST_MM / 2, top, length)
        if millimetre % 10 == 0 and 2 * EDGE_MM + 5 <= millimetre <= label.width - EDGE_MM - 2:
            label.centred(millimetre - 5, top + 4.0, 10, str(millimetre), 7)
    for millimetre in range(int(EDGE_MM) + 2, int(label.height - EDGE_MM)):
        length = _tick(millimetre)
        label.rule(left, millimetre - THINNEST_MM / 2, length)
        if millimetre % 10 == 0 and 2 * EDGE_MM + 5 <= millimetre <= label.height - EDGE_MM - 2:
            label.words(left + 4.3, millimetre - 1.25, str(millimetre), 7)


def _tick(millimetre: int) -> float:
    if millimetre % 10 == 0:
        return 4.0
    return 2.8 if millimetre % 5 == 0 else 1.8


def _draw_edges(label: Label) -> None:
    """A frame 5 mm inside the paper, and an arrow from it towards each edge."""
    width, height = label.width - 2 * EDGE_MM, label.height - 2 * EDGE_MM
    label.rule(EDGE_MM, EDGE_MM, width)
    label.rule(EDGE_MM, label.height - EDGE_MM, width + THINNEST_MM)
    label.upright(EDGE_MM, EDGE_MM, height)
    label.upright(label.width - EDGE_MM, EDGE_MM, height)
    across, down = label.width / 2, label.height / 2
    for step in range(4):
        wide = 2 * step * 2 * THINNEST_MM + THINNEST_MM
        # Arrowheads of four steps: their points end 3 mm before the edge of the paper.
        label.black(across - wide / 2, 3.0 + step * 0.25, wide, 0.25)
        label.black(across - wide / 2, label.height - 3.25 - step * 0.25, wide, 0.25)
        label.black(3.0 + step * 0.25, down - wide / 2, 0.25, wide)
        label.black(label.width - 3.25 - step * 0.25, down - wide / 2, 0.25, wide)


def _draw_small(label: Label) -> None:
    """What a paper of the size of a bag label holds."""
    left, top = EDGE_MM + _RULER_MM, EDGE_MM + 9.0
    label.black(left, top, _SQUARE_MM, _SQUARE_MM)
    label.words(left + 12, top - 0.5, t("方块 10×10", "Square 10×10"), 8)
    label.words(left + 12, top + 3.2, t("最小的字 7 点", "Smallest type 7 pt"), 7)
    label.words(left + 12, top + 6.4, t("按实际大小打印", "Print at actual size"), 8)
    label.qr(label.width - EDGE_MM - 17, label.height - EDGE_MM - 17, 16, SAMPLE_NUMBER)
    said = t("框离纸边应是 5 毫米，差多少填到打印机设置里。", "The frame is 5 mm inside; enter what it is off.")
    column = Column(label.width - left - EDGE_MM - 18, label.height - EDGE_MM - 2 - top - 13)
    _write(label, left, top + 13, flow([Paragraph(said, 8)], column))


def _draw_full(label: Label) -> None:
    left, top = EDGE_MM + _RULER_MM, EDGE_MM + 10.0
    width = label.width - left - EDGE_MM - 2
    title = t(
        "试印页 {width} × {height}", "Test {width} × {height}", width=f"{label.width:g}", height=f"{label.height:g}"
    )
    label.words(left, top, title, 16, room=width)
    label.black(left, top + 8, _SQUARE_MM, _SQUARE_MM)
    room = width - 12.5
    label.words(left + 12.5, top + 8.5, t("黑方块，每边 10 毫米", "Black square, 10 mm a side"), 10, room=room)
    label.words(left + 12.5, top + 13.5, t("7 点的字：净含量 250g 保质期", "7 pt: net content 250 g"), 7, room=room)
    _draw_line_to_measure(label, left, top + 21)
    label.bars(left, top + 28, width, 12, SAMPLE_NUMBER)
    label.words(left, top + 41, "24 P0123", 24, bold=True)
    label.words(left, top + 51, t("14 点 庆元花菇 𠮷㛃", "14 pt 庆元花菇 𠮷㛃"), 14, room=width)
    bottom = label.height - EDGE_MM - 2
    side = label.qr(label.width - EDGE_MM - 24, bottom - 22, 22, SAMPLE_NUMBER)
    advice = _advice(9 if label.width < 100 else 11)
    _write(label, left, top + 58, flow(advice, Column(width, bottom - top - 58, side + 2)))


def _write(label: Label, x: float, y: float, flowed: Flowed) -> None:
    for line in flowed.lines:
        label.words(x, y + line.top, line.text, line.size_pt)


def _draw_line_to_measure(label: Label, left: float, y: float) -> None:
    """A line of exactly 50 mm between two strokes."""
    label.rule(left, y + 2, 50)
    label.upright(left, y, 4)
    label.upright(left + 50 - THINNEST_MM, y, 4)
    label.words(left + 15, y + 2.6, t("这条线 50 毫米", "This line: 50 mm"), 8)


def _advice(size_pt: float) -> list[Paragraph]:
    """What to look at, and what to do when it is off."""
    return [
        Paragraph(words, size_pt, after=1.2)
        for words in (
            t(
                "1 量线：不是 50 毫米，打印时选“实际大小”或 100%，纸选这一种。",
                "1 Measure the line: not 50 mm? Print at “actual size” (100 %), on this paper.",
            ),
            t(
                "2 量边：框离纸边应是 5 毫米。差几毫米，就填到打印机的“往右、往下移”里。",
                "2 Measure the edges: the frame is 5 mm inside. Enter what it is off as “move right, down”.",
            ),
            t(
                "3 看黑：方块发灰或有白道，调深打印浓度，擦打印头。",
                "3 Look at the black: grey or streaked? Print darker and clean the head.",
            ),
            t("4 扫码：两个码都要扫得出。", "4 Scan both codes."),
        )
    ]
