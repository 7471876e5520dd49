"""What personal data is used for, on which ground, and for how long: once, in two languages. Pure.

Articles are of the AVG (GDPR, Regulation (EU) 2016/679) unless another law is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.core.language import Language
from app.trainings.terms import Retained

Words = Mapping[Language, str]


class Use(StrEnum):
    """One purpose."""

    REGISTRATION = "registration"
    MOTIVATION = "motivation"
    FORMS = "enrolment-forms"
    WISHES = "wishes"
    ATTENDANCE = "attendance"
    EVIDENCE = "evidence"
    CERTIFICATE = "certificates"
    INVOICE = "invoices"
    MESSAGES = "messages"
    IMPORT = "imports"
    AUDIT = "audit"
    SECURITY = "security"
    ORGANISATION = "organisations"


class Certificates(StrEnum):
    """What becomes of the certificates of who is erased."""

    KEEP = "keep"  # they stay, with what the public check shows
    FORGET = "forget"  # nobody can check them any more


@dataclass(frozen=True)
class Explained:
    """What a purpose comes to, in words, and the terms that an edition sets for it."""

    purpose: Words
    ground: Words
    kept: Words
    recipients: Words
    terms: tuple[Retained, ...] = ()


def _said(nl: str, en: str) -> Words:
    return {"nl": nl, "en": en}


_AGREEMENT = _said(
    "Nodig voor de deelname waarom de docent zelf vraagt (artikel 6, lid 1, onder b)",
    "Necessary for the participation that the teacher asks for (article 6(1)(b))",
)
_INTEREST = _said(
    "Gerechtvaardigd belang (artikel 6, lid 1, onder f)", "Legitimate interests (article 6(1)(f))"
)
_BY_EDITION = _said("Zo lang als de editie het zegt", "As long as the edition says")
_INTAKE = _said(
    "De partner waarlangs de docent zich aanmeldde; de aanbieders van de editie; LKCA als beheerder",
    "The partner that the teacher registered through; the providers of the edition; LKCA as administrator",
)
_TEACHING = _said("De aanbieders van de editie; LKCA", "The providers of the edition; LKCA")
_NOBODY = _said("Niemand buiten het beheer van het register", "Nobody outside the register's administration")

EXPLAINED: Mapping[Use, Explained] = {
    Use.REGISTRATION: Explained(
        _said(
            "Docenten aanmelden voor een editie, plaatsen eerlijk verdelen en hen bereiken",
            "Registering teachers for an edition, giving out seats fairly, and reaching them",
        ),
        _AGREEMENT,
        _BY_EDITION,
        _INTAKE,
        (Retained.UNSUCCESSFUL, Retained.PARTICIPANTS),
    ),
    Use.MOTIVATION: Explained(
        _said("Weten waarom iemand wil meedoen", "Knowing why somebody wants to take part"),
        _AGREEMENT,
        _BY_EDITION,
        _INTAKE,
        (Retained.MOTIVATION,),
    ),
    Use.FORMS: Explained(
        _said(
            "De opleiding laten aansluiten op leervraag en werksituatie",
            "Fitting the training to learning question and work situation",
        ),
        _AGREEMENT,
        _BY_EDITION,
        _INTAKE,
        (Retained.FORMS,),
    ),
    Use.WISHES: Explained(
        _said(
            "Rekening houden met dieet en toegankelijkheid op bijeenkomsten",
            "Catering for diet and accessibility at sessions",
        ),
        _said(
            "Uitdrukkelijke toestemming op het inschrijfformulier (artikel 9, lid 2, onder a)",
            "Explicit consent on the enrolment form (article 9(2)(a))",
        ),
        _said(
            "Tot na de laatste bijeenkomst, of tot de aanmelding eerder eindigt",
            "Until after the last session, or until the registration ends before",
        ),
        _TEACHING,
    ),
    Use.ATTENDANCE: Explained(
        _said(
            "Vaststellen of iemand de contacturen haalt die het certificaat vraagt",
            "Establishing whether somebody reaches the contact hours that the certificate asks",
        ),
        _AGREEMENT,
        _BY_EDITION,
        _TEACHING,
        (Retained.ATTENDANCE, Retained.PARTICIPANTS),
    ),
    Use.EVIDENCE: Explained(
        _said("De fasen en het beroepsproduct beoordelen", "Judging the phases and the professional product"),
        _AGREEMENT,
        _BY_EDITION,
        _TEACHING,
        (Retained.EVIDENCE, Retained.PARTICIPANTS),
    ),
    Use.CERTIFICATE: Explained(
        _said(
            "Certificaten uitgeven die iedereen kan controleren",
            "Issuing certificates that anybody can check",
        ),
        _said(
            "Gerechtvaardigd belang van houders, scholen en LKCA dat een uitgegeven certificaat "
            "controleerbaar "
            "blijft (artikel 6, lid 1, onder f)",
            "Legitimate interests of holders, schools and LKCA that a certificate, once issued, can be "
            "checked "
            "(article 6(1)(f))",
        ),
        _said(
            "Zo lang als het register certificaten bewaart, of tot LKCA het certificaat op verzoek vergeet",
            "As long as the register keeps certificates, or until LKCA forgets the certificate on request",
        ),
        _said(
            "Wie de controlecode heeft: naam, opleiding, datum, uren, uitgever en status",
            "Whoever has the code of the check: name, training, date, hours, issuer and status",
        ),
    ),
    Use.INVOICE: Explained(
        _said("De kosten van deelname in rekening brengen", "Charging the price of taking part"),
        _said(
            (
                "Wettelijke bewaarplicht (artikel 6, lid 1, onder c; artikel 52 Algemene wet inzake "
                "rijksbelastingen)"
            ),
            (
                "Legal duty to keep accounts (article 6(1)(c); article 52 of the Dutch General State Taxes "
                "Act, AWR)"
            ),
        ),
        _said(
            "Zeven jaar na het einde van het jaar van de factuur",
            "Seven years after the end of the year of the invoice",
        ),
        _said("De school die betaalt; de organisatie die factureert", "The school that pays; who invoices"),
        (Retained.INVOICES,),
    ),
    Use.MESSAGES: Explained(
        _said("Aantonen wat wanneer is gemeld", "Showing what was told and when"),
        _AGREEMENT,
        _BY_EDITION,
        _said("De mailserver van het register", "The register's mail server"),
        (Retained.MESSAGES,),
    ),
    Use.IMPORT: Explained(
        _said("Bestanden met aanmeldingen inlezen", "Taking in files of registrations"),
        _AGREEMENT,
        _said(
            "Geweigerde regels 30 dagen; van aangenomen regels alleen een versleutelde vingerafdruk",
            "Refused rows for 30 days; of rows that were taken in a keyed fingerprint alone",
        ),
        _said("De organisatie die het bestand stuurde", "The organisation that sent the file"),
    ),
    Use.AUDIT: Explained(
        _said(
            "Verantwoorden wie wat wanneer deed, en systemen van organisaties op de hoogte houden",
            "Accounting for who did what when, and keeping organisations' systems informed",
        ),
        _said(
            "Verantwoordingsplicht (artikel 5, lid 2) en gerechtvaardigd belang (artikel 6, lid 1, onder f)",
            "Accountability (article 5(2)) and legitimate interests (article 6(1)(f))",
        ),
        _said(
            "Gebeurtenissen blijven, met kenmerken en feiten zonder naam; "
            "wat mensen erbij schreven gaat met de aanmelding",
            "Events stay, with ids and facts without a name; what people wrote with them goes with the "
            "registration",
        ),
        _said(
            "De partner, van eigen aanmeldingen; beheerders",
            "The partner, of its own registrations; administrators",
        ),
    ),
    Use.SECURITY: Explained(
        _said("Herhaalde verzoeken veilig beantwoorden", "Answering repeated requests safely"),
        _INTEREST,
        _said("Ten hoogste 24 uur, versleuteld", "24 hours at most, encrypted"),
        _NOBODY,
    ),
    Use.ORGANISATION: Explained(
        _said(
            "Organisaties bereiken en hun systemen toelaten",
            "Reaching organisations and admitting their systems",
        ),
        _INTEREST,
        _said("Zo lang als de organisatie meedoet", "As long as the organisation takes part"),
        _NOBODY,
    ),
}
