"""Where Stripe reports. Once an event is stored the answer is 200, whatever becomes of it here."""

from flask import Blueprint, Response, current_app, request

from kernel.errors import BadRequest
from kernel.http import database, utc_now
from kernel.tally import Tally
from shop.payments import steps
from shop.payments.steps import Till

blueprint = Blueprint("webhooks", __name__)

_LARGEST_BYTES = 500_000


@blueprint.post("/webhooks/stripe")
def stripe() -> Response:
    """One signed event: signature, age, mode and account checked, stored once, applied from what Stripe says when asked again."""
    till: Till = current_app.extensions["till"]
    if (request.content_length or 0) > _LARGEST_BYTES:
        raise BadRequest("内容太大。", "Too large.", code="too_large")
    event = till.gateway.read_event(request.get_data(), request.headers.get("Stripe-Signature", ""))
    is_new = steps.receive_event(database(), till, event, utc_now())
    if not is_new:
        tally: Tally = current_app.extensions["tally"]
        tally.add("webhook_duplicates")
    return Response(status=200)
