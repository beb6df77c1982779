"""Hears that the server is told to stop, so that connections held open close by themselves instead of being cut off."""

import os
import signal
from collections.abc import Callable
from threading import Thread

_STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}


def on_stop(tell: Callable[[], None]) -> None:
    """Call ``tell`` from a thread of its own as soon as this process is told to stop. For the main thread only.

    The web server sets its own handlers after it has loaded the application, so ours would be replaced; the wake-up
    file descriptor gets a byte for every signal, whoever handles it.
    """
    hear, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    Thread(target=_wait, args=(hear, tell), name="on-stop", daemon=True).start()


def _wait(hear: int, tell: Callable[[], None]) -> None:
    while not _STOP_SIGNALS & set(os.read(hear, 64)):
        pass
    tell()
