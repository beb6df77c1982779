"""A farmer's own page, by private link or the code on their card: own things only, anybody else's are not found."""

from datetime import date, timedelta

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from fulfillment.bench import settlement_words, weigher_words
from fulfillment.bench.grower_door import is_key, let_in, nobody, see_out, visitor
from fulfillment.bench.grower_export import own_data
from fulfillment.bench.weigher_words import bounded, today
from fulfillment.purchasing import queries as purchasing
from fulfillment.purchasing.asking.queries import turned_away
from fulfillment.purchasing.asking.rules import CAUSES
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.own import queries, service
from fulfillment.purchasing.service import slip_of
from fulfillment.purchasing.statements.queries import Season, season
from kernel.forms import Form
from kernel.http import setting, transaction, utc_now

blueprint = Blueprint("grower", __name__, url_prefix="/grower")
blueprint.context_processor(weigher_words.words)
blueprint.context_processor(settlement_words.words)

_A_YEAR = timedelta(days=365)
_MOST_DELIVERIES = 200


@blueprint.after_request
def keep_private(response: Response) -> Response:
    """Nobody between the farmer and us keeps a copy, and no search engine lists it."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@blueprint.get("/in/<int:link_id>")
def enter(link_id: int) -> BaseResponse:
    """Exchange the link's key for a cookie; a wrong key looks like a link that is not there."""
    if not is_key(bounded(link_id), request.args.get("key", "")):
        raise nobody()
    with transaction() as session:
        if queries.open_link(session, link_id) is None:
            raise nobody()
        service.note_first_use(session, link_id, now=utc_now())
    response = make_response(redirect(url_for("grower.home"), 303))
    let_in(response, link_id)
    return response


@blueprint.get("")
def home() -> str:
    """Contracts, what is owed, what came of the goods, the last deliveries, what buyers may see."""
    with transaction() as session:
        farmer = visitor(session)
        return render_template(
            "grower/home.html",
            farmer=farmer,
            contracts=growers.contracts(session, farmer_id=farmer.id, with_ended=True),
            season=_season(session, farmer),
            deliveries=purchasing.deliveries(session, farmer_id=farmer.id, most=_MOST_DELIVERIES),
            sold=queries.sold(session, farmer.id),
            streams=queries.own_streams(session, farmer.id),
            visits=turned_away(session, farmer_id=farmer.id),
            causes=CAUSES,
            today=today(),
        )


def _season(session: Session, farmer: Farmer, year: int | None = None) -> Season:
    """The last twelve months, or one calendar year."""
    first, last = (date(year, 1, 1), date(year, 12, 31)) if year else (today() - _A_YEAR, today())
    return season(session, farmer.id, first, last, setting("workshop_zone"))


@blueprint.get("/deliveries/<int:delivery_id>")
def delivery(delivery_id: int) -> str:
    """One delivery and how its price was worked out, line by line."""
    with transaction() as session:
        farmer = visitor(session)
        found = session.get(Delivery, bounded(delivery_id))
        if found is None or found.farmer_id != farmer.id:
            raise nobody()
        return render_template("grower/delivery.html", farmer=farmer, delivery=found, slip=slip_of(found))


@blueprint.get("/statement")
def statement() -> str:
    """Twelve months or one year: every delivery, advance, deduction and payment with the balance after it."""
    with transaction() as session:
        farmer = visitor(session)
        years = purchasing.years_of(session, farmer.id)
        year = next((each for each in years if str(each) == request.args.get("year")), None)
        return render_template(
            "grower/statement.html", farmer=farmer, season=_season(session, farmer, year), years=years, year=year
        )


@blueprint.post("/shown")
def choose_shown() -> BaseResponse:
    """The farmer's choice whether buyers read their name."""
    form = Form(request.form)
    choice = form.choice("shown", ("yes", "no"))
    form.check()
    with transaction() as session:
        service.set_shown(session, visitor(session).id, shown=choice == "yes", now=utc_now())
    return redirect(url_for("grower.home", _anchor="me"), 303)


@blueprint.get("/my-data.json")
def my_data() -> Response:
    """Everything that is kept of the farmer, to take along."""
    with transaction() as session:
        farmer = visitor(session)
        always = season(session, farmer.id, date.min, today(), setting("workshop_zone"))
        answer = jsonify(own_data(farmer, always, queries.sold(session, farmer.id)))
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return answer


@blueprint.post("/leave")
def leave() -> BaseResponse:
    """Forget the page on this device."""
    with transaction() as session:
        visitor(session)
    response = make_response(redirect("/", 303))
    see_out(response)
    return response
