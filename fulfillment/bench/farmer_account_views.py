"""A farmer's account: advances, deductions and supplements, how the farmer is paid, doubts about a delivery."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from fulfillment.bench import settlement_words
from fulfillment.bench.farmer_views import find_farmer
from fulfillment.bench.weigher_words import bounded, today, typed_key
from fulfillment.purchasing.accounts import facts_service, queries, rules, service
from fulfillment.purchasing.accounts.forms import read_entry, read_facts
from fulfillment.purchasing.settlements import queries as settlements
from fulfillment.purchasing.settlements import result_service
from kernel.errors import NotFound, Problem
from kernel.files import sent_file
from kernel.forms import Form
from kernel.http import actor, current_person, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.photos import read_photo
from kernel.sheets import Cell, plain_yuan
from kernel.text import t

blueprint = Blueprint("accounts", __name__, url_prefix="/pay")

_LARGEST_PHOTO_BYTES = 5_000_000


@blueprint.get("/<int:farmer_id>/account")
@requires(WEIGHER, OWNER, LEAD)
def show(farmer_id: int) -> str:
    """Every line of a farmer's account, what of it is open, and the form for another."""
    with transaction() as session:
        return _page(session, farmer_id, Form({"day": today().isoformat(), "kind": rules.ADVANCE}))


def _page(session: Session, farmer_id: int, form: Form) -> str:
    farmer = find_farmer(session, farmer_id)
    entries = queries.entries_of(session, farmer.id)
    return render_template(
        "weigh/pay_account.html",
        farmer=farmer,
        entries=entries,
        undone={entry.reverses_id for entry in entries if entry.reverses_id},
        with_photo=queries.entries_with_photo(session, farmer.id),
        left={each.entry.id: each.left_fen for each in settlements.open_entries(session, farmer.id)},
        facts=queries.facts_of(session, [farmer.id]).get(farmer.id),
        form=form,
        key=typed_key(),
        kinds=rules.TYPED_KINDS,
        inputs=rules.INPUTS,
    )


@blueprint.post("/<int:farmer_id>/account")
@requires(OWNER, LEAD)
def add(farmer_id: int) -> AnyResponse | tuple[str, int]:
    """Write an advance, a deduction or a supplement."""
    form = Form(request.form)
    try:
        with transaction() as session:
            farmer = find_farmer(session, farmer_id)
            entry = read_entry(form, farmer.id, _photo(form), today())
            service.add_entry(session, entry, key=f"entry:{typed_key()}", now=utc_now(), by=actor())
    except Problem as problem:
        return _again(farmer_id, form, problem, "amount")
    flash(t("记下了。", "Written down."), "done")
    return redirect(url_for(".show", farmer_id=farmer_id), 303)


def _photo(form: Form) -> bytes | None:
    """The photo that was sent, drawn anew; what is wrong with it stands at its field."""
    sent = sent_file("photo", _LARGEST_PHOTO_BYTES)
    if not sent:
        return None
    try:
        return read_photo(sent).jpeg
    except Problem as problem:
        form.errors.update(problem.fields)
        return None


def _again(farmer_id: int, form: Form, problem: Problem, field: str) -> tuple[str, int]:
    if problem.status == 404:
        raise problem
    form.errors.update(problem.fields or {field: problem.text})
    with transaction() as session:
        return _page(session, farmer_id, form), problem.status


@blueprint.post("/<int:farmer_id>/account/<int:line_id>/undo")
@requires(OWNER, LEAD)
def undo(farmer_id: int, line_id: int) -> AnyResponse | tuple[str, int]:
    """A line was written by mistake."""
    form = Form(request.form)
    try:
        reason = form.text("undo_reason", longest=100)
        form.check()
        with transaction() as session:
            find_farmer(session, farmer_id)
            service.undo_entry(session, bounded(line_id), reason=reason, now=utc_now(), by=actor())
    except Problem as problem:
        return _again(farmer_id, form, problem, "undo_reason")
    flash(t("撤掉了。", "Undone."), "done")
    return redirect(url_for(".show", farmer_id=farmer_id), 303)


@blueprint.get("/entries/<int:line_id>/photo.jpg")
@requires(WEIGHER, OWNER, LEAD)
def photo(line_id: int) -> AnyResponse:
    """The photo of an advance's paper."""
    with transaction() as session:
        jpeg = queries.photo_of(session, bounded(line_id))
    if jpeg is None:
        raise NotFound("没有照片。", "There is no photo.")
    return Response(jpeg, mimetype="image/jpeg", headers={"Cache-Control": "private, no-store"})


@blueprint.get("/<int:farmer_id>/account.<extension>")
@requires(WEIGHER, OWNER, LEAD)
def account_file(farmer_id: int, extension: str) -> AnyResponse:
    """The account as a sheet."""
    header = [
        t("日期", "Day"),
        t("什么", "What"),
        t("用途", "For"),
        t("金额（元）", "Yuan"),
        t("凭证", "Paper"),
        t("说明", "Why"),
        t("谁记的", "By"),
    ]
    with transaction() as session:
        farmer = find_farmer(session, farmer_id)
        rows: list[list[Cell]] = [
            [
                entry.day.isoformat(),
                str(settlement_words.KIND_WORDS[entry.kind]),
                str(settlement_words.INPUT_WORDS[entry.what]) if entry.what else "",
                plain_yuan(entry.amount_fen),
                entry.paper_ref,
                entry.reason,
                entry.by,
            ]
            for entry in queries.entries_of(session, farmer.id)
        ]
    return settlement_words.sheet(extension, f"account-{farmer_id}", header, rows)


@blueprint.get("/<int:farmer_id>/facts")
@requires(OWNER, LEAD)
def facts_form(farmer_id: int) -> str:
    """How a farmer is paid; numbers are not shown again."""
    with transaction() as session:
        return _facts_page(session, farmer_id, None)


def _facts_page(session: Session, farmer_id: int, form: Form | None) -> str:
    farmer = find_farmer(session, farmer_id)
    known = queries.facts_of(session, [farmer.id]).get(farmer.id)
    if form is None:
        names = ("method", "bank", "account_holder", "address", "own_growth_proof")
        usual = {"method": rules.CASH, "account_holder": farmer.name, "address": farmer.village}
        form = Form({name: getattr(known, name) for name in names} if known else usual)
    return render_template("weigh/pay_facts.html", farmer=farmer, facts=known, form=form)


@blueprint.post("/<int:farmer_id>/facts")
@requires(OWNER, LEAD)
def save_facts(farmer_id: int) -> AnyResponse | tuple[str, int]:
    """Change how a farmer is paid; the log says who, without any number."""
    form = Form(request.form)
    try:
        with transaction() as session:
            farmer = find_farmer(session, farmer_id)
            known = queries.facts_of(session, [farmer.id]).get(farmer.id)
            typed = read_facts(form, known.account_number if known else "")
            secret = setting("secret_key")
            facts_service.save_facts(session, farmer.id, typed, secret=secret, now=utc_now(), by=actor())
    except Problem as problem:
        if problem.status == 404:
            raise
        form.errors.update(problem.fields)
        with transaction() as session:
            return _facts_page(session, farmer_id, form), problem.status
    flash(t("记下了。", "Written down."), "done")
    return redirect(url_for(".show", farmer_id=farmer_id), 303)


@blueprint.post("/<int:farmer_id>/facts/forget")
@requires(OWNER, LEAD)
def forget_facts(farmer_id: int) -> AnyResponse:
    """Delete account, resident's number and address: the farmer asked for it or grows for us no more."""
    with transaction() as session:
        facts_service.forget_facts(session, find_farmer(session, farmer_id).id, now=utc_now(), by=actor())
    flash(t("删掉了，以后付现金。", "Deleted; paid in cash from now on."), "done")
    return redirect(url_for(".show", farmer_id=farmer_id), 303)


@blueprint.post("/payables/<int:payable_id>/question")
@requires(WEIGHER, OWNER, LEAD)
def ask(payable_id: int) -> AnyResponse | tuple[str, int]:
    """Somebody doubts what is owed for a delivery: runs leave it out until it is answered."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=100)
        farmer_id = form.count("farmer", 1, 2**62)
        form.check()
        with transaction() as session:
            result_service.ask_about(session, bounded(payable_id), reason=reason, now=utc_now(), by=actor())
    except Problem as problem:
        return _once_more("reason", form, problem)
    flash(t("记下了，批量付款会先跳过这一笔。", "Noted; runs leave this line out for now."), "done")
    return redirect(_back_to(farmer_id), 303)


@blueprint.post("/questions/<int:question_id>/answer")
@requires(OWNER, LEAD)
def answer(question_id: int) -> AnyResponse | tuple[str, int]:
    """The doubt is cleared, with words that say how."""
    form = Form(request.form)
    try:
        words = form.text("answer", longest=100)
        farmer_id = form.count("farmer", 1, 2**62)
        form.check()
        with transaction() as session:
            result_service.answer(session, bounded(question_id), words=words, now=utc_now(), by=actor())
    except Problem as problem:
        return _once_more("answer", form, problem)
    flash(t("弄清楚了，可以付了。", "Cleared; it can be paid."), "done")
    return redirect(_back_to(farmer_id), 303)


def _once_more(field: str, form: Form, problem: Problem) -> tuple[str, int]:
    """The one field of a question or an answer again, with what was typed and what is wrong with it."""
    if "farmer" in form.errors or not problem.fields:
        raise problem
    return render_template("weigh/pay_question.html", form=form, field=field), problem.status


def _back_to(farmer_id: int) -> str:
    """Where lines are paid one by one; a lead, who pays by runs, goes to the farmer's account."""
    person = current_person()
    at_the_counter = person is not None and bool({WEIGHER, OWNER} & set(person.roles))
    return url_for("weigher.settlements.choose" if at_the_counter else ".show", farmer_id=farmer_id)


blueprint.context_processor(settlement_words.words)
