"""The conformity certificate (承诺达标合格证) on paper, with the fields of data/rules/certificate_承诺达标合格证.json."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from fulfillment.labels.drawing import MM_PER_PT, Label
from fulfillment.labels.flow import Column, Flowed, Paragraph, flow
from fulfillment.labels.papers import Field
from kernel.text import Text

TITLE: Final = "承诺达标合格证"
PROMISES: Final = (
    "不使用禁用农药兽药、停用兽药和非法添加物",
    "常规农药兽药残留不超标",
    "对承诺的真实性负责",
)
# What the promise rests on; the form asks for one (data/rules, from memory).
BASES: Final[dict[str, Text]] = {
    "tested": Text("委托检测", "Tested by a laboratory"),
    "self_tested": Text("自我检测", "Tested by ourselves"),
    "controlled": Text("内部质量控制", "Own quality control"),
    "promised": Text("自我承诺", "Own promise"),
}
_TITLE_PT, _NUMBER_PT = 18, 9
_SIZES_PT: Final = (12, 11, 10.5, 10, 9.5, 9, 8.5, 8, 7.5)


@dataclass(frozen=True)
class CertificatePaper:
    """What stands on a certificate."""

    number: str
    product: str
    quantity_g: int
    origin: str
    issued_on: date
    promiser: str
    contact: str
    basis: str
    lots: tuple[str, ...]
    trace_url: str


def certificate_labels(paper: CertificatePaper, place: Field) -> list[Label]:
    """The certificate in its field."""
    label = Label(place.width_mm, place.height_mm)
    left, width = place.margin_mm, place.width_mm - 2 * place.margin_mm
    label.centred(left, left, width, TITLE, _TITLE_PT)
    y = left + _TITLE_PT * MM_PER_PT + 0.8
    label.right(left + width, y, f"编号 {paper.number}", _NUMBER_PT)
    y += _NUMBER_PT * MM_PER_PT + 0.8
    label.rule(left, y, width)
    y += 1.2
    bottom = place.height_mm - place.margin_mm
    room = 22.0 if place.height_mm > 100 else 18.2
    side = label.qr(left + width - room, bottom - room, room, paper.trace_url)
    for line in _fit(paper, Column(width, bottom - y, side + 0.5)).lines:
        label.words(left, y + line.top, line.text, line.size_pt)
    return [label]


def _fit(paper: CertificatePaper, column: Column) -> Flowed:
    """The largest type at which everything fits; what still does not ends with an ellipsis."""
    flowed = flow(_paragraphs(paper, _SIZES_PT[0]), column)
    for size in _SIZES_PT[1:]:
        if flowed.is_whole:
            break
        flowed = flow(_paragraphs(paper, size), column)
    return flowed


def _paragraphs(paper: CertificatePaper, size: float) -> list[Paragraph]:
    bases = " ".join(f"{'■' if code == paper.basis else '□'}{words.zh}" for code, words in BASES.items())
    facts = (
        f"产品名称：{paper.product}",
        f"数量（重量）：{paper.quantity_g / 1000:g} kg",
        f"产地：{paper.origin}",
        f"开具时间：{paper.issued_on:%Y-%m-%d}",
        f"承诺主体：{paper.promiser}",
        f"联系方式：{paper.contact}",
        f"批号：{'、'.join(paper.lots)}",
    )
    promise = "我承诺对生产销售的食用农产品：" + "；".join(PROMISES) + "。"
    gap = 0.12 * size * MM_PER_PT
    return [
        Paragraph(promise, size, after=2 * gap),
        Paragraph(f"承诺依据：{bases}", size, after=2 * gap),
        *(Paragraph(fact, size, after=gap) for fact in facts),
    ]
