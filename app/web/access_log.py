"""A line for each request: which rule, how it went, how long it took. Never the query or a form: links hold keys."""

import logging
import re
from time import monotonic
from uuid import uuid4

from flask import Flask, Response, g, request

from app.logs import request_facts
from config import Settings
from kernel.http import database
from kernel.tally import Tally

log = logging.getLogger("gongfang.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)
_ORDER_NUMBER = re.compile(r"[A-Z0-9-]{6,24}", re.ASCII)
_SLOW_S = 1.0
# Asked all the time; they are written down only when something is odd about them.
_QUIET = {"static", "streams_api.snapshot", "health.healthz", "health.readyz", "health.metrics"}


def install(app: Flask, settings: Settings, tally: Tally) -> None:
    """Give each request an id, count it, and write it down."""

    @app.before_request
    def begin() -> None:
        g.started = monotonic()
        offered = request.headers.get("X-Request-Id", "") if settings.trusted_proxies else ""
        facts = {"request": offered if _REQUEST_ID.fullmatch(offered) else uuid4().hex}
        number = (request.view_args or {}).get("number", "")
        if isinstance(number, str) and _ORDER_NUMBER.fullmatch(number):
            facts["order"] = number
        request_facts.set(facts)

    @app.after_request
    def end(response: Response) -> Response:
        took_s = monotonic() - g.get("started", monotonic())
        response.headers["X-Request-Id"] = request_facts.get().get("request", "")
        if request.blueprint != "health":
            # A watcher that hears "not ready" is no customer who was let down.
            tally.add(f"http:{response.status_code // 100}xx")
            tally.write_if_due(database())
        if request.endpoint not in _QUIET or response.status_code >= 500 or took_s > _SLOW_S:
            # The rule, not the path: what a stranger typed into an address may be anything.
            rule = request.url_rule.rule if request.url_rule else None
            person = g.get("person")
            facts = {
                "method": request.method if request.method.isalpha() and len(request.method) < 10 else "?",
                "rule": rule,
                "status": response.status_code,
                "ms": round(took_s * 1000, 1),
                **({"person": person.id} if person else {}),
            }
            log.info("request", extra={"facts": facts})
        return response
