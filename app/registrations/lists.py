"""Lists of registrations: filtered, searched and sorted, in pages that a cursor ties to all of these."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.paging import Window, fetch
from app.identity.caller import Caller
from app.registrations import search
from app.registrations.lifecycle import Status
from app.registrations.links import Links
from app.registrations.models import Applicant, Registration
from app.registrations.schemas import RegistrationPage
from app.registrations.service import rows, shown

Sort = Literal["receivedAt", "-receivedAt", "familyName", "-familyName"]


@dataclass(frozen=True)
class Wanted:
    """Which registrations, and in which order; a minus is: descending."""

    edition: str | None = None
    status: Status | None = None
    partner: str | None = None
    q: str | None = None
    sort: Sort = "receivedAt"


async def list_registrations(
    db: AsyncSession, caller: Caller, window: Window, links: Links, wanted: Wanted
) -> RegistrationPage:
    """The registrations that the caller may see; each word of `q` stands in names, school or e-mail."""
    query = rows(caller)
    if wanted.edition is not None:
        query = query.where(Registration.edition == wanted.edition)
    if wanted.status is not None:
        query = query.where(Registration.status == wanted.status)
    if wanted.partner is not None:
        query = query.where(Registration.partner == wanted.partner)
    if wanted.q is not None:
        query = query.where(holds(wanted.q))
    order = _BY_NAME if wanted.sort.endswith("familyName") else _BY_TIME
    page, next_cursor = await fetch(
        db,
        query,
        window,
        order.columns,
        order.parse,
        lambda row: order.key(row[0]),
        descending=wanted.sort.startswith("-"),
    )
    return RegistrationPage(items=[shown(caller, links, row) for row in page], next_cursor=next_cursor)


def holds(q: str) -> Any:
    """The condition that every word of `q` stands in what is searched.

    Words of three characters and more are looked up in the index; then, and for shorter ones, the text
    itself decides.
    """
    words, searched = search.words(q), col(Applicant.search_text)
    if not words:
        return sa.false()
    exact = [searched.like(search.contains(word)) for word in words]
    grams = sorted({gram for word in words for gram in search.grams(word)})
    indexed = sa.func.search_grams(searched, type_=ARRAY(sa.Text))
    return sa.and_(*([indexed.contains(grams)] if grams else []), *exact)


@dataclass(frozen=True)
class _Order:
    """Columns that together are unique, how a row's key is written, and how that is read again."""

    columns: Sequence[Any]
    key: Callable[[Registration], str]
    parse: Callable[[str], tuple[Any, UUID]]


def time_and_id(key: str) -> tuple[datetime, UUID]:
    """The place in the order of time that a cursor's key names; ValueError when it names none."""
    received_at, _, registration_id = key.partition(" ")
    return datetime.fromisoformat(received_at).astimezone(UTC), UUID(registration_id)


def _name_and_id(key: str) -> tuple[str, UUID]:
    registration_id, _, name_key = key.partition(" ")
    return name_key, UUID(registration_id)


_BY_TIME = _Order(
    [col(Registration.received_at), col(Registration.id)],
    lambda one: f"{one.received_at.isoformat()} {one.id}",
    time_and_id,
)
_BY_NAME = _Order(
    [col(Registration.name_key), col(Registration.id)],
    lambda one: f"{one.id} {one.name_key}",
    _name_and_id,
)
