"""A database of a measure's own, with the demo in it, that is gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from app import migrate
from app.demo import load_demo
from kernel import embedded_postgres
from kernel.db import Database


@contextmanager
def own_database(name: str, now: datetime) -> Iterator[Database]:
    """An embedded server in a folder of its own, migrated, with the demo of ``now``; its statements take as long as they take."""
    with TemporaryDirectory(prefix=f"gongfang-{name}-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # the database may run as a user of its own
        url = embedded_postgres.ensure_running(folder)
        try:
            migrate.upgrade(url)
            database = Database(url, statement_timeout_ms=0)
            load_demo(database, now)
            yield database
            database.dispose()
        finally:
            embedded_postgres.stop(folder)
