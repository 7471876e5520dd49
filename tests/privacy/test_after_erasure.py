"""After erasure nothing is written about the person any more, and what came all the same goes next time."""

from collections.abc import Callable

import httpx

from tests.conftest import sql
from tests.privacy.lives import lived, rows_with
from tests.privacy.test_erasure import audited, erased, problem
from tests.samples import PDF
from tests.world import ADDRESS, JSON, World

SINCE = "Naderhandroodborst"
REASON = {"reason": SINCE}
HOURS = {"kind": "assignment", "title": SINCE, "minutes": 60, "reason": SINCE, "doneOn": "2022-01-10"}
REFUSED = (409, "applicant-erased")
Asking = Callable[[World, str], httpx.Response]


def _act(name: str, body: JSON | None = None) -> Asking:
    return lambda world, one: world.admin.post(f"/v1/registrations/{one}/{name}", body)


def _attend(body: JSON) -> Asking:
    return lambda world, one: world.provider.put(
        f"/v1/sessions/{world.sessions()[0]['id']}/attendance/{one}", body
    )


def _list(world: World, registration: str) -> httpx.Response:
    item = {"registration": registration, "minutes": 60, "reason": SINCE}
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance"
    return world.provider.put(path, {"items": [item]})


def _upload(world: World, registration: str) -> httpx.Response:
    path = f"/v1/registrations/{registration}/progress/orientatie/files"
    return world.provider.request("POST", path, files={"file": (f"{SINCE}.pdf", PDF)})


ROUTES: dict[str, Asking] = {
    "invoice address": lambda world, one: world.provider.put(
        f"/v1/registrations/{one}/invoice-address", {**ADDRESS, "name": SINCE}
    ),
    "attendance": _attend({"minutes": 60, "reason": SINCE}),
    "attendance, the short way": _attend({"minutes": 60}),
    "list of attendance": _list,
    "verdict": lambda world, one: world.provider.put(
        f"/v1/registrations/{one}/progress/orientatie",
        {"verdict": "passed", "evidence": SINCE, "feedback": SINCE},
    ),
    "file": _upload,
    "make-up hours": lambda world, one: world.provider.post(f"/v1/registrations/{one}/make-up-hours", HOURS),
    "reopen": _act("enrolment-form/_reopen", {**REASON, "dueAt": "2030-01-01T00:00:00Z"}),
    "remind": _act("enrolment-form/_remind"),
    "withdraw": _act("_withdraw", REASON),
    "reject": _act("_reject", REASON),
    "confirm": _act("_confirm"),
    "decline": _act("_decline", REASON),
    "told": _act("_told", REASON),
    "personal links": lambda world, one: world.admin.get(f"/v1/registrations/{one}/personal-links"),
    "new personal links": _act("personal-links/_renew", REASON),
    "invoice": lambda world, one: world.provider.post("/v1/invoices", {"registration": one}),
    "certificate": lambda world, one: world.lkca.post("/v1/certificates", {"registration": one}),
}


def _said(answer: httpx.Response) -> object:
    return problem(answer) if answer.is_error else (answer.status_code, answer.text)


def test_nothing_is_written_about_who_was_erased(world: World) -> None:
    life = lived(world)
    links = world.admin.get(f"/v1/registrations/{life.registration}/personal-links").json()
    erased(world, life)
    # Links that were given since, as before nobody refused them.
    sql(world.database_url, "UPDATE registration SET links_generation = links_generation - 1")
    for name in ("page", "calendar"):
        assert world.http.get(links[name].removeprefix("https://register.example")).status_code == 404
    refused = dict.fromkeys(ROUTES, REFUSED)
    assert {name: _said(ask(world, life.registration)) for name, ask in ROUTES.items()} == refused
    # A certificate can be revoked, with the reason, which makes a participant of the registration again.
    revoked = world.lkca.post(f"/v1/certificates/{life.certificate}/_revoke", REASON)
    assert (revoked.status_code, revoked.json()["revokeReason"]) == (200, SINCE)
    assert {name: _said(ask(world, life.registration)) for name, ask in ROUTES.items()} == refused
    assert rows_with(world.database_url, SINCE) == {"certificate"}
    # And an invoice be credited.
    credited = world.provider.post(f"/v1/invoices/{life.invoice}/_credit", {"reason": "Dubbel"})
    assert credited.status_code in (200, 201), credited.text


def test_what_came_since_goes_when_erased_again(world: World) -> None:
    life = lived(world)
    first = erased(world, life)
    revoked = world.lkca.post(f"/v1/certificates/{life.certificate}/_revoke", REASON)
    assert revoked.status_code == 200, revoked.text
    # As it could come before it was refused.
    sql(
        world.database_url,
        "INSERT INTO invoice_address (registration, buyer, corrected_at) "
        f"VALUES ('{life.registration}', '{{\"name\": \"{SINCE}\"}}', now())",
    )
    assert rows_with(world.database_url, SINCE) == {"certificate", "invoice_address"}
    again = erased(world, life)
    assert again["erased"] == {"certificate": 1, "invoice_address": 1}
    assert again["erasedAt"] == first["erasedAt"]
    assert rows_with(world.database_url, SINCE) == set()
    assert audited(world) == []
    assert erased(world, life)["erased"] == {}


def test_no_form_is_handed_out_of_who_was_erased(world: World) -> None:
    made = world.register()
    path = f"/v1/registrations/{made['id']}"
    world.schedule_national()
    world.at("2024-06-15T09:00+02:00")
    assert world.fleck.get(path).json()["enrolmentForm"]["token"] is not None
    answer = world.admin.post(f"/v1/applicants/{made['applicant']['id']}/_erase")
    assert answer.status_code == 200, answer.text
    (listed,) = world.fleck.get("/v1/registrations").json()["items"]
    (sought,) = world.fleck.get("/v1/registrations", params={"status": "received"}).json()["items"]
    for shown in (world.fleck.get(path).json(), listed, sought):
        assert shown["status"] == "received"
        assert (shown["enrolmentForm"]["url"], shown["enrolmentForm"]["token"]) == (None, None)
