"""From a recorded print to paper: the slips of a job, the setting they are drawn with, and which printer this device uses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from flask import current_app
from flask import session as cookie
from sqlalchemy.orm import Session, object_session
from werkzeug.wrappers import Response

from fulfillment.labels.drawing import Sheet
from fulfillment.labels.papers import PAPERS, SLIP, fields_of
from fulfillment.labels.pdf import sheet_pictures
from fulfillment.labels.printers import queries as printers
from fulfillment.labels.printers.models import Printer
from fulfillment.labels.rules import Slip
from fulfillment.labels.service import slip_of
from fulfillment.labels.sheets import Setting
from fulfillment.labels.slip import PREVIEW
from fulfillment.packing import print_queries
from fulfillment.packing.boxes.queries import together_words
from fulfillment.packing.models import Parcel, PrintJob, SlipPrint
from kernel.http import setting
from kernel.parse import FieldError, parse_count

# A document opened later than this is a preview again, so that a forgotten tab prints no second label.
PRINT_WITHIN: Final = timedelta(minutes=30)
MOST_PLACES: Final = max(len(fields_of(paper, use)) for paper in PAPERS.values() for use in paper.grids)


def is_open(job: PrintJob, now: datetime) -> bool:
    """Whether the job's document is still the real one: lately printed, and nobody has said that it came out."""
    return job.came_out_at is None and now - job.at <= PRINT_WITHIN


def setting_of(job: PrintJob) -> Setting:
    """How the job's document is drawn: as it was when it was printed first."""
    return Setting(PAPERS[job.paper], job.offset_x_um / 1000, job.offset_y_um / 1000, job.first_place)


def slip_for(parcel: Parcel, printed: SlipPrint | None, of: int = 1) -> Slip:
    """The slip of a recorded print, or a preview; ``of`` is how many its job has."""
    slip = slip_of(
        parcel,
        zone=setting("workshop_zone"),
        copy=printed.copy if printed else PREVIEW,
        printed_at=printed.at if printed else None,
        place=f"{printed.place}/{of}" if printed and of > 1 else "",
    )
    # What goes in a box with others says so, where the packer looks last.
    session = object_session(parcel)
    together = together_words(session, parcel) if session else ""
    return replace(slip, next_step=together) if together else slip


def slips_of_job(session: Session, job: PrintJob, *, is_real: bool) -> list[Slip]:
    """The slips of a job in the order of printing: real ones, or previews."""
    prints = print_queries.prints_of_job(session, job.id)
    parcels = print_queries.parcels_of_job(session, job.id)
    return [slip_for(parcels[one.place], one if is_real else None, len(prints)) for one in prints]


def pictures(sheets: Sequence[Sheet]) -> list[tuple[Sheet, str]]:
    """Sheets with the picture of each, for the page."""
    return list(zip(sheets, sheet_pictures(sheets), strict=True))


def pdf_answer(pdf: bytes, name: str) -> Response:
    """A PDF that the browser shows and nobody keeps."""
    response = current_app.response_class(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response


def remembered_printer(session: Session, purpose: str = SLIP) -> Printer:
    """The printer that this device used last for the purpose, else the usual one."""
    return printers.chosen_printer(session, purpose, cookie.get(_cookie(purpose)))


def chosen_printer(session: Session, typed: Mapping[str, object], purpose: str = SLIP) -> Printer:
    """The printer chosen in a form, remembered for this device; without a choice the one used last."""
    if not typed.get("printer"):
        return remembered_printer(session, purpose)
    try:
        wanted = parse_count(typed["printer"], 1, 2**62)
    except FieldError:
        return remembered_printer(session, purpose)
    printer = printers.chosen_printer(session, purpose, wanted)
    cookie[_cookie(purpose)] = printer.id
    return printer


def first_place(typed: Mapping[str, object]) -> int:
    """The first free place of a half-used sheet; anything else than a place is the first."""
    try:
        return parse_count(typed.get("first_place") or "1", 1, MOST_PLACES)
    except FieldError:
        return 1


def printer_choice(session: Session, purpose: str = SLIP) -> dict[str, object]:
    """What the printer fields of a form need: the printers, the one used last, the places of the fullest sheet."""
    found = printers.printers_for(session, purpose)
    used = remembered_printer(session, purpose)
    return {
        "printers": [(str(printer.id), printer.words) for printer in found],
        "printer_used": used,
        "places": max((printer.sheet.grids[purpose].fields for printer in found), default=1),
    }


def _cookie(purpose: str) -> str:
    return f"printer_{purpose}"
