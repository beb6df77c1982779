"""Reading the workshop's printers."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.labels.papers import DEFAULT_PAPER, PAPERS, papers_for
from fulfillment.labels.printers.models import Printer


def printers_in_use(session: Session) -> Sequence[Printer]:
    """Printers that are there, the usual one first."""
    rows = select(Printer).where(Printer.retired_at.is_(None))
    return session.scalars(rows.order_by(Printer.is_usual.desc(), Printer.name, Printer.id)).all()


def printers_for(session: Session, purpose: str) -> list[Printer]:
    """Printers whose paper suits a purpose, the usual one first."""
    suitable = {paper.code for paper in papers_for(purpose)}
    return [printer for printer in printers_in_use(session) if printer.paper in suitable]


def chosen_printer(session: Session, purpose: str, printer_id: object = None) -> Printer:
    """The printer with this id where it suits the purpose, else the usual one; a workshop without any has a plain one."""
    printers = printers_for(session, purpose)
    wanted = (printer for printer in printers if printer.id == printer_id)
    return next(wanted, None) or next(iter(printers), None) or _plain(purpose)


def _plain(purpose: str) -> Printer:
    """A printer that was never written down: the paper that most have, exactly adjusted."""
    paper = PAPERS[DEFAULT_PAPER] if PAPERS[DEFAULT_PAPER].takes(purpose) else papers_for(purpose)[0]
    return Printer(name="", paper=paper.code, offset_x_um=0, offset_y_um=0, is_usual=True)
