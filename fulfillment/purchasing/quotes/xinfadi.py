"""Xinfadi's price feed: its rows read, and one polite pass over HTTP, bounded in time, pages and bytes.

Form ``limit, current, pubDateStartTime, pubDateEndTime, prodPcatid, prodCatid, prodName``; the answer holds ``count``
and ``list``, with prices as strings in yuan per ``unitInfo`` (source: public clients of the feed, domain-rules.md).
"""

import json
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from fulfillment.purchasing.quotes.price_file import (
    LARGEST_BYTES,
    ReadRows,
    cell_day,
    cell_price,
    cell_text,
)
from fulfillment.purchasing.quotes.rules import Prices, QuoteRow, quote_row
from kernel.errors import Unavailable
from kernel.sheets import CellError, FileUnreadable
from kernel.text import Text

MARKET = "北京新发地"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def read_rows(rows: Iterable[object], today: date) -> ReadRows:
    """The feed's rows; unknown fields are ignored, and a row that came twice counts once."""
    found = ReadRows()
    for number, row in enumerate(rows, 1):
        try:
            found.keep(_read_row(row, today))
        except CellError as error:
            found.refuse(number, error)
    return found


def _read_row(row: object, today: date) -> QuoteRow:
    if not isinstance(row, Mapping):
        raise CellError("", Text("这一行不是一条记录。", "This row is no record."))
    name = cell_text("prodName", row.get("prodName"))
    spec = cell_text("specInfo", row.get("specInfo") or "", required=False)
    place = cell_text("place", row.get("place") or "", required=False)
    unit = cell_text("unitInfo", row.get("unitInfo"))
    day = cell_day("pubDate", str(row.get("pubDate") or "")[:10], today)
    low, mid, high = (cell_price(key, str(row.get(key) or "")) for key in ("lowPrice", "avgPrice", "highPrice"))
    prices = Prices(low, mid, high)
    if not prices.makes_sense:
        raise CellError(
            "avgPrice", Text("均价不在最低价和最高价之间。", "The average is not between the low and the high.")
        )
    full_name = f"{name}({spec})" if spec else name
    return quote_row(
        source_key=f"{full_name}|{unit}|{place}|{day}",
        market=MARKET,
        name=full_name,
        form="",
        grade="",
        day=day,
        prices=prices,
        unit=f"元/{unit}",
    )


def rows_of_file(raw: bytes) -> list[object]:
    """The rows of a saved answer: one answer, a list of rows, or pages of answers.

    Raises:
        FileUnreadable: too large, not JSON, or not of these forms.
    """
    try:
        body = json.loads(raw) if len(raw) <= LARGEST_BYTES else None
    except (ValueError, RecursionError):
        body = None
    pages = body.get("pages") if isinstance(body, dict) else None
    answers = pages if isinstance(pages, list) else [body]
    lists = [_list_of(answer) for answer in answers]
    if not lists or None in lists:
        raise FileUnreadable("这不是新发地行情的 JSON 文件。", "This is no JSON file of Xinfadi prices.")
    return [row for rows in lists if rows for row in rows]


def _list_of(answer: object) -> list[object] | None:
    if isinstance(answer, dict):
        answer = answer.get("response", answer)
    if isinstance(answer, dict):
        answer = answer.get("list")
    return answer if isinstance(answer, list) else None


class FeedAway(Unavailable):
    """The feed does not answer as it should; quotes that are there stay, and prices can be typed in."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"新发地行情现在取不到（{reason}）。已有的行情不变，也可以手工录入。",
            f"The Xinfadi feed is not usable now ({reason}). Earlier quotes stay; you can type prices in.",
            code="feed_away",
        )
        self.reason = reason


@dataclass(frozen=True)
class Limits:
    """How long and how much we take from somebody else's server."""

    connect_s: float = 3.0
    read_s: float = 5.0
    total_s: float = 40.0
    largest_bytes: int = 3_000_000
    page_rows: int = 100
    most_pages: int = 60
    tries: int = 3
    between_pages_s: float = 0.3


LIMITS = Limits()


class Feed:
    """The feed at one address. ``pause`` and ``clock`` are handed in so that tests need not wait."""

    def __init__(
        self,
        url: str,
        limits: Limits = LIMITS,
        *,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self.limits = limits
        self._pause = pause
        self._clock = clock

    def rows(self, first: date, last: date) -> list[object]:
        """Every row from ``first`` to ``last``.

        Raises:
            FeedAway: no answer in time, a redirect, too large, or not the form that is known.
        """
        _refuse_inside(self.url)
        rows: list[object] = []
        deadline = self._clock() + self.limits.total_s
        for page in range(1, self.limits.most_pages + 1):
            body = self._page(first, last, page, deadline)
            found, count = body.get("list"), body.get("count")
            if not isinstance(found, list) or not isinstance(count, int):
                raise FeedAway("unknown form")
            rows += found
            if not found or len(rows) >= count:
                return rows
            self._pause(self.limits.between_pages_s)
        raise FeedAway("too many pages")

    def _page(self, first: date, last: date, page: int, deadline: float) -> dict[str, Any]:
        form = {
            "limit": self.limits.page_rows,
            "current": page,
            "pubDateStartTime": f"{first:%Y/%m/%d}",
            "pubDateEndTime": f"{last:%Y/%m/%d}",
            "prodPcatid": "",
            "prodCatid": "",
            "prodName": "",
        }
        attempt = 1
        while True:
            try:
                return _as_object(self._post(form, deadline))
            except (requests.RequestException, HTTPError, _TryAgain) as error:
                if attempt == self.limits.tries:
                    raise FeedAway(str(error) if isinstance(error, _TryAgain) else type(error).__name__) from error
            self._pause(2.0**attempt)
            attempt += 1

    def _post(self, form: dict[str, Any], deadline: float) -> bytes:
        """One answer's body, read piece by piece, so that a slow or endless one is dropped in time."""
        with requests.Session() as session:
            # No proxy passwords or .netrc of this machine go to somebody else's server.
            session.trust_env = False
            # Packed answers could unpack to anything, so none are asked for. Whoever reads their log sees who we are.
            session.headers.update({"Accept-Encoding": "identity", "User-Agent": "Gongfang, a workshop's daily look"})
            with session.post(
                self.url,
                data=form,
                timeout=(self.limits.connect_s, self.limits.read_s),
                allow_redirects=False,
                stream=True,
            ) as answer:
                _check(answer)
                body = b""
                while part := answer.raw.read1(65_536):
                    body += part
                    if len(body) > self.limits.largest_bytes:
                        raise FeedAway("too large")
                    if self._clock() > deadline:
                        raise FeedAway("too slow")
        return body


def _refuse_inside(url: str) -> None:
    """No address inside somebody's network is asked, under whatever name; loopback is the sandbox (not in production)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FeedAway("address")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise FeedAway("no such address") from error
    for place in {ip_address(str(entry[4][0]).partition("%")[0]) for entry in found}:
        if not (place.is_global or (place.is_loopback and parts.hostname in _LOOPBACK)):
            raise FeedAway("address inside the network")


class _TryAgain(Exception):
    """The server says that it is busy; a later try may do better."""


def _check(answer: requests.Response) -> None:
    if answer.status_code in (429, 500, 502, 503, 504):
        raise _TryAgain(f"HTTP {answer.status_code}")
    if answer.status_code != 200:
        raise FeedAway(f"HTTP {answer.status_code}")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise FeedAway("packed")


def _as_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FeedAway("not JSON") from error
    if not isinstance(found, dict):
        raise FeedAway("unknown form")
    return found
