"""The road between a tablet and the server: whole, cut, or one that loses requests, answers and halves of answers."""

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any

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
        if self.is_cut:
            raise ConnectionAbortedError
        fate = self._fate(path)
        if fate == BEFORE:
            raise ConnectionAbortedError
        self.heard[path] += 1
        if fate == "":
            return self.application(environ, start_response)  # type: ignore[no-any-return]
        body, status, headers = run_wsgi_app(self.application, environ)
        whole = b"".join(body)
        if fate == AFTER:
            raise ConnectionAbortedError
        start_response(status, headers.to_wsgi_list())
        return _half(whole)

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


def _half(whole: bytes) -> Iterable[bytes]:
    yield whole[: len(whole) // 2]
    raise ConnectionAbortedError
