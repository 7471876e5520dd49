"""The Idempotency-Key on every POST that makes something: whoever adds a POST meets these rules."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from app.core.http.idempotency import Repeatable
from app.identity.access import _authenticate_once
from tests.core.test_idempotency import check_problem, check_repeat, key
from tests.imports.files import NOOR, csv
from tests.samples import large_pdf
from tests.trainings.test_editions import ZUID
from tests.trainings.test_sessions import SESSION
from tests.whole.test_access import _calls, _routes
from tests.world import PILOT, PUBLIC_SOURCE, Party, World, registration

# What makes something and answers 200: a secret, registrations, a rehearsal in the audit trail, a reminder.
ANSWER_200 = {
    "/v1/clients/{clientId}/_rotate",
    "/v1/editions/{edition}/_carry",
    "/v1/draws/{drawId}/_rehearse",
    "/v1/registrations/{registrationId}/enrolment-form/_remind",
    "/v1/editions/{edition}/invoices",
    "/v1/invoices/{invoiceNumber}/_pay",
    "/v1/webhooks/{webhookId}/_rotate",
    "/v1/webhooks/{webhookId}/_resend",
}
# The other POSTs, and why a repeat does no harm without a key.
NO_KEY = {
    "/v1/oauth/token": "a token more gives no more rights",
    "/v1/sessions/{sessionId}/_cancel": "is refused the second time",
    "/v1/registrations/{registrationId}/_withdraw": "is refused the second time",
    "/v1/registrations/{registrationId}/_reject": "is refused the second time",
    "/v1/registrations/{registrationId}/_confirm": "is refused the second time",
    "/v1/registrations/{registrationId}/_decline": "is refused the second time",
    "/v1/registrations/{registrationId}/personal-links/_renew": "ends links that nobody has yet",
    "/v1/applicants/{applicantId}/_erase": "finds nothing left to erase the second time",
    "/v1/enrolment-forms/{token}": "saves the same once more, or is refused",
    "/v1/registrations/{registrationId}/enrolment-form/_reopen": "is refused the second time",
    "/v1/editions/{edition}/possible-duplicates/_decide": "decides the same once more",
    "/v1/verifications": "keeps nothing",
    "/v1/verifications/_check": "keeps nothing",
    "/v1/certificate-reviews/{reviewId}/_uphold": "is refused the second time",
    "/v1/draws/{drawId}/_run": "is refused the second time",
    "/v1/draws/{drawId}/_publish": "is refused the second time",
    "/v1/draws/{drawId}/_void": "is refused the second time",
    "/v1/certificates/{number}/_revoke": "is refused the second time",
    "/v1/registrations/{registrationId}/make-up-hours/{makeUpId}/_revoke": "is refused the second time",
    "/v1/personal-pages/{pageToken}/check-ins": "who has checked in stays so",
    "/v1/messages/{messageId}/_retry": "a message that waits is sent once",
    "/v1/webhooks/{webhookId}/_resume": "is refused the second time",
    "/v1/webhook-deliveries/{deliveryId}/_retry": "a delivery that waits is sent once",
    "/v1/registrations/{registrationId}/_told": "is refused the second time",
    "/v1/personal-pages/{pageToken}/progress/{phase}/_submit": "hands in the same once more",
    "/v1/personal-pages/{pageToken}/files/{fileId}/_remove": "finds nothing the second time",
}
# These make something, and need no key: the same content once more is what is there already.
BY_CONTENT = {
    "/v1/registrations/{registrationId}/progress/{phase}/files",
    "/v1/personal-pages/{pageToken}/progress/{phase}/files",
}
POSTS = {route.path: route for route in _routes() if "POST" in (route.methods or ())}
KEYED = {path for path, route in POSTS.items() if _authenticate_once in _calls(route.dependant)}


def test_every_post_that_makes_something_takes_a_key() -> None:
    made = {path for path, route in POSTS.items() if route.status_code == 201}
    assert made - BY_CONTENT | ANSWER_200 == KEYED
    assert set(POSTS) - KEYED == set(NO_KEY) | BY_CONTENT
    assert all(isinstance(POSTS[path], Repeatable) for path in KEYED)


def test_nothing_but_a_post_takes_a_key() -> None:
    for route in _routes():
        if _authenticate_once in _calls(route.dependant):
            assert route.methods == {"POST"}, route.path


def test_what_is_known_by_its_content_is_made_once(world: World) -> None:
    made = world.participant()
    names = {"registrationId": made["id"], "phase": "orientatie", "pageToken": world.page(made["id"])[19:]}
    for template in sorted(BY_CONTENT):
        send = world.http.post if "{pageToken}" in template else world.provider.post
        path, before = template.format(**names), len(world.events("file.added"))
        answers = [send(path, files={"file": ("plan.pdf", large_pdf(1000 + len(path)))}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert answers[0].headers["location"] == answers[1].headers["location"]
        assert len(world.events("file.added")) == before + 1


class Asked:
    """Asks everything with a key, twice, and remembers what was asked."""

    def __init__(self, world: World) -> None:
        self.world, self.paths = world, set[str]()

    def __call__(self, party: Party, template: str, body: Any = None, **names: str) -> httpx.Response:
        """The first answer; the second has to be the same, and to have done nothing."""
        self.paths.add(template)
        path, headers = template.format(**names), key()
        first = party.post(path, body, headers=headers)
        before = self.world.events()
        check_repeat(first, party.post(path, body, headers=headers))
        assert self.world.events() == before, template
        other = party.post(path, {"another": "body"}, headers=headers)
        check_problem(other, 422, "idempotency-key-reused")
        return first

    def with_file(self, party: Party, template: str, content: bytes) -> None:
        """The same of a file: its bytes and the query make the request."""
        self.paths.add(template)
        headers = {**key(), "Content-Type": "text/csv"}
        first = party.request("POST", template, content=content, headers=headers)
        before = self.world.events()
        check_repeat(first, party.request("POST", template, content=content, headers=headers))
        assert self.world.events() == before, template
        for path, other in ((template, content + b"\n"), (f"{template}?dryRun=true", content)):
            answer = party.request("POST", path, content=other, headers=headers)
            check_problem(answer, 422, "idempotency-key-reused")


def test_each_of_them_answers_a_repeat_and_does_nothing(world: World) -> None:
    ask, admin = Asked(world), world.admin
    ask(admin, "/v1/organisations", {"slug": "nieuw", "name": "Nieuw", "roles": ["partner"]})
    client = {"organisation": "fleck", "role": "partner", "name": "Koppeling"}
    made = ask(admin, "/v1/clients", client).json()
    rotated = ask(admin, "/v1/clients/{clientId}/_rotate", clientId=made["clientId"]).json()
    assert rotated["clientSecret"] != made["clientSecret"]
    ask(admin, "/v1/editions", ZUID)
    ask(world.provider, "/v1/sessions", SESSION)
    unreturned = ask(world.fleck, "/v1/registrations", registration()).json()["id"]
    ask.with_file(world.fleck, "/v1/registration-imports", csv(NOOR))
    template = "/v1/registrations/{registrationId}/enrolment-form/_remind"
    assert ask(world.fleck, template, registrationId=unreturned).json()["remindedAt"]

    participant = world.complete()
    world.at("2021-07-06T09:00+02:00")
    draw = ask(admin, "/v1/editions/{edition}/draws", {"beacon": PUBLIC_SOURCE}, edition=PILOT)
    assert draw.headers["location"] == f"/v1/draws/{draw.json()['id']}"
    ask(admin, "/v1/draws/{drawId}/_rehearse", drawId=draw.json()["id"])
    world.run(draw.json())
    world.publish(draw.json())
    assert world.fleck.post(f"/v1/registrations/{participant['id']}/_confirm").status_code == 200
    ask(admin, "/v1/editions/{edition}/_carry", {"from": PILOT}, edition="voorbeeld")
    world.invoices_by("mocca")
    invoice = ask(world.provider, "/v1/invoices", {"registration": participant["id"]}).json()["number"]
    paid = {"paidOn": "2021-07-06", "amountCents": 100}
    ask(world.provider, "/v1/invoices/{invoiceNumber}/_pay", paid, invoiceNumber=invoice)
    reason = {"reason": "Verkeerde school"}
    ask(world.provider, "/v1/invoices/{invoiceNumber}/_credit", reason, invoiceNumber=invoice)
    ask(world.provider, "/v1/editions/{edition}/invoices", edition=PILOT)
    world.schedule_national()
    world.attend(participant["id"], 8)
    world.pass_phases(participant["id"])
    hours = {"kind": "assignment", "title": "Verslag", "minutes": 60, "reason": "Ziekte"}
    path = "/v1/registrations/{registrationId}/make-up-hours"
    ask(world.provider, path, hours, registrationId=participant["id"])
    issued = ask(world.lkca, "/v1/certificates", {"registration": participant["id"]})
    assert issued.headers["location"].endswith("-000001")
    number, renamed = issued.json()["number"], {"reason": "Andere naam"}
    anew = ask(world.lkca, "/v1/certificates/{number}/_reissue", renamed, number=number)
    assert anew.headers["location"].endswith("-000002")
    ask(world.lkca, "/v1/certificate-batches", {"edition": PILOT, "dryRun": True})
    hook = {"url": "https://systeem.example/", "types": ["registration.*"]}
    webhook = ask(world.fleck, "/v1/webhooks", hook).json()
    path = "/v1/webhooks/{webhookId}"
    assert ask(world.fleck, f"{path}/_rotate", webhookId=webhook["id"]).json()["secret"] != webhook["secret"]
    ask(world.fleck, f"{path}/_ping", webhookId=webhook["id"])
    again = ask(world.fleck, f"{path}/_resend", {"afterEvent": 0}, webhookId=webhook["id"])
    assert again.json()["deliveries"] > 0
    assert ask.paths == KEYED


@pytest.fixture
def statements(world: World) -> Iterator[list[str]]:
    """What is sent to the database, as it is sent."""
    sent: list[str] = []
    engine = world.app.state.database.engine.sync_engine

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.long_ways
def test_a_key_costs_two_statements_and_a_repeat_three_in_all(world: World, statements: list[str]) -> None:
    body, headers = registration(), key()
    world.register()
    plain = statements.copy()
    assert not [statement for statement in plain if "idempotent_answer" in statement]
    statements.clear()
    assert world.fleck.post("/v1/registrations", body, headers=headers).status_code == 201
    assert len(statements) == len(plain) + 2
    statements.clear()
    assert world.fleck.post("/v1/registrations", body, headers=headers).status_code == 201
    assert len(statements) == 3
