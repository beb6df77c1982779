"""`python -m benchmarks` (`make bench`): the figures beside their limits; exit 1 when a limit is missed. Some three minutes.

`python -m benchmarks routing` measures routing alone, `python -m benchmarks slips` slips: these need no database.
`python -m benchmarks tracing` (`make bench-tracing`) writes a million parcels first, and is not among the others;
nor are `python -m benchmarks console` (a million orders), `python -m benchmarks planning` (a minute) and `python -m benchmarks weigh-in` (four, in a browser).
"""

import os
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.board import board
from benchmarks.console import console
from benchmarks.measures import Figure, hot_product, one_instant, pages, webhooks
from benchmarks.planning import planning
from benchmarks.routing import routing
from benchmarks.slips import slips
from benchmarks.stage import raised
from benchmarks.tracing import tracing
from benchmarks.weigh_in import weighing_in

_MARKS = {True: "holds", False: "MISSED", None: ""}


def main(only: str = "") -> int:
    """Measure and print; returns the exit status."""
    started = time.monotonic()
    parts = {"routing": routing, "slips": slips, "stage": _on_a_stage}
    chosen = (
        [{**parts, "tracing": tracing, "console": console, "planning": planning, "weigh-in": weighing_in}[only]]
        if only
        else list(parts.values())
    )
    figures = list(_told(chain.from_iterable(part() for part in chosen)))
    missed = [figure for figure in figures if figure.holds is False]
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    print(f"\n{os.cpu_count()} cores, load {load}, {time.monotonic() - started:.0f} s. Limits missed: {len(missed)}")
    return 1 if missed else 0


def _on_a_stage() -> Iterator[Figure]:
    """What needs a database and a server."""
    with TemporaryDirectory(prefix="gongfang-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the database may run as a user of its own
        with raised(folder) as stage:
            for measure in (pages, board, hot_product, one_instant, webhooks):
                yield from measure(stage)


def _told(figures: Iterator[Figure]) -> Iterator[Figure]:
    print(f"{'what':<58} {'figure':>22}   beside")
    for figure in figures:
        print(f"{figure.what:<58} {figure.figure:>22}   {figure.beside:<24} {_MARKS[figure.holds]}", flush=True)
        yield figure


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
