"""Sample checks: a few boxes, fairly chosen, are looked at; the packer reads a kind word. Pay never changes."""

from random import SystemRandom

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from fulfillment.bench.lead_forms import bounded
from fulfillment.packing import lead_queries, queries
from fulfillment.packing.lead_rules import parcel_number, read_scan
from fulfillment.packing.samples import queries as samples
from fulfillment.packing.samples import service as sample_service
from fulfillment.packing.samples.rules import QUESTIONS
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, page_before, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.photos import Photo, read_photo
from kernel.text import t

blueprint = Blueprint("samples", __name__, url_prefix="/samples")

_LONGEST_WORD = 80


@blueprint.get("")
@requires(LEAD, OWNER)
def list_checks() -> str:
    """Boxes to look at now, and what was seen before."""
    with transaction() as session:
        seen = samples.looked_at(session, before=page_before())
        return render_template(
            "lead/samples.html",
            due=samples.due(session),
            seen=seen[: samples.PAGE],
            older=seen[samples.PAGE - 1].id if len(seen) > samples.PAGE else None,
            today=samples.today(session, utc_now(), setting("workshop_zone")),
            rate_bps=setting("sample_rate_bps"),
            form=Form(),
        )


@blueprint.post("/choose")
@requires(LEAD, OWNER)
def choose() -> Answer:
    """Let the program choose boxes fairly, or take the one that was scanned."""
    scanned = read_scan(request.form.get("parcel"))
    try:
        with transaction() as session:
            if scanned:
                check_id = _choose_scanned(session, scanned)
                return redirect(url_for("lead.samples.show", check_id=check_id), code=303)
            found = sample_service.choose_samples(
                session,
                rate_bps=setting("sample_rate_bps"),
                now=utc_now(),
                zone=setting("workshop_zone"),
                rng=SystemRandom(),
            )
    except Problem as problem:
        flash(str(problem.text), "problem")
        return redirect(url_for("lead.samples.list_checks"), code=303)
    if found:
        flash(t("选了 {n} 箱，请找出来看看。", "Chosen: {n}. Please find them and look.", n=found), "done")
    else:
        flash(t("现在不用再选了。", "No more need to be chosen now."), "done")
    return redirect(url_for("lead.samples.list_checks"), code=303)


def _choose_scanned(session: Session, scanned: str) -> int:
    parcel = queries.parcel_by_number(session, parcel_number(scanned))
    if parcel is None:
        raise NotFound("没有这个包裹号。", "No parcel has this number.")
    return sample_service.choose_parcel(session, parcel, now=utc_now(), by=actor()).id


@blueprint.get("/<int:check_id>")
@requires(LEAD, OWNER)
def show(check_id: int) -> str:
    """One box: what should be in it, and four questions; or what was seen."""
    with transaction() as session:
        return _page(session, bounded(check_id), Form())


@blueprint.post("/<int:check_id>")
@requires(LEAD, OWNER)
def note(check_id: int) -> Answer | tuple[str, int]:
    """Note what was seen, with a photo if there is one."""
    form = Form(request.form)
    try:
        answers = {name: form.choice(name, ("yes", "no")) == "yes" for name in QUESTIONS}
        kind_word = form.text("kind_word", longest=_LONGEST_WORD, required=False)
        photo = _photo()
        form.check()
        with transaction() as session:
            sample_service.note_result(
                session,
                bounded(check_id),
                answers=answers,
                kind_word=kind_word,
                photo=photo,
                now=utc_now(),
                by=actor(),
            )
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"right_goods": problem.text})
        with transaction() as session:
            return _page(session, check_id, form), problem.status
    flash(t("记下了，对方会看到您的话。工钱不变。", "Noted; they will read your word. Pay stays as it is."), "done")
    return redirect(url_for("lead.samples.list_checks"), code=303)


def _photo() -> Photo | None:
    sent = request.files.get("photo")
    return read_photo(sent.stream.read(setting("largest_body_bytes"))) if sent and sent.filename else None


def _page(session: Session, check_id: int, form: Form) -> str:
    check = samples.check_by_id(session, check_id)
    if check is None:
        raise NotFound("没有这次抽查。", "There is no such check.")
    return render_template(
        "lead/sample.html",
        check=check,
        packer=lead_queries.names_of(session, [check.packer_id])[check.packer_id],
        questions=QUESTIONS,
        form=form,
    )


@blueprint.get("/<int:check_id>/photo")
@requires(LEAD, OWNER)
def photo(check_id: int) -> Response:
    """The photo of a check."""
    with transaction() as session:
        found = samples.photo_of(session, bounded(check_id))
        if found is None:
            raise NotFound
        return Response(found.jpeg, mimetype="image/jpeg")
