"""A test's application on a port of loopback; whoever stops it waits for the answers that are still being given."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Any, Protocol, runtime_checkable

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer

_LAST_ANSWERS_S = 20

Wsgi = Callable[..., Iterable[bytes]]
NOBODY_YET = Flask("nobody yet")


@runtime_checkable
class Closable(Protocol):
    """An answer that wants to know when it is given."""

    def close(self) -> None: ...


class _Answers:
    """What a server is answering. A test that goes on (and throws its database away) in the middle of an answer would
    leave a connection open behind itself.
    """

    def __init__(self) -> None:
        self._open: list[str] = []
        self._changed = Condition()

    def counted(self, app: Wsgi, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        """An answer is given with its last byte: the server may go on and wait for more from a slow client."""
        path = environ["PATH_INFO"]
        with self._changed:
            self._open.append(path)
        answer: Iterable[bytes] = ()
        try:
            answer = app(environ, start_response)
            yield from answer
        finally:
            if isinstance(answer, Closable):
                answer.close()
            with self._changed:
                self._open.remove(path)
                self._changed.notify_all()

    def still_open(self) -> list[str]:
        """What is not answered after a generous wait."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open, _LAST_ANSWERS_S)
            return list(self._open)


class Server:
    """A server on a free port of loopback; it serves what ``app`` is: a test may set that later, or another for a while."""

    def __init__(self, app: Wsgi) -> None:
        self.app = app
        self._answers = _Answers()
        self._server = ThreadedWSGIServer("127.0.0.1", 0, lambda *asked: self._answers.counted(self.app, *asked))
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread.start()

    def stop(self, *, waits: bool) -> None:
        """Take no more requests, and wait for those that were taken."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        assert not waits or self._answers.still_open() == []


@contextmanager
def listening(app: Wsgi = NOBODY_YET, *, waits: bool = True) -> Iterator[tuple[str, Server]]:
    """A server and its address; a stand-in that answers slowly on purpose need not be waited for."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = Server(app)
    try:
        yield server.url, server
    finally:
        server.stop(waits=waits)
