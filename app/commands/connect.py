"""The database for a command: the one in DATABASE_URL, else the embedded one, started if need be."""

from config import Settings, load_settings
from kernel import embedded_postgres
from kernel.db import Database


def database_url(settings: Settings) -> str:
    """Where the database is; starts the embedded one when no other is named."""
    return settings.database_url or embedded_postgres.ensure_running(settings.var_dir)


def open_database(settings: Settings | None = None) -> Database:
    """A small pool for one command."""
    return Database(database_url(settings or load_settings()), pool_size=2)
