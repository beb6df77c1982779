"""The live board: figures at load, then over one held connection for each screen (Server-Sent Events)."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from json import dumps
from time import monotonic
from typing import Final

from flask import Blueprint, Flask, Response, current_app, redirect, render_template, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app.console.board_parts import render_parts, shown_on
from app.console.board_shelf import FRESH_FOR_S, BoardShelf, Parts, Shown
from app.console.seats import Seat, Seats
from config import Settings
from kernel import clock
from kernel.db import Database
from kernel.errors import Problem
from kernel.http import actor, requires, sign_in_cookie, transaction
from kernel.people.rules import OWNER, STREAMER
from kernel.people.signed_in import signed_in
from kernel.text import current_locale
from shop.streams import queries
from shop.streams.states import LIVE

blueprint = Blueprint("board", __name__, url_prefix="/console/board")

WATCHERS = (OWNER, STREAMER)

# A board takes a worker's thread for as long as it is open; buyers keep at least three quarters of them.
_SHARE_OF_THREADS = 4
_RETRY_MS = 2000
_CHECK_PERSON_AFTER_S = 15.0
_AWAY_S = 2.0
_LONGEST_SCREEN = 40


def install(app: Flask, settings: Settings, database: Database) -> None:
    """Give the application its boards: figures shared by all screens, and a few seats for held connections."""
    tell, render = partial(_now, app), partial(render_parts, app)
    app.extensions["board"] = BoardShelf(database, settings.workshop_zone, render, tell)
    app.extensions["seats"] = Seats(max(1, settings.web_threads // _SHARE_OF_THREADS))


def _now(app: Flask) -> datetime:
    """The time outside a request: a board that is held open outlives the request that opened it."""
    now: datetime = app.extensions.get("clock", clock.utc_now)()
    return now


def _shown(stream_id: int) -> Shown:
    """A stream's board in the language of this request."""
    shelf: BoardShelf = current_app.extensions["board"]
    return shelf.look(stream_id, current_locale.get())


def _look(stream_id: int) -> Callable[[], Parts]:
    """How to look at the parts that the asking page shows, also after its request is answered."""
    shelf: BoardShelf = current_app.extensions["board"]
    usual = "wall" if request.blueprint == "wall" else "board"
    locale, page = current_locale.get(), request.args.get("page", usual)
    return lambda: shown_on(page, shelf.look(stream_id, locale).parts)


def stream_to_show(session: Session) -> int | None:
    """The stream that is live, else the one that was last, or comes next where there was none."""
    coming = queries.coming_streams(session)
    live = [stream for stream in coming if stream.state == LIVE]
    shown = live or queries.ended_streams(session, most=1) or coming
    return shown[0].id if shown else None


@blueprint.get("")
@requires(*WATCHERS)
def now_live() -> BaseResponse | str:
    """The board of the stream that is to be shown now."""
    with transaction() as session:
        stream_id = stream_to_show(session)
    if stream_id is None:
        return render_template("console/board/none.html")
    return redirect(url_for("board.board", stream_id=stream_id, wall=request.args.get("wall")))


@dataclass(frozen=True)
class Watch:
    """Where a screen hears what changes, and where it asks when there is no seat."""

    events: str
    parts: str


@blueprint.get("/<int:stream_id>")
@requires(*WATCHERS)
def board(stream_id: int) -> str:
    """What was ordered and paid, minute by minute; what is left and held; what waits. ``?wall=1``: for the wall."""
    is_wall = request.args.get("wall") == "1"
    page = "wall" if is_wall else "board"
    events, parts = (url_for(f"board.{name}", stream_id=stream_id, page=page) for name in ("events", "parts"))
    return board_page(stream_id, Watch(events, parts), is_wall=is_wall)


def board_page(stream_id: int, watch: Watch, *, is_wall: bool) -> str:
    """The whole page of a stream's board."""
    shown = _shown(stream_id)
    return render_template(
        "console/board/board.html",
        figures=shown.figures,
        parts=shown.parts,
        watch=watch,
        is_wall=is_wall,
        theme=request.args.get("theme") if request.args.get("theme") in ("light", "dark") else None,
    )


@blueprint.get("/<int:stream_id>/parts")
@requires(*WATCHERS)
def parts(stream_id: int) -> BaseResponse:
    """The board's pieces once, for a screen that found no seat."""
    return parts_once(stream_id)


def parts_once(stream_id: int) -> BaseResponse:
    """The pieces of a stream's board, as JSON."""
    body = dumps(_look(stream_id)(), ensure_ascii=False).encode()
    response = Response(body, mimetype="application/json", headers={"Cache-Control": "no-cache"})
    response.set_etag(sha256(body).hexdigest()[:20])
    return response.make_conditional(request)


@blueprint.get("/<int:stream_id>/events")
@requires(*WATCHERS)
def events(stream_id: int) -> Response:
    """The board's pieces as they change, for as long as the screen is open and its person may watch."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    may_watch = partial(_may_watch, app, request.cookies.get(sign_in_cookie(), ""))
    return held_open(stream_id, actor().person_id, may_watch)


def held_open(stream_id: int, who: Hashable, may_watch: Callable[[], bool]) -> Response:
    """A held connection for one screen of somebody; it ends, and the screen loads anew, when that one may not watch."""
    look = _look(stream_id)
    first = look()
    seats: Seats = current_app.extensions["seats"]
    seat = seats.take((who, request.args.get("screen", "")[:_LONGEST_SCREEN]))
    response = Response(_follow(seat, first, look, may_watch), mimetype="text/event-stream")
    response.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.call_on_close(lambda: seats.leave(seat))
    return response


def _may_watch(app: Flask, token: str) -> bool:
    """Whether the sign-in still holds: signing out or losing the role closes the board, too."""
    on: Database = app.extensions["database"]
    with on.transaction() as session:
        person = signed_in(session, token, _now(app))
        return person is not None and bool(person.roles & set(WATCHERS))


def _follow(seat: Seat, first: Parts, look: Callable[[], Parts], may_watch: Callable[[], bool]) -> Iterator[str]:
    """Send the pieces that changed, twice a second at most; between two looks nothing is held but this thread."""
    yield f"retry: {_RETRY_MS}\n\n"
    yield _event("parts", first)
    sent, checked_at, wait_s = first, monotonic(), FRESH_FOR_S
    while not seat.ended.wait(wait_s):
        wait_s = FRESH_FOR_S
        try:
            if monotonic() - checked_at > _CHECK_PERSON_AFTER_S:
                checked_at = monotonic()
                if not may_watch():
                    seat.end("signed-out")
                    break
            shown = look()
        except (Problem, SQLAlchemyError):
            # The database is away for a moment; the board says so and goes on by itself.
            yield _event("away", "")
            sent, wait_s = {}, _AWAY_S
            continue
        changed = {name: html for name, html in shown.items() if sent.get(name) != html}
        if changed:
            yield _event("parts", changed)
            sent = shown
    yield _event("bye", seat.why)


# For a screen that shows what is no longer to be shown.
RELOAD: Final = 'event: bye\ndata: "signed-out"\n\n'


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {dumps(data, ensure_ascii=False)}\n\n"
