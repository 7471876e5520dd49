"""Possible duplicates: flagged for an administrator, who decides on each; never merged by themselves."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.problems import Fault, InvalidInput, Problem
from app.events import service as events
from app.identity.caller import Caller
from app.registrations.lifecycle import Status
from app.registrations.likeness import DuplicateVerdict, Pair, Person, possible_duplicates
from app.registrations.models import Applicant, DuplicateDecision, Registration
from app.registrations.moves import locked, move
from app.registrations.schemas import DuplicateDecide, PossibleDuplicate, PossibleDuplicateList
from app.trainings import service as trainings

# By the two registrations, the older first.
Decisions = dict[tuple[UUID, UUID], DuplicateDecision]
# Who returned no form yet is in no draw; who has left or was refused counts as nobody.
_LIVE = (Status.COMPLETE, Status.PLACED, Status.WAITLISTED, Status.CONFIRMED, Status.CERTIFIED)


class NotAPair(Problem):
    """The two do not look alike, or one of them has left."""

    status, code = 409, "no-possible-duplicate"
    title, title_nl = "Not a possible duplicate", "Geen mogelijke dubbele aanmelding"


async def listed(db: AsyncSession, edition_slug: str) -> PossibleDuplicateList:
    """Every pair of live registrations of an edition that looks alike, decided or not; or NotFound."""
    edition = await trainings.edition(db, edition_slug)
    decisions = await _decisions(db, edition.slug)
    pairs = await _pairs(db, edition.slug, decisions)
    return PossibleDuplicateList(
        items=[_shown(pair, decisions.get((pair.first, pair.second))) for pair in pairs]
    )


async def undecided(db: AsyncSession, edition: str) -> list[PossibleDuplicate]:
    """The pairs that nobody has decided on; a draw waits for them."""
    decisions = await _decisions(db, edition)
    pairs = await _pairs(db, edition, decisions)
    return [_shown(pair, None) for pair in pairs if (pair.first, pair.second) not in decisions]


async def decide(
    db: AsyncSession,
    caller: Caller,
    edition_slug: str,
    wanted: DuplicateDecide,
    now: datetime,
    expected: Expected,
) -> PossibleDuplicate:
    """Settle one pair: both stay, or one is rejected; a later decision replaces it.

    `expected` is about the whole list, which shows every pair. Raises NotFound, PreconditionFailed,
    InvalidInput, NotAPair and, for who cannot be rejected any more, MoveNotAllowed or, while a draw is
    announced, CandidatesFrozen.
    """
    edition = await trainings.edition(db, edition_slug, lock=True)
    if expected:
        expected.require(await listed(db, edition_slug))
    first, second = sorted(wanted.registrations)
    _check(wanted)
    decisions = await _decisions(db, edition.slug)
    pairs = {(pair.first, pair.second): pair for pair in await _pairs(db, edition.slug, decisions)}
    pair = pairs.get((first, second))
    if pair is None:
        raise NotAPair("These two are no pair of live registrations of this edition that look alike.")

    decided = await db.merge(
        DuplicateDecision(
            first=first,
            second=second,
            verdict=wanted.verdict,
            reason=wanted.reason,
            decided_by=caller.client_id,
            decided_at=now,
        )
    )
    if wanted.keep is not None:
        gone = await locked(db, second if wanted.keep == first else first)
        move(db, gone, edition, "reject", caller.client_id, now, wanted.reason)
    events.record(
        db,
        "duplicate.decided",
        subject=first,
        actor=caller.client_id,
        at=now,
        edition=edition.slug,
        second=str(second),
        verdict=wanted.verdict,
        reason=wanted.reason,
    )
    await db.flush()
    return _shown(pair, decided)


def _check(wanted: DuplicateDecide) -> None:
    same = wanted.verdict is DuplicateVerdict.SAME
    faults = []
    if same and wanted.keep not in wanted.registrations:
        detail = "Name which of the two registrations stays."
        faults.append(Fault(pointer="#/keep", code="one-of-the-two", detail=detail))
    if not same and wanted.keep is not None:
        detail = "Of different people both registrations stay."
        faults.append(Fault(pointer="#/keep", code="both-stay", detail=detail))
    if faults:
        raise InvalidInput(faults)


async def _pairs(db: AsyncSession, edition: str, decisions: Decisions) -> list[Pair]:
    query = (
        sa.select(
            col(Registration.id),
            col(Applicant.given_name),
            col(Applicant.family_name_prefix),
            col(Applicant.family_name),
            col(Applicant.email),
            col(Registration.school_name),
        )
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .where(col(Registration.edition) == edition, col(Registration.status).in_(_LIVE))
    )
    rows = (await db.exec(query)).all()  # type: ignore[call-overload]  # SQLModel types up to four columns
    people = (
        Person(id, " ".join(filter(None, (given, prefix, family))), email, school)
        for id, given, prefix, family, email, school in rows
    )
    different = {pair for pair, one in decisions.items() if one.verdict is DuplicateVerdict.DIFFERENT}
    return possible_duplicates(people, different)


async def _decisions(db: AsyncSession, edition: str) -> Decisions:
    query = (
        select(DuplicateDecision)
        .join(Registration, col(Registration.id) == DuplicateDecision.first)
        .where(Registration.edition == edition)
    )
    return {(one.first, one.second): one for one in (await db.exec(query)).all()}


def _shown(pair: Pair, decision: DuplicateDecision | None) -> PossibleDuplicate:
    return PossibleDuplicate(
        registrations=[pair.first, pair.second],
        grounds=list(pair.grounds),
        verdict=decision.verdict if decision else None,
        reason=decision.reason if decision else None,
        decided_by=decision.decided_by if decision else None,
        decided_at=decision.decided_at if decision else None,
    )
