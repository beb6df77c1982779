"""Reads what a device sends: a list of actions, each with its key. Bounds are stated; nothing else is believed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from json import dumps
from typing import Final

from fulfillment.bench.queue_models import GIVE_BACK, KINDS, REST, SCAN, UNDO
from fulfillment.packing.states import PERSON_TROUBLES, TROUBLES
from kernel.errors import Invalid
from kernel.parse import FieldError, clean_text, parse_count
from kernel.text import Text

MOST_ACTIONS: Final = 100
LONGEST_BODY: Final = 128_000
_LARGEST_ID: Final = 2**62
_LARGEST_MS: Final = 2**53
_LONGEST_CODE: Final = 60
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


@dataclass(frozen=True)
class Action:
    """One press or scan.

    ``task_id`` is empty for a scan, which names its parcel by ``detail`` and knows the card that was shown, for an undo,
    and for a rest with empty hands. ``detail`` is the code, the reason, or the key of the "done" that is taken back.
    """

    key: str
    place: int
    kind: str
    task_id: int | None
    card: int | None
    detail: str
    age_ms: int
    device_time: datetime | None

    @property
    def content_hash(self) -> str:
        """Tells a repeat from another wish under the same key. Ages and clocks differ between repeats."""
        return sha256(dumps([self.kind, self.task_id, self.card, self.detail]).encode()).hexdigest()


def read_actions(body: object) -> tuple[list[Action], list[str]]:
    """The actions in the device's order, and the keys of those that make no sense.

    Raises:
        Invalid: the body is no list of at most ``MOST_ACTIONS`` actions.
    """
    listed = body.get("actions") if isinstance(body, Mapping) else None
    if not isinstance(listed, list) or len(listed) > MOST_ACTIONS:
        raise Invalid(
            "这个内容看不懂。", "This cannot be read.", fields={"actions": Text("最多 100 条", "At most 100 of them")}
        )
    read, odd = [], []
    for raw in listed:
        key = raw.get("key") if isinstance(raw, Mapping) else None
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise Invalid(
                "这个内容看不懂。", "This cannot be read.", fields={"key": Text("要有编号", "A key is needed")}
            )
        try:
            read.append(_action(key, raw))
        except FieldError:
            odd.append(key)
    return sorted(read, key=lambda action: action.place), odd


def _action(key: str, raw: Mapping[str, object]) -> Action:
    kind = raw.get("kind")
    if kind not in KINDS:
        raise FieldError("没有这种动作。", "There is no such action.")
    return Action(
        key=key,
        place=parse_count(raw.get("seq"), 0, _LARGEST_ID),
        kind=str(kind),
        task_id=None if kind in (SCAN, UNDO, REST) else parse_count(raw.get("task"), 1, _LARGEST_ID),
        card=_count_or_none(raw.get("card"), _LARGEST_ID) if kind == SCAN else None,
        detail=_detail(str(kind), raw),
        age_ms=parse_count(raw.get("age_ms"), 0, _LARGEST_MS),
        device_time=_time_or_none(raw.get("device_ms")),
    )


def _detail(kind: str, raw: Mapping[str, object]) -> str:
    if kind == SCAN:
        return clean_text(raw.get("code"), _LONGEST_CODE)
    if kind in (GIVE_BACK, REST):
        reason = raw.get("reason")
        if reason not in (PERSON_TROUBLES if kind == REST else TROUBLES):
            raise FieldError("没有这个原因。", "There is no such reason.")
        return str(reason)
    if kind == UNDO:
        of = raw.get("of")
        if not isinstance(of, str) or not _KEY.fullmatch(of):
            raise FieldError("要说明撤回哪一条。", "Say which one is taken back.")
        return of
    return ""


def _count_or_none(raw: object, most: int) -> int | None:
    return None if raw is None else parse_count(raw, 1, most)


def _time_or_none(raw: object) -> datetime | None:
    """What the device's clock said, as a note; a clock beyond all years is not noted."""
    try:
        return datetime.fromtimestamp(parse_count(raw, 0, 32_503_680_000_000) / 1000, UTC)
    except FieldError:
        return None
