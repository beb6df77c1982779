"""What couriers charge: price lists with dates, as files in and out, and what was expected against what was charged."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.fee_forms import SHOWN_WEIGHTS_G, read_tariff, typed_of
from fulfillment.couriers.fees import queries, service, tariff_file
from fulfillment.couriers.fees.rules import Tariff, fee_fen
from fulfillment.couriers.rules import CARRIERS
from kernel import once
from kernel.clock import day_bounds, local_day
from kernel.errors import Problem
from kernel.files import csv_answer, sent_file
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.sheets import Cell, plain_yuan
from kernel.text import t
from shop.orders.rules import PROVINCES

blueprint = Blueprint("fees", __name__, url_prefix="/fees")

_FURTHEST: Final = timedelta(days=366)


def _today() -> date:
    return local_day(utc_now(), setting("workshop_zone"))


@blueprint.get("")
@requires(LEAD, OWNER)
def overview() -> str:
    """Who charges what to each province today; one courier, or all beside each other."""
    carrier = request.args.get("carrier", "")
    with transaction() as session:
        known = queries.carriers_with_prices(session)
        carrier = carrier if carrier in known else next(iter(sorted(known)), "")
        rows = queries.in_force(session, _today(), carrier=carrier) if carrier else []
        by_province = {row.province: row for row in rows}
        return render_template(
            "lead/fees.html",
            carrier=carrier,
            known=sorted(known),
            rows=[by_province[name] for name in PROVINCES if name in by_province],
            missing=[name for name in PROVINCES if name not in by_province],
            coming=queries.coming(session, _today(), carrier) if carrier else [],
            weights=SHOWN_WEIGHTS_G,
            fee_of=lambda row, grams: fee_fen(queries.as_tariff(row), grams),
        )


@blueprint.get("/price")
@requires(LEAD, OWNER)
def price_form() -> str:
    """One courier to one province: what holds, what held before, and a form for what is to hold."""
    with transaction() as session:
        carrier, province = request.args.get("carrier", ""), request.args.get("province", "")
        row = next(iter(queries.versions(session, carrier, province)), None)
        typed = typed_of(row) if row else {"carrier": carrier, "province": province}
        return _price_page(session, Form({**typed, "valid_from": _today().isoformat()}), None)


@blueprint.post("/price")
@requires(LEAD, OWNER)
def set_price() -> Response | str | tuple[str, int]:
    """Show what the new price would mean; write it once it is confirmed."""
    form = Form(request.form)
    try:
        tariff = read_tariff(form)
        valid_from = form.date("valid_from")
        if valid_from and not _today() <= valid_from <= _today() + _FURTHEST:
            form.refuse("valid_from", "请填今天到一年内的日期。", "Give a day from today to a year from now.")
        form.check()
        with transaction() as session:
            if not form.ticked("confirmed"):
                return _price_page(session, form, tariff)
            if once.is_first(session, form.values, purpose="tariff", by=actor(), now=utc_now()):
                service.set_tariff(
                    session,
                    tariff,
                    valid_from=valid_from,
                    serves=not form.ticked("ends"),
                    today=_today(),
                    now=utc_now(),
                    by=actor(),
                )
    except Problem as problem:
        form.errors.update(problem.fields or {"valid_from": problem.text})
        with transaction() as session:
            return _price_page(session, form, None), problem.status
    flash(
        t(
            "从 {day} 起按这个价。已经定好快递的包裹，运费不变。",
            "The price holds from {day}. Boxes whose courier is chosen keep their fee.",
            day=valid_from,
        ),
        "done",
    )
    return redirect(url_for(".overview", carrier=tariff.carrier), code=303)


def _price_page(session: Session, form: Form, wish: Tariff | None) -> str:
    carrier, province = str(form.value("carrier")), str(form.value("province"))
    versions = queries.versions(session, carrier, province)
    before = next((row for row in versions if row.valid_from <= _today() and row.serves), None)
    return render_template(
        "lead/fee.html",
        form=form,
        wish=wish,
        versions=versions,
        before=queries.as_tariff(before) if before else None,
        weights=SHOWN_WEIGHTS_G,
        fee_of=fee_fen,
        as_tariff=queries.as_tariff,
        carrier_choices=list(CARRIERS.items()),
        province_choices=[(name, name) for name in PROVINCES],
        rounding_choices=list(tariff_file.ROUNDING_WORDS.items()),
        rounding_words=tariff_file.ROUNDING_WORDS,
        form_key=once.new_key(),
    )


@blueprint.get("/file")
@requires(LEAD, OWNER)
def file_form() -> str:
    """Send a price list."""
    return _file_page(Form({"valid_from": _today().isoformat()}))


@blueprint.post("/file")
@requires(LEAD, OWNER)
def take_file() -> str | tuple[str, int]:
    """Keep the good rows of a price list from a day on, and name the others by row and column."""
    form = Form(request.form)
    try:
        raw, valid_from = sent_file("file", tariff_file.LARGEST_BYTES), form.date("valid_from")
        if not raw:
            form.refuse("file", "请选一个文件。", "Choose a file.")
        if valid_from and valid_from > _today() + _FURTHEST:
            form.refuse("valid_from", "请填一年内的日期。", "Give a day within a year.")
        form.check()
        found = tariff_file.read_tariffs(raw)
        with transaction() as session:
            result = service.import_tariffs(
                session, found.tariffs, valid_from=valid_from, today=_today(), now=utc_now(), by=actor()
            )
    except Problem as problem:
        form.errors.update(problem.fields or {_field_of(problem): problem.text})
        return _file_page(form), problem.status
    return _file_page(form, found, result)


def _field_of(problem: Problem) -> str:
    return "valid_from" if problem.code == "in_the_past" else "file"


def _file_page(form: Form, found: tariff_file.ReadTariffs | None = None, result: service.Imported | None = None) -> str:
    return render_template("lead/fee_file.html", form=form, found=found, result=result)


@blueprint.get("/prices.csv")
@requires(LEAD, OWNER)
def prices_csv() -> Response:
    """All prices that hold today as a file that can be changed and sent back."""
    with transaction() as session:
        tariffs = service.export(queries.in_force(session, _today()))
    header, rows = tariff_file.tariff_rows(tariffs)
    return csv_answer(f"courier-prices-{_today()}", header, rows)


@dataclass(frozen=True)
class _Month:
    first: date
    start: datetime
    end: datetime


def _month() -> _Month:
    """The month asked for as ``2026-11``; a broken or missing one is the present one."""
    today = _today()
    try:
        first = date.fromisoformat(f"{request.args.get('month', '')[:7]}-01")
        if not 2000 <= first.year <= 2999:
            raise ValueError
    except ValueError:
        first = today.replace(day=1)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    zone = setting("workshop_zone")
    return _Month(first, day_bounds(first, zone)[0], day_bounds(last, zone)[1])


@blueprint.get("/report")
@requires(LEAD, OWNER)
def report() -> str:
    """Expected against charged, by courier, in a month; and the boxes whose bill was furthest off."""
    month = _month()
    with transaction() as session:
        return render_template(
            "lead/fee_report.html",
            month=f"{month.first:%Y-%m}",
            sums=queries.by_carrier(session, month.start, month.end),
            off=queries.furthest_off(session, month.start, month.end),
        )


@blueprint.get("/report.csv")
@requires(LEAD, OWNER)
def report_csv() -> Response:
    """Every box of the month with what was expected and what was charged."""
    month = _month()
    header = [
        t("包裹号", "Parcel"),
        t("快递", "Courier"),
        t("快递单号", "Tracking number"),
        t("省份", "Province"),
        t("交出时间", "Handed over"),
        t("重量（克）", "Grams"),
        t("预计运费（元）", "Expected yuan"),
        t("实际运费（元）", "Charged yuan"),
    ]
    with transaction() as session:
        rows = [_report_row(box) for box in queries.sent_boxes(session, month.start, month.end)]
    return csv_answer(f"courier-fees-{month.first:%Y-%m}", header, rows)


def _report_row(box: queries.SentBox) -> Sequence[Cell]:
    left = box.left_at.astimezone(setting("workshop_zone"))
    money = [None if fen is None else plain_yuan(fen) for fen in (box.expected_fen, box.billed_fen)]
    where = (box.number, str(CARRIERS[box.carrier]), box.tracking_number, box.province)
    return (*where, f"{left:%Y-%m-%d %H:%M}", box.weight_g, *money)
