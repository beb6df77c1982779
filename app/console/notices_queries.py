"""Finding messages: by state, by order, by whom they went to, or by their words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from app.console.paging import Sorting, Sortings
from kernel.notices.models import Notice
from kernel.notices.rules import EMAIL, FAILED, SENT, SMS, WAITING, can_receive, masked
from kernel.text import Text

# Words are looked for in the messages of so many days; an order or a recipient in all of them.
WORDS_WITHIN: Final = timedelta(days=30)
MOST_COUNTED: Final = 1_000

_ORDER_NUMBER = re.compile(r"[A-Za-z][0-9]{6}-[0-9A-Za-z]{8}", re.ASCII)

ORDERS: Sortings = {
    "": Sorting(Text("新的在前", "Newest first"), Notice.at),
    "oldest": Sorting(Text("旧的在前", "Oldest first"), Notice.at, is_down=False),
}


@dataclass(frozen=True)
class NoticeSearch:
    """What to look for; everything empty finds all."""

    words: str = ""
    state: str = ""
    order: str = ""

    def as_query(self) -> dict[str, str]:
        """The search as the query of an address."""
        asked = {"q": self.words, "state": self.state, "order": self.order}
        return {name: value for name, value in asked.items() if value}

    @property
    def is_by_words(self) -> bool:
        """Whether only the last days are looked through."""
        return bool(self.words) and not _ORDER_NUMBER.fullmatch(self.words) and not _recipients(self.words)


def find_notices(search: NoticeSearch, now: datetime) -> Select[Notice]:
    """Messages that match, for ``paging``."""
    wanted = select(Notice)
    if search.state:
        wanted = wanted.where(Notice.state == search.state)
    return wanted.where(*_matches(search, now)) if search.words else wanted


def _matches(search: NoticeSearch, now: datetime) -> list[ColumnElement[bool]]:
    if _ORDER_NUMBER.fullmatch(search.words):
        return [Notice.subject == f"order:{search.words.upper()}"]
    if recipients := _recipients(search.words):
        return [Notice.recipient.in_(recipients)]
    columns = (Notice.title, Notice.body, Notice.problem)
    said = or_(*(column.icontains(search.words, autoescape=True) for column in columns))
    return [Notice.at > now - WORDS_WITHIN, said]


def _recipients(words: str) -> list[str]:
    """A whole phone number or address as it is written while a message waits, and afterwards; else none."""
    return [each for channel in (SMS, EMAIL) if can_receive(channel, words) for each in (words, masked(channel, words))]


def open_counts(session: Session) -> Mapping[str, int]:
    """How many wait and how many could not be sent, each counted up to ``MOST_COUNTED``."""
    counts = {}
    for state in (WAITING, FAILED):
        some = select(Notice.id).where(Notice.state == state, Notice.state != SENT).limit(MOST_COUNTED).subquery()
        counts[state] = session.scalar(select(func.count()).select_from(some)) or 0
    return counts
