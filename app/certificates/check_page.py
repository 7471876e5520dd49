"""The page where people check a file or a text that somebody gave them, and what came of it, in words."""

import re
from functools import partial
from pathlib import Path
from urllib.parse import quote

from app.certificates import page
from app.certificates.schemas import CheckRead
from app.core.language import Language
from app.core.pages import Pages, day_tag
from app.core.problems import InvalidInput, Problem

_PAGES = Pages(Path(__file__).parent, "verification.css", with_form=True)


def render(language: Language, *, found: CheckRead | None = None, refusal: Problem | None = None) -> str:
    """The form, below what came of a check or why there was none, if anything was sent."""
    return _PAGES.render(
        f"check.{language}.html",
        words=page.WORDS[language],
        language=language,
        other=page.OTHER[language],
        found=found.certificate if found else None,
        said=_said(found) if found else None,
        hours=page.hours(found.certificate, language) if found and found.certificate else "",
        refused=_code(refusal) if refusal else None,
        day=partial(day_tag, language=language),
    )


def policy() -> str:
    """The page's content security policy."""
    return _PAGES.policy


def address(code: str, language: Language) -> str:
    """Where the certificate with this code is checked; what followed it in a link is left out."""
    return f"/v1/verifications/{quote(re.split('[?#]', code.strip())[0], safe='')}?lang={language}"


def _said(found: CheckRead) -> str:
    """The word for what came of it. A PDF that is not as issued may say anything, whatever stands inside."""
    return "resaved" if found.as_issued is False else found.verdict.value


def _code(refusal: Problem) -> str:
    return refusal.faults[0].code if isinstance(refusal, InvalidInput) else refusal.code
