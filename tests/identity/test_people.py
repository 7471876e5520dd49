"""What a provider's access token makes of a person; a real provider's are in signing_in.py."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.core.settings import Settings
from app.identity import jwk, people
from app.identity.caller import ROLE_SCOPES, Forbidden, Role, Unauthenticated
from tests.identity.test_assertions import public
from tests.identity.test_tokens import NOW

ISSUER, AUDIENCE = "https://login.example/realm", "https://register.example"
ROLES = "register-admins=admin:lkca, fleck-staff=partner:fleck,a=b=provider:mocca"
PAIR = ec.generate_private_key(ec.SECP256R1())
KEY = jwk.read(public(PAIR, kid="one"))
START = int(NOW.timestamp())


def trust(claim: str = "groups") -> people.Trust:
    parts = people.parts_of(ROLES)
    return people.Trust(ISSUER, AUDIENCE, claim, parts, timedelta(hours=1), bytes(32))


def token(**change: Any) -> str:
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "noor",
        "iat": START,
        "exp": START + 600,
        "groups": ["fleck-staff"],
    }
    claims = {name: value for name, value in {**good, **change}.items() if value is not None}
    return jwt.encode(claims, PAIR, "ES256", headers={"typ": "at+jwt", "kid": "one"})


def read(written: str, claim: str = "groups") -> Any:
    return people.read(trust(claim), written, "ES256", KEY, NOW)


def test_a_group_gives_role_and_organisation() -> None:
    for groups, role, organisation in (
        (["fleck-staff"], Role.PARTNER, "fleck"),
        ("fleck-staff", Role.PARTNER, "fleck"),
        (["x", "fleck-staff", "register-admins", 7], Role.ADMIN, "lkca"),
        (["a=b"], Role.PROVIDER, "mocca"),
    ):
        caller = read(token(groups=groups))
        assert (caller.role, caller.organisation) == (role, organisation)
        assert caller.scopes == ROLE_SCOPES[role]
        assert caller.is_person


def test_the_claim_may_lie_in_another() -> None:
    written = token(groups=None, realm_access={"roles": ["fleck-staff"]})
    assert read(written, "realm_access.roles").organisation == "fleck"
    named = token(**{"https://login.example/roles": ["register-admins"]})
    assert read(named, "https://login.example/roles").role is Role.ADMIN


@pytest.mark.parametrize("groups", [None, [], ["other"], "", ["FLECK-STAFF"], {"fleck-staff": 1}, 7, [["x"]]])
def test_without_a_group_there_is_no_role(groups: object) -> None:
    with pytest.raises(Forbidden, match="claim groups"):
        read(token(groups=groups))


def test_a_person_has_one_name_that_says_nothing() -> None:
    names = [read(token(sub=sub)).client_id for sub in ("noor", "noor", "fatima")]
    assert names[0] == names[1] != names[2]
    assert people.pseudonym(bytes(32), ISSUER, "noor") == names[0]
    assert people.pseudonym(b"x" * 32, ISSUER, "noor") != names[0]
    assert people.pseudonym(bytes(32), "https://other.example", "noor") != names[0]
    assert "noor" not in names[0]


def test_no_client_can_be_called_as_a_person_is() -> None:
    assert read(token(sub="fleck-partner-1a2b3c4d")).client_id.startswith("person:")


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": f"{ISSUER}/"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "https://other.example"},
    "no audience": {"aud": None},
    "nobody": {"sub": None},
    "past": {"exp": START},
    "no end": {"exp": None},
    "no start": {"iat": None},
    "not yet": {"nbf": START + 61},
    "of later": {"iat": START + 61},
    "too long a life": {"exp": START + 3601},
    "an end in words": {"exp": "tomorrow"},
    "an end that is true": {"exp": True},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_token_that_is_not_for_us_is_refused(name: str) -> None:
    with pytest.raises(Unauthenticated):
        read(token(**WRONG[name]))


def test_an_algorithm_that_is_not_the_keys_is_refused() -> None:
    for algorithm in ("ES384", "RS256", "HS256", "none"):
        with pytest.raises(Unauthenticated):
            people.read(trust(), token(), algorithm, KEY, NOW)


@pytest.mark.parametrize(
    ("header", "ours"),
    [
        ({"typ": "at+jwt", "alg": "ES256"}, True),
        ({"typ": "application/AT+JWT", "alg": "RS256"}, True),
        ({"typ": "JWT", "alg": "ES256"}, False),
        ({"alg": "ES256"}, False),
        ({"typ": "at+jwt", "alg": "HS256"}, False),
        ({"typ": "at+jwt", "alg": "none"}, False),
        ({"typ": "at+jwt", "alg": "ES256", "crit": ["x"]}, False),
    ],
)
def test_an_id_token_and_our_own_are_no_tokens_of_people(header: dict[str, Any], ours: bool) -> None:
    assert people.is_of_people(header) is ours


GOOD: dict[str, Any] = {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_roles": ROLES}


def test_the_settings_hold_together() -> None:
    assert Settings(**GOOD, _env_file=None).oidc_roles_claim == "groups"
    for change, said in (
        ({"oidc_audience": None}, "needs OIDC_AUDIENCE"),
        ({"oidc_roles": None}, "needs OIDC_ROLES"),
        ({"oidc_issuer": None}, "need OIDC_ISSUER"),
        ({"oidc_issuer": "login.example"}, "should read https"),
        ({"oidc_issuer": "https://login.example; script-src *"}, "should read https"),
        ({"oidc_roles": "staff=owner:fleck"}, "value=role:organisation"),
        ({"oidc_roles": "staff=partner:"}, "value=role:organisation"),
        ({"oidc_roles": "staff=partner:fleck,staff=admin:lkca"}, "twice"),
        ({"oidc_scopes": "openid  x"}, "one space"),
    ):
        with pytest.raises(ValueError, match=said):
            Settings(**{**GOOD, **change}, _env_file=None)


@pytest.mark.parametrize("role", Role)
def test_each_role_can_be_given(role: Role) -> None:
    given = Settings(**{**GOOD, "oidc_roles": f"x={role}:fleck"}, _env_file=None)
    assert people.parts_of(given.oidc_roles or "") == [people.Part("x", role, "fleck")]
