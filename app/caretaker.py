"""`python -m app.caretaker VAR_DIR`: tidies up after a `gongfang run` that was killed.

It reads from a pipe which process groups run. When the pipe ends, however that came about, it stops those that are
left and then the embedded database, unless somebody else uses it. In a session of its own, it outlives a Ctrl-C.
"""

import json
import sys
from pathlib import Path

from app.processes import stop_groups
from kernel.embedded_postgres import stop_if_unused


def main() -> None:
    """Wait for the end, then tidy up."""
    groups: list[int] | None = []
    for line in sys.stdin:
        groups = json.loads(line)
    if groups is None:
        # It said goodbye: everything is stopped already.
        return
    stop_groups(groups)
    var_dir = Path(sys.argv[1])
    if (var_dir / "postgres.users").is_file():
        # The killed process may hold its lock for a moment after its pipe has closed.
        stop_if_unused(var_dir, patience_s=3)


if __name__ == "__main__":
    main()
