"""Lists in pages by keyset: a cursor says after which key the next page begins, never how far in."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.problems import Fault, InvalidInput
from app.core.values import Output

Item = TypeVar("Item")
Key = TypeVar("Key")


class Page(Output, Generic[Item]):
    """One page of a list; `next_cursor` is None on the last one."""

    items: list[Item]
    next_cursor: str | None


def whole(key: str, bits: int = 31) -> int:
    """A whole number that fits the database's of so many bits; ValueError otherwise."""
    number = int(key)
    if not 0 <= number < 2**bits:
        raise ValueError("not a number of ours")
    return number


CURSOR_LENGTH = 2000  # at most, of a cursor that is given


@dataclass(frozen=True)
class Window:
    """Which page is asked for: `limit` rows that come after the key in `cursor` (None: from the start).

    `of` names the list, with its filters and its sort; a cursor is for the list that it was made for.
    """

    limit: int
    cursor: str | None = None
    of: str = ""

    def fault(self, parse: Callable[[str], object] = str) -> Fault | None:
        """What is wrong with the cursor, if anything: it is another list's, or holds no key to `parse`."""
        try:
            if self.cursor is not None:
                parse(self._key(self.cursor))
        except (ValueError, OverflowError):
            detail = "Send the nextCursor of an earlier page as it is, with the same filters and sort."
            return Fault(pointer="#/cursor", location="query", code="cursor", detail=detail)
        return None

    def after(self, parse: Callable[[str], Key]) -> Key | None:
        """The key that the cursor holds, read by `parse`; InvalidInput when it is not one of ours."""
        if fault := self.fault(parse):
            raise InvalidInput([fault])
        return None if self.cursor is None else parse(self._key(self.cursor))

    def cut(self, rows: Sequence[Item], key: Callable[[Item], object]) -> tuple[list[Item], str | None]:
        """A page and the cursor of the next, from `rows`, of which `limit` + 1 were asked for."""
        page = list(rows[: self.limit])
        if len(rows) <= self.limit:
            return page, None
        return page, self.cursor_at(key(page[-1]))

    def cursor_at(self, key: object) -> str:
        """The cursor of the page of this list that begins after `key`."""
        return base64.urlsafe_b64encode(self._seal() + str(key).encode()).decode()

    def _key(self, cursor: str) -> str:
        content, seal = base64.b64decode(cursor, altchars=b"-_", validate=True), self._seal()
        if not content.startswith(seal):
            raise ValueError("made for another list, or not by us")
        key = content.removeprefix(seal).decode()
        if "\0" in key:
            raise ValueError("no key of the database's")
        return key

    def _seal(self) -> bytes:
        # Against mistakes, not against forgery: a cursor gives nothing that the filters do not.
        return hashlib.blake2b(self.of.encode(), digest_size=6).digest()


async def fetch(
    db: AsyncSession,
    query: Any,
    window: Window,
    columns: Sequence[Any],
    parse: Callable[[str], Any],
    key: Callable[[Any], object],
    *,
    descending: bool = False,
) -> tuple[list[Any], str | None]:
    """The rows of one page of `query`, in the order of `columns`, and the cursor of the next page.

    `columns` together are unique; `key` gives their values of a row as text, and `parse` reads that back.
    """
    order = [column.desc() for column in columns] if descending else columns
    query = query.order_by(*order).limit(window.limit + 1)
    if (after := window.after(parse)) is not None:
        place = sa.tuple_(*columns) if len(columns) > 1 else columns[0]
        query = query.where(place < after if descending else place > after)
    return window.cut((await db.exec(query)).all(), key)
