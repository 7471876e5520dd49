"""The pilot of 2021-2022, from the first registration to certificates that anyone can check, over HTTP."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from tests.stories.server import HTTP, JSON, Caller, Server
from tests.world import PILOT, form, registration

INTAKE = {"fleck": 6, "mocca": 14, "kunst-centraal": 10}
PHASES = ("orientatie", "onderzoek", "uitvoering", "evaluatie")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as server:
        yield server


def test_the_pilot_runs_from_registration_to_certificate(server: Server) -> None:
    server.at("2021-06-15T09:00+02:00")
    partners = {slug: server.client(slug, "partner") for slug in INTAKE}
    provider = server.client("mocca", "provider")
    lkca = server.client("lkca", "certifier")
    admin = server.client("lkca", "admin")

    registered = _register(server, partners)
    _return_forms(server, registered[:27])
    # What was acknowledged is there after a server that did not get to say goodbye.
    server.stop(by=signal.SIGKILL)

    server.at("2021-07-06T10:00+02:00")
    late = partners["fleck"].request("POST", "/v1/registrations", registration())
    assert (late.status_code, late.headers["clock-stands-at"]) == (409, "2021-07-06T08:00:00Z")
    _draw(server, admin)
    participants = _confirm(partners, admin)
    _schedule_national_meetings(server, provider)

    server.at("2022-04-20T12:00+02:00")
    short, just_enough = participants[:2]
    _attend(provider, participants, {short: 6, just_enough: 7})
    for person in participants:
        _pass_phases(provider, person)

    _refuse_for_missing_hours(lkca, short)
    _certify(server, lkca, partners, participants[1:])


def _register(server: Server, partners: dict[str, Caller]) -> list[JSON]:
    """30 teachers register, 6 of them from Flevoland; each partner sees its own."""
    registered = []
    for slug, count in INTAKE.items():
        for number in range(count):
            applicant = {"givenName": f"Docent {number}", "email": f"docent{number}@{slug}.example"}
            made = partners[slug].post("/v1/registrations", registration(applicant=applicant), status=201)
            assert (made["partner"], made["status"]) == (slug, "received")
            registered.append(made)
    for slug, count in INTAKE.items():
        assert len(partners[slug].get("/v1/registrations")["items"]) == count
    elsewhere = partners["mocca"].request("GET", f"/v1/registrations/{registered[0]['id']}")
    assert elsewhere.status_code == 404
    again = registration(applicant={"email": "DOCENT0@fleck.example"})
    assert partners["mocca"].request("POST", "/v1/registrations", again).status_code == 409
    assert HTTP.get(f"{server.url}/v1/registrations").status_code == 401
    return registered


def _return_forms(server: Server, registered: list[JSON]) -> None:
    """Each teacher returns the form by the personal link, which works once."""
    for made in registered:
        url = made["enrolmentForm"]["url"]
        assert url.startswith(server.url)
        assert HTTP.put(url, json=form()).status_code == 200
    assert HTTP.put(registered[0]["enrolmentForm"]["url"], json=form()).status_code == 409
    assert HTTP.put(f"{server.url}/v1/enrolment-forms/unknown", json=form()).status_code == 404


def _draw(server: Server, admin: Caller) -> None:
    """20 seats among 27 candidates, 2 to 4 for Flevoland; the chances are known before the lots."""
    source = {
        "kind": "public-source",
        "source": "A newspaper that everybody can read",
        "field": "the number on its front page of 7 July 2021",
        "availableAt": "2021-07-07T09:00:00+02:00",
    }
    announced = admin.post(f"/v1/editions/{PILOT}/draws", {"beacon": source}, status=201)
    assert (len(announced["list"]["candidates"]), announced["list"]["seats"]) == (27, 20)
    chances = {one["partner"]: one["chance"] for one in announced["groups"]}
    assert chances == {"fleck": "2/3", "kunst-centraal": "16/21", "mocca": "16/21"}

    server.at("2021-07-07T10:00+02:00")
    path = f"/v1/draws/{announced['id']}"
    admin.post(f"{path}/_run", {"value": "3141"})
    assert len(admin.get("/v1/registrations?status=complete&limit=100")["items"]) == 27
    record = admin.post(f"{path}/_publish")
    assert HTTP.get(server.url + path).json() == record
    _verify(server.url + path)
    placed = admin.get("/v1/registrations?status=placed&limit=100")["items"]
    by_partner = Counter(one["partner"] for one in placed)
    assert (len(placed), by_partner["fleck"]) == (20, 4)
    assert len(admin.get("/v1/registrations?status=waitlisted")["items"]) == 7
    assert len(admin.get("/v1/registrations?status=received")["items"]) == 3


def _verify(address: str) -> None:
    """Anyone can recompute the draw from its public record, with one file and Python alone."""
    script = Path("app/draws/verify_draw.py")
    verified = subprocess.run(
        [sys.executable, "-I", "-S", str(script), address, "--lang", "en"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stdout
    assert verified.stdout.endswith("EVERYTHING IS RIGHT\n")
    assert "fleck: 6 candidates, chance 2/3" in verified.stdout


def _confirm(partners: dict[str, Caller], admin: Caller) -> list[str]:
    """One placed teacher withdraws and the next in line is offered the seat; then all confirm."""
    waiting = admin.get("/v1/registrations?status=waitlisted")["items"]
    line = sorted(waiting, key=lambda one: one["waitingNumber"])
    leaving = admin.get("/v1/registrations?status=placed&partner=mocca")["items"][0]
    partners["mocca"].post(f"/v1/registrations/{leaving['id']}/_withdraw", {"reason": "Andere baan"})
    # Flevoland is at its maximum, so the first from elsewhere is next.
    next_in_line = next(one for one in line if one["partner"] != "fleck")
    assert admin.get(f"/v1/registrations/{next_in_line['id']}")["status"] == "placed"
    for one in admin.get("/v1/registrations?status=placed&limit=100")["items"]:
        partners[one["partner"]].post(f"/v1/registrations/{one['id']}/_confirm")
    confirmed = admin.get("/v1/registrations?status=confirmed&limit=100")["items"]
    seats = admin.get(f"/v1/editions/{PILOT}")["seats"]
    assert seats == {"capacity": 20, "taken": 20, "free": 0, "waiting": 6}
    return [one["id"] for one in confirmed]


def _schedule_national_meetings(server: Server, provider: Caller) -> None:
    sessions = HTTP.get(f"{server.url}/v1/sessions?edition={PILOT}").json()["items"]
    assert sum(one["contactMinutes"] for one in sessions) == 18 * 60
    unscheduled = [one for one in sessions if one["status"] == "unscheduled"]
    for session, day in zip(unscheduled, ("2021-11-18", "2022-03-31"), strict=True):
        times = {"startsAt": f"{day}T14:00:00+01:00", "endsAt": f"{day}T17:00:00+01:00"}
        assert provider.patch(f"/v1/sessions/{session['id']}", times)["contactMinutes"] == 180


def _attend(provider: Caller, participants: list[str], fewer: dict[str, int]) -> None:
    """Everybody attends every session, but for those in `fewer`, who attend their first ones."""
    sessions = provider.get(f"/v1/sessions?edition={PILOT}")["items"]
    physical_first = sorted(sessions, key=lambda one: one["mode"] == "online")
    for number, session in enumerate(physical_first):
        items = [
            {"registration": person, "minutes": 180 if number < fewer.get(person, 8) else 0}
            for person in participants
        ]
        saved = provider.put(f"/v1/sessions/{session['id']}/attendance", {"items": items})
        assert len(saved["items"]) == 20


def _pass_phases(provider: Caller, registration_id: str) -> None:
    for phase in PHASES:
        product = {"title": "Cultuurbeleidsplan", "kind": "policy-plan", "approved": True}
        body = {"verdict": "passed", **({"product": product} if phase == "uitvoering" else {})}
        provider.put(f"/v1/registrations/{registration_id}/progress/{phase}", body)


def _refuse_for_missing_hours(lkca: Caller, registration_id: str) -> None:
    """18 hours are not enough, and the answer says so."""
    eligibility = lkca.get(f"/v1/registrations/{registration_id}/eligibility")
    assert (eligibility["eligible"], eligibility["contactMinutes"]) == (False, 18 * 60)
    refused = lkca.post("/v1/certificates", {"registration": registration_id}, status=409)
    assert "2 hours of contact time missing" in refused["detail"]


def _certify(server: Server, lkca: Caller, partners: dict[str, Caller], participants: list[str]) -> None:
    """The others get a certificate; its PDF opens, and its QR code leads to a check that says valid."""
    assert lkca.get(f"/v1/registrations/{participants[0]}/eligibility")["contactMinutes"] == 21 * 60
    certificates = [
        lkca.post("/v1/certificates", {"registration": person}, status=201) for person in participants
    ]
    numbers = [certificate["number"] for certificate in certificates]
    assert numbers == [f"CCVO-2022-{number:06d}" for number in range(1, 20)]

    first = certificates[0]
    pdf = lkca.request("GET", f"/v1/certificates/{first['number']}/pdf").content
    [code] = zxingcpp.read_barcodes(pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil())
    checked = HTTP.get(code.text).json()
    assert (checked["status"], checked["contactHours"]) == ("valid", 21)
    assert checked["holderName"] == first["holderName"]
    page = HTTP.get(code.text, headers={"Accept": "text/html"})
    assert "Dit certificaat is geldig" in page.text
    assert HTTP.get(f"{server.url}/v1/verifications/{'a' * 26}").status_code == 404
    seen = [partner.get("/v1/certificates")["items"] for partner in partners.values()]
    assert sum(len(items) for items in seen) == 19
