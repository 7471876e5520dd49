"""Check-in: a participant says to be there, by the code that the trainer shows, which changes every minute.

The codes are TOTP (RFC 6238); each session has a secret of its own, which is derived from a key and not kept.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlmodel.ext.asyncio.session import AsyncSession

from app.attendance.models import CheckInGuess
from app.attendance.presence import Presence, Said, faults, understood
from app.attendance.records import CHANNELS, NotParticipant, Writing, standing, takes_part, write
from app.attendance.schemas import AttendanceRead, CheckInBody, CheckInCode
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.core.values import utc
from app.identity.caller import Caller
from app.registrations import personal_links
from app.registrations.forms import APPLICANT
from app.registrations.links import Links, Purpose
from app.registrations.moves import locked
from app.trainings import calendar
from app.trainings.calendar import SessionCancelled
from app.trainings.models import Session

_DIGITS, _SECONDS = 6, 60
# Five guesses in five minutes: in the hours that a session lasts, one in some thousands to be lucky.
_GUESSES, _PAUSE = 5, timedelta(minutes=5)


class CheckInClosed(Problem):
    """Check-in is open from a little before the session until its end."""

    status, code = 409, "check-in-closed"
    title, title_nl = "Check-in is not open", "Inchecken kan nu niet"


class WrongCode(Problem):
    """The code is not the one that the trainer shows; the guess is counted."""

    status, code = 409, "wrong-code"
    title, title_nl = "Wrong code", "Onjuiste code"
    keeps_record = True


class TooManyGuesses(Problem):
    """Too many wrong codes in a short time."""

    status, code = 429, "too-many-guesses"
    title, title_nl = "Too many wrong codes", "Te veel onjuiste codes"


class RecordedByTrainer(Problem):
    """A trainer has recorded that the participant was not there."""

    status, code = 409, "recorded-by-trainer"
    title, title_nl = "Recorded by your trainer", "Vastgelegd door de docent"


@dataclass(frozen=True)
class Codes:
    """Makes the codes of sessions from `key`; open from `opens` before a session, in time until `grace`."""

    key: bytes
    opens: timedelta
    grace: timedelta

    def at(self, session: Session, moment: datetime) -> str:
        """The session's code at a moment."""
        return self._totp(session).generate(moment.timestamp()).decode()

    def is_shown(self, code: str, session: Session, now: datetime) -> bool:
        """Whether it is the session's code, or the one before; in constant time."""
        shown = (now, now - timedelta(seconds=_SECONDS))
        right = [hmac.compare_digest(code.encode(), self.at(session, one).encode()) for one in shown]
        return any(right)

    def require_open(self, session: Session, now: datetime) -> datetime:
        """The session's start; SessionCancelled or CheckInClosed when nobody can check in."""
        if session.cancelled_at:
            raise SessionCancelled("The session was cancelled.")
        if session.starts_at is None or session.ends_at is None:
            raise CheckInClosed("The session has no date yet.")
        opens_at = session.starts_at - self.opens
        if not opens_at <= now < session.ends_at:
            raise CheckInClosed(f"Check-in is open from {utc(opens_at)} until {utc(session.ends_at)}.")
        return session.starts_at

    def late(self, starts_at: datetime, now: datetime) -> int:
        """The whole minutes that somebody is late; none within the grace."""
        return 0 if now <= starts_at + self.grace else int((now - starts_at).total_seconds() // 60)

    def _totp(self, session: Session) -> TOTP:
        secret = hmac.digest(self.key, session.id.bytes, "sha256")
        return TOTP(secret, _DIGITS, SHA256(), _SECONDS)


async def code(
    db: AsyncSession, caller: Caller, session_id: UUID, codes: Codes, now: datetime
) -> CheckInCode:
    """The code to show now, for who gives one of the session's editions.

    Raises NotFound, SessionCancelled and CheckInClosed.
    """
    session = await calendar.session(db, session_id)
    if not await calendar.gives(db, caller, await calendar.editions_of(db, session_id)):
        raise NotFound("There is no such session.")
    codes.require_open(session, now)
    number = int(now.timestamp()) // _SECONDS
    next_at = datetime.fromtimestamp((number + 1) * _SECONDS, UTC)
    return CheckInCode(session=session_id, code=codes.at(session, now), next_code_at=next_at)


async def check_in(
    db: AsyncSession, links: Links, token: str, codes: Codes, wanted: CheckInBody, now: datetime
) -> AttendanceRead:
    """Record that the holder of a personal link is there, and since when; once more changes nothing.

    What a trainer recorded stays. Raises NotFound, InvalidInput, NotParticipant, SessionCancelled,
    CheckInClosed, WrongCode, TooManyGuesses, and RecordedByTrainer for who was recorded as not there.
    """
    holder = await personal_links.holder(db, links, Purpose.PAGE, token)
    registration = await locked(db, holder.id)
    session = await db.get(Session, wanted.session)
    editions = await calendar.editions_of(db, wanted.session)
    if session is None or registration.edition not in editions:
        detail = "There is no such session."
        raise InvalidInput([Fault(pointer="#/session", code="unknown-session", detail=detail)])
    if not takes_part(registration, editions):
        raise NotParticipant("The registration is not a participant of an edition of this session.")
    starts_at = codes.require_open(session, now)
    late = min(codes.late(starts_at, now), session.minutes)
    said = Said(presence=Presence.PRESENT, late_minutes=late, channel=wanted.channel)
    if wrong := faults(said, session.minutes, CHANNELS[session.mode], "#"):
        raise InvalidInput(wrong)
    await _require_right(db, registration.id, session, codes, wanted.code, now)
    stands = (await standing(db, session.id, [registration.id])).get(registration.id)
    if stands is None:
        attended = understood(said, session.minutes, CHANNELS[session.mode], None)
        stands = write(db, Writing(session, APPLICANT, now), registration, None, attended, None)
        await db.flush()
    elif stands.presence is not Presence.PRESENT:
        raise RecordedByTrainer(f"You are recorded as {stands.presence}; ask your trainer to correct it.")
    return AttendanceRead.model_validate(stands)


async def _require_right(
    db: AsyncSession, registration_id: UUID, session: Session, codes: Codes, code: str, now: datetime
) -> None:
    """Raise unless the code is right; wrong ones are counted, and too many make one wait.

    The registration is locked, so that guesses at the same moment are counted one by one.
    """
    guesses = await db.get(CheckInGuess, (session.id, registration_id))
    if guesses and now >= guesses.since + _PAUSE:
        guesses.wrong, guesses.since = 0, now
    if guesses and guesses.wrong >= _GUESSES:
        seconds = int((guesses.since + _PAUSE - now).total_seconds()) + 1
        raise TooManyGuesses(
            f"Too many wrong codes; try again in {seconds} seconds.", headers={"Retry-After": str(seconds)}
        )
    if codes.is_shown(code, session, now):
        return
    if guesses is None:
        guesses = CheckInGuess(session=session.id, registration=registration_id, wrong=0, since=now)
        db.add(guesses)
    guesses.wrong += 1
    raise WrongCode("This is not the code that your trainer shows now; look again.")
