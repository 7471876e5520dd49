"""Attempts to be somebody by a token that is none: forged, out of place, of another purpose or time.

A token is right when the register signed it, for itself, for a client that is there, for this moment. All
that is wrong here is so in one way alone; the good token at the end of each table shows that it would count.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import RSAAlgorithm

from app.identity.caller import Scope
from tests.attacks.siege import Siege
from tests.world import JSON

PRIVATE = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
PUBLIC = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
WEEK = 7 * 24 * 3600


def segment(content: bytes | object) -> str:
    """A part of a token."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def claims(siege: Siege, **change: Any) -> JSON:
    """The claims of a good token of an administrator; `change` replaces some, None leaves them out."""
    admin, now = siege.world.admin, int(siege.world.app.state.clock.now().timestamp())
    register = siege.world.app.state.settings.base_url
    good = {
        "iss": register,
        "aud": register,
        "sub": admin.id,
        "client_id": admin.id,
        "jti": "b6bc8f0f-6f0a-4c55-9a1b-7d3c2b1a0e9f",
        "org": "lkca",
        "role": "admin",
        "scope": " ".join(Scope),
        "iat": now,
        "exp": now + 300,
    }
    return {name: value for name, value in {**good, **change}.items() if value is not None}


def key(siege: Siege, purpose: str = "access tokens") -> bytes:
    """A key of the register's own."""
    made: bytes = siege.world.app.state.settings.key(purpose)
    return made


def forged(secret: bytes, said: JSON, *, alg: str = "HS256", digest: str = "sha256", **header: Any) -> str:
    """A token by hand, so that it can be as wrong as is needed."""
    start = f"{segment({'alg': alg, 'typ': 'at+jwt', **header})}.{segment(said)}"
    return f"{start}.{segment(hmac.digest(secret, start.encode(), digest))}"


def good(siege: Siege) -> str:
    """A token as the register gives it."""
    return forged(key(siege), claims(siege))


def parts(siege: Siege) -> tuple[str, str, str]:
    """Head, claims and signature of a good token."""
    head, said, seal = good(siege).split(".")
    return head, said, seal


def public_pem(which: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """A key as it is published."""
    return which.public_key().public_bytes(*PUBLIC)


def published(siege: Siege) -> JSON:
    """The key that the register publishes for its credentials."""
    keys: list[JSON] = siege.world.http.get("/.well-known/jwks.json").json()["keys"]
    return keys[0]


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """A key of the attacker's own."""
    return rsa.generate_private_key(65537, 2048)


def own_jwk() -> JSON:
    """That key as it would be published."""
    return {**json.loads(RSAAlgorithm.to_jwk(rsa_key().public_key())), "use": "sig", "alg": "RS256"}


OWN_KEYS: dict[str, Callable[[], Any]] = {
    "RS256": rsa_key,
    "PS512": rsa_key,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


def own_key(alg: str, **header: Any) -> Callable[[Siege], str]:
    """A token signed by a key of the attacker's own; what is to be found out first is a function."""

    def made(siege: Siege) -> str:
        found = {name: value() if callable(value) else value for name, value in header.items()}
        return jwt.encode(claims(siege), OWN_KEYS[alg](), alg, headers={"typ": "at+jwt", **found})

    return made


def none(spelt: str, seal: str = "") -> Callable[[Siege], str]:
    """A token that says it needs no signature."""
    return lambda siege: f"{segment({'alg': spelt, 'typ': 'at+jwt'})}.{segment(claims(siege))}.{seal}"


def headed(**header: Any) -> Callable[[Siege], str]:
    """A token signed by a guess, whose head tells where the key is to be found."""
    return lambda siege: forged(b"guess", claims(siege), **header)


def said(**change: Any) -> Callable[[Siege], str]:
    """A token signed by the register's key, with other claims."""
    return lambda siege: forged(key(siege), claims(siege, **change))


def at(**offsets: int) -> Callable[[Siege], str]:
    """A token signed by the register's key, of another time: seconds from now."""

    def made(siege: Siege) -> str:
        now = int(siege.world.app.state.clock.now().timestamp())
        return forged(key(siege), claims(siege, **{name: now + value for name, value in offsets.items()}))

    return made


def signed_by(secret: Callable[[Siege], bytes]) -> Callable[[Siege], str]:
    """A token signed by something that the attacker may know."""
    return lambda siege: forged(secret(siege), claims(siege))


SIGNATURES: dict[str, Callable[[Siege], str]] = {
    "alg none": none("none"),
    "alg None": none("None"),
    "alg NONE": none("NONE"),
    "alg nOnE with a signature": none("nOnE", "x"),
    "alg empty": none(""),
    "alg HS512, signed so": lambda siege: forged(key(siege), claims(siege), alg="HS512", digest="sha512"),
    "alg HS384, signed so": lambda siege: forged(key(siege), claims(siege), alg="HS384", digest="sha384"),
    "alg hs256 in small letters": lambda siege: forged(key(siege), claims(siege), alg="hs256"),
    "alg RS256 above an HMAC": lambda siege: forged(key(siege), claims(siege), alg="RS256"),
    "a list for alg": lambda siege: forged(key(siege), claims(siege), alg=["HS256"]),  # type: ignore[arg-type]
    "no alg": lambda siege: ".".join((segment({"typ": "at+jwt"}), *parts(siege)[1:])),
    "RS256 by a key of one's own": own_key("RS256"),
    "PS512 by a key of one's own": own_key("PS512"),
    "ES256 by a key of one's own": own_key("ES256"),
    "EdDSA by a key of one's own": own_key("EdDSA"),
    "HMAC with one's own public key": signed_by(lambda _: public_pem(rsa_key())),
    "HMAC with the published key, as JSON": signed_by(lambda siege: json.dumps(published(siege)).encode()),
    "HMAC with the published key, its bytes": signed_by(
        lambda siege: base64.urlsafe_b64decode(published(siege)["x"] + "=")
    ),
    "HMAC with the published key, its text": signed_by(lambda siege: published(siege)["x"].encode()),
    "EdDSA in the name of the published key": lambda siege: own_key("EdDSA", kid=published(siege)["kid"])(
        siege
    ),
    "HMAC with nothing": signed_by(lambda _: b""),
    "HMAC with zeros": signed_by(lambda _: bytes(32)),
    "HMAC with a word": signed_by(lambda _: b"secret"),
    "HMAC with the client's secret": signed_by(
        lambda siege: siege.world.fleck.credentials["clientSecret"].encode()
    ),
    "HMAC with the digest of the client's secret": signed_by(
        lambda siege: hashlib.sha256(siege.world.fleck.credentials["clientSecret"].encode()).digest()
    ),
    "HMAC with the key of personal links": signed_by(lambda siege: key(siege, "personal links")),
    "HMAC with the key of kept answers": signed_by(lambda siege: key(siege, "idempotent answers")),
    "kid of the public key of a file": headed(kid="../../../../../../dev/null"),
    "kid of a file, with a NUL": headed(kid="/etc/passwd\0.pem"),
    "kid of a file by URL": headed(kid="file:///dev/null"),
    "kid of a server of one's own": headed(kid="https://attacker.example/key"),
    "kid that is SQL": headed(kid="x' UNION SELECT 'guess' --"),
    "kid that is a command": headed(kid="$(id)|id;`id`"),
    "kid that is no text": headed(kid={"$ne": None}),
    "jku of a server of one's own": headed(jku="https://attacker.example/jwks.json"),
    "x5u of a server of one's own": headed(x5u="http://169.254.169.254/latest/meta-data/"),
    "x5c of one's own": headed(x5c=[base64.b64encode(b"certificate").decode()]),
    "jwk of one's own, RSA": own_key("RS256", jwk=own_jwk),
    "jwk of one's own, HMAC": headed(jwk={"kty": "oct", "k": segment(b"guess"), "alg": "HS256"}),
    "crit that nobody knows": lambda siege: forged(key(siege), claims(siege), crit=["x"], x=1),
    "b64 false": lambda siege: forged(key(siege), claims(siege), crit=["b64"], b64=False),
    "zip": lambda siege: forged(b"guess", claims(siege), zip="DEF"),
}
SHAPES: dict[str, Callable[[Siege], str]] = {
    "no signature": lambda siege: ".".join((*parts(siege)[:2], "")),
    "two parts": lambda siege: ".".join(parts(siege)[:2]),
    "one part": lambda siege: parts(siege)[1],
    "four parts": lambda siege: ".".join((*parts(siege), parts(siege)[2])),
    "five parts, as if encrypted": lambda siege: ".".join((*parts(siege), "x", "x")),
    "a dot too many": lambda siege: f"{good(siege)}.",
    "two dots in a row": lambda siege: "..".join(parts(siege)[:2]),
    "dots alone": lambda _: "..",
    "the claims of another under a good signature": lambda siege: ".".join(
        (parts(siege)[0], segment(claims(siege, sub="lkca-admin-other")), parts(siege)[2])
    ),
    "padded": lambda siege: f"{good(siege)}==",
    "in the other alphabet": lambda siege: f"{'.'.join(parts(siege)[:2])}.+/+/{parts(siege)[2][4:]}",
    "with a NUL": lambda siege: f"{good(siege)}%00",
    "the end of its signature turned": lambda siege: good(siege)[:-4] + good(siege)[-4:].swapcase(),
    "a token within a token": lambda siege: forged(b"guess", claims(siege), cty="JWT", inner=good(siege)),
    "claims that are a list": lambda siege: forged(key(siege), [claims(siege)]),  # type: ignore[arg-type]
    "claims that are a text": lambda siege: forged(key(siege), "admin"),  # type: ignore[arg-type]
    "claims that are nothing": lambda siege: forged(key(siege), {}),
    "claims that are deep": lambda siege: _raw(siege, b'{"a":' * 20_00 + b"1" + b"}" * 20_00),
    "claims that are no JSON": lambda siege: _raw(siege, b"role=admin"),
    "claims that are no text": lambda siege: _raw(siege, b"\xff\xfe"),
    "nothing but the word for it": lambda _: "null",
}
CLAIMS: dict[str, Callable[[Siege], str]] = {
    "another audience": said(aud="elsewhere"),
    "a name for an audience": said(aud="cultuurcoordinator"),
    "several audiences, this one among them": said(aud=["elsewhere", "https://register.example"]),
    "no audience": said(aud=None),
    "another issuer": said(iss="https://attacker.example"),
    "an issuer like this one": said(iss="cultuurcoordinator "),
    "an issuer in capitals": said(iss="CULTUURCOORDINATOR"),
    "no issuer": said(iss=None),
    "ended a second ago": at(iat=-301, exp=-1),
    "ending now": at(iat=-300, exp=0),
    "ended long ago": at(iat=-WEEK, exp=-WEEK + 300),
    "not begun": at(iat=61, exp=361),
    "begun in a year": at(iat=52 * WEEK, exp=52 * WEEK + 300),
    "not to be used yet": at(nbf=WEEK),
    "without an end": said(exp=None),
    "with an end that is a text": said(exp="9999999999"),
    "with an end that is endless": said(exp=float("inf")),
    "with an end that is true": said(exp=True),
    "with an end that is a list": said(exp=[9999999999]),
    "without a beginning": said(iat=None),
    "with a beginning that is nothing": said(iat=False, exp=0),
    "of nobody": said(sub=None),
    "of a client that never was": said(sub="lkca-admin-00000000"),
    "of a number": said(sub=7),
    "of everybody": said(sub="%"),
    "of SQL": said(sub="x' OR '1'='1"),
    "of the register itself": said(sub="system"),
    "without an organisation": said(org=None),
    "of organisations": said(org=["lkca"]),
    "without a role": said(role=None),
    "of an unknown role": said(role="root"),
    "of several roles": said(role=["admin", "certifier"]),
    "without scopes": said(scope=None),
    "with every scope, as a star": said(scope="*"),
    "with scopes in a list": said(scope=["clients:write"]),
}
TOKENS = {**SIGNATURES, **SHAPES, **CLAIMS}
# Where each is tried: something to read, something to write, something that is the administrator's alone.
DOORS = (("GET", "/v1/registrations"), ("POST", "/v1/clients"), ("GET", "/v1/clients"))


def _raw(siege: Siege, content: bytes) -> str:
    """A token signed by the register's key, of any bytes."""
    start = f"{segment({'alg': 'HS256', 'typ': 'at+jwt'})}.{segment(content)}"
    return f"{start}.{segment(hmac.digest(key(siege), start.encode(), 'sha256'))}"


def call(siege: Siege, method: str, path: str, header: str) -> httpx.Response:
    """The answer to a call with this Authorization header."""
    body = {"organisation": "lkca", "role": "admin", "name": "indringer"} if method == "POST" else None
    return siege.world.http.request(method, path, json=body, headers={"Authorization": header})


@pytest.mark.parametrize("name", TOKENS)
def test_no_token_but_ours_opens_a_door(untouched: Siege, name: str) -> None:
    token = TOKENS[name](untouched)
    for method, path in DOORS:
        answer = call(untouched, method, path, f"Bearer {token}")
        assert answer.status_code == 401, answer.text
        assert answer.json()["type"].endswith(":unauthenticated")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_the_token_that_all_of_them_differ_from_does(siege: Siege) -> None:
    for method, path in (DOORS[0], DOORS[2]):
        assert call(siege, method, path, f"Bearer {good(siege)}").status_code == 200


LINKS = ("token", "pageToken", "calendarToken", "holderToken", "code")
# What the register made for something else, by name.
ELSEWHERE: dict[str, Callable[[Siege], str]] = {
    **{f"the link's {name}": lambda siege, name=name: siege.spoils.theirs[name] for name in LINKS},  # type: ignore[misc]
    "a cursor": lambda siege: str(
        siege.world.admin.get("/v1/registrations", params={"limit": 1}).json()["nextCursor"]
    ),
    "a client's secret": lambda siege: str(siege.world.admin.credentials["clientSecret"]),
    "a client's id": lambda siege: siege.world.admin.id,
    "a certificate as a token": lambda siege: siege.world.http.get(
        f"/v1/holder-pages/{siege.spoils.theirs['holderToken']}/certificates/{siege.spoils.theirs['number']}/token"
    ).text.strip('"\n'),
    "the head of the register": lambda siege: str(_head(siege)),
}


def _head(siege: Siege) -> str:
    items = siege.world.http.get("/v1/register-heads").json()["items"]
    return items[0]["token"] if items else "eyJhbGciOiJFZERTQSJ9.e30.x"


@pytest.mark.parametrize("name", ELSEWHERE)
def test_nothing_that_was_made_for_something_else_is_an_access_token(untouched: Siege, name: str) -> None:
    token = ELSEWHERE[name](untouched)
    assert len(token) > 8
    for method, path in DOORS:
        assert call(untouched, method, path, f"Bearer {token}").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/v1/enrolment-forms/{}",
        "/v1/draw-receipts/{}",
        "/v1/personal-pages/{}",
        "/v1/personal-calendars/{}",
        "/v1/holder-pages/{}",
        "/v1/verifications/{}",
    ],
)
def test_an_access_token_is_no_link(untouched: Siege, path: str) -> None:
    for token in (
        good(untouched),
        untouched.world.admin.credentials["clientSecret"],
        untouched.world.admin.id,
    ):
        assert untouched.world.http.get(path.format(token)).status_code in (400, 404)


def test_an_access_token_is_no_cursor(untouched: Siege) -> None:
    answer = untouched.world.admin.get("/v1/registrations", params={"cursor": good(untouched)})
    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/cursor"]


# Where a token may not stand, and how it may not be written.
HEADERS: dict[str, Callable[[str], str]] = {
    "without a scheme": lambda token: token,
    "as Basic": lambda token: f"Basic {token}",
    "as a user's name": lambda token: "Basic " + base64.b64encode(f"{token}:".encode()).decode(),
    "as a password": lambda token: "Basic " + base64.b64encode(f"x:{token}".encode()).decode(),
    "as Token": lambda token: f"Token {token}",
    "as JWT": lambda token: f"JWT {token}",
    "as DPoP": lambda token: f"DPoP {token}",
    "as Digest": lambda token: f"Digest {token}",
    "with a colon": lambda token: f"Bearer: {token}",
    "with an equals sign": lambda token: f"Bearer={token}",
    "with a scheme too many": lambda token: f"Bearer Bearer {token}",
    "between quotation marks": lambda token: f'Bearer "{token}"',
    "as a list": lambda token: f"Bearer {token}, Bearer {token}",
    "behind another": lambda token: f"Basic eDp5, Bearer {token}",
    "with something behind it": lambda token: f"Bearer {token} admin",
    "as a parameter": lambda token: f'Bearer token="{token}"',
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_token_counts_only_as_a_bearer_token(untouched: Siege, name: str) -> None:
    for method, path in DOORS:
        assert call(untouched, method, path, HEADERS[name](good(untouched))).status_code == 401


PLACES: dict[str, Callable[[str], dict[str, Any]]] = {
    "in the query": lambda token: {"params": {"access_token": token}},
    "in the query, by another name": lambda token: {"params": {"token": token}},
    "in a form": lambda token: {"data": {"access_token": token}},
    "in a cookie": lambda token: {
        "headers": {"Cookie": f"access_token={token}; Authorization=Bearer {token}"}
    },
    "in a header of a proxy's": lambda token: {"headers": {"X-Forwarded-Access-Token": token}},
    "in Proxy-Authorization": lambda token: {"headers": {"Proxy-Authorization": f"Bearer {token}"}},
    "in X-Authorization": lambda token: {"headers": {"X-Authorization": f"Bearer {token}"}},
    "as the name of who is trusted": lambda _: {
        "headers": {"X-Forwarded-User": "admin", "X-Remote-User": "admin"}
    },
    "by a client certificate that a proxy would have seen": lambda _: {
        "headers": {"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-S-DN": "CN=admin"}
    },
    "by an address of this machine": lambda _: {
        "headers": {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "X-Real-IP": "127.0.0.1"}
    },
    "by another method": lambda _: {"headers": {"X-HTTP-Method-Override": "OPTIONS"}},
    "by another address": lambda _: {
        "headers": {"X-Original-URL": "/health/live", "X-Rewrite-URL": "/health/live"}
    },
}


@pytest.mark.parametrize("name", PLACES)
def test_a_token_counts_only_in_its_header(untouched: Siege, name: str) -> None:
    for method, path in DOORS:
        answer = untouched.world.http.request(method, path, **PLACES[name](good(untouched)))
        # A form is refused for being one before anybody looks who sends it.
        refused = 415 if (method, name) == ("POST", "in a form") else 401
        assert answer.status_code == refused, (method, answer.text)


def test_two_authorization_headers_make_no_token(untouched: Siege) -> None:
    """Servers differ in which of two they read; a bad one before a good one opens nothing."""
    world = untouched.world
    stranger = f"Bearer {untouched.party('outsider').token()}"
    for lines in ((stranger, f"Bearer {good(untouched)}"), ("Basic eDp5", f"Bearer {good(untouched)}")):
        headers = [("Authorization", line) for line in lines]
        answer = world.http.request("GET", "/v1/clients", headers=headers)
        assert answer.status_code in (400, 401, 403), answer.text


def test_an_ended_clients_token_and_secret_open_nothing(untouched: Siege) -> None:
    ended = untouched.party("ended")
    for method, path in DOORS:
        assert call(untouched, method, path, f"Bearer {ended.token()}").status_code == 401
    form = {
        "grant_type": "client_credentials",
        "client_id": ended.id,
        "client_secret": ended.credentials["clientSecret"],
    }
    answer = untouched.world.http.post("/v1/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


# Claims of a client that is there, which say more than it is.
RAISED: dict[str, JSON] = {
    "a partner's client as an administrator": {"role": "admin"},
    "a partner's client as the certifier": {"role": "certifier"},
    "a partner's client as a provider": {"role": "provider"},
    "a partner's client of another organisation": {"org": "mocca"},
}


@pytest.mark.parametrize("name", RAISED)
def test_whoever_could_sign_would_still_be_the_client_it_names(untouched: Siege, name: str) -> None:
    """With the register's key anything can be said; what matters is that nobody has it.

    Without it, the same claims under any other key are refused.
    """
    fleck = untouched.world.fleck
    raised = claims(untouched, sub=fleck.id, **{"org": "fleck", "role": "partner", **RAISED[name]})
    for secret in (b"guess", key(untouched, "personal links"), fleck.credentials["clientSecret"].encode()):
        for method, path in DOORS:
            assert call(untouched, method, path, f"Bearer {forged(secret, raised)}").status_code == 401
