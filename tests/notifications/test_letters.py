"""The words of every kind of message, in both languages and both forms, whatever stands in them."""

import re
from datetime import datetime
from html.parser import HTMLParser
from itertools import product
from typing import get_args

import pytest

from app.core.language import Language
from app.notifications import letters, samples
from app.notifications.kinds import Kind

LANGUAGES: tuple[Language, ...] = get_args(Language)
EVERY = list(product(Kind, LANGUAGES))
HOSTILE = (
    "<script>alert(1)</script>",
    "\" onclick='x' &amp; {{ 7 * 7 }} {% raw %}",
    "Noor\r\n\r\nBcc: all@evil.example",
    "</style></p><b>",
)


class Reader(HTMLParser):
    """Reads a page: its elements, its addresses, its text; and whether it is well nested."""

    VOID = ("meta", "br", "hr", "img")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_every_kind_has_a_template_that_says_the_same_in_both_forms(kind: Kind, language: Language) -> None:
    values = samples.values(kind, language)
    letter = letters.write(kind, language, values)
    read = Reader(letter.html)
    assert read.open == []
    assert dict(read.elements)["html"] == {"lang": language}
    assert [tag for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)] == ["h1"]
    said = " ".join(read.text.split())
    links = [attributes["href"] for tag, attributes in read.elements if tag == "a"]
    for word in _words(letter.text, links):
        assert word in said, word
    assert set(links) <= {value for name, value in values.items() if name.endswith("_url")}
    assert all(link and link in letter.text for link in links)
    assert letter.subject
    assert "\n\n\n" not in letter.text
    assert max(map(len, letter.text.splitlines())) <= 100
    greeting = "Beste Noor van der Meer," if language == "nl" else "Dear Noor van der Meer,"
    assert letter.text.startswith(f"{greeting}\n\n")


def _words(text: str, links: list[str | None]) -> list[str]:
    """The words of a text, but for addresses of links, and the colons and dashes that stand for layout."""
    return [word.rstrip(":") for word in text.split() if word not in links and word != "-"]


@pytest.mark.parametrize(("kind", "language"), EVERY)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_people_write_stays_text(kind: Kind, language: Language, hostile: str) -> None:
    values = {
        name: hostile if isinstance(value, str) and not name.endswith("_url") else value
        for name, value in samples.values(kind, language).items()
    }
    if "changes" in values:
        values["changes"] = [hostile]
    letter = letters.write(kind, language, values)
    read, plain = (
        Reader(letter.html),
        Reader(letters.write(kind, language, samples.values(kind, language)).html),
    )
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject
    # Not one element or attribute more than with plain values: a list of facts may grow by those left out.
    allowed = {tag for tag, _ in plain.elements} | {"dt", "dd", "p", "strong"}
    assert {tag for tag, _ in read.elements} <= allowed
    for _, attributes in read.elements:
        assert set(attributes) <= {"lang", "charset", "name", "content", "class", "href"}
    assert " ".join(hostile.split()) in " ".join(read.text.split())
    assert " ".join(hostile.split()) in " ".join(letter.text.split())


def test_what_a_template_asks_for_and_lacks_is_an_error() -> None:
    values = samples.values(Kind.WAITLISTED, "nl")
    del values["place"]
    with pytest.raises(Exception, match="'place' is undefined"):
        letters.write(Kind.WAITLISTED, "nl", values)


@pytest.mark.parametrize(
    ("language", "ends", "words"),
    [
        ("nl", "2021-10-07T17:30+02:00", "donderdag 7 oktober 2021, 14.30 tot 17.30 uur"),
        ("en", "2021-10-07T17:30+02:00", "Thursday 7 October 2021, 14:30 to 17:30"),
        (
            "nl",
            "2021-10-08T12:00+02:00",
            "donderdag 7 oktober 2021, 14.30 uur tot vrijdag 8 oktober 2021, 12.00 uur",
        ),
        ("en", "2021-10-08T12:00+02:00", "Thursday 7 October 2021, 14:30 to Friday 8 October 2021, 12:00"),
    ],
)
def test_from_when_until_when(language: Language, ends: str, words: str) -> None:
    starts = datetime.fromisoformat("2021-10-07T14:30+02:00")
    assert letters.period(starts, datetime.fromisoformat(ends), "Europe/Amsterdam", language) == words
