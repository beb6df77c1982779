"""The shop's web server as it runs for customers: granian with some processes, here on a port of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

ROOT = Path(__file__).resolve().parent.parent
_READY_WITHIN_S = 60
# As in app/commands/run.py.
_A_CROWD = ("--backlog", "2048", "--backpressure", "2048")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Web:
    """The web server; used as a context it stops at the end."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        folder: Path,
        application: str = "app.wsgi:application",
        processes: int = 2,
        threads: int = 24,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "web.log"
        self._environ = {**os.environ, **environ, "PORT": str(self.port), "PUBLIC_URL": self.url}
        self._command = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", application),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--workers", str(processes), "--blocking-threads", str(threads), *_A_CROWD),
            *("--workers-kill-timeout", "3", "--http", "1", "--no-ws", "--log-level", "warning"),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environ, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + _READY_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the web server does not start:\n{self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
                line.sendall(request)
                return line.recv(100).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def kill(self) -> None:
        """Pull the plug: every process of it is gone at once, in the middle of whatever it did."""
        assert self._process is not None
        workers = psutil.Process(self._process.pid).children(recursive=True)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # The port is free only when the last of them is gone.
        psutil.wait_procs(workers)

    def stop(self) -> None:
        """Stop it in peace."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def complaints(self) -> str:
        """What it had to say that was no line about a request."""
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if '"ERROR"' in line or "Traceback" in line)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
