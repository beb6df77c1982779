"""The papers that labels are printed on, and how many fit on each. Lengths in millimetres."""

from dataclasses import dataclass
from typing import Final

from kernel.text import Text

SLIP, COURIER, BAG, CERTIFICATE = "slip", "courier", "bag", "certificate"


@dataclass(frozen=True)
class Grid:
    """How a paper is divided: columns, rows, and what stays free inside each field's edge."""

    columns: int
    rows: int
    margin_mm: float

    @property
    def fields(self) -> int:
        """How many labels the paper takes."""
        return self.columns * self.rows


@dataclass(frozen=True)
class Paper:
    """A size of paper and what it is good for; ``grids`` says how each purpose divides it."""

    code: str
    words: Text
    width_mm: float
    height_mm: float
    grids: dict[str, Grid]

    def takes(self, purpose: str) -> bool:
        """Whether this paper can be used for the purpose."""
        return purpose in self.grids


@dataclass(frozen=True)
class Field:
    """One label's place on a paper: its left upper corner, its size, and what stays free inside."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    margin_mm: float


def _roll(code: str, width: float, height: float, bags: Grid, certificates: Grid) -> Paper:
    whole = Grid(1, 1, 3.0 if width < 100 else 4.0)
    words = Text(f"热敏 {width:g}×{height:g} 毫米", f"Thermal {width:g} × {height:g} mm")
    return Paper(code, words, width, height, {SLIP: whole, COURIER: whole, BAG: bags, CERTIFICATE: certificates})


PAPERS: Final[dict[str, Paper]] = {
    paper.code: paper
    for paper in (
        _roll("76x130", 76, 130, Grid(1, 2, 3.0), Grid(1, 1, 4.0)),
        _roll("100x150", 100, 150, Grid(1, 3, 3.0), Grid(1, 2, 4.0)),
        _roll("100x180", 100, 180, Grid(1, 3, 3.0), Grid(1, 2, 4.0)),
        Paper("70x50", Text("小标签 70×50 毫米", "Small label 70 × 50 mm"), 70, 50, {BAG: Grid(1, 1, 2.5)}),
        Paper(
            "a4",
            Text("A4 纸", "A4"),
            210,
            297,
            # Office printers leave about 4 mm white at the edge of the paper.
            {SLIP: Grid(2, 2, 6.0), COURIER: Grid(2, 2, 6.0), BAG: Grid(2, 5, 5.0), CERTIFICATE: Grid(2, 4, 5.0)},
        ),
    )
}
DEFAULT_PAPER: Final = "100x150"


def fields_of(paper: Paper, purpose: str) -> list[Field]:
    """The places of the labels on one sheet, row by row."""
    grid = paper.grids[purpose]
    width, height = paper.width_mm / grid.columns, paper.height_mm / grid.rows
    return [
        Field(column * width, row * height, width, height, grid.margin_mm)
        for row in range(grid.rows)
        for column in range(grid.columns)
    ]


def papers_for(purpose: str) -> list[Paper]:
    """The papers that suit a purpose."""
    return [paper for paper in PAPERS.values() if paper.takes(purpose)]
