"""Take the README's pictures anew: `.venv/bin/python -m tools.pictures`. Starts a house of its own with demo data."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.house import PC, PHONE, TABLET, People, chromium, open_house

_TARGET = Path(__file__).resolve().parent.parent / "docs" / "img"
_SETTLE_MS = 1_500


def take(page: Page, name: str) -> None:
    """One picture of what the screen shows."""
    page.wait_for_timeout(_SETTLE_MS)
    page.screenshot(path=_TARGET / f"{name}.png")


def main() -> None:
    """Shop on a phone, bench on the tablet, board on the PC, after a small crowd was there."""
    _TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gongfang-pictures-") as folder:
        var_dir = Path(folder)
        var_dir.chmod(0o755)
        with open_house(var_dir) as url, chromium() as browser:
            people = People(browser, url, [])
            phone = people.device(PHONE)
            phone.goto(url)
            phone.get_by_role("link", name="进直播间").click()
            take(phone, "shop")
            gongfang = Path(sys.executable).with_name("gongfang")
            subprocess.run(
                [gongfang, "crowd", "--buyers", "90", "--seconds", "420"],
                env={**os.environ, "VAR_DIR": str(var_dir)},
                check=True,
            )
            board = people.at_desk("streamer", PC)
            board.goto(f"{url}/console/board")
            take(board, "console")
            bench = people.at_bench("周美仙", "3690")
            bench.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
            for _ in range(6):
                if bench.get_by_role("button", name="领活").count():
                    bench.get_by_role("button", name="领活").first.click()
                    bench.wait_for_load_state()
                bench.get_by_role("button", name=re.compile("^包好了")).first.click()
                bench.wait_for_load_state()
            if bench.get_by_role("button", name="领活").count():
                bench.get_by_role("button", name="领活").first.click()
            take(bench, "bench")


if __name__ == "__main__":
    main()
