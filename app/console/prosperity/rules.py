"""A report's period, its figures as a file, and several workshops' files put together. Pure; fen, grams, seconds.

The file is JSON: ``{"format": "gongfang-prosperity", "version": 1, ...}`` with whole numbers only.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import Any, Final, Self

from fulfillment.crew.households.rules import FEW, KINDS, UNSAID, Group
from kernel.errors import Invalid
from kernel.text import Text

FORMAT: Final = "gongfang-prosperity"
VERSION: Final = 1
_PERIOD: Final = re.compile(r"(20[0-9]{2})(?:-(0[1-9]|1[0-2]))?", re.ASCII)
# More than any workshop has; a number above it is a typing error.
_MOST: Final = 10**15
_LONGEST_NAME: Final = 100


@dataclass(frozen=True)
class Period:
    """A month (``2026-11``) or a year (``2026``)."""

    name: str
    first: date
    last: date

    @property
    def is_year(self) -> bool:
        """Whether it is a whole year."""
        return len(self.name) == 4

    @classmethod
    def read(cls, raw: str) -> Self | None:
        """The period that is named, or ``None``."""
        found = _PERIOD.fullmatch(raw)
        if found is None:
            return None
        year, month = int(found[1]), int(found[2] or 0)
        first = date(year, month or 1, 1)
        after = date(year + 1, 1, 1) if month in (0, 12) else date(year, month + 1, 1)
        return cls(raw, first, after - timedelta(days=1))


@dataclass(frozen=True)
class PeopleFigures:
    """Who earned: people, fen, finished pieces; ``timed_fen`` in ``timed_s`` by those whose hours are known."""

    people: int
    earned_fen: int
    pieces: int
    timed_people: int
    timed_fen: int
    timed_s: int
    groups: tuple[Group, ...] = ()

    @property
    def hourly_fen(self) -> int | None:
        """Effective hourly pay of those whose hours are known; ``None`` where nobody's are."""
        return self.timed_fen * 3600 // self.timed_s if self.timed_s else None


@dataclass(frozen=True)
class GrowerFigures:
    """What growers brought and got. ``kept`` of ``deliveries`` were priced at the promise or above, ``on_time`` of ``due`` paid by their day."""

    growers: int
    deliveries: int
    net_g: int
    pay_fen: int
    market_fen: int
    kept: int
    due: int
    on_time: int
    handed_out_fen: int

    @property
    def premium_fen(self) -> int:
        """What growers got above market."""
        return self.pay_fen - self.market_fen

    @property
    def premium_bps(self) -> int | None:
        """The same in hundredths of a percent of the market's value."""
        return self.premium_fen * 10_000 // self.market_fen if self.market_fen else None


@dataclass(frozen=True)
class FundFigures:
    """What came into the charity fund and what was spent, in fen."""

    paid_in_fen: int
    spent_fen: int


@dataclass(frozen=True)
class Prosperity:
    """A workshop's figures of a period, or several workshops' together."""

    workshops: tuple[str, ...]
    period: Period
    people: PeopleFigures
    growers: GrowerFigures
    fund: FundFigures

    def as_file(self) -> dict[str, Any]:
        """The figures as they are sent to the county."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "workshops": list(self.workshops),
            "period": self.period.name,
            "people": asdict(self.people),
            "growers": asdict(self.growers),
            "fund": asdict(self.fund),
        }


def read_file(name: str, raw: object) -> Prosperity:
    """The figures of a file.

    Args:
        name: what the file is called, for what is said of it.
        raw: its JSON value.

    Raises:
        Invalid: it is no such file, or a field is missing or no whole number; says which.
    """
    if not isinstance(raw, Mapping) or raw.get("format") != FORMAT:
        raise _wrong(name, "format", "不是共富报告的文件", "this is no common-prosperity file")
    if raw.get("version") != VERSION:
        raise _wrong(name, "version", f"只认第 {VERSION} 版", f"only version {VERSION} is known")
    period = Period.read(raw["period"]) if isinstance(raw.get("period"), str) else None
    if period is None:
        raise _wrong(name, "period", "要写成 2026-11 或 2026", "must be like 2026-11 or 2026")
    people = _numbers(name, raw, "people", PeopleFigures, leaving=("groups",))
    found = Prosperity(
        workshops=_workshops(name, raw.get("workshops")),
        period=period,
        people=PeopleFigures(**people, groups=_groups(name, raw["people"].get("groups"))),
        growers=GrowerFigures(**_numbers(name, raw, "growers", GrowerFigures, may_be_below=("handed_out_fen",))),
        fund=FundFigures(**_numbers(name, raw, "fund", FundFigures)),
    )
    _check_sums(name, found)
    return found


def _wrong(name: str, field: str, zh: str, en: str) -> Invalid:
    said = Text(f"{name}，{field}：{zh}。", f"{name}, {field}: {en}.")
    return Invalid(said.zh, said.en, fields={field: said})


def _workshops(name: str, raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw or not all(isinstance(each, str) and each.strip() for each in raw):
        raise _wrong(name, "workshops", "要有工坊的名字", "the workshops' names are missing")
    if any(len(each) > _LONGEST_NAME or not each.isprintable() for each in raw):
        raise _wrong(name, "workshops", "名字太长或有怪字符", "a name is too long or has signs that cannot be printed")
    return tuple(each.strip() for each in raw)


def _numbers(
    name: str,
    raw: Mapping[str, Any],
    part: str,
    figures: type[PeopleFigures | GrowerFigures | FundFigures],
    *,
    leaving: Sequence[str] = (),
    may_be_below: Sequence[str] = (),
) -> dict[str, Any]:
    values = raw.get(part)
    if not isinstance(values, Mapping):
        raise _wrong(name, part, "缺了这一部分", "this part is missing")
    found: dict[str, Any] = {}
    for field in fields(figures):
        if field.name in leaving:
            continue
        value = values.get(field.name)
        low = -_MOST if field.name in may_be_below or field.name.endswith("earned_fen") else 0
        if type(value) is not int or not low <= value <= _MOST:
            raise _wrong(name, f"{part}.{field.name}", "要是整数", "must be a whole number")
        found[field.name] = value
    return found


def _groups(name: str, raw: object) -> tuple[Group, ...]:
    if not isinstance(raw, list):
        raise _wrong(name, "people.groups", "缺了这一部分", "this part is missing")
    found: dict[str, Group] = {}
    for each in raw:
        if not isinstance(each, Mapping) or each.get("kind") not in (*KINDS, FEW, UNSAID) or each["kind"] in found:
            raise _wrong(name, "people.groups", "有不认得或重复的一类", "a kind is unknown or there twice")
        people, earned_fen = each.get("people"), each.get("earned_fen")
        if type(people) is not int or type(earned_fen) is not int or not 0 < people <= _MOST:
            raise _wrong(name, "people.groups", "要是整数", "must be whole numbers")
        found[each["kind"]] = Group(each["kind"], people, earned_fen)
    return tuple(found.values())


def _check_sums(name: str, found: Prosperity) -> None:
    people, growers = found.people, found.growers
    if people.groups and sum(group.people for group in people.groups) != people.people:
        raise _wrong(name, "people.groups", "各类加起来不等于总人数", "the kinds do not add up to all people")
    if people.groups and sum(group.earned_fen for group in people.groups) != people.earned_fen:
        raise _wrong(name, "people.groups", "各类的钱加起来不等于总数", "the kinds' money does not add up")
    if growers.kept > growers.deliveries or growers.on_time > growers.due:
        raise _wrong(name, "growers", "守约的比总数还多", "more promises were kept than were made")


def merged(parts: Sequence[tuple[str, Prosperity]]) -> Prosperity:
    """Several workshops' figures of one period, added up. Who works in two of them is counted in both.

    Raises:
        Invalid: the periods differ, or a workshop is there twice; says which file.
    """
    (first_name, first), *_ = parts
    seen: dict[str, str] = {}
    for name, part in parts:
        if part.period != first.period:
            raise _wrong(
                name,
                "period",
                f"是 {part.period.name}，{first_name} 是 {first.period.name}",
                f"is {part.period.name}, but {first_name} is of {first.period.name}",
            )
        for workshop in part.workshops:
            if workshop in seen:
                raise _wrong(
                    name,
                    "workshops",
                    f"{workshop} 在 {seen[workshop]} 里已经有了",
                    f"{workshop} is in {seen[workshop]} already",
                )
            seen[workshop] = name
    each = [part for _, part in parts]
    people = _added([part.people for part in each], PeopleFigures, leaving=("groups",))
    return Prosperity(
        workshops=tuple(seen),
        period=first.period,
        people=PeopleFigures(**people, groups=_groups_together(each)),
        growers=GrowerFigures(**_added([part.growers for part in each], GrowerFigures)),
        fund=FundFigures(**_added([part.fund for part in each], FundFigures)),
    )


def _added(parts: Sequence[object], figures: type[Any], leaving: Sequence[str] = ()) -> dict[str, int]:
    names = [field.name for field in fields(figures) if field.name not in leaving]
    return {name: sum(getattr(part, name) for part in parts) for name in names}


def _groups_together(parts: Sequence[Prosperity]) -> tuple[Group, ...]:
    groups = [group for part in parts for group in part.people.groups]
    kinds = [kind for kind in (*KINDS, FEW, UNSAID) if any(group.kind == kind for group in groups)]
    return tuple(
        Group(
            kind,
            sum(group.people for group in groups if group.kind == kind),
            sum(group.earned_fen for group in groups if group.kind == kind),
        )
        for kind in kinds
    )
