"""Messages as administrators and partners see them; previews; another try."""

from typing import Any
from uuid import uuid4

import pytest

from app.notifications.kinds import Kind
from tests.conftest import sql
from tests.notifications.post_office import Postman, PostOffice, kinds
from tests.world import PILOT, World


@pytest.fixture
def waiting(world: World) -> dict[str, Any]:
    """A registration whose message waits."""
    made = world.register(applicant={"email": "noor@lyceum.example"})
    Postman(world, None).collect()
    return made


def _only(world: World) -> dict[str, Any]:
    (message,) = world.admin.get("/v1/messages").json()["items"]
    shown: dict[str, Any] = message
    return shown


def test_a_message_says_how_far_it_is_and_nothing_of_whom(world: World, waiting: dict[str, Any]) -> None:
    message = _only(world)
    assert message == {
        "id": message["id"],
        "kind": "registration-received",
        "status": "pending",
        "language": "nl",
        "registration": waiting["id"],
        "edition": PILOT,
        "partner": "fleck",
        "event": message["event"],
        "createdAt": "2021-06-15T07:00:00Z",
        "attempts": 0,
        "nextAttemptAt": "2021-06-15T07:00:00Z",
        "giveUpAt": "2021-06-20T07:00:00Z",
        "sentAt": None,
        "lastError": None,
        "messageId": None,
    }
    answer = world.admin.get(f"/v1/messages/{message['id']}")
    assert answer.json() == message
    assert answer.headers["etag"]
    stored = sql(world.database_url, "SELECT message::text FROM message")[0][0]
    assert "noor" not in stored.casefold()


def test_a_partner_sees_its_own_and_administrators_all(world: World, waiting: dict[str, Any]) -> None:
    world.register(world.mocca)
    Postman(world, None).collect()
    listed = {
        party: [one["partner"] for one in getattr(world, party).get("/v1/messages").json()["items"]]
        for party in ("admin", "fleck", "mocca", "kunst_centraal")
    }
    assert listed == {
        "admin": ["fleck", "mocca"],
        "fleck": ["fleck"],
        "mocca": ["mocca"],
        "kunst_centraal": [],
    }
    mine = world.fleck.get("/v1/messages").json()["items"][0]
    assert mine["registration"] == waiting["id"]
    assert world.mocca.get(f"/v1/messages/{mine['id']}").status_code == 404
    # Its words hold the link by which one acts for the applicant.
    assert world.fleck.get(f"/v1/messages/{mine['id']}/preview").status_code == 403
    assert world.fleck.post(f"/v1/messages/{mine['id']}/_retry").status_code == 403


def test_messages_are_found_by_what_they_are(world: World, postman: Postman) -> None:
    first, second = world.complete(), world.register(world.mocca)
    postman.round()
    world.fleck.post(f"/v1/registrations/{first['id']}/_withdraw")
    postman.collect()

    def found(**query: str) -> list[tuple[str, str]]:
        return kinds(world.admin.get("/v1/messages", params=query).json()["items"])

    assert len(found()) == 4
    assert found(registration=second["id"]) == [("registration-received", "sent")]
    assert found(status="pending") == [("withdrawn", "pending")]
    assert found(kind="form-received") == [("form-received", "sent")]
    assert found(edition=PILOT, status="cancelled") == [("registration-received", "cancelled")]
    assert found(edition="nowhere") == []
    assert world.admin.get("/v1/messages", params={"kind": "poem"}).status_code == 400
    page = world.admin.get("/v1/messages", params={"limit": "3"}).json()
    rest = world.admin.get("/v1/messages", params={"limit": "3", "cursor": page["nextCursor"]}).json()
    assert (len(page["items"]), len(rest["items"]), rest["nextCursor"]) == (3, 1, None)


def test_a_message_is_previewed_as_it_would_be_sent(
    world: World, waiting: dict[str, Any], office: PostOffice
) -> None:
    path = f"/v1/messages/{_only(world)['id']}/preview"
    shown = world.admin.get(path).json()
    assert (
        shown["subject"]
        == "Je aanmelding voor Cultuurcoördinator Voortgezet Onderwijs: vul het inschrijfformulier in"
    )
    assert waiting["enrolmentForm"]["url"] in shown["text"]
    page = world.admin.get(path, headers={"Accept": "text/html"})
    assert page.text == shown["html"]
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    Postman(world, office.port).send()
    (mail,) = office.received
    html = mail.get_body(("html",))
    assert html is not None
    sent = html.get_content().replace("\r\n", "\n")
    # Where answers go depends on the settings: there is none here.
    assert sent == shown["html"] + "\n"


def test_what_is_over_has_nothing_to_preview(world: World, postman: Postman) -> None:
    world.complete()
    draw = world.announce()
    postman.collect()
    world.run(draw)
    world.publish(draw)
    (announced,) = world.admin.get("/v1/messages", params={"kind": "draw-announced"}).json()["items"]
    answer = world.admin.get(f"/v1/messages/{announced['id']}/preview")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("nothing-to-tell")
    postman.send()
    assert world.admin.get(f"/v1/messages/{announced['id']}").json()["status"] == "cancelled"


def test_a_message_that_failed_is_sent_after_all(world: World, office: PostOffice, postman: Postman) -> None:
    world.register()
    office.at_recipient = ["550 5.7.1 Not today"]
    postman.round()
    message = _only(world)
    assert message["status"] == "failed"
    postman.later(days=30)
    again = world.admin.post(f"/v1/messages/{message['id']}/_retry")
    assert (again.status_code, again.json()["status"]) == (200, "pending")
    assert again.json()["giveUpAt"] == "2021-07-20T07:00:00Z"
    assert [one["subject"] for one in world.events("message.retried")] == [message["id"]]
    assert postman.round() == 1
    sent = _only(world)
    assert (sent["status"], sent["attempts"], sent["lastError"]) == ("sent", 2, None)
    # Sent is sent.
    refused = world.admin.post(f"/v1/messages/{message['id']}/_retry")
    assert (refused.status_code, refused.json()["currentStatus"]) == (409, "sent")


def test_one_that_waits_or_expired_can_be_hurried(world: World, office: PostOffice, postman: Postman) -> None:
    world.register()
    office.at_recipient = ["451 Later"] * 2
    postman.round()
    message = _only(world)
    assert world.admin.post(f"/v1/messages/{message['id']}/_retry").json()["status"] == "pending"
    assert postman.round() == 1
    without = Postman(world, None)
    without.later(days=6)
    without.round()
    assert _only(world)["status"] == "failed"
    world.register()
    without.collect()
    without.later(days=6)
    without.round()
    expired = world.admin.get("/v1/messages", params={"status": "expired"}).json()["items"]
    assert len(expired) == 1
    world.admin.post(f"/v1/messages/{expired[0]['id']}/_retry")
    assert postman.round() == 1
    assert len(office.received) == 1


def test_there_is_no_such_message(world: World) -> None:
    for method, path in (("GET", ""), ("GET", "/preview"), ("POST", "/_retry")):
        answer = world.admin.request(method, f"/v1/messages/{uuid4()}{path}")
        assert answer.status_code == 404, path


def test_every_template_can_be_read_filled_in(world: World) -> None:
    items = world.fleck.get("/v1/message-templates").json()["items"]
    assert [one["kind"] for one in items] == [kind.value for kind in Kind]
    for one in items:
        for language, subject in (("nl", one["subjectNl"]), ("en", one["subjectEn"])):
            path = f"/v1/message-templates/{one['kind']}/preview?language={language}"
            shown = world.fleck.get(path).json()
            assert (shown["kind"], shown["language"], shown["subject"]) == (one["kind"], language, subject)
            page = world.fleck.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
            assert page.text == shown["html"]
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert "'sha256-" in page.headers["content-security-policy"]
    assert world.fleck.get("/v1/message-templates/poem/preview").status_code == 404


def test_a_partners_address_is_checked_and_can_be_cleared(world: World) -> None:
    assert world.http.get("/v1/organisations/fleck").json()["email"] is None
    changed = world.admin.patch("/v1/organisations/fleck", {"email": "post@fleck.example"}).json()
    assert changed["email"] == "post@fleck.example"
    assert world.admin.patch("/v1/organisations/fleck", {"email": "post"}).status_code == 400
    assert world.admin.patch("/v1/organisations/fleck", {"email": None}).json()["email"] is None
    body = {"slug": "x", "name": "X", "roles": ["partner"], "email": "x@x.example"}
    assert world.admin.post("/v1/organisations", body).json()["email"] == "x@x.example"


def test_a_language_is_dutch_or_english(world: World) -> None:
    made = world.register()
    assert made["applicant"]["language"] == "nl"
    path = f"/v1/applicants/{made['applicant']['id']}"
    assert world.fleck.patch(path, {"language": "en"}).json()["language"] == "en"
    for language in ("fr", "", None, "NL"):
        assert world.fleck.patch(path, {"language": language}).status_code == 400, language
