"""Which scopes a role has: written out once more, apart from the code."""

import pytest

from app import openapi
from app.identity.caller import ROLE_SCOPES, SCOPE_TEXTS, SYSTEM, Role, Scope
from tests.world import World

# The contract, by role: partner, provider, certifier, administrator.
TABLE = """
organisations:write   -        -         -          admin
clients:read          -        -         -          admin
clients:write         -        -         -          admin
editions:write        -        -         -          admin
sessions:write        -        provider  -          admin
registrations:read    partner  provider  certifier  admin
registrations:write   partner  -         -          admin
enrolment-forms:read  partner  provider  -          admin
applicants:read       partner  -         -          admin
applicants:write      partner  -         -          admin
draws:write           -        -         -          admin
attendance:read       partner  provider  certifier  admin
attendance:write      -        provider  -          admin
progress:read         partner  provider  certifier  admin
progress:write        -        provider  -          admin
eligibility:read      partner  provider  certifier  admin
certificates:read     partner  provider  certifier  admin
certificates:write    -        -         certifier  -
invoices:read         partner  provider  -          admin
invoices:write        -        provider  -          admin
invoice-addresses:write partner provider -          admin
events:read           partner  -         -          admin
files:read            -        provider  certifier  admin
messages:read         partner  -         -          admin
messages:write        -        -         -          admin
webhooks:read         partner  -         -          admin
webhooks:write        partner  -         -          admin
"""
ROWS = {line.split()[0]: set(line.split()[1:]) - {"-"} for line in TABLE.strip().splitlines()}


def test_every_scope_stands_in_the_table_and_has_its_words() -> None:
    assert {scope.value for scope in Scope} == set(ROWS)
    assert set(SCOPE_TEXTS) == set(Scope)
    assert len(set(SCOPE_TEXTS.values())) == len(Scope)


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_belongs_to_the_roles_of_the_contract(scope: Scope) -> None:
    assert {role.value for role, scopes in ROLE_SCOPES.items() if scope in scopes} == ROWS[scope]


def test_who_keeps_the_register_writes_no_certificate_and_who_certifies_changes_nothing_else() -> None:
    assert Scope.CERTIFICATES_WRITE not in ROLE_SCOPES[Role.ADMIN]
    writes = {scope for scope in ROLE_SCOPES[Role.CERTIFIER] if scope.endswith(":write")}
    assert writes == {Scope.CERTIFICATES_WRITE}


def test_the_register_itself_has_no_rights_over_http(world: World) -> None:
    assert SYSTEM.scopes == frozenset()
    form = {"grant_type": "client_credentials", "client_id": SYSTEM.client_id, "client_secret": ""}
    assert world.http.post("/v1/oauth/token", data=form).status_code == 401


def test_the_documentation_tells_of_every_scope(world: World) -> None:
    scheme = openapi.document(world.app)["components"]["securitySchemes"]["oauth2"]
    flow = scheme["flows"]["clientCredentials"]
    assert flow["scopes"] == {scope.value: text for scope, text in SCOPE_TEXTS.items()}
    assert flow["tokenUrl"] == "/v1/oauth/token"


def test_each_seeded_party_gets_the_scopes_of_its_role(world: World) -> None:
    for party in world.parties.values():
        form = {"client_id": party.id, "client_secret": party.credentials["clientSecret"]}
        answer = world.http.post("/v1/oauth/token", data={"grant_type": "client_credentials", **form})
        wanted = {scope for scope, roles in ROWS.items() if party.role.value in roles}
        assert set(answer.json()["scope"].split()) == wanted
