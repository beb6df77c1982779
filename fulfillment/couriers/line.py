"""One form sent to a courier's interface, one JSON object back: bounded in time and bytes, no redirects, known hosts only."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from fulfillment.couriers.providers import CourierAway

# Nothing else is ever asked; the loopback names are the sandbox, which production refuses (config.py).
HOSTS: Final = frozenset({"api.kuaidi100.com", "poll.kuaidi100.com", "api.kdniao.com", "127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Limits:
    """How long and how much we take from somebody else's server."""

    connect_s: float = 3.0
    read_s: float = 5.0
    total_s: float = 5.0
    largest_bytes: int = 400_000


LIMITS = Limits()


class Line:
    """The way to one address."""

    def __init__(self, url: str, limits: Limits = LIMITS, *, clock: Callable[[], float] = time.monotonic) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname not in HOSTS:
            raise ValueError(f"not an address of a courier: {url}")
        self.url = url
        self.limits = limits
        self._clock = clock

    def ask(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The answer as an object.

        Raises:
            CourierAway: no answer in time, a redirect, an error page, too large, or not JSON.
        """
        try:
            return _as_object(self._post(form))
        except (requests.RequestException, HTTPError) as error:
            # Only the kind of error: its text may quote what was sent.
            raise CourierAway(type(error).__name__) from None

    def _post(self, form: Mapping[str, str]) -> bytes:
        """The body, read piece by piece, so that a slow or endless one is dropped in time."""
        deadline = self._clock() + self.limits.total_s
        with requests.Session() as session:
            # No proxy passwords or .netrc of this machine go to somebody else's server.
            session.trust_env = False
            # Packed answers could unpack to anything, so none are asked for.
            session.headers.update({"Accept-Encoding": "identity", "User-Agent": "Gongfang"})
            with session.post(
                self.url,
                data=dict(form),
                timeout=(self.limits.connect_s, self.limits.read_s),
                allow_redirects=False,
                stream=True,
            ) as answer:
                if answer.status_code != 200:
                    raise CourierAway(f"HTTP {answer.status_code}")
                if answer.headers.get("Content-Encoding", "identity") != "identity":
                    raise CourierAway("packed")
                body = b""
                while part := answer.raw.read1(65_536):
                    body += part
                    if len(body) > self.limits.largest_bytes:
                        raise CourierAway("too large")
                    if self._clock() > deadline:
                        raise CourierAway("too slow")
        return body


def _as_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise CourierAway("not JSON") from None
    if not isinstance(found, dict):
        raise CourierAway("unknown form")
    return found
