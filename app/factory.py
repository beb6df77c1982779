"""Builds the Flask application: settings, database, blueprints, errors, templates."""

from importlib import import_module
from pathlib import Path

from flask import Flask
from jinja2 import StrictUndefined

from app import naming, workflows
from app.console import board_views
from app.jobs import tools_for
from app.terms import hand_down
from app.web import access_log, addresses, compressing, errors, language, security, template_words
from app.web.watched_counter import WatchedCounter
from config import Settings
from kernel.db import Database
from kernel.tally import Tally
from shop.streams.snapshots import SnapshotDoor, SnapshotShelf

ROOT = Path(__file__).resolve().parent.parent

BLUEPRINTS = (
    "shop.streams.views",
    "shop.orders.views",
    "shop.storefront.views",
    "fulfillment.bench.views",
    "fulfillment.bench.passbook_views",
    "fulfillment.bench.choice_views",
    "fulfillment.bench.queue_views",
    "fulfillment.bench.slip_views",
    "fulfillment.bench.label_views",
    "fulfillment.bench.lead_views",
    "fulfillment.bench.crew_views",
    "fulfillment.bench.weigher_views",
    "fulfillment.bench.weigh_queue_views",
    "fulfillment.bench.grower_views",
    "app.console.views",
    "app.console.streams_views",
    "app.console.control_views",
    "app.console.flash_views",
    "app.console.reports.stream_views",
    "app.console.reports.audience_views",
    "app.console.board_views",
    "app.console.wall.views",
    "app.console.imports_views",
    "app.sharing.views",
    "app.web.sign_in",
    "app.web.begin_views",
    "app.web.webhooks",
    "app.web.health",
    "app.web.openapi",
)


def create_app(settings: Settings, database: Database) -> Flask:
    """The application on ``database``; it opens no connection until the first request needs one."""
    app = Flask("gongfang", root_path=str(ROOT), template_folder="templates", static_folder="static")
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.secret_key = settings.secret_key
    tally = Tally()
    app.extensions.update(
        settings=settings,
        database=database,
        flows=workflows,
        counter=WatchedCounter(database, tally, most_waiting=max(2, settings.web_threads * 2 // 3)),
        tally=tally,
        snapshots=SnapshotShelf(),
        till=tools_for(settings),
    )
    hand_down(settings)
    access_log.install(app, settings, tally)
    # Done after what comes below has set its headers: the last is asked first.
    compressing.install(app)
    addresses.install(app)
    board_views.install(app, settings, database)
    for module in BLUEPRINTS:
        app.register_blueprint(import_module(module).blueprint)
    # What crowds poll is answered before Flask, as long as it is fresh.
    app.wsgi_app = SnapshotDoor(app.wsgi_app, app.extensions["snapshots"])  # type: ignore[method-assign]
    language.install(app)
    template_words.install(app, settings)
    naming.install(app, settings, database)
    errors.install(app)
    security.install(app, settings)
    return app
