"""If-Match on what changes a thing without being PATCH or PUT: every verb (`/_cancel`) and every DELETE.

The tag is that of what GET gives at the address without the verb; whoever adds a verb gives it a step in this
story, or a reason (docs/decisions/0023-conditions-on-verbs.md).
"""

from typing import Any

import httpx

from tests.conftest import sql
from tests.core.test_idempotency import key
from tests.notifications.post_office import Postman
from tests.samples import PDF, picture
from tests.trainings.test_sessions import SESSION
from tests.whole.test_access import _routes
from tests.whole.test_conditional import check_problem
from tests.whole.test_idempotency import KEYED
from tests.world import PILOT, Http, Party, World

# The other POSTs, which change nothing that is there: no tag could have been read.
NO_CHANGE = {
    "/v1/oauth/token": "makes a token, which is kept nowhere",
    "/v1/verifications": "keeps nothing",
    "/v1/verifications/_check": "keeps nothing",
    "/v1/webhooks/{webhookId}/_ping": "adds a delivery; the webhook stays as it was",
    "/v1/webhooks/{webhookId}/_resend": "adds deliveries; the webhook stays as it was",
    "/v1/personal-pages/{pageToken}/check-ins": "records that somebody is there, whatever was read before",
    "/v1/enrolment-forms/{token}": "is what a page sends, with the tag that it was made with as a field",
    "/v1/editions/{edition}/invoices": "makes invoices for who has none, whoever that is by now",
}
DONE = {
    ("DELETE" if "DELETE" in (route.methods or ()) else "POST", route.path): route
    for route in _routes()
    if "DELETE" in (route.methods or ())
    or ("POST" in (route.methods or ()) and (route.status_code != 201 or "/_" in route.path))
}
# These leave what is read as it was: a rehearsal has no effect; who was told is in the audit trail.
UNSEEN = {"/v1/draws/{drawId}/_rehearse", "/v1/registrations/{registrationId}/_told"}


def test_every_verb_takes_the_condition_or_has_a_reason() -> None:
    for (method, path), route in DONE.items():
        conditions = {one.alias for call in route.dependant.dependencies for one in call.header_params}
        assert ("If-Match" in conditions) == (path not in NO_CHANGE), (method, path)
    assert set(NO_CHANGE) <= {path for _, path in DONE}


class Conditional:
    """Does one thing after the other, each against what was read, and remembers which."""

    def __init__(self, world: World) -> None:
        self.world, self.done = world, set[tuple[str, str]]()
        self.names: dict[str, str] = {"edition": PILOT, "phase": "orientatie"}

    def __call__(
        self, by: Party | Http, template: str, body: Any = None, *, method: str = "POST", **names: str
    ) -> httpx.Response:
        """What it answers that is done once, against the tag that was read, and not against any other."""
        self.names |= names
        path = template.format(**self.names)
        thing = path.rpartition("/")[0] if method == "POST" else path
        keyed = key() if template in KEYED else {}
        sent = {} if body is None else {"data" if isinstance(by, Http) else "json": body}

        def ask(**conditions: str) -> httpx.Response:
            named = {name.replace("_", "-"): value for name, value in conditions.items()}
            return by.request(method, path, headers={**keyed, **named}, **sent)

        tag, happened = self._tag(by, thing), self.world.events()
        for conditions in (
            {"If_Match": '"other"'},
            {"If_Match": f"W/{tag}"},
            {"If_None_Match": "*"},
        ):
            check_problem(ask(**conditions), 412, (template, conditions))
        assert (self._tag(by, thing), self.world.events()) == (tag, happened), template
        first = ask(If_Match=f'"other", {tag}')
        assert first.is_success, (template, first.text)
        assert self.world.events() != happened, template
        repeats = ask(If_Match=tag), ask(If_Match="x" * 4001)
        self._check_once(template, first, *repeats, is_left=by.get(thing).status_code == 200)
        self.done.add((method, template))
        return first

    def _check_once(
        self,
        template: str,
        first: httpx.Response,
        again: httpx.Response,
        too_long: httpx.Response,
        *,
        is_left: bool,
    ) -> None:
        """The tag is no longer current; with a key the answer is there again, before any condition."""
        if template in KEYED:
            assert (again.status_code, again.content) == (first.status_code, first.content), template
            assert again.headers["idempotency-replayed"] == "true", template
            check_problem(too_long, 400, template)
        elif template not in UNSEEN:
            check_problem(again, 412 if is_left else 404, template)

    def _tag(self, by: Party | Http, path: str) -> str:
        answer = by.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.headers["etag"]


def test_each_is_done_against_what_was_seen(world: World) -> None:
    do = Conditional(world)
    _clients_and_sessions(do)
    _webhooks(do)
    _registrations(do)
    one = _draw(do)
    _participant(do, one)
    _certificate(do, one)
    assert do.done == {(method, path) for method, path in DONE if path not in NO_CHANGE}


def _clients_and_sessions(do: Conditional) -> None:
    world, admin = do.world, do.world.admin
    client = {"organisation": "fleck", "role": "partner", "name": "Koppeling"}
    made = admin.post("/v1/clients", client)
    read = admin.get(made.headers["location"])
    assert (read.status_code, read.headers["etag"]) == (200, made.headers["etag"])
    assert read.json() == {name: value for name, value in made.json().items() if name != "clientSecret"}
    world.at("2021-06-15T10:00+02:00")
    do(admin, "/v1/clients/{clientId}/_rotate", clientId=made.json()["clientId"])
    assert admin.get(made.headers["location"]).headers["etag"] != made.headers["etag"]
    do(admin, "/v1/clients/{clientId}", method="DELETE")
    session = admin.post("/v1/sessions", {**SESSION, "editions": ["voorbeeld"]}).json()["id"]
    do(admin, "/v1/sessions/{sessionId}/_cancel", sessionId=session)


def _webhooks(do: Conditional) -> None:
    world, fleck = do.world, do.world.fleck
    body = {"url": "https://systeem.example/", "types": ["registration.*"]}
    do(fleck, "/v1/webhooks/{webhookId}/_rotate", webhookId=fleck.post("/v1/webhooks", body).json()["id"])
    ping = fleck.post("/v1/webhooks/{webhookId}/_ping".format(**do.names)).json()["id"]
    world.at("2021-06-15T10:30+02:00")
    do(fleck, "/v1/webhook-deliveries/{deliveryId}/_retry", deliveryId=ping)
    sql(world.database_url, "UPDATE webhook SET status = 'paused'")
    do(fleck, "/v1/webhooks/{webhookId}/_resume")
    do(fleck, "/v1/webhooks/{webhookId}", method="DELETE")


def _registrations(do: Conditional) -> None:
    world, fleck = do.world, do.world.fleck
    do(fleck, "/v1/registrations/{registrationId}/_reject", registrationId=world.register()["id"])
    form = "/v1/registrations/{registrationId}/enrolment-form"
    waits = world.register()
    do(fleck, f"{form}/_remind", registrationId=waits["id"])
    do(fleck, "/v1/registrations/{registrationId}/_withdraw")
    do(fleck, "/v1/applicants/{applicantId}/_erase", applicantId=waits["applicant"]["id"])
    do(fleck, f"{form}/_reopen", registrationId=world.complete()["id"])
    world.fleck.post("/v1/registrations/{registrationId}/_withdraw".format(**do.names))
    school = {"name": "Het Lyceum", "city": "Almere"}
    pair = [world.complete(world.mocca, school=school)["id"] for _ in range(2)]
    decision = {"registrations": pair, "verdict": "different-people", "reason": "Gebeld"}
    do(world.admin, "/v1/editions/{edition}/possible-duplicates/_decide", decision)
    for one in pair:
        world.mocca.post(f"/v1/registrations/{one}/_withdraw")


def _draw(do: Conditional) -> str:
    """The registration of a participant; another has declined, a third moved on to the next edition."""
    world, admin = do.world, do.world.admin
    people = [world.complete()["id"] for _ in range(4)]
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 2, "quotas": []})
    wrong = world.announce()
    do(admin, "/v1/draws/{drawId}/_rehearse", drawId=wrong["id"])
    do(admin, "/v1/draws/{drawId}/_void", {"reason": "Er ontbrak iemand"})
    announced = world.announce()
    world.at("2021-07-06T10:00+02:00")
    run = do(admin, "/v1/draws/{drawId}/_run", {"value": "739.55"}, drawId=announced["id"])
    # Who ran the draw saw more of it than GET shows; either is the draw as it is.
    seen, rehearse = {"If-Match": run.headers["etag"]}, f"/v1/draws/{announced['id']}/_rehearse"
    assert admin.get(f"/v1/draws/{announced['id']}").headers["etag"] != run.headers["etag"]
    assert admin.post(rehearse, headers=seen).status_code == 200
    do(admin, "/v1/draws/{drawId}/_publish")
    check_problem(admin.post(rehearse, headers=seen), 412, "published")
    status = {one: world.fleck.get(f"/v1/registrations/{one}").json()["status"] for one in people}
    placed = [one for one in people if status[one] == "placed"]
    told = {"reason": "Gebeld"}
    do(world.fleck, "/v1/registrations/{registrationId}/_told", told, registrationId=placed[0])
    Postman(world, None).collect()
    page = admin.get("/v1/messages", params={"registration": placed[0], "kind": "seat-placed"})
    world.at("2021-07-06T11:00+02:00")
    do(admin, "/v1/messages/{messageId}/_retry", messageId=page.json()["items"][0]["id"])
    do(world.fleck, "/v1/registrations/{registrationId}/_confirm", registrationId=placed[0])
    do(world.fleck, "/v1/registrations/{registrationId}/_decline", registrationId=placed[1])
    do(world.fleck, "/v1/registrations/{registrationId}/personal-links/_renew", registrationId=placed[0])
    do(admin, "/v1/editions/{edition}/_carry", {"from": PILOT}, edition="voorbeeld")
    do.names["edition"] = PILOT
    return str(placed[0])


def _participant(do: Conditional, one: str) -> None:
    world, provider = do.world, do.world.provider
    world.invoices_by("mocca")
    address = {"name": "Het Lyceum", "street": "Straat 1", "postalCode": "1315 AA", "city": "Almere"}
    assert world.fleck.put(f"/v1/registrations/{one}/invoice-address", address).status_code == 200
    number = world.invoice(one)["number"]
    paid = {"paidOn": "2021-07-06", "amountCents": 100}
    do(provider, "/v1/invoices/{invoiceNumber}/_pay", paid, invoiceNumber=number)
    do(provider, "/v1/invoices/{invoiceNumber}/_credit", {"reason": "Verkeerde school"})
    hours = {"kind": "assignment", "title": "Verslag", "minutes": 60, "reason": "Ziekte"}
    made = provider.post(f"/v1/registrations/{one}/make-up-hours", hours).json()["id"]
    path = "/v1/registrations/{registrationId}/make-up-hours/{makeUpId}/_revoke"
    do(provider, path, {"reason": "Niet ingeleverd"}, registrationId=one, makeUpId=made)
    _files(do, one)


def _files(do: Conditional, one: str) -> None:
    world, plan = do.world, {"file": ("plan.pdf", PDF)}
    added = world.provider.post(f"/v1/registrations/{one}/progress/orientatie/files", files=plan)
    do(world.provider, "/v1/files/{fileId}", method="DELETE", fileId=added.json()["id"])
    page = world.page(one)
    phase, own = f"{page}/progress/orientatie", "/v1/personal-pages/{pageToken}"
    file = world.http.post(f"{phase}/files", files=plan).json()["id"]
    do(world.http, f"{own}/files/{{fileId}}/_remove", fileId=file, pageToken=page.rpartition("/")[2])
    file = world.http.post(f"{phase}/files", files=plan).json()["id"]
    do(world.http, f"{own}/files/{{fileId}}", method="DELETE", fileId=file)
    photo = {"file": ("foto.png", picture("image/png"))}
    added = world.http.post(f"{phase}/files", files=photo)
    removed = {"If-Match": added.headers["etag"]}
    assert world.http.request("DELETE", added.headers["location"], headers=removed).status_code == 204
    do(world.http, f"{own}/progress/{{phase}}/_submit", {"evidence": "Mijn verslag"})


def _certificate(do: Conditional, one: str) -> None:
    world, lkca = do.world, do.world.lkca
    world.schedule_national()
    world.attend(one, 8)
    world.pass_phases(one)
    first = lkca.post("/v1/certificates", {"registration": one}).json()["number"]
    path = f"/v1/sessions/{world.sessions()[0]['id']}/attendance/{one}"
    assert world.provider.put(path, {"minutes": 175, "reason": "Later"}).status_code == 200
    review = lkca.get("/v1/certificate-reviews").json()["items"][0]["id"]
    why = {"reason": "Vijf minuten"}
    do(lkca, "/v1/certificate-reviews/{reviewId}/_uphold", why, reviewId=review)
    second = do(lkca, "/v1/certificates/{number}/_reissue", {"reason": "Andere naam"}, number=first)
    do(lkca, "/v1/certificates/{number}/_revoke", why, number=second.json()["number"])
