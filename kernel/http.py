"""What every view needs from the edge: the transaction, the time, who is signed in, the language."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import wraps
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from flask import current_app, g, request
from sqlalchemy.orm import Session

from kernel import clock
from kernel.audit import Actor
from kernel.db import Database
from kernel.errors import Forbidden, NotSignedIn
from kernel.parse import FieldError, parse_count
from kernel.people.signed_in import SignedIn, signed_in

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def database() -> Database:
    """The database of the current application."""
    found: Database = current_app.extensions["database"]
    return found


def transaction() -> AbstractContextManager[Session]:
    """One transaction on the current application's database."""
    return database().transaction()


def utc_now() -> datetime:
    """The time of this request: asked once, so that everything in it agrees."""
    if "now" not in g:
        g.now = current_app.extensions.get("clock", clock.utc_now)()
    now: datetime = g.now
    return now


def page_before(name: str = "before") -> int | None:
    """The last id of the page before this one, as the address says (``?before=``); what is no id begins at the top."""
    try:
        return parse_count(request.args.get(name), 1, 2**62)
    except FieldError:
        return None


def flows() -> ModuleType:
    """The workflows of the roof, handed in by the factory so that no room below imports upward."""
    module: ModuleType = current_app.extensions["flows"]
    return module


def setting(name: str) -> Any:
    """A setting of the current application, by its name in config.py."""
    return getattr(current_app.extensions["settings"], name)


def sign_in_cookie() -> str:
    """The cookie's name; the ``__Host-`` prefix is only accepted over HTTPS."""
    return "__Host-gongfang" if setting("is_https") else "gongfang"


def current_person() -> SignedIn | None:
    """Who is signed in at this device, or ``None``."""
    if "person" not in g:
        g.person = _find_person()
    person: SignedIn | None = g.person
    return person


def _find_person() -> SignedIn | None:
    token = request.cookies.get(sign_in_cookie())
    if not token or len(token) > 100:
        return None
    with transaction() as session:
        return signed_in(session, token, utc_now())


def actor() -> Actor:
    """The signed-in person as the author of a change."""
    person = current_person()
    if person is None:
        raise NotSignedIn("请先登录。", "Please sign in first.")
    return Actor(person.id, person.name)


def requires(*roles: str) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Let a view run only for people in one of ``roles``; the access matrix test reads ``view.roles``."""

    def wrap(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(view)
        def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            person = current_person()
            if person is None:
                raise NotSignedIn("请先登录。", "Please sign in first.")
            if not person.roles & set(roles):
                raise Forbidden(
                    "这个页面不在您的分工里，需要的话请找负责人。",
                    "This page is not part of your role. Ask the owner if you need it.",
                )
            return view(*args, **kwargs)

        guarded.roles = roles  # type: ignore[attr-defined]
        return guarded

    return wrap
