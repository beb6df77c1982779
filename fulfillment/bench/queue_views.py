"""The road from a device's queue to the server, and what lets the bench open without a network.

The queue proves whose it is by a pass in its header, never by a cookie: on a shared tablet the cookie is the next
person's. No other site can set that header, so there is no form token to check.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, current_app, g, render_template, request
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from fulfillment.bench import packer_queries, queue_service
from fulfillment.bench.queue_forms import LONGEST_BODY, Action, read_actions
from fulfillment.bench.queue_models import REFUSED, BenchAction
from fulfillment.bench.queue_rules import Pass, read_pass, sign_pass
from fulfillment.packing import queries as packing
from kernel import clock, limits
from kernel.audit import Actor
from kernel.errors import Problem
from kernel.http import actor, setting, sign_in_cookie, transaction, utc_now
from kernel.people.service import token_hash

log = logging.getLogger("gongfang")

blueprint = Blueprint("bench_queue", __name__, url_prefix="/bench")

_MOST_REQUESTS: Final = 600
_WINDOW: Final = timedelta(minutes=10)
_BUSY: Final = (OperationalError, PoolTimeoutError)
_LATER: Final = "later"
_BEARER: Final = "Bearer "
# What the page without a network is made of. A page with work keeps its own files beside it.
_SHELL: Final = (
    "css/tokens.css",
    "css/base.css",
    "css/parts.css",
    "css/bench.css",
    "img/favicon.svg",
    "img/icons.svg",
    "img/logo.svg",
    "img/scenes/offline.svg",
)


def new_pass() -> str:
    """A pass for the signed-in person on this device, for the page to keep beside its queue."""
    person_id = actor().person_id
    assert person_id is not None
    device = token_hash(request.cookies.get(sign_in_cookie(), ""))[:16]
    return sign_pass(_secret(), Pass(person_id, device, utc_now()))


@blueprint.app_context_processor
def for_pages() -> dict[str, object]:
    """What a packer's page gives to the queue on its device."""
    return {"queue_pass": new_pass, "queue_now": lambda: int(utc_now().timestamp() * 1000)}


@blueprint.after_app_request
def say_whose(response: Response) -> Response:
    """Pages of the bench say whose they are, so that a device keeps no page of somebody who has left it."""
    person = g.get("person")
    if person is not None and response.mimetype == "text/html" and request.path.startswith(blueprint.url_prefix or "/"):
        response.headers["Bench-Person"] = str(person.id)
    return response


def _secret() -> str:
    return str(current_app.secret_key)


@blueprint.post("/queue")
def receive() -> Response:
    """What was done on a device, in its order; each action is carried out once, and each gets its answer."""
    leave, by = _admitted()
    request.max_content_length = LONGEST_BODY
    actions, odd = read_actions(request.get_json(silent=True))
    answers = [_odd(key) for key in odd]
    answers += _carry_out(actions, leave, by)
    return _json({"results": answers, **_afterwards(leave.person_id)})


def _admitted() -> tuple[Pass, Actor]:
    """Whose queue this is; counted, so that a broken device cannot keep the server busy."""
    header = request.headers.get("Authorization", "")
    leave = read_pass(_secret(), header.removeprefix(_BEARER), utc_now()) if header.startswith(_BEARER) else None
    with transaction() as session:
        by = queue_service.admit(session, leave)
    assert leave is not None
    with transaction() as session:
        bucket = f"bench-queue:{leave.person_id}"
        limits.take(session, bucket, most=_MOST_REQUESTS, window=_WINDOW, now=utc_now())
    return leave, by


def _carry_out(actions: list[Action], leave: Pass, by: Actor) -> Iterable[dict[str, Any]]:
    """Each action in its own transaction. Where the database is busy the rest is left for later, in its order."""
    for place, action in enumerate(actions):
        try:
            with transaction() as session:
                line = queue_service.receive(session, action, leave, by, now=utc_now())
            yield _answer(line)
        except Problem as problem:
            yield {**_odd(action.key), "code": problem.code, "say": _both(problem)}
        except IntegrityError:
            # The database kept an invariant that the code should have kept; the rest of the queue must not wait for it.
            log.exception("an action was refused by a constraint")
            yield _odd(action.key)
        except (queue_service.Later, *_BUSY):
            yield from ({"key": waiting.key, "state": _LATER} for waiting in actions[place:])
            return


def _answer(line: BenchAction) -> dict[str, Any]:
    return {
        "key": line.key,
        "state": line.state,
        "code": line.code,
        "task": line.task_id,
        "say": {"zh": line.say_zh, "en": line.say_en},
    }


def _odd(key: str) -> dict[str, Any]:
    say = {
        "zh": "这一条看不懂，没有记上。请找组长。",
        "en": "This one cannot be read and does not count. Ask the lead.",
    }
    return {"key": key, "state": REFUSED, "code": "unreadable", "task": None, "say": say}


def _both(problem: Problem) -> dict[str, str]:
    return {"zh": problem.text.zh, "en": problem.text.en}


def _afterwards(person_id: int) -> dict[str, Any]:
    """How the person stands once all this has happened, so that the device shows what is true."""
    now = _this_moment()
    with transaction() as session:
        today = packer_queries.earned_today(session, person_id, now, setting("workshop_zone"))
        return {
            "today": {"pieces": today.pieces, "fen": today.fen},
            "in_hand": [task.id for task in packing.tasks_in_hand(session, person_id)],
            "put_back": [task.id for task in packing.to_put_back(session, person_id)],
            "now": int(now.timestamp() * 1000),
        }


def _this_moment() -> datetime:
    """Later than the request began: what this answer speaks of happened in between."""
    moment: datetime = current_app.extensions.get("clock", clock.utc_now)()
    return moment


def _json(body: dict[str, Any]) -> Response:
    return Response(dumps(body, ensure_ascii=False), mimetype="application/json")


@blueprint.get("/sw.js")
def worker() -> Response:
    """The service worker of the bench; it changes, and browsers fetch it anew, whenever a file of its shell does."""
    asset: Callable[[str], str] = current_app.jinja_env.globals["asset"]  # type: ignore[assignment]
    files = ["/bench/offline", *(asset(path) for path in _SHELL)]
    return service_worker("bench", files, scope="/bench")


def service_worker(name: str, files: list[str], *, scope: str) -> Response:
    """A service worker: what it is called and keeps, what all of them do, and its own script, ``<name>_worker.js``."""
    scripts = Path(str(current_app.static_folder)) / "js"
    code = "\n".join((scripts / part).read_text(encoding="utf-8") for part in ("worker_parts.js", f"{name}_worker.js"))
    facts = {"NAME": name, "SHELL": files, "VERSION": _version_of_offline_page()}
    first = "".join(f"const {fact} = {dumps(value)};\n" for fact, value in facts.items())
    response = Response(first + code, mimetype="text/javascript")
    response.headers["Service-Worker-Allowed"] = scope
    return response


def _version_of_offline_page() -> str:
    """Of what it is made from: the page itself carries a form's token, which is another one each time."""
    loader = current_app.jinja_env.loader
    assert loader is not None
    sources = [
        loader.get_source(current_app.jinja_env, name)[0] for name in ("bench/offline.html", "layouts/base.html")
    ]
    return sha256("".join(sources).encode()).hexdigest()[:10]


@blueprint.get("/offline")
def offline() -> str:
    """What stands there when a page cannot be fetched: the same for everybody."""
    return render_template("bench/offline.html")
