"""What a solver (HiGHS, through scipy) says of the least lateness: beside our own bound, in benchmarks and tests only."""

import math
from collections import Counter

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from fulfillment.routing.day import Day


def least_late(day: Day, seconds: float) -> int:
    """A lower bound of parcels not in time: how many of each kind of task each person does, as a mixed-integer programme.

    In order of due time everything of a person is in time if it is at all, so each deadline is one inequality a person.
    Given time enough it is the least lateness itself.
    """
    kinds = Counter((task.needs, task.due_s, task.work_s) for task in day.tasks)
    dues = sorted({due_s for _, due_s, _ in kinds})
    rows: list[tuple[list[int], list[int], int]] = []
    columns = 0
    of_kind: dict[tuple[frozenset[str], int, int], list[int]] = {kind: [] for kind in kinds}
    for person in day.people:
        mine = {}
        for kind in kinds:
            if kind[0] <= person.abilities and person.start_s + kind[2] <= min(person.end_s, kind[1]):
                mine[kind] = columns
                of_kind[kind].append(columns)
                columns += 1
        for due_s in dues:
            some = {kind: column for kind, column in mine.items() if kind[1] <= due_s}
            time_s = max(0, min(person.end_s, due_s) - person.start_s)
            rows.append((list(some.values()), [kind[2] for kind in some], time_s))
    rows += [(found, [1] * len(found), kinds[kind]) for kind, found in of_kind.items()]
    if not columns:
        return len(day.tasks)
    return len(day.tasks) - _most_in_time(rows, columns, seconds)


def _most_in_time(rows: list[tuple[list[int], list[int], int]], columns: int, seconds: float) -> int:
    at = [
        (row, column, value)
        for row, (some, values, _) in enumerate(rows)
        for column, value in zip(some, values, strict=True)
    ]
    row, column, value = (np.array(part) for part in zip(*at, strict=True))
    solved = milp(
        -np.ones(columns),
        constraints=LinearConstraint(
            coo_array((value, (row, column)), shape=(len(rows), columns)), -np.inf, [r[2] for r in rows]
        ),
        bounds=Bounds(0, np.inf),
        integrality=np.ones(columns),
        options={"time_limit": seconds},
    )
    return math.floor(-solved.mip_dual_bound + 1e-6)
