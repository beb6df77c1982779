"""What tests share: one PostgreSQL server a run, a database of its own for each test that asks for one."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import disk_usage, rmtree
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fasteners import InterProcessLock
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache
from psycopg.pq import TransactionStatus
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app import migrate
from app.console import audit_words
from app.factory import create_app
from config import Settings, load_settings
from kernel import db, embedded_postgres
from kernel.audit import AuditEntry
from kernel.db import Database

hypothesis_settings.register_profile("gongfang", deadline=None, max_examples=60, print_blob=True)
hypothesis_settings.load_profile("gongfang")


def _compile_each_address_once() -> None:
    """Nine tenths of making the application is compiling its addresses, and each test makes one of its own.

    What is compiled knows the address only; the converters are the same in every application.
    """
    compile_address = Rule.compile
    compiled: dict[tuple[str, ...], tuple[Any, ...]] = {}

    def once(rule: Rule) -> None:
        key = (rule.rule, rule.host or "", rule.subdomain or "", repr(rule.defaults), str(rule.merge_slashes))
        if key not in compiled:
            compile_address(rule)
            builders = (rule._build.__func__, rule._build_unknown.__func__)  # type: ignore[attr-defined]
            compiled[key] = (rule._parts, rule._trace, rule._converters, frozenset(rule.arguments), *builders)
            return
        parts, trace, converters, arguments, build, build_unknown = compiled[key]
        rule._parts, rule._trace, rule._converters = [*parts], [*trace], {**converters}
        rule.arguments |= arguments
        rule._build = build.__get__(rule, None)  # type: ignore[method-assign]
        rule._build_unknown = build_unknown.__get__(rule, None)  # type: ignore[method-assign]

    Rule.compile = once  # type: ignore[method-assign]


def _compile_each_template_once() -> None:
    """A third of a page's first view is compiling its templates; found again by their source, whichever process asks."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": FileSystemBytecodeCache()}


def _compile_each_statement_once() -> None:
    """A fifth of a test's time is putting the same statements into SQL: each test has a database, and so an engine, of its own.

    They are all on one server, so what the first engine's dialect learned of it and compiled for it is true for the others.
    """
    create_engine = db.create_engine
    tried: list[Engine] = []

    def engine_like_the_first(*given: Any, **options: Any) -> Engine:
        engine = create_engine(*given, **options)
        # One that never reached a server (some tests have such) has learned nothing.
        first = next((each for each in tried if each.dialect.server_version_info), None)
        if first is None:
            tried.append(engine)
        else:
            engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
        return engine

    db.create_engine = engine_like_the_first  # type: ignore[assignment]


def _every_change_can_be_read() -> None:
    """Whatever a test lets be written into the record must have words there, in both languages."""

    def check(_entry: AuditEntry, _given: object, columns: dict[str, str]) -> None:
        action, kind = columns["action"], columns["subject"].partition(":")[0]
        if not action.startswith("test."):
            assert action in audit_words.ACTIONS, f"app/console/audit_words.py has no words for {action}"
            assert kind in audit_words.SUBJECTS, f"app/console/audit_words.py has no word for {kind}"

    event.listen(AuditEntry, "init", check)


_every_change_can_be_read()
_compile_each_address_once()
_compile_each_template_once()
_compile_each_statement_once()

TEMPLATE = "gongfang_template"
_ROOM_FOR_TESTS = 4 * 2**30


def _named(url: str, name: str) -> str:
    address, mark, query = url.partition("?")
    return f"{address.rpartition('/')[0]}/{name}{mark}{query}"


@contextmanager
def maintenance(url: str) -> Iterator[psycopg.Connection]:
    plain = _named(url, "postgres").replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """One server for the whole run, shared by the test processes, with a migrated template database."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if worker_id != "master" else root
    given = load_settings().database_url
    with InterProcessLock(root / "server.lock"):
        url = given or embedded_postgres.ensure_running(_server_folder(root), durable=False)
        with maintenance(url) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
                connection.execute(f"CREATE DATABASE {TEMPLATE}")
                migrate.upgrade(_named(url, TEMPLATE))
    yield url
    if worker_id == "master" and not given:
        _stop_server(root)


def _server_folder(root: Path) -> Path:
    """A folder for this run's server, beside pytest's own: pytest shuts that one to others whenever a run starts,
    and the server runs as a user of its own when tests run as root.
    """
    name = root / "server.folder"
    if not name.is_file():
        folder = Path(mkdtemp(prefix="gongfang-tests-", dir=_fastest_folder()))
        folder.chmod(0o755)
        name.write_text(str(folder))
    return Path(name.read_text())


def _fastest_folder() -> Path | None:
    """Memory where there is plenty: each test copies a whole database and throws it away; else the usual folder."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and disk_usage(memory).free > _ROOM_FOR_TESTS else None


def _stop_server(root: Path) -> None:
    folder = _server_folder(root)
    embedded_postgres.stop(folder)
    rmtree(folder, ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--drills`` runs the long ones of tests/drills at their full size."""
    parser.addoption("--drills", action="store_true", help="drills at full size")


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: the garbage collector need not look through it after every thousand rows."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A skipped test has shown nothing, so the run fails."""
    if terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("skipped tests count as failures here", red=True)
        terminalreporter._session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under xdist the controller stops the server, after the last test process."""
    config = session.config
    is_controller = not hasattr(config, "workerinput") and getattr(config.option, "numprocesses", None)
    if is_controller and hasattr(config, "_tmp_path_factory"):
        _stop_server(config._tmp_path_factory.getbasetemp())


@contextmanager
def database_of_its_own(server_url: str, template: str = TEMPLATE) -> Iterator[Database]:
    """A fresh, migrated, empty database, or a copy of another one; it is dropped at the end."""
    name = f"t_{uuid4().hex[:16]}"
    with maintenance(server_url) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    database = Database(_named(server_url, name), pool_size=25)
    try:
        yield database
    finally:
        database.dispose()
        with maintenance(server_url) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def database_at(database: Database) -> str:
    """The name of a database on its server."""
    return database.url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
def database(server_url: str) -> Iterator[Database]:
    """A fresh, migrated, empty database."""
    with database_of_its_own(server_url) as database:
        yield database


@pytest.fixture(scope="session")
def common_database(server_url: str) -> Iterator[Database]:
    """One that nothing is ever committed to."""
    with database_of_its_own(server_url) as database:
        yield database


@pytest.fixture
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A transaction on a fresh database: the test's own one where it has one, else it never happened."""
    if "database" in request.fixturenames:
        with request.getfixturevalue("database").transaction() as session:
            yield session
        return
    common: Database = request.getfixturevalue("common_database")
    with common.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        yield session
        if connection.connection.driver_connection.info.transaction_status == TransactionStatus.INTRANS:  # type: ignore[union-attr]
            # What would have been looked at when it is committed; after a refusal nothing would be.
            session.flush()
            session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        session.rollback()


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """Settings of a test installation."""
    return load_settings({"GONGFANG_MODE": "test", "DATABASE_URL": database.url, "VAR_DIR": str(tmp_path)})


@pytest.fixture
def app(settings: Settings, database: Database) -> Flask:
    """The application on the test's database; forms need no token here (test_forged_forms turns that on again)."""
    app = create_app(settings, database)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without scripts."""
    return app.test_client()
