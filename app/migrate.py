"""Brings a database to the newest schema with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from kernel.db import Database

ROOT = Path(__file__).resolve().parent.parent


def alembic_config(url: str) -> Config:
    """Alembic's settings for a database, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    # Percent signs in a password are Alembic's own escape character.
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def upgrade(url: str) -> None:
    """Run every migration that is missing."""
    command.upgrade(alembic_config(url), "head")


def is_up_to_date(database: Database) -> bool:
    """Whether the schema is the one this code was written for."""
    head = ScriptDirectory.from_config(alembic_config(database.url)).get_current_head()
    with database.engine.connect() as connection:
        return current_revision(connection) == head


def current_revision(connection: Connection) -> str | None:
    """The revision that a database is at."""
    return MigrationContext.configure(connection).get_current_revision()


def revision(database: Database) -> str | None:
    """The revision that a database is at, or ``None`` when it is empty."""
    with database.engine.connect() as connection:
        return current_revision(connection)
