"""What watchers ask: alive, ready, figures."""

import hmac
from typing import Any

from flask import Blueprint, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from app.care import readiness
from app.web.figures import Figures
from config import LOOPBACK
from kernel.errors import NotFound
from kernel.http import database, setting, utc_now
from kernel.tally import Tally

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> dict[str, bool]:
    """This process answers; nothing else is looked at, so that a slow database restarts nobody."""
    return {"ok": True}


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, Any], int]:
    """Whether customers may be sent here; 503 names what is wrong."""
    found = readiness.look(database(), current_app.extensions["settings"], utc_now())
    body = {
        "ready": found.is_ready,
        "problems": found.problems,
        "warnings": found.warnings,
        "backup_age_s": found.backup_age_s,
    }
    return body, 200 if found.is_ready else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus: with the token, or without one from this machine only."""
    if not _may_see_metrics():
        raise NotFound("没有找到这个页面。", "There is no such page.")
    tally: Tally = current_app.extensions["tally"]
    tally.write(database())
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(database(), utc_now()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_see_metrics() -> bool:
    token = setting("metrics_token")
    if not token:
        return request.remote_addr in LOOPBACK
    offered = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(token.encode(), offered.encode("utf-8", "replace"))
