"""The database for a command: the one in DATABASE_URL, else the embedded one, started for as long as it is needed."""

import atexit
import fcntl
import json
from collections.abc import Callable

import click

from config import Settings, load_settings
from kernel.db import Database
from kernel.embedded_postgres import Visit


def database_url(settings: Settings) -> str:
    """Where the database is; starts the embedded one when no other is named, and stops it if nobody else uses it."""
    if settings.database_url:
        return settings.database_url
    visit = Visit(settings.var_dir)
    _at_the_end(visit.leave)
    return visit.url


def open_database(settings: Settings | None = None) -> Database:
    """A small pool for one command, closed when the command ends."""
    database = Database(database_url(settings or load_settings()), pool_size=2)
    _at_the_end(database.dispose)
    return database


def _at_the_end(close: Callable[[], None]) -> None:
    """When the command ends, the last thing opened first; outside of a command when the program ends."""
    command = click.get_current_context(silent=True)
    if command:
        command.call_on_close(close)
    else:
        atexit.register(close)


def settings_of_running() -> Settings:
    """The settings of the house that runs in this var folder: its ports may have come from its command line."""
    settings = load_settings()
    claim = settings.var_dir / "run.json"
    if not claim.is_file():
        return settings
    with claim.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            there = json.loads(opened.read())
            return load_settings(port=there["port"], sandbox_port=there["sandbox_port"])
    return settings
