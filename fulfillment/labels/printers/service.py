"""Adding, changing and putting away printers. Documents keep the setting that they were printed with."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from fulfillment.labels.printers.models import Printer
from kernel.audit import Actor, record_change
from kernel.errors import Invalid, NotFound, Refused
from kernel.text import Text

# Few and rarely changed: one change at a time keeps exactly one usual printer without a thought about rows.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('gongfang: printers'))")


@dataclass(frozen=True)
class PrinterFacts:
    """What a person may change; offsets in micrometres, to the right and down."""

    name: str
    paper: str
    offset_x_um: int
    offset_y_um: int
    is_usual: bool


def add_printer(session: Session, facts: PrinterFacts, *, now: datetime, by: Actor) -> Printer:
    """Write a printer down."""
    session.execute(_ONE_AT_A_TIME)
    _refuse_twin(session, facts.name, except_id=None)
    _make_room_for_usual(session, facts)
    printer = Printer(**asdict(facts), changed_at=now, changed_by=by.name)
    session.add(printer)
    session.flush()
    _record(session, printer, "printer.added", before={}, after=asdict(facts), now=now, by=by)
    return printer


def change_printer(session: Session, printer_id: int, facts: PrinterFacts, *, now: datetime, by: Actor) -> Printer:
    """Change a printer's name, paper or offset, or make it the usual one; the usual one stays so until another is."""
    session.execute(_ONE_AT_A_TIME)
    printer = _lock(session, printer_id)
    facts = replace(facts, is_usual=facts.is_usual or printer.is_usual)
    _refuse_twin(session, facts.name, except_id=printer_id)
    _make_room_for_usual(session, facts)
    before = {name: getattr(printer, name) for name in asdict(facts)}
    for name, value in asdict(facts).items():
        setattr(printer, name, value)
    printer.changed_at, printer.changed_by = now, by.name
    session.flush()
    _record(session, printer, "printer.changed", before=before, after=asdict(facts), now=now, by=by)
    return printer


def retire_printer(session: Session, printer_id: int, *, now: datetime, by: Actor) -> None:
    """A printer is gone; the usual one must be replaced first, so that packers always have one."""
    session.execute(_ONE_AT_A_TIME)
    printer = _lock(session, printer_id)
    if printer.is_usual:
        raise Refused(
            "这是平时用的打印机。请先把另一台设为平时用的。",
            "This is the usual printer. Make another one the usual one first.",
            code="usual_printer",
        )
    printer.retired_at, printer.changed_at, printer.changed_by = now, now, by.name
    session.flush()
    _record(session, printer, "printer.retired", before={}, after={"name": printer.name}, now=now, by=by)


def _lock(session: Session, printer_id: int) -> Printer:
    printer = session.get(Printer, printer_id, with_for_update=True, populate_existing=True)
    if printer is None or printer.retired_at is not None:
        raise NotFound("没有这台打印机。", "There is no such printer.")
    return printer


def _refuse_twin(session: Session, name: str, *, except_id: int | None) -> None:
    twin = session.scalar(select(Printer.id).where(Printer.name == name, Printer.retired_at.is_(None)))
    if twin is not None and twin != except_id:
        said = Text("已经有一台叫这个名字的打印机了。", "Another printer has this name already.")
        raise Invalid(said.zh, said.en, fields={"name": said})


def _make_room_for_usual(session: Session, facts: PrinterFacts) -> None:
    if facts.is_usual:
        session.execute(update(Printer).where(Printer.is_usual).values(is_usual=False))


def _record(
    session: Session,
    printer: Printer,
    action: str,
    *,
    before: dict[str, object],
    after: dict[str, object],
    now: datetime,
    by: Actor,
) -> None:
    record_change(session, actor=by, action=action, subject=f"printer:{printer.id}", at=now, before=before, after=after)
