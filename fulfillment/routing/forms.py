"""A day to plan, read from JSON (docs: the form of `gongfang plan-work`); every field is bounded, every error names its field."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from fulfillment.routing.day import Day, Person, Task, Weights, in_order
from kernel.errors import Invalid
from kernel.json_in import read_object
from kernel.parse import FieldError, parse_count
from kernel.text import Text

LARGEST_DAY_BYTES: Final = 20_000_000
_CASE = Text(
    "请从标准输入给一个 JSON 对象，最大 20 MB。",
    "Give one JSON object on standard input, of at most 20 MB: now, tasks, packers, max_batch.",
)
# The largest batch where nobody says.
DEFAULT_BATCH: Final = 8
_MOST_TASKS, _MOST_PEOPLE, _MOST_BATCH = 20_000, 1_000, 1_000
_MOST_MINUTES = Decimal(24 * 60)
_MOST_HOURS_WORKED = Decimal(744)  # a month of 31 days, day and night
_MOST_FEN = _MOST_G = 10**9
_SECOND = timedelta(seconds=1)
# Nobody is there longer without going home; a longer time is a wrong date.
_LONGEST_STAY_S = 7 * 24 * 3600
_FURTHEST = timedelta(days=3660)
_LONGEST_ID, _LONGEST_MIX, _MOST_WORDS = 200, 5_000, 50
_MOST_TOLD = 20
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class DayForm:
    """The day, and what an answer in its own terms needs: its ``now``, and the ids as they were written."""

    day: Day
    now: datetime
    task_ids: Mapping[str, object]
    packer_ids: Mapping[str, object]

    def at(self, second: int) -> str:
        """A moment of the day as it is written in the answer: ISO 8601 in the zone of ``now``."""
        return (self.now + timedelta(seconds=second)).isoformat()


def read_day(body: bytes, weights: Weights) -> DayForm:
    """The day of a JSON text.

    Raises:
        Invalid: naming each field that cannot be used (the first 20 of them).
    """
    top = _Fields(read_object(body, LARGEST_DAY_BYTES, _CASE))
    now = top.read("now", _moment) or _ANY_TIME
    reader = _DayReader(now, top.read("max_batch", _batch, DEFAULT_BATCH), top.read("max_batch_g", _grams, _MOST_G))
    tasks = [reader.task(fields) for fields in top.rows("tasks", _MOST_TASKS)]
    people = [reader.person(fields) for fields in top.rows("packers", _MOST_PEOPLE)]
    nobody: dict[str, list[str]] = {}
    before = top.read("before", _before, nobody)
    top.check()
    return DayForm(Day(in_order(tasks), people, weights, before), now, reader.task_ids, reader.packer_ids)


class _Fields:
    """The fields of one JSON object; complaints of all objects are kept together, under their full names."""

    def __init__(self, values: Mapping[str, object], path: str = "", complaints: dict[str, Text] | None = None) -> None:
        self._values = values
        self._path = path
        self._complaints: dict[str, Text] = {} if complaints is None else complaints

    def read(self, name: str, reader: Callable[[object], Value], default: Value | None = None) -> Value:
        """One field; with a default it may be left out or ``null``. One that is refused is ``default`` or ``None``."""
        raw = self._values.get(name)
        if raw is None and default is not None:
            return default
        try:
            return reader(raw)
        except FieldError as error:
            self.refuse(name, error.text.zh, error.text.en)
            # Nobody plans with it: check() raises.
            return default  # type: ignore[return-value]

    def refuse(self, name: str, zh: str, en: str) -> None:
        """Complain about a field; the first complaint stays."""
        self._complaints.setdefault(f"{self._path}{name}", Text(zh, en))

    def rows(self, name: str, most: int) -> "Iterator[_Fields]":
        """The objects of a list, each with its own fields."""
        for place, row in enumerate(self.read(name, lambda raw: _list(raw, most)) or []):
            if isinstance(row, dict):
                yield _Fields(row, f"{name}[{place}].", self._complaints)
            else:
                self.refuse(f"{name}[{place}]", "要一个对象。", "An object is needed.")

    def check(self) -> None:
        """Raise ``Invalid`` when anything was refused."""
        if self._complaints:
            told = dict(list(self._complaints.items())[:_MOST_TOLD])
            raise Invalid("这些地方要改一下：", "These fields need another look:", fields=told)


class _DayReader:
    """Reads tasks and people; ids are unique among each."""

    def __init__(self, now: datetime, most_tasks: int, most_g: int) -> None:
        self._now = now
        self._most_tasks = most_tasks
        self._most_g = most_g
        self.task_ids: dict[str, object] = {}
        self.packer_ids: dict[str, object] = {}

    def task(self, fields: _Fields) -> Task:
        """One task; its place in the day is found later."""
        return Task(
            id=_new_id(fields, self.task_ids),
            place=0,
            due_s=self._second(fields, "due"),
            work_s=fields.read("minutes", _work) or 0,
            rate_fen=fields.read("rate_fen", _fen) or 0,
            needs=fields.read("needs", _words, frozenset()),
            mix=fields.read("sku_mix", _mix, ""),
            weight_g=fields.read("weight_g", _grams, 0),
        )

    def person(self, fields: _Fields) -> Person:
        """One person; the time before now is over."""
        start_s, end_s = self._second(fields, "from"), self._second(fields, "until")
        if end_s < start_s:
            fields.refuse("until", "离开的时间早于来的时间。", "This is before the time in `from`.")
        elif end_s - start_s > _LONGEST_STAY_S:
            fields.refuse("until", "没有人一次待七天以上。", "Nobody stays for more than seven days.")
        return Person(
            id=_new_id(fields, self.packer_ids),
            start_s=max(0, start_s),
            end_s=end_s,
            abilities=fields.read("abilities", _words, frozenset()),
            earned_fen=fields.read("earned_fen", _fen, 0),
            worked_s=fields.read("hours_worked", _worked, 0),
            priority=fields.read("priority", lambda raw: _whole(raw, 0, 2), 0),
            most_tasks=min(self._most_tasks, fields.read("max_batch", _batch, self._most_tasks)),
            most_g=min(self._most_g, fields.read("max_batch_g", _grams, self._most_g)),
        )

    def _second(self, fields: _Fields, name: str) -> int:
        """Whole seconds from now, rounded so that a deadline or an end is never later, a beginning never earlier."""
        away = (fields.read(name, _moment) or self._now) - self._now
        if abs(away) > _FURTHEST:
            fields.refuse(name, "离现在十年以上，请看看日期。", "More than ten years from now; look at the date.")
        return -(-away // _SECOND) if name == "from" else away // _SECOND


def _new_id(fields: _Fields, known: dict[str, object]) -> str:
    written = fields.read("id", _id)
    name = str(written)
    if name in known and written is not None:
        fields.refuse("id", f"编号 {name} 出现了两次。", f"The id {name} is there twice.")
    known[name] = written
    return name


def _list(raw: object, most: int) -> list[object]:
    if not isinstance(raw, list) or len(raw) > most:
        raise FieldError(f"要一个列表，最多 {most} 行。", f"Give a list of at most {most} rows.")
    return raw


def _id(raw: object) -> str | int:
    is_text = isinstance(raw, str) and 0 < len(raw) <= _LONGEST_ID and raw.isprintable()
    if is_text or (isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) < 2**62):
        return raw  # type: ignore[return-value]  # checked just above
    raise FieldError(
        f"编号是 1 到 {_LONGEST_ID} 个字，或整数。", f"An id is 1 to {_LONGEST_ID} characters, or a whole number."
    )


def _moment(raw: object) -> datetime:
    """A time with its zone, such as ``2026-11-26T08:00:00+08:00``."""
    try:
        moment = datetime.fromisoformat(raw) if isinstance(raw, str) and raw.isascii() else None
        if moment is not None and moment.tzinfo is not None and 1900 <= moment.year <= 2999:
            return moment
    except ValueError:
        pass
    raise FieldError(
        "请写带时区的时间，例如 2026-11-26T08:00:00+08:00。",
        "Give a time with its zone, such as 2026-11-26T08:00:00+08:00.",
    )


def _number(raw: object, most: Decimal) -> Decimal:
    value = Decimal(raw) if isinstance(raw, int | Decimal) and not isinstance(raw, bool) else None
    if value is None or not value.is_finite() or not 0 <= value <= most:
        raise FieldError(f"请给 0 到 {most} 之间的数。", f"Give a number from 0 to {most}.")
    return value


def _work(raw: object) -> int:
    """Minutes to seconds; a fraction of a second counts as one."""
    return math.ceil(_number(raw, _MOST_MINUTES) * 60)


def _worked(raw: object) -> int:
    """Hours to seconds."""
    return round(_number(raw, _MOST_HOURS_WORKED) * 3600)


def _whole(raw: object, low: int, high: int) -> int:
    # Digits in quotes are refused as well: who writes a number as text may have meant something else.
    return parse_count(raw if isinstance(raw, int) else None, low, high)


def _fen(raw: object) -> int:
    return _whole(raw, 0, _MOST_FEN)


def _grams(raw: object) -> int:
    return _whole(raw, 0, _MOST_G)


def _batch(raw: object) -> int:
    return _whole(raw, 1, _MOST_BATCH)


def _words(raw: object) -> frozenset[str]:
    if isinstance(raw, list) and len(raw) <= _MOST_WORDS and all(_is_word(word) for word in raw):
        return frozenset(raw)
    raise FieldError('请给一列词，例如 ["lift"]。', 'Give a list of words, such as ["lift"].')


def _is_word(word: object) -> bool:
    return isinstance(word, str) and 0 < len(word) <= _LONGEST_ID


def _mix(raw: object) -> str:
    """What is in the parcel; anything but text counts as the same goods when it is written with the same values."""
    mix = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False, sort_keys=True, default=str)
    if len(mix) > _LONGEST_MIX:
        raise FieldError(f"最多 {_LONGEST_MIX} 个字。", f"At most {_LONGEST_MIX} characters.")
    return mix


def _before(raw: object) -> dict[str, list[str]]:
    """The batches of an earlier plan, as `plan-work` printed them: who had which tasks."""
    plan: dict[str, list[str]] = {}
    for batch in _list(raw, _MOST_TASKS):
        if not isinstance(batch, dict) or "packer" not in batch:
            raise FieldError("请给上一次的 batches。", "Give the batches of the plan before.")
        plan.setdefault(str(_id(batch["packer"])), []).extend(
            str(_id(task)) for task in _list(batch.get("tasks"), _MOST_TASKS)
        )
    return plan
