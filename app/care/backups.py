"""Backups with PostgreSQL's own pg_dump: consistent while work goes on, restored whole or not at all."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any

import psycopg
from alembic.util.exc import CommandError
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from app import migrate
from app.care import invariants, rounds
from app.care.invariants import Report
from app.care.models import BACKUP, note_run
from kernel.db import Database
from kernel.embedded_postgres import program
from kernel.errors import Refused

_MAGIC = b"PGDMP"
_ENVIRONMENT = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "sslmode": "PGSSLMODE"}


@dataclass(frozen=True)
class Backup:
    """A file that was written."""

    file: Path
    size_bytes: int

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"file": str(self.file), "bytes": self.size_bytes}


@dataclass(frozen=True)
class Restored:
    """What a restored database is like."""

    said: str
    report: Report

    def as_json(self) -> dict[str, Any]:
        """The report of the invariants, and what was done."""
        return {**self.report.as_json(), "done": self.said}


def back_up(database: Database, file: Path, now: datetime) -> Backup:
    """Write the whole database to ``file``: complete or not there.

    Raises:
        Refused: the file exists, cannot be written, or pg_dump fails.
    """
    if file.exists():
        raise Refused(
            f"{file} 已经有了，换个名字。", f"{file} exists; a backup overwrites nothing. Choose another name."
        )
    partial = file.with_name(f"{file.name}.{token_hex(4)}.partial")
    try:
        # People's data: for the owner's eyes only, from the first byte on.
        partial.touch(mode=0o600, exist_ok=False)
        _run("pg_dump", database.plain_url, "--format=custom", "--no-owner", "--no-privileges", "--file", str(partial))
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.rename(file)
    except OSError as error:
        raise Refused(f"{file} 不能写入。", f"{file} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)
    size_bytes = file.stat().st_size
    with database.transaction() as session:
        note_run(session, BACKUP, now, details={"bytes": size_bytes})
    return Backup(file, size_bytes)


def check_file(file: Path) -> None:
    """Refuse what is no backup, before anything is touched."""
    if file.is_dir():
        raise Refused(
            f"{file} 是文件夹，不是备份。",
            f"{file} is a folder. A copy of the data folder, taken while the database runs, is torn and is no backup; "
            "write one with `gongfang backup FILE`.",
        )
    if not file.is_file():
        raise Refused(f"没有 {file} 这个文件。", f"There is no file {file}.")
    with file.open("rb") as opened:
        if opened.read(len(_MAGIC)) != _MAGIC:
            raise Refused(f"{file} 不是备份文件。", f"{file} is no backup made by `gongfang backup`.")


def verify(url: str, file: Path) -> Restored:
    """Prove a backup: restore it into a scratch database, count everything again, drop it."""
    with _scratch(url) as scratch:
        _pour(scratch, file)
        return Restored("verified in a scratch database, which is gone again", _look_at(scratch))


def restore(url: str, file: Path, now: datetime, *, put_aside: bool) -> Restored:
    """Bring a backup back into an empty database, or, asked to, into the place of the present one.

    Raises:
        Refused: there is data already, or somebody uses the database.
    """
    name = make_url(url).database or ""
    if not _has_tables(url):
        _pour(url, file)
        return Restored(f"restored into {name}", _look_at(url))
    if not put_aside:
        raise Refused(
            f"数据库 {name} 里已经有数据。",
            f"The database {name} has data already. Name an empty one in DATABASE_URL, or put this one aside with --replace.",
        )
    old = f"{name}_before_{now:%Y%m%d_%H%M%S}"
    new = f"{name}_restored_{token_hex(4)}"
    _create(url, new)
    try:
        _pour(_named(url, new), file)
        report = _look_at(_named(url, new))
        _swap(url, name, old, new)
    except BaseException:
        _drop(url, new)
        raise
    return Restored(f"restored into {name}; what was there is now called {old}", report)


def _look_at(url: str) -> Report:
    """Bring what was restored to the schema of this program, then count everything again."""
    try:
        migrate.upgrade(url)
    except CommandError as error:
        raise Refused(
            "备份比程序新。", "The backup was made by a newer program; update this one first.", code="backup_newer"
        ) from error
    database = Database(url, pool_size=1)
    try:
        return invariants.check(database, rounds.ALL_INVARIANTS)
    finally:
        database.dispose()


def _pour(url: str, file: Path) -> None:
    """All of it in one transaction, so that half a restore cannot be.

    pg_restore writes SQL and psql runs it: on its own, pg_restore sets what a server older than itself does not know.
    """
    with TemporaryFile() as said:
        reading = subprocess.Popen(
            [program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)],
            stdout=subprocess.PIPE,
            stderr=said,
        )
        writing = subprocess.Popen(
            [program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", _name_of(url)],
            env=_surroundings(url),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        assert reading.stdout is not None
        assert writing.stdin is not None
        # psql may have given up meanwhile; why is in what it said.
        with suppress(BrokenPipeError), writing.stdin as sql_in:
            sql_in.write(b"BEGIN;\n")
            _copy(reading.stdout, sql_in)
            if reading.wait() == 0:
                sql_in.write(b"COMMIT;\n")
        reading.stdout.close()
        if any([reading.wait(), writing.wait()]):
            said.seek(0)
            raise _failed("pg_restore", said.read().decode("utf-8", "replace"))


def _copy(script: IO[bytes], out: IO[bytes]) -> None:
    """The script but for the one setting of its head that PostgreSQL has only since 17."""
    for line in script:
        if line != b"SET transaction_timeout = 0;\n":
            out.write(line)
        if line.startswith(b"CREATE "):
            break
    copyfileobj(script, out)


def _run(name: str, url: str, *arguments: str) -> None:
    done = subprocess.run(
        [program(name), *arguments, "--dbname", _name_of(url)],
        env=_surroundings(url),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise _failed(name, done.stderr)


def _failed(name: str, said: str) -> Refused:
    # Only its first line: the rest quotes rows.
    first = " ".join(said.strip().splitlines()[:1])
    return Refused(f"{name} 没有成功。", f"{name} failed: {first}", code="backup_failed")


def _surroundings(url: str) -> dict[str, str]:
    """Where the database is, and its password, through the environment: `ps` shows what stands on a command line."""
    facts = conninfo_to_dict(_plain(url))
    told = {_ENVIRONMENT[key]: str(value) for key, value in facts.items() if key in _ENVIRONMENT}
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", **told}


def _name_of(url: str) -> str:
    return str(conninfo_to_dict(_plain(url)).get("dbname", ""))


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def _maintenance(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(_plain(_named(url, "postgres")), autocommit=True) as connection:
        yield connection


@contextmanager
def _scratch(url: str) -> Iterator[str]:
    name = f"gongfang_scratch_{token_hex(6)}"
    _create(url, name)
    try:
        yield _named(url, name)
    finally:
        _drop(url, name)


def _create(url: str, name: str) -> None:
    try:
        with _maintenance(url) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise Refused(
            "不能新建数据库。", f"A database for it cannot be created: {error.diag.message_primary or error}"
        ) from error


def _drop(url: str, name: str) -> None:
    with _maintenance(url) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _swap(url: str, name: str, old: str, new: str) -> None:
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with _maintenance(url) as connection:
        try:
            connection.execute(rename.format(sql.Identifier(name), sql.Identifier(old)))
        except psycopg.errors.ObjectInUse as error:
            raise Refused(
                "还有程序在用这个数据库，请先停下。", "The database is in use. Stop the shop and the worker first."
            ) from error
        connection.execute(rename.format(sql.Identifier(new), sql.Identifier(name)))


def _has_tables(url: str) -> bool:
    with psycopg.connect(_plain(url)) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        )
        return found.fetchone() is not None
