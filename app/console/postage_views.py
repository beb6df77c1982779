"""What buyers pay for sending: the owner's table by province and weight."""

from collections.abc import Iterable
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.couriers.fees import queries as fees
from fulfillment.couriers.fees.rules import Tariff, fee_fen
from kernel.clock import local_day
from kernel.errors import Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER
from kernel.text import t
from shop.orders import postage_service as service
from shop.orders.postage import HEAVIEST_STEP_G, MOST_FEN, MOST_FREE_FROM_FEN, Rate, from_json, zones_of
from shop.orders.rules import PROVINCES, REMOTE_PROVINCES
from shop.orders.views import flat_terms
from shop.storefront.postage_views import SHOWN_G
from shop.storefront.rules import province_word

blueprint = Blueprint("postage", __name__, url_prefix="/postage")
_KG = 1_000
# Fees are passed on in steps that people can pay in their heads.
_STEP_FEN = 50


@blueprint.get("")
@requires(OWNER)
def index() -> tuple[str, int]:
    """The table by zones; without one, two ways to begin."""
    return _page(Form(request.args))


@blueprint.post("")
@requires(OWNER)
def begin() -> Response | tuple[str, int]:
    """Begin a table: with the flat postage charged so far, or with what the couriers charge."""
    form, now = Form(request.form), utc_now()
    try:
        source = form.choice("source", ("flat", "couriers"))
        form.check()
        with transaction() as session:
            day = local_day(now, setting("workshop_zone"))
            rates = _flat_rates() if source == "flat" else courier_rates(session, day)
            service.replace_table(session, rates, seen=0, now=now, by=actor())
    except Problem as problem:
        return _page(form, problem)
    flash(t("运费表有了，从现在起按它收。", "There is a table; it holds from now on."), "done")
    return redirect(url_for(".index"), code=303)


@blueprint.post("/zone")
@requires(OWNER)
def set_zone() -> Response | tuple[str, int]:
    """Give the ticked provinces a rate, or send nothing there."""
    form, provinces = Form(request.form), request.form.getlist("provinces")
    form.values["provinces"] = provinces
    try:
        seen = form.count("seen", 1, 2**62)
        rate = _read_rate(form) if form.choice("what", ("rate", "stop")) == "rate" else None
        form.check()
        with transaction() as session:
            service.set_zone(session, provinces, rate, seen=seen, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(form, problem)
    flash(t("改好了，新订单按新运费收。", "Changed; new orders pay the new postage."), "done")
    return redirect(url_for(".index"), code=303)


def _read_rate(form: Form) -> Rate:
    first_g = form.kg("first", low_g=1, high_g=HEAVIEST_STEP_G)
    more_g = form.kg("more", low_g=1, high_g=HEAVIEST_STEP_G)
    is_free = str(form.value("free_from")).strip()
    return Rate(
        first_g,
        form.yuan("first_fee", high_fen=MOST_FEN),
        more_g,
        form.yuan("more_fee", high_fen=MOST_FEN),
        form.yuan("free_from", low_fen=1, high_fen=MOST_FREE_FROM_FEN) if is_free else None,
    )


def _page(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        table = service.current(session)
    rates = from_json(table.rates) if table else {}
    html = render_template(
        "console/postage.html",
        table=table,
        zones=zones_of(rates, PROVINCES),
        unserved=[name for name in PROVINCES if name not in rates],
        provinces=PROVINCES,
        ticked=form.values.get("provinces") or [],
        word=province_word,
        shown_g=SHOWN_G,
        flat=flat_terms(),
        form=form,
        problem=problem,
    )
    return html, problem.status if problem else 200


def _flat_rates() -> dict[str, Rate]:
    """The postage of the settings as a table; free from an amount where there is no surcharge."""
    terms = flat_terms()
    near = Rate(HEAVIEST_STEP_G, terms.flat_fen, _KG, 0, terms.free_from_fen)
    far = Rate(HEAVIEST_STEP_G, terms.flat_fen + terms.remote_surcharge_fen, _KG, 0)
    return {name: far if name in REMOTE_PROVINCES else near for name in PROVINCES}


def courier_rates(session: Session, day: date) -> dict[str, Rate]:
    """What the cheapest courier to each province charges on a day, up to half a yuan more; where none goes, nothing."""
    tariffs = [fees.as_tariff(row) for row in fees.in_force(session, day) if row.serves]
    by_province: dict[str, list[Tariff]] = {}
    for tariff in tariffs:
        by_province.setdefault(tariff.province, []).append(tariff)
    return {name: rate for name in PROVINCES if (rate := _cheapest(by_province.get(name, ())))}


def _cheapest(tariffs: Iterable[Tariff]) -> Rate | None:
    """A kilogram, and each further one: of the courier that is cheapest for a kilogram."""
    priced = [
        (one, three) for tariff in tariffs if (one := fee_fen(tariff, _KG)) and (three := fee_fen(tariff, 3 * _KG))
    ]
    if not priced:
        return None
    one, three = min(priced)
    return Rate(_KG, _rounded_up(one), _KG, _rounded_up((three - one + 1) // 2))


def _rounded_up(fen: int) -> int:
    return -(-fen // _STEP_FEN) * _STEP_FEN
