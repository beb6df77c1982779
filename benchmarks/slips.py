"""Five hundred slips in one document: how long, and how much memory the web process and its drawing child take together.

Measured in a process of its own (`python -m benchmarks.slips`), so that nothing else is counted.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.measures import Figure

SLIPS = 500
MOST_S, MOST_MB = 60.0, 300.0
PAPERS = ("100x150", "76x130", "a4")


def slips() -> Iterator["Figure"]:
    """A row for the time and one for the memory of each paper."""
    # Imported here, so that the measured process holds labels only.
    from benchmarks.measures import Figure

    for code in PAPERS:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.slips", code], capture_output=True, check=True, text=True
        )
        found = json.loads(done.stdout)
        name = f"{SLIPS} slips on {code}, {found['pages']} pages"
        yield Figure(name, f"{found['seconds']:.1f} s", f"at most {MOST_S:.0f} s", found["seconds"] <= MOST_S)
        yield Figure(
            "  memory of both processes", f"{found['mb']:.0f} MB", f"at most {MOST_MB:.0f} MB", found["mb"] <= MOST_MB
        )


def _measure(code: str) -> dict[str, float]:
    from fulfillment.labels.papers import PAPERS as KNOWN
    from fulfillment.labels.pdf import sheets_pdf
    from fulfillment.labels.rules import Slip, SlipLine
    from fulfillment.labels.sheets import Setting, slip_sheets

    # Every slip differs, as in life: other names, other numbers, up to three kinds of goods.
    many = [
        Slip(
            parcel_number=f"P261124{place:07d}X01",
            order_number=f"P261124-{place:07d}X",
            channel="抖音",
            lines=tuple(
                SlipLine(1 + place % 3, f"庆元花菇{chr(0x4E00 + place + kind)}", "净含量:250g*1袋")
                for kind in range(1 + place % 3)
            ),
            receiver=f"{chr(0x5F20 + place)}*",
            phone="138******00",
            address=f"浙江省丽水市庆元县松源街道示例路{place}号示例花园3幢****",
            due="11-26 20:00 前",
            note="请放门口",
        )
        for place in range(SLIPS)
    ]
    started = time.monotonic()
    sheets = slip_sheets(many, Setting(KNOWN[code]))
    pdf = sheets_pdf(sheets)
    seconds = time.monotonic() - started
    assert pdf.startswith(b"%PDF")
    kilobytes = _own_peak_kb() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"seconds": seconds, "mb": kilobytes / 1024, "pages": len(sheets)}


def _own_peak_kb() -> int:
    """The most this process ever held; getrusage would also count what its parent held when it started this one."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (peak,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(peak.split()[1])


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1])))
