"""Clients that say who they are by a key of their own: private_key_jwt (RFC 7523)."""

import contextlib
import hashlib
import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.identity import assertions, jwk
from tests.conftest import sql
from tests.identity.test_tokens import NOW, basic, signed
from tests.world import JSON, World

ENDPOINT = "https://register.example/v1/oauth/token"
EDWARDS = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
RIVEST = rsa.generate_private_key(65537, 2048)
NIST, LARGER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
KINDS = [(EDWARDS, "EdDSA"), (RIVEST, "RS256"), (RIVEST, "PS256"), (NIST, "ES256"), (LARGER, "ES384")]


def public(key: Any, **more: str) -> JSON:
    """The public half of a key as JWK."""
    reads = {rsa.RSAPrivateKey: "RS256", ed25519.Ed25519PrivateKey: "EdDSA"}
    algorithm = next((name for kind, name in reads.items() if isinstance(key, kind)), "ES256")
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {name: value for name, value in made.items() if name not in ("use", "key_ops")} | more


def added(world: World, *keys: JSON) -> str:
    """The id of a client with these keys and no secret."""
    body = {"organisation": "fleck", "role": "partner", "jwks": {"keys": list(keys)}}
    answer = world.admin.post("/v1/clients", body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["clientSecret"] == ""
    assert answer.json()["secrets"] == []
    return str(answer.json()["clientId"])


def claims(client: str, now: datetime = NOW, **change: Any) -> JSON:
    """The claims of a good assertion; None leaves one out."""
    good = {
        "iss": client,
        "sub": client,
        "aud": ENDPOINT,
        "jti": str(uuid4()),
        "iat": int(now.timestamp()),
        "exp": int(now.timestamp()) + 300,
    }
    return {name: value for name, value in {**good, **change}.items() if value is not None}


def made(client: str, key: Any = EDWARDS, alg: str = "EdDSA", **change: Any) -> str:
    """An assertion; what of `change` begins with `head_` goes into its header."""
    header = {name[5:]: value for name, value in change.items() if name.startswith("head_")}
    said = {name: value for name, value in change.items() if not name.startswith("head_")}
    return jwt.encode(claims(client, **said), key, alg, headers=header)


def claims_to_be(assertion: str, client: str) -> bool:
    """Whether it counts as a guess for this client."""
    with contextlib.suppress(assertions.NotProven):
        return assertions.claimed(assertion) == client
    return False


def ask(world: World, assertion: str, **form: str) -> httpx.Response:
    sent = {
        "grant_type": "client_credentials",
        "client_assertion_type": assertions.TYPE,
        "client_assertion": assertion,
        **form,
    }
    return world.http.post("/v1/oauth/token", data={name: value for name, value in sent.items() if value})


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("error")


@pytest.mark.parametrize(("key", "alg"), KINDS)
def test_each_kind_of_key_gets_a_token_that_works(world: World, key: Any, alg: str) -> None:
    client = added(world, public(key, kid="one"))
    for audience in (ENDPOINT, [ENDPOINT], "https://register.example"):
        answer = ask(world, made(client, key, alg, aud=audience, head_kid="one"), client_id=client)
        assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert world.http.get("/v1/registrations", headers=headers).status_code == 200
    shown = world.admin.get(f"/v1/clients/{client}").json()
    assert shown["lastUsedAt"] == "2021-06-15T07:00:00Z"
    assert shown["keys"] == [public(key, kid="one")]


def test_scopes_and_client_id_may_be_left_out_or_named(world: World) -> None:
    client = added(world, public(EDWARDS))
    assert ask(world, made(client), scope="registrations:read").json()["scope"] == "registrations:read"
    assert told(ask(world, made(client), scope="clients:write")) == (400, "invalid_scope")
    assert told(ask(world, made(client), client_id=world.fleck.id)) == (401, "invalid_client")


def test_an_assertion_counts_once(world: World) -> None:
    client = added(world, public(EDWARDS))
    once = made(client)
    answers = world.http.together([partial(ask, world, once) for _ in range(6)])
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5
    assert told(ask(world, once)) == (401, "invalid_client")
    # Another client's may have the same id.
    other = added(world, public(OTHER))
    number = jwt.decode(once, options={"verify_signature": False})["jti"]
    assert ask(world, made(other, OTHER, jti=number)).status_code == 200


def test_used_assertions_are_forgotten_once_they_have_expired(world: World) -> None:
    client = added(world, public(EDWARDS))
    for _ in range(3):
        assert ask(world, made(client)).status_code == 200
    assert len(sql(world.database_url, "SELECT * FROM client_assertion")) == 3
    world.at("2021-06-15T07:30:00+00:00")
    later = made(client, now=NOW + timedelta(minutes=30))
    assert ask(world, later).status_code == 200
    [left] = sql(world.database_url, "SELECT * FROM client_assertion")
    number = jwt.decode(later, options={"verify_signature": False})["jti"]
    assert left["digest"] == hashlib.sha256(number.encode()).digest()


def test_what_does_not_prove_it_is_refused_in_the_same_words(world: World) -> None:
    client = added(world, public(EDWARDS, kid="one"), public(RIVEST, kid="two", alg="PS256"))
    start = int(NOW.timestamp())
    pem = RIVEST.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    wrong = {
        "another key": made(client, OTHER),
        "another key's id": made(client, head_kid="two"),
        "an unknown key's id": made(client, head_kid="three"),
        "another client": made(world.fleck.id),
        "nobody": made("nobody"),
        "another issuer": made(client, iss=world.fleck.id),
        "no issuer": made(client, iss=None),
        "no subject": made(client, sub=None),
        "another audience": made(client, aud="https://other.example"),
        "another audience too": made(client, aud=[ENDPOINT, "https://other.example"]),
        "no audience": made(client, aud=None),
        "an audience with more": made(client, aud=f"{ENDPOINT}/"),
        "no end": made(client, exp=None),
        "past": made(client, exp=start),
        "too long": made(client, exp=start + 361),
        "an end in words": signed(b"x" * 32, claims(client, exp="tomorrow")),
        "an endless end": made(client, exp=10**30),
        "not yet": made(client, nbf=start + 61),
        "of later": made(client, iat=start + 61),
        "no id": made(client, jti=None),
        "an empty id": made(client, jti=""),
        "a long id": made(client, jti="x" * 201),
        "an access token": made(client, head_typ="at+jwt"),
        "something critical": made(client, head_crit=["b64"], head_b64=True),
        "no signature": jwt.encode(claims(client), "", "none"),
        "a shared key": signed(pem, claims(client)),
        "the public key as secret": signed(EDWARDS.public_key().public_bytes_raw(), claims(client)),
        "an algorithm that is not the key's": made(client, RIVEST, "RS256", head_kid="two"),
        "another length": made(client, RIVEST, "PS512", head_kid="two"),
        "no token": "x.y.z",
        "a list": jwt.api_jws.PyJWS().encode(b"[]", b"x" * 32, "HS256"),
    }
    settings = world.app.state.settings
    world.app.state.settings = settings.model_copy(
        update={"guesses_per_minute": sum(claims_to_be(one, client) for one in wrong.values())}
    )
    answers = {name: ask(world, assertion) for name, assertion in wrong.items()}
    assert {name: told(one) for name, one in answers.items()} == dict.fromkeys(wrong, (401, "invalid_client"))
    assert len({answer.json()["detail"] for answer in answers.values()}) == 1
    assert ask(world, made(client)).status_code == 429  # enough guessed for this minute
    world.app.state.settings = settings.model_copy(update={"guesses_per_minute": 0})
    assert ask(world, made(client, head_kid="one")).status_code == 200


def test_clocks_may_differ_by_a_minute(world: World) -> None:
    client = added(world, public(EDWARDS))
    start = int(NOW.timestamp())
    good = made(client, iat=start + 60, nbf=start + 60, exp=start + 360)
    assert ask(world, good).status_code == 200


def test_a_request_says_who_it_is_of_in_one_way(world: World) -> None:
    client = added(world, public(EDWARDS))
    fleck = world.fleck
    secret = fleck.credentials["clientSecret"]
    header = {"Authorization": basic(fleck.id, secret)}
    form = {"grant_type": "client_credentials"}
    proof = {"client_assertion_type": assertions.TYPE, "client_assertion": made(client)}
    requests: list[JSON] = [
        {"data": {**form, **proof, "client_secret": "x"}},
        {"data": {**form, **proof}, "headers": header},
        {"data": {**form, "client_id": fleck.id, "client_secret": secret}, "headers": header},
        {"data": {**form, "client_id": "another"}, "headers": header},
        {"data": {**form, "client_assertion": made(client)}},
        {"data": {**form, "client_assertion_type": assertions.TYPE}},
        {"data": {**form, **proof, "client_assertion_type": "urn:other"}},
        {"data": {**form, **proof, "client_assertion": "x" * 8001}},
    ]
    answers = [world.http.post("/v1/oauth/token", **request) for request in requests]
    assert [told(answer) for answer in answers] == [(400, "invalid_request")] * len(requests)
    same = world.http.post("/v1/oauth/token", data={**form, "client_id": fleck.id}, headers=header)
    assert same.status_code == 200


def test_an_ended_client_gets_no_token_by_its_key(world: World) -> None:
    client = added(world, public(EDWARDS))
    world.admin.delete(f"/v1/clients/{client}")
    assert told(ask(world, made(client))) == (401, "invalid_client")
    answer = world.admin.put(f"/v1/clients/{client}/keys", {"keys": []})
    assert answer.status_code == 404


def test_keys_are_replaced_and_taken_away(world: World) -> None:
    client = added(world, public(EDWARDS))
    path = f"/v1/clients/{client}/keys"
    both = [public(EDWARDS, kid="old"), public(OTHER, kid="new")]
    assert world.admin.put(path, {"keys": both}).json()["keys"] == both
    assert ask(world, made(client, head_kid="old")).status_code == 200
    assert ask(world, made(client, OTHER)).status_code == 200
    world.admin.put(path, {"keys": both[1:]})
    assert told(ask(world, made(client))) == (401, "invalid_client")
    assert world.admin.put(path, {"keys": []}).json()["keys"] == []
    assert told(ask(world, made(client, OTHER))) == (401, "invalid_client")
    events = world.events("client.keys-changed")
    assert [event["data"]["after"]["kids"] for event in events] == [["old", "new"], ["new"], []]
    assert {event["subject"] for event in events} == {client}


def test_a_client_with_a_secret_may_have_keys_too(world: World) -> None:
    path = f"/v1/clients/{world.fleck.id}/keys"
    assert world.admin.put(path, {"keys": [public(EDWARDS)]}).status_code == 200
    assert ask(world, made(world.fleck.id)).status_code == 200
    secret = {"client_id": world.fleck.id, "client_secret": world.fleck.credentials["clientSecret"]}
    form = {"grant_type": "client_credentials", **secret}
    assert world.http.post("/v1/oauth/token", data=form).status_code == 200


def test_only_an_administrator_changes_keys_and_against_what_was_seen(world: World) -> None:
    path = f"/v1/clients/{world.fleck.id}"
    body = {"keys": [public(EDWARDS)]}
    assert world.fleck.put(f"{path}/keys", body).status_code == 403
    tag = world.admin.get(path).headers["etag"]
    first = world.admin.put(f"{path}/keys", body, headers={"If-Match": tag})
    assert first.status_code == 200
    assert world.admin.put(f"{path}/keys", body, headers={"If-Match": tag}).status_code == 412
    assert world.admin.get(path).headers["etag"] == first.headers["etag"]
    assert world.admin.put("/v1/clients/nobody/keys", body).status_code == 404


WRONG_KEYS: dict[str, tuple[JSON, str]] = {
    "a private key": ({**public(EDWARDS), "d": "AAAA"}, "private-key"),
    "a secret": ({"kty": "oct", "k": "AAAA"}, "private-key"),
    "another kind": ({"kty": "oct"}, "literal-error"),
    "short RSA": (public(rsa.generate_private_key(65537, 1024)), "key"),
    "a small exponent": (public(rsa.generate_private_key(3, 2048)), "key"),
    "another curve": ({**public(NIST), "crv": "secp256k1"}, "literal-error"),
    "the curve of agreement": ({**public(EDWARDS), "crv": "P-256"}, "key"),
    "no point": ({**public(NIST), "x": public(NIST)["y"]}, "key"),
    "half a key": ({**public(NIST), "y": None}, "key"),
    "for secrecy": ({**public(EDWARDS), "use": "enc"}, "literal-error"),
    "another algorithm": ({**public(EDWARDS), "alg": "ES256"}, "key"),
    "an address": ({**public(EDWARDS), "x5u": "https://other.example"}, "extra-forbidden"),
    "no base64": ({**public(EDWARDS), "x": "a+b/"}, "string-pattern-mismatch"),
}


@pytest.mark.parametrize("name", WRONG_KEYS)
def test_what_is_no_public_key_is_refused(world: World, name: str) -> None:
    key, code = WRONG_KEYS[name]
    answer = world.admin.put(f"/v1/clients/{world.fleck.id}/keys", {"keys": [key]})
    assert answer.status_code == 400, answer.text
    faults = answer.json()["errors"]
    assert faults[0]["pointer"].startswith("#/keys/0")
    assert code in [fault["code"].replace("_", "-") for fault in faults], faults
    assert key.get("d", "no such") not in answer.text


def test_a_client_has_five_keys_at_most_each_with_an_id_of_its_own(world: World) -> None:
    many = [public(ed25519.Ed25519PrivateKey.generate()) for _ in range(6)]
    path = f"/v1/clients/{world.fleck.id}/keys"
    assert world.admin.put(path, {"keys": many}).status_code == 400
    assert world.admin.put(path, {"keys": many[:5]}).status_code == 200
    assert world.admin.put(path, {"keys": [many[0], many[0]]}).status_code == 400
    named = [{**one, "kid": "same"} for one in many[:2]]
    assert world.admin.put(path, {"keys": named}).status_code == 400
    body = {"organisation": "fleck", "role": "partner", "jwks": {"keys": []}}
    assert world.admin.post("/v1/clients", body).status_code == 400


def test_a_key_without_an_id_gets_its_thumbprint() -> None:
    """The example of RFC 8037, appendix A.3."""
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert jwk.thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert jwk.read(key).id == jwk.thumbprint(json.loads(json.dumps(key)))
