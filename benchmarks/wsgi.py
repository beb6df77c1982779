"""The shop as it runs, with routes beside it to measure against: an empty POST and GET, and ordering in the plain way."""

from flask import jsonify, request

from app.web.template_words import csrf
from app.wsgi import application
from benchmarks import orm_version
from kernel.http import transaction, utc_now


@csrf.exempt
def empty() -> object:
    """What any request costs on this server, before it does anything."""
    return jsonify({})


@csrf.exempt
def order_in_the_plain_way(offer_id: int) -> object:
    """One order, one transaction, ORM objects."""
    with transaction() as session:
        number = orm_version.place(session, offer_id, request.get_json(), utc_now())
    return jsonify({"number": number}), 201


application.add_url_rule("/api/v1/empty", "empty", empty, methods=["GET", "POST"])
application.add_url_rule("/api/v1/plain/<int:offer_id>", "plain", order_in_the_plain_way, methods=["POST"])
