"""The words every template may use: languages, money, weights, times, addresses of files."""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask, url_for
from flask_wtf.csrf import CSRFProtect

from config import Settings
from fulfillment.bench.reason_words import given_because, given_reason
from kernel import clock
from kernel.http import current_person, utc_now
from kernel.money import spoken_yuan, yuan
from kernel.text import current_locale, t

csrf = CSRFProtect()


def kilograms(grams: int) -> str:
    """``94250`` as ``"94.25"``: kilograms without needless zeros."""
    return f"{grams / 1000:,.3f}".rstrip("0").rstrip(".")


def install(app: Flask, settings: Settings) -> None:
    """Add the words and the protection of forms."""
    zone: ZoneInfo = settings.workshop_zone
    static = Path(app.static_folder or "static")

    @lru_cache(maxsize=256)
    def version(path: str) -> str:
        file = static / path
        return sha256(file.read_bytes()).hexdigest()[:10] if file.is_file() else "0"

    def asset(path: str) -> str:
        return url_for("static", filename=path, v=version(path))

    def local_time(moment: datetime) -> str:
        there = moment.astimezone(zone)
        is_today = there.date() == clock.local_day(utc_now(), zone)
        return f"{there:%H:%M}" if is_today else f"{there:%Y-%m-%d %H:%M}"

    app.config["WTF_CSRF_TIME_LIMIT"] = None  # A bench tablet shows the same form all day.
    csrf.init_app(app)
    for name in ("streams_api", "orders_api", "webhooks", "bench_queue", "weigh_queue"):
        if name in app.blueprints:
            csrf.exempt(app.blueprints[name])
    app.jinja_env.globals.update(
        t=t,
        yuan=yuan,
        spoken_yuan=spoken_yuan,
        kg=kilograms,
        local_time=local_time,
        local_date=lambda moment: f"{moment.astimezone(zone):%Y-%m-%d}",
        asset=asset,
        given_because=given_because,
        given_reason=given_reason,
        workshop=settings.workshop_name,
        public_url=settings.public_url,
        is_demo=not settings.is_production,
    )

    @app.context_processor
    def per_request() -> dict[str, object]:
        return {"locale": current_locale.get(), "me": current_person(), "now": utc_now()}
