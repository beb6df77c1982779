"""The words that pages about couriers use, and the couriers' desk of this installation."""

from collections.abc import Mapping
from typing import Any

from flask import current_app

from fulfillment.couriers.cases.rules import CHOSEN, KINDS, OUTCOMES
from fulfillment.couriers.desk import CourierDesk
from fulfillment.couriers.providers import REFUSALS, SHEET
from fulfillment.couriers.rules import CARRIERS
from fulfillment.couriers.tracking.rules import STATE_WORDS
from kernel.text import Text, t

# State of a waybill: word, tone and shape.
WAYBILL_WORDS: Mapping[str, tuple[Text, str, str]] = {
    "asked": (Text("等单号", "Waiting for its number"), "gold", "clock"),
    "issued": (Text("有单号了", "Issued"), "moss", "check"),
    "cancelling": (Text("正在取消", "Being cancelled"), "gold", "clock"),
    "cancelled": (Text("取消了", "Cancelled"), "plain", "close"),
    "failed": (Text("没办成", "Failed"), "live", "alert"),
}

# How merchants' lists call the zones of a courier; other codes are shown as they are.
ZONE_WORDS: Mapping[str, Text] = {
    "one": Text("一区", "Zone 1"),
    "two": Text("二区", "Zone 2"),
    "three": Text("三区", "Zone 3"),
    "four": Text("四区", "Zone 4"),
    "five": Text("五区", "Zone 5"),
    "xz": Text("西藏新疆", "Tibet, Xinjiang"),
    "A": Text("A 区", "Zone A"),
    "B": Text("B 区", "Zone B"),
    "C": Text("C 区", "Zone C"),
}


def courier_desk() -> CourierDesk:
    """How this workshop gets its waybills."""
    desk: CourierDesk = current_app.extensions["till"].couriers
    return desk


def carrier_choices(desk: CourierDesk) -> list[tuple[str, str]]:
    """Couriers to choose from, those that give numbers by themselves first, each with how its numbers come."""
    codes = sorted((code for code in CARRIERS if code != "OTHER"), key=lambda code: desk.way_of(code) == SHEET)
    return [(code, f"{CARRIERS[code]} · {way_words(desk, code)}") for code in codes]


def way_words(desk: CourierDesk, carrier: str) -> str:
    """How a courier's numbers come."""
    if desk.way_of(carrier) == SHEET:
        return t("用它的表格", "by its sheet")
    return t("自动取号", "by itself")


def words() -> dict[str, Any]:
    """What the templates of couriers may use besides the lead's own words."""
    return {
        "case_words": KINDS,
        "outcome_words": OUTCOMES,
        "outcomes": [(word, OUTCOMES[word]) for word in CHOSEN],
        "refusal_words": REFUSALS,
        "track_words": STATE_WORDS,
        "waybill_words": WAYBILL_WORDS,
        "zone_word": lambda zone: ZONE_WORDS.get(zone, zone),
    }
