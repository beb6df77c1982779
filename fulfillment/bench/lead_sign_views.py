"""Hand-over lists that a collector signs on the screen, and the signed ones on screen, on paper and as a file."""

from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.couriers.lists import queries, service
from fulfillment.couriers.lists.models import HandOverList
from fulfillment.couriers.lists.rules import HEIGHT, LONGEST_PATH, WIDTH, read_signature
from fulfillment.couriers.rules import CARRIERS
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.files import csv_answer
from kernel.forms import Form
from kernel.http import actor, page_before, requires, setting, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("lists", __name__, url_prefix="/hand-over")

# What left longer ago is not asked about any more: it was signed for on paper, or not at all.
ASKED_FOR: Final = timedelta(days=3)
_LONGEST_NAME = 30


def _since() -> datetime:
    return utc_now() - ASKED_FOR


@blueprint.get("/lists")
@requires(LEAD, OWNER)
def overview() -> str:
    """What waits for a signature, and the lists that were signed."""
    before = page_before()
    with transaction() as session:
        found = queries.lists(session, before=before, most=queries.PAGE + 1)
        return render_template(
            "lead/lists.html",
            unsigned=queries.unsigned_by_carrier(session, _since()),
            lists=found[: queries.PAGE],
            older=url_for(".overview", before=found[queries.PAGE - 1].id) if len(found) > queries.PAGE else "",
        )


@blueprint.get("/sign/<carrier>")
@requires(LEAD, OWNER)
def sign_form(carrier: str) -> str:
    """What the collector signs for, and the field to sign in."""
    with transaction() as session:
        return _page(session, _known(carrier), Form())


@blueprint.post("/sign/<carrier>")
@requires(LEAD, OWNER)
def sign(carrier: str) -> Response | tuple[str, int]:
    """Close the list that stood on the screen; pressed twice it is one list."""
    form = Form(request.form)
    try:
        collector = form.text("collector", longest=_LONGEST_NAME)
        signature = form.read("signature", read_signature)
        if not signature and "signature" not in form.errors and not form.ticked("counted"):
            form.refuse("signature", "请签名，或者勾上“我点过了”。", "Sign, or tick that it was counted.")
        ids = form.read("parcels", _read_ids)
        form.check()
        with transaction() as session:
            if once.is_first(session, form.values, purpose=f"sign:{carrier}", by=actor(), now=utc_now()):
                signed = service.sign_list(
                    session,
                    _known(carrier),
                    ids,
                    collector=collector,
                    signature=signature,
                    tare_g=setting("box_tare_g"),
                    zone=setting("workshop_zone"),
                    now=utc_now(),
                    by=actor(),
                )
                target = url_for(".show_list", number=signed.number)
            else:
                target = url_for(".overview")
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"parcels": problem.text})
        with transaction() as session:
            return _page(session, _known(carrier), form), problem.status
    flash(t("签好了，清单锁定了。", "Signed; the list is closed."), "done")
    return redirect(target, code=303)


def _known(carrier: str) -> str:
    if carrier not in CARRIERS:
        raise NotFound("没有这家快递。", "There is no such courier.")
    return carrier


def _read_ids(raw: object) -> list[int]:
    """Ids of parcels, as the page wrote them."""
    parts = raw.split(",") if isinstance(raw, str) else []
    if not 0 < len(parts) <= queries.MOST_ON_A_LIST:
        raise FieldError("清单是空的。", "The list is empty.")
    return [parse_count(part, 1, 2**62) for part in parts]


def _page(session: Session, carrier: str, form: Form) -> str:
    parcels = queries.unsigned(session, carrier, _since())
    weights = queries.weights_on_list(session, parcels, setting("box_tare_g"))
    return render_template(
        "lead/sign.html",
        carrier=carrier,
        parcels=parcels,
        weights=weights,
        total_g=sum(weights.values()),
        form=form,
        form_key=once.new_key(),
        field=(WIDTH, HEIGHT, LONGEST_PATH),
    )


@blueprint.get("/lists/<number>")
@requires(LEAD, OWNER)
def show_list(number: str) -> str:
    """A signed list."""
    with transaction() as session:
        return render_template("lead/list.html", signed=_list(session, number), field=(WIDTH, HEIGHT))


@blueprint.get("/lists/<number>/paper")
@requires(LEAD, OWNER)
def paper(number: str) -> str:
    """A signed list for printing, with its signature."""
    with transaction() as session:
        return render_template("lead/list_paper.html", signed=_list(session, number), field=(WIDTH, HEIGHT))


@blueprint.get("/lists/<number>.csv")
@requires(LEAD, OWNER)
def list_csv(number: str) -> Response:
    """A signed list as a file; no cell of it can run as a formula."""
    header = [
        t("序", "No."),
        t("包裹号", "Parcel"),
        t("快递单号", "Tracking number"),
        t("省份", "Province"),
        t("重量（克）", "Grams"),
    ]
    with transaction() as session:
        signed = _list(session, number)
        rows = [
            (line.position, line.parcel_number, line.tracking_number, line.province, line.weight_g or None)
            for line in signed.lines
        ]
        return csv_answer(f"hand-over-{signed.number}", header, rows)


def _list(session: Session, number: str) -> HandOverList:
    found = queries.list_by_number(session, number[:40])
    if found is None:
        raise NotFound("没有这张清单。", "There is no such list.")
    return found
