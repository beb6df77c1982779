"""When to ask where a parcel is, what its state means, and what has become work for a person. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kernel.text import Text

# The courier's interface locks numbers that are asked more often (domain-rules.md, "Couriers").
SHORTEST: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(days=1)
FIRST_LOOK: Final = timedelta(hours=1)
# After this nobody asks any more; the case "stuck" has been with the lead for long by then.
GIVE_UP: Final = timedelta(days=30)

ENDS: Final = ("delivered", "returned", "given_up")


@dataclass(frozen=True)
class StateWords:
    """A state in words, with the tone and icon of its badge."""

    word: Text
    tone: str
    shape: str


STATE_WORDS: Final[Mapping[str, StateWords]] = {
    "": StateWords(Text("快递还没有消息", "No news from the courier yet"), "plain", "clock"),
    "collected": StateWords(Text("快递收走了", "Collected"), "sky", "truck"),
    "moving": StateWords(Text("在路上", "On its way"), "sky", "truck"),
    "forwarded": StateWords(Text("转给别的快递送", "Passed on to another courier"), "sky", "truck"),
    "customs": StateWords(Text("在清关", "At customs"), "sky", "clock"),
    "delivering": StateWords(Text("正在派送", "Out for delivery"), "sky", "truck"),
    "to_pick_up": StateWords(Text("到驿站了，请去取", "Ready to be picked up"), "gold", "parcel"),
    "delivered": StateWords(Text("送到了", "Delivered"), "moss", "check"),
    "trouble": StateWords(Text("派送遇到问题", "Trouble on the way"), "gold", "alert"),
    "unreachable": StateWords(Text("快递联系不上收件人", "The courier could not reach the receiver"), "gold", "alert"),
    "address": StateWords(Text("地址有问题", "Something is wrong with the address"), "gold", "alert"),
    "refused": StateWords(Text("被拒收", "Refused"), "gold", "undo"),
    "returning": StateWords(Text("正在退回", "On its way back"), "gold", "undo"),
    "returned": StateWords(Text("退回工坊了", "Back at the workshop"), "plain", "undo"),
}

# In these states the parcel may change hands within the hour.
_SOON: Final = frozenset({"delivering"})
# State -> kind of case (cases/rules.py).
_CASE_OF: Final[Mapping[str, str]] = {
    "trouble": "trouble",
    "unreachable": "unreachable",
    "address": "address",
    "refused": "refused",
    "returning": "returning",
    "returned": "returned",
}
# Cases that a later state makes good by itself.
PASSING: Final = frozenset({"stuck", "trouble", "unreachable", "address", "track_failed"})


def end_of(state: str) -> str | None:
    """The end that a state is, or ``None`` while the parcel is under way."""
    return state if state in ("delivered", "returned") else None


def next_look(*, state: str, begun_at: datetime, now: datetime, failures: int = 0) -> datetime | None:
    """When to ask again, never within half an hour and slower as the parcel ages; ``None``: not any more."""
    age = now - begun_at
    if end_of(state) or age >= GIVE_UP:
        return None
    if failures:
        wait = SHORTEST * (1 << min(failures, 6))
    elif state in _SOON:
        wait = timedelta(hours=1)
    else:
        # A twelfth of its age: two hours on the first day, a day after twelve.
        wait = max(timedelta(hours=2), age / 12)
    return now + min(max(wait, SHORTEST), LONGEST)


def cases_of(state: str, *, news_at: datetime, now: datetime, stuck_after: timedelta) -> frozenset[str]:
    """The kinds of work that a parcel's state makes for the lead now."""
    found = {_CASE_OF[state]} if state in _CASE_OF else set()
    if not end_of(state) and now - news_at >= stuck_after:
        found.add("stuck")
    return frozenset(found)


def passed(state: str, open_kinds: frozenset[str], *, still: frozenset[str]) -> frozenset[str]:
    """Which open cases are over, now that the parcel has got further."""
    if end_of(state) == "delivered":
        return open_kinds & (PASSING | {"refused", "returning"})
    return open_kinds & PASSING - still


_PHONE = re.compile(r"(?<![0-9A-Za-z])\+?[0-9][0-9-]{5,}[0-9](?![0-9A-Za-z])")
_SIGNER = re.compile(r"(签收人|收件人|联系人|代收人)([:：是]\s*)[^\s，,。；;、]+")
_LONGEST_WORDS = 200


def clean_words(said: str) -> str:
    """A courier's line without phone numbers and the signer's name, on one line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in said[:1_000]).split())
    line = _SIGNER.sub(lambda found: f"{found[1]}{found[2]}***", _PHONE.sub("***", line))
    return line[:_LONGEST_WORDS]
