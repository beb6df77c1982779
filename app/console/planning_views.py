"""Planning: what streams will sell against what contracts bring, what runs short or lies over, what may be sold ahead."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from app.console import past_sales_views, planning_chart
from app.console.exports import csv_file
from app.console.forms import done, first_time
from fulfillment.purchasing.planning import calls, queries, service
from fulfillment.purchasing.planning.queries import Plan
from kernel.clock import local_day
from kernel.forms import Form
from kernel.http import actor, current_person, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.sheets import Cell
from kernel.text import Text, t

blueprint = Blueprint("planning", __name__, url_prefix="/planning")
blueprint.register_blueprint(past_sales_views.blueprint)

METHODS = {
    "season": Text(
        "照三年里的季节和近来的势头算的", "Read from the season of past years and where sales stand now, by statsmodels"
    ),
    "last_year": Text(
        "不到两年的销量，只照去年这时候和最近四周估的",
        "Less than two years of sales: a plain range from these weeks of last year and the last four",
    ),
    "recent": Text(
        "不到一年的销量，看不出季节，只照最近十三周估的",
        "Less than a year of sales, so no season is seen: a plain range from the last thirteen weeks",
    ),
    "none": Text("卖得还太少，估不出来", "Too few sales yet to say anything"),
}
WAYS = {
    "stream": Text("直播", "streams"),
    "shop": Text("小店", "the shop"),
    "channel": Text("平台", "platforms"),
}


@blueprint.get("")
@requires(OWNER, STREAMER)
def show() -> str:
    """Every product that farmers bring: the next twelve weeks."""
    today = local_day(utc_now(), setting("workshop_zone"))
    with transaction() as session:
        plan = queries.read_plan(session, today)
        return render_template(
            "console/planning.html",
            plan=plan,
            charts={
                line.product.id: planning_chart.draw(line.sold_g, line.weeks, line.demand, line.coming)
                for line in plan.products
            },
            to_call=calls.to_call(session, today, plan),
            methods=METHODS,
            ways=WAYS,
            form=Form(),
            may_call=_may_call(),
        )


def _may_call() -> bool:
    person = current_person()
    return person is not None and OWNER in person.roles


@blueprint.post("/renew")
@requires(OWNER, STREAMER)
def renew() -> Response:
    """Ask for a new forecast; the worker makes it."""
    form = Form(request.form)
    with transaction() as session:
        is_first = first_time(session, form, "forecast")
        if is_first:
            service.ask_for_forecast(session, now=utc_now(), zone=setting("workshop_zone"), by=actor())
    return done(
        "/console/planning",
        t("开始算了，一般不到一分钟。", "It is being worked out; usually within a minute."),
        is_first=is_first,
    )


@blueprint.get("/planning.csv")
@requires(OWNER, STREAMER)
def export() -> Response:
    """The weeks of every product as a file, in kilograms."""
    today = local_day(utc_now(), setting("workshop_zone"))
    with transaction() as session:
        plan = queries.read_plan(session, today)
    header = (
        *(t("商品", "Product"), t("从周一", "Week from"), t("怎么算的", "Worked out by")),
        *(t("卖·少 kg", "Sold, low kg"), t("卖·中 kg", "Sold, middle kg"), t("卖·多 kg", "Sold, high kg")),
        *(t("收·少 kg", "Brought, low kg"), t("收·中 kg", "Brought, middle kg"), t("收·多 kg", "Brought, high kg")),
    )
    return csv_file("planning", header, _rows(plan))


def _rows(plan: Plan) -> Iterator[Sequence[Cell]]:
    for line in plan.products:
        for week, sold, comes in zip(line.weeks, line.demand, line.coming, strict=True):
            figures = (sold.low_g, sold.mid_g, sold.high_g, comes.low_g, comes.mid_g, comes.high_g)
            yield (
                str(line.product.title),
                week.isoformat(),
                str(METHODS[line.method]),
                *(f"{grams / 1000:.3f}" for grams in figures),
            )
