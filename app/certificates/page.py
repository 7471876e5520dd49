"""The public check as a page for people; plain, without scripts, readable on a phone."""

from functools import partial
from pathlib import Path

from app.certificates.schemas import HolderPage, VerificationRead
from app.core.language import Language
from app.core.pages import Pages, day_tag

_PAGES = Pages(Path(__file__).parent, "verification.css")
# The other language of a page, and what it calls itself.
OTHER: dict[Language, tuple[Language, str]] = {"nl": ("en", "English"), "en": ("nl", "Nederlands")}
WORDS: dict[Language, dict[str, str]] = {
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
        "holder_title": "Je certificaat",
        "number": "Nummer",
        "get_pdf": "Certificaat als PDF",
        "about_pdf": "Om te printen, in te lijsten of in je portfolio te zetten. De Open Badge zit erin.",
        "get_badge": "Open Badge",
        "about_badge": "Voor een wallet of portfolio die Open Badges 3.0 leest: voeg daar dit bestand toe.",
        "get_token": "Open Badge als token",
        "about_token": "Hetzelfde als VC-JWT, voor wallets die daarom vragen.",
        "check": "Controlepagina",
        "about_check": "Deze link mag je delen: wie hem opent, ziet of je certificaat geldig is.",
        "get_evidence": "Bewijs van deelname",
        "about_evidence": "Uren, data, fasen en je beroepsproduct op een rij, voor je portfolio.",
        "keep_private": "Deze pagina is van jou alleen: wie de link heeft, kan alles downloaden.",
        "superseded_on": "Vervangen op",
        "ask_for_new": "Vraag om het nieuwe certificaat aan wie je dit liet zien.",
        "check_file": "Een pdf of Open Badge controleren",
        "about_check_file": "Kreeg je een bestand? Zo zie je of er niets aan is veranderd.",
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
        "holder_title": "Your certificate",
        "number": "Number",
        "get_pdf": "Certificate as PDF",
        "about_pdf": "To print, to frame or to keep in your portfolio. The Open Badge is inside.",
        "get_badge": "Open Badge",
        "about_badge": "For a wallet or portfolio that reads Open Badges 3.0: add this file there.",
        "get_token": "Open Badge as a token",
        "about_token": "The same as a VC-JWT, for wallets that ask for one.",
        "check": "Check page",
        "about_check": "Share this link: whoever opens it sees whether your certificate is valid.",
        "get_evidence": "Evidence of participation",
        "about_evidence": "Hours, dates, phases and your professional product, for your portfolio.",
        "keep_private": "This page is yours alone: whoever has the link can download everything.",
        "superseded_on": "Replaced on",
        "ask_for_new": "Ask whoever showed you this one for the new certificate.",
        "check_file": "Check a PDF or Open Badge",
        "about_check_file": "Were you given a file? See whether anything in it was changed.",
    },
}


def render(found: VerificationRead | None, language: Language) -> str:
    """The page about a certificate, or about one that is not known."""
    return _PAGES.render(
        "verification.html",
        found=found,
        words=WORDS[language],
        language=language,
        other=OTHER[language],
        hours=hours(found, language) if found else "",
        day=partial(day_tag, language=language),
    )


def of_holder(page: HolderPage, language: Language) -> str:
    """The holder's own page."""
    return _PAGES.render(
        "holder.html",
        page=page,
        words=WORDS[language],
        language=language,
        day=partial(day_tag, language=language),
    )


def hours(found: VerificationRead, language: Language) -> str:
    """Contact hours as one writes them: 19,5 or 19.5."""
    written = f"{found.contact_hours:.2f}".rstrip("0").rstrip(".")
    return written.replace(".", ",") if language == "nl" else written


def policy() -> str:
    """The page's content security policy."""
    return _PAGES.policy
