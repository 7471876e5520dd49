"""A browser without scripts at the page of a form: reads its fields, types, and presses a button."""

from html.parser import HTMLParser

import httpx

from tests.world import World

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Fields(HTMLParser):
    """What a page's form would post as it stands, and what is said to be wrong."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.invalid: set[str] = set()
        self.action, self.method = "", ""
        self._textarea = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action, self.method = given["action"], given["method"]
        if "aria-invalid" in given:
            self.invalid.add(given.get("name", given.get("aria-describedby", "")))
        kind = given.get("type")
        if tag == "textarea":
            self._textarea = given["name"]
            self.values[self._textarea] = ""
        elif tag == "input" and (kind in ("text", "hidden") or "checked" in given):
            self.values[given["name"]] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # A browser leaves out the line break after the tag.
            self.values[self._textarea] = self.values[self._textarea].removeprefix("\n")
            self._textarea = ""


class FormPage:
    """One open window."""

    def __init__(self, world: World, token: str, language: str = "nl") -> None:
        self.world, self.path, self.language = world, f"/v1/enrolment-forms/{token}", language
        self.open()

    def open(self, query: str = "") -> httpx.Response:
        """Go to the page."""
        headers = {**PAGE, "Accept-Language": self.language}
        self.answer = self.world.http.get(f"{self.path}{query}", headers=headers)
        self.fields = Fields(self.answer.text)
        return self.answer

    def press(self, button: str, **typed: str) -> httpx.Response:
        """Fill fields in by their names, with two underscores for a dot; press, and follow where it leads."""
        filled = {name.replace("__", "."): text.replace("\n", "\r\n") for name, text in typed.items()}
        body = {**self.fields.values, **filled, "press": button}
        assert self.fields.method == "post"
        headers = {**PAGE, "Accept-Language": self.language}
        posted = self.world.http.post(f"{self.path}{self.fields.action}", data=body, headers=headers)
        if posted.status_code == 303:
            return self.open(posted.headers["location"])
        self.answer, self.fields = posted, Fields(posted.text)
        return posted
