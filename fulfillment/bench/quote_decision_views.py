"""Prices that wait for a person: odd ones, decided one by one, and names that nobody has explained yet."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.bench.quote_views import kinds_by_key
from fulfillment.bench.weigher_words import bounded, kind_words
from fulfillment.purchasing.quotes import queries as quotes
from fulfillment.purchasing.quotes import service
from kernel.errors import Invalid
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("decisions", __name__, url_prefix="/quotes/held")

NOT_OURS = "none"


@blueprint.get("")
@requires(WEIGHER, OWNER)
def held() -> str:
    """What waits: odd prices of ours first, then names."""
    with transaction() as session:
        return render_template(
            "weigh/quotes_held.html",
            odd=quotes.odd(session),
            names=quotes.unknown_names(session),
            kinds=[(key, kind_words(kind)) for key, kind in kinds_by_key(session).items()],
            kind_words=kind_words,
            not_ours=NOT_OURS,
        )


@blueprint.post("/<int:quote_id>/accept")
@requires(WEIGHER, OWNER)
def accept(quote_id: int) -> Response:
    """Use the price: it is right after all."""
    with transaction() as session:
        quote = service.accept_quote(session, bounded(quote_id), now=utc_now(), by=actor())
    flash(
        t("采用了 {name} {day} 的价。", "The price of {name} on {day} is used.", name=quote.name, day=quote.day), "done"
    )
    return redirect(url_for("weigher.decisions.held"), 303)


@blueprint.post("/<int:quote_id>/refuse")
@requires(WEIGHER, OWNER)
def refuse(quote_id: int) -> Response:
    """Do not use the price; it is kept, so that anybody can see what the source said."""
    with transaction() as session:
        quote = service.refuse_quote(session, bounded(quote_id), now=utc_now(), by=actor())
    flash(
        t("没有采用 {name} {day} 的价。", "The price of {name} on {day} is not used.", name=quote.name, day=quote.day),
        "done",
    )
    return redirect(url_for("weigher.decisions.held"), 303)


@blueprint.post("/names")
@requires(WEIGHER, OWNER)
def explain_name() -> Response:
    """Say which product of ours a source's name is, or that it is none; all its rows follow."""
    form = Form(request.form)
    name = {part: form.text(part, longest=140, required=part in ("source", "name")) for part in _NAME_PARTS}
    with transaction() as session:
        kinds = kinds_by_key(session)
        chosen = form.choice("kind", {*kinds, NOT_OURS})
        try:
            form.check()
        except Invalid:
            flash(
                t(
                    "先选它是哪个产品，或者“不是我们收的”。",
                    "Choose first which product it is, or that it is none of ours.",
                ),
                "problem",
            )
            return redirect(url_for("weigher.decisions.held"), 303)
        rows = service.name_quotes(session, **name, kind=kinds.get(chosen), now=utc_now(), by=actor())
    flash(t("{name}：处理了 {rows} 条。", "{name}: {rows} rows done.", name=name["name"], rows=rows), "done")
    return redirect(url_for("weigher.decisions.held"), 303)


_NAME_PARTS = ("source", "name", "form", "grade")


@blueprint.post("/names/rest")
@requires(WEIGHER, OWNER)
def rest_is_not_ours() -> Response:
    """None of the names that are left is anything we buy."""
    with transaction() as session:
        names = quotes.unknown_names(session)
        for each in names:
            service.name_quotes(
                session,
                source=each.source,
                name=each.name,
                form=each.form,
                grade=each.grade,
                kind=None,
                now=utc_now(),
                by=actor(),
            )
    flash(t("{n} 个品名记为“不是我们收的”。", "{n} names are noted as none of ours.", n=len(names)), "done")
    return redirect(url_for("weigher.decisions.held"), 303)
