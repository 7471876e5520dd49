"""The machine's own Chromium, and a real server whose pages it reads as people do (`make browser`)."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.reader import Reader
from tests.stories.server import Server

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"There is no Chromium on this machine: none of {', '.join(NAMES)} is in PATH."
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The one server of the run; who needs another moment says `server.at(...)`."""
    with Server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    """Somebody who opens pages; whatever the browser complained of fails the test."""
    reader = Reader(browser)
    yield reader
    reader.close()
    assert reader.complaints == []
