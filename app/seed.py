"""The pilot's data (design, section 1), and an edition that is open now. Seeding twice changes nothing."""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import text
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.events import service as events
from app.identity import service as identity
from app.identity.caller import SYSTEM, Role
from app.identity.models import Organisation
from app.identity.schemas import ClientCreate, ClientWithSecret
from app.trainings.models import (
    Edition,
    EditionProvider,
    Phase,
    Quota,
    Session,
    SessionEdition,
    Training,
)
from app.trainings.terms import EvidenceKind, Mode

TRAINING = "cultuurcoordinator-vo"
PILOT = "noord-midden-2021"
OPEN = "voorbeeld"
# Any number of our own: whoever seeds holds this advisory lock.
LOCK = 7_218_006

# Whoever tries the register out plays each of these parts.
DEMO_CLIENTS = [
    ("fleck", Role.PARTNER),
    ("mocca", Role.PARTNER),
    ("kunst-centraal", Role.PARTNER),
    ("mocca", Role.PROVIDER),
    ("lkca", Role.CERTIFIER),
    ("lkca", Role.ADMIN),
]


def _utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def _organisations() -> list[SQLModel]:
    return [
        Organisation(slug="fleck", name="FleCk", region="Flevoland", roles=["partner"]),
        Organisation(slug="mocca", name="Mocca", region="Amsterdam", roles=["partner", "provider"]),
        Organisation(
            slug="kunst-centraal", name="Kunst Centraal", region="Utrecht", roles=["partner", "provider"]
        ),
        Organisation(slug="neos", name="NEOS", region=None, roles=["provider"]),
        Organisation(slug="lkca", name="LKCA", region=None, roles=["certifier", "support"]),
    ]


def _trainings() -> list[SQLModel]:
    return [
        Training(
            slug=TRAINING,
            title="Cultuurcoördinator Voortgezet Onderwijs",
            summary="Opleiding voor docenten die cultuuronderwijs op hun school een vaste plek geven.",
            study_load_hours=40,
            minimum_contact_minutes=20 * 60,
            price_cents=750_00,
            certificate_prefix="CCVO",
        )
    ]


def _phases() -> list[SQLModel]:
    texts = [
        (
            "orientatie",
            "Oriëntatie",
            "De eigen praktijk, waar u het verschil kunt maken en uw leervraag.",
            "Je leervraag: waar je in je praktijk het verschil kunt maken, en wat je daarvoor wilt leren.",
            EvidenceKind.LEARNING_QUESTION,
        ),
        (
            "onderzoek",
            "Onderzoek",
            "Welke mogelijkheden er zijn om kwaliteit te beïnvloeden; welke kennis en kunde dat vraagt.",
            "Je onderzoek: hoe de kwaliteit te beïnvloeden is, en welke kennis en kunde dat vraagt.",
            EvidenceKind.RESEARCH,
        ),
        (
            "uitvoering",
            "Uitvoering",
            "De plannen uitvoeren en het effect zien; een beleidsplan of ander beroepsproduct.",
            "Je beleidsplan of ander beroepsproduct, en wat het in je school heeft gedaan.",
            EvidenceKind.PRODUCT,
        ),
        (
            "evaluatie",
            "Evaluatie",
            "Inzichten, persoonlijke ontwikkeling en de eigen volgende stappen.",
            "Je inzichten, je persoonlijke ontwikkeling en je eigen volgende stappen.",
            EvidenceKind.NEXT_STEPS,
        ),
    ]
    return [
        Phase(
            slug=slug,
            training=TRAINING,
            number=number,
            title=title,
            summary=summary,
            yields_product=slug == "uitvoering",
            asks=asks,
            evidence_kind=kind,
        )
        for number, (slug, title, summary, asks, kind) in enumerate(texts, start=1)
    ]


def _editions() -> list[SQLModel]:
    # The window runs from 8 June up to and including 5 July 2021 in Amsterdam, where it is UTC+2.
    # The pilot's total of seats was not published: 20 is a starting value, for an administrator to change.
    pilot = Edition(
        slug=PILOT,
        training=TRAINING,
        title="Pilot Noord/Midden 2021-2022",
        region="Noord/Midden",
        time_zone="Europe/Amsterdam",
        opens_at=_utc(2021, 6, 7, 22),
        closes_at=_utc(2021, 7, 5, 22),
        capacity=20,
    )
    example = Edition(
        slug=OPEN,
        training=TRAINING,
        title="Voorbeeldeditie",
        region="Overal",
        time_zone="Europe/Amsterdam",
        opens_at=_utc(2021, 1, 1),
        closes_at=_utc(2100, 1, 1),
        capacity=20,
    )
    return [pilot, example]


def _editions_parts() -> list[SQLModel]:
    providers = ("mocca", "kunst-centraal", "neos")
    return [
        *(EditionProvider(edition=slug, organisation=name) for slug in (PILOT, OPEN) for name in providers),
        Quota(edition=PILOT, organisation="fleck", minimum=2, maximum=4),
    ]


# 14.30 to 17.30 local time, so 12:30Z in summer time and 13:30Z in winter time.
_PHYSICAL = [
    (_utc(2021, 10, 7, 12, 30), "Amsterdam"),
    (_utc(2021, 11, 4, 13, 30), "Amersfoort"),
    (_utc(2021, 12, 9, 13, 30), "Utrecht"),
    (_utc(2022, 1, 27, 13, 30), "Almere"),
    (_utc(2022, 3, 17, 13, 30), "Amsterdam"),
    (_utc(2022, 4, 7, 12, 30), "Utrecht"),
]


def _session_id(edition: str, name: str) -> UUID:
    """The same id on every machine, so that seeding again finds the session."""
    return uuid5(NAMESPACE_URL, f"urn:cultuurcoordinator:{edition}:{name}")


def _sessions(now: datetime) -> list[SQLModel]:
    physical = [
        Session(
            id=_session_id(PILOT, f"bijeenkomst-{number}"),
            title=f"Bijeenkomst {number}",
            mode=Mode.PHYSICAL,
            starts_at=starts_at,
            ends_at=starts_at.replace(hour=starts_at.hour + 3),
            city=city,
            changed_at=now,
        )
        for number, (starts_at, city) in enumerate(_PHYSICAL, start=1)
    ]
    national = [
        Session(
            id=_session_id(PILOT, f"landelijk-{number}"),
            title=f"Landelijke onlinebijeenkomst {number}",
            mode=Mode.ONLINE,
            changed_at=now,
        )
        for number in (1, 2)
    ]
    # Held before today, so that whoever tries the register out can record attendance at once.
    study_days = [
        Session(
            id=_session_id(OPEN, f"studiedag-{day}"),
            title=f"Studiedag {day}",
            mode=Mode.HYBRID,
            starts_at=_utc(2022, 9, day, 7),
            ends_at=_utc(2022, 9, day, 14),
            city="Utrecht",
            changed_at=now,
        )
        for day in (1, 2, 3)
    ]
    return [*physical, *national, *study_days]


def _session_links() -> list[SQLModel]:
    names = [f"bijeenkomst-{number}" for number in range(1, 7)] + ["landelijk-1", "landelijk-2"]
    links: list[SQLModel] = [
        SessionEdition(session=_session_id(PILOT, name), edition=PILOT) for name in names
    ]
    days = [SessionEdition(session=_session_id(OPEN, f"studiedag-{day}"), edition=OPEN) for day in (1, 2, 3)]
    return [*links, *days]


async def is_planted(db: AsyncSession) -> bool:
    """Whether the pilot's data has been put in; who asks may put them in, alone until the commit."""
    await (await db.connection()).execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    return await db.get(Training, TRAINING) is not None


async def plant(db: AsyncSession, now: datetime) -> bool:
    """Put the pilot's data in, once; False when it was there, whatever has become of it since."""
    if await is_planted(db):
        return False
    parts = (_organisations(), _trainings(), _phases(), _editions(), _editions_parts(), _sessions(now))
    for rows in (*parts, _session_links()):
        db.add_all(rows)
        await db.flush()
    events.record(db, "pilot.seeded", subject=PILOT, actor=SYSTEM.client_id, at=now)
    return True


async def add_demo_clients(db: AsyncSession, now: datetime) -> list[ClientWithSecret]:
    """One client for each part in the pilot, with secrets that are made now and shown once."""
    return [
        await identity.add_client(
            db, SYSTEM.client_id, ClientCreate(organisation=slug, role=role, name=f"Demo {slug} {role}"), now
        )
        for slug, role in DEMO_CLIENTS
    ]
