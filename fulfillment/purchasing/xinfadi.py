"""The Xinfadi price feed over HTTP: one polite pass, bounded in time, pages and bytes."""

import json
import time
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import requests

from kernel.errors import Unavailable

_TIMEOUT_S = 5
_PAGE_ROWS = 100
_MOST_PAGES = 60
_LARGEST_BYTES = 3_000_000
_TRIES = 3


class FeedAway(Unavailable):
    """The feed does not answer as it should; quotes that are there stay, and prices can be typed in."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"新发地行情现在取不到（{reason}）。已有的行情不变，也可以手工录入。",
            f"The Xinfadi feed is not usable now ({reason}). Earlier quotes stay; you can type prices in.",
            code="feed_away",
        )


def fetch_rows(
    url: str, start: date, end: date, *, pause: Callable[[float], None] = time.sleep
) -> list[dict[str, Any]]:
    """Every row from ``start`` to ``end``.

    Raises:
        FeedAway: no answer in time, a redirect, too large, or not the form that is known.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise FeedAway("address")
    rows: list[dict[str, Any]] = []
    for page in range(1, _MOST_PAGES + 1):
        body = _page(url, start, end, page, pause)
        found = body.get("list")
        if not isinstance(found, list) or not isinstance(body.get("count"), int):
            raise FeedAway("unknown form")
        rows += [row for row in found if isinstance(row, dict)]
        if not found or len(rows) >= body["count"]:
            break
        pause(0.2)
    return rows


def _page(url: str, start: date, end: date, page: int, pause: Callable[[float], None]) -> dict[str, Any]:
    form = {
        "limit": _PAGE_ROWS,
        "current": page,
        "pubDateStartTime": f"{start:%Y/%m/%d}",
        "pubDateEndTime": f"{end:%Y/%m/%d}",
        "prodPcatid": "",
        "prodCatid": "",
        "prodName": "",
    }
    for attempt in range(1, _TRIES + 1):
        try:
            return _post(url, form)
        except requests.RequestException as error:
            if attempt == _TRIES:
                raise FeedAway(type(error).__name__) from error
            pause(2.0**attempt)
    raise AssertionError("unreachable")


def _post(url: str, form: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 4 * _TIMEOUT_S
    with requests.post(url, data=form, timeout=_TIMEOUT_S, allow_redirects=False, stream=True) as answer:
        if answer.is_redirect or answer.status_code != 200:
            raise FeedAway(f"HTTP {answer.status_code}")
        body = b""
        for part in answer.iter_content(65_536):
            body += part
            if len(body) > _LARGEST_BYTES or time.monotonic() > deadline:
                raise FeedAway("too large or too slow")
    try:
        found = json.loads(body)
    except ValueError as error:
        raise FeedAway("not JSON") from error
    if not isinstance(found, dict):
        raise FeedAway("unknown form")
    return found
