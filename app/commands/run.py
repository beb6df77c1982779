"""`gongfang run`: everything on this machine, until Ctrl-C. `gongfang demo-reset`: the demo's data afresh."""

import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import IO

import click
import requests
from sqlalchemy.exc import SQLAlchemyError

from app import migrate
from app.commands.welcome import welcome
from app.processes import Crew, Part
from app.terms import hand_down
from config import Settings, load_settings
from kernel.clock import utc_now
from kernel.db import Database
from kernel.embedded_postgres import Visit

_READY_WITHIN_S = 90
_LOOK_EVERY_S = 0.3
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Stopped(BaseException):
    """Somebody asked the house to stop. No `Exception`: a pool that closes its connections swallows those."""


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65_534), help="Port of the shop; demo payments take the next one. [8000]"
)
@click.option("--no-demo", is_flag=True, help="Load no demo data into an empty database.")
@click.option(
    "--no-past", is_flag=True, help="Leave out the demo's evenings of the last weeks: ready in half the time."
)
def run(port: int | None, no_demo: bool, no_past: bool) -> None:
    """Run shop, worker, demo payments and, without DATABASE_URL, the embedded database; Ctrl-C stops them all."""
    settings = load_settings(port=port) if port else load_settings()
    with claim_house(settings), ExitStack() as closing:
        _refuse_busy_ports(settings)
        for number in _SIGNALS:
            signal.signal(number, _stop)
        try:
            visit = None if settings.database_url else Visit(settings.var_dir)
            if visit:
                closing.callback(visit.leave)
            crew = Crew(_environ(settings, visit), settings.var_dir)
            closing.callback(crew.stop)
            database = Database(visit.url if visit else settings.database_url or "", pool_size=2)
            _furnish(settings, database, with_demo=not (no_demo or settings.is_production), with_past=not no_past)
            _open(settings, crew)
            click.echo(welcome(settings, database))
            database.dispose()
            _watch(crew)
        except _Stopped:
            click.echo("\n正在关门 · Closing …", err=True)


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    """Stop once: what comes while the house is closing must not cut that short."""
    for signal_number in _SIGNALS:
        signal.signal(signal_number, signal.SIG_IGN)
    raise _Stopped


def claim_house(settings: Settings) -> IO[str]:
    """The file that says who runs in this var folder, locked as long as it is open.

    Its lock goes when the process does, however it ends; ``gongfang crowd`` reads the ports in it.
    """
    path = settings.var_dir / "run.json"
    try:
        settings.var_dir.mkdir(parents=True, exist_ok=True)
        claim = path.open("a+")
    except OSError as error:
        raise SystemExit(
            f"{settings.var_dir} 不能写入 · cannot be written ({error.strerror}). Name another folder: VAR_DIR=…"
        ) from error
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        claim.seek(0)
        there = json.loads(claim.read() or "{}")
        claim.close()
        raise SystemExit(
            f"工坊已经在运行 · Gongfang runs here already: http://127.0.0.1:{there.get('port')}/ (process {there.get('pid')}). "
            "Stop it with Ctrl-C where it was started, or use another VAR_DIR and --port."
        ) from None
    claim.truncate(0)
    claim.write(json.dumps({"pid": os.getpid(), "port": settings.port, "sandbox_port": settings.sandbox_port}))
    claim.flush()
    return claim


def _refuse_busy_ports(settings: Settings) -> None:
    wanted = [(settings.host, settings.port)]
    if settings.uses_sandbox:
        wanted.append(("127.0.0.1", settings.sandbox_port))
    for host, port in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise SystemExit(
                    f"端口 {port} 用不了 · Port {port} on {host} cannot be used: {error.strerror}. "
                    f"Choose another, for example: make run PORT={port + 10}, or gongfang run --port {port + 10}"
                ) from error


def _environ(settings: Settings, visit: Visit | None) -> dict[str, str]:
    """What the parts are told besides the present surroundings."""
    told = {
        "PORT": str(settings.port),
        "SANDBOX_PORT": str(settings.sandbox_port),
        "VAR_DIR": str(settings.var_dir),
        "GONGFANG_MODE": settings.mode,
    }
    return {**told, "DATABASE_URL": visit.url} if visit else told


def _furnish(settings: Settings, database: Database, *, with_demo: bool, with_past: bool) -> None:
    """The schema, and for a newcomer an evening in full swing."""
    try:
        with database.engine.connect():
            pass
    except SQLAlchemyError as error:
        address = database.engine.url.render_as_string(hide_password=True)
        raise SystemExit(
            f"连不上数据库 · The database at {address} does not answer: {str(getattr(error, 'orig', error)).strip()}\n"
            "Start it, or correct DATABASE_URL, or unset it to use the embedded one."
        ) from error
    migrate.upgrade(database.url)
    if with_demo:
        from app.demo import load_demo

        # The demo's people were told of their orders in the workshop's name.
        hand_down(settings)
        if load_demo(database, utc_now(), with_past=with_past):
            click.echo(f"演示数据已放好 · Demo data loaded into {settings.var_dir}", err=True)


def _parts(settings: Settings) -> list[Part]:
    python = sys.executable
    sandbox = Part(
        "sandbox",
        [
            *(python, "-m", "sandbox", "--port", str(settings.sandbox_port)),
            *("--state", str(settings.var_dir / "sandbox.sqlite")),
            *("--webhook-url", f"http://127.0.0.1:{settings.port}/webhooks/stripe"),
            *("--webhook-secret", settings.stripe_webhook_secret, "--api-key", settings.stripe_api_key),
            *(f"--courier-key={name}={key}" for name, key in settings.courier_keys.items()),
        ],
    )
    worker = Part("worker", [python, "-m", "app.worker"])
    web = Part(
        "web",
        [
            *(python, "-m", "granian", "--interface", "wsgi", "app.wsgi:application"),
            *("--host", settings.host, "--port", str(settings.port)),
            *("--workers", str(settings.web_processes), "--blocking-threads", str(settings.web_threads)),
            # A thousand buyers press at one instant: left to itself the server hangs up on some from 512 on.
            *("--backlog", "2048", "--backpressure", "2048"),
            # Held connections must not keep it from stopping; one broken worker must not end the others.
            *("--workers-kill-timeout", "3", "--respawn-failed-workers"),
            *("--http", "1", "--http1-buffer-size", "65536", "--no-ws", "--log-level", "warning"),
        ],
    )
    return [*([sandbox] if settings.uses_sandbox else []), worker, web]


def _open(settings: Settings, crew: Crew) -> None:
    for part in _parts(settings):
        crew.start(part)
    deadline, answer = time.monotonic() + _READY_WITHIN_S, "no answer"
    while time.monotonic() < deadline:
        dead = crew.first_dead()
        if dead:
            raise SystemExit(crew.last_words(dead))
        try:
            seen = requests.get(f"http://{_reachable(settings.host)}:{settings.port}/readyz", timeout=10)
        except requests.RequestException as error:
            answer = type(error).__name__
        else:
            if seen.ok:
                return
            answer = seen.text
        time.sleep(_LOOK_EVERY_S)
    raise SystemExit(f"{_READY_WITHIN_S} 秒内没有准备好 · Not ready within {_READY_WITHIN_S} s: {answer}")


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104


def _watch(crew: Crew) -> None:
    while True:
        time.sleep(_LOOK_EVERY_S)
        for name in crew.revive():
            click.echo(f"{name} 停了，已重新启动 · {name} had stopped and was started again", err=True)


@click.command("demo-reset")
def demo_reset() -> None:
    """Put the demo's data aside; the next `gongfang run` starts afresh. Refused in production and while it runs."""
    settings = load_settings()
    if settings.is_production:
        raise SystemExit("GONGFANG_MODE is production: nothing is thrown away here.")
    if settings.database_url:
        raise SystemExit("DATABASE_URL names a server of your own; empty that database yourself.")
    with claim_house(settings):
        aside = _put_aside(settings.var_dir)
    words = (
        f"旧数据在 {aside} · the old data is in {aside} until the next reset"
        if aside
        else "没有旧数据 · there was none"
    )
    click.echo(f"下次 make run 会重新放演示数据 · The next `make run` starts afresh; {words}.")


def _put_aside(var_dir: Path) -> Path | None:
    old, data = var_dir / "postgres.before-reset", var_dir / "postgres"
    (var_dir / "sandbox.sqlite").unlink(missing_ok=True)
    if not data.is_dir():
        return None
    if (data / "postmaster.pid").is_file():
        raise SystemExit(f"A command uses the database in {data}. Wait for it, then try again.")
    shutil.rmtree(old, ignore_errors=True)
    data.rename(old)
    return old
