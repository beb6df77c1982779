"""The road between a tablet and the server: whole, cut, or one that loses requests, answers and halves of answers."""

from collections import Counter
from collections.abc import Iterable
from random import Random
from socket import SHUT_RDWR
from typing import Any, NoReturn

from werkzeug.test import run_wsgi_app

BEFORE, AFTER, HALF = "before", "after", "half"


class Line:
    """Stands before the application. What it loses it counts, so that a test can say that something was lost."""

    def __init__(self, application: Any, *, seed: int = 13) -> None:
        self.application = application
        self.chance = Random(seed)
        self.is_cut = False
        self.loss = 0.0
        self.path = "/bench"
        self.lost: Counter[str] = Counter()
        self.plan: list[str] = []
        self.heard: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        fate = BEFORE if self.is_cut else self._fate(path)
        if fate == BEFORE:
            hang_up(environ)
        self.heard[path] += 1
        if fate == "":
            return self.application(environ, start_response)  # type: ignore[no-any-return]
        body, status, headers = run_wsgi_app(self.application, environ)
        whole = b"".join(body)
        if fate == AFTER:
            hang_up(environ)
        start_response(status, headers.to_wsgi_list())
        return _half(whole, environ)

    def _fate(self, path: str) -> str:
        """What becomes of a request; first as planned, then by chance."""
        if not path.startswith(self.path):
            return ""
        if self.plan:
            fate = self.plan.pop(0)
        else:
            fate = self.chance.choice([BEFORE, AFTER, HALF]) if self.chance.random() < self.loss else ""
        if fate:
            self.lost[fate] += 1
        return fate


def _half(whole: bytes, environ: dict[str, Any]) -> Iterable[bytes]:
    yield whole[: len(whole) // 2]
    hang_up(environ)


def hang_up(environ: dict[str, Any]) -> NoReturn:
    """Close the road in the middle of whatever is on it."""
    environ["werkzeug.socket"].shutdown(SHUT_RDWR)
    raise ConnectionAbortedError
