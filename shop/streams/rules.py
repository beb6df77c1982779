"""Pure decisions about a stream: what comes next, what to warn of, how long a change may be taken back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

UNDO_SHOWN = timedelta(seconds=10)
# A press in the last of the ten seconds still has to travel.
_ON_THE_WAY = timedelta(seconds=3)

LARGEST_ALLOTMENT = 100_000
LARGEST_CAP = 999
HIGHEST_PRICE_FEN = 10_000_000
LONGEST_FLASH_MINUTES = 1_440
LONGEST_WATCH_URL = 500


class HasFlash(Protocol):
    """A live price in fen and, all three or none, another one for a while."""

    price_fen: int
    flash_price_fen: int | None
    flash_from: datetime | None
    flash_until: datetime | None


@dataclass(frozen=True)
class Flash:
    """A flash sale that runs (``is_on``) or comes; the price in fen."""

    price_fen: int
    begins: datetime
    ends: datetime
    is_on: bool


def flash_of(offer: HasFlash, now: datetime) -> Flash | None:
    """The flash sale of an offer, unless it is over: from its beginning, inclusive, to its end."""
    price_fen, begins, ends = offer.flash_price_fen, offer.flash_from, offer.flash_until
    if price_fen is None or begins is None or ends is None or ends <= now:
        return None
    return Flash(price_fen, begins, ends, is_on=begins <= now)


def price_at(offer: HasFlash, now: datetime) -> int:
    """What an offer costs at this moment, in fen: never more than its live price, also while a flash sale runs."""
    flash = flash_of(offer, now)
    return min(offer.price_fen, flash.price_fen) if flash and flash.is_on else offer.price_fen


def host_of(address: str) -> str:
    """The site of an https address, in small letters; empty where there is none."""
    try:
        parts = urlsplit(address)
        is_safe = parts.scheme == "https" and parts.username is None and parts.port is None
    except ValueError:
        return ""
    return (parts.hostname or "") if is_safe else ""


def is_watch_url(address: str) -> bool:
    """Whether an address may be linked from the live page: https, a whole name, nothing that hides where it leads."""
    host = host_of(address)
    is_plain = (
        address.startswith("https://")
        and address.isascii()
        and not any(sign in address for sign in " \"'<>\\")
        and address.isprintable()
    )
    return is_plain and len(address) <= LONGEST_WATCH_URL and "." in host.strip(".")


def passed(now: datetime, *moments: datetime | None) -> int:
    """How many of these moments are over."""
    return sum(moment is not None and moment <= now for moment in moments)


def next_to_show(sheet: Sequence[int], for_sale: Collection[int], on_air: int | None) -> int | None:
    """The offer that one press puts on air: the first on the run sheet after the present one that can still be sold."""
    start = sheet.index(on_air) + 1 if on_air in sheet else 0
    return next((offer for offer in sheet[start:] if offer in for_sale), None)


def may_be_undone(changed_at: datetime, now: datetime) -> bool:
    """Whether a change may still be taken back: for the ten seconds that the page offers it."""
    return now - changed_at <= UNDO_SHOWN + _ON_THE_WAY


def missing_stock(allotment: int, taken: int, free: int) -> int:
    """How many pieces of the allotment that are still to be sold are not in the house; zero when all are."""
    return max(0, allotment - taken - free)


def renumbered(sheet: Sequence[int], offer: int, place: int) -> list[int]:
    """The run sheet with ``offer`` at ``place`` (from 1); a place beyond the ends means the first or the last."""
    others = [other for other in sheet if other != offer]
    at = min(max(place, 1), len(sheet)) - 1
    return [*others[:at], offer, *others[at:]]
