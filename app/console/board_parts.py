"""The board as pieces of HTML: the page is put together from them, and a change sends the pieces that differ."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup

from app.console.board import Bar, Figures, OfferFigures
from app.console.board_chart import draw
from kernel.text import Locale, current_locale

# Macros of templates/console/board/parts.html, and which of them a page has a place for.
NAMES = (
    "headline",
    "five",
    "chart",
    "minutes",
    "offers",
    "wall_offers",
    "more",
    "alarms",
    "wall_alarms",
    "as_of",
    "terms",
    "money_line",
)
SHOWN_ON = {
    "board": frozenset({"headline", "five", "more", "alarms", "chart", "minutes", "offers", "as_of"}),
    "wall": frozenset({"headline", "five", "more", "wall_alarms", "chart", "wall_offers", "as_of"}),
    "control": frozenset({"money_line", "alarms", "as_of", "terms", "counts"}),
}

MOST_ON_THE_WALL = 8


def render_parts(app: Flask, figures: Figures, locale: Locale) -> dict[str, Markup]:
    """Every part of a stream's board in one language, by name; those of one offer carry its id."""
    settings = app.extensions["settings"]
    zone = settings.workshop_zone
    with app.test_request_context("/console/board", base_url=settings.public_url):
        chosen = current_locale.set(locale)
        try:
            words = {
                "now": figures.at,
                "figures": figures,
                "chart_of": draw(figures, zone),
                "for_wall": for_wall(figures.offers),
                "minute_rows": minute_rows(figures, zone),
                "as_of_time": f"{figures.at.astimezone(zone):%H:%M:%S}",
                "promised_by": f"{figures.promised_by.astimezone(zone):%m-%d %H:%M}",
                "next_due": f"{figures.next_due_at.astimezone(zone):%m-%d %H:%M}" if figures.next_due_at else "",
            }
            app.update_template_context(words)
            macros = app.jinja_env.get_template("console/board/parts.html").make_module(words)
            parts = {name: getattr(macros, name)() for name in NAMES}
            for offer in figures.offers:
                parts[f"counts-{offer.id}"] = macros.counts(offer)  # type: ignore[attr-defined]
            return parts
        finally:
            current_locale.reset(chosen)


def shown_on(page: str, parts: Mapping[str, Markup]) -> dict[str, Markup]:
    """The parts that a page has a place for: ``board``, ``wall`` or ``control``."""
    names = SHOWN_ON.get(page, SHOWN_ON["board"])
    return {name: html for name, html in parts.items() if name.partition("-")[0] in names}


def for_wall(offers: Sequence[OfferFigures], most: int = MOST_ON_THE_WALL) -> list[OfferFigures]:
    """The offers that the wall has room for: what is on air and what has least left, in the order of the run sheet."""
    wanted = sorted(offers, key=lambda offer: (not offer.is_on_air, not offer.is_open, offer.left))[:most]
    return sorted(wanted, key=lambda offer: offer.place)


def minute_rows(figures: Figures, zone: ZoneInfo) -> list[tuple[str, Bar, str]]:
    """The chart as a table, newest first: the minute, its figures, and what was on air in it."""
    window = figures.window
    if window is None:
        return []
    rows = [
        (f"{bar.start.astimezone(zone):%H:%M}", bar, _shown_in(figures, bar.start, bar.start + window.width))
        for bar in figures.bars
        if bar.start <= figures.at
    ]
    return rows[::-1]


def _shown_in(figures: Figures, start: datetime, end: datetime) -> str:
    """What was on air between two moments; what is on air now belongs to the minute that has just begun."""
    offers = [
        figures.offer(aired.offer_id)
        for aired in figures.aired
        if aired.since < end and (aired.until > start or aired.until == figures.at)
    ]
    return "、".join(f"{offer.place} {offer.title}" for offer in offers if offer)
