"""Lots: raw goods in stock with filters and export, one lot with its family, and putting raw goods into bags."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from fulfillment.bench import lot_page
from fulfillment.bench.settlement_words import sheet
from fulfillment.bench.weigher_words import title_of, today, typed_key
from fulfillment.purchasing.forms import HEAVIEST_G, BaggingWish, read_bagging
from fulfillment.purchasing.lots import list_queries, queries, rules, service
from fulfillment.purchasing.lots.list_queries import PAGE, STATES, Wanted
from fulfillment.purchasing.lots.service import BagWish
from fulfillment.purchasing.models import Lot
from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.sheets import Cell
from kernel.text import Text, t
from shop.catalog.models import Variant

blueprint = Blueprint("lots", __name__, url_prefix="/lots")

_MOST_ROWS = 5_000


@blueprint.get("")
@requires(WEIGHER, LEAD, OWNER)
def all_lots() -> str:
    """Lots, those that go bad first before others."""
    wanted = _wanted()
    with transaction() as session:
        found = list_queries.lots_wanted(session, wanted, today())
        return render_template(
            "weigh/lots.html",
            lots=found[:PAGE],
            wanted=wanted,
            products=list_queries.products_with_lots(session),
            newer=_page_url(wanted, wanted.page - 1) if wanted.page > 1 else "",
            older=_page_url(wanted, wanted.page + 1) if len(found) > PAGE else "",
            export=_page_url(wanted, 1, ".export", extension="xlsx"),
            **lot_page.words(),
        )


@blueprint.get("/export.<extension>")
@requires(WEIGHER, LEAD, OWNER)
def export(extension: str) -> AnyResponse:
    """The lots of the filter as a file."""
    header = [
        t("批号", "Lot"),
        t("来历", "From"),
        t("产品", "Product"),
        t("等级", "Grade"),
        t("日期", "Day"),
        t("保质期到", "Best before"),
        t("收进（公斤）", "Came in, kg"),
        t("还剩（公斤）", "Left, kg"),
        t("封存", "Blocked"),
    ]
    with transaction() as session:
        rows = [_row(lot) for lot in list_queries.lots_wanted(session, _wanted(), today(), most=_MOST_ROWS)]
    return sheet(extension, "lots", header, rows)


def _row(lot: Lot) -> list[Cell]:
    return [
        lot.number,
        lot.delivery.contract.farmer.name if lot.delivery else str(lot_page.KIND_WORDS[lot.kind]),
        str(title_of(lot.variant.product.slug)),
        lot.grade,
        lot.day.isoformat(),
        lot.best_before.isoformat(),
        f"{lot.received_g / 1000:g}",
        f"{lot.left_g / 1000:g}",
        t("封存", "blocked") if lot.blocked else "",
    ]


def _wanted() -> Wanted:
    state = request.args.get("state", "open")
    try:
        page = parse_count(request.args.get("page", "1"), 1, 10_000)
        product = parse_count(request.args["product"], 1, 2**62) if request.args.get("product") else None
    except FieldError:
        page, product = 1, None
    words = request.args.get("q", "").replace("\0", "").strip()[:40]
    return Wanted(words, product, state if state in STATES else "open", page)


def _page_url(wanted: Wanted, page: int, endpoint: str = ".all_lots", **values: Any) -> str:
    shown: dict[str, Any] = {"q": wanted.words or None, "product": wanted.product_id, "state": wanted.state}
    return url_for(endpoint, **shown, page=page if page > 1 else None, **values)


@blueprint.get("/<int:lot_id>")
@requires(WEIGHER, LEAD, OWNER)
def show(lot_id: int) -> tuple[str, int]:
    """One lot: where it came from, what is left, what became of it."""
    return lot_page.lot_page(lot_id, Form())


@blueprint.post("/<int:lot_id>/bags")
@requires(WEIGHER, LEAD, OWNER)
def bag(lot_id: int) -> AnyResponse | tuple[str, int]:
    """Put raw goods into bags: first shown with the lots that go bad first, then done."""
    form, wish = Form(request.form), None
    try:
        with transaction() as session:
            _, variants = lot_page.lot_of(session, lot_id)
            wish = read_bagging(form, frozenset(variants))
            if form.value("step") == "confirm":
                bags = _read_parts(form, lot_id, wish, variants[wish.variant_id])
                service.bag_lots(session, bags, key=typed_key(), today=today(), now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return _review(lot_id, form, wish, problem) if wish else lot_page.lot_page(lot_id, form, problem)
    if form.value("step") != "confirm":
        return _review(lot_id, form, wish)
    flash(t("装好 {n} 袋，可以卖了。", "{n} bags are in stock and can be sold.", n=wish.bags), "done")
    return redirect(url_for("weigher.lots.show", lot_id=lot_id), 303)


def _read_parts(form: Form, lot_id: int, wish: BaggingWish, variant: Variant) -> BagWish:
    """Grams by lot; a form without them means the lot it stands on."""
    typed = {name: name[5:] for name in form.values if name.startswith("part-") and name[5:].isdecimal()}
    reason = form.text("reason", longest=120, required=False)
    grams = {int(each[:18]): form.kg(name, high_g=HEAVIEST_G) for name, each in typed.items() if form.value(name)}
    form.check()
    parts = {each: part for each, part in grams.items() if part}
    if typed and not parts:
        raise Invalid(
            "请写上用哪几批。", "Say which lots.", fields={"parts": Text("请写上用哪几批。", "Say which lots.")}
        )
    return BagWish(wish.variant_id, wish.bags, parts or {lot_id: wish.bags * variant.net_g}, reason)


def _review(lot_id: int, form: Form, wish: BaggingWish, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        lot, variants = lot_page.lot_of(session, lot_id)
        page = render_template(
            "weigh/lot_bags.html",
            lot=lot,
            form=form,
            problem=problem,
            wish=wish,
            bags=variants[wish.variant_id],
            key=typed_key(),
            **_suggestion(session, lot, form, wish, variants[wish.variant_id]),
            **lot_page.words(),
        )
    return page, problem.status if problem else 200


def _suggestion(session: Session, lot: Lot, form: Form, wish: BaggingWish, variant: Variant) -> dict[str, object]:
    """The open lots, and what each gives unless somebody typed something else."""
    found = queries.open_lots(session, lot.variant.product_id, today())
    uses_g = wish.bags * variant.net_g
    parts = rules.suggest_parts(uses_g, variant.net_g, queries.as_open(found))
    if not any(name.startswith("part-") for name in form.values):
        form.values |= {f"part-{lot_id}": f"{grams / 1000:g}" for lot_id, grams in parts.items()}
    return {"open_lots": found, "uses_g": uses_g, "open_g": sum(each.left_g for each in found), "suggested": parts}
