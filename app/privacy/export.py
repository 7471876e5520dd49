"""What the register knows of one person, and what it uses personal data for (AVG, articles 15 and 30)."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic.alias_generators import to_camel
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.language import Language
from app.core.values import utc
from app.identity.caller import Caller, Role
from app.identity.models import Organisation
from app.privacy import data_map, people
from app.privacy.data_map import Held
from app.privacy.people import Person
from app.privacy.schemas import (
    KnownRegistration,
    PersonExport,
    ProcessingOrganisation,
    ProcessingRegister,
    UseRead,
)
from app.privacy.uses import EXPLAINED, Use
from app.registrations import applicants
from app.registrations.models import Registration
from app.trainings import service as trainings
from app.trainings.models import Edition
from app.trainings.terms import RETENTION

_RIGHTS: Mapping[Language, list[str]] = {
    "nl": [
        "Inzage: dit overzicht (artikel 15).",
        "Rectificatie: wat niet klopt wordt verbeterd (artikel 16); vraag het de partner of LKCA.",
        "Wissing: alles behalve wat bewaard moet worden, met de reden (artikel 17).",
        "Beperking en bezwaar (artikelen 18 en 21).",
        "Overdracht: dit overzicht als JSON (artikel 20).",
        (
            "Toestemming voor wensen intrekken: leeg ze op het formulier, of vraag het de partner (artikel "
            "7, lid 3)."
        ),
        "Een klacht indienen bij de Autoriteit Persoonsgegevens (artikel 77).",
    ],
    "en": [
        "Access: this overview (article 15).",
        "Rectification: what is wrong is corrected (article 16); ask the partner or LKCA.",
        "Erasure: everything but what has to be kept, with the reason (article 17).",
        "Restriction and objection (articles 18 and 21).",
        "Portability: this overview as JSON (article 20).",
        "Withdrawing consent to wishes: empty them on the form, or ask the partner (article 7(3)).",
        "Lodging a complaint with the Dutch data protection authority (article 77).",
    ],
}
_PEOPLE: Mapping[Language, str] = {
    "nl": "Docenten die zich aanmelden of deelnemen; contactpersonen van organisaties.",
    "en": "Teachers who register or take part; contacts of organisations.",
}
_TRANSFERS: Mapping[Language, str] = {
    "nl": "Het register geeft niets door aan landen buiten de Europese Economische Ruimte; waar het "
    "draait en "
    "welke mailserver en opslag het gebruikt, kiest de beheerder.",
    "en": "The register transfers nothing to countries outside the European Economic Area; where it "
    "runs, and "
    "which mail server and storage it uses, is the administrator's choice.",
}
_SECURITY: Mapping[Language, str] = {
    "nl": "Toegang per organisatie, rol en recht; scheiding tussen partners in de toepassing en in de "
    "database; "
    "gebeurtenissen die niemand kan wijzigen; geheimen versleuteld of alleen als vingerafdruk; webhooks en "
    "logregels zonder persoonsgegevens; bewaartermijnen die vanzelf worden uitgevoerd.",
    "en": "Access by organisation, role and scope; partners kept apart in the application and in the "
    "database; "
    "events that nobody can change; secrets encrypted or kept as a digest alone; webhooks and log lines "
    "without "
    "personal data; retention that is carried out by itself.",
}


# Where others call from is the administrators' to know, in an export as in the events.
_ADMINISTRATORS = {"origin"}


async def of_person(
    db: AsyncSession, caller: Caller, applicant_id: UUID, language: Language, now: datetime
) -> PersonExport:
    """Everything that is known of the person behind an applicant, as far as the caller may see it.

    A partner's rows are those that the database shows to that partner. Raises NotFound.
    """
    await applicants.read(db, caller, applicant_id)
    person = await people.find(db, caller, applicant_id)
    query = (
        select(Registration, Edition)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .where(col(Registration.id).in_(person.registrations))
        .order_by(col(Registration.id))
    )
    return PersonExport(
        applicant=applicant_id,
        made_at=now,
        registrations=[
            KnownRegistration(
                id=one.id,
                edition=one.edition,
                partner=one.partner,
                status=one.status.value,
                months=trainings.months(edition),
            )
            for one, edition in (await db.exec(query)).all()
        ],
        known=await _known(db, caller, person),
        uses=uses(language),
        rights=_RIGHTS[language],
    )


async def _known(db: AsyncSession, caller: Caller, person: Person) -> dict[str, list[dict[str, Any]]]:
    """By table, the person's rows without their secrets; tables without any are left out."""
    known, connection = {}, await db.connection()
    for table, held, where in data_map.of_people():
        if held.internal and caller.role is not Role.ADMIN:
            continue
        shown = [name for name in _columns(held) if name not in _hidden(held)]
        if caller.role is not Role.ADMIN:
            shown = [name for name in shown if name not in _ADMINISTRATORS]
        listed = ", ".join(f'"{name}"' for name in shown)
        statement = f'SELECT {listed} FROM "{table}" WHERE {where} ORDER BY 1, 2'  # noqa: S608  the map's own
        rows = (await connection.execute(person.bound(statement))).mappings().all()
        if rows and any(shown):
            known[to_camel(table)] = [
                {to_camel(name): _plain(value) for name, value in row.items()} for row in rows
            ]
    return known


def _columns(held: Held) -> list[str]:
    return [*held.plain.split(), *held.personal]


def _hidden(held: Held) -> set[str]:
    return {name for name, datum in held.personal.items() if datum.hidden}


def _plain(value: Any) -> Any:
    """A value of the database as JSON has it, with members as the contract would call them."""
    if isinstance(value, dict):
        return {to_camel(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return _single(value)


def _single(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value


def uses(language: Language) -> list[UseRead]:
    """What personal data is used for, each purpose with the columns that hold it."""
    holds: dict[Use, list[str]] = {use: [] for use in Use}
    for table, held in data_map.MAP.items():
        for name, datum in held.personal.items():
            holds[datum.use].append(f"{table}.{name}")
    return [
        UseRead(
            use=use,
            purpose=said.purpose[language],
            ground=said.ground[language],
            term=said.kept[language],
            recipients=said.recipients[language],
            months={term.value: RETENTION[term] for term in said.terms},
            holds=sorted(holds[use]),
        )
        for use, said in EXPLAINED.items()
    ]


async def processing(db: AsyncSession, language: Language, now: datetime) -> ProcessingRegister:
    """The register of processing activities, as it is now."""
    organisations = (await db.exec(select(Organisation).order_by(col(Organisation.slug)))).all()
    return ProcessingRegister(
        made_on=now.date(),
        organisations=[
            ProcessingOrganisation(organisation=one.slug, name=one.name, roles=one.roles, email=one.email)
            for one in organisations
        ],
        people=_PEOPLE[language],
        transfers=_TRANSFERS[language],
        security=_SECURITY[language],
        uses=uses(language),
    )
