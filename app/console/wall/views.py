"""The wall: whoever has its link sees the board of the stream that is live, and of the next one when that is over."""

from functools import partial

from flask import Blueprint, Flask, Response, current_app, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.console.board_views import RELOAD, Watch, board_page, held_open, parts_once, stream_to_show
from app.console.wall import service
from app.console.wall.service import LINK
from kernel.db import Database
from kernel.errors import NotFound
from kernel.http import setting, transaction
from kernel.links import is_link_key, link_key

blueprint = Blueprint("wall", __name__, url_prefix="/wall")

_VISIT, _COOKIE = "wall-visit", "wall"
_A_SEASON_S = 400 * 24 * 3600
_LONGEST = 100
# A wall without a stream looks again after a minute.
_LOOK_AGAIN_S = "60"


def _nobody() -> NotFound:
    return NotFound(
        "打不开。请主播或老板在看板页再给一个链接。",
        "This does not open: ask the streamer or the owner for a new link.",
    )


@blueprint.get("/in/<int:link_id>")
def enter(link_id: int) -> AnyResponse:
    """Exchange the key for a cookie, so that it stands in no address afterwards."""
    offered = request.args.get("key", "")
    if len(offered) > _LONGEST or not is_link_key(setting("secret_key"), LINK, str(link_id), offered):
        raise _nobody()
    response = redirect(url_for("wall.show"), code=303)
    value = f"{link_id}.{link_key(setting('secret_key'), _VISIT, str(link_id))}"
    response.set_cookie(
        _COOKIE, value, max_age=_A_SEASON_S, path="/wall", httponly=True, samesite="Lax", secure=setting("is_https")
    )
    return response


def _visitor(session: Session) -> int:
    """The link that this screen came through.

    Raises:
        NotFound: none, a wrong one, or one that was taken back; all look the same.
    """
    number, _, key = request.cookies.get(_COOKIE, "")[:_LONGEST].partition(".")
    is_number = number.isascii() and number.isdigit() and len(number) < 18
    if is_number and is_link_key(setting("secret_key"), _VISIT, number, key) and service.is_open(session, int(number)):
        return int(number)
    raise _nobody()


def _stream() -> tuple[int, int | None]:
    """The link, and the stream that is to be shown now."""
    with transaction() as session:
        return _visitor(session), stream_to_show(session)


@blueprint.get("")
def show() -> AnyResponse:
    """The board, large, without anything to press."""
    _, stream_id = _stream()
    if stream_id is None:
        return Response(render_template("console/board/dark.html"), headers={"Refresh": _LOOK_AGAIN_S})
    watch = Watch(url_for("wall.events", stream=stream_id), url_for("wall.parts", stream=stream_id))
    return Response(board_page(stream_id, watch, is_wall=True))


@blueprint.get("/parts")
def parts() -> AnyResponse:
    """The board's pieces once, for a screen that found no seat; 403 when another stream is to be shown by now."""
    _, stream_id = _stream()
    return parts_once(stream_id) if stream_id is not None and stream_id == _asked() else Response(status=403)


@blueprint.get("/events")
def events() -> Response:
    """The board's pieces as they change, until another stream is to be shown or the link is taken back."""
    link_id, stream_id = _stream()
    if stream_id is None or stream_id != _asked():
        return Response(RELOAD, mimetype="text/event-stream", headers={"Cache-Control": "no-store"})
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    return held_open(stream_id, ("wall", link_id), partial(_may_watch, app, link_id, stream_id))


def _asked() -> int | None:
    raw = request.args.get("stream", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None


def _may_watch(app: Flask, link_id: int, stream_id: int) -> bool:
    on: Database = app.extensions["database"]
    with on.transaction() as session:
        return service.is_open(session, link_id) and stream_to_show(session) == stream_id
