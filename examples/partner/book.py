"""The partner's own list of registrations, in SQLite; and how far it has read the register's events."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

JSON = dict[str, Any]
TABLES = """
CREATE TABLE IF NOT EXISTS registration (
  id TEXT PRIMARY KEY, applicant TEXT NOT NULL, edition TEXT NOT NULL, name TEXT NOT NULL,
  email TEXT NOT NULL, school TEXT NOT NULL, status TEXT NOT NULL, form_url TEXT
);
CREATE TABLE IF NOT EXISTS place (cursor TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seen (event INTEGER PRIMARY KEY);
"""


class Book:
    """The list in the file at `path`, which is made when it is not there."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        self._db.executescript(TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """All that is written inside, or nothing."""
        with self._db:
            yield

    def keep(self, one: JSON) -> None:
        """Write a registration down as the register has it now."""
        person, school, form = one["applicant"], one["school"], one["enrolmentForm"] or {}
        names = (person["givenName"], person["familyNamePrefix"], person["familyName"])
        row = (
            *(one["id"], person["id"], one["edition"], " ".join(filter(None, names)), person["email"]),
            *(f"{school['name']}, {school['city']}", one["status"], form.get("url")),
        )
        self._db.execute("INSERT OR REPLACE INTO registration VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def drop(self, registration: str) -> None:
        """Take out what the register has no longer."""
        self._db.execute("DELETE FROM registration WHERE id = ?", (registration,))

    def rows(self) -> list[tuple[str, ...]]:
        """The list: name, e-mail address, school, edition, status, and the link to a form that is open."""
        query = "SELECT name, email, school, edition, status, form_url FROM registration ORDER BY name, id"
        return self._db.execute(query).fetchall()

    def cursor(self) -> str:
        """Where the page of events begins that was read last; empty at the very beginning."""
        found = self._db.execute("SELECT cursor FROM place").fetchone()
        return str(found[0]) if found else ""

    def unseen(self, events: Iterable[int]) -> set[int]:
        """Those that were not acted upon yet."""
        seen = {one for (one,) in self._db.execute("SELECT event FROM seen")}
        return set(events) - seen

    def registrations_of(self, applicant: str) -> list[str]:
        """The ids of an applicant's registrations in the list."""
        found = self._db.execute("SELECT id FROM registration WHERE applicant = ?", (applicant,))
        return [one for (one,) in found]

    def mark(self, events: Iterable[int]) -> None:
        """Remember that these were acted upon."""
        self._db.executemany("INSERT OR IGNORE INTO seen VALUES (?)", [(one,) for one in events])

    def turn_to(self, cursor: str) -> None:
        """Go on to the next page; what was seen before it will not come again."""
        self._db.execute("DELETE FROM place")
        self._db.execute("INSERT INTO place VALUES (?)", (cursor,))
        self._db.execute("DELETE FROM seen")
