"""Announcing a draw: freeze the list, and publish everybody's exact chance before anything is drawn."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic.alias_generators import to_camel
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import new_id
from app.core.problems import Fault, InvalidInput, Problem
from app.core.values import utc
from app.draws import beacon, protocol
from app.draws.fairness import Carry, Group, Infeasible, lowered_minimums
from app.draws.models import Draw, DrawCandidate, DrawStatus
from app.draws.protocol import Candidate, Terms
from app.draws.schemas import BeaconWanted, DrawAnnounce
from app.events import service as events
from app.identity.caller import SYSTEM, Caller
from app.registrations import duplicates, waiting_list
from app.registrations.lifecycle import Status
from app.registrations.models import Registration
from app.trainings import service as trainings
from app.trainings.models import Edition
from app.trainings.terms import CarryMode, UnfilledMinimum

# Random bytes, by number: an argument, so that a test can repeat a draw.
Entropy = Callable[[int], bytes]
# The random value must be unknown when the list is frozen, to everybody and with time to spare.
AHEAD = timedelta(hours=1)


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


class DuplicatesUndecided(Problem):
    """Registrations that may be the same person's wait for a decision; `possibleDuplicates` names them."""

    status, code = 409, "duplicates-undecided"
    title, title_nl = (
        "Possible duplicates are undecided",
        "Over mogelijke dubbele aanmeldingen is niet beslist",
    )


class QuotasInfeasible(Problem):
    """The quotas cannot all be kept; `relaxations` says what would be enough."""

    status, code = 409, "quotas-infeasible"
    title, title_nl = "Quotas cannot be kept", "Quota zijn niet haalbaar"


async def announce(
    db: AsyncSession, caller: Caller, edition_slug: str, wanted: DrawAnnounce, entropy: Entropy, now: datetime
) -> Draw:
    """Freeze the complete registrations of an edition as candidates for its free seats.

    `now` is an aware UTC time. Raises NotFound, WindowOpen, DrawAnnounced, NoCandidates,
    DuplicatesUndecided, QuotasInfeasible, and InvalidInput for a random value that is not an hour ahead.
    """
    # The protocol's times are whole seconds.
    now = now.replace(microsecond=0)
    edition = await trainings.edition(db, edition_slug, lock=True)
    if now < edition.closes_at:
        raise WindowOpen(f"Registration is open until {utc(edition.closes_at)}.")
    if edition.frozen:
        raise DrawAnnounced("Publish the result of the announced draw or void it first.")
    await waiting_list.offer_free_seats(db, edition, SYSTEM.client_id, now)
    owners = await _candidates(db, edition, entropy)
    await _require_decided(db, edition)

    announced = await _frozen(db, edition, list(owners), wanted, now)
    db.add(announced)
    await db.flush()
    await _keep_owners(db, announced, owners)
    edition.frozen = True
    record(
        db,
        announced,
        "draw.announced",
        caller.client_id,
        now,
        candidates=len(owners),
        seats=announced.seats,
        drawNeeded=announced.draw_needed,
    )
    await db.flush()
    return announced


async def _frozen(
    db: AsyncSession, edition: Edition, candidates: Sequence[Candidate], wanted: DrawAnnounce, now: datetime
) -> Draw:
    """The draw with its list fixed and hashed; raises QuotasInfeasible and InvalidInput."""
    terms = await _terms(db, edition)
    parts = _groups(candidates, terms, edition)
    needed = any(part.chance != 1 for part in parts)
    source, drawable_at = _beacon(wanted, needed=needed, now=now)
    publish_at = wanted.publish_at and wanted.publish_at.replace(microsecond=0)
    id = new_id()
    head = {
        "draw": str(id),
        "edition": edition.slug,
        "announcedAt": utc(now),
        "publishAt": utc(publish_at) if publish_at else None,
        "beacon": source,
        "earlierDraws": await _earlier(db, edition),
    }
    text = protocol.canonical(protocol.frozen(head, candidates, terms, parts))
    return Draw(
        id=id,
        edition=edition.slug,
        status=DrawStatus.ANNOUNCED,
        draw_needed=needed,
        frozen_list=text.decode(),
        list_hash=protocol.list_hash(text),
        groups=[group_shown(part) for part in parts],
        shortages=_shortages(candidates, terms),
        seats=terms.seats,
        beacon=source,
        drawable_at=drawable_at,
        announced_at=now,
        publish_at=publish_at,
    )


async def _candidates(db: AsyncSession, edition: Edition, entropy: Entropy) -> dict[Candidate, UUID]:
    """The complete registrations, each behind a random label, by label; NoCandidates when there is none."""
    query = select(Registration.id, Registration.partner, Registration.carried_over_from).where(
        Registration.edition == edition.slug, Registration.status == Status.COMPLETE
    )
    rows = (await db.exec(query.order_by(col(Registration.id)))).all()
    if not rows:
        raise NoCandidates("No registration of this edition is complete and without a seat.")
    # Where it brings nothing to have been drawn out before, the list does not speak of it.
    matters = edition.carry_over_mode is not CarryMode.NONE
    found = {
        Candidate(label, partner, carried_over=matters and earlier is not None): id
        for label, (id, partner, earlier) in zip(_labels(len(rows), entropy), rows, strict=True)
    }
    return dict(sorted(found.items(), key=lambda pair: pair[0].label))


def _labels(number: int, entropy: Entropy) -> list[str]:
    """That many different labels of 16 random hexadecimal digits."""
    labels: dict[str, None] = {}
    while len(labels) < number:
        text = entropy(8 * (number - len(labels))).hex()
        labels.update(dict.fromkeys(text[at : at + 16] for at in range(0, len(text), 16)))
    return list(labels)


async def _require_decided(db: AsyncSession, edition: Edition) -> None:
    undecided = await duplicates.undecided(db, edition.slug)
    if undecided:
        raise DuplicatesUndecided(
            f"{len(undecided)} pairs of registrations may be the same person's; decide on each first "
            f"(POST /v1/editions/{edition.slug}/possible-duplicates/_decide).",
            possibleDuplicates=[
                pair.model_dump(mode="json", by_alias=True, include={"registrations", "grounds"})
                for pair in undecided[:100]
            ],
        )


async def _terms(db: AsyncSession, edition: Edition) -> Terms:
    """The free seats, and the edition's quotas less the seats that are taken already."""
    taken = await waiting_list.taken(db, edition.slug)
    quotas = await waiting_list.ranges(db, edition.slug)
    return Terms(
        seats=edition.capacity - edition.seats_taken,
        quotas={
            partner: (max(quota.minimum - taken[partner], 0), max(quota.maximum - taken[partner], 0))
            for partner, quota in quotas.items()
        },
        held=edition.unfilled_minimum is UnfilledMinimum.HELD,
        carry=Carry(edition.carry_over_mode, edition.carry_over_weight),
    )


def _groups(candidates: Sequence[Candidate], terms: Terms, edition: Edition) -> list[Group]:
    """Everybody's chance, or QuotasInfeasible with the smallest changes that would make room."""
    try:
        return protocol.groups(candidates, terms)
    except Infeasible as infeasible:
        excess = infeasible.wanted - infeasible.seats
        sizes = Counter(one.partner for one in candidates)
        binding = {
            partner: minimum if terms.held else min(minimum, sizes[partner])
            for partner, (minimum, _) in sorted(terms.quotas.items())
        }
        lowered = dict(zip(binding, lowered_minimums(list(binding.values()), excess), strict=True))
        changed = {partner: number for partner, number in lowered.items() if number < binding[partner]}
        words = ", ".join(
            f"{partner} from {binding[partner]} to {number}" for partner, number in changed.items()
        )
        raise QuotasInfeasible(
            f"The minimums of the quotas ask for {sum(binding.values())} seats and {terms.seats} are free. "
            f"The smallest changes that would be enough: lower the minimums by {excess} in all, for "
            f"example {words}; or raise the capacity from {edition.capacity} to {edition.capacity + excess}.",
            relaxations=[
                {"lowerMinimumsBy": excess, "minimums": changed},
                {"raiseCapacityTo": edition.capacity + excess},
            ],
        ) from infeasible


# The members of a wanted beacon that belong to its kind.
_MEMBERS = {"drand": ("round", "at"), "public-source": ("source", "field", "available_at")}


def _beacon(wanted: DrawAnnounce, *, needed: bool, now: datetime) -> tuple[dict[str, Any] | None, datetime]:
    """Where the random value will come from, as the list says it, and when; InvalidInput for all faults."""
    chosen = wanted.beacon or BeaconWanted.model_validate({"kind": "drand"})
    faults = _member_faults(chosen)
    if faults:
        raise InvalidInput(faults)
    soonest = now + AHEAD
    shown: dict[str, Any]
    if chosen.kind == "public-source" and chosen.available_at:
        at, pointer = chosen.available_at.replace(microsecond=0), "#/beacon/availableAt"
        shown = {"kind": chosen.kind, "source": chosen.source, "field": chosen.field, "availableAt": utc(at)}
    else:
        number = chosen.round or beacon.round_from(chosen.at or soonest)
        at, pointer = beacon.time_of(number), "#/beacon/round" if chosen.round else "#/beacon/at"
        shown = {"kind": "drand", "chain": beacon.CHAIN, "round": number, "roundAt": utc(at)}
    if at < soonest:
        detail = f"The random value has to be unknown for an hour more: choose {utc(soonest)} or later."
        faults.append(Fault(pointer=pointer, code="too-soon", detail=detail))
    drawable_at = at if needed else now
    if wanted.publish_at and wanted.publish_at < drawable_at:
        detail = f"The draw can be run from {utc(drawable_at)}; publish its result at that moment or later."
        faults.append(Fault(pointer="#/publishAt", code="too-soon", detail=detail))
    if faults:
        raise InvalidInput(faults)
    return (shown if needed else None), drawable_at


def _member_faults(chosen: BeaconWanted) -> list[Fault]:
    """A fault for each member that does not go with the kind, or that it lacks."""
    faults = [
        Fault(
            pointer=f"#/beacon/{to_camel(name)}",
            code="other-kind",
            detail=f"This does not go with {chosen.kind}.",
        )
        for kind, names in _MEMBERS.items()
        for name in names
        if kind != chosen.kind and getattr(chosen, name) is not None
    ]
    if chosen.at and chosen.at < beacon.GENESIS:
        detail = f"drand's quicknet began at {utc(beacon.GENESIS)}; choose that moment or later."
        faults.append(Fault(pointer="#/beacon/at", code="too-soon", detail=detail))
    if chosen.round and chosen.at:
        detail = "Give the round or the moment from which to take it, not both."
        faults.append(Fault(pointer="#/beacon/at", code="round-or-at", detail=detail))
    if chosen.kind == "public-source":
        faults += [
            Fault(pointer=f"#/beacon/{to_camel(name)}", code="missing", detail="A public source needs this.")
            for name in _MEMBERS["public-source"]
            if getattr(chosen, name) is None
        ]
    return faults


async def _earlier(db: AsyncSession, edition: Edition) -> list[str]:
    query = select(Draw.id).where(Draw.edition == edition.slug).order_by(col(Draw.announced_at), col(Draw.id))
    return [str(id) for id in (await db.exec(query)).all()]


async def _keep_owners(db: AsyncSession, draw: Draw, owners: Mapping[Candidate, UUID]) -> None:
    """Which label is which registration's: one statement, however many there are."""
    rows = (
        sa.func.unnest(
            sa.bindparam("labels", [one.label for one in owners], ARRAY(sa.Text)),
            sa.bindparam("ids", list(owners.values()), ARRAY(sa.Uuid)),
        )
        .table_valued("label", "registration")
        .render_derived()
    )
    query = sa.select(sa.literal(draw.id, sa.Uuid), rows.c.label, rows.c.registration)
    await db.exec(sa.insert(DrawCandidate).from_select(["draw", "label", "registration"], query))


def group_shown(part: Group) -> dict[str, Any]:
    """A group as the record shows it."""
    return {
        "partner": part.partner,
        "carriedOver": part.carried_over,
        "candidates": part.size,
        "chance": str(part.chance),
        "expectedSeats": str(part.expected),
    }


def _shortages(candidates: Sequence[Candidate], terms: Terms) -> list[dict[str, Any]]:
    short = protocol.shortages(terms, Counter(one.partner for one in candidates))
    became = UnfilledMinimum.HELD if terms.held else UnfilledMinimum.RELEASED
    return [
        {"organisation": partner, "seats": number, "became": became.value}
        for partner, number in short.items()
    ]


def record(db: AsyncSession, draw: Draw, type: str, actor: str, now: datetime, **data: Any) -> None:
    """An event about a draw, with the hash of its list."""
    events.record(
        db,
        type,
        subject=draw.id,
        actor=actor,
        at=now,
        edition=draw.edition,
        listHash=draw.list_hash.hex(),
        **data,
    )
