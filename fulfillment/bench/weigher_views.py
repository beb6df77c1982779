"""The weigher's pages: home and help; the others are in weigh_in_views, quote_views, grower_views and so on."""

from flask import Blueprint, render_template

from fulfillment.bench import (
    asking_views,
    bag_label_views,
    calls_views,
    certificate_views,
    contract_change_views,
    contract_views,
    correction_views,
    farmer_account_views,
    farmer_badge_views,
    farmer_views,
    grade_picture_views,
    grade_views,
    grower_link_views,
    invoice_views,
    lot_deed_views,
    lot_views,
    quote_decision_views,
    quote_views,
    recall_views,
    settlement_file_views,
    settlement_result_views,
    settlement_run_views,
    settlement_views,
    slip_message_views,
    statement_views,
    tracing_views,
    turning_away_views,
    weigh_in_views,
    weigher_words,
)
from fulfillment.bench.weigher_words import today
from fulfillment.purchasing import queries
from fulfillment.purchasing.asking import queries as asking
from fulfillment.purchasing.lots import queries as lots
from fulfillment.purchasing.planning import calls
from fulfillment.purchasing.quotes import queries as quotes
from fulfillment.purchasing.settlements import queries as settlements
from kernel.http import requires, transaction
from kernel.people.rules import LEAD, OWNER, WEIGHER

blueprint = Blueprint("weigher", __name__, url_prefix="/bench/weigh")

for part in (
    weigh_in_views,
    asking_views,
    turning_away_views,
    slip_message_views,
    quote_views,
    quote_decision_views,
    correction_views,
    farmer_badge_views,
    grower_link_views,
    farmer_views,
    contract_views,
    contract_change_views,
    grade_picture_views,
    grade_views,
    lot_views,
    lot_deed_views,
    bag_label_views,
    certificate_views,
    settlement_views,
    settlement_result_views,
    settlement_run_views,
    settlement_file_views,
    farmer_account_views,
    statement_views,
    invoice_views,
    tracing_views,
    recall_views,
    calls_views,
):
    blueprint.register_blueprint(part.blueprint)
blueprint.context_processor(weigher_words.words)


@blueprint.get("")
@requires(WEIGHER, OWNER)
def home() -> str:
    """Weigh in; below it what today brought, which prices are missing, what lies in stock, what is owed."""
    day = today()
    with transaction() as session:
        return render_template(
            "weigh/home.html",
            needed=queries.needed_quotes(session, day),
            waiting=quotes.waiting(session),
            gaps=quote_views.price_gaps(session, day),
            asked=asking.count_waiting(session),
            totals=queries.day_totals(session, day),
            deliveries=queries.deliveries(session, day=day, most=4),
            lots=queries.lots_in_stock(session),
            going_bad=lots.going_bad(session, day),
            blocked_lots=lots.blocked_lots(session),
            owed=settlements.owed_by_farmer(session),
            to_call=calls.to_call(session, day),
            today=day,
        )


@blueprint.get("/help")
@requires(WEIGHER, OWNER, LEAD)
def help_page() -> str:
    """How a price is worked out, and what to do when something is wrong."""
    return render_template("weigh/help.html")
