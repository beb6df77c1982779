"""Problems as kind pages for people and as problem+json for programs; never a bare 500."""

import logging
from json import dumps

from flask import Flask, Response, current_app, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from kernel.errors import BadRequest, NotFound, NotSignedIn, Problem, Refused, TooMany, Unavailable

log = logging.getLogger("gongfang")

_RETRY_AFTER_S = 5


def wants_json() -> bool:
    """Programs ask under /api and /webhooks, as does a tablet's queue, or say so."""
    return request.path.startswith(("/api/", "/webhooks/", "/bench/queue")) or (
        request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def respond(problem: Problem) -> BaseResponse:
    """The problem in the form that the client understands."""
    if wants_json():
        response: BaseResponse = Response(_json(problem), status=problem.status, mimetype="application/problem+json")
    elif isinstance(problem, NotSignedIn) and request.method == "GET":
        page = "sign_in.badge_page" if _is_for_packers(request.path) else "sign_in.password_page"
        return redirect(url_for(page, next=request.full_path.rstrip("?")))
    else:
        response = Response(_page(problem), status=problem.status)
    if problem.status in (429, 503):
        response.headers["Retry-After"] = str(problem.extra.get("retry_after_s", _RETRY_AFTER_S))
    return response


def _is_for_packers(path: str) -> bool:
    """Packers have a badge or a PIN; the weigher and the lead sign in with a password, like the office."""
    return path.startswith("/bench") and not path.startswith(("/bench/weigh", "/bench/lead"))


def _page(problem: Problem) -> str:
    if "person" not in g and problem.status >= 500:
        # Asking who is signed in needs the database, which is what may be wrong.
        g.person = None
    try:
        return render_template("errors/problem.html", problem=problem)
    except Exception as error:
        log.exception("no error page", exc_info=error)
        return f"<!doctype html><meta charset=utf-8><title>{problem.status}</title><p>{problem.text}"


def _json(problem: Problem) -> str:
    return dumps(problem.as_json(), ensure_ascii=False)


def install(app: Flask) -> None:
    """Answer every error in words that say what to do next."""
    app.register_error_handler(Problem, respond)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _from_werkzeug)
    for busy in (OperationalError, PoolTimeoutError):
        app.register_error_handler(busy, _database_busy)
    for odd in (DataError, UnicodeError, RecursionError):
        app.register_error_handler(odd, _not_a_value)
    app.register_error_handler(IntegrityError, _against_a_rule)
    app.register_error_handler(Exception, _unexpected)


def _stale_form(_: CSRFError) -> BaseResponse:
    return respond(
        BadRequest(
            "页面放得太久了，请刷新后再提交一次。",
            "This page has been open too long. Reload it and send again.",
            code="stale_form",
        )
    )


def _from_werkzeug(error: HTTPException) -> BaseResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    problem = NotFound("没有找到这个页面。", "There is no such page.") if error.code == 404 else _plain(error)
    problem.status = error.code
    response = respond(problem)
    # A 405 says what is allowed, a 416 how long the file is.
    for name, value in error.get_headers():
        if name in ("Allow", "Content-Range"):
            response.headers[name] = value
    return response


def _database_busy(error: Exception) -> BaseResponse:
    log.warning("database busy or away", exc_info=error)
    return respond(Unavailable("现在有点忙，请过几秒再试。", "Busy right now. Try again in a few seconds."))


def _not_a_value(error: Exception) -> BaseResponse:
    # A NUL, half a surrogate pair, a number beyond 64 bits, a thousand brackets: nothing a person types.
    log.warning("not a value", exc_info=error)
    return respond(_unreadable())


def _against_a_rule(error: IntegrityError) -> BaseResponse:
    # The database has kept an invariant that the code should have kept before it: nothing was written.
    log.error("refused by a constraint", exc_info=error)
    return respond(
        Refused(
            "刚才有人也在改，这一步没有写进去。请刷新后再试。",
            "Somebody else changed this meanwhile; nothing was written. Reload and try again.",
        )
    )


def _unexpected(error: Exception) -> BaseResponse:
    if current_app.testing:
        raise error
    log.error("unexpected", exc_info=error)
    problem = Problem(
        "我们这边出了问题，已经记下来了。请稍后再试。",
        "Something broke on our side and was noted. Please try again later.",
        code="internal",
    )
    problem.status = 500
    return respond(problem)


def _plain(error: HTTPException) -> Problem:
    if error.code == 413:
        return BadRequest("内容太大了。", "That is too large.", code="too_large")
    if error.code == 405:
        return BadRequest("这个地址不能这样用。", "This address does not take that method.", code="method_not_allowed")
    if error.code == 429:
        return TooMany("试得太快了，请等一等。", "Too fast. Please wait.")
    return _unreadable()


def _unreadable() -> BadRequest:
    return BadRequest("这个请求看不懂，请返回重试。", "This request cannot be read. Go back and try again.")
