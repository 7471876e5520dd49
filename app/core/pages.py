"""Pages for people: a template and one style, no script; nothing else may be loaded."""

import base64
import hashlib
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.core.language import Language, spoken, spoken_day
from app.core.values import utc


def time_tag(moment: datetime, time_zone: str, language: Language) -> Markup:
    """A moment for people, in words, and for machines, in UTC."""
    words = spoken(moment, time_zone, language)
    return Markup('<time datetime="{}">{}</time>').format(utc(moment), words)


def day_tag(day: date, language: Language) -> Markup:
    """A day for people, in words, and for machines."""
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), spoken_day(day, language))


class Pages:
    """The pages of one folder, which share the style in `style`; some hold a form that is posted to us."""

    def __init__(self, folder: Path, style: str, *, with_form: bool = False) -> None:
        self._folder, self._name = folder, style
        self._posts_to = "'self'" if with_form else "'none'"

    def render(self, template: str, **values: Any) -> str:
        """The page; every value is escaped."""
        style = Markup(self._style)  # noqa: S704  our own file, not input
        return self._environment.get_template(template).render(**values, style=style)

    @cached_property
    def policy(self) -> str:
        """The content security policy: nothing but the page's own style, and its form if it has one."""
        fingerprint = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        return (
            f"default-src 'none'; style-src 'sha256-{fingerprint}'; form-action {self._posts_to}; "
            "frame-ancestors 'none'; base-uri 'none'"
        )

    @cached_property
    def _style(self) -> str:
        return (self._folder / self._name).read_text(encoding="utf-8")

    @cached_property
    def _environment(self) -> Environment:
        return Environment(loader=FileSystemLoader(self._folder), autoescape=True, undefined=StrictUndefined)
