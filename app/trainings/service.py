"""Trainings, phases and editions: what is taught, when one can register, and for how many seats."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import flush
from app.core.etags import Expected
from app.core.paging import Window, fetch, whole
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.core.values import changed_members, difference
from app.events import service as events
from app.identity import service as identity
from app.identity.caller import Caller, Role
from app.trainings.models import Edition, EditionProvider, Phase, Quota, Training
from app.trainings.schemas import (
    CarryOverRead,
    EditionChange,
    EditionCreate,
    EditionPage,
    EditionRead,
    PhasePage,
    PhaseRead,
    QuotaBody,
    QuotaRead,
    RetentionRead,
    Seats,
    TrainingPage,
    TrainingRead,
    VatRead,
    WindowRead,
)
from app.trainings.terms import RETENTION

Row = TypeVar("Row", bound=SQLModel)
# What a draw goes by, so what stands still from its announcement to its publication.
_DRAWN_ON = {"window", "capacity", "quotas", "unfilled_minimum", "carry_over"}


class EditionExists(Problem):
    """The slug is taken."""

    status, code = 409, "edition-exists"
    title, title_nl = "Edition exists", "Editie bestaat al"


class EditionFrozen(Problem):
    """A draw was announced on these terms; they stand until its result is published or it is voided."""

    status, code = 409, "edition-frozen"
    title, title_nl = "Seats and quotas are frozen", "Plaatsen en quota liggen vast"


class CapacityTooLow(Problem):
    """More seats are taken than the edition would have."""

    status, code = 409, "capacity-too-low"
    title, title_nl = "More seats are taken", "Er zijn meer plaatsen bezet"


async def training(db: AsyncSession, slug: str) -> TrainingRead:
    """One training, or NotFound."""
    return TrainingRead.model_validate(await _one(db, Training, slug, detail=f"There is no training {slug}."))


async def list_trainings(db: AsyncSession, window: Window) -> TrainingPage:
    """Trainings by slug."""
    query = select(Training)
    page, next_cursor = await fetch(db, query, window, [col(Training.slug)], str, lambda one: one.slug)
    return TrainingPage(items=[TrainingRead.model_validate(one) for one in page], next_cursor=next_cursor)


async def phase(db: AsyncSession, slug: str) -> PhaseRead:
    """One phase, or NotFound."""
    return PhaseRead.model_validate(await _one(db, Phase, slug, detail=f"There is no phase {slug}."))


async def phases(db: AsyncSession, training: str) -> Sequence[Phase]:
    """The phases of a training, in their order."""
    query = select(Phase).where(Phase.training == training).order_by(col(Phase.number))
    return (await db.exec(query)).all()


async def list_phases(db: AsyncSession, window: Window, training: str | None) -> PhasePage:
    """Phases by number, of one training or of all."""
    query = select(Phase)
    if training is not None:
        query = query.where(Phase.training == training)
    order = [col(Phase.number), col(Phase.slug)]
    page, next_cursor = await fetch(
        db, query, window, order, _number_and_slug, lambda one: f"{one.number} {one.slug}"
    )
    return PhasePage(items=[PhaseRead.model_validate(one) for one in page], next_cursor=next_cursor)


def _number_and_slug(key: str) -> tuple[int, str]:
    number, _, slug = key.partition(" ")
    return whole(number), slug


async def edition(db: AsyncSession, slug: str, *, lock: bool = False) -> Edition:
    """The edition's row, or NotFound; with `lock`, no one else changes its seats until the commit."""
    query = select(Edition).where(Edition.slug == slug).execution_options(populate_existing=True)
    found = (await db.exec(query.with_for_update(key_share=True) if lock else query)).first()
    if found is None:
        raise NotFound(f"There is no edition {slug}.")
    return found


async def read_edition(db: AsyncSession, slug: str) -> EditionRead:
    """One edition, or NotFound."""
    return (await _shown(db, [await edition(db, slug)]))[0]


async def list_editions(db: AsyncSession, window: Window) -> EditionPage:
    """Editions by slug."""
    query = select(Edition)
    page, next_cursor = await fetch(db, query, window, [col(Edition.slug)], str, lambda one: one.slug)
    return EditionPage(items=await _shown(db, page), next_cursor=next_cursor)


async def add_edition(db: AsyncSession, caller: Caller, wanted: EditionCreate, now: datetime) -> EditionRead:
    """Add an edition; EditionExists when its slug is taken, InvalidInput for names that are unknown."""
    faults = await _organisation_faults(db, wanted.quotas, wanted.providers, wanted.invoiced_by)
    if await db.get(Training, wanted.training) is None:
        detail = f"There is no training {wanted.training}."
        faults.append(Fault(pointer="#/training", code="unknown-training", detail=detail))
    if faults:
        raise InvalidInput(faults)
    kept = wanted.model_dump(exclude={"window", "quotas", "providers", "carry_over", "retention"})
    added = Edition(**kept, **wanted.window.model_dump())
    # What is not said stays the register's, also when that changes.
    added.retention = wanted.retention.model_dump(exclude_unset=True)
    added.carry_over_mode, added.carry_over_weight = wanted.carry_over.mode, wanted.carry_over.weight
    db.add(added)
    await flush(db, {"pk_edition": EditionExists(f"There is an edition {wanted.slug}.")})
    await _set_quotas(db, added, wanted.quotas)
    await _set_providers(db, added, wanted.providers)
    events.record(db, "edition.added", subject=added.slug, actor=caller.client_id, at=now, edition=added.slug)
    await db.flush()
    return (await _shown(db, [added]))[0]


async def change_edition(
    db: AsyncSession, caller: Caller, slug: str, change: EditionChange, now: datetime, expected: Expected
) -> EditionRead:
    """Change an edition, if it still carries the tag `expected`.

    Raises CapacityTooLow, and EditionFrozen for seats and quotas while a draw on them is announced.
    """
    changed = await edition(db, slug, lock=True)
    [before] = await _shown(db, [changed])
    expected.require(before)
    fields = change.model_fields_set
    if changed.frozen and fields & _DRAWN_ON:
        raise EditionFrozen("A draw on these terms is announced; publish its result or void it first.")
    if "capacity" in fields and change.capacity < changed.seats_taken:
        raise CapacityTooLow(f"{changed.seats_taken} seats are taken.")
    faults = await _organisation_faults(db, change.quotas, change.providers, change.invoiced_by)

    _set_members(changed, change)
    if changed.closes_at <= changed.opens_at:
        detail = "closesAt should come after opensAt"
        faults.append(Fault(pointer="#/window", code="window", detail=detail))
    if faults:
        raise InvalidInput(faults)
    if "quotas" in fields:
        await _set_quotas(db, changed, change.quotas)
    if "providers" in fields:
        await _set_providers(db, changed, change.providers)
    [after] = await _shown(db, [changed])
    events.record(
        db,
        "edition.changed",
        subject=slug,
        actor=caller.client_id,
        at=now,
        edition=slug,
        fields=changed_members(change),
        **difference(before, after, changed_members(change))._asdict(),
    )
    await db.flush()
    return after


def _set_members(changed: Edition, change: EditionChange) -> None:
    """Set what was sent of the members that stand in the edition's own row."""
    fields = change.model_fields_set
    for name in fields - {"window", "quotas", "providers", "carry_over", "vat", "retention"}:
        setattr(changed, name, getattr(change, name))
    if "vat" in fields:
        changed.vat = change.vat.model_dump() if change.vat else None
    if "carry_over" in fields:
        changed.carry_over_mode, changed.carry_over_weight = change.carry_over.mode, change.carry_over.weight
    for name in change.retention.model_fields_set:
        changed.retention = {**changed.retention, name: getattr(change.retention, name)}
    for name in change.window.model_fields_set:
        setattr(changed, name, getattr(change.window, name))


def months(edition: Edition) -> dict[str, int]:
    """For how many months what is known of an edition's people is kept: its own terms, or the register's."""
    return {**{kind.value: term for kind, term in RETENTION.items()}, **edition.retention}


async def price_cents(db: AsyncSession, edition: Edition) -> int:
    """What taking part in the edition costs, in cents: its own price, or the training's."""
    if edition.price_cents is not None:
        return edition.price_cents
    return (await db.get_one(Training, edition.training)).price_cents


async def quotas(db: AsyncSession, edition: str) -> Sequence[Quota]:
    """The quotas of an edition, by organisation."""
    query = select(Quota).where(Quota.edition == edition).order_by(col(Quota.organisation))
    return (await db.exec(query)).all()


def minimum_contact_minutes() -> Any:
    """The contact minutes that an edition asks, in a query that joins it with its training."""
    return sa.func.coalesce(Edition.minimum_contact_minutes, Training.minimum_contact_minutes)


def provided_by(organisation: str) -> Any:
    """The slugs of the editions that an organisation gives, as a subquery."""
    return select(EditionProvider.edition).where(EditionProvider.organisation == organisation)


async def _organisation_faults(
    db: AsyncSession, quotas: list[QuotaBody], providers: list[str], invoiced_by: str | None
) -> list[Fault]:
    """A fault for every organisation that is not there in the role that it is named for."""
    wanted = [
        (f"#/quotas/{n}/organisation", quota.organisation, Role.PARTNER) for n, quota in enumerate(quotas)
    ]
    wanted += [(f"#/providers/{n}", slug, Role.PROVIDER) for n, slug in enumerate(providers)]
    # Any organisation may send the invoices, whatever else it does.
    wanted += [("#/invoicedBy", invoiced_by, Role.ADMIN)] if invoiced_by else []
    faults: list[Fault] = []
    for pointer, slug, role in wanted:
        faults += await identity.role_faults(db, slug, role, pointer)
    return faults


async def _set_quotas(db: AsyncSession, edition: Edition, wanted: list[QuotaBody]) -> None:
    await db.exec(sa.delete(Quota).where(col(Quota.edition) == edition.slug))
    db.add_all(Quota(edition=edition.slug, **quota.model_dump()) for quota in wanted)


async def _set_providers(db: AsyncSession, edition: Edition, wanted: list[str]) -> None:
    await db.exec(sa.delete(EditionProvider).where(col(EditionProvider.edition) == edition.slug))
    db.add_all(EditionProvider(edition=edition.slug, organisation=slug) for slug in dict.fromkeys(wanted))


_SHOWN_OTHERWISE = {
    "opens_at",
    "closes_at",
    "seats_taken",
    "waiting",
    "frozen",
    "carry_over_mode",
    "carry_over_weight",
    "minimum_contact_minutes",
    "price_cents",
    "vat",
    "retention",
}


async def _shown(db: AsyncSession, editions: Sequence[Edition]) -> list[EditionRead]:
    slugs = [one.slug for one in editions]
    quota_query = select(Quota).where(col(Quota.edition).in_(slugs)).order_by(col(Quota.organisation))
    quotas = (await db.exec(quota_query)).all()
    provider_query = (
        select(EditionProvider)
        .where(col(EditionProvider.edition).in_(slugs))
        .order_by(col(EditionProvider.organisation))
    )
    providers = (await db.exec(provider_query)).all()
    asked = dict((await db.exec(select(Training.slug, Training.minimum_contact_minutes))).all())
    prices = dict((await db.exec(select(Training.slug, Training.price_cents))).all())
    return [
        EditionRead(
            **one.model_dump(exclude=_SHOWN_OTHERWISE),
            minimum_contact_minutes=asked[one.training]
            if one.minimum_contact_minutes is None
            else one.minimum_contact_minutes,
            carry_over=CarryOverRead(mode=one.carry_over_mode, weight=one.carry_over_weight),
            price_cents=prices[one.training] if one.price_cents is None else one.price_cents,
            vat=VatRead(**one.vat) if one.vat else None,
            retention=RetentionRead(**months(one)),
            window=WindowRead(opens_at=one.opens_at, closes_at=one.closes_at),
            quotas=[QuotaRead.model_validate(quota) for quota in quotas if quota.edition == one.slug],
            providers=[given.organisation for given in providers if given.edition == one.slug],
            seats=Seats(
                capacity=one.capacity,
                taken=one.seats_taken,
                free=one.capacity - one.seats_taken,
                waiting=one.waiting,
            ),
        )
        for one in editions
    ]


async def _one(db: AsyncSession, table: type[Row], slug: str, detail: str) -> Row:
    found = await db.get(table, slug)
    if found is None:
        raise NotFound(detail)
    return found
