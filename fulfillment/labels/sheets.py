"""Labels onto paper: one a sheet or several with cut marks, beginning where a half-used sheet has its first free place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fulfillment.labels.drawing import THINNEST_MM, Black, Label, Mark, Sheet, placed
from fulfillment.labels.papers import SLIP, Field, Paper, fields_of
from fulfillment.labels.pdf import sheets_pdf
from fulfillment.labels.rules import Slip
from fulfillment.labels.slip import slip_labels

Thing = TypeVar("Thing")

_CUT_MM = 3.0


@dataclass(frozen=True)
class Setting:
    """How one document is printed: the paper, how far the printer is off, the first free place on the first sheet."""

    paper: Paper
    offset_x_mm: float = 0.0
    offset_y_mm: float = 0.0
    first_place: int = 1


def slip_sheets(slips: Sequence[Slip], setting: Setting) -> list[Sheet]:
    """The slips on sheets, in the order given."""
    return sheets_with(slips, slip_labels, SLIP, setting)


def slips_pdf(slips: Sequence[Slip], setting: Setting) -> bytes:
    """The slips in one document, in the order given."""
    return sheets_pdf(slip_sheets(slips, setting))


def sheets_with(
    things: Sequence[Thing], draw: Callable[[Thing, Field], list[Label]], purpose: str, setting: Setting
) -> list[Sheet]:
    """Things laid out by ``draw`` into the fields of the paper, one after the other."""
    places = fields_of(setting.paper, purpose)
    # Fields of one paper differ in their corner only, which the layout does not know.
    labels = [label for thing in things for label in draw(thing, places[0])]
    skipped = (setting.first_place - 1) % len(places)
    spots: list[Label | None] = [*[None] * skipped, *labels]
    return [_sheet(spots[start : start + len(places)], places, setting) for start in range(0, len(spots), len(places))]


def _sheet(labels: Sequence[Label | None], places: Sequence[Field], setting: Setting) -> Sheet:
    marks = [mark for label, place in zip(labels, places, strict=False) if label for mark in placed(label, place)]
    marks += [(0.0, 0.0, mark) for mark in _cut_marks(setting.paper, places)]
    dx, dy = setting.offset_x_mm, setting.offset_y_mm
    moved = tuple((x + dx, y + dy, mark) for x, y, mark in marks)
    return Sheet(setting.paper.width_mm, setting.paper.height_mm, moved)


def _cut_marks(paper: Paper, places: Sequence[Field]) -> list[Mark]:
    """Short lines where the fields meet, also at the edges, so that a ruler can be laid on them."""
    across = sorted({place.x_mm for place in places} - {0.0})
    down = sorted({place.y_mm for place in places} - {0.0})
    columns = [0.0, *across, paper.width_mm]
    rows = [0.0, *down, paper.height_mm]
    uprights = [Black(x, max(0.0, y - _CUT_MM), THINNEST_MM, 2 * _CUT_MM) for x in across for y in rows]
    rules = [Black(max(0.0, x - _CUT_MM), y, 2 * _CUT_MM, THINNEST_MM) for y in down for x in columns]
    return [*uprights, *rules]
