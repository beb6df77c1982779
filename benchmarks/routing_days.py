"""Days to plan, made up from a seed, and the two plain ways of sharing work out that a plan has to beat."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random

from fulfillment.routing.day import Day, Person, Task, in_order
from fulfillment.routing.loads import Load
from fulfillment.routing.measures import gini

# Gross grams of common parcels; from 8 kg on a parcel needs lifting and takes longer.
_WEIGHTS_G = (330, 650, 1_200, 2_950, 4_000, 8_500, 9_000)
_ABILITIES = (("lift", 0.6), ("read", 0.7), ("fine_motor", 0.75))


def make_day(tasks: int, people: int, load: float, seed: int) -> Day:
    """A day whose work takes ``load`` times the hours of the people, who differ in hours, abilities and what they have earned."""
    chance = Random(seed)
    work = [_parcel(chance) for _ in range(tasks)]
    hours_s = sum(work_s for work_s, *_ in work) / load / people
    crew = [_person(chance, place, hours_s) for place in range(people)]
    last_s = max(person.end_s for person in crew)
    rows = [
        Task(f"t{place}", 0, round(last_s * chance.choice((0.3, 0.45, 0.6, 0.75, 0.9, 1.0))), *parcel)
        for place, parcel in enumerate(work)
    ]
    return Day(in_order(rows), crew)


def _parcel(chance: Random) -> tuple[int, int, frozenset[str], str, int]:
    """Work in seconds, rate in fen, needs, goods, weight."""
    weight_g = chance.choice(_WEIGHTS_G)
    is_heavy = weight_g >= 8_000
    minutes = chance.choice((2, 2, 3, 3, 4, 5, 6)) + (2 if is_heavy else 0)
    rate_fen = chance.choice((60, 60, 80, 110, 150)) if chance.random() < 0.3 else minutes * 25
    needs = {"lift"} if is_heavy else set()
    needs |= {word for word, share in (("read", 0.15), ("fine_motor", 0.1)) if chance.random() < share}
    return minutes * 60, rate_fen, frozenset(needs), chance.choice("abcdefghij"), weight_g


def _person(chance: Random, place: int, hours_s: float) -> Person:
    start_s = chance.choice((0, 0, 0, 30, 60)) * 60
    worked_h = chance.choice((0, 0, 1, 2, 3.5))
    return Person(
        f"p{place}",
        start_s,
        start_s + max(20, int(hours_s * chance.uniform(0.6, 1.4)) // 60) * 60,
        frozenset(word for word, share in _ABILITIES if chance.random() < share),
        int(worked_h * chance.randint(900, 1_900)),
        int(worked_h * 3600),
        chance.choice((0, 0, 1, 2)),
        chance.choice((3, 5, 8)),
    )


def make_scattered_day(tasks: int, people: int, load: float, seed: int) -> Day:
    """Another make of day: people come at any time for 2 to 8 of 8 hours, and work of seven lengths is due at any second."""
    chance = Random(seed)
    last_s = 8 * 3600
    lengths = [chance.choice((1, 2, 3, 4, 5, 6, 8)) for _ in range(tasks)]
    crew = []
    for place in range(people):
        hours_s = chance.uniform(2, 8) * 3600
        start_s = int(chance.uniform(0, last_s - hours_s))
        able = frozenset(word for word, share in _ABILITIES if chance.random() < share)
        crew.append(Person(f"p{place}", start_s, int(start_s + hours_s), able))
    part_s = sum(person.free_s for person in crew) * load / sum(lengths)
    rows = []
    for place, length in enumerate(lengths):
        asked = (("lift", 0.2), ("read", 0.15), ("fine_motor", 0.1))
        needs = frozenset(word for word, share in asked if chance.random() < share)
        due_s, work_s = chance.randint(1_800, last_s), round(length * part_s)
        rate_fen = chance.choice((60, 60, 80, 110, 150)) if chance.random() < 0.3 else max(1, round(work_s / 60 * 25))
        rows.append(Task(f"t{place}", 0, due_s, work_s, rate_fen, needs, chance.choice("abcdefghij"), 500))
    return Day(in_order(rows), crew)


@dataclass(frozen=True)
class Outcome:
    """What a way of sharing out leads to: parcels not in time, and the Gini coefficient of earnings an hour."""

    late: int
    gini: float


Choice = Callable[[Task, Sequence[Load]], Load]


def first_come_first_served(day: Day) -> Outcome:
    """Whoever is free first takes what is due first."""
    return _shared_out(day, lambda _, free: min(free, key=_next_free_s))


def poorest_first(day: Day) -> Outcome:
    """The plain greedy: what is due first goes to whoever has the lowest earnings an hour."""
    return _shared_out(day, lambda _, free: min(free, key=Load.per_hour))


def round_robin(day: Day) -> Outcome:
    """Everybody has a turn, one after the other."""
    turns = cycle([person.id for person in day.people])

    def next_in_turn(_: Task, free: Sequence[Load]) -> Load:
        by_id = {load.person.id: load for load in free}
        return next(by_id[turn] for turn in turns if turn in by_id)

    return _shared_out(day, next_in_turn)


def _shared_out(day: Day, choose: Choice) -> Outcome:
    loads = [Load(person) for person in day.people]
    late = 0
    for task in day.tasks:
        free = [load for load in loads if load.can(task) and load.left_s >= task.work_s]
        if not free:
            late += 1
            continue
        load = choose(task, free)
        load.add(task)
        late += _next_free_s(load) > task.due_s
    return Outcome(late, gini(load.per_hour() for load in loads if load.hours_s))


def _next_free_s(load: Load) -> int:
    return load.person.start_s + load.busy_s


def changes(day: Day, before: dict[str, list[str]]) -> Iterator[tuple[str, Day]]:
    """The day again, each time with one thing that has changed since the plan ``before``."""
    first, *others = day.people
    yield "somebody leaves", Day(day.tasks, others, day.weights, before)
    behind = Person(**{**_facts(first), "start_s": first.start_s + 1_200})
    yield "somebody falls 20 minutes behind", Day(day.tasks, [behind, *others], day.weights, before)
    fresh = Person(**{**_facts(first), "id": "new", "earned_fen": 0, "worked_s": 0})
    yield "somebody comes", Day(day.tasks, [*day.people, fresh], day.weights, before)
    urgent = Task("urgent", 0, first.end_s, 180, 75, mix="a")
    yield "an order comes", Day(in_order([*day.tasks, urgent]), day.people, day.weights, before)


def _facts(person: Person) -> dict[str, object]:
    return {name: getattr(person, name) for name in Person.__slots__}
