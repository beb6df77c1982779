"""The board's figures of each stream, counted at most twice a second in a process, however many screens look.

There is no thread of its own: whoever looks and finds the figures old counts them, and everybody else gets the same.
Between two counts the database is asked whether anything was written at all; if not, the figures are still true.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from time import monotonic
from zoneinfo import ZoneInfo

from markupsafe import Markup

from app.console.board import Figures, count_figures, read_marker
from kernel.db import Database
from kernel.errors import NotFound
from kernel.text import Locale

FRESH_FOR_S = 0.5
# After a count that took long (a stream of 100,000 orders), nine times as long is rested: a tenth of the time at most.
REST_AFTER_COUNT = 9
# Time alone moves the chart and makes parcels late.
COUNT_AGAIN_AFTER_S = 5.0

Parts = dict[str, Markup]
Renderer = Callable[[Figures, Locale], Parts]


@dataclass(frozen=True)
class Shown:
    """Figures and their pieces of HTML in one language, by name."""

    figures: Figures
    parts: Parts


@dataclass(frozen=True)
class _Kept:
    """Figures and what was rendered from them; the times are on the monotonic clock."""

    figures: Figures
    rendered: dict[Locale, Parts]
    counted_at: float
    looked_at: float
    rest_s: float


class BoardShelf:
    """Counts and keeps the boards of one process."""

    def __init__(self, database: Database, zone: ZoneInfo, render: Renderer, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._zone = zone
        self._render = render
        self._clock = clock
        self._kept: dict[int, _Kept] = {}
        self._lock = Lock()
        # How often the figures were counted, for those who want to know what a board costs.
        self.counts = 0

    def look(self, stream_id: int, locale: Locale) -> Shown:
        """The board of a stream, at most half a second behind.

        Raises:
            NotFound: there is no such stream.
        """
        kept = self._fresh(stream_id)
        with self._lock:
            kept = kept or self._fresh(stream_id) or self._renew(stream_id)
            if locale not in kept.rendered:
                kept.rendered[locale] = self._render(kept.figures, locale)
            return Shown(kept.figures, kept.rendered[locale])

    def _fresh(self, stream_id: int) -> _Kept | None:
        kept = self._kept.get(stream_id)
        return kept if kept and monotonic() - kept.looked_at < kept.rest_s else None

    def _renew(self, stream_id: int) -> _Kept:
        kept = self._kept.get(stream_id)
        is_young = kept is not None and monotonic() - kept.counted_at < COUNT_AGAIN_AFTER_S
        if kept and is_young and self._is_unchanged(kept):
            kept = replace(kept, looked_at=monotonic())
        else:
            kept = self._count(stream_id)
        self._kept[stream_id] = kept
        return kept

    def _is_unchanged(self, kept: _Kept) -> bool:
        with self._database.transaction() as session:
            return read_marker(session) == kept.figures.marker

    def _count(self, stream_id: int) -> _Kept:
        self.counts += 1
        began = monotonic()
        with self._database.transaction() as session:
            figures = count_figures(session, stream_id, self._clock(), self._zone)
        if figures is None:
            raise NotFound("没有这场直播。", "There is no such stream.")
        ended = monotonic()
        return _Kept(figures, {}, ended, ended, max(FRESH_FOR_S, REST_AFTER_COUNT * (ended - began)))
