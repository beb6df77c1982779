"""Which language this request speaks: the link's ``?lang=``, the cookie, the person, the browser; else Chinese."""

from flask import Flask, Response, g, request

from kernel.http import current_person, setting
from kernel.text import LOCALES, Locale, current_locale

COOKIE = "lang"
_YEAR_S = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Choose the language before each request and remember a choice made by link."""

    @app.before_request
    def choose() -> None:
        current_locale.set(_choose())

    @app.after_request
    def remember(response: Response) -> Response:
        chosen = g.get("chosen_locale")
        if chosen:
            response.set_cookie(
                COOKIE, chosen, max_age=_YEAR_S, samesite="Lax", secure=setting("is_https"), httponly=True
            )
        if response.mimetype == "text/html":
            response.headers["Content-Language"] = current_locale.get()
        return response


def _choose() -> Locale:
    for locale in LOCALES:
        if request.args.get("lang") == locale:
            g.chosen_locale = locale
            return locale
    for locale in LOCALES:
        if request.cookies.get(COOKIE) == locale:
            return locale
    if request.path.startswith(("/bench", "/console")):
        person = current_person()
        return "en" if person and person.language == "en" else "zh"
    return "en" if request.accept_languages.best_match(["zh", "en"], "zh") == "en" else "zh"
