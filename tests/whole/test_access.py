"""The access table: every route has a decision, every role is let in or kept out as the contract says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from app.identity.access import _always_open, _open_on_the_register, _open_to_all, authenticate
from app.identity.caller import ROLE_SCOPES, Role, Scope
from app.main import ROUTERS
from tests.imports.files import imported
from tests.notifications.post_office import Postman
from tests.world import ADDRESS, PILOT, Party, World

# Who may call what, written out once more, apart from the code: p partner, v provider, c certifier, a admin.
TABLE = """
POST   /v1/oauth/token                                         public
GET    /v1/organisations                                       public
GET    /v1/organisations/{organisation}                        public
POST   /v1/organisations                                       a
PATCH  /v1/organisations/{organisation}                        a
GET    /v1/clients                                             a
POST   /v1/clients                                             a
GET    /v1/clients/{clientId}                                  a
DELETE /v1/clients/{clientId}                                  a
POST   /v1/clients/{clientId}/_rotate                          a
PUT    /v1/clients/{clientId}/keys                             a
GET    /v1/trainings                                           public
GET    /v1/trainings/{training}                                public
GET    /v1/phases                                              public
GET    /v1/phases/{phase}                                      public
GET    /v1/editions                                            public
GET    /v1/editions/{edition}                                  public
POST   /v1/editions                                            a
PATCH  /v1/editions/{edition}                                  a
GET    /v1/sessions                                            public
GET    /v1/sessions/{sessionId}                                public
GET    /v1/sessions/{sessionId}/online-meeting                 v a
GET    /v1/editions/{edition}/calendar.ics                     public
GET    /v1/personal-calendars/{calendarToken}                  public
POST   /v1/sessions                                            v a
PATCH  /v1/sessions/{sessionId}                                v a
POST   /v1/sessions/{sessionId}/_cancel                        v a
POST   /v1/registrations                                       p a
POST   /v1/registration-imports                                p a
GET    /v1/registration-imports/{importId}                     p a
GET    /v1/registration-imports/{importId}/rows                p a
GET    /v1/registration-imports/{importId}/refused.csv         p a
GET    /v1/registration-exports/registrations.csv              p v c a
GET    /v1/registration-exports/registrations.jsonl            p v c a
GET    /v1/registrations                                       p v c a
GET    /v1/registrations/{registrationId}                      p v c a
PATCH  /v1/registrations/{registrationId}                      p a
POST   /v1/registrations/{registrationId}/_withdraw            p a
POST   /v1/registrations/{registrationId}/_reject              p a
POST   /v1/registrations/{registrationId}/_confirm             p a
POST   /v1/registrations/{registrationId}/_decline             p a
GET    /v1/registrations/{registrationId}/personal-links       p a
POST   /v1/registrations/{registrationId}/personal-links/_renew p a
GET    /v1/registrations/{registrationId}/progress             p v c a
PUT    /v1/registrations/{registrationId}/progress/{phase}     v a
GET    /v1/registrations/{registrationId}/progress/{phase}     p v c a
POST   /v1/registrations/{registrationId}/progress/{phase}/files v a
GET    /v1/files/{fileId}                                      v c a
GET    /v1/files/{fileId}/content                              v c a
DELETE /v1/files/{fileId}                                      v a
GET    /v1/personal-pages/{pageToken}/progress/{phase}             public
PUT    /v1/personal-pages/{pageToken}/progress/{phase}             public
POST   /v1/personal-pages/{pageToken}/progress/{phase}/_submit     public
POST   /v1/personal-pages/{pageToken}/progress/{phase}/files       public
GET    /v1/personal-pages/{pageToken}/files/{fileId}               public
DELETE /v1/personal-pages/{pageToken}/files/{fileId}               public
POST   /v1/personal-pages/{pageToken}/files/{fileId}/_remove       public
GET    /v1/registrations/{registrationId}/eligibility          p v c a
GET    /v1/applicants                                          p a
GET    /v1/applicants/{applicantId}                            p a
PATCH  /v1/applicants/{applicantId}                            p a
GET    /v1/applicants/{applicantId}/export                     p a
POST   /v1/applicants/{applicantId}/_erase                     p a
GET    /v1/processing-register                                 p a
GET    /v1/enrolment-forms/{token}                             public
PATCH  /v1/enrolment-forms/{token}                             public
PUT    /v1/enrolment-forms/{token}                             public
POST   /v1/enrolment-forms/{token}                             public
GET    /v1/registrations/{registrationId}/enrolment-form       p v a
POST   /v1/registrations/{registrationId}/enrolment-form/_reopen p a
POST   /v1/registrations/{registrationId}/enrolment-form/_remind p a
GET    /v1/editions/{edition}/possible-duplicates              a
POST   /v1/editions/{edition}/possible-duplicates/_decide      a
POST   /v1/editions/{edition}/_carry                           a
POST   /v1/editions/{edition}/draws                            a
GET    /v1/draws/{drawId}                                      public
GET    /v1/draw-verifier                                       public
GET    /v1/draw-receipts/{receiptToken}                        public
POST   /v1/draws/{drawId}/_run                                 a
POST   /v1/draws/{drawId}/_publish                             a
POST   /v1/draws/{drawId}/_rehearse                            a
POST   /v1/draws/{drawId}/_void                                a
GET    /v1/organisations/{organisation}/invoicing              a
PUT    /v1/organisations/{organisation}/invoicing              a
POST   /v1/invoices                                            v a
GET    /v1/invoices                                            p v a
GET    /v1/invoices/{invoiceNumber}                            p v a
GET    /v1/invoices/{invoiceNumber}/pdf                        p v a
GET    /v1/invoices/{invoiceNumber}/ubl                        p v a
POST   /v1/invoices/{invoiceNumber}/_pay                       v a
POST   /v1/invoices/{invoiceNumber}/_credit                    v a
GET    /v1/registrations/{registrationId}/invoice              p v a
GET    /v1/registrations/{registrationId}/invoice-address      p v a
PUT    /v1/registrations/{registrationId}/invoice-address      p v a
POST   /v1/editions/{edition}/invoices                         v a
GET    /v1/editions/{edition}/invoices.csv                     p v a
PUT    /v1/sessions/{sessionId}/attendance                     v a
PUT    /v1/sessions/{sessionId}/attendance/{registrationId}    v a
GET    /v1/sessions/{sessionId}/attendance/{registrationId}    p v c a
GET    /v1/sessions/{sessionId}/attendance/{registrationId}/history p v c a
GET    /v1/sessions/{sessionId}/attendance.csv                 v a
GET    /v1/sessions/{sessionId}/attendance.pdf                 v a
GET    /v1/sessions/{sessionId}/check-in-code                  v a
GET    /v1/attendance                                          p v c a
GET    /v1/registrations/{registrationId}/contact-hours        p v c a
GET    /v1/registrations/{registrationId}/make-up-hours        p v c a
POST   /v1/registrations/{registrationId}/make-up-hours        v a
GET    /v1/registrations/{registrationId}/make-up-hours/{makeUpId} p v c a
POST   /v1/registrations/{registrationId}/make-up-hours/{makeUpId}/_revoke v a
GET    /v1/editions/{edition}/contact-hours                    p v c a
GET    /v1/personal-pages/{pageToken}                          public
POST   /v1/personal-pages/{pageToken}/check-ins                public
POST   /v1/certificates                                        c
GET    /v1/certificates                                        p v c a
GET    /v1/certificates/{number}                               p v c a
GET    /v1/certificates/{number}/pdf                           p v c a
GET    /v1/editions/{edition}/certificates.csv                 p v c a
GET    /v1/certificates/{number}/credential                    p v c a
POST   /v1/certificates/{number}/_revoke                       c
POST   /v1/certificates/{number}/_reissue                      c
POST   /v1/certificate-batches                                 c
GET    /v1/certificate-batches/{batchId}                       c
GET    /v1/certificate-batches/{batchId}/items                 c
POST   /v1/verifications                                       public
GET    /v1/certificate-reviews                                 c
GET    /v1/certificate-reviews/{reviewId}                      c
POST   /v1/certificate-reviews/{reviewId}/_uphold              c
GET    /v1/registrations/{registrationId}/evidence-sheet       p v c a
GET    /v1/registrations/{registrationId}/evidence-sheet/pdf   p v c a
GET    /v1/holder-pages/{holderToken}/evidence-sheet           public
GET    /v1/holder-pages/{holderToken}                          public
GET    /v1/holder-pages/{holderToken}/certificates/{number}/pdf public
GET    /v1/holder-pages/{holderToken}/certificates/{number}/credential public
GET    /v1/holder-pages/{holderToken}/certificates/{number}/token public
GET    /v1/verifications/_check                                public
POST   /v1/verifications/_check                                public
GET    /v1/verifications/{code}                                public
GET    /v1/register-entries                                    public
GET    /v1/register-heads                                      public
GET    /v1/register-heads/{on}                                 public
GET    /v1/status-lists/{listId}                               public
GET    /.well-known/did.json                                   public
GET    /.well-known/jwks.json                                  public
GET    /.well-known/oauth-authorization-server                 public
GET    /v1/messages                                            p a
GET    /v1/messages/{messageId}                                p a
GET    /v1/messages/{messageId}/preview                        a
POST   /v1/messages/{messageId}/_retry                         a
GET    /v1/message-templates                                   p a
GET    /v1/message-templates/{kind}/preview                    p a
GET    /v1/editions/{edition}/untold-outcomes                  p a
POST   /v1/registrations/{registrationId}/_told                p a
GET    /v1/webhooks                                            p a
POST   /v1/webhooks                                            p a
GET    /v1/webhooks/{webhookId}                                p a
PATCH  /v1/webhooks/{webhookId}                                p a
DELETE /v1/webhooks/{webhookId}                                p a
POST   /v1/webhooks/{webhookId}/_rotate                        p a
POST   /v1/webhooks/{webhookId}/_resume                        p a
POST   /v1/webhooks/{webhookId}/_ping                          p a
POST   /v1/webhooks/{webhookId}/_resend                        p a
GET    /v1/webhooks/{webhookId}/deliveries                     p a
GET    /v1/webhook-deliveries/{deliveryId}                     p a
POST   /v1/webhook-deliveries/{deliveryId}/_retry              p a
GET    /v1/events                                              p a
GET    /v1/openapi.json                                        public
GET    /v1/docs                                                public
GET    /v1/docs/docs.css                                       public
GET    /v1/docs/dutch.js                                       public
GET    /v1/docs/start.js                                       public
GET    /v1/docs/oauth2-redirect.html                           public
GET    /v1/docs/oauth2-redirect.js                             public
GET    /health/live                                            public
GET    /health/ready                                           public
GET    /metrics                                                public
"""
ROWS = {(line.split()[0], line.split()[1]): line.split()[2:] for line in TABLE.strip().splitlines()}
LETTERS = {"p": Role.PARTNER, "v": Role.PROVIDER, "c": Role.CERTIFIER, "a": Role.ADMIN}
FILLED = {
    "organisation": "fleck",
    "clientId": "nobody",
    "training": "cultuurcoordinator-vo",
    "phase": "orientatie",
    "edition": PILOT,
    "sessionId": "01890000-0000-7000-8000-000000000000",
    "registrationId": "01890000-0000-7000-8000-000000000000",
    "applicantId": "01890000-0000-7000-8000-000000000000",
    "receiptToken": "unknown",
    "drawId": "01890000-0000-7000-8000-000000000000",
    "number": "CCVO-2022-000001",
    "invoiceNumber": "MOCCA-2022-00001",
    "messageId": "01890000-0000-7000-8000-000000000000",
    "kind": "waitlisted",
    "code": "nothing",
    "batchId": "01890000-0000-7000-8000-000000000000",
    "reviewId": "01890000-0000-7000-8000-000000000000",
    "importId": "01890000-0000-7000-8000-000000000000",
    "listId": "1",
    "holderToken": "nothing",
    "on": "2022-04-20",
    "fileId": "01890000-0000-7000-8000-000000000000",
    "token": "nothing",
    "calendarToken": "nothing",
    "pageToken": "nothing",
    "makeUpId": "01890000-0000-7000-8000-000000000000",
    "webhookId": "01890000-0000-7000-8000-000000000000",
    "deliveryId": "01890000-0000-7000-8000-000000000000",
}


def _routes() -> Iterator[APIRoute]:
    for router in ROUTERS:
        routes: list[BaseRoute] = router.routes
        for route in routes:
            assert isinstance(route, APIRoute)
            yield route


def _calls(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)


def _party(world: World, role: Role) -> Party:
    return {
        Role.PARTNER: world.fleck,
        Role.PROVIDER: world.provider,
        Role.CERTIFIER: world.lkca,
        Role.ADMIN: world.admin,
    }[role]


def test_every_route_stands_in_the_table_and_the_other_way_round() -> None:
    assert {(method, route.path) for route in _routes() for method in route.methods or ()} == set(ROWS)


def test_every_route_has_one_authentication_decision() -> None:
    for route in _routes():
        open_ = (_open_to_all, _open_on_the_register, _always_open)
        (decision,) = {call for call in _calls(route.dependant) if call in (authenticate, *open_)}
        public = all(ROWS[method, route.path] == ["public"] for method in route.methods or ())
        assert (decision in open_) == public, route.path


def test_every_scope_is_asked_for_somewhere() -> None:
    asked = {scope for route in _routes() for scope in _scopes(route.dependant)}
    assert asked == {scope.value for scope in Scope}
    assert set().union(*ROLE_SCOPES.values()) == set(Scope)


def _scopes(dependant: Dependant) -> Iterator[str]:
    for dependency in dependant.dependencies:
        yield from dependency.own_oauth_scopes or ()
        yield from _scopes(dependency)


def test_nobody_without_a_token_gets_past_what_is_not_public(world: World) -> None:
    for (method, path), allowed in ROWS.items():
        answer = world.http.request(method, path.format(**FILLED))
        assert (answer.status_code == 401) == (allowed != ["public"]), (method, path, answer.status_code)
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("letter", LETTERS)
def test_every_role_is_let_in_or_kept_out(world: World, letter: str) -> None:
    party = _party(world, LETTERS[letter])
    for (method, path), allowed in ROWS.items():
        if allowed != ["public"]:
            answer = party.request(method, path.format(**FILLED))
            assert (answer.status_code == 403) == (letter not in allowed), (method, path, answer.text)
            assert answer.status_code < 500, (method, path, answer.text)


def test_what_is_another_partners_is_not_found(world: World) -> None:
    """Every address below one registration, for a partner whose it is not; and the lists show nothing."""
    mine = world.certified(world.mocca)
    Postman(world, None).collect()
    registration = world.mocca.get(f"/v1/registrations/{mine['registration']}").json()
    world.invoices_by("mocca")
    invoice = world.invoice(registration["id"])
    ids = {
        "registrationId": registration["id"],
        "applicantId": registration["applicant"]["id"],
        "number": mine["number"],
        "invoiceNumber": invoice["number"],
        "phase": "orientatie",
        "messageId": world.mocca.get("/v1/messages").json()["items"][0]["id"],
        "sessionId": world.sessions()[0]["id"],
        "makeUpId": _made_up(world, registration["id"]),
        "importId": imported(world.mocca, world)["id"],
    } | _webhook(world)
    bodies: dict[str, Any] = {
        "PATCH": {},
        "PUT": ADDRESS,
        "_told": {"reason": "Gebeld."},
        "_resend": {"afterEvent": 0},
    }
    for (method, path), allowed in ROWS.items():
        # An edition's table is everybody's, with the rows that are their own; templates are everybody's too.
        if "p" in allowed and set(re.findall(r"{(\w+)}", path)) & set(ids):
            body = bodies.get(method, bodies.get(path.rpartition("/")[2]))
            answer = world.fleck.request(method, path.format(**ids), json=body)
            assert answer.status_code == 404, (method, path, answer.text)
            assert registration["id"] not in answer.text
    lists = (
        "registrations",
        "applicants",
        "attendance",
        "certificates",
        "invoices",
        "messages",
        "webhooks",
        "events",
    )
    for path in (*lists, f"editions/{PILOT}/contact-hours"):
        assert world.mocca.get(f"/v1/{path}").json()["items"], path
        assert world.fleck.get(f"/v1/{path}").json()["items"] == [], path
    assert world.mocca.get(f"/v1/registrations/{registration['id']}").json() == registration


def _webhook(world: World) -> dict[str, str]:
    """The ids of a webhook and of a delivery to it."""
    body = {"url": "https://systeem.example/", "types": ["registration.*"]}
    webhook = world.mocca.post("/v1/webhooks", body).json()["id"]
    delivery = world.mocca.post(f"/v1/webhooks/{webhook}/_ping").json()["id"]
    return {"webhookId": webhook, "deliveryId": delivery}


def _made_up(world: World, registration_id: str) -> str:
    """The id of make-up hours of a participant."""
    body = {"kind": "assignment", "title": "Verslag", "minutes": 60, "reason": "Ziekte"}
    answer = world.provider.post(f"/v1/registrations/{registration_id}/make-up-hours", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
