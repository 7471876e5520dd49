"""Webhooks over the API: whose they are, what is refused, secrets, and the log of deliveries."""

import pytest

from app.webhooks.service import MOST
from tests.conftest import sql
from tests.webhooks.receivers import Answer, Deliverer, Receiver, is_signed, subscribe, verified
from tests.world import PILOT, World

HOOK = "https://systeem.example/webhooks/register"


def test_a_partner_is_told_of_its_own_events_and_those_of_everybody(world: World) -> None:
    with Receiver() as own, Receiver() as others, Receiver() as all_of_them:
        secret = subscribe(world.fleck, own, "registration.*", "session.*", "edition.*")["secret"]
        subscribe(world.mocca, others, "*")
        subscribe(world.admin, all_of_them)
        mocca_s = subscribe(world.admin, others, "registration.received", partner="mocca")
        assert (mocca_s["organisation"], mocca_s["partner"]) == ("mocca", "mocca")
        deliverer = Deliverer(world)
        deliverer.round()
        for receiver in (own, others, all_of_them):
            receiver.received.clear()
        # Before a partner has anything in an edition, its sessions are none of its business.
        session = world.sessions()[0]["id"]
        world.provider.patch(f"/v1/sessions/{session}", {"title": "Eerste"})
        made = world.register(world.fleck)
        world.provider.patch(f"/v1/sessions/{session}", {"title": "Tweede"})
        world.admin.patch(f"/v1/editions/{PILOT}", {"answerDays": 9})
        deliverer.round()
        assert sorted(own.types()) == ["registration.received", "session.changed"]
        assert others.types() == []
        assert sorted(all_of_them.types()) == sorted(
            ["session.changed", "registration.received", "session.changed", "edition.changed"]
        )
    of_it = {verified(secret, one)["type"]: one for one in own.received}
    received = of_it["registration.received"]
    first = verified(secret, received)
    assert first["data"]["subject"] == first["data"]["registration"] == made["id"]
    assert first["data"]["partner"] == "fleck"
    link = first["data"]["link"].removeprefix("https://register.example")
    assert world.fleck.get(link).json()["id"] == made["id"]
    assert "meer" not in received.content.decode().lower()
    assert made["applicant"]["id"] not in received.content.decode()


def test_what_is_another_partners_is_not_found(world: World) -> None:
    made = subscribe(world.mocca, HOOK, "registration.*")
    ping = world.mocca.post(f"/v1/webhooks/{made['id']}/_ping").json()
    path, delivery = f"/v1/webhooks/{made['id']}", f"/v1/webhook-deliveries/{ping['id']}"
    asked = [
        world.fleck.get(path),
        world.fleck.patch(path, {"description": "Van ons"}),
        world.fleck.delete(path),
        *(world.fleck.post(f"{path}/{verb}") for verb in ("_rotate", "_resume", "_ping")),
        world.fleck.post(f"{path}/_resend", {"afterEvent": 0}),
        world.fleck.get(f"{path}/deliveries"),
        world.fleck.get(delivery),
        world.fleck.post(f"{delivery}/_retry"),
    ]
    assert [answer.status_code for answer in asked] == [404] * len(asked)
    assert world.fleck.get("/v1/webhooks").json()["items"] == []
    assert world.mocca.get(path).json() == {name: value for name, value in made.items() if name != "secret"}
    assert [one["id"] for one in world.admin.get("/v1/webhooks").json()["items"]] == [made["id"]]


def test_every_fault_is_told_at_once_and_a_wrong_pattern_with_what_there_is(world: World) -> None:
    answer = world.fleck.post("/v1/webhooks", {"url": HOOK, "types": ["registration.*", "tea.made", "x"]})
    assert answer.status_code == 400
    faults = {fault["pointer"]: fault for fault in answer.json()["errors"]}
    assert set(faults) == {"#/types/1", "#/types/2"}
    assert "certificate.issued" in faults["#/types/1"]["detail"]
    dutch = world.fleck.post(
        "/v1/webhooks", {"url": HOOK, "types": ["tea.made"]}, headers={"Accept-Language": "nl"}
    )
    assert dutch.json()["errors"][0]["detail"].startswith(
        "Zo heet geen type gebeurtenis. Er zijn applicant.changed"
    )
    both = world.fleck.post("/v1/webhooks", {"url": "https://10.0.0.1/", "types": ["*"], "partner": "mocca"})
    assert {fault["code"] for fault in both.json()["errors"]} == {"not-public", "not-yours"}
    assert (
        world.admin.post("/v1/webhooks", {"url": HOOK, "types": ["*"], "partner": "lkca"}).status_code == 400
    )
    ill = world.fleck.post("/v1/webhooks", {"url": "ftp://x", "types": [], "x": 1})
    assert {fault["pointer"] for fault in ill.json()["errors"]} == {"#/url", "#/types", "#/x"}
    for body in (
        {"url": HOOK},
        {"types": ["*"]},
        {"url": HOOK, "types": []},
        {"url": HOOK, "types": ["*"], "x": 1},
    ):
        assert world.fleck.post("/v1/webhooks", body).status_code == 400


def test_production_takes_https_to_public_addresses_alone(world: World) -> None:
    state = world.app.state
    state.settings = state.settings.model_copy(update={"webhooks_local": False})
    for url in ("http://systeem.example/", "https://127.0.0.1/", "https://[::1]/"):
        assert world.fleck.post("/v1/webhooks", {"url": url, "types": ["*"]}).status_code == 400
    made = subscribe(world.fleck, HOOK)
    assert (
        world.fleck.patch(f"/v1/webhooks/{made['id']}", {"url": "https://169.254.169.254/"}).status_code
        == 400
    )


def test_there_is_an_end_to_webhooks(world: World) -> None:
    for _ in range(MOST):
        subscribe(world.fleck, HOOK)
    answer = world.fleck.post("/v1/webhooks", {"url": HOOK, "types": ["*"]})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "too-many-webhooks")
    subscribe(world.mocca, HOOK)


def test_its_tag_is_that_of_what_is_read_afterwards(world: World) -> None:
    made = world.fleck.post("/v1/webhooks", {"url": HOOK, "types": ["*"]})
    path = made.headers["location"]
    assert made.headers["etag"] == world.fleck.get(path).headers["etag"]
    seen = {"If-Match": made.headers["etag"]}
    rotated = world.fleck.post(f"{path}/_rotate", headers=seen)
    assert rotated.headers["etag"] == world.fleck.get(path).headers["etag"] != made.headers["etag"]
    assert world.fleck.patch(path, {"types": ["draw.*"]}, headers=seen).status_code == 412


def test_a_secret_is_shown_once_and_kept_sealed(world: World) -> None:
    made = subscribe(world.fleck, HOOK)
    assert "secret" not in world.fleck.get(f"/v1/webhooks/{made['id']}").json()
    assert made["secret"].startswith("whsec_")
    kept = bytes(sql(world.database_url, "SELECT secret FROM webhook")[0][0])
    assert made["secret"].encode() not in kept
    assert made["secret"] not in str(world.events())
    # A repeat by its key gets the same answer, secret and all: it is the one that made it.
    key = {"Idempotency-Key": "webhook-1"}
    first, again = (
        world.fleck.post("/v1/webhooks", {"url": HOOK, "types": ["*"]}, headers=key).json() for _ in range(2)
    )
    assert first == again
    assert len(world.fleck.get("/v1/webhooks").json()["items"]) == 2


def test_for_a_day_after_a_rotation_both_secrets_sign(world: World) -> None:
    deliverer = Deliverer(world)
    with Receiver() as receiver:
        old = subscribe(world.fleck, receiver, "registration.received")
        rotated = world.fleck.post(f"/v1/webhooks/{old['id']}/_rotate").json()
        assert rotated["previousSecretUntil"] == "2021-06-16T07:00:00Z"
        world.register()
        deliverer.round()
        deliverer.later(hours=24)
        world.register()
        deliverer.round()
        during, after = receiver.received
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    assert [is_signed(one, during) for one in (old["secret"], rotated["secret"])] == [True, True]
    assert [is_signed(one, after) for one in (old["secret"], rotated["secret"])] == [False, True]
    assert world.fleck.get(f"/v1/webhooks/{old['id']}").json()["previousSecretUntil"] is None


def test_a_ping_tells_whether_a_receiver_takes_what_it_is_sent(world: World) -> None:
    with Receiver(
        lambda _: Answer(418, {"server": "theepot", "set-cookie": "x"}, b"Nee\0, dank u. " * 100)
    ) as receiver:
        made = subscribe(world.fleck, receiver, "draw.*")
        ping = world.fleck.post(f"/v1/webhooks/{made['id']}/_ping")
        assert (ping.status_code, ping.json()["lastAttempt"]) == (201, None)
        Deliverer(world).round()
        said = verified(made["secret"], receiver.received[0])
    assert said["type"] == "webhook.ping"
    assert said["data"]["event"] is None
    read = world.fleck.get(ping.headers["location"]).json()
    assert (read["status"], read["attempts"], read["messageId"]) == ("pending", 1, f"ping_{read['id']}")
    [attempt] = read["log"]
    assert attempt == read["lastAttempt"]
    assert attempt["responseStatus"] == 418
    assert attempt["responseHeaders"]["server"] == "theepot"
    assert "set-cookie" not in attempt["responseHeaders"]
    assert attempt["responseStart"].startswith("Nee, dank u. Nee, dank u.")
    assert len(attempt["responseStart"]) <= 500
    assert attempt["requestHeaders"]["webhook-id"] == receiver.received[0].id
    assert "webhook-signature" not in attempt["requestHeaders"]
    assert attempt["error"] == "418"


def test_what_happened_is_sent_again_on_request_one_or_a_range(world: World) -> None:
    deliverer = Deliverer(world)
    world.register()
    deliverer.round()
    with Receiver() as receiver:
        made = subscribe(world.fleck, receiver, "registration.*")
        people = [world.register() for _ in range(3)]
        deliverer.round()
        ids = sorted((one.id for one in receiver.received), key=lambda id: int(id.removeprefix("evt_")))
        assert len(ids) == 3
        path = f"/v1/webhooks/{made['id']}"
        listed = world.fleck.get(f"{path}/deliveries?status=delivered&sort=-createdAt").json()["items"]
        assert [one["messageId"] for one in listed] == ids[::-1]
        assert world.fleck.post(f"/v1/webhook-deliveries/{listed[0]['id']}/_retry").status_code == 200
        assert deliverer.round() == 1
        assert receiver.received[-1].id == ids[-1]
        # A range: after the second of them; and everything there ever was, before the webhook too.
        second = int(ids[1].removeprefix("evt_"))
        assert world.fleck.post(f"{path}/_resend", {"afterEvent": second}).json() == {
            "deliveries": 1,
            "nextAfterEvent": None,
        }
        deliverer.round()
        assert [one.id for one in receiver.received[4:]] == ids[2:]
        again = world.fleck.post(
            f"{path}/_resend", {"after": "2021-01-01T00:00:00Z", "until": "2021-12-31T00:00:00Z"}
        )
        assert again.json()["deliveries"] == 4
        deliverer.round()
        assert len({one.id for one in receiver.received[5:]}) == 4
        last = world.fleck.post(f"{path}/_resend", {"afterEvent": 0, "untilEvent": 1})
        assert last.json()["deliveries"] == 0
        answer = world.fleck.post(f"{path}/_resend", {"untilEvent": 5})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/afterEvent")
    assert len(people) == 3


def test_who_was_away_reads_on_after_an_event(world: World) -> None:
    made = [world.register() for _ in range(3)]
    first, *others = world.fleck.get("/v1/events").json()["items"]
    assert first["subject"] == made[0]["id"]
    read = world.fleck.get(f"/v1/events?after={first['id']}&limit=1")
    assert [one["id"] for one in read.json()["items"]] == [others[0]["id"]]
    following = read.headers["link"].partition(">")[0].removeprefix("<")
    assert [one["id"] for one in world.fleck.get(following).json()["items"]] == [others[1]["id"]]
    newest = world.fleck.get(f"/v1/events?after={first['id']}&sort=-at").json()["items"]
    assert [one["id"] for one in newest] == [one["id"] for one in others[::-1]]
    assert world.fleck.get("/v1/events?after=x").status_code == 400


@pytest.mark.parametrize(
    "change", [{"url": f"{HOOK}/2"}, {"types": ["draw.*", "draw.*"]}, {"description": None}]
)
def test_a_change_leaves_the_rest_and_an_event(world: World, change: dict[str, object]) -> None:
    made = subscribe(world.fleck, HOOK, "registration.*", description="Ledenadministratie")
    changed = world.fleck.patch(f"/v1/webhooks/{made['id']}", change).json()
    expected = {name: value for name, value in made.items() if name != "secret"} | change
    assert changed == {**expected, "types": list(dict.fromkeys(expected["types"]))}
    event = world.events("webhook.changed")[-1]
    assert (event["subject"], event["data"]["fields"]) == (made["id"], list(change))


def test_a_webhook_that_is_removed_takes_its_deliveries_along(world: World) -> None:
    with Receiver() as receiver:
        made = subscribe(world.fleck, receiver)
        world.register()
        deliverer = Deliverer(world)
        deliverer.collect()
        assert world.fleck.delete(f"/v1/webhooks/{made['id']}").status_code == 204
        assert deliverer.round() == 0
    assert world.fleck.get(f"/v1/webhooks/{made['id']}").status_code == 404
    assert sql(world.database_url, "SELECT count(*) FROM webhook_delivery")[0][0] == 0
    assert world.events("webhook.removed")[0]["subject"] == made["id"]
