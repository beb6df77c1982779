"""Builds the sandbox application."""

from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from sandbox import api, couriers, kdniao, kuaidi100, pages, xinfadi
from sandbox.couriers import DEMO_KEYS, CourierLevers, Depot
from sandbox.events import Levers, Postman
from sandbox.store import Store
from sandbox.stripe_desk import Desk

ROOT = Path(__file__).resolve().parent.parent


def create_sandbox(
    *,
    state: Path,
    base_url: str,
    webhook_url: str,
    webhook_secret: str,
    api_key: str,
    courier_keys: Mapping[str, str] = DEMO_KEYS,
) -> Flask:
    """A sandbox with its state in ``state``; call ``app.extensions["postman"].start()`` to deliver events."""
    app = Flask("sandbox", root_path=str(ROOT), template_folder="templates", static_folder="static")
    store, levers = Store(state), Levers()
    postman = Postman(store, levers, webhook_url, webhook_secret)
    app.extensions.update(desk=Desk(store, postman, levers, base_url), postman=postman, api_key=api_key)
    app.extensions.update(depot=Depot(store, CourierLevers()), courier_keys=dict(courier_keys))
    app.register_blueprint(api.blueprint)
    app.register_blueprint(api.levers)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(xinfadi.blueprint, url_prefix="/xinfadi")
    app.register_blueprint(kuaidi100.blueprint)
    app.register_blueprint(kdniao.blueprint)
    app.register_blueprint(couriers.levers)
    return app
