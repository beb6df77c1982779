"""What the workshop calls itself, on every page of this process a few seconds after the owner changed it."""

from flask import Flask, request

from app.jobs import renamed
from app.terms import hand_down
from app.workshop.models import Workshop
from app.workshop.watch import WorkshopWatch, about
from config import Settings
from kernel.db import Database

# What is asked while the database may be away must not wait for it.
_NEVER_WAIT = frozenset({"health", None})


def install(app: Flask, settings: Settings, database: Database) -> None:
    """Look for another name before requests, and let everything that says it know."""

    def changed(settings: Settings, workshop: Workshop | None) -> None:
        app.extensions.update(settings=settings, till=renamed(app.extensions["till"], settings))
        hand_down(settings)
        app.jinja_env.globals.update(workshop=settings.workshop_name, about=about(workshop))

    watch = WorkshopWatch(database, settings, changed)
    app.extensions["workshop"] = watch
    app.jinja_env.globals["about"] = about(None)

    @app.before_request
    def look() -> None:
        if request.blueprint not in _NEVER_WAIT:
            watch.look()
