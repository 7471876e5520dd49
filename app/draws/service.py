"""Draws, once announced: draw by a public random value, tell everybody at once; rehearse, or void.

The protocol is docs/draw-protocol.md. The edition's row is locked throughout, as for everything that gives
or frees a seat, so two administrators who press at once make one announcement, one result, one publication.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import ANYTHING, Expected
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.core.values import utc
from app.draws import beacon, protocol, records
from app.draws.announcement import record
from app.draws.fairness import Carry, Group
from app.draws.models import PENDING, Draw, DrawCandidate, DrawStatus
from app.draws.protocol import Candidate, Lot
from app.draws.schemas import DrawRun
from app.identity.caller import SYSTEM, Caller
from app.registrations import waiting_list
from app.registrations.lifecycle import Status
from app.registrations.models import Registration
from app.registrations.moves import move_all
from app.trainings import service as trainings
from app.trainings.models import Edition


class DrawTooEarly(Problem):
    """The random value does not exist yet."""

    status, code = 409, "draw-too-early"
    title, title_nl = "Too early to draw", "Te vroeg om te loten"


class DrawMoveNotAllowed(Problem):
    """The draw's status does not allow this; `allowed` names what it does."""

    status, code = 409, "draw-move-not-allowed"
    title, title_nl = "Not possible in this status of the draw", "Niet mogelijk in deze status van de loting"


_ALLOWED = {
    DrawStatus.ANNOUNCED: ["run", "rehearse", "void"],
    DrawStatus.RUN: ["publish", "rehearse", "void"],
}


async def run(
    db: AsyncSession, caller: Caller, draw_id: UUID, given: DrawRun, now: datetime, expected: Expected
) -> Draw:
    """Compute the result from the random value and keep it; nobody hears it before it is published.

    Raises NotFound, PreconditionFailed, DrawTooEarly, DrawMoveNotAllowed for a second run, and InvalidInput
    for a signature that is not the announced round's.
    """
    draw, _ = await _pending(db, draw_id, expected, DrawStatus.ANNOUNCED)
    if now < draw.drawable_at:
        at = utc(draw.drawable_at)
        raise DrawTooEarly(f"The random value will be known at {at}.", drawableAt=at)
    random = _random(draw, given)
    result, drawn = outcome(draw, random)
    draw.outcome = protocol.canonical(result).decode()
    draw.status, draw.run_at = DrawStatus.RUN, now
    await _keep_lots(db, draw, drawn)
    record(db, draw, "draw.run", caller.client_id, now, resultHash=sha256(draw.outcome.encode()).hexdigest())
    await db.flush()
    return draw


async def rehearse(
    db: AsyncSession, caller: Caller, draw_id: UUID, value: str, now: datetime, expected: Expected
) -> tuple[Draw, dict[str, Any]]:
    """The outcome for another, labelled key; changes nothing, and stays in the audit trail.

    Raises NotFound, PreconditionFailed and DrawMoveNotAllowed.
    """
    draw, _ = await _pending(db, draw_id, expected, *PENDING)
    random = {"signature": None, "value": value, "randomness": sha256(value.encode()).hexdigest()}
    result, _ = outcome(draw, random, protocol.REHEARSAL)
    result_hash = sha256(protocol.canonical(result)).hexdigest()
    record(
        db,
        draw,
        "draw.rehearsed",
        caller.client_id,
        now,
        value=value,
        seats=result["seats"],
        resultHash=result_hash,
    )
    await db.flush()
    return draw, result


async def publish(
    db: AsyncSession, actor: str, draw_id: UUID, now: datetime, expected: Expected = ANYTHING
) -> Draw:
    """Tell everybody at once: every candidate is placed or put on the waiting list, in one transaction.

    A candidate who withdrew after the announcement keeps the lot; the seat passes on at once.
    Raises NotFound, PreconditionFailed and DrawMoveNotAllowed.
    """
    draw, edition = await _pending(db, draw_id, expected, DrawStatus.RUN)
    await _move_candidates(db, draw, edition, actor, now)
    draw.status, draw.published_at = DrawStatus.COMPLETED, now
    edition.frozen = False
    record(db, draw, "draw.completed", actor, now, drawNeeded=draw.draw_needed, withdrawn=len(draw.withdrawn))
    await waiting_list.offer_free_seats(db, edition, SYSTEM.client_id, now)
    await db.flush()
    return draw


async def due(db: AsyncSession, now: datetime) -> list[UUID]:
    """The draws whose result was to be published by `now`."""
    query = select(Draw.id).where(Draw.status == DrawStatus.RUN, col(Draw.publish_at) <= now)
    return list((await db.exec(query.order_by(col(Draw.id)))).all())


async def publish_due(db: AsyncSession, draw_id: UUID, now: datetime) -> None:
    """Publish a draw at its moment, unless somebody has published or voided it by hand just now."""
    query = select(Draw.status).where(Draw.id == draw_id)
    await trainings.edition(db, (await _get(db, draw_id)).edition, lock=True)
    if (await db.exec(query)).one() is DrawStatus.RUN:
        await publish(db, SYSTEM.client_id, draw_id, now)


async def void(
    db: AsyncSession, caller: Caller, draw_id: UUID, reason: str, now: datetime, expected: Expected
) -> Draw:
    """End a draw that was not published, for everybody to see.

    Raises NotFound, PreconditionFailed and DrawMoveNotAllowed.
    """
    draw, edition = await _pending(db, draw_id, expected, *PENDING)
    draw.status, draw.voided_at, draw.void_reason = DrawStatus.VOID, now, reason
    edition.frozen = False
    record(db, draw, "draw.voided", caller.client_id, now, reason=reason, wasRun=draw.run_at is not None)
    await waiting_list.offer_free_seats(db, edition, SYSTEM.client_id, now)
    await db.flush()
    return draw


async def read(db: AsyncSession, draw_id: UUID) -> Draw:
    """A draw, or NotFound."""
    return await _get(db, draw_id)


async def _get(db: AsyncSession, draw_id: UUID) -> Draw:
    draw = await db.get(Draw, draw_id)
    if draw is None:
        raise NotFound("There is no such draw.")
    return draw


async def _pending(
    db: AsyncSession, draw_id: UUID, expected: Expected, *allowed: DrawStatus
) -> tuple[Draw, Edition]:
    """The draw and its edition, both locked; the edition first, as everywhere.

    PreconditionFailed unless its record, as everybody or as who ran it sees it, is as `expected`;
    DrawMoveNotAllowed unless its status is one of `allowed`.
    """
    edition_slug = (await db.exec(select(Draw.edition).where(Draw.id == draw_id))).first()
    if edition_slug is None:
        raise NotFound("There is no such draw.")
    edition = await trainings.edition(db, edition_slug, lock=True)
    draw = await db.get_one(Draw, draw_id, with_for_update=True, populate_existing=True)
    if expected:
        expected.require(records.public(draw), records.whole(draw))
    if draw.status not in allowed:
        raise DrawMoveNotAllowed(
            f"The draw is {draw.status}.", currentStatus=draw.status, allowed=_ALLOWED.get(draw.status, [])
        )
    return draw, edition


async def _keep_lots(db: AsyncSession, draw: Draw, drawn: Sequence[Lot]) -> None:
    """What each label got: one statement, however many there are."""
    rows = (
        sa.func.unnest(
            sa.bindparam("labels", [one.label for one in drawn], ARRAY(sa.Text)),
            sa.bindparam("lots", [one.lot for one in drawn], ARRAY(sa.Integer)),
            sa.bindparam("placed", [one.placed for one in drawn], ARRAY(sa.Boolean)),
            sa.bindparam("numbers", [one.number for one in drawn], ARRAY(sa.Integer)),
        )
        .table_valued("label", "lot", "placed", "number")
        .render_derived()
    )
    await db.exec(
        sa.update(DrawCandidate)
        .where(col(DrawCandidate.draw) == draw.id, col(DrawCandidate.label) == rows.c.label)
        .values(lot=rows.c.lot, placed=rows.c.placed, number=rows.c.number)
        .execution_options(synchronize_session=False)
    )


def _random(draw: Draw, given: DrawRun) -> dict[str, Any] | None:
    """The random value as the record shows it; InvalidInput when it is not the announced one."""
    kind = draw.beacon["kind"] if draw.beacon else None
    allowed = {"drand": "signature", "public-source": "value"}.get(kind or "")
    detail = f"This draw asks for {allowed}." if allowed else "This draw asks for no value."
    faults = [
        Fault(pointer=f"#/{name}", code="not-announced", detail=detail)
        for name in ("signature", "value")
        if name != allowed and getattr(given, name) is not None
    ]
    text = given.signature if kind == "drand" else given.value
    if allowed and text is None:
        faults.append(Fault(pointer=f"#/{allowed}", code="missing", detail=f"Give the {allowed}."))
    if kind == "drand" and text is not None and draw.beacon:
        number = draw.beacon["round"]
        if not beacon.is_signature(number, bytes.fromhex(text)):
            detail = f"This is not quicknet's signature of round {number}."
            faults.append(Fault(pointer="#/signature", code="wrong-signature", detail=detail))
    if faults:
        raise InvalidInput(faults)
    if kind == "drand" and text:
        return {"signature": text, "value": None, "randomness": beacon.randomness(bytes.fromhex(text)).hex()}
    if kind == "public-source" and text:
        return {"signature": None, "value": text, "randomness": sha256(text.encode()).hexdigest()}
    return None


def outcome(
    draw: Draw, random: dict[str, Any] | None, info: bytes = protocol.DRAW
) -> tuple[dict[str, Any], list[Lot]]:
    """What a random value gives: the outcome as the record shows it, and the lots in it."""
    key = None
    if random is not None and draw.draw_needed:
        key = protocol.draw_key(bytes.fromhex(random["randomness"]), draw.list_hash, info)
    frozen = json.loads(draw.frozen_list)
    candidates = [Candidate(one["label"], one["partner"], one["carriedOver"]) for one in frozen["candidates"]]
    carry = Carry(frozen["carryOver"]["mode"], frozen["carryOver"]["weight"])
    parts = [
        Group(one["partner"], one["carriedOver"], one["candidates"], Fraction(one["chance"]))
        for one in draw.groups
    ]
    drawn = protocol.lots(candidates, parts, key, carry)
    counts = protocol.seats_of(parts, key) if key else [part.size for part in parts]
    result = {
        "random": random,
        "seats": [
            {"partner": part.partner, "carriedOver": part.carried_over, "seats": count}
            for part, count in zip(parts, counts, strict=True)
        ],
        "lots": [
            {
                "label": one.label,
                "lot": one.lot,
                "outcome": "placed" if one.placed else "waitlisted",
                "number": one.number,
            }
            for one in drawn
        ],
    }
    return result, drawn


async def _move_candidates(db: AsyncSession, draw: Draw, edition: Edition, actor: str, now: datetime) -> None:
    """Carry every candidate on who is still there; `draw.withdrawn` gets the labels of the others."""
    own = (col(DrawCandidate.registration) == Registration.id, col(DrawCandidate.draw) == draw.id)
    here = col(Registration.status) == Status.COMPLETE
    # Locked by id, as everywhere; counted in the database, since a million of them would be long on the way.
    by_id = select(Registration.id).where(*own).order_by(col(Registration.id))
    rows = by_id.with_for_update(of=Registration, key_share=True).subquery()
    await db.exec(select(sa.func.count()).select_from(rows))
    gone = await db.exec(select(DrawCandidate.label).where(*own, ~here))
    draw.withdrawn = sorted(gone.all())
    base = await waiting_list.last_number(db, edition.slug)
    numbers = {"place": sa.null(), "waitlist": base + col(DrawCandidate.number)}
    for verb, number in numbers.items():
        chosen = select(Registration.id, sa.cast(number, sa.Integer).label("waiting_number")).where(
            *own, here, col(DrawCandidate.placed).is_(verb == "place")
        )
        await move_all(db, chosen.subquery(), edition, Status.COMPLETE, verb, actor, now)
