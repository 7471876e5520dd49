"""Draws: freeze the list, publish everybody's chance, then give the seats.

The seed is made and committed to (by its hash) when the list is frozen, and published when the draw is
run, so that anyone can recompute the order from the record. What this does not give is a proof that the
operator did not choose the seed; `docs/decisions/0006-first-draw.md` says why that comes with a beacon.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.problems import NotFound, Problem
from app.core.values import utc
from app.draws import fairness
from app.draws.fairness import Group
from app.draws.models import Draw, DrawCandidate, DrawStatus
from app.draws.schemas import Candidate, DrawQuota, DrawRead, Lot
from app.events import service as events
from app.identity.caller import Caller
from app.registrations import waiting_list
from app.registrations.lifecycle import Status
from app.registrations.models import Registration
from app.registrations.moves import move
from app.trainings import service as trainings
from app.trainings.models import Edition

METHOD = "committed-seed-1"
# Random bytes, by number: an argument, so that a test can repeat a draw.
Entropy = Callable[[int], bytes]


class WindowOpen(Problem):
    """Registrations are still being taken in, so the list cannot be frozen."""

    status, code = 409, "window-open"
    title, title_nl = "Registration is still open", "Aanmelding is nog geopend"


class DrawAnnounced(Problem):
    """There is an announced draw already."""

    status, code = 409, "draw-announced"
    title, title_nl = "A draw is announced", "Er is al een loting aangekondigd"


class NoCandidates(Problem):
    """Nobody waits for a seat to be given."""

    status, code = 409, "no-candidates"
    title, title_nl = "No candidates", "Geen kandidaten"


class QuotasInfeasible(Problem):
    """The quotas cannot all be kept."""

    status, code = 409, "quotas-infeasible"
    title, title_nl = "Quotas cannot be kept", "Quota zijn niet haalbaar"


class DrawEnded(Problem):
    """The draw has been run or voided."""

    status, code = 409, "draw-ended"
    title, title_nl = "Draw has ended", "Loting is afgerond"


async def announce(
    db: AsyncSession, caller: Caller, edition_slug: str, entropy: Entropy, now: datetime
) -> DrawRead:
    """Freeze the complete registrations of an edition as candidates for its free seats.

    Raises NotFound, WindowOpen, DrawAnnounced, NoCandidates and QuotasInfeasible.
    """
    edition = await trainings.edition(db, edition_slug, lock=True)
    if now < edition.closes_at:
        raise WindowOpen(f"Registration is open until {utc(edition.closes_at)}.")
    if edition.frozen:
        raise DrawAnnounced("Run the announced draw or void it first.")
    complete = await _complete(db, edition)
    if not complete:
        raise NoCandidates("No registration of this edition is complete and without a seat.")

    seats = edition.capacity - edition.seats_taken
    quotas = await _quotas(db, edition)
    candidates = {entropy(8).hex(): registration for registration in complete}
    partners = {label: registration.partner for label, registration in candidates.items()}
    _expected(partners, quotas, seats)
    announced = Draw(
        edition=edition.slug,
        status=DrawStatus.ANNOUNCED,
        seats=seats,
        quotas=quotas,
        list_hash=fairness.list_hash(_frozen(edition.slug, seats, quotas, partners)),
        seed=entropy(32),
        announced_at=now,
    )
    db.add(announced)
    await db.flush()
    rows = [
        DrawCandidate(draw=announced.id, label=label, partner=one.partner, registration=one.id)
        for label, one in sorted(candidates.items())
    ]
    db.add_all(rows)
    edition.frozen = True
    _record(db, announced, "draw.announced", caller, now)
    await db.flush()
    return _shown(announced, rows)


async def run(db: AsyncSession, caller: Caller, draw_id: UUID, now: datetime) -> DrawRead:
    """Give the seats: every candidate is placed or put on the waiting list, in one transaction.

    A candidate who withdrew after the announcement keeps the lot; the seat passes on at once.
    Raises NotFound, and DrawEnded for a second run.
    """
    draw, edition = await _announced(db, draw_id)
    rows = await _candidates(db, draw.id)
    registrations = await _locked(db, rows)
    partners = {row.label: row.partner for row in rows}
    key = fairness.draw_key(draw.seed, draw.list_hash)
    order, winners = fairness.allocate(partners, _groups(partners, draw.quotas), draw.seats, key)

    by_label = {row.label: row for row in rows}
    waiting = await _last_waiting_number(db, edition)
    for lot, label in enumerate(order, start=1):
        row = by_label[label]
        row.lot, row.seated = lot, label in winners
        registration = registrations[row.registration]
        if registration.status is not Status.COMPLETE:
            continue
        if not row.seated:
            waiting += 1
            registration.waiting_number = waiting
        move(db, registration, edition, "place" if row.seated else "waitlist", caller.client_id, now)
    draw.status, draw.run_at = DrawStatus.COMPLETED, now
    edition.frozen = False
    _record(db, draw, "draw.completed", caller, now)
    await waiting_list.offer_free_seats(db, edition, caller.client_id, now)
    await db.flush()
    return _shown(draw, rows)


async def void(db: AsyncSession, caller: Caller, draw_id: UUID, reason: str, now: datetime) -> DrawRead:
    """End an announced draw without running it; raises NotFound and DrawEnded."""
    draw, edition = await _announced(db, draw_id)
    draw.status, draw.voided_at, draw.void_reason = DrawStatus.VOID, now, reason
    edition.frozen = False
    _record(db, draw, "draw.voided", caller, now, reason=reason)
    await db.flush()
    return _shown(draw, await _candidates(db, draw.id))


async def read(db: AsyncSession, draw_id: UUID) -> DrawRead:
    """The public record of a draw, or NotFound."""
    draw = await db.get(Draw, draw_id)
    if draw is None:
        raise NotFound("There is no such draw.")
    return _shown(draw, await _candidates(db, draw.id))


async def _announced(db: AsyncSession, draw_id: UUID) -> tuple[Draw, Edition]:
    """The draw and its edition, both locked; the edition first, as everywhere."""
    edition_slug = (await db.exec(select(Draw.edition).where(Draw.id == draw_id))).first()
    if edition_slug is None:
        raise NotFound("There is no such draw.")
    edition = await trainings.edition(db, edition_slug, lock=True)
    draw = await db.get_one(Draw, draw_id, with_for_update=True)
    if draw.status is not DrawStatus.ANNOUNCED:
        raise DrawEnded(f"The draw is {draw.status}.")
    return draw, edition


async def _complete(db: AsyncSession, edition: Edition) -> Sequence[Registration]:
    query = (
        select(Registration)
        .where(Registration.edition == edition.slug, Registration.status == Status.COMPLETE)
        .order_by(col(Registration.id))
        .with_for_update()
    )
    return (await db.exec(query)).all()


async def _quotas(db: AsyncSession, edition: Edition) -> list[dict[str, Any]]:
    """The edition's quotas, less the seats that are taken already."""
    taken = await waiting_list.taken(db, edition.slug)
    return [
        {
            "organisation": name,
            "minimum": max(quota.minimum - taken[name], 0),
            "maximum": max(quota.maximum - taken[name], 0),
        }
        for name, quota in sorted((await waiting_list.ranges(db, edition.slug)).items())
    ]


async def _candidates(db: AsyncSession, draw_id: UUID) -> Sequence[DrawCandidate]:
    query = select(DrawCandidate).where(DrawCandidate.draw == draw_id).order_by(col(DrawCandidate.label))
    return (await db.exec(query)).all()


async def _locked(db: AsyncSession, rows: Sequence[DrawCandidate]) -> dict[UUID, Registration]:
    query = (
        select(Registration)
        .where(col(Registration.id).in_([row.registration for row in rows]))
        .order_by(col(Registration.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {registration.id: registration for registration in (await db.exec(query)).all()}


async def _last_waiting_number(db: AsyncSession, edition: Edition) -> int:
    query = select(sa.func.max(Registration.waiting_number)).where(Registration.edition == edition.slug)
    return (await db.exec(query)).one() or 0


def _frozen(
    edition: str, seats: int, quotas: list[dict[str, Any]], partners: Mapping[str, str]
) -> dict[str, Any]:
    """What the list hash is taken of."""
    candidates = [[label, partner] for label, partner in sorted(partners.items())]
    return {
        "method": METHOD,
        "edition": edition,
        "seats": seats,
        "quotas": quotas,
        "candidates": candidates,
    }


def _groups(partners: Mapping[str, str], quotas: Sequence[Mapping[str, Any]]) -> list[Group]:
    """The candidates per partner, by name, with the quota of each."""
    limits = {quota["organisation"]: (quota["minimum"], quota["maximum"]) for quota in quotas}
    sizes = Counter(partners.values())
    return [Group(name, size, *limits.get(name, (0, size))) for name, size in sorted(sizes.items())]


def _expected(partners: Mapping[str, str], quotas: Sequence[Mapping[str, Any]], seats: int) -> dict[str, str]:
    """Every partner's chance per candidate, as a fraction in words; QuotasInfeasible when there is none."""
    groups = _groups(partners, quotas)
    try:
        expected = fairness.expected_seats(groups, seats)
    except fairness.Infeasible as infeasible:
        raise QuotasInfeasible(
            f"The minimums of the quotas ask for {infeasible.wanted} seats and {infeasible.seats} are free; "
            f"lower the minimums by {infeasible.wanted - infeasible.seats} or add seats."
        ) from infeasible
    return {group.name: str(share / group.size) for group, share in zip(groups, expected, strict=True)}


def _record(db: AsyncSession, draw: Draw, type: str, caller: Caller, now: datetime, **data: Any) -> None:
    events.record(
        db,
        type,
        subject=draw.id,
        actor=caller.client_id,
        at=now,
        edition=draw.edition,
        listHash=draw.list_hash.hex(),
        **data,
    )


def _shown(draw: Draw, rows: Sequence[DrawCandidate]) -> DrawRead:
    chances = _expected({row.label: row.partner for row in rows}, draw.quotas, draw.seats)
    drawn = sorted((row for row in rows if row.lot is not None), key=lambda row: row.lot or 0)
    return DrawRead(
        **draw.model_dump(exclude={"quotas", "list_hash", "seed"}),
        method=METHOD,
        draw_needed=any(chance != "1" for chance in chances.values()),
        quotas=[DrawQuota(**quota) for quota in draw.quotas],
        candidates=[
            Candidate(label=row.label, partner=row.partner, chance=chances[row.partner]) for row in rows
        ],
        list_hash=draw.list_hash.hex(),
        seed_hash=sha256(draw.seed).hexdigest(),
        seed=draw.seed.hex() if draw.status is DrawStatus.COMPLETED else None,
        lots=[Lot(label=row.label, lot=row.lot or 0, outcome=_outcome(row)) for row in drawn],
    )


def _outcome(row: DrawCandidate) -> Literal["placed", "waitlisted"]:
    return "placed" if row.seated else "waitlisted"
