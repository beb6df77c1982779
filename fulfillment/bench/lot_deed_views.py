"""What is done to a lot: mixed, dried, sorted, wasted, counted, blocked, set free, taken back. Each has one form."""

from collections.abc import Callable

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from fulfillment.bench import lot_page
from fulfillment.bench.weigher_words import bounded, today, typed_key
from fulfillment.purchasing.forms import HEAVIEST_G, MOST_BAGS
from fulfillment.purchasing.lots import (
    changes_service,
    gone_service,
    making_service,
    queries,
    service,
    sorting_service,
    undo_service,
)
from fulfillment.purchasing.lots.changes_service import Counted
from fulfillment.purchasing.lots.making_service import Dried
from fulfillment.purchasing.lots.models import LotChangePhoto
from fulfillment.purchasing.lots.rules import Ratio
from fulfillment.purchasing.lots.sorting_service import Sorted
from fulfillment.purchasing.models import Lot
from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.photos import Photo, read_photo
from kernel.text import Text, t

# Grades that one sorting can make: as many as a person sorts at one table.
GRADE_ROWS = range(1, 7)

blueprint = Blueprint("lot_deeds", __name__, url_prefix="/lots")


@blueprint.get("/<int:lot_id>/do/<lot_deed>")
@requires(WEIGHER, LEAD, OWNER)
def fill_in(lot_id: int, lot_deed: str) -> tuple[str, int]:
    """The form of one deed."""
    return _page(lot_id, lot_deed, Form())


@blueprint.post("/<int:lot_id>/do/<lot_deed>")
@requires(WEIGHER, LEAD, OWNER)
def carry_out(lot_id: int, lot_deed: str) -> AnyResponse | tuple[str, int]:
    """Do it; a double tap does it once."""
    form = Form(request.form)
    try:
        with transaction() as session:
            lot, _ = lot_page.lot_of(session, lot_id)
            done_id = _deed(lot_deed)(session, lot, form)
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(lot_id, lot_deed, form, problem)
    flash(_DONE[lot_deed].pick(), "done")
    return redirect(url_for("weigher.lots.show", lot_id=done_id), 303)


def _mix(session: Session, lot: Lot, form: Form) -> int:
    parts = {lot.id: form.kg("grams", high_g=HEAVIEST_G, low_g=1)}
    for name, typed in form.values.items():
        if name.startswith("part-") and name[5:].isdecimal() and typed:
            parts[int(name[5:23])] = form.kg(name, high_g=HEAVIEST_G, low_g=1)
    grade = form.text("grade", longest=60)
    form.check()
    made, _ = making_service.mix_lots(
        session, parts, grade=grade, key=typed_key(), today=today(), now=utc_now(), by=actor()
    )
    return made.id


def _dry(session: Session, lot: Lot, form: Form) -> int:
    goals = {str(each.id) for each in queries.drying_goals(session, lot)}
    dried = Dried(
        int(form.choice("to", goals) or 0),
        form.kg("dry", high_g=HEAVIEST_G, low_g=1),
        form.text("grade", longest=60),
        form.ticked("sure"),
    )
    parts = {lot.id: form.kg("grams", high_g=HEAVIEST_G, low_g=1)}
    form.check()
    made, _ = making_service.dry_lots(session, parts, dried, key=typed_key(), today=today(), now=utc_now(), by=actor())
    return made.id


def _sort(session: Session, lot: Lot, form: Form) -> int:
    grades: dict[str, int] = {}
    taken_g = form.kg("grams", high_g=HEAVIEST_G, low_g=1)
    for row in GRADE_ROWS:
        if form.value(f"grade-{row}") or form.value(f"part-{row}"):
            grade = form.text(f"grade-{row}", longest=60)
            if grade in grades:
                form.refuse(
                    f"grade-{row}", "这个等级写了两次，请合成一行。", "This grade stands twice; make it one line."
                )
            grades[grade] = form.kg(f"part-{row}", high_g=HEAVIEST_G, low_g=1)
    reason = form.text("reason", longest=120, required=False)
    form.check()
    wish = Sorted(taken_g, grades, reason)
    sorting_service.sort_lot(session, lot.id, wish, key=typed_key(), today=today(), now=utc_now(), by=actor())
    return lot.id


def _waste(session: Session, lot: Lot, form: Form) -> int:
    grams, reason = form.kg("grams", high_g=HEAVIEST_G, low_g=1), form.text("reason", longest=120)
    form.check()
    changes_service.waste(
        session, lot.id, grams, reason=reason, key=typed_key(), photo=_photo(), now=utc_now(), by=actor()
    )
    return lot.id


def _count(session: Session, lot: Lot, form: Form) -> int:
    again = form.kg("again", high_g=HEAVIEST_G) if form.value("again") else None
    counted = Counted(form.kg("counted", high_g=HEAVIEST_G), form.text("reason", longest=120), again)
    form.check()
    changes_service.count_lot(session, lot.id, counted, key=typed_key(), photo=_photo(), now=utc_now(), by=actor())
    return lot.id


def _block(session: Session, lot: Lot, form: Form) -> int:
    return service.block_lot(session, lot.id, reason=_reason(form), now=utc_now(), by=actor()).id


def _free(session: Session, lot: Lot, form: Form) -> int:
    return service.free_lot(session, lot.id, reason=_reason(form), now=utc_now(), by=actor()).id


def _back(session: Session, lot: Lot, form: Form) -> int:
    return undo_service.take_back_lot(session, lot.id, reason=_reason(form), now=utc_now(), by=actor()).id


def _reason(form: Form) -> str:
    reason = form.text("reason", longest=120)
    form.check()
    return reason


def _photo() -> Photo | None:
    sent = request.files.get("photo")
    return read_photo(sent.stream.read(setting("largest_body_bytes"))) if sent and sent.filename else None


_DEEDS: dict[str, Callable[[Session, Lot, Form], int]] = {
    "mix": _mix,
    "dry": _dry,
    "sort": _sort,
    "waste": _waste,
    "count": _count,
    "block": _block,
    "free": _free,
    "back": _back,
}
_DONE = {
    "mix": Text("混成一批新的。混装以后要另开合格证。", "Mixed into a new lot. It needs a certificate of its own."),
    "dry": Text("晒成一批新的。", "Dried to a new lot."),
    "sort": Text(
        "分好了，每级一批新的。点下面的批号打标。", "Sorted: each grade is a lot. Open it below for its labels."
    ),
    "waste": Text("记为损耗了。", "Written off as waste."),
    "count": Text("盘点记下了。", "The count is written down."),
    "block": Text("封存了，不能装袋，装好的也不发。", "Blocked: nothing is bagged, and its bags stay here."),
    "free": Text("解封了。", "It is free again."),
    "back": Text("撤回了，货回到原来的批号。", "Taken back; the goods are in their lots again."),
}


def _deed(name: str) -> Callable[[Session, Lot, Form], int]:
    if name not in _DEEDS:
        raise NotFound
    return _DEEDS[name]


@blueprint.post("/<int:lot_id>/rest")
@requires(WEIGHER, LEAD, OWNER)
def write_off(lot_id: int) -> AnyResponse | tuple[str, int]:
    """The rest of a lot is loss; the lot is used up."""
    form = Form(request.form)
    try:
        with transaction() as session:
            changes_service.write_off_rest(session, bounded(lot_id), reason=_reason(form), now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return lot_page.lot_page(lot_id, form, problem)
    flash(t("剩下的记为损耗，这批用完了。", "The rest is written off; the lot is used up."), "done")
    return redirect(url_for("weigher.lots.all_lots"), 303)


@blueprint.post("/<int:lot_id>/baggings/<int:bagging_id>/back")
@requires(WEIGHER, LEAD, OWNER)
def take_bagging_back(lot_id: int, bagging_id: int) -> AnyResponse | tuple[str, int]:
    """A bagging was a mistake, and no bag of it went anywhere."""
    form = Form(request.form)
    try:
        with transaction() as session:
            undo_service.take_back_bagging(
                session, bounded(bagging_id), reason=_reason(form), now=utc_now(), by=actor()
            )
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return lot_page.lot_page(lot_id, form, problem)
    flash(t("装袋撤回了。", "The bagging is taken back."), "done")
    return redirect(url_for("weigher.lots.show", lot_id=lot_id), 303)


@blueprint.post("/<int:lot_id>/baggings/<int:bagging_id>/gone")
@requires(WEIGHER, LEAD, OWNER)
def note_gone(lot_id: int, bagging_id: int) -> AnyResponse | tuple[str, int]:
    """Bags broke, were given away or are not found: they leave shelf and stock, with why."""
    form = Form(request.form)
    try:
        bags = form.count("bags", 1, MOST_BAGS)
        reason = _reason(form)
        with transaction() as session:
            gone_service.bags_gone(
                session, bounded(bagging_id), bags, reason=reason, key=typed_key(), now=utc_now(), by=actor()
            )
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return lot_page.lot_page(lot_id, form, problem)
    flash(t("记下了，少了 {n} 袋。", "Written down: {n} bags fewer.", n=bags), "done")
    return redirect(url_for("weigher.lots.show", lot_id=lot_id), 303)


@blueprint.post("/<int:lot_id>/ratio")
@requires(OWNER)
def set_ratio(lot_id: int) -> AnyResponse | tuple[str, int]:
    """The owner says how much usually is left when these goods are dried."""
    form = Form(request.form)
    try:
        with transaction() as session:
            lot, _ = lot_page.lot_of(session, lot_id)
            to_id = int(form.choice("to", {str(each.id) for each in queries.drying_goals(session, lot)}) or 0)
            low, high = (form.percent(name, high_bps=10_000, low_bps=1) for name in ("low", "high"))
            if not form.errors and low > high:
                form.refuse("high", "上限要比下限大。", "The most must be above the least.")
            form.check()
            making_service.set_ratio(session, lot.variant_id, to_id, Ratio(low, high), now=utc_now(), by=actor())
    except Invalid as problem:
        return _page(lot_id, "dry", form, problem)
    flash(t("记下了。", "Written down."), "done")
    return redirect(url_for(".fill_in", lot_id=lot_id, lot_deed="dry"), 303)


@blueprint.get("/changes/<int:change_id>/photo")
@requires(WEIGHER, LEAD, OWNER)
def photo(change_id: int) -> Response:
    """The photo of what was wasted or counted."""
    with transaction() as session:
        kept = session.get(LotChangePhoto, bounded(change_id))
        if kept is None:
            raise NotFound
        return Response(kept.jpeg, mimetype="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


def _page(lot_id: int, deed: str, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    _deed(deed)
    with transaction() as session:
        lot, _ = lot_page.lot_of(session, lot_id)
        goals = queries.drying_goals(session, lot) if deed == "dry" else ()
        page = render_template(
            "weigh/lot_deed.html",
            lot=lot,
            deed=deed,
            others=queries.lots_like(session, lot, today()) if deed == "mix" else (),
            goals=[(str(each.id), each.product.title, each.sku) for each in goals],
            rows=GRADE_ROWS,
            ratios=[(each, queries.ratio_of(session, lot.variant_id, each.id)) for each in goals],
            form=form,
            problem=problem,
            key=typed_key(),
            **lot_page.words(),
        )
    return page, problem.status if problem else 200
