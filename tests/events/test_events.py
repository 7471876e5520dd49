"""The audit trail: in order, whole, and to each what is theirs."""

import asyncio
from threading import Event as Flag
from threading import Thread
from uuid import UUID

import asyncpg

from tests.conftest import sql
from tests.world import JSON, PILOT, Party, World


def listed(party: Party, **query: str) -> list[JSON]:
    answer = party.get("/v1/events", params={"limit": "100", **query})
    assert answer.status_code == 200, answer.text
    items: list[JSON] = answer.json()["items"]
    return items


def test_events_come_in_the_order_in_which_they_happened(world: World) -> None:
    made = world.complete()
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 21})
    world.fleck.post(f"/v1/registrations/{made['id']}/_withdraw", {"reason": "Vergissing"})
    events = listed(world.admin)
    assert [event["id"] for event in events] == sorted({event["id"] for event in events})
    assert [event["type"] for event in events][-4:] == [
        "registration.received",
        "registration.complete",
        "edition.changed",
        "registration.withdrawn",
    ]
    assert [event["type"] for event in events][:2] == ["pilot.seeded", "client.added"]


def test_an_event_says_what_happened_to_what_by_whom_and_when(world: World) -> None:
    made = world.register()
    [event] = listed(world.admin, type="registration.received")
    assert isinstance(event.pop("id"), int)
    assert event == {
        "type": "registration.received",
        "subject": made["id"],
        "edition": PILOT,
        "partner": "fleck",
        "actor": world.fleck.id,
        "at": "2021-06-15T07:00:00Z",
        "origin": "127.0.0.1",
        "data": {},
    }


def test_pages_hold_every_event_once_in_order(world: World) -> None:
    for _ in range(4):
        world.register()
    whole = [event["id"] for event in listed(world.admin)]
    for limit in (1, 2, 3, len(whole) - 1, len(whole)):
        seen, path = [], f"/v1/events?limit={limit}"
        while path:
            answer = world.admin.get(path)
            seen += [event["id"] for event in answer.json()["items"]]
            path = answer.links.get("next", {}).get("url", "")
        assert seen == whole


def test_what_happens_between_two_pages_comes_on_the_last(world: World) -> None:
    answer = world.admin.get("/v1/events?limit=3")
    made = world.register()
    rest = world.admin.get(answer.links["next"]["url"].replace("limit=3", "limit=100")).json()["items"]
    assert rest[-1]["subject"] == made["id"]


def test_the_trail_may_grow_long(world: World) -> None:
    """Its numbers are of 64 bits."""
    sql(world.database_url, "ALTER SEQUENCE event_id_seq RESTART WITH 9000000000000000000")
    made = [world.register()["id"] for _ in range(2)]
    first = world.fleck.get("/v1/events?limit=1")
    second = world.fleck.get(first.links["next"]["url"])
    assert second.status_code == 200, second.text
    assert [page.json()["items"][0]["subject"] for page in (first, second)] == made


def test_the_end_of_the_trail_has_no_next(world: World) -> None:
    answer = world.admin.get("/v1/events?limit=100")
    assert (answer.json()["nextCursor"], "link" in answer.headers) == (None, False)


def test_a_partner_sees_what_is_its_own(world: World) -> None:
    mine, theirs = world.complete(world.fleck), world.complete(world.mocca)
    world.mocca.post(f"/v1/registrations/{theirs['id']}/_withdraw")
    world.admin.patch("/v1/organisations/fleck", {"region": "Lelystad"})
    assert {event["subject"] for event in listed(world.fleck)} == {mine["id"]}
    assert {event["partner"] for event in listed(world.mocca)} == {"mocca"}
    assert listed(world.kunst_centraal) == []
    assert {event["partner"] for event in listed(world.admin)} == {None, "fleck", "mocca"}


def test_a_partner_finds_no_more_by_asking_for_it(world: World) -> None:
    theirs = world.register(world.mocca)
    assert listed(world.fleck, subject=theirs["id"]) == []
    assert listed(world.fleck, type="registration.received") == []
    assert listed(world.fleck, type="client.added") == []
    assert world.fleck.get("/v1/events", params={"partner": "mocca"}).status_code == 400


def test_a_partners_pages_hold_its_own_only(world: World) -> None:
    made = []
    for _ in range(3):
        made.append(world.register(world.fleck)["id"])
        world.register(world.mocca)
    seen, path = [], "/v1/events?limit=1"
    while path:
        answer = world.fleck.get(path)
        seen += [event["subject"] for event in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == made


def test_events_are_found_by_subject_and_type(world: World) -> None:
    first, second = world.complete(), world.complete()
    assert [event["type"] for event in listed(world.fleck, subject=first["id"])] == [
        "registration.received",
        "registration.complete",
    ]
    received = [event["subject"] for event in listed(world.fleck, type="registration.received")]
    assert received == [first["id"], second["id"]]
    both = {"subject": second["id"], "type": "registration.complete"}
    assert len(listed(world.fleck, **both)) == 1
    assert listed(world.admin, type="registration") == listed(world.admin, subject="nobody") == []
    for query in ("type=", "subject=%20", "subject=" + "x" * 101, "type=a%00", "subject=a%0Ab"):
        assert world.admin.get(f"/v1/events?{query}").status_code == 400, query


def test_providers_certifiers_and_the_public_see_none(world: World) -> None:
    assert world.provider.get("/v1/events").status_code == 403
    assert world.lkca.get("/v1/events").status_code == 403
    assert world.http.get("/v1/events").status_code == 401


def test_nobody_writes_in_the_trail(world: World) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert world.admin.request(method, "/v1/events").status_code == 405


def test_no_event_holds_personal_data_or_a_secret(world: World) -> None:
    """From registration to certificate."""
    certificate = world.certified()
    registration = world.fleck.get(f"/v1/registrations/{certificate['registration']}").json()
    person = registration["applicant"]
    trail = str(listed(world.admin))
    secrets = [person[name] for name in ("givenName", "familyName", "email", "phone")]
    for one in [*secrets, "Lyceum", "schoolplan", "leerlijn", world.fleck.credentials["clientSecret"]]:
        assert one not in trail
    assert UUID(registration["id"])
    assert registration["id"] in trail


def test_a_partner_hears_of_the_sessions_of_editions_it_takes_part_in(world: World) -> None:
    """From its first registration there on, so that nothing comes into view before what it has read."""
    session = f"/v1/sessions/{world.sessions()[0]['id']}"

    def titled(title: str) -> None:
        assert world.provider.patch(session, {"title": title}).status_code == 200

    titled("Voor wie er al was")
    made = world.register(world.fleck)
    world.register(world.mocca, edition="voorbeeld")
    titled("Voor fleck")
    world.provider.post(f"{session}/_cancel")
    types = [event["type"] for event in listed(world.fleck)]
    assert types == ["registration.received", "session.changed", "session.cancelled"]
    assert {event["edition"] for event in listed(world.fleck)} == {PILOT}
    assert [event["type"] for event in listed(world.mocca)] == ["registration.received"]
    assert listed(world.kunst_centraal) == []
    assert len(listed(world.admin, type="session.changed")) == 2
    assert [event["subject"] for event in listed(world.fleck, type="registration.received")] == [made["id"]]
    newest = world.fleck.get("/v1/events?sort=-at&limit=1").json()
    assert newest["items"][0]["type"] == "session.cancelled"
    seen, path = [], "/v1/events?limit=1"
    while path:
        answer = world.fleck.get(path)
        seen += [event["type"] for event in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == types


def test_none_comes_into_view_after_a_higher_one(world: World) -> None:
    """A transaction that began to write before another, and commits after it, holds the other's back."""
    insert = """
        INSERT INTO event (type, subject, actor, at, data) VALUES ('test.written', $1, 'x', now(), '{}')
        RETURNING id
    """

    def seen(**query: str) -> list[int]:
        return [event["id"] for event in listed(world.admin, type="test.written", **query)]

    async def race() -> None:
        url = world.database_url.replace("+asyncpg", "")
        slow, fast = await asyncpg.connect(url), await asyncpg.connect(url)
        for ends in (True, False):
            before = await asyncio.to_thread(seen)
            transaction = slow.transaction()
            await transaction.start()
            first = await slow.fetchval(insert, "slow")
            higher = [await fast.fetchval(insert, "fast") for _ in range(2)]
            assert first < min(higher)
            # They are there, as a reader of the newest sees, who does not read on from them.
            assert set(higher) <= set(await asyncio.to_thread(seen, sort="-at"))
            assert await asyncio.to_thread(seen) == before
            await (transaction.commit() if ends else transaction.rollback())
            assert await asyncio.to_thread(seen) == [*before, *([first] if ends else []), *higher]
        await slow.close()
        await fast.close()

    asyncio.run(race())


def test_who_reads_on_while_many_write_misses_none_and_reads_none_twice(world: World) -> None:
    read: list[int] = []
    done = Flag()

    def follow() -> None:
        while True:
            last = done.is_set()
            found = listed(world.fleck, after=str(read[-1] if read else 0))
            read.extend(event["id"] for event in found)
            if last and not found:
                return

    reader = Thread(target=follow)
    reader.start()
    for _ in range(5):
        world.http.together([world.register] * 6)
    done.set()
    reader.join()
    assert read == [event["id"] for event in listed(world.fleck)]
    assert len(read) >= 30


def test_an_event_says_where_it_comes_from_to_administrators(world: World) -> None:
    """The address of a client, the network of who may be at home, and nothing of the register itself."""
    made = world.complete()
    world.work()
    shown = {event["type"]: event["origin"] for event in listed(world.admin)}
    assert shown["pilot.seeded"] is None
    own = sql(world.database_url, "SELECT origin FROM event WHERE actor = 'system'")
    assert {row["origin"] for row in own} <= {None}
    assert shown["registration.received"] == "127.0.0.1"
    assert shown["registration.complete"] == "127.0.0.0/24"
    assert {event["origin"] for event in listed(world.fleck, subject=made["id"])} == {None}


def test_a_change_says_what_was_and_what_became(world: World) -> None:
    """Of people the event has a reference alone, and null once what it leads to was erased."""
    made = world.register()
    world.fleck.patch(f"/v1/registrations/{made['id']}", {"position": "docent", "school": {"city": "Urk"}})
    world.fleck.patch(f"/v1/applicants/{made['applicant']['id']}", {"phone": None, "familyName": "Zee"})
    world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 21})
    world.admin.patch("/v1/organisations/neos", {"region": "Den Haag"})
    told = {event["type"]: event["data"] for event in listed(world.admin)}
    before, after = told["registration.changed"]["before"], told["registration.changed"]["after"]
    assert (before["position"], after["position"]) == (made["position"], "docent")
    assert (before["school"]["city"], after["school"]["city"]) == ("Almere", "Urk")
    assert told["applicant.changed"] == {
        "fields": ["familyName", "phone"],
        "before": {"familyName": "Meer", "phone": "+31612345678"},
        "after": {"familyName": "Zee", "phone": None},
    }
    assert told["edition.changed"]["before"] == {"capacity": 20}
    assert told["edition.changed"]["after"] == {"capacity": 21}
    assert told["organisation.changed"]["after"] == {"region": "Den Haag"}
    kept = sql(world.database_url, "SELECT data::text AS data FROM event")
    assert not any(word in row["data"] for row in kept for word in ("Meer", "Zee", "Urk", "+3161"))
    sql(world.database_url, "DELETE FROM event_detail")
    [event] = listed(world.fleck, type="applicant.changed")
    assert event["data"] == {"fields": ["familyName", "phone"], "before": None, "after": None}
