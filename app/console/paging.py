"""Lists page by page, by the key of the row to go on from: as fast on the last page as on the first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request, url_for
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel.errors import NotFound
from kernel.parse import FieldError, parse_count

Row = TypeVar("Row")
Key = TypeVar("Key")

PAGE = 50


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows with the newest first, and the addresses of the pages beside this one (empty where there is none)."""

    rows: Sequence[Row]
    newer_url: str = ""
    older_url: str = ""


@dataclass(frozen=True)
class Place(Generic[Key]):
    """Where a page begins: below a key, above a key, or at the top."""

    before: Key | None = None
    after: Key | None = None


def address(endpoint: str, query: Mapping[str, str]) -> str:
    """The address of a list with a search and a place in it."""
    return f"{url_for(endpoint)}?{urlencode(query)}" if query else url_for(endpoint)


def asked_place(read: Callable[[str], Key]) -> Place[Key]:
    """The place in the address (``?before=`` or ``?after=``); one that is no key is no page."""
    try:
        before, after = (read(request.args[name]) if name in request.args else None for name in ("before", "after"))
    except (ValueError, FieldError):
        raise NotFound("没有这一页。", "There is no such page.") from None
    return Place(before, after)


def read_number(raw: str) -> int:
    """A key that is a number."""
    return parse_count(raw, 1, 2**62)


def page_of(
    session: Session,
    wanted: Select[Row],
    key: InstrumentedAttribute[Any],
    place: Place[Any],
    url: Callable[[dict[str, str]], str],
    most: int = PAGE,
) -> Page[Row]:
    """A page of ``wanted``, newest first by ``key``; ``url`` makes the address of a page from its place."""
    backwards = place.after is not None
    if backwards:
        wanted = wanted.where(key > place.after).order_by(key)
    elif place.before is not None:
        wanted = wanted.where(key < place.before).order_by(key.desc())
    else:
        wanted = wanted.order_by(key.desc())
    found = list(session.scalars(wanted.limit(most + 1)))
    has_more = len(found) > most
    rows = found[:most][::-1] if backwards else found[:most]
    has_newer = has_more if backwards else place.before is not None
    has_older = True if backwards else has_more
    name = key.key
    return Page(
        rows,
        url({"after": str(getattr(rows[0], name))}) if rows and has_newer else "",
        url({"before": str(getattr(rows[-1], name))}) if rows and has_older else "",
    )
