"""What a certificate asks, and what of it is met. Pure: no database, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.core.language import Language


class Code(StrEnum):
    """The requirements, each with a stable name."""

    CONTACT_HOURS = "contact-hours"
    PHASES = "phases"
    PRODUCT = "product"


@dataclass(frozen=True)
class Requirement:
    """One requirement: whether it is met, and in words how it stands."""

    code: Code
    met: bool
    explanation: str


@dataclass(frozen=True)
class Standing:
    """What a participant has done: minutes attended, phases with whether passed, product if any."""

    contact_minutes: int
    minimum_contact_minutes: int
    phases: Sequence[tuple[str, bool]]
    product_title: str | None
    product_approved: bool


def in_hours(minutes: int, language: Language) -> str:
    """Minutes as hours in words: 1170 is "19,5 uur" or "19.5 hours"; minutes that do not fit stay minutes."""
    hours, rest = divmod(minutes, 60)
    if rest % 15:
        amount = f"{hours}:{rest:02d}"
    else:
        decimals = {0: "", 15: ".25", 30: ".5", 45: ".75"}[rest]
        amount = f"{hours}{decimals}"
    if language == "nl":
        return f"{amount.replace('.', ',')} uur"
    return f"{amount} hour" if amount == "1" else f"{amount} hours"


def requirements(standing: Standing, language: Language) -> list[Requirement]:
    """Every requirement of the certificate (design, section 7), in a fixed order."""
    return [_hours(standing, language), _phases(standing, language), _product(standing, language)]


def _hours(standing: Standing, language: Language) -> Requirement:
    missing = standing.minimum_contact_minutes - standing.contact_minutes
    attended = in_hours(standing.contact_minutes, language)
    asked = in_hours(standing.minimum_contact_minutes, language)
    if missing <= 0:
        words = {
            "nl": f"{attended} contacttijd gevolgd; {asked} gevraagd.",
            "en": f"{attended} of contact time attended; {asked} asked.",
        }
    else:
        short = in_hours(missing, language)
        words = {
            "nl": f"Nog {short} contacttijd nodig: {attended} gevolgd van de gevraagde {asked}.",
            "en": f"{short} of contact time missing: {attended} attended of the {asked} asked.",
        }
    return Requirement(Code.CONTACT_HOURS, missing <= 0, words[language])


def _phases(standing: Standing, language: Language) -> Requirement:
    missing = [title for title, passed in standing.phases if not passed]
    if not missing:
        words = {"nl": "Alle fasen zijn behaald.", "en": "All phases are passed."}
    else:
        names = ", ".join(missing)
        words = {"nl": f"Nog niet behaald: {names}.", "en": f"Not yet passed: {names}."}
    return Requirement(Code.PHASES, not missing, words[language])


def _product(standing: Standing, language: Language) -> Requirement:
    if standing.product_approved:
        words = {
            "nl": f"Het beroepsproduct «{standing.product_title}» is goedgekeurd.",
            "en": f"The product «{standing.product_title}» is approved.",
        }
    elif standing.product_title:
        words = {
            "nl": f"Het beroepsproduct «{standing.product_title}» is nog niet goedgekeurd.",
            "en": f"The product «{standing.product_title}» is not yet approved.",
        }
    else:
        words = {"nl": "Er is nog geen beroepsproduct.", "en": "There is no product yet."}
    return Requirement(Code.PRODUCT, standing.product_approved, words[language])
