"""Tokens: how they are asked for (RFC 6749), how long they last, and what is no token of ours."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import httpx
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identity import tokens
from app.identity.caller import ROLE_SCOPES, Caller, Role, Scope, Unauthenticated
from tests.world import JSON, Party, World, registration

NOW = datetime(2021, 6, 15, 7, tzinfo=UTC)
KEY = bytes(32)
ISSUER = "https://register.example"
GRANT = {"grant_type": "client_credentials"}


def ask(world: World, *, basic: str | None = None, **form: str) -> httpx.Response:
    """The answer of the token endpoint to this form, with this Authorization header."""
    headers = {"Authorization": basic} if basic is not None else {}
    return world.http.post("/v1/oauth/token", data={**GRANT, **form}, headers=headers)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def credentials(party: Party) -> dict[str, str]:
    return {"client_id": party.id, "client_secret": party.credentials["clientSecret"]}


def call(world: World, token: str, path: str = "/v1/registrations") -> httpx.Response:
    return world.http.get(path, headers={"Authorization": f"Bearer {token}"})


def segment(content: bytes | object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(key: bytes, claims: JSON, *, alg: str = "HS256", digest: str = "sha256", **header: Any) -> str:
    """A JWT by hand, so that it can be as wrong as is needed."""
    start = f"{segment({'alg': alg, 'typ': 'at+jwt', **header})}.{segment(claims)}"
    return f"{start}.{segment(hmac.digest(key, start.encode(), digest))}"


def claims(party: Party, **change: Any) -> JSON:
    """The claims of a good token; `change` replaces some, None leaves them out."""
    good = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": party.id,
        "client_id": party.id,
        "jti": "one of a kind",
        "org": party.credentials["organisation"],
        "role": party.role.value,
        "scope": "registrations:read",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 300,
    }
    return {name: value for name, value in {**good, **change}.items() if value is not None}


@pytest.mark.parametrize("way", ["basic", "form"])
def test_a_client_gets_a_token_with_the_scopes_of_its_role(world: World, way: str) -> None:
    fleck = credentials(world.fleck)
    answer = ask(world, basic=basic(*fleck.values())) if way == "basic" else ask(world, **fleck)
    made = answer.json()
    assert answer.status_code == 200
    assert set(made) == {"access_token", "token_type", "expires_in", "scope"}
    assert (made["token_type"], made["expires_in"]) == ("Bearer", 900)
    assert set(made["scope"].split()) == {scope.value for scope in ROLE_SCOPES[Role.PARTNER]}
    assert answer.headers["cache-control"] == "no-store"
    assert call(world, made["access_token"]).status_code == 200


def test_id_and_secret_may_be_encoded_as_in_a_form(world: World) -> None:
    fleck = credentials(world.fleck)
    encoded = ["".join(f"%{ord(character):02x}" for character in value) for value in fleck.values()]
    assert ask(world, basic=basic(encoded[0], encoded[1])).status_code == 200
    assert ask(world, basic=basic(quote_plus(fleck["client_id"]), encoded[1])).status_code == 200
    assert ask(world, basic=basic(*fleck.values()).replace("Basic", "bASIC")).status_code == 200


def test_a_token_may_have_fewer_scopes(world: World) -> None:
    answer = ask(world, scope=" registrations:read  registrations:read ", **credentials(world.fleck))
    assert answer.json()["scope"] == "registrations:read"
    token = answer.json()["access_token"]
    assert call(world, token).status_code == 200
    refused = world.http.post(
        "/v1/registrations", json=registration(), headers={"Authorization": f"Bearer {token}"}
    )
    assert refused.status_code == 403
    assert refused.json()["type"].endswith(":forbidden")
    challenge = 'Bearer error="insufficient_scope", scope="registrations:write"'
    assert refused.headers["www-authenticate"] == challenge


def test_no_scope_at_all_means_every_scope_of_the_role(world: World) -> None:
    whole = ask(world, **credentials(world.fleck)).json()["scope"]
    for scope in ("", " "):
        assert ask(world, scope=scope, **credentials(world.fleck)).json()["scope"] == whole


def test_a_scope_outside_the_role_is_refused(world: World) -> None:
    for scope in ("nothing", "registrations:read clients:write", "REGISTRATIONS:READ", "events:read,x", "*"):
        answer = ask(world, scope=scope, **credentials(world.fleck))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope"), scope
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_secret_and_an_unknown_client_get_the_same_answer(world: World) -> None:
    fleck, mocca = credentials(world.fleck), credentials(world.mocca)
    answers = [
        ask(world, **{**fleck, "client_secret": "wrong"}),
        ask(world, **{**fleck, "client_secret": mocca["client_secret"]}),
        ask(world, **{**fleck, "client_secret": fleck["client_secret"].swapcase()}),
        ask(world, **{**fleck, "client_id": "nobody"}),
        ask(world, **{**fleck, "client_id": fleck["client_id"].upper()}),
        ask(world, basic=basic(fleck["client_id"], "")),
        ask(world, basic=basic("", fleck["client_secret"])),
        ask(world, basic="Basic ", client_id=""),
        ask(world, basic=basic("nobody", "wrong:wrong")),
        ask(world, client_id=fleck["client_id"]),
        ask(world),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"] == 'Basic realm="token"'
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_an_ended_client_gets_no_token(world: World) -> None:
    assert world.admin.delete(f"/v1/clients/{world.fleck.id}").status_code == 204
    answer = ask(world, **credentials(world.fleck))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_another_grant_is_not_known(world: World) -> None:
    for grant in ("password", "authorization_code", "CLIENT_CREDENTIALS", "x"):
        answer = ask(world, **{**credentials(world.fleck), "grant_type": grant})
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type"), grant


def test_a_request_without_its_parts_says_so_as_oauth_does(world: World) -> None:
    """RFC 6749, section 5.2: `error` is there in every refusal."""
    requests: list[dict[str, Any]] = [
        {},
        {"data": {"grant_type": ""}},
        {"data": credentials(world.fleck)},
        {"json": {**GRANT, **credentials(world.fleck)}},
        {"data": {**GRANT, "client_id": "x" * 101}},
        {"data": {**GRANT, "client_id": "a\x00b"}},
        {"data": {**GRANT, "scope": "x" * 2001}},
    ]
    told = [world.http.post("/v1/oauth/token", **request).json().get("error") for request in requests]
    assert told[:4] == ["invalid_request"] * 4
    assert set(told[4:]) <= {"invalid_request", "invalid_client", "invalid_scope"}


def test_a_header_that_is_not_basic_is_refused(world: World) -> None:
    pairs = [base64.b64encode(pair).decode() for pair in (b"\xff:\xff", b"a\x00:b", b"a:b\n")]
    headers = [
        "Basic !!!",
        "Basic Zg",
        "Bearer x",
        "Digest username=x",
        "x",
        *(f"Basic {pair}" for pair in pairs),
    ]
    for header in headers:
        answer = ask(world, basic=header, **credentials(world.fleck))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), header


def test_no_credentials_make_a_failure_of_ours(world: World) -> None:
    strange = ["%00", "a%00b", "%ff", "%", "%zz", "é", "😀", "x" * 5000, "%ED%A0%80", "'; --", "%0d%0a"]
    headers = [*(basic(one, "x") for one in strange), *(basic("x", one) for one in strange)]
    statuses = {header: ask(world, basic=header).status_code for header in headers}
    assert {header: status for header, status in statuses.items() if status not in (400, 401)} == {}
    raw = world.http.post("/v1/oauth/token", data=GRANT, headers={b"Authorization": b"Basic \xe9\xff"})
    assert raw.status_code == 400


def test_a_token_lasts_as_long_as_it_says(world: World) -> None:
    token = ask(world, **credentials(world.fleck)).json()["access_token"]
    statuses = {}
    for moment in ("06:59:59", "07:00:00", "07:14:59", "07:15:00", "08:00:00"):
        world.at(f"2021-06-15T{moment}+00:00")
        statuses[moment] = call(world, token).status_code
    assert statuses == {
        "06:59:59": 401,
        "07:00:00": 200,
        "07:14:59": 200,
        "07:15:00": 401,
        "08:00:00": 401,
    }


def test_a_token_is_for_a_client_that_is_there(world: World) -> None:
    token = world.fleck.token()
    assert call(world, token).status_code == 200
    world.admin.delete(f"/v1/clients/{world.fleck.id}")
    answer = call(world, token)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    key = world.app.state.settings.key("access tokens")
    assert call(world, signed(key, claims(world.mocca, sub="nobody"))).status_code == 401


def test_without_a_token_the_challenge_names_no_error(world: World) -> None:
    for header in ({}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Basic eDp5"}):
        answer = world.http.get("/v1/registrations", headers=header)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["type"].endswith(":unauthenticated")


def test_a_token_is_a_bearer_token_in_any_case(world: World) -> None:
    headers = {"Authorization": f"bEARER  {world.fleck.token()} "}
    assert world.http.get("/v1/registrations", headers=headers).status_code == 200


def test_a_token_in_the_address_is_no_token(world: World) -> None:
    assert world.http.get(f"/v1/registrations?access_token={world.fleck.token()}").status_code == 401


def test_what_is_not_signed_by_us_is_refused(world: World) -> None:
    key, good = world.app.state.settings.key("access tokens"), claims(world.fleck)
    assert call(world, signed(key, good)).status_code == 200
    head, body, tail = signed(key, good).split(".")
    flipped = tail[:-2] + ("A" if tail[-2] != "A" else "B") + tail[-1]
    forged = {
        "another body": f"{head}.{segment(claims(world.fleck, role='admin'))}.{tail}",
        "another signature": f"{head}.{body}.{flipped}",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{head}.{body}.{tail}.{tail}",
        "alg none": f"{segment({'alg': 'none', 'typ': 'at+jwt'})}.{body}.",
        "alg NONE": f"{segment({'alg': 'NONE'})}.{body}.{tail}",
        "no alg": f"{segment({'typ': 'at+jwt'})}.{body}.{tail}",
        "another alg": signed(key, good, alg="HS512", digest="sha512"),
        "an alg of keys": signed(key, good, alg="RS256"),
        "critical": signed(key, good, crit=["x"], x=1),
        "another purpose": signed(world.app.state.settings.key("enrolment forms"), good),
        "another key": signed(hashlib.sha256(b"guess").digest(), good),
        "an empty key": signed(b"", good),
        "a key of its own": signed(key, good, jwk={"kty": "oct", "k": segment(bytes(32))})[:-1],
    }
    statuses = {name: call(world, token).status_code for name, token in forged.items()}
    assert statuses == dict.fromkeys(forged, 401)


def test_what_is_signed_by_us_for_something_else_is_refused(world: World) -> None:
    key, later = world.app.state.settings.key("access tokens"), int(NOW.timestamp()) + 1
    wrong: dict[str, JSON] = {
        "another audience": {"aud": "elsewhere"},
        "no audience": {"aud": None},
        "another issuer": {"iss": "elsewhere"},
        "no issuer": {"iss": None},
        "no end": {"exp": None},
        "no beginning": {"iat": None},
        "ended": {"exp": int(NOW.timestamp())},
        "not begun": {"iat": later},
        "not to be used yet": {"nbf": later},
        "an end in words": {"exp": "tomorrow"},
        "no end to it": {"exp": float("inf")},
        "nobody": {"sub": None},
        "a number": {"sub": 7},
        "no organisation": {"org": None},
        "no role": {"role": None},
        "another role": {"role": "owner"},
        "a role that is a list": {"role": ["admin"]},
        "no scope": {"scope": None},
        "an unknown scope": {"scope": "registrations:read everything"},
        "scopes in a list": {"scope": ["registrations:read"]},
    }
    statuses = {
        name: call(world, signed(key, claims(world.fleck, **change))) for name, change in wrong.items()
    }
    assert {name: answer.status_code for name, answer in statuses.items()} == dict.fromkeys(wrong, 401)
    challenges = {answer.headers["www-authenticate"] for answer in statuses.values()}
    assert challenges == {'Bearer error="invalid_token"'}


@pytest.mark.parametrize("role", Role)
def test_a_token_never_gives_more_than_its_role_has(role: Role) -> None:
    everything = Caller("x", "fleck", role, frozenset(Scope))
    token = tokens.issue(KEY, ISSUER, everything, NOW, timedelta(minutes=5))
    assert tokens.read(KEY, ISSUER, token, NOW).scopes == ROLE_SCOPES[role]


def test_a_token_with_every_scope_opens_no_other_roles_doors(world: World) -> None:
    key = world.app.state.settings.key("access tokens")
    token = signed(key, claims(world.fleck, scope=" ".join(Scope)))
    assert call(world, token).status_code == 200
    assert call(world, token, "/v1/clients").status_code == 403


@hypothesis.settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(Role),
    st.sets(st.sampled_from(Scope)),
    st.timedeltas(timedelta(seconds=-400), timedelta(seconds=400)),
)
def test_a_token_stands_for_its_caller_while_it_lasts(role: Role, scopes: set[Scope], age: timedelta) -> None:
    caller = Caller("fleck-partner-1", "fleck", role, frozenset(scopes) & ROLE_SCOPES[role])
    token = tokens.issue(KEY, ISSUER, caller, NOW, timedelta(minutes=5))
    if timedelta() <= age < timedelta(minutes=5):
        assert tokens.read(KEY, ISSUER, token, NOW + age) == caller
    else:
        with pytest.raises(Unauthenticated):
            tokens.read(KEY, ISSUER, token, NOW + age)


@hypothesis.settings(max_examples=50, deadline=None)
@given(st.text() | st.text("abAB01-_.=", min_size=3))
def test_no_text_is_a_token(text: str) -> None:
    for token in (text, f"{segment({'alg': 'HS256'})}.{text}.{text}", f"{segment(text.encode())}..{text}"):
        with pytest.raises(Unauthenticated):
            tokens.read(KEY, ISSUER, token, NOW)


@hypothesis.settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_token_with_any_bit_turned_is_refused(place: int, turned: int) -> None:
    caller = Caller("fleck-partner-1", "fleck", Role.PARTNER, frozenset())
    parts = tokens.issue(KEY, ISSUER, caller, NOW, timedelta(minutes=5)).split(".")
    raws = [bytearray(base64.urlsafe_b64decode(part + "==")) for part in parts]
    raw = raws[place % 3]
    raw[place % len(raw)] ^= turned
    with pytest.raises(Unauthenticated):
        tokens.read(KEY, ISSUER, ".".join(segment(bytes(one)) for one in raws), NOW)
