"""Lots: raw goods in stock, and putting them into bags."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.weigher_words import bounded, today, typed_key
from fulfillment.purchasing import queries
from fulfillment.purchasing.forms import BaggingWish, read_bagging
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.lots import changes_service, service
from fulfillment.purchasing.models import Lot
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.text import t
from shop.catalog.models import Variant

blueprint = Blueprint("lots", __name__, url_prefix="/lots")


@blueprint.get("")
@requires(WEIGHER, LEAD, OWNER)
def all_lots() -> str:
    """Lots that still have raw goods, oldest first."""
    with transaction() as session:
        return render_template("weigh/lots.html", lots=queries.lots_in_stock(session))


@blueprint.get("/<int:lot_id>")
@requires(WEIGHER, LEAD, OWNER)
def show(lot_id: int) -> tuple[str, int]:
    """One lot: where it came from, what is left, what was bagged."""
    return _page(lot_id, Form())


@blueprint.post("/<int:lot_id>/bags")
@requires(WEIGHER, LEAD, OWNER)
def bag(lot_id: int) -> Response | tuple[str, int]:
    """Put raw goods into bags; first shown, then done."""
    form = Form(request.form)
    try:
        with transaction() as session:
            _, variants = _lot(session, lot_id)
            wish = read_bagging(form, frozenset(variants))
            if form.value("step") != "confirm":
                return _page(lot_id, form, wish=wish)
            bagging, _ = service.bag_lot(
                session, lot_id, wish.variant_id, wish.bags, key=typed_key(), today=today(), now=utc_now(), by=actor()
            )
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(lot_id, form, problem)
    flash(t("装好 {n} 袋，可以卖了。", "{n} bags are in stock and can be sold.", n=bagging.bags), "done")
    return redirect(url_for("weigher.lots.show", lot_id=lot_id), 303)


@blueprint.post("/<int:lot_id>/rest")
@requires(WEIGHER, LEAD, OWNER)
def write_off(lot_id: int) -> Response | tuple[str, int]:
    """The rest of a lot is loss; the lot is used up."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=120)
        form.check()
        with transaction() as session:
            changes_service.write_off_rest(session, bounded(lot_id), reason=reason, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(lot_id, form, problem)
    flash(t("剩下的记为损耗，这批用完了。", "The rest is written off; the lot is used up."), "done")
    return redirect(url_for("weigher.lots.all_lots"), 303)


def _lot(session: Session, lot_id: int) -> tuple[Lot, dict[int, Variant]]:
    """A lot and the bags that its product is sold in."""
    lot = session.get(Lot, bounded(lot_id))
    if lot is None:
        raise NotFound("没有这个批号。", "There is no such lot.")
    product_id = lot.variant.product_id
    return lot, {variant.id: variant for variant in growers.bag_variants(session, product_id)}


def _page(
    lot_id: int, form: Form, problem: Problem | None = None, *, wish: BaggingWish | None = None
) -> tuple[str, int]:
    with transaction() as session:
        lot, variants = _lot(session, lot_id)
        bags = wish and variants[wish.variant_id]
        page = render_template(
            "weigh/lot.html",
            lot=lot,
            delivery=lot.delivery,
            variant_options=[
                (
                    str(each.id),
                    each.spec,
                    t("最多 {n} 袋", "{n} at most", n=(lot.received_g - lot.used_g) // each.net_g),
                )
                for each in variants.values()
                if each.net_g <= lot.received_g - lot.used_g
            ],
            baggings=[
                (each, session.get_one(Variant, each.variant_id)) for each in queries.baggings_of(session, lot.id)
            ],
            form=form,
            problem=problem,
            wish=wish,
            bags=bags,
            uses_g=wish.bags * bags.net_g if wish and bags else 0,
            key=typed_key(),
        )
    return page, problem.status if problem else 200
