"""One paper of one parcel, whichever it is: a preview, the print that is recorded, real once right after.

The slip and the courier's label go this way. Only a POST prints, and only for whoever has the parcel in hand or leads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import make_response, redirect, render_template, request, url_for
from flask import session as cookie
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import slip_paper
from fulfillment.couriers.waybills.models import WaybillPrint
from fulfillment.labels.drawing import Sheet
from fulfillment.labels.fonts import code_point
from fulfillment.labels.papers import Paper
from fulfillment.labels.rules import REPRINT_REASONS
from fulfillment.packing import queries
from fulfillment.packing.lead_rules import has_in_hand, number_in_address
from fulfillment.packing.models import Parcel, SlipPrint
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import current_person, transaction
from kernel.people.rules import LEAD, OWNER
from kernel.text import Text


@dataclass(frozen=True)
class Drawn:
    """A paper as its page shows it; ``number`` names it, ``last`` is its last print, ``unprintable`` what no font has."""

    number: str
    sheets: Sequence[Sheet]
    paper: Paper
    last: SlipPrint | WaybillPrint | None
    may_print: bool
    unprintable: Sequence[str]


@dataclass(frozen=True)
class ParcelPaper:
    """A kind of paper. ``room`` is its blueprint, with the views ``show``, ``print_one`` and ``pdf``.

    ``record`` notes a print as the form says; ``draw`` gives the paper: real or, with ``False``, a preview.
    """

    room: str
    purpose: str
    name: Text
    missing: Text
    record: Callable[[Session, Parcel, Form], None]
    draw: Callable[[Session, Parcel, bool], Drawn]

    def show(self, number: str) -> Response:
        """The paper: real right after its print was recorded, once; a preview at any other time."""
        is_fresh = cookie.pop(self._fresh, None) == number
        with transaction() as session:
            return self._page(session, self.parcel(session, number), Form(), is_fresh=is_fresh)

    def print_one(self, number: str) -> Response:
        """Record a print: the first copy, or another one with its reason; a double tap is one print."""
        form = Form(request.form)
        try:
            with transaction() as session:
                parcel = self.parcel(session, number)
                self.record(session, parcel, form)
        except NotFound:
            raise
        except Problem as problem:
            form.errors.update(problem.fields)
            with transaction() as session:
                return self._page(session, self.parcel(session, number), form, is_fresh=False, problem=problem)
        if form.value("as") == "pdf":
            return redirect(url_for(f"{self.room}.pdf", number=parcel.number), code=303)
        cookie[self._fresh] = parcel.number
        return redirect(url_for(f"{self.room}.show", number=parcel.number), code=303)

    def parcel(self, session: Session, number: str) -> Parcel:
        """The parcel, when its work is in this person's hands or the person leads; else it looks like none at all."""
        parcel = queries.parcel_by_number(session, number_in_address(number))
        person = current_person()
        if parcel is None or person is None:
            raise NotFound(self.missing.zh, self.missing.en)
        if not leads() and not has_in_hand(parcel.task.state, parcel.task.packer_id, person.id):
            raise NotFound(self.missing.zh, self.missing.en)
        return parcel

    @property
    def _fresh(self) -> str:
        return f"fresh_{self.room}"

    def _page(
        self, session: Session, parcel: Parcel, form: Form, *, is_fresh: bool, problem: Problem | None = None
    ) -> Response:
        drawn = self.draw(session, parcel, is_fresh)
        html = render_template(
            "labels/parcel_paper.html",
            kind=self,
            parcel=parcel,
            drawn=drawn,
            sheets=slip_paper.pictures(drawn.sheets),
            is_fresh=is_fresh and drawn.last is not None,
            code_point=code_point,
            reasons=[(code, word, "") for code, word in REPRINT_REASONS.items()],
            leads=leads(),
            choice=slip_paper.printer_choice(session, self.purpose),
            form=form,
            form_key=once.new_key(),
            problem=problem,
        )
        return unkept(make_response(html, problem.status if problem else 200))


def leads() -> bool:
    """Whether whoever is signed in sees every parcel, in whosever hands."""
    person = current_person()
    return person is not None and bool(person.roles & {LEAD, OWNER})


def unkept(response: Response) -> Response:
    """A page of which no copy stays in the browser, so that going back prints nothing."""
    response.headers["Cache-Control"] = "no-store"
    return response
