"""The draw explained to a teacher, and the applicant's receipt, as pages: plain, no scripts, for a phone."""

import json
from pathlib import Path

from app.core.language import Language
from app.core.pages import Pages
from app.draws import records
from app.draws.models import Draw
from app.draws.schemas import DrawReceipt

_PAGES = Pages(Path(__file__).parent, "draw.css")


def of_draw(draw: Draw, base_url: str, language: Language) -> str:
    """The public record, explained: candidates, seats, chances per partner, the result, how to check it."""
    record = json.loads(records.public(draw))
    placed = sum(one["outcome"] == "placed" for one in (record["outcome"] or {"lots": []})["lots"])
    return _PAGES.render(
        f"draw.{language}.html", draw=record, placed=placed, url=f"{base_url}/v1/draws/{draw.id}"
    )


def of_receipt(receipt: DrawReceipt, language: Language) -> str:
    """An applicant's receipt."""
    return _PAGES.render(f"receipt.{language}.html", receipt=receipt)


def policy() -> str:
    """The pages' content security policy."""
    return _PAGES.policy
