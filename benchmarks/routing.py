"""Plans of made-up days beside a bound that no plan can go below, a solver's bound, and the plain ways of sharing out."""

import resource
import sys
import time
from collections.abc import Iterator

from benchmarks import solver
from benchmarks.measures import Figure
from benchmarks.routing_days import (
    Outcome,
    changes,
    first_come_first_served,
    make_day,
    poorest_first,
    round_robin,
)
from fulfillment.routing.day import Day, Plan
from fulfillment.routing.measures import gini
from fulfillment.routing.planning import plan_day

# Tasks, people, seconds to plan in.
SIZES = ((100, 20, 2.0), (1_000, 60, 2.0), (5_000, 200, 10.0))
# Work as a share of the hours there are: some room, just full, more than can be done.
LOADS = (0.8, 1.0, 1.15)
_SEED = 8
_SMALL = 100
_REPLAN_S = 0.5
_MOST_MB = 500
# The programme of the largest day has sixty thousand whole numbers; the solver is asked for the others.
_SOLVED_UP_TO, _SOLVER_S = 1_000, 10


def routing() -> Iterator[Figure]:
    """Every size and load: lateness, fairness, seconds; then planning anew after one change, and memory."""
    for tasks, people, seconds in SIZES:
        for load in LOADS:
            yield from _one_day(make_day(tasks, people, load, _SEED), f"{tasks:,} x {people}, {load:.0%} full", seconds)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1_000_000 if sys.platform == "darwin" else 1_000)
    yield Figure("memory of it all", f"{used:.0f} MB", f"at most {_MOST_MB}", used < _MOST_MB)


def _one_day(day: Day, name: str, seconds: float) -> Iterator[Figure]:
    started = time.perf_counter()
    plan = plan_day(day)
    took = time.perf_counter() - started
    first, turns = first_come_first_served(day), round_robin(day)
    yield _lateness(day, plan, name, first, turns)
    yield _fairness(day, plan, first, turns)
    yield Figure("… planned in", f"{took:.2f} s", f"under {seconds:g} s", took < seconds)
    yield _replanned(day, plan)


def _lateness(day: Day, plan: Plan, name: str, first: Outcome, turns: Outcome) -> Figure:
    solved = f", solver {solver.least_late(day, _SOLVER_S)}" if len(day.tasks) <= _SOLVED_UP_TO else ""
    beside = f"bound {plan.least_late}{solved}; first come {first.late}, in turn {turns.late}"
    return Figure(f"{name}: not in time", f"{plan.not_in_time}", beside, plan.not_in_time <= 1.02 * plan.least_late)


def _fairness(day: Day, plan: Plan, first: Outcome, turns: Outcome) -> Figure:
    uneven = gini(plan.rates_fen)
    if len(day.tasks) <= _SMALL:
        plain = poorest_first(day).gini
        return Figure(
            "… Gini of earnings an hour", f"{uneven:.4f}", f"plain greedy {plain:.4f}", uneven <= plain + 0.01
        )
    beside = f"a third of {first.gini:.4f} and {turns.gini:.4f}"
    return Figure("… Gini of earnings an hour", f"{uneven:.4f}", beside, uneven * 3 <= min(first.gini, turns.gini))


def _replanned(day: Day, plan: Plan) -> Figure:
    """The slowest of four changes."""
    before: dict[str, list[str]] = {}
    for batch in plan.batches:
        before.setdefault(batch.person, []).extend(task.id for task in batch.tasks)
    slowest, late, least, moved = 0.0, 0, 0, 0
    for _, changed in changes(day, before):
        started = time.perf_counter()
        mended = plan_day(changed)
        slowest = max(slowest, time.perf_counter() - started)
        late, least, moved = late + mended.not_in_time, least + mended.least_late, max(moved, mended.moved)
    figure = f"{slowest:.2f} s, {late} late, {moved} moved"
    return Figure(
        "… mended after one change, worst of four", figure, f"under {_REPLAN_S} s, bound {least}", slowest < _REPLAN_S
    )
