"""Reading the forms of streams and offers: every field bounded, what was typed kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kernel.forms import Form
from kernel.parse import FieldError, clean_text, parse_local_minute
from shop.streams.models import Stream
from shop.streams.rules import HIGHEST_PRICE_FEN, LARGEST_ALLOTMENT, LARGEST_CAP, LONGEST_WATCH_URL, is_watch_url

LONGEST_POINTS = 500
LONGEST_MESSAGE = 80
_LONGEST_TITLE = 60
_HIGHEST_TARGET_FEN = 10_000_000_000
_LONGEST_HOLD_MINUTES = 1440
_LARGEST_ID = 2**62 - 1


@dataclass(frozen=True)
class Plan:
    """A stream as it is announced."""

    title_zh: str
    title_en: str
    starts_at: datetime
    hold_minutes: int
    watch_url: str
    target_fen: int | None


def read_plan(form: Form, zone: ZoneInfo) -> Plan:
    """Name, start and hold of a stream; an English name that was not given is the Chinese one."""
    title_zh = form.text("title_zh", longest=_LONGEST_TITLE)
    title_en = form.text("title_en", longest=_LONGEST_TITLE, required=False)
    starts_at = form.read("starts_at", lambda raw: parse_local_minute(raw, zone))
    hold_minutes = form.count("hold_minutes", 1, _LONGEST_HOLD_MINUTES)
    watch_url = form.read("watch_url", _read_watch_url) if "watch_url" in form.values else ""
    has_target = str(form.value("target")).strip() != ""
    target_fen = form.yuan("target", low_fen=1, high_fen=_HIGHEST_TARGET_FEN) if has_target else None
    form.check()
    return Plan(title_zh, title_en or title_zh, starts_at, hold_minutes, watch_url, target_fen)


def read_points(form: Form) -> str:
    """What to say of an offer; lines are kept."""
    return form.text("points", longest=LONGEST_POINTS, required=False, lines=True)


def _read_watch_url(raw: object) -> str:
    address = clean_text(raw, LONGEST_WATCH_URL, required=False)
    if address and not is_watch_url(address):
        raise FieldError(
            "请把直播间的网址整个贴过来，https:// 开头。", "Paste the stream's whole address; it begins with https://."
        )
    return address


def plan_form(stream: Stream, zone: ZoneInfo) -> Form:
    """A stream's plan as a form shows it."""
    return Form(
        {
            "title_zh": stream.title_zh,
            "title_en": stream.title_en,
            "starts_at": f"{stream.starts_at.astimezone(zone):%Y-%m-%dT%H:%M}",
            "hold_minutes": stream.hold_minutes,
            "watch_url": stream.watch_url,
            "target": "" if stream.target_fen is None else f"{stream.target_fen / 100:.2f}",
        }
    )


def read_terms(form: Form) -> dict[str, Any]:
    """The terms that a form has fields for, under their names in the tables; fields that are not there stay as they are."""
    terms: dict[str, Any] = {}
    if "price" in form.values:
        terms["price_fen"] = form.yuan("price", low_fen=1, high_fen=HIGHEST_PRICE_FEN)
    if "list_price" in form.values:
        terms["list_price_fen"] = form.yuan("list_price", low_fen=1, high_fen=HIGHEST_PRICE_FEN)
    if "allotment" in form.values:
        terms["allotment"] = form.count("allotment", 0, LARGEST_ALLOTMENT)
    if "cap" in form.values:
        terms["cap_per_buyer"] = form.count("cap", 1, LARGEST_CAP) if form.value("cap") != "" else None
    if "state" in form.values:
        terms["state"] = form.choice("state", ("open", "closed"))
    _check_list_price(form, terms)
    form.check()
    return terms


def _check_list_price(form: Form, terms: dict[str, Any]) -> None:
    price_fen, list_price_fen = terms.get("price_fen"), terms.get("list_price_fen")
    if price_fen is not None and list_price_fen is not None and list_price_fen < price_fen:
        form.refuse(
            "list_price",
            "原价不能低于直播价。没有折扣就填一样的价。",
            "The list price cannot be below the live price. Without a discount give the same price.",
        )


def terms_form(
    price_fen: int, list_price_fen: int, allotment: int, cap_per_buyer: int | None, terms_revision: int = 0
) -> Form:
    """An offer's terms as a form shows them."""
    return Form(
        {
            "price": f"{price_fen / 100:.2f}",
            "list_price": f"{list_price_fen / 100:.2f}",
            "allotment": allotment,
            "cap": "" if cap_per_buyer is None else cap_per_buyer,
            "seen": terms_revision,
        }
    )


def read_id(form: Form, name: str) -> int:
    """The id of something that the form refers to."""
    return form.count(name, 1, _LARGEST_ID)


def read_seen(form: Form) -> int:
    """The revision of the terms that the page was made with."""
    return form.count("seen", 0, _LARGEST_ID)
