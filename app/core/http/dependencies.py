"""What routers ask for: a session, the moment, the language, a page, the tag last seen."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.clock import Clock
from app.core.database import Database
from app.core.etags import Expected
from app.core.http import refusals
from app.core.http.conditional import listed
from app.core.http.strictness import LONGEST_CONDITION, query_as_read
from app.core.language import Language, preferred
from app.core.paging import CURSOR_LENGTH, Window
from app.core.settings import Settings
from app.core.storage import Storage
from app.core.values import DIGITS


async def _open_session(request: Request) -> AsyncIterator[AsyncSession]:
    database: Database = request.app.state.database
    async with database.transaction(acting=None) as db:
        yield db


# All of these are async: FastAPI runs a plain function in a thread, which costs more than it does.

# Function scope: the commit happens before the answer is sent, so that a failing commit is never a 201.
Db = Annotated[AsyncSession, Depends(_open_session, scope="function")]


async def _now(request: Request) -> datetime:
    clock: Clock = request.app.state.clock
    return clock.now()


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _language(
    accept_language: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Language:
    return preferred(accept_language)


async def _place(
    request: Request,
    cursor: Annotated[
        str | None,
        Query(
            max_length=CURSOR_LENGTH,
            description="`nextCursor` of the page before; filters and sort stay the same",
        ),
    ] = None,
) -> Window:
    """Where the page begins; a fault in the cursor is told with those in the rest of the request."""
    window = Window(1, cursor, of=query_as_read(request, but=("limit", "cursor")))
    if fault := window.fault():
        refusals.note(request, fault)
    return window


async def _window(
    place: Annotated[Window, Depends(_place)],
    limit: Annotated[int, Query(ge=1, le=100, description="How many items at most"), DIGITS] = 50,
) -> Window:
    return replace(place, limit=limit)


async def _expected(
    request: Request,
    _match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=LONGEST_CONDITION,
            description="The ETag that was read: the change is refused (412) when it is no longer current",
        ),
    ] = None,
    _none_match: Annotated[
        str | None,
        Header(
            alias="If-None-Match",
            max_length=LONGEST_CONDITION,
            description="`*`: the change is refused (412) when there is something already",
        ),
    ] = None,
) -> Expected:
    return Expected(listed(request.headers, "if-match"), listed(request.headers, "if-none-match"))


async def _storage(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


Now = Annotated[datetime, Depends(_now)]
Config = Annotated[Settings, Depends(_settings)]
Files = Annotated[Storage, Depends(_storage)]
Reader = Annotated[Language, Depends(_language)]
Paging = Annotated[Window, Depends(_window)]
Precondition = Annotated[Expected, Depends(_expected)]
