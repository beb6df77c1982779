"""Problems as kind pages for people and as problem+json for programs; never a bare 500."""

import logging
from json import dumps

from flask import Flask, Response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from kernel.errors import BadRequest, NotFound, NotSignedIn, Problem, TooMany, Unavailable

log = logging.getLogger("gongfang")

_RETRY_AFTER_S = 5


def wants_json() -> bool:
    """Programs ask under /api and /webhooks, or say so."""
    return request.path.startswith(("/api/", "/webhooks/")) or (
        request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def respond(problem: Problem) -> BaseResponse:
    """The problem in the form that the client understands."""
    if wants_json():
        response: BaseResponse = Response(_json(problem), status=problem.status, mimetype="application/problem+json")
    elif isinstance(problem, NotSignedIn) and request.method == "GET":
        page = "sign_in.badge_page" if request.path.startswith("/bench") else "sign_in.password_page"
        return redirect(url_for(page, next=request.full_path.rstrip("?")))
    else:
        response = Response(render_template("errors/problem.html", problem=problem), status=problem.status)
    if problem.status in (429, 503):
        response.headers["Retry-After"] = str(problem.extra.get("retry_after_s", _RETRY_AFTER_S))
    return response


def _json(problem: Problem) -> str:
    return dumps(problem.as_json(), ensure_ascii=False)


def install(app: Flask) -> None:
    """Answer every error in words that say what to do next."""

    @app.errorhandler(Problem)
    def named(problem: Problem) -> BaseResponse:
        return respond(problem)

    @app.errorhandler(CSRFError)
    def stale_form(_: CSRFError) -> BaseResponse:
        return respond(
            BadRequest(
                "页面放得太久了，请刷新后再提交一次。",
                "This page has been open too long. Reload it and send again.",
                code="stale_form",
            )
        )

    @app.errorhandler(HTTPException)
    def from_werkzeug(error: HTTPException) -> BaseResponse:
        if error.code is None or error.code < 400:
            return error.get_response()
        problem = NotFound("没有找到这个页面。", "There is no such page.") if error.code == 404 else _plain(error)
        problem.status = error.code
        return respond(problem)

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeoutError)
    def database_busy(error: Exception) -> BaseResponse:
        log.warning("database busy or away: %s", type(error).__name__)
        return respond(Unavailable("现在有点忙，请过几秒再试。", "Busy right now. Try again in a few seconds."))

    @app.errorhandler(DBAPIError)
    def refused_by_database(error: DBAPIError) -> BaseResponse:
        # hide_parameters keeps people's data out of this message.
        log.error("refused by the database: %s", type(error.orig).__name__, exc_info=error)
        return _broken()

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> BaseResponse:
        if app.testing:
            raise error
        log.error("unexpected %s", type(error).__name__, exc_info=error)
        return _broken()


def _plain(error: HTTPException) -> Problem:
    if error.code == 413:
        return BadRequest("内容太大了。", "That is too large.", code="too_large")
    if error.code == 405:
        return BadRequest("这个地址不能这样用。", "This address does not take that method.", code="method_not_allowed")
    if error.code == 429:
        return TooMany("试得太快了，请等一等。", "Too fast. Please wait.")
    return BadRequest("这个请求看不懂，请返回重试。", "This request cannot be read. Go back and try again.")


def _broken() -> BaseResponse:
    problem = Problem(
        "我们这边出了问题，已经记下来了。请稍后再试。",
        "Something broke on our side and was noted. Please try again later.",
        code="internal",
    )
    problem.status = 500
    return respond(problem)
