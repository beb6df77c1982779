"""Fairness: work changes hands between who earns more an hour and who earns less, as long as everything stays in time."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import islice
from operator import itemgetter

from fulfillment.routing.building import Crew
from fulfillment.routing.bundles import deal_in_bundles
from fulfillment.routing.day import Task, Weights
from fulfillment.routing.effort import Effort
from fulfillment.routing.loads import Load

# How many pairs of tasks two people look at before they leave it as it is.
_MOST_TRIED = 60
# How many richer people are asked in vain before the next poor person has a turn; the others are asked in the next round.
_MOST_ASKED = 20
# Bundles cost as much as so many single deals, and only so many of the richest are asked for them.
_BUNDLES_COST, _MOST_ASKED_FOR_BUNDLES = 40, 5
# People whose earnings differ by less than this share of the average earn the same.
_SAME = 1 / 1000

_Deal = tuple[Task, Task | None]
# What tasks have in common for a deal: rate in fen, work in seconds, needs.
_Kind = tuple[int, int, frozenset[str]]
_NOTHING: _Kind = (0, 0, frozenset(("nothing",)))
_NO_TASK = (None,)
_pay = itemgetter(0)
_closest_first = itemgetter(0, 1)


def balance(crew: Crew, weights: Weights, kept_by: Mapping[str, str], effort: Effort) -> None:
    """Deals between poor and rich, the poorest with the richest first, until no deal helps or the effort is spent.

    Each deal moves pay from the richer to the poorer of two by less than would turn them round, so that the Gini coefficient
    falls with each (Pigou and Dalton). ``kept_by`` says whom a task was planned for before: it leaves them only when
    what that brings is worth it by the weights.
    """
    if weights.fairness:
        table = _Table(crew, weights, kept_by, effort)
        while table.one_round() or table.one_round_in_bundles():
            pass


class _Table:
    """Where the deals are made; it remembers which two had nothing for each other, until one of them has other work."""

    def __init__(self, crew: Crew, weights: Weights, kept_by: Mapping[str, str], effort: Effort) -> None:
        self._crew = crew
        self._weights = weights
        self._kept_by = kept_by
        self._effort = effort
        self._changes = {load.person.id: 0 for load in crew.loads}
        self._kinds_of: dict[str, tuple[int, Mapping[_Kind, Sequence[Task]]]] = {}
        self._in_vain: dict[tuple[str, str], tuple[int, int]] = {}
        hours_s = sum(load.hours_s for load in crew.loads)
        self._same = _SAME * 3600 * sum(load.fen for load in crew.loads) / hours_s if hours_s else 0.0

    def one_round(self) -> bool:
        """Everybody, the poorest first, deals for as long as somebody richer has something; whether it brought anything."""
        before = (sum(self._changes.values()), len(self._in_vain))
        for poor in self._crew.ranked():
            while self._deal_with_somebody(poor):
                pass
        return (sum(self._changes.values()), len(self._in_vain)) != before and self._effort.left > 0

    def _deal_with_somebody(self, poor: Load) -> bool:
        asked = 0
        for rich in reversed(self._crew.ranked()):
            if rich.per_hour() - poor.per_hour() <= self._same:
                return False
            pair = (poor.person.id, rich.person.id)
            changes = (self._changes[pair[0]], self._changes[pair[1]])
            if self._in_vain.get(pair) == changes:
                continue
            asked += 1
            if asked > _MOST_ASKED or not self._effort.spend():
                return False
            deal = self._best_deal(poor, rich)
            if deal is None:
                self._in_vain[pair] = changes
                continue
            self._crew.deal(rich, poor, *deal)
            self._note(poor, rich)
            return True
        return False

    def _note(self, *loads: Load) -> None:
        for load in loads:
            self._changes[load.person.id] += 1

    def one_round_in_bundles(self) -> bool:
        """Everybody once, the poorest first, with one of the richest; whether anybody made a deal.

        Not when an old plan is mended: too many tasks would change hands.
        """
        if self._kept_by:
            return False
        deals = sum(self._deal_in_bundles(poor) for poor in self._crew.ranked())
        return deals > 0 and self._effort.left > 0

    def _deal_in_bundles(self, poor: Load) -> bool:
        for rich in self._crew.ranked()[: -_MOST_ASKED_FOR_BUNDLES - 1 : -1]:
            if rich.per_hour() - poor.per_hour() <= self._same or not self._effort.spend(_BUNDLES_COST):
                return False
            if deal_in_bundles(self._crew, poor, rich, _want_fen(poor, rich)):
                self._note(poor, rich)
                return True
        return False

    def _best_deal(self, poor: Load, rich: Load) -> _Deal | None:
        """The deal that leaves the two most alike, of those that keep everything in time."""
        want_fen = _want_fen(poor, rich)
        gives, gets = self._kinds(rich), self._kinds(poor)
        able_poor, able_rich = poor.person.abilities, rich.person.abilities
        can_get = [_NOTHING, *(kind for kind in gets if kind[2] <= able_rich)]
        least_s, most_s = -rich.left_s, poor.left_s
        kinds = [
            (abs(given[0] - got[0] - want_fen), place, given, got)
            for place, given in enumerate(gives)
            if given[2] <= able_poor
            for got in can_get[
                bisect_right(can_get, given[0] - 2 * want_fen, key=_pay) : bisect_left(can_get, given[0], key=_pay)
            ]
            if least_s <= given[1] - got[1] <= most_s
        ]
        kinds.sort(key=_closest_first)
        pairs = ((given, got) for *_, one, other in kinds for given in gives[one] for got in gets.get(other, _NO_TASK))
        return next((pair for pair in islice(pairs, _MOST_TRIED) if self._suits(poor, rich, *pair)), None)

    def _kinds(self, load: Load) -> Mapping[_Kind, Sequence[Task]]:
        """A person's tasks by kind, the lowest paid first; remembered until they change."""
        changes = self._changes[load.person.id]
        known = self._kinds_of.get(load.person.id)
        if known is None or known[0] != changes:
            kinds: dict[_Kind, list[Task]] = {}
            for task in sorted(load.tasks, key=lambda task: task.rate_fen):
                kinds.setdefault((task.rate_fen, task.work_s, task.needs), []).append(task)
            self._kinds_of[load.person.id] = known = (changes, kinds)
        return known[1]

    def _suits(self, poor: Load, rich: Load, given: Task, got: Task | None) -> bool:
        """Whether the deal keeps everything in time and is worth what it costs."""
        if not self._is_worth(poor, rich, given, got):
            return False
        if got is None:
            return poor.has_room(given)
        return poor.has_room_instead(given, got) and rich.has_room_instead(got, given)

    def _is_worth(self, poor: Load, rich: Load, given: Task, got: Task | None) -> bool:
        """Whether the narrower gap, in yuan an hour, outweighs the tasks that leave the person they were planned for."""
        moved = self._moves(given, rich, poor) + (self._moves(got, poor, rich) if got else 0)
        if moved <= 0:
            return True
        fen = given.rate_fen - (got.rate_fen if got else 0)
        gap = rich.per_hour() - poor.per_hour()
        narrowed_fen = gap - abs(gap - fen * 3600 * (1 / rich.hours_s + 1 / poor.hours_s))
        return self._weights.fairness * narrowed_fen / 100 > self._weights.keeping * moved

    def _moves(self, task: Task, giver: Load, taker: Load) -> int:
        """1 when the task leaves the person it was planned for, -1 when it comes back, else 0."""
        kept_by = self._kept_by.get(task.id)
        return (kept_by == giver.person.id) - (kept_by == taker.person.id)


def _want_fen(poor: Load, rich: Load) -> float:
    """With so much more pay on the poorer side both earn the same an hour."""
    return (rich.fen * poor.hours_s - poor.fen * rich.hours_s) / (poor.hours_s + rich.hours_s)
