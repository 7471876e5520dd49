"""The partner's own list of registrations, in SQLite; and what it has heard of the register so far."""

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
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
  id TEXT PRIMARY KEY, type TEXT NOT NULL, subject TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS delivery_waiting ON delivery (done) WHERE NOT done;
"""


class Book:
    """The list in the file at `path`, which is made when it is not there; a thread opens one of its own."""

    def __init__(self, path: Path) -> None:
        path.touch()
        path.chmod(0o600)  # names and addresses of people, and the webhook's secret
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

    def registrations_of(self, applicant: str) -> list[str]:
        """The ids of an applicant's registrations in the list."""
        found = self._db.execute("SELECT id FROM registration WHERE applicant = ?", (applicant,))
        return [one for (one,) in found]

    def recall(self, name: str) -> str | None:
        """A fact that was noted: `event` (the last that was read), `webhook` (its id) or `secret`."""
        found = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else None

    def note(self, **facts: str) -> None:
        """Note facts, in the place of what was noted before."""
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", facts.items())

    def take(self, delivery: str, type: str, subject: str) -> None:
        """Keep what a webhook told, for good once this returns; what came in before is not kept again."""
        row = (delivery, type, subject)
        with self._db:
            self._db.execute("INSERT OR IGNORE INTO delivery (id, type, subject) VALUES (?, ?, ?)", row)

    def waiting(self) -> list[tuple[str, str, str]]:
        """Deliveries that wait to be acted upon, as `take` took them, in that order; a hundred at most."""
        query = "SELECT id, type, subject FROM delivery WHERE NOT done ORDER BY rowid LIMIT 100"
        return self._db.execute(query).fetchall()

    def done(self, deliveries: Iterable[str]) -> None:
        """These were acted upon. Their ids stay, for they may come again."""
        with self._db:
            self._db.executemany("UPDATE delivery SET done = 1 WHERE id = ?", [(one,) for one in deliveries])
