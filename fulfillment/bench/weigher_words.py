"""What the weigher's pages share: the words of their templates, the day, ids within bounds, one key a form."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from secrets import token_urlsafe
from typing import Any

from flask import g, request

from fulfillment.labels.rules import mask_phone
from fulfillment.purchasing.asking.rules import CAUSES
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.rules import pinyin_initials
from fulfillment.purchasing.quotes.rules import Kind, spoken_reason
from fulfillment.purchasing.quotes.service import MANUAL, XINFADI
from kernel.clock import local_day
from kernel.errors import NotFound
from kernel.http import setting, transaction, utc_now
from kernel.text import Text, t

SOURCE_WORDS: Mapping[str, Text] = {
    MANUAL: Text("人工录入", "by hand"),
    XINFADI: Text("新发地网站", "Xinfadi"),
}
FORM_WORDS: Mapping[str, Text] = {"dry": Text("干", "dry"), "fresh": Text("鲜", "fresh")}


def today() -> date:
    """The calendar day where the workshop stands."""
    return local_day(utc_now(), setting("workshop_zone"))


def bounded(number: int) -> int:
    """An id from the address line; one that no table can hold is not there."""
    if number >= 2**62:
        raise NotFound
    return number


def typed_key() -> str:
    """The form's key; a form without a usable one gets a new one, and is then worked out before it is written."""
    key = request.form.get("key", "")
    return key if 8 <= len(key) <= 80 and key.isascii() and key.isprintable() else token_urlsafe(18)


def cause_options() -> list[tuple[str, str]]:
    """Why goods go home again, to choose from."""
    return [(name, str(cause.why)) for name, cause in CAUSES.items()]


def words() -> dict[str, Callable[..., Any] | Mapping[str, Any]]:
    """What every template of the weigher may use."""
    return {
        "form_words": FORM_WORDS,
        "initials_of": pinyin_initials,
        "mask_phone": mask_phone,
        "percent": percent_words,
        "said_day": said_day,
        "source_words": SOURCE_WORDS,
        "title_of": title_of,
        "why_words": spoken_reason,
    }


def percent_words(bps: int) -> str:
    """``1250`` as ``"12.5"``."""
    return f"{bps / 100:.2f}".rstrip("0").rstrip(".")


def said_day(day: date) -> str:
    """Today and yesterday in words, other days as a date."""
    known = {today(): t("今天", "today"), today() - timedelta(days=1): t("昨天", "yesterday")}
    return known.get(day, day.isoformat())


def title_of(product: str) -> Text:
    """A product's name in words; the slug itself for one that the shop does not list."""
    if "product_titles" not in g:
        with transaction() as session:
            g.product_titles = {slug: found.title for slug, found in growers.product_titles(session).items()}
    title: Text = g.product_titles.get(product, Text(product, product))
    return title


def kind_words(kind: Kind) -> str:
    """A product and its grade, the way people say it."""
    return f"{title_of(kind.product)} · {kind.grade}"
