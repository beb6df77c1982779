"""Products and their variants: what the shop lists."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from flask import Blueprint, current_app, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console.exports import csv_file
from app.console.forms import done, first_time, said_again
from app.console.words import FORMS, LABEL_FIELDS
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.sheets import Cell, plain_yuan
from kernel.text import t
from shop.catalog import forms, queries, service
from shop.catalog.models import Product, Variant
from shop.stock import queries as stock

blueprint = Blueprint("products", __name__, url_prefix="/products")

UNITS = ("piece", "gram")


@cache
def _photos(static_folder: str) -> tuple[str, ...]:
    folder = Path(static_folder) / "img" / "products"
    return tuple(f"products/{path.name}" for path in sorted(folder.glob("*.svg")))


def photos() -> tuple[str, ...]:
    """The pictures a product may have: those drawn for the shop."""
    return _photos(str(current_app.static_folder))


@blueprint.context_processor
def label_words() -> dict[str, object]:
    """The label's fields and what each is called in the form."""
    fields = [(forms.label_field(name), words) for name, words in LABEL_FIELDS.items()]
    return {"label_fields": fields, "photos": photos()}


@blueprint.get("")
@requires(OWNER, STREAMER)
def index() -> tuple[str, int]:
    """Every product with its sizes, prices and what is left."""
    form = Form(request.args)
    words = form.text("q", longest=60, required=False)
    with transaction() as session:
        found = [] if form.errors else queries.all_products(session, words)
        levels = {level.variant.id: level for level in stock.levels(session)}
    html = render_template("console/products.html", form=form, products=found, levels=levels)
    return html, 422 if form.errors else 200


@blueprint.get("/products.csv")
@requires(OWNER, STREAMER)
def export() -> Response:
    """Products and variants as a file."""
    with transaction() as session:
        found = queries.all_products(session)
    header = (
        *(t("货号", "SKU"), t("商品", "Product"), t("规格", "Size"), t("干鲜", "Form"), t("等级", "Grade")),
        *(t("价格", "Price (yuan)"), t("净重（克）", "Net (g)"), t("毛重（克）", "Gross (g)")),
        *(t("可以卖", "For sale"), t("上架", "Listed")),
    )
    return csv_file("products", header, _rows(found))


def _rows(found: Sequence[Product]) -> Iterator[Sequence[Cell]]:
    for product in found:
        for variant in product.variants:
            yield (
                *(variant.sku, str(product.title), str(variant.spec)),
                *(str(FORMS[product.form]), product.grade_zh),
                *(plain_yuan(variant.price_fen), variant.net_g, variant.gross_g),
                *(int(variant.sellable), int(product.listed)),
            )


def _product(product_id: int) -> Product:
    with transaction() as session:
        product = queries.product_by_id(session, product_id)
    if product is None:
        raise NotFound("没有这个商品。", "There is no such product.")
    return product


def _variant(variant_id: int) -> Variant:
    with transaction() as session:
        variant = queries.variant_by_id(session, variant_id)
    if variant is None:
        raise NotFound("没有这个规格。", "There is no such variant.")
    return variant


def _url_of(product_id: int) -> str:
    return url_for("console.products.edit", product_id=product_id)


@blueprint.get("/new")
@requires(OWNER, STREAMER)
def new() -> tuple[str, int]:
    """An empty product."""
    return _product_page(None, Form({"form": "dry", "listed": "1", "returnable": "1", "claim_hours": 24}))


def _product_page(product: Product | None, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    html = render_template("console/product.html", product=product, form=form, problem=problem)
    return html, problem.status if problem else 200


@blueprint.post("/new")
@requires(OWNER, STREAMER)
def add() -> Response | tuple[str, int]:
    """Add a product; its sizes come next."""
    form = Form(request.form)
    try:
        facts = forms.read_product(form, photos())
        with transaction() as session:
            is_first = first_time(session, form, "product")
            product = service.add_product(session, facts, now=utc_now(), by=actor()) if is_first else None
    except Problem as problem:
        return _product_page(None, said_again(form, problem), problem)
    sentence = t("商品加好了，再加一个规格就可以卖。", "Added. Give it a size and it can be sold.")
    return done(_url_of(product.id) if product else url_for("console.products.index"), sentence, is_first=is_first)


@blueprint.get("/<int:product_id>")
@requires(OWNER, STREAMER)
def edit(product_id: int) -> tuple[str, int]:
    """A product as it is, with its sizes."""
    product = _product(product_id)
    return _product_page(product, forms.product_form(product))


@blueprint.post("/<int:product_id>")
@requires(OWNER, STREAMER)
def change(product_id: int) -> Response | tuple[str, int]:
    """Change a product; the shop shows it at once."""
    product, form = _product(product_id), Form(request.form)
    try:
        facts = forms.read_product(form, photos())
        with transaction() as session:
            service.change_product(session, product.id, facts, now=utc_now(), by=actor())
    except Problem as problem:
        return _product_page(product, form, problem)
    return done(_url_of(product_id), t("存好了，店里已经是新的。", "Saved; the shop shows it now."))


def _variant_page(
    product: Product, variant: Variant | None, form: Form, problem: Problem | None = None
) -> tuple[str, int]:
    html = render_template("console/variant.html", product=product, variant=variant, form=form, problem=problem)
    return html, problem.status if problem else 200


@blueprint.get("/<int:product_id>/variants/new")
@requires(OWNER, STREAMER)
def new_variant(product_id: int) -> tuple[str, int]:
    """An empty variant."""
    return _variant_page(_product(product_id), None, Form({"unit": "piece", "sellable": "1"}))


@blueprint.post("/<int:product_id>/variants/new")
@requires(OWNER, STREAMER)
def add_variant(product_id: int) -> Response | tuple[str, int]:
    """Add a variant to a product."""
    product, form = _product(product_id), Form(request.form)
    try:
        unit = form.choice("unit", UNITS)
        facts = forms.read_variant(form, unit)
        with transaction() as session:
            is_first = first_time(session, form, f"variant:{product_id}")
            if is_first:
                service.add_variant(session, product.id, facts, unit=unit, now=utc_now(), by=actor())
    except Problem as problem:
        return _variant_page(product, None, said_again(form, problem), problem)
    return done(_url_of(product_id), t("规格加好了。", "The size was added."), is_first=is_first)


@blueprint.get("/variants/<int:variant_id>")
@requires(OWNER, STREAMER)
def edit_variant(variant_id: int) -> tuple[str, int]:
    """A variant as it is."""
    variant = _variant(variant_id)
    return _variant_page(variant.product, variant, forms.variant_form(variant))


@blueprint.post("/variants/<int:variant_id>")
@requires(OWNER, STREAMER)
def change_variant(variant_id: int) -> Response | tuple[str, int]:
    """Change a variant."""
    variant, form = _variant(variant_id), Form(request.form)
    try:
        facts = forms.read_variant(form, variant.unit)
        with transaction() as session:
            service.change_variant(session, variant.id, facts, now=utc_now(), by=actor())
    except Problem as problem:
        return _variant_page(variant.product, variant, form, problem)
    return done(_url_of(variant.product_id), t("规格存好了。", "The size was saved."))
