"""Stripe's HTTP interface: bearer key, form parameters, idempotency keys, lists, errors."""

import json
import socket
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from flask import Blueprint, Response, current_app, request

from sandbox.errors import ApiError, invalid, missing
from sandbox.params import nested
from sandbox.store import Thing, new_id
from sandbox.stripe_desk import Desk

blueprint = Blueprint("stripe", __name__, url_prefix="/v1")

# How many things a list looks through for those that it was asked for.
_LOOKED_AT = 1_000


def desk() -> Desk:
    """The account of this sandbox."""
    found: Desk = current_app.extensions["desk"]
    return found


def answer(body: dict[str, Any], status: int = 200) -> Response:
    """A JSON answer with a request id; the intents that the request wants expanded are put in."""
    if "payment_intent" in _expanded():
        body = _with_intent(body)
    if "data.payment_intent" in _expanded():
        body = {**body, "data": [_with_intent(thing) for thing in body["data"]]}
    response = Response(json.dumps(body, ensure_ascii=False), status=status, mimetype="application/json")
    response.headers["Request-Id"] = new_id("req")
    return response


def _expanded() -> list[str]:
    wanted = nested([*request.args.items(multi=True), *request.form.items(multi=True)]).get("expand", [])
    return wanted if isinstance(wanted, list) else []


def _with_intent(thing: dict[str, Any]) -> dict[str, Any]:
    found = desk().store.get(str(thing.get("payment_intent")))
    return {**thing, "payment_intent": found} if found else thing


def cut_connection() -> Response:
    """The work is done, but the answer never arrives."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=502)


@blueprint.before_request
def check_key() -> Response | None:
    """Only the configured key opens the account; a slow day is simulated here."""
    if desk().levers.slow_answers_s:
        time.sleep(min(desk().levers.slow_answers_s, 30))
    expected = current_app.extensions["api_key"]
    if request.headers.get("Authorization") != f"Bearer {expected}":
        error = ApiError(401, "invalid_request_error", "Invalid API Key provided.")
        return answer(error.body, error.status)
    return None


@blueprint.errorhandler(ApiError)
def refused(error: ApiError) -> Response:
    """An error in Stripe's form."""
    return answer(error.body, error.status)


def _once(work: Callable[[dict[str, Any]], Thing]) -> Response:
    """Do a POST, and lose its answer when that lever is pulled."""
    response = _keep_answer(work)
    if desk().levers.lose_answers > 0:
        desk().levers.lose_answers -= 1
        return cut_connection()
    return response


def _keep_answer(work: Callable[[dict[str, Any]], Thing]) -> Response:
    """Do a POST once for its Idempotency-Key: same parameters, same answer, errors too; others are refused."""
    key, body = request.headers.get("Idempotency-Key"), request.get_data()
    params = nested(request.form.items(multi=True))
    if key is None:
        return answer(work(params))
    asked = sha256(request.path.encode() + b"\n" + body).hexdigest()
    store = desk().store
    with store.lock:
        known = store.rows("SELECT request, status, body FROM answers WHERE key = ?", key)
        if known and known[0][0] != asked:
            raise ApiError(
                400,
                "idempotency_error",
                "Keys for idempotent requests can only be used with the same parameters they were first used with.",
            )
        if known:
            repeated = answer(json.loads(known[0][2]), known[0][1])
            repeated.headers["Idempotent-Replayed"] = "true"
            return repeated
        try:
            result, status = work(params), 200
        except ApiError as error:
            result, status = error.body, error.status
        store.rows(
            "INSERT INTO answers VALUES (?, ?, ?, ?)", key, asked, status, json.dumps(result, ensure_ascii=False)
        )
    return answer(result, status)


def _page(kind: str, keep: Callable[[Thing], bool] = lambda _: True) -> Response:
    """A list, newest first, with starting_after, limit and created filters."""
    after = request.args.get("starting_after", "")
    if after and desk().store.get(after) is None:
        raise missing(kind, after)
    try:
        since, limit = int(request.args.get("created[gte]", 0)), int(request.args.get("limit", 10))
    except ValueError:
        raise invalid("Invalid integer") from None
    limit = min(max(limit, 1), 100)
    things = [thing for thing in desk().store.newest(kind, since=since, before=after, most=_LOOKED_AT) if keep(thing)]
    return answer({"object": "list", "data": things[:limit], "has_more": len(things) > limit, "url": request.path})


def _found(kind: str, thing_id: str, name: str) -> Response:
    thing = desk().store.get(thing_id)
    if thing is None or thing["object"] != name:
        raise missing(kind, thing_id)
    return answer(thing)


@blueprint.post("/checkout/sessions")
def create_session() -> Response:
    """Open a hosted page."""
    return _once(desk().open_session)


@blueprint.get("/checkout/sessions")
def list_sessions() -> Response:
    """Sessions, newest first."""
    return _page("session")


@blueprint.get("/checkout/sessions/<session_id>")
def get_session(session_id: str) -> Response:
    """One session."""
    return answer(desk().session(session_id))


@blueprint.post("/checkout/sessions/<session_id>/expire")
def expire_session(session_id: str) -> Response:
    """Close a hosted page."""
    return _once(lambda _: desk().expire_session(session_id))


@blueprint.get("/payment_intents/<intent_id>")
def get_intent(intent_id: str) -> Response:
    """One payment intent."""
    return _found("payment_intent", intent_id, "payment_intent")


@blueprint.get("/payment_intents")
def list_intents() -> Response:
    """Intents, newest first."""
    return _page("intent")


@blueprint.get("/charges/<charge_id>")
def get_charge(charge_id: str) -> Response:
    """One charge."""
    return _found("charge", charge_id, "charge")


@blueprint.post("/refunds")
def create_refund() -> Response:
    """Send money back."""
    return _once(desk().refund)


@blueprint.get("/refunds")
def list_refunds() -> Response:
    """Refunds, newest first."""
    intent = request.args.get("payment_intent")
    return _page("refund", lambda refund: not intent or refund["payment_intent"] == intent)


@blueprint.get("/refunds/<refund_id>")
def get_refund(refund_id: str) -> Response:
    """One refund."""
    return _found("refund", refund_id, "refund")


@blueprint.get("/disputes/<dispute_id>")
def get_dispute(dispute_id: str) -> Response:
    """One dispute."""
    return _found("dispute", dispute_id, "dispute")


@blueprint.get("/events")
def list_events() -> Response:
    """Events, newest first."""
    kind = request.args.get("type")
    return _page("event", lambda event: not kind or event["type"] == kind)


@blueprint.get("/events/<event_id>")
def get_event(event_id: str) -> Response:
    """One event."""
    return _found("event", event_id, "event")


levers = Blueprint("levers", __name__, url_prefix="/_sandbox")


@levers.errorhandler(ApiError)
def lever_refused(error: ApiError) -> Response:
    """An error in Stripe's form."""
    return answer(error.body, error.status)


@levers.post("/levers")
def pull_levers() -> Response:
    """Make the weather bad or good; answers how the levers stand."""
    try:
        return answer(desk().levers.pull(dict(request.get_json(force=True))))
    except (KeyError, ValueError, TypeError) as error:
        raise invalid(f"no such lever: {error}") from None


@levers.post("/pay/<session_id>")
def pay(session_id: str) -> Response:
    """Pay without a browser, for tests: ``method``, or ``later`` seconds with ``result``."""
    body = request.get_json(force=True, silent=True) or {}
    if "later" in body:
        return answer(desk().pay_later(session_id, float(body["later"]), body.get("result", "succeed")))
    return answer(desk().pay(session_id, body.get("method", "card")))


@levers.post("/dispute/<intent_id>")
def dispute(intent_id: str) -> Response:
    """Open a dispute or let the bank decide."""
    return answer(desk().dispute(intent_id, (request.get_json(force=True, silent=True) or {}).get("action", "open")))


@levers.post("/events/<event_id>/resend")
def resend(event_id: str) -> Response:
    """Deliver an event again."""
    desk().store.rows("INSERT INTO deliveries VALUES (?, ?, 0)", event_id, time.time())
    return answer({"id": event_id})
