"""The words of messages: a template per kind and language, which gives a text and an HTML page alike.

A template says what stands in it by calling `p`, `strong`, `facts`, `button` and `items`; each form of a
letter has functions of its own by these names. Pure: no database, no clock.
"""

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.core.language import Language, spoken
from app.core.pages import Pages
from app.notifications.kinds import Kind
from app.notifications.mail import Letter, one_line

_FOLDER = Path(__file__).parent / "templates"
_PAGES = Pages(_FOLDER, "letter.css")
_WIDTH = 72
Caller = Callable[[], str]


def write(kind: Kind, language: Language, values: Mapping[str, Any]) -> Letter:
    """The letter of this kind with `values` in it; a value that its template lacks is an error."""
    template = f"{kind}.{language}.jinja"
    written = _environment("text").get_template(template).make_module({**values, "language": language})
    subject = one_line(str(vars(written)["subject"]))
    text = re.sub(r"\n{3,}", "\n\n", _framed("text", kind, language, values))
    body = Markup(_framed("html", kind, language, values))  # noqa: S704  escaped by its environment
    html = _PAGES.render("letter.html", language=language, subject=subject, body=body)
    return Letter(subject, text.strip() + "\n", html)


def policy() -> str:
    """The content security policy of a letter that is shown as a page."""
    return _PAGES.policy


def period(starts_at: datetime, ends_at: datetime, time_zone: str, language: Language) -> str:
    """From when until when, in words: "donderdag 7 oktober 2021, 14.30 tot 17.30 uur"."""
    end = ends_at.astimezone(ZoneInfo(time_zone))
    if starts_at.astimezone(ZoneInfo(time_zone)).date() != end.date():
        both = [spoken(moment, time_zone, language) for moment in (starts_at, ends_at)]
        return (" tot " if language == "nl" else " to ").join(both)
    start = spoken(starts_at, time_zone, language)
    if language == "nl":
        return f"{start.removesuffix(' uur')} tot {end:%H.%M} uur"
    return f"{start} to {end:%H:%M}"


def _framed(form: str, kind: Kind, language: Language, values: Mapping[str, Any]) -> str:
    environment = _environment(form)
    body = environment.get_template(f"{kind}.{language}.jinja").render(**values, language=language)
    if form == "html":
        body = Markup(body)  # noqa: S704  escaped by its environment
    return environment.get_template(f"frame.{language}.jinja").render(**values, language=language, body=body)


@cache
def _environment(form: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=form == "html",  # noqa: S701  a text has nothing to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= _HTML if form == "html" else _TEXT
    return environment


def _text_paragraph(caller: Caller) -> str:
    return _wrapped(caller()) + "\n\n"


def _text_items(entries: Iterable[str]) -> str:
    listed = (
        textwrap.fill(one_line(entry), _WIDTH, initial_indent="- ", subsequent_indent="  ", **_WHOLE)
        for entry in entries
    )
    return "\n".join(listed) + "\n\n"


def _text_facts(*pairs: tuple[str, str]) -> str:
    return "\n".join(_wrapped(f"{label}: {value}") for label, value in pairs if value) + "\n\n"


def _text_button(label: str, url: str) -> str:
    return f"{_wrapped(label)}:\n{url}\n\n"


_WHOLE: Any = {"break_long_words": False, "break_on_hyphens": False}


def _wrapped(text: str) -> str:
    return textwrap.fill(one_line(text), _WIDTH, **_WHOLE)


def _html_paragraph(caller: Caller) -> Markup:
    return Markup("<p>{}</p>\n").format(caller())


def _html_strong(caller: Caller) -> Markup:
    return Markup("<p><strong>{}</strong></p>\n").format(caller())


def _html_small(caller: Caller) -> Markup:
    return Markup('<p class="small">{}</p>\n').format(caller())


def _html_items(entries: Iterable[str]) -> Markup:
    listed = Markup("").join(Markup("<li>{}</li>").format(entry) for entry in entries)
    return Markup("<ul>{}</ul>\n").format(listed)


def _html_facts(*pairs: tuple[str, str]) -> Markup:
    rows = (Markup("<dt>{}</dt><dd>{}</dd>").format(*pair) for pair in pairs if pair[1])
    return Markup("<dl>{}</dl>\n").format(Markup("").join(rows))


def _html_button(label: str, url: str) -> Markup:
    return Markup('<p><a class="button" href="{}">{}</a></p>\n').format(url, label)


_TEXT: dict[str, Any] = {
    "p": _text_paragraph,
    "strong": _text_paragraph,
    "small": _text_paragraph,
    "items": _text_items,
    "facts": _text_facts,
    "button": _text_button,
}
_HTML: dict[str, Any] = {
    "p": _html_paragraph,
    "strong": _html_strong,
    "small": _html_small,
    "items": _html_items,
    "facts": _html_facts,
    "button": _html_button,
}
