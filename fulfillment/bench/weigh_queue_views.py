"""What lets the scale work through a gap of the network: its service worker, the page it keeps, and the road back.

A device keeps a weigh-in until it is answered. Like the packers' queue it proves whose it is by a pass in its header,
never by a cookie: on a shared phone the cookie is the next person's.
"""

from datetime import timedelta
from json import dumps
from typing import Any, Final

from flask import Blueprint, Response, current_app, render_template, request
from sqlalchemy.orm import Session

from fulfillment.bench import queue_service
from fulfillment.bench.people_at_the_scale import people_at_the_scale
from fulfillment.bench.queue_rules import LONGEST_AGE, Pass, read_pass, reckon
from fulfillment.bench.queue_views import service_worker
from fulfillment.bench.weigh_kept import contracts_to_keep
from fulfillment.bench.weigher_words import bounded, cause_options, words
from fulfillment.bench.writing_weigh_ins import as_typed, hand_in, keep_photo
from fulfillment.purchasing.weighing.forms import read_weigh_in
from fulfillment.purchasing.weighing.rules import KG, MOST_PHOTOS
from kernel import limits
from kernel.audit import Actor
from kernel.clock import local_day
from kernel.errors import Forbidden, NotFound, Problem
from kernel.forms import Form
from kernel.http import requires, setting, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import OWNER, WEIGHER

blueprint = Blueprint("weigh_queue", __name__, url_prefix="/bench/weigh/in")
blueprint.context_processor(words)

_MOST_REQUESTS: Final = 600
_WINDOW: Final = timedelta(minutes=10)
_BEARER: Final = "Bearer "
_LONGEST_BODY: Final = 40_000
_LARGEST_ID: Final = 2**53
_SHELL: Final = ("css/tokens.css", "css/base.css", "css/parts.css", "css/bench.css", "css/weigh.css", "img/icons.svg")
# What the scripts of the kept page import: named in the page, so that the device keeps them too.
_MODULES: Final = (
    "bench_queue_clock.js",
    "bench_scan_keys.js",
    "bench_scan_sounds.js",
    "bench_scan_text.js",
    "device_send.js",
    "device_store.js",
    "weigh_bags.js",
    "weigh_keep.js",
    "weigh_keys.js",
    "weigh_photos.js",
    "weigh_queue.js",
    "weigh_scale.js",
    "weigh_scale_text.js",
    "weigh_send.js",
    "weigh_store.js",
)


@blueprint.get("/kept")
@requires(WEIGHER, OWNER)
def kept() -> str:
    """The page for when there is no network: who may come, their contracts, and the same fields."""
    with transaction() as session:
        people = people_at_the_scale(session)
        return render_template(
            "weigh/kept.html",
            people=people,
            contracts=contracts_to_keep(session, people),
            form=Form({"unit": KG}),
            causes=cause_options(),
            modules=_MODULES,
        )


@blueprint.get("/sw.js")
def worker() -> Response:
    """The service worker of the scale; browsers fetch it anew whenever a file of its shell changes."""
    asset = current_app.jinja_env.globals["asset"]
    files = ["/bench/offline", *(asset(path) for path in _SHELL)]  # type: ignore[operator]
    return service_worker("weigh", files, scope="/bench/weigh/in")


@blueprint.post("/queue")
def receive() -> Response:
    """One weigh-in from a device: written, waiting for a second person, or refused; the same key, the same answer."""
    by = _admitted()
    request.max_content_length = _LONGEST_BODY
    try:
        return _json(_carry_out(request.get_json(silent=True), by))
    except Problem as problem:
        return _json(_refused(problem))


@blueprint.post("/queue/photos/<kind>/<int:place>")
def receive_photo(kind: str, place: int) -> Response:
    """One photo of a weigh-in, before the weigh-in itself; the same place again is the same photo."""
    by = _admitted()
    if kind not in MOST_PHOTOS:
        raise NotFound
    try:
        key = _key(request.args.get("key"))
        keep_photo(request.get_data(cache=False), key=key, kind=kind, place=place, by=by)
    except Problem as problem:
        return _json(_refused(problem))
    return _json({"state": "kept"})


def _admitted() -> Actor:
    """Whose device this is; counted, so that a broken one cannot keep the server busy."""
    header = request.headers.get("Authorization", "")
    secret = str(current_app.secret_key)
    leave = read_pass(secret, header.removeprefix(_BEARER), utc_now()) if header.startswith(_BEARER) else None
    with transaction() as session:
        by = _weigher(session, leave)
    assert leave is not None
    with transaction() as session:
        bucket = f"weigh-queue:{leave.person_id}"
        limits.take(session, bucket, most=_MOST_REQUESTS, window=_WINDOW, now=utc_now())
    return by


def _weigher(session: Session, leave: Pass | None) -> Actor:
    person = queue_service.person_of(session, leave)
    if not person.roles & {WEIGHER, OWNER}:
        raise Forbidden(
            "您现在不管过磅，等着的还留在这台上。请找负责人。",
            "You do not weigh now. What waits stays on this device; please ask the owner.",
            code="not_a_weigher",
        )
    return Actor(person.id, person.name)


def _carry_out(body: object, by: Actor) -> dict[str, Any]:
    """Read one weigh-in and hand it in; the day is that on which it was weighed, unless another one was typed."""
    sent = body if isinstance(body, dict) else {}
    key, contract_id = _key(sent.get("key")), _count(sent.get("contract"), _LARGEST_ID)
    age_ms = _count(sent.get("age_ms"), int(LONGEST_AGE / timedelta(milliseconds=1)))
    now = utc_now()
    today = local_day(now, setting("workshop_zone"))
    weighed_on = local_day(reckon(now, age_ms), setting("workshop_zone"))
    fields = sent.get("fields")
    form = Form(as_typed(fields) if isinstance(fields, dict) else {})
    seen = sent.get("seen")
    typed = read_weigh_in(form, bounded(contract_id), weighed_on)
    outcome = hand_in(typed, key=key, seen=seen if isinstance(seen, str) and seen else None, today=today, by=by)
    return {"state": outcome.state, "where": outcome.where}


def _key(raw: object) -> str:
    if isinstance(raw, str) and 16 <= len(raw) <= 80 and raw.isascii() and raw.isprintable():
        return raw
    raise NotFound("这一条看不懂，没有记上。", "This one cannot be read and is not written.")


def _count(raw: object, most: int) -> int:
    try:
        return parse_count(str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else None, 0, most)
    except FieldError:
        raise NotFound("这一条看不懂，没有记上。", "This one cannot be read and is not written.") from None


def _refused(problem: Problem) -> dict[str, Any]:
    words = {name: {"zh": text.zh, "en": text.en} for name, text in problem.fields.items()}
    say = {"zh": problem.text.zh, "en": problem.text.en}
    return {"state": "refused", "code": problem.code, "say": say, "fields": words}


def _json(body: dict[str, Any]) -> Response:
    return Response(dumps(body, ensure_ascii=False), mimetype="application/json")
