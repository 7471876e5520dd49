"""Registrations as a file: what a list shows, in the columns that an import reads."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import sheets
from app.core.language import Language
from app.core.paging import Window
from app.core.values import utc
from app.identity.caller import Caller
from app.imports.columns import COLUMNS, TOLD, flat
from app.registrations import lists
from app.registrations.links import Links
from app.registrations.lists import Wanted
from app.registrations.schemas import RegistrationRead

PAGE = 500  # registrations that are in memory at once
# Ends of lines to some readers of JSON lines, and none to JSON.
_LINE_ENDS = {ord(one): f"\\u{ord(one):04x}" for one in "\x85\u2028\u2029"}


async def as_csv(
    db: AsyncSession, caller: Caller, wanted: Wanted, links: Links, language: Language
) -> AsyncIterator[bytes]:
    """The registrations that the caller may see, as CSV without formulas, its columns named in `language`."""
    yield sheets.head([*TOLD[language], *(column.name(language) for column in COLUMNS)])
    async for page in _pages(db, caller, wanted, links):
        yield sheets.lines(map(cells, page))


async def as_json_lines(
    db: AsyncSession, caller: Caller, wanted: Wanted, links: Links
) -> AsyncIterator[bytes]:
    """The same as JSON lines: each the body of a registration, with its id, status and moment."""
    async for page in _pages(db, caller, wanted, links):
        yield "".join(map(line, page)).encode()


def cells(one: RegistrationRead) -> list[str]:
    """A registration as the cells of a row."""
    return [str(one.id), one.status.value, utc(one.received_at), *flat(body(one))]


def line(one: RegistrationRead) -> str:
    """A registration as a line of JSON."""
    told = {"id": str(one.id), "status": one.status.value, "receivedAt": utc(one.received_at)}
    return json.dumps(told | body(one), ensure_ascii=False).translate(_LINE_ENDS) + "\n"


def body(one: RegistrationRead) -> dict[str, Any]:
    """A registration as the body that would make it."""
    kept = {"edition", "partner", "applicant", "school", "position", "motivation"}
    return one.model_dump(mode="json", include=kept, exclude={"applicant": {"id"}}, exclude_none=True)


async def _pages(
    db: AsyncSession, caller: Caller, wanted: Wanted, links: Links
) -> AsyncIterator[Sequence[RegistrationRead]]:
    """Page after page, by the keys of a list, until the last."""
    cursor = None
    while True:
        window = Window(PAGE, cursor, of="export")
        page = await lists.list_registrations(db, caller, window, links, wanted)
        if page.items:
            yield page.items
        if (cursor := page.next_cursor) is None:
            return
