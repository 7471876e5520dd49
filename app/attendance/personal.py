"""A participant's own page: what it says, behind the personal link."""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance import evidence, outlook, progress
from app.attendance.check_in import CheckInClosed, Codes
from app.attendance.hours import told
from app.attendance.models import Attendance
from app.attendance.personal_schemas import (
    PersonalAttendance,
    PersonalHours,
    PersonalPageRead,
    PersonalSession,
)
from app.attendance.places import Place
from app.core.language import Language
from app.core.paging import Window
from app.registrations import personal_links
from app.registrations.forms import APPLICANT
from app.registrations.lifecycle import PARTICIPANT
from app.registrations.links import Links, Purpose
from app.registrations.models import Applicant, Registration
from app.trainings import calendar
from app.trainings import service as trainings
from app.trainings.calendar import SessionCancelled
from app.trainings.models import Session
from app.trainings.schemas import SessionRead


async def read(
    db: AsyncSession, links: Links, token: str, codes: Codes, language: Language, now: datetime
) -> PersonalPageRead:
    """The page of the participant whose link this is, or NotFound."""
    registration = await personal_links.holder(db, links, Purpose.PAGE, token)
    applicant = await db.get_one(Applicant, registration.applicant)
    edition = await trainings.edition(db, registration.edition)
    known = await progress.record(db, registration)
    return PersonalPageRead(
        registration=registration.id,
        name=applicant.full_name,
        status=registration.status,
        edition=edition.slug,
        edition_title=edition.title,
        training_title=known.training.title,
        time_zone=edition.time_zone,
        sessions=await _sessions(db, registration, codes, now),
        contact_hours=await _hours(db, registration, language, now),
        phases=[
            await evidence.own(db, Place(registration, phase, judged, APPLICANT))
            for phase, judged in known.phases
        ],
        calendar_url=links.calendar(registration.id, registration.links_generation),
    )


async def _hours(
    db: AsyncSession, registration: Registration, language: Language, now: datetime
) -> PersonalHours | None:
    if registration.status not in PARTICIPANT:
        return None
    known = await outlook.standing(db, registration.id, now)
    return PersonalHours(
        attended=known.attended,
        make_up=known.made_up,
        possible=known.possible,
        needed=known.needed,
        minimum=known.minimum,
        outlook=known.outlook,
        explanation=told(known, language),
    )


async def _sessions(
    db: AsyncSession, registration: Registration, codes: Codes, now: datetime
) -> list[PersonalSession]:
    """Every session of the edition, with what is recorded of the participant."""
    query = select(Attendance).where(Attendance.registration == registration.id)
    recorded = {row.session: row for row in (await db.exec(query)).all()}
    shown = await _all(db, registration.edition)
    rows = select(Session).where(col(Session.id).in_([one.id for one in shown]))
    takes_part = registration.status in PARTICIPANT
    open_now = {row.id for row in (await db.exec(rows)).all() if takes_part and _is_open(codes, row, now)}
    return [
        PersonalSession(
            session=one,
            attendance=PersonalAttendance.model_validate(recorded[one.id]) if one.id in recorded else None,
            check_in_open=one.id in open_now,
        )
        for one in shown
    ]


async def _all(db: AsyncSession, edition: str) -> list[SessionRead]:
    window, shown = Window(100), list[SessionRead]()
    while True:
        page = await calendar.list_sessions(db, window, edition)
        shown += page.items
        if page.next_cursor is None:
            return shown
        window = Window(100, page.next_cursor)


def _is_open(codes: Codes, session: Session, now: datetime) -> bool:
    try:
        codes.require_open(session, now)
    except (CheckInClosed, SessionCancelled):
        return False
    return True
