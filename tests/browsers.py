"""A real browser on the application of the test, for rooms whose conftest imports these fixtures."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Error, Page

from tests.e2e.house import PHONE, chromium
from tests.servers import listening


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on a free port, with its forms protected; gives its address."""
    app.config["WTF_CSRF_ENABLED"] = True
    with listening(app) as (url, _):
        yield url


@contextmanager
def device(browser: Browser, size: tuple[int, int] = PHONE, **options: Any) -> Iterator[Page]:
    """A device with cookies of its own whose pages must not complain."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN", **options)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    # A page that answers "not so" (4xx) is the test's own business; a part of a page that is missing is not.
    pages: set[str] = set()
    page.on("request", lambda request: request.is_navigation_request() and pages.add(request.url))

    def hear(message: ConsoleMessage) -> None:
        if (
            message.type == "error"
            and message.location["url"] not in pages
            and "favicon.ico" not in message.location["url"]
        ):
            complaints.append(f"{message.text} {message.location['url']}")

    page.on("console", hear)
    yield page
    assert complaints == [], complaints
    context.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a file of tests."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """Where the application of this test is."""
    with served(app) as url:
        yield url


def eventually(page: Page, is_so: Callable[[], object]) -> None:
    """Wait, within bounds, until it is so: asked from here, since pages forbid what Playwright's own waiting evaluates.

    A question asked while the page is being exchanged for the next one has no answer yet, and is asked again.
    """
    for _ in range(100):
        try:
            if is_so():
                return
        except Error as error:
            if "navigation" not in error.message:
                raise
        page.wait_for_timeout(200)
    assert is_so()
