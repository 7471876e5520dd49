"""The register as its callers meet it: parties with tokens, and the steps that many tests begin with."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI

from app import worker
from app.core.clock import Clock
from app.credentials import keys
from app.identity import tokens
from app.identity.caller import ROLE_SCOPES, Caller, Role

PILOT = "noord-midden-2021"
PUBLIC_SOURCE = {
    "kind": "public-source",
    "source": "A source of the tests' own",
    "field": "its value at ten, two decimals",
    "availableAt": "2021-07-06T10:00:00+02:00",
}
JSON = dict[str, Any]
Answer = TypeVar("Answer")


class Http:
    """Plain calls to an application in this process, over its ASGI interface, with its own event loop."""

    def __init__(self, app: FastAPI) -> None:
        self.app, self._open = app, ExitStack()

    def __enter__(self) -> Self:
        self.portal = self._open.enter_context(start_blocking_portal())
        self._open.enter_context(
            self.portal.wrap_async_context_manager(self.app.router.lifespan_context(self.app))
        )
        transport = httpx.ASGITransport(self.app)
        client = httpx.AsyncClient(transport=transport, base_url="https://register.example")
        self.client = self._open.enter_context(self.portal.wrap_async_context_manager(client))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """The answer to one request."""
        return self.portal.call(partial(self.client.request, method, path, **kwargs))

    def together(self, requests: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """The answers to requests, or to tasks of several, made at once, each from its own thread."""
        with ThreadPoolExecutor(len(requests)) as threads:
            return list(threads.map(lambda request: request(), requests))

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.request("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.request("PUT", path, **kwargs)


class Party:
    """One API client, calling with a token that is fresh at the world's moment."""

    def __init__(self, world: "World", credentials: JSON) -> None:
        self.world, self.credentials = world, credentials
        self.id: str = credentials["clientId"]
        self.role = Role(credentials["role"])

    def token(self) -> str:
        """A token with every scope of the role."""
        app = self.world.app
        caller = Caller(self.id, self.credentials["organisation"], self.role, ROLE_SCOPES[self.role])
        settings = app.state.settings
        key = settings.key("access tokens")
        return tokens.issue(key, settings.base_url, caller, app.state.clock.now(), timedelta(minutes=5))

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """The answer to one request."""
        headers = {"Authorization": f"Bearer {self.token()}", **kwargs.pop("headers", {})}
        return self.world.http.request(method, path, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, body: Any = None, **kwargs: Any) -> httpx.Response:
        return self.request("POST", path, json=body, **kwargs)

    def put(self, path: str, body: Any, **kwargs: Any) -> httpx.Response:
        return self.request("PUT", path, json=body, **kwargs)

    def patch(self, path: str, body: Any, **kwargs: Any) -> httpx.Response:
        return self.request("PATCH", path, json=body, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.request("DELETE", path, **kwargs)


class World:
    """The application, its callers, and its clock."""

    def __init__(self, app: FastAPI, http: "Http", clients: Sequence[JSON], database_url: str) -> None:
        self.app, self.http, self.database_url = app, http, database_url
        self.parties = {(one["organisation"], one["role"]): Party(self, one) for one in clients}
        self.fleck = self.parties["fleck", "partner"]
        self.mocca = self.parties["mocca", "partner"]
        self.kunst_centraal = self.parties["kunst-centraal", "partner"]
        self.provider = self.parties["mocca", "provider"]
        self.lkca = self.parties["lkca", "certifier"]
        self.admin = self.parties["lkca", "admin"]

    def at(self, moment: str) -> None:
        """Set the clock to `moment`, such as 2021-07-06T09:00+02:00."""
        self.app.state.clock = Clock(datetime.fromisoformat(moment).astimezone(UTC))

    def work(self) -> int:
        """A round of the background work; gives how many registrations lapsed."""
        lapsed: int = self.http.portal.call(worker.once, self.app.state.database, self.app.state.clock)
        return lapsed

    def events(self, type: str | None = None) -> list[JSON]:
        """The audit trail, oldest first."""
        query = {"limit": "100", "type": type} if type else {"limit": "100"}
        items: list[JSON] = []
        while True:
            page = self.admin.get("/v1/events", params=query).json()
            items += page["items"]
            if page["nextCursor"] is None:
                return items
            query["cursor"] = page["nextCursor"]

    def register(self, partner: Party | None = None, **change: Any) -> JSON:
        """A registration for the pilot, of somebody new."""
        answer = (partner or self.fleck).post("/v1/registrations", registration(**change))
        assert answer.status_code == 201, answer.text
        made: JSON = answer.json()
        return made

    def complete(self, partner: Party | None = None, **change: Any) -> JSON:
        """A registration whose form has been returned."""
        made = self.register(partner, **change)
        answer = self.http.put(f"/v1/enrolment-forms/{made['enrolmentForm']['token']}", json=form())
        assert answer.status_code == 200, answer.text
        return made

    def announce(self, edition: str = PILOT, **body: Any) -> JSON:
        """A draw that was announced after the window closed; by a public source unless `body` says else."""
        self.at("2021-07-06T09:00+02:00")
        answer = self.admin.post(f"/v1/editions/{edition}/draws", {"beacon": PUBLIC_SOURCE, **body})
        assert answer.status_code == 201, answer.text
        made: JSON = answer.json()
        return made

    def run(self, announced: JSON, value: str = "739.55") -> JSON:
        """The draw, run when its public source had spoken; the result as the administrator sees it."""
        self.at("2021-07-06T10:00+02:00")
        body = {"value": value} if announced["drawNeeded"] else None
        answer = self.admin.post(f"/v1/draws/{announced['id']}/_run", body)
        assert answer.status_code == 200, answer.text
        made: JSON = answer.json()
        return made

    def publish(self, announced: JSON) -> JSON:
        """The record of a draw whose result was published."""
        answer = self.admin.post(f"/v1/draws/{announced['id']}/_publish")
        assert answer.status_code == 200, answer.text
        made: JSON = answer.json()
        return made

    def draw(self, edition: str = PILOT, value: str = "739.55") -> JSON:
        """A draw that was announced, run and published, after the window closed."""
        announced = self.announce(edition)
        self.run(announced, value)
        return self.publish(announced)

    def participant(self, partner: Party | None = None, **change: Any) -> JSON:
        """A participant of the pilot: registered, placed and confirmed."""
        partner = partner or self.fleck
        made = self.complete(partner, **change)
        self.draw()
        answer = partner.post(f"/v1/registrations/{made['id']}/_confirm")
        assert answer.status_code == 200, answer.text
        confirmed: JSON = answer.json()
        return confirmed

    def invoices_by(self, organisation: str = "mocca", edition: str = PILOT, **change: Any) -> None:
        """Let an organisation invoice the participants of an edition; `change` replaces its details."""
        answer = self.admin.put(f"/v1/organisations/{organisation}/invoicing", {**SELLER, **change})
        assert answer.status_code == 200, answer.text
        answer = self.admin.patch(f"/v1/editions/{edition}", {"invoicedBy": organisation})
        assert answer.status_code == 200, answer.text

    def participants(self, count: int, partner: Party | None = None) -> list[JSON]:
        """Several participants of the pilot, drawn together."""
        partner = partner or self.mocca
        people = [self.complete(partner) for _ in range(count)]
        self.draw()
        for one in people:
            assert partner.post(f"/v1/registrations/{one['id']}/_confirm").status_code == 200
        return people

    def invoice(self, registration_id: str) -> JSON:
        """The invoice of a participant, sent by the provider."""
        answer = self.provider.post("/v1/invoices", {"registration": registration_id})
        assert answer.status_code == 201, answer.text
        made: JSON = answer.json()
        return made

    def page(self, registration_id: str) -> str:
        """The address of a participant's own page, by the personal link."""
        answer = self.admin.get(f"/v1/registrations/{registration_id}/personal-links")
        address: str = answer.json()["page"].removeprefix("https://register.example")
        return address

    def stored(self) -> list[Path]:
        """The contents in storage."""
        return [path for path in (self.app.state.settings.data_dir / "files").rglob("*") if path.is_file()]

    def sessions(self, edition: str = PILOT) -> list[JSON]:
        """The sessions of an edition, in their order."""
        items: list[JSON] = self.http.get("/v1/sessions", params={"edition": edition}).json()["items"]
        return items

    def schedule_national(self) -> None:
        """Give the two national online sessions their times, 3 hours each."""
        days = iter(("2021-11-18", "2022-03-31"))
        for session in self.sessions():
            if session["status"] == "unscheduled":
                day = next(days)
                times = {"startsAt": f"{day}T14:00:00+00:00", "endsAt": f"{day}T17:00:00+00:00"}
                assert self.provider.patch(f"/v1/sessions/{session['id']}", times).status_code == 200

    def attend(self, registration_id: str, count: int) -> None:
        """Attend the first `count` sessions whole."""
        self.at("2022-04-20T12:00+02:00")
        for session in self.sessions()[:count]:
            path = f"/v1/sessions/{session['id']}/attendance/{registration_id}"
            answer = self.provider.put(path, {"minutes": session["contactMinutes"]})
            assert answer.status_code == 200, answer.text

    def pass_phases(self, registration_id: str) -> None:
        """Pass the four phases, with an approved product."""
        for phase in ("orientatie", "onderzoek", "uitvoering", "evaluatie"):
            product = {"title": "Cultuurbeleidsplan", "kind": "policy-plan", "approved": True}
            body = {"verdict": "passed", **({"product": product} if phase == "uitvoering" else {})}
            answer = self.provider.put(f"/v1/registrations/{registration_id}/progress/{phase}", body)
            assert answer.status_code == 200, answer.text

    def certified(self, partner: Party | None = None, **change: Any) -> JSON:
        """A certificate of a participant who did everything."""
        made = self.participant(partner, **change)
        self.schedule_national()
        self.attend(made["id"], 8)
        self.pass_phases(made["id"])
        answer = self.lkca.post("/v1/certificates", {"registration": made["id"]})
        assert answer.status_code == 201, answer.text
        certificate: JSON = answer.json()
        return certificate

    def publish_head(self) -> str:
        """Publish how the register of certificates stood at the end of today; gives the day."""
        state = self.app.state
        today: datetime = state.clock.now()
        tomorrow = Clock(today + timedelta(days=1))
        vault = keys.Vault.of(state.settings)
        assert self.http.portal.call(worker.publish_heads, state.database, tomorrow, vault)
        return today.date().isoformat()

    def rotate_keys(self) -> str:
        """Rotate the signing key, as the command line does; gives the new one's name."""
        state = self.app.state

        async def rotate() -> str:
            async with state.database.transaction() as db:
                return await keys.rotate(db, keys.Vault.of(state.settings), "command-line", state.clock.now())

        return self.http.portal.call(rotate)


def registration(edition: str = PILOT, **change: Any) -> JSON:
    """The body of a registration of somebody new; `change` replaces members, None leaves them out."""
    applicant = {
        "givenName": "Noor",
        "familyNamePrefix": "van der",
        "familyName": "Meer",
        "email": f"noor.{uuid4().hex[:12]}@lyceum.example",
        "phone": "+31612345678",
    }
    body = {
        "edition": edition,
        "applicant": {**applicant, **change.pop("applicant", {})},
        # A school of everybody's own: the same name at the same school would be a possible duplicate.
        "school": {"name": f"Het Lyceum {uuid4().hex[:12]}", "city": "Almere"},
        "position": "docent beeldende vorming",
        "motivation": "Cultuur hoort in het schoolplan.",
        **change,
    }
    body["applicant"] = {name: value for name, value in body["applicant"].items() if value is not None}
    return {name: value for name, value in body.items() if value is not None}


def form(**change: Any) -> JSON:
    """The answers of an enrolment form."""
    return {
        "learningQuestion": "Hoe maak ik een doorlopende leerlijn?",
        "workSituation": "Docent beeldend, 0,8 fte.",
        "invoiceAddress": {
            "name": "Het Lyceum",
            "street": "Schoolstraat 1",
            "postalCode": "1315 AA",
            "city": "Almere",
        },
        "consent": True,
        **change,
    }


# An organisation that invoices, with numbers whose checks are right and which are nobody's.
SELLER: JSON = {
    "legalName": "Stichting Mocca (voorbeeld)",
    "street": "Cultuurplein 1",
    "postalCode": "1012 AB",
    "city": "Amsterdam",
    "kvkNumber": "12345678",
    "vatNumber": "NL123456782B01",
    "iban": "NL91 ABNA 0417 1643 00",
    "bic": "ABNANL2A",
    "email": "administratie@mocca.example",
    "paymentDays": 30,
    "vat": {
        "category": "E",
        "exemptionReason": "Vrijgesteld van btw: onderwijs (artikel 11, lid 1, onderdeel o, Wet OB 1968)",
        "exemptionReasonCode": "VATEX-EU-132-1I",
    },
}
# Where an invoice goes, with everything that may stand on it but the number of a public body.
ADDRESS: JSON = {
    "name": "Het Lyceum, administratie",
    "street": "Schoolstraat 1",
    "postalCode": "1315 AA",
    "city": "Almere",
    "countryCode": "NL",
    "email": "facturen@lyceum.example",
    "kvkNumber": "87654321",
    "oin": None,
    "reference": "PO-2021-118",
    "costCentre": "4210",
    "orderNumber": "INK-77",
}
STANDARD_RATE: JSON = {"category": "S", "ratePercent": 21}
