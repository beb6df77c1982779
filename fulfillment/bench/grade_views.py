"""The grade table: which grades a product comes in, and what a lower one takes off. The owner decides it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.purchasing.growers import queries, service
from fulfillment.purchasing.growers.forms import read_grade
from kernel.errors import Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("grades", __name__, url_prefix="/grades")


@blueprint.get("")
@requires(WEIGHER, OWNER)
def table() -> tuple[str, int]:
    """Every grade, best first."""
    return _page(Form({"product": request.args.get("product", "")[:100]}))


@blueprint.post("")
@requires(OWNER)
def set_grade() -> Response | tuple[str, int]:
    """Add a grade, or take less off for one; the same again changes nothing."""
    form = Form(request.form)
    try:
        with transaction() as session:
            grade = read_grade(form, queries.raw_products(session))
            service.set_grade(session, grade, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(form, problem)
    flash(t("等级记好了：{name}", "The grade is set: {name}", name=grade.name), "done")
    return redirect(url_for("weigher.grades.table", product=grade.product), 303)


def _page(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        products = queries.raw_products(session)
        page = render_template(
            "weigh/grades.html",
            form=form,
            problem=problem,
            grades=queries.grades(session),
            products=[(product.slug, str(product.title)) for product in products.values()],
        )
    return page, problem.status if problem else 200
