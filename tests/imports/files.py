"""Files of registrations as partners send them, and what becomes of them in a world."""

from collections.abc import Sequence
from typing import Any

import httpx

from app import worker
from app.registrations.links import Links
from tests.world import JSON, PILOT, Party, World

HEADER = "editie;voornaam;tussenvoegsel;achternaam;e-mail;telefoon;school;plaats;functie;motivatie"
NOOR = f"{PILOT};Noor;van der;Meer;noor@lyceum.example;0612345678;Het Lyceum;Almere;docent;"
SAM = f"{PILOT};Sam;;Jansen;sam@werkplaats.example;;De Werkplaats;Lelystad;;Meer muziek"
BAD = f"{PILOT};Yara;el;;yara@;;Het College;;;"


def csv(*rows: str) -> bytes:
    """A file with these rows."""
    return "\n".join([HEADER, *rows, ""]).encode()


def sent(party: Party, content: bytes, kind: str = "text/csv", /, **query: str) -> httpx.Response:
    """The answer to a file."""
    headers = {"Content-Type": kind}
    return party.request("POST", "/v1/registration-imports", content=content, headers=headers, params=query)


def links_of(world: World) -> Links:
    """What makes the links of a world."""
    settings = world.app.state.settings
    return Links(settings.base_url, settings.key("personal links"))


def take(world: World) -> int:
    """The background work on imports; gives the number of its steps."""
    state = world.app.state
    steps: int = world.http.portal.call(worker.take_imports, state.database, state.clock, links_of(world))
    return steps


def imported(
    party: Party, world: World, content: bytes = csv(NOOR, BAD), kind: str = "text/csv", /, **query: str
) -> JSON:
    """An import that is done."""
    answer = sent(party, content, kind, **query)
    assert answer.status_code == 201, answer.text
    take(world)
    done: JSON = party.get(answer.headers["location"]).json()
    assert done["status"] == "done"
    return done


def rows(party: Party, done: JSON, **query: str) -> Sequence[JSON]:
    """The rows of an import."""
    items: list[JSON] = party.get(f"/v1/registration-imports/{done['id']}/rows", params=query).json()["items"]
    return items


def verdicts(party: Party, done: JSON) -> list[tuple[str, list[str]]]:
    """Of each row the verdict, and the codes of its faults."""
    return [(row["verdict"], [fault["code"] for fault in row["faults"]]) for row in rows(party, done)]


def counts(done: JSON) -> dict[str, Any]:
    """The counts that are not nought."""
    return {name: count for name, count in done["counts"].items() if count}
