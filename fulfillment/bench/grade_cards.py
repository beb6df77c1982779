"""The grades to tap at the scale: each with what it takes off, a picture, and what to look for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import current_app, url_for

from fulfillment.bench.weigher_words import percent_words
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.models import Contract
from kernel.text import Text, t

_DRAWN = 4

# Dried shiitake, best first. Source: data/rules, trade grades of huagu, and GH/T 1013-1998 for hougu (openness, broken caps).
_LOOK_FOR: Mapping[str, Sequence[Text]] = {
    "huagu": (
        Text("帽 4 cm 以上，花纹色淡明显，残缺不到 1%", "caps 4 cm and more, clear pale cracks, under 1 % broken"),
        Text("帽 2.5 到 4 cm，花纹较深，残缺不到 1%", "caps 2.5 to 4 cm, darker cracks, under 1 % broken"),
        Text("帽 2 cm 以上，花纹棕褐，残缺不到 5%", "caps 2 cm and more, brown cracks, under 5 % broken"),
    ),
    "hougu": (
        Text("帽 4 cm 以上，圆整，厚 0.5 cm，残缺不到 1%", "caps 4 cm and more, round, 0.5 cm thick, under 1 % broken"),
        Text("帽 3 cm 以上，稍平展，残缺不到 3%", "caps 3 cm and more, a little flat, under 3 % broken"),
        Text("大小不一，残缺不到 5%", "mixed sizes, under 5 % broken"),
    ),
}


@dataclass(frozen=True)
class GradeCard:
    """One grade as it is shown; ``picture`` is an address."""

    name: str
    note: str
    picture: str
    look_for: str


def grade_cards(contract: Contract, photographed: Mapping[tuple[str, str, str], int]) -> list[GradeCard]:
    """The grades that a contract takes, best first; the owner's photo where there is one, else a drawing."""
    return [
        GradeCard(
            name=grade.name,
            note=t("减 {rate}%", "less {rate} %", rate=percent_words(grade.deduction_bps))
            if grade.deduction_bps
            else "",
            picture=_picture(photographed.get((contract.product, contract.form, grade.name)), rank),
            look_for=look_for(contract.product, rank),
        )
        for rank, grade in enumerate(growers.agreed_grades(contract))
    ]


def look_for(product: str, rank: int) -> str:
    """What the goods of a grade look like, in words; nothing for what no rule names."""
    known = _LOOK_FOR.get(product, ())
    return str(known[rank]) if rank < len(known) else ""


def _picture(grade_id: int | None, rank: int) -> str:
    return url_for("weigher.grade_pictures.picture", grade_id=grade_id) if grade_id is not None else drawing(rank)


def drawing(rank: int) -> str:
    """The drawn picture of the best grade (0), the second, and so on."""
    asset = current_app.jinja_env.globals["asset"]
    address: str = asset(f"img/grades/{min(rank, _DRAWN - 1) + 1}.svg")  # type: ignore[operator]
    return address
