"""The processes that `gongfang run` starts, watches and stops, and the lifeline that stops them when it is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_GIVE_S = 6.0  # for granian, which gives its own workers 3
_LARGEST_LOG_BYTES = 10_000_000
_MOST_RESTARTS = 3
_WITHIN_S = 60.0


@dataclass(frozen=True)
class Part:
    """One program of the house."""

    name: str
    command: Sequence[str]


class PartFailed(SystemExit):
    """A part does not stay alive; the message ends with the last lines of its log."""


class Crew:
    """The parts that run now. Each is a process group of its own, so that its children go with it."""

    def __init__(self, environ: Mapping[str, str], var_dir: Path) -> None:
        self._environ = {**os.environ, **environ, "PYTHONUNBUFFERED": "1"}
        self._logs = var_dir / "log"
        self._running: dict[str, tuple[Part, subprocess.Popen[bytes]]] = {}
        self._deaths: dict[str, list[float]] = {}
        self._lifeline = subprocess.Popen(
            [sys.executable, "-m", "app.caretaker", str(var_dir)],
            stdin=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
        )

    def start(self, part: Part) -> None:
        """Start a part; what it says goes to its log."""
        self._logs.mkdir(parents=True, exist_ok=True)
        path = self._log_of(part.name)
        if path.is_file() and path.stat().st_size > _LARGEST_LOG_BYTES:
            path.replace(path.with_suffix(".1.log"))
        with path.open("ab") as log:
            process = subprocess.Popen(
                part.command,
                env=self._environ,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self._running[part.name] = (part, process)
        self._tell_caretaker([process.pid for _, process in self._running.values()])

    def revive(self) -> list[str]:
        """Start again what has died; returns the names.

        Raises:
            PartFailed: a part has died too often to go on.
        """
        dead = [part for part, process in self._running.values() if process.poll() is not None]
        for part in dead:
            # What is left of its group would hold the port.
            _signal_group(self._running[part.name][1].pid, signal.SIGKILL)
            deaths = [at for at in self._deaths.get(part.name, []) if time.monotonic() - at < _WITHIN_S]
            self._deaths[part.name] = [*deaths, time.monotonic()]
            if len(deaths) >= _MOST_RESTARTS:
                raise PartFailed(self.last_words(part.name))
            self.start(part)
        return [part.name for part in dead]

    def first_dead(self) -> str | None:
        """The name of a part that has died, if any."""
        return next((name for name, (_, process) in self._running.items() if process.poll() is not None), None)

    def last_words(self, name: str) -> str:
        """Why a part ended, as far as its log tells."""
        path = self._log_of(name)
        tail = path.read_text(errors="replace").strip()[-1500:] if path.is_file() else ""
        return f"{name} 停了 · {name} has stopped. {path}:\n{tail}"

    def stop(self) -> None:
        """Stop every part and wait until all are gone."""
        processes = [process for _, process in self._running.values()]
        for process in processes:
            _signal_group(process.pid, signal.SIGTERM)
        for process in processes:
            _see_off(process)
        self._running.clear()
        self._tell_caretaker(None)
        assert self._lifeline.stdin is not None
        with suppress(BrokenPipeError):
            self._lifeline.stdin.close()
        self._lifeline.wait()

    def _log_of(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _tell_caretaker(self, groups: list[int] | None) -> None:
        """Which groups run, or ``None`` for goodbye."""
        assert self._lifeline.stdin is not None
        # A caretaker that somebody killed must not keep the house from closing.
        with suppress(BrokenPipeError):
            self._lifeline.stdin.write(json.dumps(groups).encode() + b"\n")
            self._lifeline.stdin.flush()


def _see_off(process: "subprocess.Popen[bytes]") -> None:
    """Wait for the end of a group that was asked to end; then end what is left of it."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GIVE_S)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def stop_groups(groups: Sequence[int]) -> None:
    """Stop process groups that are not children of this process: asked first, then forced."""
    for group in groups:
        _signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + _GIVE_S
    while any(_is_there(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.1)
    for group in groups:
        _signal_group(group, signal.SIGKILL)


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
