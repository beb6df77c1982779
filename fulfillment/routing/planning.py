"""The plan of a day: who packs what in which order. Ours, because this is what the workshop exists for; see decision 0020.

In this order: parcels late; fairness (the lowest earnings an hour first, priority ahead at equal); work that stays with the
person it was planned for; changes of goods.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from operator import itemgetter
from time import monotonic

from fulfillment.routing.balancing import balance
from fulfillment.routing.bounds import least_late
from fulfillment.routing.building import Crew, build, fill_up, poorest, tightest
from fulfillment.routing.day import NO_TIME, NOBODY_CAN, Batch, Day, Person, Plan, Task
from fulfillment.routing.effort import Effort
from fulfillment.routing.grouping import batches_of, sort_goods
from fulfillment.routing.loads import Load
from fulfillment.routing.rescuing import rescue

# Steps a task: on a usual machine planning ends by these, in a third of the seconds after which the clock ends it.
_STEPS_A_TASK, _FEWEST_STEPS = 20, 60_000
_FEWEST_S, _S_A_TASK, _MOST_S = 0.2, 0.0012, 7.0
# Mending an old plan touches little of it.
_MEND_STEPS, _MEND_S = 10_000, 0.3
_MEND_BALANCE_STEPS = 4_000
_SHAKES = 40
# So much of what is left of the steps goes to one rescue, and, on a machine that is too busy, of the time: fairness
# must have its turn as well. When mending the first rescue is the only one.
_RESCUE_STEPS, _RESCUE_TIME = Fraction(1, 3), 0.4
_MEND_RESCUE_STEPS, _MEND_RESCUE_TIME = Fraction(2, 3), 1.0


def plan_day(day: Day, clock: Callable[[], float] = monotonic) -> Plan:
    """A plan for the day, mending ``day.before`` where there was one; the same for the same day, always within seconds.

    Hard: a person does what the person is able to, within the hours present, one task after the other. What cannot be in
    time is done late as long as somebody has time; only then it is unassigned.
    """
    effort = _effort(day, clock)
    people = [person for person in day.people if person.free_s > 0]
    known = {task.id: task for task in day.tasks}
    kept_by = {task: person for person, tasks in day.before.items() for task in tasks}
    least = least_late(day.tasks, people)
    crew, left = _assign(day, [_load_of(person, day, known) for person in people], kept_by, least, effort)
    balance(crew, day.weights, kept_by, effort.part(min(effort.left, _MEND_BALANCE_STEPS)) if day.before else effort)
    left = fill_up(crew, left, kept_by)
    if not day.before:
        _put_priority_ahead(crew)
    if day.weights.set_up:
        sort_goods(crew, kept_by)
    return _plan(day, crew, known, kept_by, least)


def _effort(day: Day, clock: Callable[[], float]) -> Effort:
    count = len(day.tasks)
    # An old plan of which most is new needs as much thought as a new one.
    if 2 * sum(len(tasks) for tasks in day.before.values()) > count:
        return Effort(_MEND_STEPS, _MEND_S, clock)
    seconds = min(_MOST_S, _FEWEST_S + _S_A_TASK * count)
    return Effort(max(_FEWEST_STEPS, _STEPS_A_TASK * count), seconds, clock)


def _load_of(person: Person, day: Day, known: Mapping[str, Task]) -> Load:
    """What a person keeps of the old plan: all that is still to do, suits, and can still be in time."""
    old = [known[task] for task in day.before.get(person.id, ()) if task in known]
    suits = [task for task in old if task.needs <= person.abilities]
    load = Load(person, suits)
    if load.is_in_time:
        return load
    load = Load(person)
    for task in sorted(suits, key=lambda task: task.place):
        if load.has_room(task):
            load.add(task)
    return load


def _assign(
    day: Day, loads: list[Load], kept_by: Mapping[str, str], least: int, effort: Effort
) -> tuple[Crew, list[Task]]:
    """Everything in time that can be, then late what there is time for; also returns what nobody has time for."""
    has_it = {task.id for load in loads for task in load.tasks}
    still_open = [task for task in day.tasks if task.id not in has_it]
    possible = [task for task in still_open if any(load.person.could_do(task) for load in loads)]
    hopeless = set(still_open) - set(possible)
    crew, late = _in_time(day, loads, possible, least - len(hopeless), effort)
    return crew, fill_up(crew, [task.put_off(len(day.tasks)) for task in (*hopeless, *late)], kept_by)


def _in_time(day: Day, loads: list[Load], possible: list[Task], least: int, effort: Effort) -> tuple[Crew, list[Task]]:
    """What can be in time, in time: fair from the first, or when that leaves more late than it must, packed tight if that is better."""
    attempts = []
    steps, share_of_time = (_MEND_RESCUE_STEPS, _MEND_RESCUE_TIME) if day.before else (_RESCUE_STEPS, _RESCUE_TIME)
    for choose in (poorest, tightest):
        crew = Crew([Load(load.person, load.tasks) for load in loads])
        late = build(crew, possible, effort.part(len(possible) * (len(crew.loads) + 1)), choose)
        part = effort.part(int(effort.left * steps), share_of_time)
        effort.left -= part.left
        late = _rescued(day, crew, late, least, part)
        effort.left += part.left
        attempts.append((len(late), crew, late))
        if len(late) <= least or day.before:
            break
    _, crew, late = min(attempts, key=itemgetter(0))
    return crew, late


def _rescued(day: Day, crew: Crew, late: list[Task], least: int, effort: Effort) -> list[Task]:
    if not day.before:
        return rescue(crew, late, effort, least=least, most_moves=len(day.tasks), most_shakes=_SHAKES)
    # So many changes of hands is one parcel in time worth.
    most_moves = day.weights.late // max(1, day.weights.keeping)
    return rescue(crew, late, effort, least=least, most_moves=most_moves, most_shakes=0)


def _put_priority_ahead(crew: Crew) -> None:
    """Of people who are alike in all but priority, the households to help first get what brings more."""
    alike: dict[Person, list[Load]] = defaultdict(list)
    for load in crew.loads:
        alike[replace(load.person, id="", priority=0)].append(load)
    for loads in alike.values():
        shares = sorted((list(load.tasks) for load in loads), key=lambda tasks: -sum(task.rate_fen for task in tasks))
        ahead = sorted(loads, key=lambda load: -load.person.priority)
        if [load.fen for load in ahead] == sorted((load.fen for load in loads), reverse=True):
            continue
        for load in loads:
            for task in list(load.tasks):
                crew.take(load, task)
        for load, tasks in zip(ahead, shares, strict=True):
            for task in tasks:
                crew.give(load, task)


def _plan(day: Day, crew: Crew, known: Mapping[str, Task], kept_by: Mapping[str, str], least: int) -> Plan:
    batches = [batch for load in crew.loads for batch in batches_of(load, known)]
    has_it = {task.id: batch.person for batch in batches for task in batch.tasks}
    loads = {load.person.id: load for load in crew.loads}
    return Plan(
        batches=batches,
        late=[task for batch in batches for task in _late_in(batch)],
        unassigned={
            task.id: NO_TIME if crew.able(task.needs) else NOBODY_CAN for task in day.tasks if task.id not in has_it
        },
        earnings_fen={
            person.id: loads[person.id].fen - person.earned_fen if person.id in loads else 0 for person in day.people
        },
        per_hour_fen={person.id: _per_hour(loads.get(person.id) or Load(person)) for person in day.people},
        moved=sum(has_it.get(task, person) != person for task, person in kept_by.items()),
        least_late=least,
    )


def _per_hour(load: Load) -> float | None:
    return load.per_hour() if load.hours_s else None


def _late_in(batch: Batch) -> Iterator[str]:
    clock_s = batch.start_s
    for task in batch.tasks:
        clock_s += task.work_s
        if clock_s > task.due_s:
            yield task.id
