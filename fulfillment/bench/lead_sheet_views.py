"""Couriers without an interface: their sheet goes out with the boxes that wait, and comes back with the numbers."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.courier_words import courier_desk
from fulfillment.couriers.rules import CARRIERS
from fulfillment.couriers.waybills import queries, sheet_service, steps
from fulfillment.couriers.waybills.sheet_service import Imported
from fulfillment.couriers.waybills.sheets import (
    FIELDS,
    LARGEST_BYTES,
    SheetRow,
    columns_as_typed,
    read_columns,
    read_numbers,
)
from kernel.audit import record_change
from kernel.clock import local_day
from kernel.errors import NotFound, Problem
from kernel.files import csv_answer, sent_file
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("sheets", __name__, url_prefix="/courier-sheets/<carrier>")


@blueprint.get("")
@requires(LEAD, OWNER)
def show(carrier: str) -> str:
    """One courier's sheet: what waits, out, in, and its columns."""
    with transaction() as session:
        return _page(session, _known(carrier), Form())


@blueprint.post("/out")
@requires(LEAD, OWNER)
def export(carrier: str) -> Response:
    """The sheet with names, phones and addresses whole, as the courier needs them; who took it is kept."""
    code, sender, zone = _known(carrier), courier_desk().sender, setting("workshop_zone")
    with transaction() as session:
        columns = sheet_service.columns_of(session, code)
        rows = [
            SheetRow(one.key, steps.receiver_of(one.parcel.order), sender, steps.goods_of(one.parcel), one.weight_g)
            for one in queries.on_sheet(session, code)
        ]
        record_change(
            session,
            actor=actor(),
            action="courier_sheet.taken",
            subject=f"courier:{code}",
            at=utc_now(),
            after={"parcels": len(rows)},
        )
    cells = [[row.cell(name) for _, name in columns] for row in rows]
    return csv_answer(f"{code}-{local_day(utc_now(), zone)}", [heading for heading, _ in columns], cells)


@blueprint.post("/in")
@requires(LEAD, OWNER)
def take_numbers(carrier: str) -> str | tuple[str, int]:
    """Keep the good rows of the sheet that came back, and name the others by row and column."""
    form, code = Form(), _known(carrier)
    try:
        raw = sent_file("file", LARGEST_BYTES)
        if not raw:
            form.refuse("file", "请选一个文件。", "Choose a file.")
        form.check()
        with transaction() as session:
            read = read_numbers(raw, sheet_service.columns_of(session, code))
            result = sheet_service.import_numbers(session, read, carrier=code, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.setdefault("file", problem.text)
        with transaction() as session:
            return _page(session, code, form), problem.status
    with transaction() as session:
        return _page(session, code, form, result)


@blueprint.post("/columns")
@requires(LEAD, OWNER)
def set_columns(carrier: str) -> Response | tuple[str, int]:
    """Set what columns the sheet has."""
    form, code = Form(request.form), _known(carrier)
    columns = form.read("columns", lambda raw: read_columns(raw if isinstance(raw, str) else ""))
    try:
        form.check()
        with transaction() as session:
            sheet_service.set_columns(session, code, columns, now=utc_now(), by=actor())
    except Problem as problem:
        with transaction() as session:
            return _page(session, code, form), problem.status
    flash(t("列改好了。", "The columns are set."), "done")
    return redirect(url_for("lead.sheets.show", carrier=code), code=303)


def _known(carrier: str) -> str:
    if carrier not in CARRIERS:
        raise NotFound("没有这家快递。", "There is no such courier.")
    return carrier


def _page(session: Session, carrier: str, form: Form, result: Imported | None = None) -> str:
    if "columns" not in form.values:
        form.values["columns"] = columns_as_typed(sheet_service.columns_of(session, carrier))
    return render_template(
        "lead/courier_sheet.html",
        carrier=carrier,
        waiting=len(queries.on_sheet(session, carrier)),
        fields=FIELDS,
        result=result,
        form=form,
    )
