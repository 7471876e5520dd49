"""The draw explained to a teacher, and the applicant's receipt, as pages: plain, no scripts, for a phone."""

import json
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from markupsafe import Markup

from app.core.language import Language
from app.core.pages import Pages, time_tag
from app.draws import records
from app.draws.models import Draw
from app.draws.schemas import DrawReceipt
from app.trainings.models import Edition

_PAGES = Pages(Path(__file__).parent, "draw.css")
_ROWS = 1000  # of a list; more would be no page for a phone


def of_draw(draw: Draw, edition: Edition, names: Mapping[str, str], base_url: str, language: Language) -> str:
    """The public record, explained: candidates, seats, chances per partner, the result, how to check it.

    `names` says what the partners are called, by slug.
    """
    record = json.loads(records.public(draw))
    outcome = record["outcome"] or {"lots": [], "withdrawn": []}
    placed = {one["label"] for one in outcome["lots"] if one["outcome"] == "placed"}
    left = set(outcome["withdrawn"])
    return _render(
        "draw",
        language,
        edition.time_zone,
        draw=record,
        edition=edition.title,
        names=names,
        placed=len(placed),
        left=left,
        passed_on=len(placed & left),
        partners={one["label"]: one["partner"] for one in record["list"]["candidates"]},
        shown=_ROWS,
        url=f"{base_url}/v1/draws/{draw.id}",
        verifier=f"{base_url}/v1/draw-verifier",
    )


def of_receipt(receipt: DrawReceipt, time_zone: str, language: Language) -> str:
    """An applicant's receipt, with times as in `time_zone`."""
    return _render("receipt", language, time_zone, receipt=receipt)


def of_no_receipt(language: Language) -> str:
    """What a link says behind which there is no draw, or not yet."""
    return _PAGES.render(f"no-receipt.{language}.html")


def of_no_draw(language: Language) -> str:
    """What an address says at which there is no draw."""
    return _PAGES.render(f"no-draw.{language}.html")


def policy() -> str:
    """The pages' content security policy."""
    return _PAGES.policy


def _render(template: str, language: Language, time_zone: str, **values: Any) -> str:
    def moment(value: datetime | str) -> Markup:
        aware = datetime.fromisoformat(value) if isinstance(value, str) else value
        return time_tag(aware, time_zone, language)

    def rounded(fraction: str) -> str:
        return _decimal(Fraction(fraction), language)

    def percent(fraction: str) -> str:
        return f"{_decimal(Fraction(fraction) * 100, language)}%"

    helpers = {"moment": moment, "rounded": rounded, "percent": percent, "time_zone": time_zone}
    return _PAGES.render(f"{template}.{language}.html", **helpers, **values)


def _decimal(number: Fraction, language: Language) -> str:
    """With one decimal at most, which people read more easily than a fraction."""
    text = f"{float(number):.1f}".removesuffix(".0")
    return text.replace(".", ",") if language == "nl" else text
