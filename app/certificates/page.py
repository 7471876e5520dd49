"""The public check as a page for people; plain, without scripts, readable on a phone."""

from pathlib import Path

from app.certificates.schemas import VerificationRead
from app.core.language import Language
from app.core.pages import Pages

_PAGES = Pages(Path(__file__).parent, "verification.css")
_WORDS: dict[Language, dict[str, str]] = {
    "nl": {
        "title": "Certificaat controleren",
        "valid": "Dit certificaat is geldig",
        "revoked": "Dit certificaat is ingetrokken",
        "superseded": "Dit certificaat is vervangen door een nieuw",
        "unknown": "Dit certificaat kennen wij niet",
        "unknown_help": "Controleer of het adres volledig is overgenomen, of scan de QR-code opnieuw.",
        "holder": "Naam",
        "training": "Opleiding",
        "issued_on": "Uitgegeven op",
        "hours": "Contacturen",
        "issuer": "Uitgegeven door",
        "revoked_on": "Ingetrokken op",
        "superseded_on": "Vervangen op",
    },
    "en": {
        "title": "Check a certificate",
        "valid": "This certificate is valid",
        "revoked": "This certificate has been revoked",
        "superseded": "This certificate was replaced by a new one",
        "unknown": "We do not know this certificate",
        "unknown_help": "Check that the address is complete, or scan the QR code again.",
        "holder": "Name",
        "training": "Training",
        "issued_on": "Issued on",
        "hours": "Contact hours",
        "issuer": "Issued by",
        "revoked_on": "Revoked on",
        "superseded_on": "Replaced on",
    },
}


def render(found: VerificationRead | None, language: Language) -> str:
    """The page about a certificate, or about one that is not known."""
    hours = f"{found.contact_hours:.2f}".rstrip("0").rstrip(".") if found else ""
    return _PAGES.render(
        "verification.html",
        found=found,
        words=_WORDS[language],
        language=language,
        hours=hours.replace(".", ",") if language == "nl" else hours,
    )


def policy() -> str:
    """The page's content security policy."""
    return _PAGES.policy
