"""The whole house as a newcomer starts it (`gongfang run`), and people with browsers in it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.ports import free_ports

CHROMIUM = "/usr/bin/chromium"
# No sandbox: the tests may run as root. The rest keeps Chromium from calling its makers.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE, TABLET, PC = (390, 844), (1024, 768), (1440, 900)
PASSWORD = "gongfang-demo"
STEP_MS = 20_000
# For every browser test: a machine that is busy is slow, not wrong.
expect.set_options(timeout=STEP_MS)


@contextmanager
def open_house(var_dir: Path) -> Iterator[str]:
    """Run everything on free ports with data in ``var_dir``; gives the shop's address, stops all at the end."""
    port = free_ports()
    command = [str(Path(sys.executable).with_name("gongfang")), "run", "--no-past", "--port", str(port)]
    with subprocess.Popen(
        command,
        env={"VAR_DIR": str(var_dir), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "WEB_PROCESSES": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as house:
        assert house.stdout is not None
        said = []
        for line in house.stdout:
            said.append(line)
            if "/sign-in" in line and "badge" in line:
                break
        try:
            assert house.poll() is None, "".join(said)
            yield f"http://127.0.0.1:{port}"
        finally:
            house.send_signal(signal.SIGINT)
            last_words, _ = house.communicate(timeout=60)
    assert house.returncode == 0, last_words


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A real browser, with ``more`` arguments if need be."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *more])
        yield browser
        browser.close()


@dataclass
class People:
    """Opens devices; remembers what their pages complained about."""

    browser: Browser
    url: str
    complaints: list[str]

    def device(self, size: tuple[int, int]) -> Page:
        """A new device with its own cookies."""
        page = self.browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN").new_page()
        page.set_default_timeout(STEP_MS)
        page.on(
            "console",
            lambda message: message.type == "error" and self.complaints.append(f"{message.text} {message.location}"),
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def at_desk(self, login: str, size: tuple[int, int] = PC) -> Page:
        """Somebody signed in with login and password."""
        page = self.device(size)
        page.goto(f"{self.url}/sign-in")
        page.locator("[name=login]").fill(login)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main form button[type=submit], main form button").last.click()
        page.wait_for_url(re.compile(r"/(console|bench/(lead|weigh))$"))
        return page

    def at_bench(self, name: str, pin: str) -> Page:
        """A packer who tapped her name and typed her PIN."""
        page = self.device(TABLET)
        page.goto(f"{self.url}/bench")
        page.get_by_text(name, exact=True).click()
        for digit in pin:
            page.get_by_role("button", name=digit, exact=True).click()
        page.get_by_role("button", name=re.compile("登录|进|好")).last.click()
        page.wait_for_url("**/bench")
        return page
