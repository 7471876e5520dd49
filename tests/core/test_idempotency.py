"""Idempotency-Key: one effect and one answer, however often a request is sent."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import text

from app import worker
from app.core import idempotency
from app.core.database import AT_MOST, Database
from app.identity import tokens
from app.identity.caller import Caller, Role, Scope
from tests.conftest import sql
from tests.world import JSON, World, registration

OF_THE_EXCHANGE = {"x-request-id", "idempotency-replayed", "ratelimit"}


def key(value: str = "") -> dict[str, str]:
    return {"Idempotency-Key": value or f'"{uuid4()}"'}


def own(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """What an answer says, without what is each exchange's own."""
    headers = {name: value for name, value in answer.headers.items() if name not in OF_THE_EXCHANGE}
    return answer.status_code, headers, answer.content


def check_repeat(first: httpx.Response, again: httpx.Response) -> None:
    assert first.status_code < 300, first.text
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert own(again) == own(first)


def check_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["type"].rpartition(":")[2] == code, answer.text


def registered(world: World) -> int:
    return len(world.admin.get("/v1/registrations?limit=100").json()["items"])


def kept(world: World) -> int:
    count: int = sql(world.database_url, "SELECT count(*) FROM idempotent_answer")[0][0]
    return count


def test_a_repeat_gets_the_first_answer_and_has_no_effect(world: World) -> None:
    body, headers = registration(), key()
    first = world.fleck.post("/v1/registrations", body, headers=headers)
    check_repeat(first, world.fleck.post("/v1/registrations", body, headers=headers))
    assert {"location", "etag", "content-type", "content-length"} <= set(first.headers)
    assert (registered(world), len(world.events("registration.received"))) == (1, 1)


def test_whatever_host_is_named_the_address_is_the_same(world: World) -> None:
    body, headers = registration(), key()
    first = world.fleck.post("/v1/registrations", body, headers=headers)
    for host in ("elsewhere.example", "a/b", "[", "a?b", ""):
        check_repeat(first, world.fleck.post("/v1/registrations", body, headers={**headers, "Host": host}))


def test_without_a_key_nothing_is_kept(world: World) -> None:
    body = registration()
    plain = world.fleck.post("/v1/registrations", body)
    assert plain.status_code == 201
    check_problem(world.fleck.post("/v1/registrations", body), 409, "already-registered")
    assert kept(world) == 0
    keyed = world.fleck.post("/v1/registrations", registration(), headers=key())
    assert (set(keyed.headers), set(keyed.json())) == (set(plain.headers), set(plain.json()))


SAME = [('"abc"', "abc"), (r'"a\"b\\"', r' "a\"b\\"'), ('"two words"', '"two words"\t'), ("a;b=c", '"a;b=c"')]


def test_a_key_is_the_same_with_and_without_quotes(world: World) -> None:
    for one, same in SAME:
        body = registration()
        first = world.fleck.post("/v1/registrations", body, headers=key(one))
        check_repeat(first, world.fleck.post("/v1/registrations", body, headers=key(same)))


NO_KEYS = [
    b"",
    b" ",
    b'""',
    b"k" * 256,
    b'"' + b"k" * 256 + b'"',
    b'"abc',
    b'abc"',
    b'"',
    b'"a"b"',
    b'"a\\b"',
    b'"a\\"',
    b"'a b'",
    b"a\x01b",
    b'"a\tb"',
    b"a\x7f",
    b"\xc3\xa9",
    b'"a", "b"',
    b"a,b",
    b'"a";b=1',
]


def test_what_is_no_key_is_refused(world: World) -> None:
    for value in NO_KEYS:
        headers = {"Idempotency-Key": value}
        answer = world.fleck.post("/v1/registrations", registration(), headers=headers)
        check_problem(answer, 400, "invalid-input")
        [fault] = answer.json()["errors"]
        named = (fault["pointer"], fault["location"], fault["code"])
        assert named == ("#/Idempotency-Key", "header", "malformed"), value
    assert (registered(world), kept(world)) == (0, 0)


def test_the_longest_key_is_taken(world: World) -> None:
    for value in ("k" * 255, '"' + r"\"" * 255 + '"'):
        assert world.fleck.post("/v1/registrations", registration(), headers=key(value)).status_code == 201


def test_two_keys_are_none(world: World) -> None:
    lines = [("Authorization", f"Bearer {world.fleck.token()}"), *[("Idempotency-Key", "abc")] * 2]
    answer = world.http.post("/v1/registrations", json=registration(), headers=lines)
    check_problem(answer, 400, "invalid-input")
    assert answer.json()["errors"][0]["code"] == "several"
    assert registered(world) == 0


def test_another_body_under_the_same_key_is_refused(world: World) -> None:
    body, headers = registration(), key()
    assert world.fleck.post("/v1/registrations", body, headers=headers).status_code == 201
    for other in ({**body, "position": "teamleider"}, {**body, "unknown": 1}, {}):
        answer = world.fleck.post("/v1/registrations", other, headers=headers)
        check_problem(answer, 422, "idempotency-key-reused")
    assert registered(world) == 1


def test_equal_json_is_the_same_body(world: World) -> None:
    body, headers = registration(), key()
    first = world.fleck.post("/v1/registrations", body, headers=headers)
    check_repeat(first, world.fleck.post("/v1/registrations", dict(reversed(body.items())), headers=headers))


def test_what_was_refused_leaves_the_key_free(world: World) -> None:
    taken, headers = world.register(), key()
    again = registration(applicant={"email": taken["applicant"]["email"]})
    for body, status in (
        ({}, 400),
        (registration(edition="nowhere"), 400),
        (again, 409),  # an attempt that leaves a record
        (again, 409),
    ):
        answer = world.fleck.post("/v1/registrations", body, headers=headers)
        assert answer.status_code == status, answer.text
        assert kept(world) == 0
    assert len(world.events("registration.refused")) == 2
    mended = registration()
    first = world.fleck.post("/v1/registrations", mended, headers=headers)
    check_repeat(first, world.fleck.post("/v1/registrations", mended, headers=headers))


def test_a_key_belongs_to_one_client_and_one_address(world: World) -> None:
    body, headers = registration(), key()
    mine = world.fleck.post("/v1/registrations", body, headers=headers)
    check_problem(world.mocca.post("/v1/registrations", body, headers=headers), 409, "already-registered")
    theirs = world.mocca.post("/v1/registrations", registration(), headers=headers)
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert "idempotency-replayed" not in theirs.headers
    added = world.admin.post("/v1/organisations", organisation(), headers=headers)
    client = world.admin.post("/v1/clients", client_of("fleck"), headers=headers)
    assert (added.status_code, client.status_code) == (201, 201)
    check_repeat(mine, world.fleck.post("/v1/registrations", body, headers=headers))


def organisation() -> JSON:
    slug = f"o-{uuid4().hex[:12]}"
    return {"slug": slug, "name": slug, "roles": ["partner"]}


def client_of(slug: str) -> JSON:
    return {"organisation": slug, "role": "partner", "name": "Koppeling"}


def test_who_may_no_longer_ask_is_not_answered(world: World) -> None:
    body, headers = registration(), key()
    assert world.fleck.post("/v1/registrations", body, headers=headers).status_code == 201
    fewer = Caller(world.fleck.id, "fleck", Role.PARTNER, frozenset({Scope.REGISTRATIONS_READ}))
    settings, now = world.app.state.settings, world.app.state.clock.now()
    token = tokens.issue(settings.key("access tokens"), settings.base_url, fewer, now, idempotency.KEPT_FOR)
    with_less = {**headers, "Authorization": f"Bearer {token}"}
    for content in (body, {}):
        answer = world.http.post("/v1/registrations", json=content, headers=with_less)
        check_problem(answer, 403, "forbidden")
    answer = world.http.post("/v1/registrations", json=body, headers={**with_less, **key('"')})
    check_problem(answer, 403, "forbidden")
    check_problem(world.http.post("/v1/registrations", json=body, headers=headers), 401, "unauthenticated")
    assert world.admin.delete(f"/v1/clients/{world.fleck.id}").status_code == 204
    check_problem(world.fleck.post("/v1/registrations", body, headers=headers), 401, "unauthenticated")


def test_an_answer_is_kept_for_24_hours(world: World) -> None:
    body, headers = organisation(), key()
    ask = partial(world.admin.post, "/v1/organisations", body, headers=headers)
    first = ask()
    world.at("2021-06-16T06:59:59Z")
    work(world)
    check_repeat(first, ask())
    world.at("2021-06-16T07:00:00Z")
    # It is new already when the background work has not been there yet.
    check_problem(ask(), 409, "organisation-exists")
    assert kept(world) == 1
    work(world)
    assert kept(world) == 0
    check_problem(ask(), 409, "organisation-exists")
    other = organisation()
    second = world.admin.post("/v1/organisations", other, headers=headers)
    check_repeat(second, world.admin.post("/v1/organisations", other, headers=headers))


def test_a_key_past_its_time_is_taken_again(world: World) -> None:
    headers = key()
    assert world.admin.post("/v1/organisations", organisation(), headers=headers).status_code == 201
    world.at("2021-06-16T07:00:00Z")
    other = organisation()
    second = world.admin.post("/v1/organisations", other, headers=headers)
    world.at("2021-06-17T06:59:59Z")
    check_repeat(second, world.admin.post("/v1/organisations", other, headers=headers))
    assert kept(world) == 1


def work(world: World) -> None:
    async def once() -> None:
        database = Database(world.database_url)
        await worker.once(database, world.app.state.clock)
        await database.close()

    asyncio.run(once())


def test_what_is_kept_can_be_read_by_nobody(world: World) -> None:
    body, headers = registration(), key('"noor@lyceum.example"')
    made = world.fleck.post("/v1/registrations", body, headers=headers).json()
    client = world.admin.post("/v1/clients", client_of("fleck"), headers=headers)
    check_repeat(client, world.admin.post("/v1/clients", client_of("fleck"), headers=headers))
    rows = sql(world.database_url, "SELECT id, fingerprint, sealed FROM idempotent_answer")
    content = b"".join(part for row in rows for part in row.values())
    assert len(rows) == 2
    for secret in (
        made["enrolmentForm"]["token"],
        client.json()["clientSecret"],
        made["id"],
        "lyceum",
        "Noor",
        world.fleck.id,
        "registrations",
    ):
        assert secret.encode() not in content, secret


def test_an_answer_opens_in_its_own_row_alone() -> None:
    secret = b"k" * 32
    one, other = (idempotency.Attempt.of(secret, "fleck-1", "POST /x", name, b"{}") for name in "ab")
    sealed = one.seal(b"answer")
    assert one.open(sealed) == b"answer"
    assert one.seal(b"answer") != sealed
    with pytest.raises(InvalidTag):
        other.open(sealed)


def test_the_wait_is_bounded_for_the_claim_alone(database_url: str) -> None:
    attempt = idempotency.Attempt.of(b"k" * 32, "fleck-1", "POST /x", "a", b"{}")

    async def claimed() -> tuple[bytes | None, str]:
        database = Database(database_url)
        async with database.transaction() as db:
            answer = await idempotency.claim(db, attempt, datetime(2021, 6, 15, tzinfo=UTC))
            wait: str = (await (await db.connection()).execute(text("SHOW lock_timeout"))).scalar_one()
        await database.close()
        return answer, wait

    assert asyncio.run(claimed()) == (None, AT_MOST["lock_timeout"])


@pytest.mark.long_ways
@pytest.mark.parametrize("place", ["keep", "claim"])
def test_a_failure_between_leaves_neither_effect_nor_key(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    body, headers = registration(), key()
    whole = getattr(idempotency, place)

    async def broken(*arguments: Any) -> None:
        await whole(*arguments)
        raise RuntimeError("the power failed")

    with monkeypatch.context() as patched:
        patched.setattr(idempotency, place, broken)
        assert world.fleck.post("/v1/registrations", body, headers=headers).status_code == 500
    assert (registered(world), kept(world), world.events("registration.received")) == (0, 0, [])
    first = world.fleck.post("/v1/registrations", body, headers=headers)
    check_repeat(first, world.fleck.post("/v1/registrations", body, headers=headers))


def test_fifty_at_once_make_one(world: World) -> None:
    body, headers = registration(), key()
    ask = partial(world.fleck.post, "/v1/registrations", body, headers=headers)
    answers = world.http.together([ask] * 50)
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({str(own(answer)) for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 49
    assert (registered(world), len(world.events("registration.received"))) == (1, 1)
    assert world.events("registration.refused") == []


def test_of_two_bodies_at_once_one_counts(world: World) -> None:
    bodies, headers = [registration(), registration()], key()
    ask = [partial(world.fleck.post, "/v1/registrations", bodies[n % 2], headers=headers) for n in range(20)]
    answers = world.http.together(ask)
    statuses = [[answer.status_code for answer in answers[n::2]] for n in range(2)]
    assert sorted(statuses) == [[201] * 10, [422] * 10]
    assert registered(world) == 1


def test_the_next_may_try_what_was_refused_while_it_waited(world: World) -> None:
    """Of equal requests that are refused, each is; none gets an answer that was never given."""
    body = registration(applicant={"email": world.register()["applicant"]["email"]})
    answers = world.http.together([partial(world.fleck.post, "/v1/registrations", body, headers=key())] * 8)
    assert {answer.status_code for answer in answers} == {409}
    assert {answer.json()["type"].rpartition(":")[2] for answer in answers} == {"already-registered"}
    assert kept(world) == 0


class Held:
    """A table that somebody else holds until `refusals` answers of 409 have come, or too long a time."""

    def __init__(self, url: str, refusals: int) -> None:
        self.url, self.refusals = url, refusals
        self.held, self.enough = threading.Event(), threading.Event()

    def hold(self) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self.url.replace("+asyncpg", ""))
            async with connection.transaction():
                await connection.execute("LOCK TABLE registration IN EXCLUSIVE MODE")
                self.held.set()
                await asyncio.to_thread(self.enough.wait, 30)
            await connection.close()

        asyncio.run(run())

    def ask(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """The answer to a request that is made while the table is held."""
        self.held.wait(30)
        answer = ask()
        self.refusals -= answer.status_code == 409
        if self.refusals == 0:
            self.enough.set()
        return answer


def test_who_has_waited_long_enough_hears_that_it_is_under_way(world: World) -> None:
    """Whoever is first gets no further than the table; the others wait for it as long as one waits."""
    body, headers = registration(), key()
    ask = partial(world.fleck.post, "/v1/registrations", body, headers=headers)
    held = Held(world.database_url, refusals=2)
    began = time.monotonic()
    requests: list[Callable[[], Any]] = [held.hold, *[partial(held.ask, ask)] * 3]
    _, *answers = world.http.together(requests)
    assert time.monotonic() - began > 1  # an equal request is worth a wait
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    for answer in answers:
        if answer.status_code == 409:
            check_problem(answer, 409, "idempotency-key-in-use")
            assert answer.headers["retry-after"] == "1"
    assert ask().headers["idempotency-replayed"] == "true"


def test_a_key_that_is_none_is_told_with_all_that_is_wrong(world: World) -> None:
    for lines in ([("Idempotency-Key", "a,b")], [("Idempotency-Key", "a")] * 2):
        headers = [("Authorization", f"Bearer {world.fleck.token()}"), *lines]
        answer = world.http.post("/v1/registrations?x=1", json={"edition": 1}, headers=headers)
        check_problem(answer, 400, "invalid-input")
        told = {(fault["location"], fault["pointer"]) for fault in answer.json()["errors"]}
        assert {("header", "#/Idempotency-Key"), ("query", "#/x"), ("body", "#/edition")} <= told
        assert ("body", "#/applicant") in told


def test_a_repeat_with_a_query_of_its_own_is_none(world: World) -> None:
    body, headers = registration(), key()
    first = world.fleck.post("/v1/registrations", body, headers=headers)
    for query in ("x=1", "x", "%FF=1"):
        answer = world.fleck.post(f"/v1/registrations?{query}", body, headers=headers)
        check_problem(answer, 400, "invalid-input")
    check_repeat(first, world.fleck.post("/v1/registrations", body, headers=headers))
    fresh = key()
    assert world.fleck.post("/v1/registrations?x=1", registration(), headers=fresh).status_code == 400
    assert kept(world) == 1
