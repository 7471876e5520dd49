"""A small pilot in every state that a request can meet, and the names by which requests find it."""

import httpx

from tests.stories.server import JSON, Caller, Server
from tests.world import PILOT, PUBLIC_SOURCE, form, registration

Names = dict[str, list[str]]
PARTNERS = {"fleck": 4, "mocca": 12, "kunst-centraal": 10}


def play(server: Server) -> Names:
    """Registrations from received to certified, a draw of each status; by parameter, what names them."""
    server.at("2021-06-15T09:00+02:00")
    admin, provider = server.client("lkca", "admin"), server.client("mocca", "provider")
    tokens = _register(server)
    server.at("2021-07-06T09:00+02:00")
    draws = [_draw(server, admin)]
    placed = admin.get("/v1/registrations?status=placed&limit=100")["items"]
    for one in placed[4:]:
        admin.post(f"/v1/registrations/{one['id']}/_confirm")
    admin.post(f"/v1/registrations/{placed[0]['id']}/_withdraw")
    server.at("2022-04-20T12:00+02:00")
    certificates = _certify(server, provider, [one["id"] for one in placed[4:8]])
    people = admin.get("/v1/registrations?limit=100")["items"]
    links = [admin.get(f"/v1/registrations/{one['id']}/personal-links") for one in people]
    return {
        "edition": [PILOT, "voorbeeld"],
        "organisation": [*PARTNERS, "lkca"],
        "training": ["cultuurcoordinator-vo"],
        "phase": ["orientatie", "onderzoek", "uitvoering", "evaluatie"],
        "registrationId": [one["id"] for one in people],
        "applicantId": [one["applicant"]["id"] for one in people],
        "sessionId": [one["id"] for one in admin.get(f"/v1/sessions?edition={PILOT}")["items"]],
        "drawId": draws,
        "number": [one["number"] for one in certificates],
        "code": [one["verificationUrl"].rpartition("/")[2] for one in certificates],
        "messageId": [one["id"] for one in admin.get("/v1/messages?limit=100")["items"]],
        "kind": [one["kind"] for one in admin.get("/v1/message-templates")["items"]],
        "token": tokens,
        "receiptToken": tokens,
        "calendarToken": [one["calendar"].rpartition("/")[2] for one in links],
    }


def _register(server: Server) -> list[str]:
    """Everybody registers; the last three never return their form. The forms' tokens."""
    made: list[JSON] = []
    for slug, count in PARTNERS.items():
        partner = server.client(slug, "partner")
        made += [partner.post("/v1/registrations", registration(), status=201) for _ in range(count)]
    for one in made[:-3]:
        assert httpx.put(one["enrolmentForm"]["url"], json=form()).status_code == 200
    return [one["enrolmentForm"]["token"] for one in made]


def _draw(server: Server, admin: Caller) -> str:
    path = f"/v1/editions/{PILOT}/draws"
    announced = admin.post(path, {"beacon": PUBLIC_SOURCE}, status=201)
    server.at("2021-07-06T10:00+02:00")
    admin.post(f"/v1/draws/{announced['id']}/_run", {"value": "739.55"})
    admin.post(f"/v1/draws/{announced['id']}/_publish")
    return str(announced["id"])


def _certify(server: Server, provider: Caller, people: list[str]) -> list[JSON]:
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
    return [lkca.post("/v1/certificates", {"registration": person}, status=201) for person in people[:3]]
