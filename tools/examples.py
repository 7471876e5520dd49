"""Writes app/examples.json: for each operation one request and its answer, as the server really gave it.

And app/refusals.json: how each is refused, in all ways that the contract declares (tools/refusals.py).

The pilot is played from its first registration to a certificate, at moments that are set, and with a counter
in the place of chance: so the file is the same each time, and a test compares it. `make examples`
"""

import asyncio
import hashlib
import json
import re
import secrets
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl

import httpx
import uuid_utils.compat

from app import __version__, migrate, openapi, seed, worker
from app.core import embedded, logs
from app.core.database import Database
from app.core.http import tables
from app.core.http.strictness import FORM, MERGE_PATCH
from app.core.settings import Settings
from app.core.values import utc
from app.credentials.keys import Vault
from app.identity.schemas import EXAMPLE_KEY
from app.imports.router import CSV_EXAMPLE, JSON_LINES_EXAMPLE
from app.main import create_app
from app.webhooks import claims, outcomes
from app.webhooks.claims import Result, Sent
from tests.imports.files import imported
from tests.notifications.post_office import Postman
from tests.samples import PDF, picture
from tests.world import ADDRESS, JSON, PILOT, Http, Party, World, form, registration
from tools import refusals
from tools.refusals import Refused

PLANTED = datetime(2021, 6, 1, tzinfo=UTC)
# Headers that tell of the thing that is answered with.
HEADERS = ("ETag", "Location")
# Shown once, to one client; what stands in the document is none.
SECRETS = {"access_token": "eyJhbGciOiJIUzI1NiJ9…", "clientSecret": "…", "secret": "whsec_…"}


class Counted:
    """Chance that is the same each time."""

    def __init__(self) -> None:
        self.count = 0

    def token_bytes(self, length: int | None = None) -> bytes:
        """In the place of `secrets.token_bytes`."""
        self.count += 1
        return hashlib.shake_256(f"example {self.count}".encode()).digest(length or 32)

    def uuid7(self) -> uuid.UUID:
        """In the place of `uuid7`: later ones sort later, as those of a clock do."""
        random = int.from_bytes(self.token_bytes(8)) >> 2
        milliseconds = 0x017A_0000_0000 + self.count
        return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | 0x2 << 62 | random)


@contextmanager
def counted() -> Iterator[None]:
    """Chance is counted inside."""
    chance = Counted()
    with (
        mock.patch.object(secrets, "token_bytes", chance.token_bytes),
        mock.patch.object(uuid_utils.compat, "uuid7", chance.uuid7),
    ):
        yield


class Recorder(Http):
    """Keeps the first exchange of each operation that went well; of a list the first that is not empty.

    And of those that were refused the first of each status and of each type.
    """

    def __enter__(self) -> "Recorder":
        super().__enter__()
        paths = openapi.document(self.app)["paths"]
        self.operations = [
            (
                method,
                re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", f"/v1{path}")),
                operation["operationId"],
                f"/v1{path}",
            )
            for path, operations in paths.items()
            for method, operation in operations.items()
        ]
        self.kept: dict[str, JSON] = {}
        self.firsts: dict[str, JSON] = {}
        self.refused = Refused()
        return self

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """The answer to one request, which is kept when it is the first of its kind."""
        answer = super().request(method, path, **kwargs)
        for asked, pattern, name, template in self.operations:
            match = pattern.fullmatch(answer.request.url.path)
            if asked != method.lower() or not match:
                continue
            if answer.is_success and name not in self.kept:
                self._keep(name, match.groupdict(), answer)
                names = {"template": template, "names": match.groupdict()}
                self.firsts[name] = {"method": method, "path": path, "kwargs": kwargs, **names}
            elif answer.is_error and self.refused.is_new(name, answer):
                self._refuse(name, method, path, answer, **kwargs)
        return answer

    def _refuse(self, name: str, method: str, path: str, answer: httpx.Response, **kwargs: Any) -> None:
        """Keep a refusal, and what it is in Dutch when it is the first of its type."""
        dutch = None
        if answer.json()["type"] not in self.refused.types:
            headers = {**kwargs.pop("headers", {}), "Accept-Language": "nl"}
            dutch = super().request(method, path, headers=headers, **kwargs)
        everywhere = str(answer.status_code) in openapi.FAILURES
        self.refused.keep(openapi.EVERYWHERE if everywhere else name, answer, dutch)

    def _keep(self, name: str, path: dict[str, str], answer: httpx.Response) -> None:
        kind = answer.headers.get("content-type", "")
        kept: JSON = {"path": path} if path else {}
        if sent := _sent(answer.request):
            kept["request"] = sent
        kept |= {
            "status": answer.status_code,
            "headers": [each for each in HEADERS if each in answer.headers],
        }
        if kind == "application/json" and answer.content:
            kept["answer"] = {key: SECRETS.get(key, value) for key, value in answer.json().items()}
            if kept["answer"].get("items") == []:
                return
        self.kept[name] = kept


def _sent(request: httpx.Request) -> Any:
    """The body as the document shows it, of a file that there is one; None without a body."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind == "multipart/form-data":
        return {"file": "…"}
    text = request.content.decode()
    if not text or kind not in ("application/json", FORM, MERGE_PATCH):
        return None  # a table's examples stand with its route, and are sent as they are
    return dict(parse_qsl(text)) if kind == FORM else json.loads(text)


def play(url: str, settings: Settings) -> tuple[dict[str, JSON], JSON]:
    """The exchanges of the story on the empty database at `url`, and the refusals after it."""
    with counted():
        migrate.upgrade(url)
        clients = asyncio.run(_planted(url))
        with Recorder(create_app(settings, url)) as http:
            world = World(http.app, http, clients, url)
            story(world)
            http.refused.share(refusals.provoke(world, http.firsts))
            return dict(sorted(http.kept.items())), http.refused.document()


async def _planted(url: str) -> list[JSON]:
    database = Database(url)
    try:
        async with database.transaction() as db:
            await seed.plant(db, PLANTED)
            clients = await seed.add_demo_clients(db, PLANTED)
    finally:
        await database.close()
    return [client.model_dump(mode="json", by_alias=True) for client in clients]


def story(world: World) -> None:
    """Everything that the API can do, in the order in which a pilot does it."""
    world.at("2021-06-01T09:00+02:00")
    _prepare(world)
    world.at("2021-06-15T09:00+02:00")
    people = _register(world)
    _import(world)
    drawn = _draw(world, people)
    _tell(world)
    _follow(world, drawn)
    _invoice(world, drawn[0])
    _certify(world, drawn[0])
    _subscribe(world)


def good(answer: httpx.Response, *, text: bool = False) -> Any:
    """What the answer says, which is good."""
    assert answer.is_success, (answer.request.method, answer.request.url, answer.text)
    if text:
        return answer.text
    is_json = answer.content and answer.headers.get("content-type") == "application/json"
    return answer.json() if is_json else None


def _prepare(world: World) -> None:
    admin, id_and_secret = world.admin, (world.fleck.id, world.fleck.credentials["clientSecret"])
    token = httpx.BasicAuth(*id_and_secret)
    good(world.http.post("/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=token))
    for path in ("organisations", "trainings", "phases", "editions"):
        listed = good(world.http.get(f"/v1/{path}"))["items"]
        good(world.http.get(f"/v1/{path}/{listed[0]['slug']}"))
    body = {"slug": "cultuurpunt", "name": "Cultuurpunt", "roles": ["partner"], "region": "Gelderland"}
    good(admin.post("/v1/organisations", body))
    good(admin.patch("/v1/organisations/cultuurpunt", {"roles": ["partner", "provider"]}))
    client = good(admin.post("/v1/clients", {"organisation": "fleck", "role": "partner", "name": "Website"}))
    good(admin.get("/v1/clients"))
    good(admin.get(f"/v1/clients/{client['clientId']}"))
    overlap = {"keepOthersUntil": utc(world.app.state.clock.now() + timedelta(days=1))}
    good(admin.post(f"/v1/clients/{client['clientId']}/_rotate", overlap))
    good(admin.put(f"/v1/clients/{client['clientId']}/keys", {"keys": [EXAMPLE_KEY]}))
    good(admin.delete(f"/v1/clients/{client['clientId']}"))
    edition = {
        "slug": "noord-midden-2022",
        "training": "cultuurcoordinator-vo",
        "title": "Noord/Midden 2022-2023",
        "region": "Noord/Midden",
        "window": {"opensAt": "2021-06-08T00:00:00+02:00", "closesAt": "2022-07-06T00:00:00+02:00"},
        "capacity": 20,
        "quotas": [{"organisation": "fleck", "minimum": 2, "maximum": 4}],
        "providers": ["mocca"],
        "carryOver": {"mode": "weight", "weight": 2},
    }
    good(admin.post("/v1/editions", edition))
    good(admin.patch("/v1/editions/noord-midden-2022", {"answerDays": 14}))
    _plan(world)


def _plan(world: World) -> None:
    session = {
        "title": "Bijeenkomst 1",
        "mode": "physical",
        "editions": ["noord-midden-2022"],
        "startsAt": "2022-10-06T14:30:00+02:00",
        "endsAt": "2022-10-06T17:30:00+02:00",
        "phase": "orientatie",
        "location": {
            "name": "Het Theater",
            "city": "Utrecht",
            "travelNote": "10 minuten lopen vanaf het station",
        },
    }
    made = good(world.provider.post("/v1/sessions", session))
    path = f"/v1/sessions/{made['id']}"
    moved = {"startsAt": "2022-10-13T14:30:00+02:00", "endsAt": "2022-10-13T17:30:00+02:00"}
    good(world.provider.patch(path, {**moved, "reason": "Het theater is die dag niet vrij"}))
    good(world.provider.patch(path, {"mode": "hybrid", "onlineUrl": "https://meet.example/abc-defg"}))
    good(world.provider.get(f"{path}/online-meeting"))
    good(world.provider.post(f"{path}/_cancel", {"reason": "Ziekte van de docent"}))
    good(world.http.get(f"/v1/sessions?edition={PILOT}"))
    good(world.http.get(path))
    good(world.http.get(f"/v1/editions/{PILOT}/calendar.ics"))


PEOPLE = (
    ("Noor", "van der", "Meer", "Het Lyceum", "Almere"),
    ("Sam", None, "Jansen", "De Werkplaats", "Lelystad"),
    ("Yara", "el", "Amrani", "Het College", "Dronten"),
    ("Bram", "de", "Wit", "De Meander", "Zeewolde"),
    ("Fenna", None, "Bakker", "De Brug", "Urk"),
)


def _body(number: int, **change: Any) -> JSON:
    given, prefix, family, school, city = PEOPLE[number]
    return registration(
        applicant={
            "givenName": given,
            "familyNamePrefix": prefix,
            "familyName": family,
            "email": f"{given.lower()}@{city.lower()}.example",
        },
        school={"name": school, "city": city},
        **change,
    )


def _register(world: World) -> list[JSON]:
    """The people of the pilot, their forms returned; one of them stands in it twice."""
    fleck = world.fleck
    schemas = openapi.document(world.app)["components"]["schemas"]
    first = good(fleck.post("/v1/registrations", schemas["RegistrationCreate"]["examples"][0]))
    path = f"/v1/enrolment-forms/{first['enrolmentForm']['token']}"
    good(world.http.request("PATCH", path, json={"learningQuestion": "Hoe maak ik een leerlijn?"}))
    good(world.http.get(path))
    good(fleck.post(f"/v1/registrations/{first['id']}/enrolment-form/_remind"))
    made = [good(fleck.post("/v1/registrations", _body(number))) for number in range(len(PEOPLE))]
    again = _body(0)
    again["applicant"]["email"] = "n.vandermeer@thuis.example"
    twice = good(world.mocca.post("/v1/registrations", again))
    # The design rules' linter takes a text named postalCode, below paths, for a POST that lacks its answers.
    answers = {name: value for name, value in form().items() if name != "invoiceAddress"}
    for one in [*made, twice]:
        good(world.http.put(f"/v1/enrolment-forms/{one['enrolmentForm']['token']}", json=answers))
    path = f"/v1/registrations/{made[2]['id']}/enrolment-form"
    good(fleck.get(path))
    good(fleck.post(f"{path}/_reopen", {"reason": "De leervraag was half overgenomen."}))
    good(world.http.put(f"/v1/enrolment-forms/{made[2]['enrolmentForm']['token']}", json=answers))
    good(fleck.get(f"/v1/registrations?edition={PILOT}"))
    good(fleck.patch(f"/v1/registrations/{made[1]['id']}", {"position": "docent muziek"}))
    good(fleck.get("/v1/applicants"))
    person = f"/v1/applicants/{made[1]['applicant']['id']}"
    good(fleck.get(person))
    good(fleck.patch(person, {"phone": "+31687654321"}))
    good(fleck.post(f"/v1/registrations/{first['id']}/_withdraw", {"reason": "Andere baan"}))
    path = f"/v1/editions/{PILOT}/possible-duplicates"
    pair = good(world.admin.get(path))["items"][0]["registrations"]
    decision = {
        "registrations": pair,
        "verdict": "same-person",
        "keep": pair[0],
        "reason": "Gebeld op 16 juni.",
    }
    good(world.admin.post(f"{path}/_decide", decision))
    somebody = {**_body(4), "edition": "voorbeeld"}
    somebody["applicant"] = {**somebody["applicant"], "email": "aanmelder@voorbeeldschool.example"}
    extra = good(fleck.post("/v1/registrations", somebody))
    good(fleck.post(f"/v1/registrations/{extra['id']}/_reject", {"reason": "Werkt niet in het VO"}))
    person = f"/v1/applicants/{extra['applicant']['id']}"
    good(fleck.get(f"{person}/export"))
    good(world.admin.post(f"{person}/_erase", {"forgetCertificates": False}))
    good(fleck.get("/v1/processing-register"))
    return made


def _import(world: World) -> None:
    """Teachers from files, for an edition of their own; and those of the pilot as files."""
    fleck = world.fleck
    done = imported(fleck, world, CSV_EXAMPLE.encode(), tables.CSV)
    good(fleck.get(f"/v1/registration-imports/{done['id']}/rows"))
    good(fleck.get(f"/v1/registration-imports/{done['id']}/refused.csv"))
    imported(fleck, world, JSON_LINES_EXAMPLE.encode(), tables.JSON_LINES)
    for ending in ("csv", "jsonl"):
        good(fleck.get(f"/v1/registration-exports/registrations.{ending}?edition={PILOT}"))


def _draw(world: World, people: list[JSON]) -> list[str]:
    """Those who were drawn, in the order in which they registered."""
    admin = world.admin
    seats = {"capacity": 3, "quotas": [{"organisation": "fleck", "minimum": 2, "maximum": 4}]}
    good(admin.patch(f"/v1/editions/{PILOT}", seats))
    wrong = world.announce()
    rehearsal = {"value": "proefloting 1"}
    good(admin.post(f"/v1/draws/{wrong['id']}/_rehearse", rehearsal))
    good(admin.post(f"/v1/draws/{wrong['id']}/_void", {"reason": "Een aanmelding ontbrak op de lijst."}))
    announced = world.announce()
    refusals.too_early(world, announced)
    world.run(announced)
    world.publish(announced)
    good(world.http.get("/v1/draw-verifier"))
    good(world.http.get(f"/v1/draws/{announced['id']}", headers={"Accept": "application/json"}))
    receipt = f"/v1/draw-receipts/{people[0]['enrolmentForm']['token']}"
    good(world.http.get(receipt, headers={"Accept": "application/json"}))
    read = [good(world.fleck.get(f"/v1/registrations/{one['id']}")) for one in people]
    return [one["id"] for one in read if one["status"] == "placed"]


def _tell(world: World) -> None:
    """What everybody hears of it, and who has not heard it yet."""
    Postman(world, None).collect()
    fleck, admin = world.fleck, world.admin
    query = "?edition=noord-midden-2021&kind=seat-placed"
    message = good(fleck.get(f"/v1/messages{query}"))["items"][0]
    path = f"/v1/messages/{message['id']}"
    good(fleck.get(path))
    good(admin.get(f"{path}/preview"))
    good(admin.post(f"{path}/_retry"))
    good(fleck.get("/v1/message-templates"))
    good(fleck.get("/v1/message-templates/waitlisted/preview?language=nl"))
    untold = good(fleck.get(f"/v1/editions/{PILOT}/untold-outcomes"))["items"]
    told = {"reason": "Gebeld op 6 juli."}
    good(fleck.post(f"/v1/registrations/{untold[0]['registration']}/_told", told))


def _subscribe(world: World) -> None:
    """A webhook that is added, tried, told of what happened, and resumed; and its receiver's answers."""
    fleck, state = world.fleck, world.app.state
    body = {
        "url": "https://systeem.example/webhooks/register",
        "types": ["registration.*", "session.changed"],
        "description": "Ledenadministratie",
    }
    path = f"/v1/webhooks/{good(fleck.post('/v1/webhooks', body))['id']}"
    good(fleck.get("/v1/webhooks"))
    good(fleck.get(path))
    good(fleck.patch(path, {"types": ["registration.*", "session.*", "certificate.issued"]}))
    good(fleck.post(f"{path}/_rotate"))
    tried = good(fleck.post(f"{path}/_ping"))
    good(fleck.post(f"{path}/_resend", {"afterEvent": 0}))

    async def deliver() -> None:
        async with state.database.transaction() as db:
            claimed, _ = await claims.claim(db, 1, state.clock.now(), 64)
            head = {"content-type": "application/json", "user-agent": f"cultuurcoordinator/{__version__}"}
            answer = {"content-type": "text/plain", "server": "systeem"}
            sent = Sent(state.clock.now(), 84, head, 200, answer, "OK")
            done = [Result(one, sent, outcomes.judged(200), 0.5) for one in claimed]
            await claims.settle(db, 1, done, state.clock.now())

    world.http.portal.call(deliver)
    good(fleck.get(f"{path}/deliveries?status=delivered&limit=2"))
    good(fleck.get(f"/v1/webhook-deliveries/{tried['id']}"))
    good(fleck.post(f"/v1/webhook-deliveries/{tried['id']}/_retry"))
    refusals.pause_webhooks(world)
    good(fleck.post(f"{path}/_resume"))
    good(fleck.delete(path))


def _follow(world: World, drawn: list[str]) -> None:
    """Answers to the offers; who still waits moves on to the next edition."""
    confirmed, declined, *others = drawn
    good(world.fleck.post(f"/v1/registrations/{confirmed}/_confirm", {"reason": "Per telefoon"}))
    good(world.fleck.post(f"/v1/registrations/{declined}/_decline", {"reason": "Past niet in het rooster"}))
    for other in others:
        good(world.fleck.post(f"/v1/registrations/{other}/_confirm"))
    path = f"/v1/registrations/{confirmed}/personal-links"
    good(world.http.get(good(world.fleck.get(path))["calendar"]))
    good(world.fleck.post(f"{path}/_renew", {"reason": "Doorgestuurd naar een ander"}))
    good(world.admin.post("/v1/editions/noord-midden-2022/_carry", {"from": PILOT}))


def _attend(world: World, participant: str) -> None:
    """The first session: a check-in by code, a correction, the lists; and hours that were made up."""
    provider, session = world.provider, f"/v1/sessions/{world.sessions()[0]['id']}"
    links = good(world.fleck.get(f"/v1/registrations/{participant}/personal-links"))
    page = links["page"].removeprefix("https://register.example")
    world.at("2021-10-07T14:45+02:00")
    code = good(provider.get(f"{session}/check-in-code"))
    good(world.http.post(f"{page}/check-ins", json={"session": code["session"], "code": code["code"]}))
    refusals.wrong_codes(world.http, page, code["session"])
    world.at("2021-10-07T17:45+02:00")
    one = f"{session}/attendance/{participant}"
    left = {"lateMinutes": 15, "earlyMinutes": 30, "reason": "Ging eerder weg"}
    good(provider.put(one, left))
    for read in (one, f"{one}/history", f"{session}/attendance.csv", f"{session}/attendance.pdf"):
        good(provider.get(read))
    path = f"/v1/registrations/{participant}/make-up-hours"
    hours = {
        "kind": "assignment",
        "title": "Verslag van de studiedag in Zwolle",
        "minutes": 45,
        "reason": "Miste een deel van bijeenkomst 1",
    }
    made = good(provider.post(path, hours))
    for read in (path, f"{path}/{made['id']}"):
        good(provider.get(read))
    good(provider.get(f"/v1/registrations/{participant}/contact-hours"))
    good(provider.get(f"/v1/editions/{PILOT}/contact-hours"))
    good(world.http.get(page))
    good(provider.post(f"{path}/{made['id']}/_revoke", {"reason": "Het verslag is niet ingeleverd"}))


def _invoice(world: World, participant: str) -> None:
    """An invoice that is paid in part and taken back, and the next one, of the whole edition."""
    world.at("2021-09-01T09:00+02:00")
    world.invoices_by("mocca", PILOT)
    good(world.admin.get("/v1/organisations/mocca/invoicing"))
    address = f"/v1/registrations/{participant}/invoice-address"
    good(world.fleck.put(address, ADDRESS))
    good(world.fleck.get(address))
    provider = world.provider
    number = good(provider.post("/v1/invoices", {"registration": participant}))["number"]
    path = f"/v1/invoices/{number}"
    paid = {"paidOn": "2021-09-01", "amountCents": 25000, "note": "Afschrift 118"}
    good(provider.post(f"{path}/_pay", paid))
    good(provider.post(f"{path}/_credit", {"reason": "Op de verkeerde naam gesteld"}))
    good(provider.post(f"/v1/editions/{PILOT}/invoices"))
    table = f"/v1/editions/{PILOT}/invoices.csv"
    for read in (path, f"{path}/pdf", f"{path}/ubl", f"/v1/registrations/{participant}/invoice", table):
        good(world.fleck.get(read))
    good(world.fleck.get("/v1/invoices?limit=1"))


def _hand_in(world: World, participant: str) -> None:
    """Evidence of a phase, in words and as files; one of them by mistake."""
    page, phase = world.page(participant), f"/v1/registrations/{participant}/progress/uitvoering"
    own = f"{page}/progress/uitvoering"
    product = {"title": "Cultuurbeleidsplan", "kind": "policy-plan"}
    good(world.http.put(own, json={"evidence": "Ons beleidsplan, en wat het deed.", "product": product}))
    good(
        world.http.post(f"{own}/_submit", data={"evidence": "Ons beleidsplan.", "productKind": "policy-plan"})
    )
    first = good(world.http.post(f"{own}/files", files={"file": ("beleidsplan.pdf", PDF)}))
    wrong = good(world.http.post(f"{own}/files", files={"file": ("foto.png", picture("image/png"))}))
    good(world.http.get(own))
    good(world.http.get(f"{page}/files/{first['id']}"))
    good(world.http.request("DELETE", f"{page}/files/{wrong['id']}"))
    good(world.http.post(f"{page}/files/{first['id']}/_remove"))
    added = good(world.provider.post(f"{phase}/files", files={"file": ("beleidsplan.pdf", PDF)}))
    good(world.provider.get(phase))
    good(world.provider.get(f"/v1/files/{added['id']}"))
    good(world.provider.get(f"/v1/files/{added['id']}/content"))
    spare = good(world.provider.post(f"{phase}/files", files={"file": ("foto.png", picture("image/png"))}))
    good(world.provider.delete(f"/v1/files/{spare['id']}"))


def _certify(world: World, participant: str) -> None:
    provider: Party = world.provider
    world.schedule_national()
    _attend(world, participant)
    world.at("2022-04-20T12:00+02:00")
    sessions = world.sessions()
    item = {"registration": participant, "minutes": sessions[0]["contactMinutes"]}
    good(provider.put(f"/v1/sessions/{sessions[0]['id']}/attendance", {"items": [item]}))
    world.attend(participant, 8)
    good(provider.get(f"/v1/attendance?registration={participant}"))
    _hand_in(world, participant)
    refusals.not_eligible(world, participant)
    world.pass_phases(participant)
    for part in ("progress", "eligibility"):
        good(provider.get(f"/v1/registrations/{participant}/{part}"))
    batch = good(world.lkca.post("/v1/certificate-batches", {"edition": PILOT, "dryRun": True}))
    for read in (f"/v1/certificate-batches/{batch['id']}", f"/v1/certificate-batches/{batch['id']}/items"):
        good(world.lkca.get(read))
    certificate = good(world.lkca.post("/v1/certificates", {"registration": participant}))
    path = f"/v1/certificates/{certificate['number']}"
    table = f"/v1/editions/{PILOT}/certificates.csv"
    for read in ("/v1/certificates", path, f"{path}/pdf", f"{path}/credential", table):
        good(world.fleck.get(read))
    code = certificate["verificationUrl"].rpartition("/")[2]
    good(world.http.get(f"/v1/verifications/{code}", headers={"Accept": "application/json"}))
    token = good(world.fleck.get(f"{path}/credential", headers={"Accept": "application/jwt"}), text=True)
    good(world.http.post("/v1/verifications", json={"credential": token}))
    _hold(world, participant, certificate["number"])
    late = {"minutes": 175, "reason": "Vijf minuten later"}
    good(provider.put(f"/v1/sessions/{sessions[1]['id']}/attendance/{participant}", late))
    review = good(world.lkca.get("/v1/certificate-reviews"))["items"][0]["id"]
    good(world.lkca.get(f"/v1/certificate-reviews/{review}"))
    upheld = {"reason": "Verschil van vijf minuten; er blijft ruim 20 uur over."}
    good(world.lkca.post(f"/v1/certificate-reviews/{review}/_uphold", upheld))
    renamed = good(world.lkca.post(f"{path}/_reissue", {"reason": "Naamswijziging na huwelijk"}))
    path = f"/v1/certificates/{renamed['number']}"
    good(world.lkca.post(f"{path}/_revoke", {"reason": "Uitgegeven op de verkeerde naam"}))
    _publish(world)
    good(world.admin.get("/v1/events?limit=2"))


def _hold(world: World, participant: str, number: str) -> None:
    """What the holder of a certificate finds by the personal link."""
    links = good(world.fleck.get(f"/v1/registrations/{participant}/personal-links"))
    page = links["holder"].removeprefix("https://register.example")
    good(world.http.get(page, headers={"Accept": "application/json"}))
    sheet = f"/v1/registrations/{participant}/evidence-sheet"
    for read in (sheet, f"{sheet}/pdf"):
        good(world.fleck.get(read))
    good(world.http.get(f"{page}/evidence-sheet"))
    for kind in ("pdf", "credential", "token"):
        good(world.http.get(f"{page}/certificates/{number}/{kind}"))


def _publish(world: World) -> None:
    """What the register publishes of its certificates, on the day after."""
    state = world.app.state
    world.at("2022-04-21T09:00+02:00")
    vault = Vault.of(state.settings)
    assert world.http.portal.call(worker.publish_heads, state.database, state.clock, vault)
    for path in ("register-entries", "register-heads", "register-heads/2022-04-20", "status-lists/1"):
        good(world.http.get(f"/v1/{path}"))


def settings_in(folder: Path) -> Settings:
    """Settings that are the same each time; nothing is kept in the folder but the database."""
    return Settings(
        secret_key="the key of the examples, which is no secret",  # noqa: S106  and so it is none
        data_dir=folder,
        public_url="https://register.example",
        worker=False,
        body_seconds=1,
        _env_file=None,
    )


def text(examples: dict[str, JSON]) -> str:
    """The file's text."""
    return json.dumps(examples, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the file."""
    logs.configure("critical")  # one failure is provoked
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder), durable=False) as server:
        played = play(server.url, settings_in(Path(folder)))
        for file, written in zip((openapi.EXAMPLES, openapi.REFUSALS), played, strict=True):
            file.write_text(text(written), encoding="utf-8")


if __name__ == "__main__":
    main()
