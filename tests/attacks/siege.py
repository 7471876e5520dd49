"""What attacks are made on: the register with somebody else's things in it, and what may not change of it."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.core.settings import Settings
from app.main import ROUTERS
from tests.attacks.server import Distant, Tally
from tests.attacks.watching import watched
from tests.conftest import sql
from tests.imports.files import imported
from tests.notifications.post_office import Postman
from tests.samples import PDF
from tests.stories.server import Server
from tests.whole.test_access import FILLED, ROWS
from tests.world import JSON, PILOT, Http, Party, World

# The edition that takes registrations at the moment of the attacks.
OPEN = "nu-open"
# How many there are, for attacks that use one up.
PLACED, ELIGIBLE, DRAWS = 12, 3, 2
ROOT = Path(__file__).parents[2]
EXAMPLES: dict[str, JSON] = json.loads((ROOT / "app" / "examples.json").read_text())
BASE = "https://register.example"
# What moves by itself when somebody calls, so that it says nothing about an attack.
MOVING = ("last_used_at", "used_at", "last_seen_at")
UNREAD = {"alembic_version"}
# Headers that are another in every answer.
MOVES = ("x-request-id", "content-length", "date")


class Watched(Http):
    """Calls in this process whose every answer is watched."""

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """The answer to one request."""
        Tally.made += 1
        return watched(super().request(method, path, **kwargs))


@dataclass(frozen=True)
class Spoils:
    """What there is to get at: the names, in addresses, of what Mocca has, and the like of Fleck's own."""

    theirs: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    clients: dict[str, JSON] = field(default_factory=dict)
    # Texts that stand in Mocca's things and nowhere else.
    marks: tuple[str, ...] = ()
    # Things of Mocca's to try something on that can be done once: each attack takes one for itself.
    pools: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Siege:
    """A world under attack, with who attacks it and what there is to get."""

    world: World
    spoils: Spoils
    # Looks into the database past the application: the rows of a statement.
    look: Callable[[str], list[Any]]
    _seen: tuple[int, dict[str, tuple[int, int]]] | None = None

    @property
    def server(self) -> Server:
        """The process that is attacked, for who talks to it byte by byte."""
        assert isinstance(self.world.http, Distant)
        return self.world.http.server

    def party(self, name: str) -> Party:
        """A client that was added for the attacks: `outsider`, or `ended` while its token lasts."""
        return Party(self.world, self.spoils.clients[name])

    @property
    def names(self) -> dict[str, str]:
        """What to fill into an address to reach what is Mocca's."""
        return {**FILLED, "sessionId": self.world.sessions()[0]["id"], **self.spoils.theirs}

    def take(self, pool: str) -> str:
        """The next thing of a pool, which nobody else gets."""
        return self.spoils.pools[pool].pop()

    @contextmanager
    def untouched(self, *but: str) -> Iterator[None]:
        """No row of any table, apart from those of `but`, is another inside than it was before."""
        # What the attack before left is what this one finds, unless something was asked for in between.
        known = self._seen is not None and self._seen[0] == Tally.made
        before = self._seen[1] if self._seen and known else self._see()
        yield
        after = self._see()
        assert {name for name in before if before[name] != after[name]} - set(but) == set()

    def _see(self) -> dict[str, tuple[int, int]]:
        """The fingerprint as it is now, remembered until somebody asks for something."""
        found = self.fingerprint()
        self._seen = Tally.made, found
        return found

    def fingerprint(self) -> dict[str, tuple[int, int]]:
        """For each table how many rows it has, and a sum over all that they hold."""
        return {row[0]: (row[1], int(row[2])) for row in self.look(_sums(self.world.database_url))}


@cache
def _sums(url: str) -> str:
    left_out = ", ".join(f"'{name}'" for name in MOVING)
    rows = sql(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return " UNION ALL ".join(
        f"SELECT '{name}', count(*), coalesce(sum(hashtextextended("
        f'(to_jsonb(t) - ARRAY[{left_out}])::text, 0)), 0) FROM "{name}" t'
        for (name,) in rows
        if name not in UNREAD
    )


def routes() -> list[tuple[str, APIRoute]]:
    """Every operation, with its method."""
    return [
        (method, route)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]


def queries(route: APIRoute) -> set[str]:
    """The names that an operation reads in its query."""
    return set(_queries(route.dependant))


def _queries(dependant: Dependant) -> Iterator[str]:
    yield from (one.alias for one in dependant.query_params if one.alias != "If-None-Match")
    for below in dependant.dependencies:
        yield from _queries(below)


def operation(method: str, path: str) -> APIRoute:
    """The route of an operation."""
    (found,) = (route for each, route in routes() if (each, route.path) == (method, path))
    return found


def arguments(method: str, path: str) -> dict[str, Any]:
    """A good body for an operation, as the documentation shows it."""
    if path.endswith("/files"):
        return {"files": {"file": ("plan.pdf", PDF)}} if method == "POST" else {}
    sent = EXAMPLES.get(operation(method, path).operation_id or "", {}).get("request")
    if path.endswith(("/_submit", "/oauth/token")):
        return {"data": sent}
    return {} if sent is None else {"json": sent}


def letters(method: str, path: str) -> str:
    """The roles that an operation is for, as the access table writes them; empty when it is for all."""
    return "".join(ROWS[method, path]).replace("public", "")


def same(one: httpx.Response, other: httpx.Response, names: dict[str, str], others: dict[str, str]) -> bool:
    """Whether two answers tell nothing apart but the names they were asked by and their own number."""
    return _plain(one, names) == _plain(other, others)


def _plain(answer: httpx.Response, names: dict[str, str]) -> tuple[int, str, list[tuple[str, str]]]:
    said = answer.text
    if answer.headers.get("content-type", "").startswith("application/problem"):
        said = json.dumps({**answer.json(), "instance": None})
    for name in sorted(set(names.values()), key=len, reverse=True):
        said = said.replace(name, "…")
    told = [(k, v) for k, v in sorted(answer.headers.items()) if k not in MOVES]
    return answer.status_code, said, told


def prepare(world: World) -> Spoils:
    """The pilot's year with a participant of Mocca's and one of Fleck's, who both get a certificate."""
    body = {"slug": "buiten", "name": "Buitenstaander", "roles": ["partner", "provider", "certifier"]}
    assert world.admin.post("/v1/organisations", body).status_code == 201
    who = {
        "name": "Verborgen Geheimhouder",
        "email": "geheim.adres@verborgen.example",
        "school": "Het Geheime Lyceum",
    }
    applicant = {"givenName": "Verborgen", "familyNamePrefix": None, "familyName": "Geheimhouder"}
    victim = world.complete(
        world.mocca,
        applicant={**applicant, "email": who["email"], "phone": "+31699999999"},
        school={"name": who["school"], "city": "Almere"},
        position="geheimschrijver",
    )
    own = world.complete(world.fleck)
    pools = _others(world)
    table = imported(world.mocca, world)["id"]
    theirs, ours = _webhook(world.mocca), _webhook(world.fleck)
    world.draw()
    world.schedule_national()
    for party, made in ((world.mocca, victim), (world.fleck, own)):
        assert party.post(f"/v1/registrations/{made['id']}/_confirm").status_code == 200
    world.invoices_by("mocca")
    theirs |= _followed(world, victim)
    ours |= _followed(world, own)
    pools["eligible"] = [_eligible(world, pools["placed"].pop()) for _ in range(ELIGIBLE)]
    Postman(world, None).collect()
    theirs |= {"importId": table, "messageId": _message(world, victim["id"])}
    ours["messageId"] = _message(world, own["id"])
    _reviewed(world, victim, theirs)
    pools |= _today(world)
    marks = (*who.values(), victim["id"], victim["applicant"]["id"], theirs["code"], "geheimschrijver")
    return Spoils(theirs, ours, _clients(world), marks, pools)


def _others(world: World) -> dict[str, list[str]]:
    """Mocca's others of the first week: who will get a seat in the pilot, and draws that are announced."""
    placed = [world.complete(world.mocca)["id"] for _ in range(PLACED)]
    window = {"opensAt": "2021-06-08T00:00:00+02:00", "closesAt": "2021-07-06T00:00:00+02:00"}
    draws = []
    for number in range(DRAWS):
        slug = f"te-loten-{number}"
        _edition(world, slug, window, capacity=2)
        for _ in range(4):
            world.complete(world.mocca, edition=slug)
        before = world.app.state.clock
        draws.append(world.announce(slug)["id"])
        world.app.state.clock = before
    return {"placed": placed, "announced": draws}


def _eligible(world: World, registration: str) -> str:
    """A participant who did everything and has no certificate yet."""
    assert world.mocca.post(f"/v1/registrations/{registration}/_confirm").status_code == 200
    world.attend(registration, 8)
    world.pass_phases(registration)
    return registration


def _today(world: World) -> dict[str, list[str]]:
    """An edition that takes registrations today, and a session that is held now."""
    window = {"opensAt": "2022-04-01T00:00:00+02:00", "closesAt": "2022-07-01T00:00:00+02:00"}
    _edition(world, OPEN, window, capacity=3)
    now = world.app.state.clock.now()
    body = {
        "title": "Bijeenkomst van nu",
        "mode": "online",
        "editions": [PILOT],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=2)).isoformat(),
    }
    session = world.provider.post("/v1/sessions", body)
    assert session.status_code == 201, session.text
    return {"session": [session.json()["id"]]}


def _edition(world: World, slug: str, window: JSON, capacity: int) -> None:
    body = {
        "slug": slug,
        "training": "cultuurcoordinator-vo",
        "title": f"Editie {slug}",
        "region": "Noord/Midden",
        "window": window,
        "capacity": capacity,
        "providers": ["mocca"],
    }
    answer = world.admin.post("/v1/editions", body)
    assert answer.status_code == 201, answer.text


def _webhook(party: Party) -> dict[str, str]:
    body = {"url": f"https://{party.credentials['organisation']}.example/haak", "types": ["registration.*"]}
    webhook = party.post("/v1/webhooks", body).json()["id"]
    delivery = party.post(f"/v1/webhooks/{webhook}/_ping").json()["id"]
    return {"webhookId": webhook, "deliveryId": delivery}


def _followed(world: World, made: JSON) -> dict[str, str]:
    """Everything that a participant leaves, up to the certificate."""
    path = f"/v1/registrations/{made['id']}"
    body = {"kind": "assignment", "title": "Verslag", "minutes": 60, "reason": "Ziekte"}
    world.at("2021-12-01T12:00+01:00")
    invoice = world.invoice(made["id"])["number"]
    file = world.provider.post(
        f"{path}/progress/uitvoering/files", files={"file": ("plan.pdf", PDF + made["id"].encode())}
    )
    assert file.status_code == 201, file.text
    made_up = world.provider.post(f"{path}/make-up-hours", body)
    assert made_up.status_code == 201, made_up.text
    world.attend(made["id"], 8)
    world.pass_phases(made["id"])
    certificate = world.lkca.post("/v1/certificates", {"registration": made["id"]}).json()
    links = world.admin.get(f"{path}/personal-links").json()
    last = {name: link.rpartition("/")[2] for name, link in links.items() if isinstance(link, str)}
    return {
        "registrationId": made["id"],
        "applicantId": made["applicant"]["id"],
        "number": certificate["number"],
        "code": certificate["verificationUrl"].rpartition("/")[2],
        "invoiceNumber": invoice,
        "fileId": file.json()["id"],
        "makeUpId": made_up.json()["id"],
        "phase": "uitvoering",
        "token": made["enrolmentForm"]["token"],
        "receiptToken": made["enrolmentForm"]["token"],
        "pageToken": last["page"],
        "calendarToken": last["calendar"],
        "holderToken": last["holder"],
    }


def _message(world: World, registration: str) -> str:
    items = world.admin.get("/v1/messages", params={"registration": registration}).json()["items"]
    return str(items[0]["id"])


def _reviewed(world: World, victim: JSON, found: dict[str, str]) -> None:
    """What the certifier alone works with: a batch, and a review of a certificate."""
    batch = world.lkca.post("/v1/certificate-batches", {"edition": PILOT})
    assert batch.status_code == 201, batch.text
    session = world.sessions()[0]["id"]
    answer = world.provider.put(f"/v1/sessions/{session}/attendance/{victim['id']}", {"minutes": 0})
    assert answer.status_code == 200, answer.text
    reviews = world.lkca.get("/v1/certificate-reviews").json()["items"]
    found |= {"batchId": batch.json()["id"], "reviewId": reviews[0]["id"]}


def _clients(world: World) -> dict[str, JSON]:
    wanted = {
        "outsider": ("buiten", "provider"),
        "stranger": ("buiten", "partner"),
        "ended": ("mocca", "partner"),
    }
    made = {}
    for name, (organisation, role) in wanted.items():
        answer = world.admin.post("/v1/clients", {"organisation": organisation, "role": role, "name": name})
        assert answer.status_code == 201, answer.text
        made[name] = answer.json()
    assert world.admin.delete(f"/v1/clients/{made['ended']['clientId']}").status_code == 204
    return made


def settings_in(folder: Path, **more: Any) -> Settings:
    """The settings of a world under attack: nobody is slowed down, so that each attack says what it does."""
    return Settings(
        secret_key="a key for tests, of more than 32 characters",
        data_dir=folder,
        public_url=BASE,
        worker=False,
        public_per_minute=0,
        client_per_minute=0,
        address_per_minute=0,
        guesses_per_minute=0,
        webhooks_local=False,
        _env_file=None,
        **more,
    )


def copied(source: Path, target: Path) -> Path:
    """A folder of a world's own with the same files in it."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    return target
