"""What the token endpoint says of itself (RFC 8414) holds."""

from app.identity.caller import Scope
from tests.identity.test_assertions import EDWARDS, added, ask, made, public
from tests.world import World


def test_the_token_endpoint_is_where_its_description_says(world: World) -> None:
    answer = world.http.get("/.well-known/oauth-authorization-server")
    said = answer.json()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert said["issuer"] == "https://register.example"
    assert said["token_endpoint"] == "https://register.example/v1/oauth/token"
    assert set(said["scopes_supported"]) == {scope.value for scope in Scope}
    assert said["token_endpoint_auth_methods_supported"] == [
        *("client_secret_basic", "client_secret_post", "private_key_jwt")
    ]
    assert "EdDSA" in said["token_endpoint_auth_signing_alg_values_supported"]
    assert world.http.get(said["service_documentation"].removeprefix(said["issuer"])).status_code == 200
    client = added(world, public(EDWARDS))
    assert ask(world, made(client, aud=said["token_endpoint"])).status_code == 200
    assert ask(world, made(client, aud=said["issuer"])).status_code == 200
