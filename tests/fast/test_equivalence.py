"""The short ways answer and write what the routes do, to the byte, whatever is sent."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from app.core.settings import Settings
from tests.conftest import sql
from tests.fast.pair import Pair, pair, prepared
from tests.world import JSON, PILOT, World, registration

FEW = examples(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def _three_participants(world: World) -> None:
    world.participants(3, world.fleck)
    world.schedule_national()
    world.at("2021-11-01T12:00+01:00")


@pytest.fixture(scope="module")
def template(postgres: str, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Makes databases to copy, each once, as a function leaves them."""
    clients = json.loads((shared / "clients.json").read_text())
    settings = Settings(
        secret_key="a key for tests, of more than 32 characters",
        data_dir=tmp_path_factory.mktemp("data"),
        public_url="https://register.example",
        worker=False,
        _env_file=None,
    )
    made: dict[str, Any] = {}
    with ExitStack() as stack:

        def both(prepare: Any, **limits: int) -> Any:
            if prepare.__name__ not in made:
                made[prepare.__name__] = stack.enter_context(prepared(postgres, settings, clients, prepare))
            name, clock = made[prepare.__name__]
            return pair(postgres, name, settings.model_copy(update=limits), clients, clock)

        yield both


@pytest.fixture
def opened(template: Any) -> Iterator[Pair]:
    """Both, while registration is open."""
    with template(_register_some) as both:
        yield both


@pytest.fixture
def held(template: Any) -> Iterator[Pair]:
    """Both, with three participants, after the first session."""
    with template(_three_participants) as both:
        yield both


@pytest.fixture
def certified(template: Any) -> Iterator[Pair]:
    """Both, with a certificate."""
    with template(_one_certificate) as both:
        yield both


def _one_certificate(world: World) -> None:
    world.certified()


def _register_some(world: World) -> None:
    for number in range(7):
        world.register(
            world.mocca if number % 3 == 2 else world.fleck,
            applicant={
                "email": f"{number}@lyceum.example",
                "familyName": 'Ångström "de\\Jong"',
            },
            motivation="Regel één\nregel twee\ttab \u2028 </script> 🎓" if number % 2 else None,
        )
    gone = world.register(applicant={"email": "gone@lyceum.example"})
    world.fleck.post(f"/v1/registrations/{gone['id']}/_withdraw")
    world.complete(applicant={"email": "complete@lyceum.example"})


def _ids(world: World, where: str = "true") -> list[str]:
    return [
        row[0]
        for row in sql(world.database_url, f"SELECT id::text FROM registration WHERE {where} ORDER BY 1")
    ]


def _new(email: str, **change: Any) -> JSON:
    return registration(applicant={"email": email}, school={"name": "Het Lyceum", "city": "Almere"}, **change)


def _post(body: Any, headers: dict[str, str] | None = None, party: str = "fleck", path: str = "") -> Any:
    def call(world: World) -> httpx.Response:
        answer: httpx.Response = getattr(world, party).post(
            f"/v1/registrations{path}", body, headers=headers or {}
        )
        return answer

    return call


def _get(path: str, party: str = "fleck", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def call(world: World) -> httpx.Response:
        answer: httpx.Response = getattr(world, party).get(path, headers=named)
        return answer

    return call


PARTIES = ("fleck", "mocca", "kunst_centraal", "provider", "lkca", "admin")


@pytest.mark.parametrize("party", PARTIES)
def test_one_registration_is_read_alike(opened: Pair, party: str) -> None:
    for id in _ids(opened.long):
        owner = sql(opened.long.database_url, f"SELECT partner FROM registration WHERE id = '{id}'")[0][0]
        seen = party in ("provider", "lkca", "admin") or owner == party.replace("_", "-")
        opened.send(_get(f"/v1/registrations/{id}", party), short=seen, same_tables=False)
    opened.send(_get(f"/v1/registrations/{uuid4()}", party), short=False)


@pytest.mark.parametrize("party", PARTIES)
def test_pages_are_read_alike_to_the_last(opened: Pair, party: str) -> None:
    for limit in (1, 2, 3, 100):
        path: str | None = f"/v1/registrations?limit={limit}"
        pages = 0
        while path:
            answer = opened.send(_get(path, party), short=party != "kunst_centraal", same_tables=False)
            path, pages = answer.links.get("next", {}).get("url"), pages + 1
        assert (pages > 1) is ((limit == 1 and party != "kunst_centraal") or pages > 1)
    opened.send(_get("/v1/registrations", party), short=party != "kunst_centraal")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=050",
        "limit=%31",
        "limit=2&limit=2",
        "limit=",
        "limit=x",
        "limit=٣",
        "cursor=",
        "cursor=x",
        "limit=2&other=1",
        "edition=noord-midden-2021",
        "status=received",
        "q=meer",
        "sort=-receivedAt",
        "partner=fleck",
        "limit=2&cursor=%00",
        "limit=2&",
        "&limit=2",
        "limit=2;cursor=1",
        "limit=2&cursor",
        "%6cimit=2",
        "limit=+2",
        "sort=receivedAt",
        "%ff=1",
        "limit=2&cursor=%ff",
        pytest.param(f"limit={'9' * 4301}", id="a limit that is no number for Python"),
        pytest.param(f"cursor={'eyJh' * 501}", id="a cursor that is too long"),
    ],
)
def test_every_query_is_understood_alike(opened: Pair, query: str) -> None:
    opened.send(_get(f"/v1/registrations?{query}"), short=None, same_tables=False)
    some = _ids(opened.long, "partner = 'fleck'")[0]
    opened.send(_get(f"/v1/registrations/{some}?{query}"), short=False, same_tables=False)
    opened.send(_post(_new("query@lyceum.example"), path=f"?{query}"), short=False)


@pytest.mark.parametrize(
    "change",
    [
        lambda id: id.upper(),
        lambda id: id.replace("-", ""),
        lambda id: f"urn:uuid:{id}",
        lambda id: f"{{{id}}}",
        lambda id: f"{id}/",
        lambda id: f"%{ord(id[0]):x}{id[1:]}",
        lambda id: f" {id}",
        lambda id: id[:-1],
    ],
)
def test_every_address_is_understood_alike(opened: Pair, change: Any) -> None:
    some = _ids(opened.long, "partner = 'fleck'")[0]
    opened.send(_get(f"/v1/registrations/{change(some)}"), short=None, same_tables=False)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE", "PUT", "PATCH", "POST"])
def test_every_method_is_understood_alike(opened: Pair, method: str) -> None:
    some = _ids(opened.long, "partner = 'fleck'")[0]
    for path in ("/v1/registrations", f"/v1/registrations/{some}", "/v1/verifications/abc"):
        opened.send(lambda world, path=path: world.fleck.request(method, path), short=None)  # type: ignore[misc]


CONDITIONS = [
    {"If-None-Match": "*"},
    {"If-None-Match": '"x"'},
    {"If-Match": "*"},
    {"If-Match": '"x"'},
    {"Range": "bytes=0-1"},
    {"Accept": "text/html"},
    {"Accept": "application/xml"},
    {"Accept-Language": "nl"},
    {"Origin": "https://x.example"},
    {"If-None-Match": "x" * 5000},
    {"Prefer": "return=minimal"},
    {"Idempotency-Key": "k"},
    {"Expect": "100-continue"},
    {"If-Modified-Since": "Tue, 15 Jun 2021 07:00:00 GMT"},
    {"X-Forwarded-For": "10.0.0.1"},
    {"Content-Encoding": "gzip"},
    {"Idempotency-Key": '"quoted \\" one"'},
    {"Idempotency-Key": '"'},
    {"Idempotency-Key": "k" * 300},
]


@pytest.mark.parametrize("headers", CONDITIONS)
def test_every_header_is_understood_alike(opened: Pair, headers: dict[str, str]) -> None:
    some = _ids(opened.long, "partner = 'fleck'")[0]
    opened.send(lambda world: world.fleck.get("/v1/registrations?limit=2", headers=headers), short=None)
    opened.send(lambda world: world.fleck.get(f"/v1/registrations/{some}", headers=headers), short=None)
    opened.send(_post(_new("header@lyceum.example"), headers), short=None)
    opened.send(_post(_new("header@lyceum.example"), headers), short=None)


def test_what_was_read_is_read_again_on_condition(opened: Pair) -> None:
    some = _ids(opened.long, "partner = 'fleck'")[0]
    for path in (f"/v1/registrations/{some}", "/v1/registrations?limit=3"):
        tag = opened.send(_get(path)).headers["etag"]
        assert opened.send(_get(path, If_None_Match=tag), short=False).status_code == 304
        assert opened.send(_get(path, If_Match=tag), short=False).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer x",
        "bearer {}",
        "Bearer  {}",
        "Bearer {} ",
        "Basic {}",
        "{}",
        "Bearer {}x",
        "BEARER {}",
    ],
)
def test_every_token_is_judged_alike(opened: Pair, authorization: str | None) -> None:
    def call(world: World, method: str, path: str, **more: Any) -> httpx.Response:
        given = authorization and authorization.replace("{}", world.fleck.token())
        headers = {"Authorization": given} if given is not None else {}
        return world.http.request(method, path, headers=headers, **more)

    some = _ids(opened.long, "partner = 'fleck'")[0]
    for path in ("/v1/registrations", f"/v1/registrations/{some}"):
        opened.send(partial(call, method="GET", path=path), short=None, same_tables=False)
    opened.send(
        partial(call, method="POST", path="/v1/registrations", json=_new("t@lyceum.example")), short=None
    )


def test_an_ended_client_is_refused_from_then_on_and_a_token_at_its_end(opened: Pair) -> None:
    paths = ["/v1/registrations", f"/v1/registrations/{_ids(opened.long)[0]}"]
    tokens = {world: world.fleck.token() for world in (opened.short, opened.long)}

    def with_old(world: World, path: str) -> httpx.Response:
        return world.http.get(path, headers={"Authorization": f"Bearer {tokens[world]}"})

    for path in paths:
        assert opened.send(partial(with_old, path=path), short=None).status_code in (200, 404)
    opened.at("2021-06-15T09:04:59+02:00")
    assert opened.send(partial(with_old, path=paths[0])).status_code == 200
    opened.at("2021-06-15T09:05+02:00")
    assert opened.send(partial(with_old, path=paths[0]), short=False).status_code == 401
    for world in (opened.short, opened.long):
        sql(world.database_url, f"UPDATE client SET ended_at = now() WHERE id = '{world.fleck.id}'")
    for path in paths:
        assert opened.send(_get(path), short=False, same_tables=False).status_code == 401
    answer = opened.send(_post(_new("ended@lyceum.example")), short=False, same_tables=False)
    assert answer.status_code == 401
    assert not sql(opened.short.database_url, "SELECT FROM applicant WHERE email = 'ended@lyceum.example'")


def test_a_registration_is_taken_in_alike(opened: Pair) -> None:
    assert opened.send(_post(_new("one@lyceum.example"))).status_code == 201
    assert opened.send(_post(_new("one@lyceum.example")), short=False).status_code == 409
    assert opened.send(_post(_new("ONE@lyceum.example"), party="mocca"), short=False).status_code == 409
    assert opened.send(_post(_new("gone@lyceum.example"), party="mocca")).status_code == 201
    assert opened.send(_post(_new("two@lyceum.example", partner="fleck"))).status_code == 201
    assert opened.send(_post(_new("3@x.example", partner="mocca")), short=False).status_code == 403
    assert (
        opened.send(_post(_new("4@x.example", partner="mocca"), party="admin"), short=False).status_code
        == 201
    )
    assert opened.send(_post(_new("5@x.example"), party="provider"), short=False).status_code == 403
    assert opened.send(_post(_new("6@x.example", edition="nowhere")), short=False).status_code == 400


def test_a_key_is_kept_alike_and_repeated(opened: Pair) -> None:
    body = _new("key@lyceum.example")
    keyed = {"Idempotency-Key": '"8e03978e"'}
    first = opened.send(_post(body, keyed))
    again = opened.send(_post(dict(reversed(body.items())), {"Idempotency-Key": "8e03978e"}), short=False)
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert opened.send(_post(_new("other@x.example"), keyed), short=False).status_code == 422
    assert opened.send(_post(body, keyed, party="mocca"), short=False).status_code == 409
    opened.at("2021-06-16T09:00+02:00")  # the key may be used for something else now
    assert opened.send(_post(_new("other@x.example"), keyed), short=False).status_code == 201


def test_the_window_and_the_term_of_the_forms_are_those_of_the_moment(opened: Pair) -> None:
    opened.send(_post(_new("before@lyceum.example")))
    change = {"formsDueAt": "2021-07-09T12:00:00+02:00"}
    opened.send(lambda world: world.admin.patch(f"/v1/editions/{PILOT}", change), short=None)
    answer = opened.send(_post(_new("after@lyceum.example")), short=False)  # the short way knew the old term
    assert answer.json()["enrolmentForm"]["dueAt"] == "2021-07-09T10:00:00Z"
    opened.send(_post(_new("later@lyceum.example")))
    for moment, status in (
        ("2021-06-07T23:59:59+02:00", 409),
        ("2021-06-08T00:00:00+02:00", 201),
        ("2021-07-05T23:59:59.999999+02:00", 201),
        ("2021-07-06T00:00:00+02:00", 409),
    ):
        opened.at(moment)
        answer = opened.send(_post(_new(f"{moment[5:10]}{status}@x.example")), short=status == 201)
        assert answer.status_code == status, answer.text


def test_who_is_no_partner_any_more_takes_nobody_in(opened: Pair) -> None:
    for world in (opened.short, opened.long):
        sql(world.database_url, "UPDATE organisation SET roles = '{provider}' WHERE slug = 'fleck'")
    assert opened.send(_post(_new("one@lyceum.example")), short=False).status_code == 400


BODIES: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"{",
    b'"x"',
    b"\xef\xbb\xbf{}",
    b'{"edition":"\xff"}',
    b'{"a":1,"a":2}',
    b"NaN",
    b'{"edition":' + b"[" * 2000 + b"]" * 2000 + b"}",
    b'{"edition":NaN}',
    b'{"edition":1e999}',
    b" { } ",
]


@pytest.mark.parametrize("body", BODIES)
def test_bodies_that_are_none_are_refused_alike(held: Pair, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    path = f"/v1/sessions/{held.long.sessions()[0]['id']}/attendance/{_ids(held.long)[0]}"
    for method, party, address in (("POST", "fleck", "/v1/registrations"), ("PUT", "provider", path)):
        held.send(
            lambda world, m=method, p=party, a=address: getattr(world, p).request(
                m, a, content=body, headers=headers
            ),  # type: ignore[misc]
            short=False,
        )


@pytest.mark.parametrize(
    "kind", [None, "application/json; charset=utf-8", "text/plain", "application/x+json", "APPLICATION/JSON"]
)
def test_every_type_of_body_is_judged_alike(opened: Pair, kind: str | None) -> None:
    content = json.dumps(_new("kind@lyceum.example")).encode()
    headers = {"Content-Type": kind} if kind else {}
    opened.send(
        lambda world: world.fleck.request("POST", "/v1/registrations", content=content, headers=headers),
        short=None,
    )


def test_a_body_without_a_length_and_one_in_pieces_are_read_alike(opened: Pair) -> None:
    content = json.dumps(_new("pieces@lyceum.example")).encode()

    async def pieces() -> Any:
        for start in range(0, len(content), 50):
            yield content[start : start + 50]

    headers = {"Content-Type": "application/json"}
    opened.send(
        lambda world: world.fleck.request("POST", "/v1/registrations", content=pieces(), headers=headers),
        short=False,
    )
    measured = {**headers, "Content-Length": str(len(content))}
    content = content.replace(b"pieces", b"others")
    opened.send(
        lambda world: world.fleck.request("POST", "/v1/registrations", content=pieces(), headers=measured),
        short=None,
    )


# Texts as people, and others, type them.
_texts = st.one_of(
    st.text(max_size=12),
    st.text(st.characters(codec="ascii"), min_size=1, max_size=12),
    st.sampled_from(
        ["", " ", "é", "é", "ﬁ", "İ", "\u2028", "\u200b", "ﾠ", "a\tb", " x ", "Dž", "ß", '"\\', "🎓"]
    ),
)
_anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), _texts, st.lists(_texts, max_size=2)
)
_member = st.one_of(_texts, _anything)
_people = st.fixed_dictionaries(
    {"familyName": _texts},
    optional={
        "givenName": _member,
        "familyNamePrefix": _member,
        "phone": st.one_of(st.sampled_from(["+31612345678", "06 1234 5678", "x", " 0612345678 "]), _anything),
        "language": st.sampled_from(["nl", "en", "de", None]),
        "unknown": _anything,
    },
)
_registrations = st.fixed_dictionaries(
    {"applicant": _people, "school": st.fixed_dictionaries({"name": _texts, "city": _texts})},
    optional={
        "position": _member,
        "motivation": _member,
        "edition": st.sampled_from([PILOT, "voorbeeld", "no-such", "Ongeldig", None]),
        "partner": st.sampled_from(["fleck", "mocca", None, 1]),
        "other": _anything,
    },
)
_emails = st.sampled_from(
    [
        "{}@x.example",
        "Noor.{}@Lyceum.Example",
        "é{}@x.example",
        "{}@ÉCOLE.example",
        " {}@x.example ",
        "{}",
        "straße{}@x.example",
    ]
)


def test_any_registration_is_taken_in_alike_or_refused_alike(opened: Pair) -> None:
    number = iter(range(1000))

    @FEW
    @given(body=_registrations, email=_emails, key=st.sampled_from([None, "a", "b"]))
    def run(body: JSON, email: str, key: str | None) -> None:
        body = {"edition": PILOT, **body}
        body["applicant"] = {**body["applicant"], "email": email.format(next(number))}
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        opened.send(
            lambda world: world.fleck.request("POST", "/v1/registrations", content=content, headers=headers),
            short=None,
            same_tables=False,
        )

    run()
    opened.compare()


def _put(session: str, registration_id: str, body: Any, party: str = "provider", **headers: str) -> Any:
    path = f"/v1/sessions/{session}/attendance/{registration_id}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda world: getattr(world, party).put(path, body, headers=named)


def test_attendance_is_recorded_alike(held: Pair) -> None:
    first, second = (one["id"] for one in held.long.sessions()[:2])
    one, two, _ = _ids(held.long, "status = 'confirmed'")
    assert held.send(_put(first, one, {"minutes": 180})).json()["version"] == 1
    assert held.send(_put(first, one, {"minutes": 180})).json()["version"] == 1
    assert held.send(_put(first, one, {"minutes": 120})).json()["version"] == 2
    assert held.send(_put(first, one, {"presence": "present"})).json()["minutes"] == 180
    assert held.send(_put(first, one, {"presence": "excused"})).json()["channel"] is None
    assert held.send(_put(first, one, {"minutes": 0, "presence": "absent"})).status_code == 200
    assert held.send(_put(first, two, {"minutes": 180.0})).status_code == 200
    held.send(_put(first, two, {"minutes": 100, "lateMinutes": 80}), short=False)
    assert held.send(_put(first, two, {"minutes": 100})).json()["lateMinutes"] == 80
    for body, status in (
        ({"minutes": 181}, 400),
        ({"minutes": 1, "presence": "absent"}, 400),
        ({"minutes": -1}, 400),
        ({}, 400),
        ({"minutes": 170, "reason": "Kwam later"}, 200),
        ({"minutes": None}, 400),
        ({"minutes": "1"}, 400),
        ({"minutes": 160, "channel": "in-person"}, 200),
        ({"minutes": 160, "channel": "online"}, 400),
        ({"presence": "here"}, 400),
        ({"minutes": True}, 400),
    ):
        assert held.send(_put(first, two, body), short=False).status_code == status, body
    assert held.send(_put(second, one, {"minutes": 180}), short=False).status_code == 409  # not yet held
    assert held.send(_put(str(uuid4()), one, {"minutes": 1}), short=False).status_code == 404
    assert held.send(_put(first, str(uuid4()), {"minutes": 1}), short=False).status_code == 404
    assert held.send(_put(first, two, {"minutes": 10}, "fleck"), short=False).status_code == 403
    assert held.send(_put(first, two, {"minutes": 10}, "admin"), short=False).status_code == 200
    assert held.send(_put(first, two, {"minutes": 11}, If_Match='"x"'), short=False).status_code == 412


def test_who_gets_out_of_reach_or_back_goes_the_long_way(held: Pair) -> None:
    held.at("2022-04-20T12:00+02:00")
    sessions = [one["id"] for one in held.long.sessions()]
    one, two, three = _ids(held.long, "status = 'confirmed'")
    ways = []
    for minutes in (0, 180):
        for session in sessions:
            before = held.gate.passed
            held.send(_put(session, one, {"minutes": minutes}), short=None)
            ways.append("short" if held.gate.passed == before else "long")
    assert set(ways) == {"short", "long"}
    flags = [event["type"] for event in held.short.events() if event["type"].startswith("participant.")]
    assert {"participant.out-of-reach", "participant.within-reach"} <= set(flags)
    make_up = {"kind": "assignment", "minutes": 1200, "reason": "Ziekte", "title": "Verslag"}
    held.send(
        lambda world: world.provider.post(f"/v1/registrations/{two}/make-up-hours", make_up), short=None
    )
    for session in sessions:
        held.send(_put(session, two, {"minutes": 0}), short=None)
    held.at("2021-12-01T12:00+01:00")
    for session in sessions[:2]:
        held.send(_put(session, three, {"minutes": 90}), short=None)


def test_any_attendance_is_recorded_alike_or_refused_alike(held: Pair) -> None:
    sessions = [one["id"] for one in held.long.sessions()]
    people = _ids(held.long, "status = 'confirmed'")
    minutes = st.one_of(st.sampled_from([0, 1, 90, 180, 181, None]), _anything)
    presence = st.sampled_from(["present", "absent", "excused", None])
    bodies = st.fixed_dictionaries(
        {},
        optional={"minutes": minutes, "presence": presence, "lateMinutes": st.sampled_from([0, 30, None])},
    )
    months = st.sampled_from(["2021-10-20", "2021-11-25", "2022-01-28", "2022-03-25", "2022-05-01"])

    @FEW
    @given(session=st.sampled_from(sessions), who=st.sampled_from(people), body=bodies, day=months)
    def run(session: str, who: str, body: JSON, day: str) -> None:
        held.at(f"{day}T12:00+01:00")
        content, path = json.dumps(body).encode(), f"/v1/sessions/{session}/attendance/{who}"
        headers = {"Content-Type": "application/json"}
        held.send(
            lambda world: world.provider.request("PUT", path, content=content, headers=headers),
            short=None,
            same_tables=False,
        )

    run()
    held.compare()


def test_a_certificate_is_checked_alike(certified: Pair) -> None:
    (row,) = sql(certified.long.database_url, "SELECT code, number, registration::text FROM certificate")
    code, number, registration_id = row
    address = f"/v1/verifications/{code}"

    def check(path: str = address, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return lambda world: world.http.get(path, headers=named)

    assert certified.send(check()).json()["status"] == "valid"
    assert certified.send(check(Accept="application/json")).status_code == 200
    certified.send(check(Accept="text/html"), short=False)
    certified.send(check(f"{address}?lang=en"), short=False)
    certified.send(check("/v1/verifications/abcdefghijklmnopqrstuvwxyz"), short=False)
    certified.send(check(f"/v1/verifications/{code.upper()}"), short=False)
    certified.send(check("/v1/verifications/_check"), short=False)
    session = certified.long.sessions()[0]["id"]
    certified.send(_put(session, registration_id, {"minutes": 0}), short=False)  # opens a review
    reason = {"reason": "Vergissing"}
    certified.send(
        lambda world: world.lkca.post(f"/v1/certificates/{number}/_revoke", reason),
        short=False,
        same_tables=False,
    )
    assert certified.send(check(), same_tables=False).json()["status"] == "revoked"


def test_calls_are_counted_once_and_alike(template: Any) -> None:
    limits = {"client_per_minute": 3, "address_per_minute": 5, "public_per_minute": 3}
    with template(_register_some, **limits) as both:
        calls = [
            _get("/v1/registrations"),
            _post(_new("a@x.example")),
            _post(_new("a@x.example")),
            _get("/v1/registrations"),
        ]
        statuses = [both.send(call, short=None).status_code for call in calls]
        assert statuses == [200, 201, 409, 429]
        for _ in range(6):
            both.send(lambda one: one.http.get("/v1/verifications/abcdefgh"), short=None)
