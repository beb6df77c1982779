"""Other piece work: the lead writes it down, confirms what packers noted, and keeps the kinds of work."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.wage_forms import bounded, id_or_none, is_sent_again, today
from fulfillment.bench.wage_work_forms import read_note
from fulfillment.crew import queries as crew
from fulfillment.piecework import queries as rates
from fulfillment.piecework.work import queries, rules, service
from fulfillment.piecework.work.models import WorkBooking
from fulfillment.piecework.work.service import Note
from kernel import once
from kernel.clock import day_bounds
from kernel.errors import Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t
from shop.catalog.models import Product

blueprint = Blueprint("work", __name__, url_prefix="/work")

_PERS = {"piece": (1, 10, 100, 1000), "g": (1000, 500)}


@blueprint.get("")
@requires(LEAD, OWNER)
def index() -> str:
    """Notes that wait, and what was written down today."""
    with transaction() as session:
        return _index_page(session, Form())


def _index_page(session: Session, form: Form) -> str:
    start, _ = day_bounds(today(), setting("workshop_zone"))
    recent = queries.recent(session, start)
    done_id = id_or_none(request.args.get("done"))
    done = session.get(WorkBooking, done_id) if done_id else None
    return render_template(
        "lead/work.html",
        form=form,
        waiting=queries.waiting(session),
        recent=recent,
        undone=queries.undone(session, [booking.id for booking in recent]),
        done=done if done and service.may_undo(done, utc_now(), actor()) else None,
        undo_s=_undo_s(done),
        has_kinds=any(kind.active for kind in queries.kinds(session)),
        form_key=once.new_key(),
    )


def _undo_s(done: WorkBooking | None) -> int:
    """How many seconds the way back stays on the screen."""
    if done is None or done.decided_at is None:
        return 0
    return max(0, round((rules.UNDO_SHOWN - (utc_now() - done.decided_at)).total_seconds()))


@blueprint.get("/new")
@requires(LEAD, OWNER)
def new() -> str:
    """Write down what somebody did, alone or in a team."""
    with transaction() as session:
        return _form_page(session, Form({"day": today().isoformat(), "split": rules.EQUAL}), None)


@blueprint.post("/new")
@requires(LEAD, OWNER)
def book() -> Response | str | tuple[str, int]:
    """Show who would get what; write it down once it is confirmed."""
    form = Form(request.form)
    try:
        with transaction() as session:
            note = read_note(session, form, _names(session))
            if not form.ticked("confirmed"):
                return _form_page(session, form, note)
            if is_sent_again(session, form, "work"):
                return redirect(url_for("lead.wages.work.index"), code=303)
            booking = service.book(session, note, zone=setting("workshop_zone"), now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields or {"kind": problem.text})
        with transaction() as session:
            return _form_page(session, form, None), problem.status
    return redirect(url_for("lead.wages.work.index", done=booking.id), code=303)


def _names(session: Session) -> dict[int, str]:
    """Who may be in a team, by id; who is here now comes first."""
    here = crew.here_now(session, utc_now())
    people = sorted(queries.workers(session), key=lambda person: (person.id not in here, person.name, person.id))
    return {person.id: person.name for person in people}


def _form_page(session: Session, form: Form, note: Note | None) -> str:
    zone = setting("workshop_zone")
    products = session.scalars(select(Product).order_by(Product.title_zh))
    return render_template(
        "lead/work_new.html",
        form=form,
        note=note,
        worked=service.work_out(session, note, zone) if note else None,
        kinds=[kind for kind in queries.kinds(session) if kind.active],
        names=_names(session),
        here=crew.here_now(session, utc_now()),
        products={product.id: t(product.title_zh, product.title_en) for product in products},
        form_key=once.new_key(),
    )


@blueprint.post("/<int:booking_id>/confirm")
@requires(LEAD, OWNER)
def confirm(booking_id: int) -> Response | tuple[str, int]:
    """The lead has counted too."""
    try:
        with transaction() as session:
            service.confirm(session, bounded(booking_id), now=utc_now(), by=actor())
    except Problem as problem:
        return _again(problem)
    return redirect(url_for("lead.wages.work.index", done=booking_id), code=303)


@blueprint.post("/<int:booking_id>/decline")
@requires(LEAD, OWNER)
def decline(booking_id: int) -> Response | tuple[str, int]:
    """Not right: the packer sees why."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=100)
        form.check()
        with transaction() as session:
            service.decline(session, bounded(booking_id), reason=reason, now=utc_now(), by=actor())
    except Problem as problem:
        return _again(problem)
    flash(t("退回了，本人会看到原因。", "Declined; the person sees why."), "done")
    return redirect(url_for("lead.wages.work.index"), code=303)


@blueprint.post("/<int:booking_id>/undo")
@requires(LEAD, OWNER)
def undo(booking_id: int) -> Response:
    """Take it back within seconds."""
    with transaction() as session:
        is_back = service.undo(session, bounded(booking_id), now=utc_now(), by=actor())
    if is_back:
        flash(t("撤回了，没有记。", "Taken back; nothing is owed for it."), "done")
    else:
        flash(t("来不及撤回了，请用“更正”。", "Too late to take back; use a correction."), "problem")
    return redirect(url_for("lead.wages.work.index"), code=303)


def _again(problem: Problem) -> tuple[str, int]:
    if problem.status == 404:
        raise problem
    form = Form()
    form.errors.update(problem.fields or {"work": problem.text})
    with transaction() as session:
        return _index_page(session, form), problem.status


@blueprint.get("/kinds")
@requires(LEAD, OWNER)
def kinds() -> str:
    """The kinds of work and what they pay."""
    with transaction() as session:
        return _kinds_page(session, Form({"unit": "piece", "per": "1"}))


@blueprint.post("/kinds")
@requires(LEAD, OWNER)
def add_kind() -> Response | tuple[str, int]:
    """A new kind of work; next its rate is set."""
    form = Form(request.form)
    try:
        name = form.text("name", longest=20)
        name_en = form.text("name_en", longest=40, required=False)
        customer = form.text("customer", longest=40, required=False)
        unit = form.choice("unit", rules.UNITS)
        per = int(form.choice("per", {str(per) for per in _PERS.get(unit, (1,))}) or 1)
        form.check()
        with transaction() as session:
            known = queries.kinds(session)
            if is_sent_again(session, form, "work-kind"):
                # The same form has added it: the answer leads to the same place.
                code = max((kind for kind in known if kind.name_zh == name), key=lambda kind: kind.id).code
            else:
                code = f"work-{len(known) + 1}"
                service.add_kind(
                    session,
                    code=code,
                    name_zh=name,
                    name_en=name_en or name,
                    unit=unit,
                    per=per,
                    customer=customer,
                    now=utc_now(),
                    by=actor(),
                )
    except Problem as problem:
        form.errors.update(problem.fields or {"name": problem.text})
        with transaction() as session:
            return _kinds_page(session, form), problem.status
    flash(t("加好了。再给它定单价，就能记了。", "Added. Set its rate next, then it can be noted."), "done")
    return redirect(url_for("lead.wages.rates.index", operation=code), code=303)


@blueprint.post("/kinds/<int:kind_id>/end")
@requires(LEAD, OWNER)
def end_kind(kind_id: int) -> Response:
    """This work is not done any more."""
    with transaction() as session:
        service.end_kind(session, bounded(kind_id), now=utc_now(), by=actor())
    return redirect(url_for("lead.wages.work.kinds"), code=303)


@blueprint.post("/kinds/<int:kind_id>/offer")
@requires(LEAD, OWNER)
def offer_kind(kind_id: int) -> Response:
    """This work is done again."""
    with transaction() as session:
        service.offer_kind(session, bounded(kind_id), now=utc_now(), by=actor())
    return redirect(url_for("lead.wages.work.kinds"), code=303)


def _kinds_page(session: Session, form: Form) -> str:
    found = queries.kinds(session)
    return render_template(
        "lead/work_kinds.html",
        form=form,
        kinds=found,
        rates={kind.id: rates.rates_in_force(session, kind.code, today()) for kind in found},
        pers=_PERS,
        form_key=once.new_key(),
    )
