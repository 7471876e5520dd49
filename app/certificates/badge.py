"""The certificate as an Open Badge (Open Badges 3.0 on Verifiable Credentials 2.0). Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.attendance.hours import in_hours
from app.core.values import utc

CONTEXTS = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)


@dataclass(frozen=True)
class Badge:
    """Everything that a credential says; all of it stood on the certificate, but for the e-mail address."""

    verification_url: str
    issuer_did: str
    issuer_name: str
    base_url: str
    number: str
    subject: UUID
    holder_name: str
    email: str
    salt: str
    training_slug: str
    training_title: str
    training_summary: str
    certificate_prefix: str
    edition_title: str
    phases: tuple[str, ...]
    product_title: str
    contact_minutes: int
    minimum_contact_minutes: int
    study_load_hours: int
    issued_at: datetime
    status_list_url: str
    status_index: int


def document(badge: Badge) -> dict[str, Any]:
    """The credential without its proof. The texts that tell what was done are in Dutch and in English.

    The e-mail address stands in it as a salted hash alone: who knows the address can check it (Open Badges
    3.0, IdentityObject).
    """
    return {
        "@context": list(CONTEXTS),
        "id": badge.verification_url,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": badge.training_title,
        "issuer": {
            "id": badge.issuer_did,
            "type": ["Profile"],
            "name": badge.issuer_name,
            "url": badge.base_url,
        },
        "validFrom": utc(badge.issued_at.replace(microsecond=0)),
        "credentialSubject": {
            "id": badge.subject.urn,
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": False,
                    "identityHash": badge.holder_name,
                    "identityType": "name",
                },
                {
                    "type": "IdentityObject",
                    "hashed": True,
                    "identityHash": hashed_email(badge.email, badge.salt),
                    "identityType": "emailAddress",
                    "salt": badge.salt,
                },
            ],
            "licenseNumber": badge.number,
            "result": [
                {
                    "type": ["Result"],
                    "resultDescription": _hours_id(badge),
                    "value": f"{badge.contact_minutes / 60:.2f}".rstrip("0").rstrip("."),
                }
            ],
            "achievement": _achievement(badge),
        },
        "evidence": [{"type": ["Evidence"], "name": badge.product_title}],
        "credentialStatus": {
            "id": f"{badge.status_list_url}#{badge.status_index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(badge.status_index),
            "statusListCredential": badge.status_list_url,
        },
    }


def hashed_email(email: str, salt: str) -> str:
    """The identity hash of an address: SHA-256 of the address in lower case, then the salt."""
    return f"sha256${hashlib.sha256(f'{email.lower()}{salt}'.encode()).hexdigest()}"


def _achievement(badge: Badge) -> dict[str, Any]:
    address = f"{badge.base_url}/v1/trainings/{badge.training_slug}"
    return {
        "id": address,
        "type": ["Achievement"],
        "achievementType": "CertificateOfCompletion",
        "humanCode": badge.certificate_prefix,
        "inLanguage": "nl",
        "name": badge.training_title,
        "description": badge.training_summary,
        "criteria": {"id": f"{address}#criteria", "narrative": _criteria(badge)},
        "resultDescription": [
            {
                "id": _hours_id(badge),
                "type": ["ResultDescription"],
                "name": "Contacturen (contact hours)",
                "requiredValue": f"{badge.minimum_contact_minutes / 60:.2f}".rstrip("0").rstrip("."),
                "resultType": "ext:ContactHours",
            }
        ],
        "alignment": [
            {
                "type": ["Alignment"],
                "targetName": f"{badge.training_title} ({badge.certificate_prefix})",
                "targetUrl": address,
                "targetDescription": f"Opleiding, studielast ongeveer {badge.study_load_hours} uur.",
                "targetFramework": badge.issuer_name,
            },
            {
                "type": ["Alignment"],
                "targetName": f"Culture coordinator in secondary schools ({badge.certificate_prefix})",
                "targetUrl": address,
                "targetDescription": f"Training, study load about {badge.study_load_hours} hours.",
                "targetFramework": badge.issuer_name,
            },
        ],
    }


def _criteria(badge: Badge) -> str:
    """What it took, in Dutch and then in English."""
    names = ", ".join(badge.phases)
    nl, en = (in_hours(badge.minimum_contact_minutes, language) for language in ("nl", "en"))
    return (
        f"Ten minste {nl} contacttijd gevolgd, de fasen {names} afgerond en een beroepsproduct gemaakt dat "
        "is goedgekeurd.\n"
        f"At least {en} of contact time attended, the phases {names} passed and a professional product made "
        "that was approved."
    )


def _hours_id(badge: Badge) -> str:
    return f"{badge.base_url}/v1/trainings/{badge.training_slug}#contact-hours"
