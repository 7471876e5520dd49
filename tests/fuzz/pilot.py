"""A small pilot in every state that a request can meet, and the names by which requests find it."""

import time
from typing import Any

import httpx

from app.draws.models import DrawStatus
from app.registrations.lifecycle import Status
from tests.imports.files import BAD, NOOR, csv
from tests.stories.server import JSON, Caller, Server
from tests.world import PILOT, PUBLIC_SOURCE, form, registration

Names = dict[str, list[str]]
PARTNERS = {"fleck": 6, "mocca": 12, "kunst-centraal": 10}
# Editions whose window has closed, with more candidates than seats, by how far their draw has come.
TO_DRAW, ANNOUNCED, RUN, VOID = "te-loten", "aangekondigd", "geloot", "ongeldig"
# And one in which nobody returns the form in time.
OVERDUE = "verlopen"
SECONDS = 60


def play(server: Server) -> Names:
    """Registrations and draws in each status; by parameter, what names them."""
    server.at("2021-06-15T09:00+02:00")
    admin, provider = server.client("lkca", "admin"), server.client("mocca", "provider")
    partners = {slug: server.client(slug, "partner") for slug in PARTNERS}
    tokens = _register(partners)
    for edition in (TO_DRAW, ANNOUNCED, RUN, VOID, OVERDUE):
        _fill(admin, partners, edition)
    server.at("2021-07-06T09:00+02:00")
    announced = {edition: _announce(admin, edition) for edition in (PILOT, ANNOUNCED, RUN, VOID)}
    admin.post(f"/v1/draws/{announced[VOID]}/_void", {"reason": "Een aanmelding ontbrak."})
    server.at("2021-07-06T10:00+02:00")
    for edition in (PILOT, RUN):
        admin.post(f"/v1/draws/{announced[edition]}/_run", {"value": "739.55"})
    admin.post(f"/v1/draws/{announced[PILOT]}/_publish")
    participants = _answer(admin)
    server.at("2022-04-20T12:00+02:00")
    certificates = _certify(server, provider, participants)
    people = _everybody(admin)
    assert {_status(server, draw) for draw in announced.values()} == set(DrawStatus)
    # Who came to nothing in July is erased by April, and has no links any more.
    known = [one for one in people if not one["applicant"]["erasedAt"]]
    links = [admin.get(f"/v1/registrations/{one['id']}/personal-links") for one in known]
    return {
        "edition": [PILOT, "voorbeeld", TO_DRAW, ANNOUNCED, RUN, VOID, OVERDUE],
        "organisation": [*PARTNERS, "lkca"],
        "training": ["cultuurcoordinator-vo"],
        "phase": ["orientatie", "onderzoek", "uitvoering", "evaluatie"],
        "registrationId": [one["id"] for one in people],
        "applicantId": [one["applicant"]["id"] for one in people],
        "sessionId": [one["id"] for one in admin.get(f"/v1/sessions?edition={PILOT}")["items"]],
        "drawId": list(announced.values()),
        "number": [one["number"] for one in certificates],
        "code": [one["verificationUrl"].rpartition("/")[2] for one in certificates],
        "importId": [_import(server, partners["fleck"]), _import(server, admin)],
        "messageId": [one["id"] for one in admin.get("/v1/messages?limit=100")["items"]],
        "kind": [one["kind"] for one in admin.get("/v1/message-templates")["items"]],
        "q": ["noor", "van der meer"],
        "token": tokens,
        "receiptToken": tokens,
        "calendarToken": [one["calendar"].rpartition("/")[2] for one in links],
    }


def _register(partners: dict[str, Caller]) -> list[str]:
    """Everybody registers; the last three never return their form. The forms' tokens."""
    made = [_one(partners[slug]) for slug, count in PARTNERS.items() for _ in range(count)]
    for one in made[:-3]:
        _return_form(one)
    return [one["enrolmentForm"]["token"] for one in made]


def _one(partner: Caller, edition: str = PILOT) -> JSON:
    return partner.post("/v1/registrations", registration(edition), status=201)


def _return_form(one: JSON) -> None:
    assert httpx.put(one["enrolmentForm"]["url"], json=form()).status_code == 200


def _fill(admin: Caller, partners: dict[str, Caller], slug: str) -> None:
    """An edition with one seat, for which each partner has a candidate, and one whom it rejects."""
    edition: dict[str, Any] = {
        "slug": slug,
        "training": "cultuurcoordinator-vo",
        "title": f"Editie {slug}",
        "region": "Overal",
        "window": {"opensAt": "2021-06-08T00:00:00+02:00", "closesAt": "2021-07-06T00:00:00+02:00"},
        "capacity": 1,
        "providers": ["mocca"],
    }
    if slug == OVERDUE:
        edition["formsDueAt"] = "2021-07-05T00:00:00+02:00"
    admin.post("/v1/editions", edition, status=201)
    for partner in partners.values():
        one = _one(partner, slug)
        if slug != OVERDUE:
            _return_form(one)
    rejected = _one(partners["fleck"], slug)
    partners["fleck"].post(f"/v1/registrations/{rejected['id']}/_reject", {"reason": "Geen docent"})


def _import(server: Server, caller: Caller) -> str:
    """A file with a good row and a bad one, for an edition that is closed by now."""
    headers = {"Authorization": f"Bearer {caller.token()}", "Content-Type": "text/csv"}
    url = f"{server.url}/v1/registration-imports"
    made = httpx.post(url, content=csv(NOOR, BAD), headers=headers)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def _announce(admin: Caller, edition: str) -> str:
    made = admin.post(f"/v1/editions/{edition}/draws", {"beacon": PUBLIC_SOURCE}, status=201)
    return str(made["id"])


def _answer(admin: Caller) -> list[str]:
    """Of those who were placed, by partner: one waits, one leaves; the others confirm, and are given."""
    confirmed = []
    for partner, leave in zip(PARTNERS, ("_decline", "_withdraw", "_decline"), strict=True):
        path = f"/v1/registrations?edition={PILOT}&status=placed&partner={partner}&limit=100"
        _waits, leaves, *others = [one["id"] for one in admin.get(path)["items"]]
        admin.post(f"/v1/registrations/{leaves}/{leave}")
        for one in others:
            admin.post(f"/v1/registrations/{one}/_confirm")
        confirmed += others[:2]
    return confirmed


def _everybody(admin: Caller) -> list[JSON]:
    """All registrations, in each status: the background work has lapsed those that are overdue."""
    for _ in range(SECONDS):
        people: list[JSON] = admin.get("/v1/registrations?limit=100")["items"]
        if {one["status"] for one in people} == set(Status):
            return people
        time.sleep(1)
    raise AssertionError({one["status"] for one in people})


def _status(server: Server, draw: str) -> str:
    return str(httpx.get(f"{server.url}/v1/draws/{draw}").json()["status"])


def _certify(server: Server, provider: Caller, people: list[str]) -> list[JSON]:
    """Everything is met by all of `people`; three of them are certified, and one certificate is revoked."""
    days = iter(("2021-11-18", "2022-03-31"))
    for session in provider.get(f"/v1/sessions?edition={PILOT}")["items"]:
        if session["status"] == "unscheduled":
            day = next(days)
            times = {"startsAt": f"{day}T14:00:00+01:00", "endsAt": f"{day}T17:00:00+01:00"}
            provider.patch(f"/v1/sessions/{session['id']}", times)
        items = [{"registration": person, "minutes": 180} for person in people]
        provider.put(f"/v1/sessions/{session['id']}/attendance", {"items": items})
    for person in people:
        for phase in ("orientatie", "onderzoek", "uitvoering", "evaluatie"):
            product = {"title": "Cultuurbeleidsplan", "kind": "policy-plan", "approved": True}
            body = {"verdict": "passed", **({"product": product} if phase == "uitvoering" else {})}
            provider.put(f"/v1/registrations/{person}/progress/{phase}", body)
    lkca = server.client("lkca", "certifier")
    issued = [lkca.post("/v1/certificates", {"registration": person}, status=201) for person in people[:3]]
    lkca.post(f"/v1/certificates/{issued[-1]['number']}/_revoke", {"reason": "De naam was onjuist gespeld."})
    return issued
