"""Handing parcels to the courier: scan the parcel, scan the tracking number; the day's list on screen, paper and as a file."""

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.lead_sending_views import LONGEST_REASON
from fulfillment.couriers import queries as couriers
from fulfillment.couriers.fees import queries as fees
from fulfillment.couriers.rules import CARRIERS
from fulfillment.couriers.service import read_waybill
from fulfillment.couriers.waybills import queries as waybills
from fulfillment.couriers.weighing.rules import read_scale
from fulfillment.packing import lead_queries, queries
from fulfillment.packing.boxes import queries as boxes
from fulfillment.packing.lead_rules import parcel_number, read_scan
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import HANDED_OVER, PACKED
from kernel.clock import local_day
from kernel.errors import Invalid, Problem, Refused
from kernel.files import csv_answer
from kernel.forms import Form
from kernel.http import actor, flows, requires, setting, transaction, utc_now
from kernel.parse import FieldError, parse_date
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("hand_over", __name__, url_prefix="/hand-over")

_FIELDS = {
    "tracking_used": "tracking",
    "other_label": "tracking",
    "wrong_weight": "scale",
    "other_courier": "other_courier",
}
_LAST_SHOWN = 5
_NEXT_SHOWN = 20
_NO_SUCH = (
    "没有找到这个包裹，请再扫一次，或输入单子上的号码。",
    "No parcel has this number. Scan again, or type the number on the slip.",
)


@blueprint.get("")
@requires(LEAD, OWNER)
def scan() -> str | tuple[str, int]:
    """First the parcel, then its tracking number; what was just handed over stands below."""
    form = Form(request.args)
    typed = str(form.value("parcel")).strip()
    with transaction() as session:
        parcel = _find(session, typed) if typed else None
        if typed and parcel is None:
            form.refuse("parcel", *_NO_SUCH)
        return _page(session, form, parcel), 404 if form.errors else 200


@blueprint.post("")
@requires(LEAD, OWNER)
def hand_over() -> Response | tuple[str, int]:
    """The courier takes the parcel; repeated with the same number it changes nothing."""
    form = Form(request.form)
    with transaction() as session:
        parcel = _find(session, str(form.value("parcel")))
        if parcel is None:
            form.refuse("parcel", *_NO_SUCH)
            return _page(session, form, None), 404
    try:
        _weigh(form, parcel)
        with transaction() as session:
            _refuse_other_pile(session, form, parcel)
            gone = flows().hand_over(
                session,
                parcel.id,
                carrier=str(form.value("carrier")),
                tracking=str(form.value("tracking")),
                by=actor(),
                now=utc_now(),
            )
    except Problem as problem:
        form.errors.update(problem.fields or {_field_of(problem): problem.text})
        with transaction() as session:
            return _page(session, form, _find(session, parcel.number)), problem.status
    words = t("交出去了：", "Handed over: ")
    flash(f"{words}{gone.number} · {CARRIERS[gone.carrier or 'OTHER']} {gone.tracking_number}", "done")
    return redirect(url_for("lead.hand_over.scan"), code=303)


def _weigh(form: Form, parcel: Parcel) -> None:
    """Write what the scale says, where somebody weighed; a wrong weight stops the box unless a reason is given.

    A reading is kept also when the box does not leave after it, so it has a transaction of its own.

    Raises:
        Invalid: not a weight. Refused: the weight is wrong.
    """
    if not str(form.value("scale")).strip():
        return
    weight_g = form.read("scale", read_scale)
    reason = form.text("weight_reason", longest=LONGEST_REASON, required=False)
    form.check()
    with transaction() as session:
        weighed = flows().weigh_box(session, parcel.id, weight_g, reason=reason, by=actor(), now=utc_now())
    if not weighed.may_leave:
        raise Refused(weighed.words.zh, weighed.words.en, code="wrong_weight")


def _refuse_other_pile(session: Session, form: Form, parcel: Parcel) -> None:
    """A box that was meant for another courier stops, until the lead says that this one may have it.

    Raises:
        Refused: the number on the label is another courier's.
    """
    lead_id = parcel.sent_with_id or parcel.id
    choice, issued = fees.choice_of(session, lead_id), waybills.issued_of(session, lead_id)
    try:
        carrier, number = read_waybill(str(form.value("carrier")), str(form.value("tracking")))
    except Invalid:
        # Handing over says what is wrong with it, and knows the numbers of labels that we asked for.
        return
    # A label that was issued for this box is the right one, whoever is cheaper by now.
    is_labelled = issued is not None and issued.number == number
    if choice is None or is_labelled or choice.carrier == carrier:
        return
    if form.ticked("other_courier") or parcel.state == HANDED_OVER:
        return
    meant, got = CARRIERS[choice.carrier], CARRIERS[carrier]
    raise Refused(
        f"这一箱定的是{meant.zh}，单号是{got.zh}的。放错堆了吗？",
        f"This box is meant for {meant.en}, but the number is of {got.en}. Is it on the wrong pile?",
        code="other_courier",
    )


def _field_of(problem: Problem) -> str:
    """Where on the form a refusal belongs: at the tracking number only when that is what is wrong."""
    return _FIELDS.get(problem.code, "parcel")


def _find(session: Session, typed: str) -> Parcel | None:
    """The parcel with this number; a scanned order number works when it has one parcel to hand over."""
    scanned = read_scan(typed)
    parcel = queries.parcel_by_number(session, parcel_number(scanned)) if scanned else None
    if parcel is not None or not scanned:
        return parcel
    packed = [one for one in lead_queries.find_parcels(session, scanned) if one.state == PACKED]
    return packed[0] if len(packed) == 1 else None


def _page(session: Session, form: Form, parcel: Parcel | None) -> str:
    zone = setting("workshop_zone")
    today = local_day(utc_now(), zone)
    return render_template(
        "lead/hand_over.html",
        form=form,
        parcel=parcel,
        box=boxes.box_of(session, parcel) if parcel else [],
        choice=fees.choice_of(session, parcel.sent_with_id or parcel.id) if parcel else None,
        carrier_choices=[(code, name) for code, name in CARRIERS.items()],
        last=couriers.last_handed_over(session, today, zone, _LAST_SHOWN),
        count=couriers.handed_over_count(session, today, zone),
        waiting=lead_queries.parcels_in(session, PACKED, most=_NEXT_SHOWN),
        packed=lead_queries.packed_waiting(session),
    )


@blueprint.get("/list")
@requires(LEAD, OWNER)
def day_list() -> str:
    """What left on a day, by courier."""
    return _list("lead/hand_over_list.html")


@blueprint.get("/list/paper")
@requires(LEAD, OWNER)
def paper() -> str:
    """The day's list for the courier to sign."""
    return _list("lead/hand_over_paper.html")


def _list(template: str) -> str:
    day, zone = _day(), setting("workshop_zone")
    with transaction() as session:
        parcels = couriers.handed_over_on(session, day, zone)
        by_carrier: dict[str, list[Parcel]] = {}
        for parcel in parcels:
            by_carrier.setdefault(parcel.carrier or "OTHER", []).append(parcel)
        today = local_day(utc_now(), zone)
        return render_template(template, day=day, today=today, by_carrier=by_carrier, total=len(parcels))


@blueprint.get("/list.csv")
@requires(LEAD, OWNER)
def csv() -> Response:
    """The day's list as a file; no cell of it can run as a formula."""
    day, zone = _day(), setting("workshop_zone")
    header = [
        t("包裹号", "Parcel"),
        t("快递", "Courier"),
        t("快递单号", "Tracking number"),
        t("省份", "Province"),
        t("交出时间", "Handed over"),
    ]
    with transaction() as session:
        rows = [
            (
                parcel.number,
                str(CARRIERS[parcel.carrier or "OTHER"]),
                parcel.tracking_number,
                parcel.order.province,
                f"{parcel.handed_over_at.astimezone(zone):%Y-%m-%d %H:%M}" if parcel.handed_over_at else "",
            )
            for parcel in couriers.handed_over_on(session, day, zone)
        ]
    return csv_answer(f"hand-over-{day}", header, rows)


def _day() -> date:
    """The day asked for; a broken or missing one is today."""
    try:
        return parse_date(request.args.get("day"))
    except FieldError:
        return local_day(utc_now(), setting("workshop_zone"))
