"""A session's list: everybody who takes part, and what is recorded of them; as CSV, or on paper to sign."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance.models import Attendance
from app.attendance.presence import Channel, Presence
from app.attendance.signing import Signer, SigningSheet
from app.core import sheets
from app.core.language import Language, spoken
from app.core.problems import NotFound
from app.core.values import utc
from app.identity.caller import Caller
from app.registrations.lifecycle import PARTICIPANT
from app.registrations.models import Applicant, Registration
from app.trainings import calendar
from app.trainings.models import Edition, Session

_HEADER: dict[Language, tuple[str, ...]] = {
    "nl": (
        *("aanmelding", "achternaam", "tussenvoegsel", "voornaam", "school", "plaats", "editie", "partner"),
        *("aanwezigheid", "wijze", "minuten", "te laat", "eerder weg", "vastgelegd op"),
    ),
    "en": (
        *("registration", "family name", "prefix", "given name", "school", "city", "edition", "partner"),
        *("attendance", "channel", "minutes", "late", "left early", "recorded at"),
    ),
}
_DUTCH: dict[Presence | Channel, str] = {
    Presence.PRESENT: "aanwezig",
    Presence.ABSENT: "afwezig",
    Presence.EXCUSED: "afgemeld",
    Channel.IN_PERSON: "op locatie",
    Channel.ONLINE: "online",
}
Row = tuple[Registration, Applicant, Attendance | None]


@dataclass(frozen=True)
class _List:
    session: Session
    editions: list[Edition]
    rows: list[Row]


async def as_csv(db: AsyncSession, caller: Caller, session_id: UUID, language: Language) -> bytes:
    """The list for spreadsheets, with its words in `language`; NotFound for who does not give the session."""
    found = await _read(db, caller, session_id)
    return sheets.write(_HEADER[language], [_cells(row, language) for row in found.rows])


async def to_sign(
    db: AsyncSession, caller: Caller, session_id: UUID, language: Language, now: datetime
) -> tuple[SigningSheet, date]:
    """What stands on the list to sign, and today's date there; NotFound for who does not give the session."""
    found = await _read(db, caller, session_id)
    session, zone = found.session, found.editions[0].time_zone
    place = ", ".join(filter(None, (session.place, session.address, session.city)))
    sheet = SigningSheet(
        title=session.title,
        editions=tuple(edition.title for edition in found.editions),
        begins=spoken(session.starts_at, zone, language) if session.starts_at else None,
        ends=spoken(session.ends_at, zone, language).rpartition(", ")[2] if session.ends_at else None,
        place=place or None,
        signers=tuple(
            Signer(applicant.full_name, f"{registration.school_name}, {registration.school_city}")
            for registration, applicant, _ in found.rows
        ),
        language=language,
    )
    return sheet, now.astimezone(ZoneInfo(zone)).date()


async def _read(db: AsyncSession, caller: Caller, session_id: UUID) -> _List:
    """The participants of those editions of the session that the caller gives, by name."""
    session = await calendar.session(db, session_id)
    slugs = await calendar.gives(db, caller, await calendar.editions_of(db, session_id))
    if not slugs:
        raise NotFound("There is no such session.")
    editions = select(Edition).where(col(Edition.slug).in_(slugs)).order_by(col(Edition.slug))
    query = (
        select(Registration, Applicant, Attendance)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .outerjoin(
            Attendance,
            (col(Attendance.registration) == Registration.id) & (col(Attendance.session) == session_id),
        )
        .where(col(Registration.edition).in_(slugs), col(Registration.status).in_(PARTICIPANT))
        .order_by(col(Registration.name_key), col(Registration.id))
    )
    return _List(session, list((await db.exec(editions)).all()), list((await db.exec(query)).all()))


def _cells(row: Row, language: Language) -> list[sheets.Cell]:
    registration, applicant, attendance = row
    known: list[sheets.Cell] = [
        str(registration.id),
        applicant.family_name,
        applicant.family_name_prefix,
        applicant.given_name,
        registration.school_name,
        registration.school_city,
        registration.edition,
        registration.partner,
    ]
    if attendance is None:
        return [*known, *([None] * 6)]
    return [
        *known,
        _word(attendance.presence, language),
        attendance.channel and _word(attendance.channel, language),
        attendance.minutes,
        attendance.late_minutes,
        attendance.early_minutes,
        utc(attendance.recorded_at),
    ]


def _word(value: Presence | Channel, language: Language) -> str:
    return _DUTCH[value] if language == "nl" else value.value
