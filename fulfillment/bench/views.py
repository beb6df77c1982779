"""The packer's pages: get work, pack, done, something is wrong, pass book."""

from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response

from fulfillment.bench import packer_queries, passbook_views
from fulfillment.bench.packer_words import TROUBLES
from fulfillment.crew import service as crew
from fulfillment.crew.rules import BADGE, OWN, PIN
from fulfillment.packing import give_back_service, packer_service
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.packing.lead_rules import read_scan
from fulfillment.packing.models import PackingTask
from fulfillment.packing.states import GOODS_TROUBLES, PERSON_TROUBLES
from kernel import once
from kernel.errors import NotFound, Problem, Refused
from kernel.http import actor, current_person, flows, requires, setting, sign_in_cookie, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people import service as people
from kernel.people.rules import PACKER, ROLES, home_page
from kernel.scans import without_garbage
from kernel.text import t

blueprint = Blueprint("bench", __name__, url_prefix="/bench")

_LARGEST_ID = 2**62
_LONGEST_SCAN = 60
_BADGE: Final = "GF-"


def _me() -> int:
    """The id of the person at this device."""
    person_id = actor().person_id
    assert person_id is not None
    return person_id


def came_by() -> str:
    """How the person signed in at this device: badge, PIN, or otherwise."""
    how = cookie.get("came_by")
    return how if how in (BADGE, PIN) else OWN


def _task(task_id: int) -> int:
    """A task's id from an address, bounded."""
    if not 0 < task_id < _LARGEST_ID:
        raise NotFound("没有这件活。", "There is no such task.")
    return task_id


def _id_or_none(raw: object) -> int | None:
    """An id from the address line or a hidden field; a broken one counts as not given."""
    try:
        return parse_count(raw, 1, _LARGEST_ID)
    except FieldError:
        return None


def _say(words: str, *, kind: str = "done") -> None:
    """Say it on the next page, once: a double tap is not told twice."""
    if (kind, words) not in cookie.get("_flashes", []):
        flash(words, kind)


def _screen(*, wanted: str | None = None, done_id: int | None = None, problem: Problem | None = None) -> Response:
    """The packer's one screen; with a problem, the same screen says it and what was typed is kept."""
    with transaction() as session:
        bench = packer_queries.bench_of(
            session, _me(), wanted=wanted, done_id=done_id, now=utc_now(), zone=setting("workshop_zone")
        )
        given = _id_or_none(request.args.get("given"))
        undo_s = give_back_service.seconds_to_undo(session, given, _me(), utc_now()) if given else 0
    page = "put_back" if bench.put_back else "card" if bench.card else "home"
    html = render_template(
        f"bench/{page}.html",
        bench=bench,
        today=bench.today,
        reads_aloud=bench.reads_aloud,
        problem=problem,
        given=given,
        undo_s=undo_s,
        troubles=TROUBLES,
        typed=request.form.get("code", "")[:_LONGEST_SCAN],
        form_key=once.new_key(),
    )
    return Response(html, status=problem.status if problem else 200, mimetype="text/html")


def _elsewhere() -> Response | None:
    """The way to the own pages of somebody who does not pack."""
    person = current_person()
    return None if person is None or PACKER in person.roles else redirect(home_page(set(person.roles)))


def _tell_of_other_tablet() -> None:
    """Both tablets work; the older one says once that there is another, and since when (decision 22)."""
    with transaction() as session:
        since = people.later_sign_in(session, request.cookies.get(sign_in_cookie(), ""), utc_now())
    if since is None or cookie.get("told_of") == since.isoformat():
        return
    cookie["told_of"] = since.isoformat()
    time = f"{since.astimezone(setting('workshop_zone')):%H:%M}"
    _say(
        t(
            "您 {time} 在另一台平板上也登录了。两台都能用，记在一起，不多算也不少算。这台不用了，就按「换人」。",
            "You also signed in on another tablet at {time}. Both work and count together. If you are done with this one, press “Next person”.",
            time=time,
        )
    )


@blueprint.get("")
@requires(*ROLES)
def home() -> Response:
    """Where a packer's day begins and goes on; others are led to their own pages."""
    elsewhere = _elsewhere()
    if elsewhere is None:
        _tell_of_other_tablet()
    return elsewhere or _screen(
        wanted=read_scan(request.args.get("parcel")), done_id=_id_or_none(request.args.get("done"))
    )


@blueprint.post("/work")
@requires(PACKER)
def get_work() -> Response:
    """Take the next batch, or go on with what is in hand."""
    try:
        with transaction() as session:
            hand_out.take_work(
                session,
                _me(),
                now=utc_now(),
                zone=setting("workshop_zone"),
                by=actor(),
                how=came_by(),
                terms=flows().terms.hand_out_terms,
            )
    except Refused as problem:
        return _screen(problem=problem)
    return redirect(url_for("bench.home"), code=303)


@blueprint.post("/tasks/<int:task_id>/done")
@requires(PACKER)
def finish(task_id: int) -> Response:
    """The parcel is packed; pressed again, nothing happens again."""
    try:
        with transaction() as session:
            packing.finish_task(session, _task(task_id), _me(), now=utc_now(), by=actor())
    except Refused as problem:
        return _screen(problem=problem)
    return redirect(url_for("bench.home", done=task_id), code=303)


@blueprint.post("/scan")
@requires(PACKER)
def scan() -> Response:
    """A parcel's number, scanned or typed, marks it done; the next person's badge hands the tablet over."""
    code = request.form.get("code", "")
    if without_garbage(code).startswith(_BADGE):
        return redirect(url_for("sign_in.sign_in_with_badge"), code=307)
    card = _id_or_none(request.form.get("card"))
    try:
        with transaction() as session:
            task = packer_service.finish_scanned(session, code, _me(), card=card, now=utc_now(), by=actor())
    except Problem as problem:
        return _screen(wanted=str(problem.extra.get("parcel", request.form.get("shown", ""))), problem=problem)
    return redirect(url_for("bench.home", done=task.id), code=303)


@blueprint.post("/tasks/<int:task_id>/undo")
@requires(PACKER)
def undo(task_id: int) -> Response:
    """Take a "done" back."""
    with transaction() as session:
        is_back = packing.undo_finish(session, _task(task_id), _me(), now=utc_now(), by=actor())
        number = session.get_one(PackingTask, task_id).parcel.number
    if is_back:
        _say(t("撤回了，这件又在您手上。", "Taken back: it is in your hands again."))
    else:
        _say(
            t("来不及撤回了。有不对的，请找组长。", "Too late to take back. If something is wrong, ask the lead."),
            kind="problem",
        )
    return redirect(url_for("bench.home", parcel=number), code=303)


@blueprint.post("/tasks/<int:task_id>/put-back")
@requires(PACKER)
def put_back(task_id: int) -> Response:
    """The goods of a cancelled order are back on the shelf."""
    with transaction() as session:
        packer_service.note_put_back(session, _task(task_id), _me(), now=utc_now())
    _say(t("谢谢，放回去就好了。", "Thank you, that is all."))
    return redirect(url_for("bench.home"), code=303)


@blueprint.get("/wrong")
@requires(*ROLES)
def wrong() -> Response:
    """What is wrong: pictures to tap. Who packs nothing is led home."""
    return _elsewhere() or _trouble_page("wrong")


@blueprint.get("/wrong/<reason>")
@requires(PACKER)
def what_next(reason: str) -> Response:
    """What happens next, and a last look before the work goes back."""
    if reason not in TROUBLES:
        raise NotFound
    return _trouble_page("what_next", reason)


def _trouble_page(page: str, reason: str = "") -> Response:
    wanted = read_scan(request.args.get("parcel"))
    with transaction() as session:
        bench = packer_queries.bench_of(
            session, _me(), wanted=wanted, done_id=None, now=utc_now(), zone=setting("workshop_zone")
        )
    if reason in GOODS_TROUBLES and bench.card is None:
        return redirect(url_for("bench.wrong"))
    html = render_template(
        f"bench/{page}.html",
        bench=bench,
        today=bench.today,
        reads_aloud=bench.reads_aloud,
        troubles=TROUBLES,
        shown=[*(GOODS_TROUBLES if bench.card else ()), *PERSON_TROUBLES],
        reason=reason,
    )
    return Response(html, mimetype="text/html")


@blueprint.post("/wrong/<reason>")
@requires(PACKER)
def give_back(reason: str) -> Response:
    """The parcel goes to the lead, or the person stops and everything in hand goes back."""
    if reason not in TROUBLES:
        raise NotFound
    task_id = None
    with transaction() as session:
        if reason == "break":
            packing.take_break(session, _me(), now=utc_now(), by=actor())
        elif reason in PERSON_TROUBLES:
            packer_service.stop_unwell(session, _me(), now=utc_now(), by=actor())
        else:
            task_id = _task(_id_or_none(request.form.get("task")) or 0)
            packing.return_task(session, task_id, _me(), reason=reason, now=utc_now(), by=actor())
    _say(str(TROUBLES[reason].done))
    return redirect(url_for("bench.home", given=task_id), code=303)


@blueprint.post("/tasks/<int:task_id>/take-again")
@requires(PACKER)
def take_again(task_id: int) -> Response:
    """Given to the lead by mistake: it is in the same hands again, unless somebody else has it."""
    with transaction() as session:
        is_back = give_back_service.undo_give_back(session, _task(task_id), _me(), now=utc_now(), by=actor())
        number = session.get_one(PackingTask, task_id).parcel.number
    if is_back:
        _say(t("撤回了，这件又在您手上。", "Taken back: it is in your hands again."))
    else:
        _say(t("来不及撤回了，组长会看的。", "Too late to take it back; the lead looks at it."), kind="problem")
    return redirect(url_for("bench.home", parcel=number if is_back else None), code=303)


@blueprint.post("/back")
@requires(PACKER)
def come_back() -> Response:
    """The break is over; pressed twice it is the first time that counts."""
    with transaction() as session:
        crew.end_break(session, _me(), now=utc_now())
    return redirect(url_for("bench.home"), code=303)


@blueprint.get("/passbook")
@requires(PACKER)
def passbook() -> str:
    """What is owed, line by line, newest first."""
    with transaction() as session:
        book = packer_queries.pass_book_of(
            session,
            _me(),
            before=_id_or_none(request.args.get("before")),
            after=_id_or_none(request.args.get("after")),
            now=utc_now(),
            zone=setting("workshop_zone"),
        )
        reads_aloud = packer_queries.reads_aloud(session, _me())
        beside = passbook_views.beside(session, _me())
    return render_template("bench/passbook.html", book=book, beside=beside, today=book.today, reads_aloud=reads_aloud)


@blueprint.get("/help")
def help_page() -> str:
    """How packing goes, in four pictures; for anybody, also before signing in."""
    return render_template("bench/help.html")
