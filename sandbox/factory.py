"""Builds the sandbox application."""

from pathlib import Path

from flask import Flask

from sandbox import api, pages, xinfadi
from sandbox.events import Levers, Postman
from sandbox.store import Store
from sandbox.stripe_desk import Desk

ROOT = Path(__file__).resolve().parent.parent


def create_sandbox(*, state: Path, base_url: str, webhook_url: str, webhook_secret: str, api_key: str) -> Flask:
    """A sandbox with its state in ``state``; call ``app.extensions["postman"].start()`` to deliver events."""
    app = Flask("sandbox", root_path=str(ROOT), template_folder="templates", static_folder="static")
    store, levers = Store(state), Levers()
    postman = Postman(store, levers, webhook_url, webhook_secret)
    app.extensions.update(desk=Desk(store, postman, levers, base_url), postman=postman, api_key=api_key)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(api.levers)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(xinfadi.blueprint, url_prefix="/xinfadi")
    return app
