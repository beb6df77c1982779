"""Lists page by page, in an order that is asked for, by the key of the row to go on from.

The last page is as fast as the first, and an address holds the key of a row, never what is written in it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel.db import Database
from kernel.errors import NotFound
from kernel.forms import Form
from kernel.parse import FieldError, parse_count
from kernel.text import Text

Row = TypeVar("Row")
Key = TypeVar("Key")

PAGE: Final = 50
_CHUNK: Final = 500


@dataclass(frozen=True)
class Sorting:
    """An order of a list: by a value of its rows (never NULL), among equals by the list's key; ``is_down``: the greatest first."""

    said: Text
    value: ColumnElement[Any] | InstrumentedAttribute[Any]
    is_down: bool = True


# Orders of a list by the name that stands in the address; "" is the usual one.
Sortings = Mapping[str, Sorting]


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows in their order, and the addresses of the pages beside this one (empty where there is none)."""

    rows: Sequence[Row]
    previous_url: str = ""
    next_url: str = ""


@dataclass(frozen=True)
class Place(Generic[Key]):
    """Where a page begins: beside the row with a key, on the side of the lesser values or of the greater ones, or at the top."""

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


def asked_order(form: Form, sortings: Sortings) -> str:
    """The name of the order in the address (``?order=``); a word that is none is marked at its field."""
    return form.choice("order", tuple(sortings)) if "order" in form.values else ""


@dataclass(frozen=True)
class Asked:
    """What is looked for in a list that has one search field, and in what order."""

    endpoint: str
    words: str = ""
    order: str = ""

    def as_query(self) -> dict[str, str]:
        """The search as the query of an address."""
        return {name: value for name, value in {"q": self.words, "order": self.order}.items() if value}

    def url(self, place: Mapping[str, str]) -> str:
        """The address of the list with this search and a place in it."""
        return address(self.endpoint, {**self.as_query(), **place})

    def in_order(self, order: str) -> str:
        """The address of the same search in another order, from the top."""
        return replace(self, order=order).url({})


def asked_for(form: Form, endpoint: str, sortings: Sortings) -> Asked:
    """The search in the address; of nonsense nothing is searched, and the field says why."""
    order = form.value("order")
    words = form.text("q", longest=60, required=False) or ""
    return Asked(endpoint, words, str(order) if order in sortings else "")


def read_number(raw: str) -> int:
    """A key that is a number."""
    return parse_count(raw, 1, 2**62)


def page_of(
    session: Session,
    wanted: Select[Row],
    key: InstrumentedAttribute[Any],
    sorting: Sorting,
    place: Place[Any],
    url: Callable[[dict[str, str]], str],
    most: int = PAGE,
) -> Page[Row]:
    """A page of ``wanted`` in an order; ``url`` makes the address of a page from its place.

    Raises:
        NotFound: the row that the page lies beside is not there.
    """
    onward, back = ("before", "after") if sorting.is_down else ("after", "before")
    is_back = getattr(place, back) is not None
    beside = place.before if place.before is not None else place.after
    at = None if beside is None else _values_of(session, key, sorting, beside)
    found = session.scalars(_beside(wanted, key, sorting, at, is_back=is_back).limit(most + 1)).all()
    has_more = len(found) > most
    rows = found[:most][::-1] if is_back else found[:most]
    has_previous = has_more if is_back else beside is not None
    has_next = True if is_back else has_more
    name = key.key
    return Page(
        rows,
        url({back: str(getattr(rows[0], name))}) if rows and has_previous else "",
        url({onward: str(getattr(rows[-1], name))}) if rows and has_next else "",
    )


def every(database: Database, wanted: Select[Row], key: InstrumentedAttribute[Any], sorting: Sorting) -> Iterator[Row]:
    """All rows in an order, a few hundred to a transaction, for an export of any length."""
    at: Sequence[object] | None = None
    while True:
        chunk = _beside(wanted.add_columns(*_values(key, sorting)), key, sorting, at, is_back=False).limit(_CHUNK)
        with database.transaction() as session:
            found = session.execute(chunk).all()
        yield from (row[0] for row in found)
        if len(found) < _CHUNK:
            return
        at = found[-1][1:]


def _values(key: InstrumentedAttribute[Any], sorting: Sorting) -> list[Any]:
    return [key] if sorting.value is key else [sorting.value, key]


def _values_of(session: Session, key: InstrumentedAttribute[Any], sorting: Sorting, beside: object) -> Sequence[object]:
    """Read anew: the row may no longer match the search, and what is written in it must not stand in the address."""
    if sorting.value is key:
        return (beside,)
    at = session.execute(select(*_values(key, sorting)).where(key == beside)).one_or_none()
    if at is None:
        raise NotFound("没有这一页。", "There is no such page.")
    return at


def _beside(
    wanted: Select[Any],
    key: InstrumentedAttribute[Any],
    sorting: Sorting,
    at: Sequence[object] | None,
    *,
    is_back: bool,
) -> Select[Any]:
    """Rows beyond one with these values, nearest first; from the top without one."""
    values = _values(key, sorting)
    falls = sorting.is_down != is_back
    if at is not None:
        here = tuple_(*values)
        wanted = wanted.where(here < tuple(at) if falls else here > tuple(at))
    return wanted.order_by(*(value.desc() if falls else value.asc() for value in values))
