"""A person at a browser: opens pages in a language, on a desktop or a phone, with or without JavaScript."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

DESKTOP, PHONE = 1280, 360
AXE = Path("tools/node_modules/axe-core/axe.min.js")
# The rules of WCAG 2.2, levels A and AA, and what axe-core calls best practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Reader:
    """Opens pages and gathers what the browser complained of: errors, refusals by the page's own policy."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.complaints = browser, list[str]()
        self._contexts: list[BrowserContext] = []

    def open(
        self,
        url: str,
        *,
        language: str = "nl",
        width: int = DESKTOP,
        javascript: bool = True,
        status: int = 200,
    ) -> Page:
        """The page at `url`, loaded."""
        context = self.browser.new_context(
            locale=language, viewport={"width": width, "height": 800}, java_script_enabled=javascript
        )
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: self._heard(said.type, said.text, status))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        answer = page.goto(url, wait_until="load")
        assert answer is not None
        assert answer.status == status
        return page

    def forgive(self, status: int) -> None:
        """Forget what was said of answers with an error that a test asked for by pressing a button."""
        self.complaints = [said for said in self.complaints if f"status of {status}" not in said]

    def close(self) -> None:
        """Leave every page."""
        for context in self._contexts:
            context.close()

    def _heard(self, type: str, text: str, status: int) -> None:
        # Chromium itself reports a page that answers with an error, which the test asked for.
        if type in ("error", "warning") and f"status of {status}" not in text:
            self.complaints.append(text)


WIDER = """
() => [document.documentElement, ...document.querySelectorAll("*")].some(one =>
  (one === document.documentElement || getComputedStyle(one).overflowX === "auto")
  && one.scrollWidth > one.clientWidth)
"""


def overflows(page: Page) -> bool:
    """Whether the page, or a part of it, has to be scrolled sideways."""
    wider: bool = page.evaluate(WIDER)
    return wider


def hindrances(page: Page) -> list[str]:
    """What axe-core finds that hinders people, by rule and element."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules}).then(done => done.violations)", RULES
    )
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]
