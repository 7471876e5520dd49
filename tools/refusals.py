"""Has the server refuse, after the pilot was played, whatever the contract says that it may refuse.

What is the same for every operation (no token, no call left) is asked once; the rest of each operation, as it
was done in the story, with something wrong. The first refusal of its kind is asked for in Dutch too.
"""

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from unittest import mock

import httpx
from sqlmodel import select

from app import openapi
from app.core import idempotency as idempotent
from app.core.database import Database
from app.core.http import idempotency
from app.core.idempotency import Attempt
from app.identity import tokens
from app.identity.caller import Caller, Scope
from app.webhooks.models import Webhook, WebhookStatus
from tests.notifications.post_office import Postman, PostOffice
from tests.world import ADDRESS, JSON, PILOT, SELLER, Http, World, registration

PROBLEM, KIND = "application/problem+json", {"Content-Type": "application/json"}
# In the place of the one name that is another each time.
INSTANCE = "urn:uuid:0f8f2c1e-6f0a-4c55-9a1b-7d3c2b1a0e9f"
# Who still takes part, where the edition goes on.
GOING = ("received", "complete", "waitlisted", "placed", "confirmed")
NOBODY = "01890000-0000-7000-8000-000000000000"
UNKNOWN = {
    "number": "CCVO-2022-999999",
    "invoiceNumber": "MOCCA-2021-99999",
    "on": "2021-06-01",
    "listId": "99",
    **dict.fromkeys(("organisation", "training", "phase", "edition", "kind", "clientId"), "onbekend"),
    **dict.fromkeys(("token", "receiptToken", "pageToken", "calendarToken", "holderToken"), "onbekend"),
    "code": "onbekend",
}
# Refusals that are the same whatever was asked: one answer tells of all, but a GET has a 412 of its own.
ALIKE = ("401", "408", "412", "422", "429")
OF_A_KEY = (
    "idempotency-key-in-use",
    "idempotency-key-in-use.nl",
    "answer-erased",
    "answer-erased.nl",
)


class Refused:
    """The refusals of each operation by status, each kept once under a name of its own."""

    def __init__(self) -> None:
        self.examples: dict[str, JSON] = {}
        self.answers: dict[str, dict[str, list[str]]] = defaultdict(dict)
        self.types: set[str] = set()

    def keep(self, operation: str, answer: httpx.Response, dutch: httpx.Response | None) -> None:
        """Keep one refusal of an operation, and what it is in Dutch when it was asked for."""
        names = self.answers[operation].setdefault(str(answer.status_code), [])
        for name in self._named(operation, answer, dutch):
            if name not in names:
                names.append(name)

    def is_new(self, operation: str, answer: httpx.Response) -> bool:
        """Whether nothing of this status is known of the operation, or nothing of this type at all."""
        known = str(answer.status_code) in self.answers.get(operation, {})
        return not known or answer.json()["type"] not in self.types

    def _named(self, operation: str, answer: httpx.Response, dutch: httpx.Response | None) -> list[str]:
        said = _said(answer)
        name = next((name for name, known in self.examples.items() if known == said), "")
        if not name:
            code = said["type"].rpartition(":")[2]
            name = code if code not in self.examples else f"{code}.{operation}"
            self.examples[name] = said
            self.types.add(said["type"])
        if dutch is not None:
            self.examples[f"{name}.nl"] = _said(dutch)
        return [one for one in (name, f"{name}.nl") if one in self.examples]

    def share(self, asked: Sequence["Asked"]) -> None:
        """Let operations that were not refused in a way have the refusal of one that was."""
        found = {
            (status, one.reads): names for one in asked for status, names in self.answers[one.name].items()
        }
        for one in asked:
            mine = self.answers[one.name]
            for status in one.statuses & set(ALIKE):
                known = found.get((status, one.reads)) or found[status, not one.reads]
                mine.setdefault(status, known)
            if one.takes_key:
                mine["409"] = list(dict.fromkeys([*mine.get("409", []), *OF_A_KEY]))
        missing = {
            (one.name, status) for one in asked for status in one.statuses - set(self.answers[one.name])
        }
        missing = {(name, status) for name, status in missing if status not in openapi.FAILURES}
        assert not missing, f"nothing was refused so: {sorted(missing)}"

    def document(self) -> JSON:
        """What is kept in the file."""
        answers = {name: dict(sorted(found.items())) for name, found in sorted(self.answers.items())}
        return {"examples": dict(sorted(self.examples.items())), "answers": answers}


def _said(answer: httpx.Response) -> JSON:
    assert answer.headers["content-type"] == PROBLEM, answer.text
    return {**answer.json(), "instance": INSTANCE}


class Asked:
    """An operation as it was done in the story, to be asked again with something wrong."""

    def __init__(self, world: World, name: str, operation: JSON, first: JSON) -> None:
        self.world, self.name, self.operation, self.first = world, name, operation, first
        self.sent: JSON = {key: value for key, value in first["kwargs"].items() if key != "headers"}
        self.body: JSON = operation.get("requestBody", {}).get("content", {})

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return bool(self.first["method"] == "GET")

    @property
    def takes_key(self) -> bool:
        """Whether an Idempotency-Key makes it safe to repeat."""
        return idempotency.KEY in {one["name"] for one in self.operation.get("parameters", ())}

    @property
    def statuses(self) -> set[str]:
        """How the contract says that it may refuse."""
        return {status for status in self.operation["responses"] if status >= "400"}

    def again(self, path: str = "", headers: JSON | None = None, **sent: Any) -> httpx.Response:
        """The answer to the same request, or to one that differs in what is given."""
        mine = self._authorised() | (headers or {})
        body = sent or ({} if headers and "Content-Length" in headers else self.sent)
        path = path or self.first["path"]
        return self.world.http.request(self.first["method"], path, headers=mine, **body)

    def _authorised(self) -> JSON:
        headers = self.first["kwargs"].get("headers", {})
        mine = {name: value for name, value in headers.items() if name == "Content-Type"}
        given: str = headers.get("Authorization", "")
        if not given.startswith("Bearer "):
            return mine
        claims = json.loads(base64.urlsafe_b64decode(given.split(".")[1] + "=="))
        party = next(one for one in self.world.parties.values() if one.id == claims["sub"])
        return mine | {"Authorization": f"Bearer {party.token()}"}

    def unknown(self) -> str:
        """Its address with names of nothing in it."""
        names = {name: UNKNOWN.get(name, NOBODY) for name in self.first["names"]}
        path: str = self.first["template"].format(**names)
        return path


def provoke(world: World, firsts: dict[str, JSON]) -> list[Asked]:
    """Have every operation, of which `firsts` has what went well, refused in each way of the contract."""
    document = openapi.document(world.app)
    operations = {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    asked = [Asked(world, name, operation, firsts[name]) for name, operation in operations.items()]
    for one in asked:
        _input(one)
        _who(one)
    _states(world)
    for one in asked:
        _conflict(one)
    _once(world, world.http)
    return asked


def _input(one: Asked) -> None:
    """What is wrong with the request itself: 400, 413, 415, and 404 for an address of nothing."""
    if one.name == "verifyCertificate":  # takes any query
        one.again(f"/v1/verifications/{'x' * 101}")
    elif one.name == "createToken":
        one.again(data={"grant_type": "password", "client_id": "x", "client_secret": "x"})
    elif "application/json" in one.body:
        one.again(json={"unknown": True})
    else:
        one.again(**{**one.sent, "params": {**one.sent.get("params", {}), "unknown": 1}})
    if "413" in one.statuses:
        one.again(headers={"Content-Length": "99999999"})
    if "415" in one.statuses:
        kind = "application/json-patch+json" if one.first["method"] == "PATCH" else "text/plain"
        one.again(headers={"Content-Type": kind}, content=b"[]")
    if "404" in one.statuses and one.first["names"]:
        one.again(one.unknown())


def _who(one: Asked) -> None:
    """403 for a token that lacks the scope; of what is changed, 412 for a tag that is not current."""
    if "403" in one.statuses:
        wanted = one.operation["security"][0]["oauth2"]
        fleck = one.world.fleck
        scope = Scope.EVENTS_READ if Scope.EVENTS_READ not in wanted else Scope.REGISTRATIONS_READ
        settings, now = one.world.app.state.settings, one.world.app.state.clock.now()
        caller = Caller(fleck.id, "fleck", fleck.role, frozenset({scope}))
        key, lifetime = settings.key("access tokens"), timedelta(minutes=5)
        token = tokens.issue(key, settings.base_url, caller, now, lifetime)
        one.again(headers={"Authorization": f"Bearer {token}"})


def _conflict(one: Asked) -> None:
    """What is done once more, and is refused at the latest the third time."""
    if "409" in one.statuses:
        for _ in range(2):
            if one.again().status_code == httpx.codes.CONFLICT:
                return


def _states(world: World) -> None:
    """Refusals that take a state of their own, or another body than what went well."""
    admin, provider, lkca, http = world.admin, world.provider, world.lkca, world.http
    admin.patch("/v1/organisations/cultuurpunt", {"name": "FleCk"})
    admin.patch(f"/v1/editions/{PILOT}", {"capacity": 1})
    admin.put("/v1/organisations/neos/invoicing", {**SELLER, "numberPrefix": "MOCCA"})
    admin.post("/v1/editions/voorbeeld/invoices")
    people = admin.get("/v1/registrations", params={"edition": PILOT}).json()["items"]
    declined = next(one for one in people if one["status"] == "declined")
    others = [one for one in people if one["status"] == "confirmed"]
    admin.patch(f"/v1/applicants/{declined['applicant']['id']}", {"email": others[0]["applicant"]["email"]})
    every = admin.get("/v1/registrations", params={"limit": 100}).json()["items"]
    erased = next(one for one in every if one["applicant"]["erasedAt"])
    admin.patch(f"/v1/registrations/{erased['id']}", {"motivation": "Toch"})
    _erased(world, f"/v1/registrations/{erased['id']}", world.page(declined["id"]))
    going = next(one for one in every if one["edition"] != PILOT and one["status"] in GOING)
    admin.post(f"/v1/applicants/{going['applicant']['id']}/_erase")
    path = f"/v1/registrations/{declined['id']}"
    provider.put(f"{path}/progress/orientatie", {"verdict": "passed"})
    hours = {"kind": "assignment", "title": "Verslag", "minutes": 45, "reason": "Ziek"}
    provider.post(f"{path}/make-up-hours", hours)
    provider.post(f"{path}/progress/orientatie/files", files={"file": ("plan.pdf", b"%PDF-1.7")})
    cancelled = next(one for one in world.sessions("noord-midden-2022") if one["status"] == "cancelled")
    attendance = f"/v1/sessions/{cancelled['id']}/attendance"
    provider.put(attendance, {"items": [{"registration": declined["id"], "minutes": 60}]})
    provider.put(f"{attendance}/{declined['id']}", {"minutes": 60})
    for unknown in ("invoices", "certificates"):
        (lkca if unknown == "certificates" else provider).post(f"/v1/{unknown}", {"registration": NOBODY})
    world.fleck.post("/v1/registrations", registration())
    _evidence(world, others)
    _messages(world)
    _webhooks(world)
    admin.patch(f"/v1/editions/{PILOT}", {"title": "Anders"}, headers={"If-Match": '"other"'})
    http.get(f"/v1/editions/{PILOT}", headers={"If-Match": '"other"'})


def _erased(world: World, path: str, page: str) -> None:
    """Nothing is written about who was erased; nor does who declined write of what was learnt."""
    world.admin.get(f"{path}/personal-links")
    world.admin.post(f"{path}/personal-links/_renew")
    world.admin.put(f"{path}/invoice-address", ADDRESS)
    phase = f"{page}/progress/orientatie"
    world.http.put(phase, json={"evidence": "Toch"})
    world.http.post(f"{phase}/_submit", data={"evidence": "Toch"})
    world.http.post(f"{phase}/files", files={"file": ("plan.pdf", b"%PDF-1.7")})


def _evidence(world: World, people: list[JSON]) -> None:
    """A file of a phase that is passed, which the participant removes."""
    for one in people:
        phase = world.provider.get(f"/v1/registrations/{one['id']}/progress/uitvoering").json()
        for file in phase["files"]:
            own = f"{world.page(one['id'])}/files/{file['id']}"
            world.http.request("DELETE", own)
            world.http.post(f"{own}/_remove")


def _messages(world: World) -> None:
    """A message that was sent is not sent again; one of what is over has nothing to tell."""
    with PostOffice() as office:
        Postman(world, office.port).round()
    for status in ("sent", "cancelled"):
        found = world.admin.get("/v1/messages", params={"status": status}).json()["items"]
        world.admin.post(f"/v1/messages/{found[0]['id']}/_retry")
        world.admin.get(f"/v1/messages/{found[0]['id']}/preview")


def _webhooks(world: World) -> None:
    """A webhook that is active has nothing to resume; one that is paused is sent nothing."""
    body = {"url": "https://systeem.example/", "types": ["registration.*"]}
    path = f"/v1/webhooks/{world.fleck.post('/v1/webhooks', body).json()['id']}"
    world.fleck.post(f"{path}/_resume")
    tried = world.fleck.post(f"{path}/_ping").json()["id"]
    pause_webhooks(world)
    world.fleck.post(f"/v1/webhook-deliveries/{tried}/_retry")
    world.fleck.delete(path)


def pause_webhooks(world: World) -> None:
    """Pause every webhook, as a day without success does."""

    async def pause() -> None:
        async with world.app.state.database.transaction() as db:
            for webhook in (await db.exec(select(Webhook))).all():
                webhook.status = WebhookStatus.PAUSED

    world.http.portal.call(pause)


def wrong_codes(http: Http, page: str, session: str) -> None:
    """Codes that nobody shows, until one has to wait."""
    for _ in range(6):
        http.post(f"{page}/check-ins", json={"session": session, "code": "000000"})


def too_early(world: World, announced: JSON) -> None:
    """A draw that is announced is not announced again, nor run before its value is known."""
    world.admin.post(f"/v1/editions/{PILOT}/draws")
    world.admin.post(f"/v1/draws/{announced['id']}/_run", {"value": "739.55"})


def not_eligible(world: World, participant: str) -> None:
    """No certificate before every requirement is met."""
    world.lkca.post("/v1/certificates", {"registration": participant})


def _once(world: World, http: Http) -> None:
    """What is the same for all: no token, too many calls, a key that is taken, and failures of ours."""
    state = world.app.state
    http.get("/v1/registrations")
    headers = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    client = {"organisation": "fleck", "role": "partner"}
    made = world.admin.post("/v1/clients", client, headers=headers)
    assert made.is_success
    world.admin.post("/v1/clients", {**client, "name": "Anders"}, headers=headers)
    _forgotten(world, made.json()["clientId"])
    world.admin.post("/v1/clients", client, headers=headers)
    _key_in_use(world)
    world.fleck.post("/v1/registrations", content=Dripping(state.settings.body_seconds), headers=KIND)
    settings, database, clock = state.settings, state.database, state.clock
    state.settings = settings.model_copy(update={"public_per_minute": 1})
    for _ in range(3):
        http.get("/v1/verifications/onbekend")
    state.settings = settings
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing", 1)
    state.database = nowhere
    http.get("/v1/editions")
    state.database = database
    http.portal.call(nowhere.close)
    token = {"Authorization": f"Bearer {world.fleck.token()}"}
    state.clock = mock.Mock(**{"now.side_effect": ArithmeticError})
    http.get("/v1/registrations", headers=token)
    state.clock = clock


class Dripping:
    """A body of which too little comes in time, however often it is sent."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """A piece, and nothing for long."""
        yield b"{"
        await asyncio.sleep(2 * self.seconds)
        yield b"}"


def _forgotten(world: World, id: str) -> None:
    """The answers that name this are forgotten, as erasure does with those about a person."""
    state = world.app.state

    async def forget() -> None:
        async with state.database.transaction() as db:
            assert await idempotent.forget(db, state.settings.key("idempotent answers"), [id])

    world.http.portal.call(forget)


def _key_in_use(world: World) -> None:
    """A registration is under way with a key, and is sent once more."""
    state, key = world.app.state, "f3b0a6d4-0d5e-4a57-9c1e-2b7a90c1d5e8"
    content = json.dumps({}, sort_keys=True).encode()
    secret = state.settings.key("idempotent answers")
    attempt = Attempt.of(secret, world.fleck.id, "POST /v1/registrations", key, content)

    portal = world.http.portal
    with (
        mock.patch.object(idempotent, "PATIENCE", "10ms"),
        portal.wrap_async_context_manager(state.database.transaction()) as db,
    ):
        portal.call(idempotent.claim, db, attempt, state.clock.now())
        world.fleck.post("/v1/registrations", {}, headers={idempotency.KEY: key})
