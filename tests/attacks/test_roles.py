"""Attempts to do what another role does: with real things in every address, and a body that would be right.

The access table (tests/whole/test_access.py) says who may do what; here nobody else gets anything done.
"""

from typing import Any

import pytest

from app.identity.caller import ROLE_SCOPES, Role, Scope
from tests.attacks.siege import Siege, arguments, letters
from tests.whole.test_access import LETTERS, ROWS
from tests.world import PILOT, Party

CLOSED = [operation for operation in ROWS if letters(*operation) not in ("", "pvca")]


def party(siege: Siege, letter: str) -> Party:
    """Somebody in a role, of an organisation that has things of its own."""
    world = siege.world
    return {"p": world.mocca, "v": world.provider, "c": world.lkca, "a": world.admin}[letter]


def named(operation: tuple[str, str]) -> str:
    return " ".join(operation)


def test_there_are_doors_that_are_not_for_everybody() -> None:
    assert len(CLOSED) > 60


@pytest.mark.parametrize("operation", CLOSED, ids=named)
def test_no_other_role_does_it(untouched: Siege, operation: tuple[str, str]) -> None:
    method, path = operation
    drawn = {"drawId": untouched.spoils.pools["announced"][0]}
    address = path.format(**{**untouched.names, **drawn})
    for letter in LETTERS:
        if letter not in letters(method, path):
            answer = party(untouched, letter).request(method, address, **arguments(method, path))
            assert answer.status_code == 403, (letter, answer.text)
            assert answer.json()["type"].endswith(":forbidden")
            assert "insufficient_scope" in answer.headers["www-authenticate"]


# What would let a request be taken for another one.
DISGUISES: dict[str, dict[str, Any]] = {
    "a method in a header": {"headers": {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST"}},
    "a method in the query": {"params": {"_method": "POST"}},
    "a role in a header": {
        "headers": {"X-Role": "admin", "X-Organisation": "lkca", "X-Scope": "clients:write"}
    },
    "a role in the query": {"params": {"role": "admin"}},
    "a role in a cookie": {"headers": {"Cookie": "role=admin; organisation=lkca"}},
    "a client in a header": {"headers": {"X-Client-Id": "lkca-admin", "Client-Id": "lkca-admin"}},
    "an address of this machine": {"headers": {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "::1"}},
    "another address": {"headers": {"X-Original-URL": "/v1/trainings", "X-Rewrite-URL": "/v1/trainings"}},
    "another host": {"headers": {"Host": "localhost"}},
    "a word to debuggers": {"headers": {"X-Debug": "1"}, "params": {"debug": "true"}},
}


@pytest.mark.parametrize("name", DISGUISES)
def test_no_disguise_makes_a_partner_an_administrator(untouched: Siege, name: str) -> None:
    for path in ("/v1/clients", f"/v1/editions/{PILOT}/possible-duplicates"):
        answer = untouched.world.fleck.get(path, **DISGUISES[name])
        assert answer.status_code == 403, answer.text


SPELT = {
    "a slash at its end": "/v1/clients/",
    "two slashes": "/v1//clients",
    "a folder and back": "/v1/trainings/../clients",
    "a folder and back, encoded": "/v1/trainings/%2e%2e/clients",
    "capitals": "/V1/CLIENTS",
    "a letter encoded": "/v1/%63lients",
    "a parameter": "/v1/clients;a=b",
    "an ending": "/v1/clients.json",
    "a NUL": "/v1/clients%00",
    "a space": "/v1/clients%20",
    "another version": "/v2/clients",
    "no version": "/clients",
    "a backslash": "/v1\\clients",
}


@pytest.mark.parametrize("name", SPELT)
def test_no_spelling_of_an_address_goes_round_its_guard(untouched: Siege, name: str) -> None:
    for who in (untouched.world.fleck.get, untouched.world.http.get):
        answer = who(SPELT[name])
        assert answer.status_code in (401, 403, 404), answer.text
        assert "clientId" not in answer.text


@pytest.mark.parametrize("letter", LETTERS)
def test_no_token_is_given_with_what_the_role_has_not(untouched: Siege, letter: str) -> None:
    client = party(untouched, letter)
    secret = client.credentials["clientSecret"]
    missing = sorted(set(Scope) - ROLE_SCOPES[LETTERS[letter]])
    for asked in (*missing, " ".join(Scope), "*", "admin", f"{missing[0]} {missing[-1]}"):
        form = {
            "grant_type": "client_credentials",
            "client_id": client.id,
            "client_secret": secret,
            "scope": asked,
        }
        answer = untouched.world.http.post("/v1/oauth/token", data=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope"), asked


@pytest.mark.parametrize("letter", LETTERS)
def test_a_token_for_one_thing_does_no_other(untouched: Siege, letter: str) -> None:
    """A token with the one scope that reads registrations opens no other door of its role's."""
    client = party(untouched, letter)
    secret, scope = client.credentials["clientSecret"], "registrations:read"
    form = {
        "grant_type": "client_credentials",
        "client_id": client.id,
        "client_secret": secret,
        "scope": scope,
    }
    made = untouched.world.http.post("/v1/oauth/token", data=form).json()
    assert made["scope"] == scope
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    open_ = set()
    for method, path in CLOSED:
        if letter in letters(method, path):
            address = path.format(**untouched.names)
            answer = untouched.world.http.request(method, address, headers=headers, **arguments(method, path))
            if answer.status_code != 403:
                open_.add((method, path))
    assert {method for method, _ in open_} <= {"GET"}
    assert all("registration" in path for _, path in open_), open_


# What one role alone may do, tried with everything that belongs to it, by those who come nearest.
NEAREST = {
    "the register issues a certificate": (Role.ADMIN, "POST", "/v1/certificates"),
    "the register takes a certificate back": (Role.ADMIN, "POST", "/v1/certificates/{number}/_revoke"),
    "the certifier registers somebody": (Role.CERTIFIER, "POST", "/v1/registrations"),
    "the certifier records attendance": (Role.CERTIFIER, "PUT", "/v1/sessions/{sessionId}/attendance"),
    "the certifier judges a phase": (
        Role.CERTIFIER,
        "PUT",
        "/v1/registrations/{registrationId}/progress/{phase}",
    ),
    "a provider issues a certificate": (Role.PROVIDER, "POST", "/v1/certificates"),
    "a provider registers somebody": (Role.PROVIDER, "POST", "/v1/registrations"),
    "a provider draws": (Role.PROVIDER, "POST", "/v1/editions/{edition}/draws"),
    "a provider answers an offer": (Role.PROVIDER, "POST", "/v1/registrations/{registrationId}/_confirm"),
    "a provider gives away links": (
        Role.PROVIDER,
        "GET",
        "/v1/registrations/{registrationId}/personal-links",
    ),
    "a partner draws": (Role.PARTNER, "POST", "/v1/draws/{drawId}/_run"),
    "a partner widens an edition": (Role.PARTNER, "PATCH", "/v1/editions/{edition}"),
    "a partner issues a certificate": (Role.PARTNER, "POST", "/v1/certificates"),
    "a partner records attendance": (
        Role.PARTNER,
        "PUT",
        "/v1/sessions/{sessionId}/attendance/{registrationId}",
    ),
    "a partner approves hours": (Role.PARTNER, "POST", "/v1/registrations/{registrationId}/make-up-hours"),
    "a partner pays an invoice": (Role.PARTNER, "POST", "/v1/invoices/{invoiceNumber}/_pay"),
    "a partner makes a client": (Role.PARTNER, "POST", "/v1/clients"),
    "a partner sees the code of a check-in": (Role.PARTNER, "GET", "/v1/sessions/{sessionId}/check-in-code"),
}


@pytest.mark.parametrize("name", NEAREST)
def test_what_is_one_roles_alone_is_nobody_elses(untouched: Siege, name: str) -> None:
    role, method, path = NEAREST[name]
    letter = next(one for one, each in LETTERS.items() if each is role)
    names = {**untouched.names, "drawId": untouched.spoils.pools["announced"][0]}
    answer = party(untouched, letter).request(method, path.format(**names), **arguments(method, path))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "forbidden")
