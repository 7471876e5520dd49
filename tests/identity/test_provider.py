"""The provider's keys: fetched no more often than need be, and from nowhere but where they should be."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.core.settings import Settings
from app.identity.provider import LARGEST, MOST_KEYS, Provider, ProviderUnavailable
from app.main import create_app
from tests.identity.test_assertions import public
from tests.world import JSON, Http

ONE, TWO = (public(ec.generate_private_key(ec.SECP256R1()), kid=kid) for kid in ("one", "two"))


class Double:
    """A provider of the test's own on loopback: what it says can be changed, and what it is asked is kept."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status, self.headers, self.raw = 200, dict[str, str](), None
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                double.asked.append(self.path)
                content = double.raw or json.dumps(double.said()[self.path]).encode()
                self.send_response(double.status)
                for name, value in {"Content-Length": str(len(content)), **double.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.description: JSON = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        self.keys: list[object] = [ONE]

    def said(self) -> dict[str, Any]:
        return {"/.well-known/openid-configuration": self.description, "/jwks": {"keys": self.keys}}


@pytest.fixture
def double() -> Iterator[Double]:
    made = Double()
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


class Seconds:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def run(
    double: Double, steps: Callable[[Provider, Seconds], Coroutine[Any, Any, None]], **more: bool
) -> None:
    clock = Seconds()
    provider = Provider(double.issuer, **{"secure": False, **more}, clock=clock)
    asyncio.run(steps(provider, clock))


def test_keys_are_kept_and_fetched_once_for_many(double: Double) -> None:
    async def steps(provider: Provider, clock: Seconds) -> None:
        found = await asyncio.gather(*(provider.key("one", "ES256") for _ in range(10)))
        assert {key.id for key in found if key} == {"one"}
        clock.now = 599
        assert await provider.key("one", "ES256")
        assert len(double.asked) == 2
        clock.now = 601
        assert await provider.key("one", "ES256")
        assert len(double.asked) == 4

    run(double, steps)


def test_an_unknown_key_is_asked_for_once_a_minute(double: Double) -> None:
    async def steps(provider: Provider, clock: Seconds) -> None:
        assert await provider.key("one", "ES256")
        double.keys = [TWO]
        for clock.now in (1, 30, 59):
            assert await provider.key("two", "ES256") is None
        assert len(double.asked) == 2
        clock.now = 60
        assert await provider.key("two", "ES256")
        assert await provider.key("one", "ES256") is None
        assert len(double.asked) == 4

    run(double, steps)


def test_a_key_is_chosen_by_its_id_and_its_algorithm(double: Double) -> None:
    async def steps(provider: Provider, _: Seconds) -> None:
        only = await provider.key(None, "ES256")
        assert only
        assert only.id == "one"
        assert await provider.key("one", "RS256") is None
        assert await provider.key("one", "HS256") is None
        assert await provider.key(7, "ES256") is None

    run(double, steps)
    double.keys = [ONE, TWO]

    async def without_an_id(provider: Provider, _: Seconds) -> None:
        assert await provider.key(None, "ES256") is None

    run(double, without_an_id)


def test_a_provider_that_goes_away_is_missed_after_an_hour(double: Double) -> None:
    async def steps(provider: Provider, clock: Seconds) -> None:
        assert await provider.key("one", "ES256")
        double.status = 500
        for clock.now in (601, 605, 3599):
            assert await provider.key("one", "ES256")
        assert len(double.asked) == 4  # not at each request: a pause follows a failure
        clock.now = 3600
        with pytest.raises(ProviderUnavailable):
            await provider.key("one", "ES256")
        double.status, clock.now = 200, 3611
        assert await provider.key("one", "ES256")

    run(double, steps)


def _other(double: Double, **change: object) -> None:
    double.description = {**double.description, **change}


WRONG: dict[str, Callable[[Double], None]] = {
    "another issuer": lambda double: _other(double, issuer="https://other.example"),
    "no keys": lambda double: _other(double, jwks_uri=None),
    "a file": lambda double: _other(double, jwks_uri="file:///etc/passwd"),
    "a policy": lambda double: _other(double, token_endpoint="https://x; script-src *"),
    "a failure": lambda double: setattr(double, "status", 500),
    "somewhere else": lambda double: double.__dict__.update(
        status=302, headers={"Location": f"{double.issuer}/jwks"}
    ),
    "too much": lambda double: setattr(double, "raw", b" " * (LARGEST + 1)),
    "squeezed": lambda double: setattr(double, "headers", {"Content-Encoding": "gzip"}),
    "no JSON": lambda double: setattr(double, "raw", b"<html>"),
    "a list": lambda double: setattr(double, "raw", b"[]"),
    "very deep": lambda double: setattr(double, "raw", b"[" * 100_000),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_the_provider_is_not_believed(double: Double, name: str) -> None:
    WRONG[name](double)

    async def steps(provider: Provider, _: Seconds) -> None:
        with pytest.raises(ProviderUnavailable) as refused:
            await provider.key("one", "ES256")
        assert refused.value.headers["Retry-After"] == "10"

    run(double, steps)


def test_in_production_every_address_is_https(double: Double) -> None:
    async def steps(provider: Provider, _: Seconds) -> None:
        with pytest.raises(ProviderUnavailable):
            await provider.key("one", "ES256")

    run(double, steps, secure=True)


def test_keys_of_other_kinds_are_passed_over(double: Double) -> None:
    strange: list[object] = [
        7,
        None,
        {},
        {"kty": "oct", "k": "AAAA"},
        {**TWO, "use": "enc"},
        {**ONE, "kty": []},
    ]
    double.keys = [*strange, ONE]

    async def steps(provider: Provider, _: Seconds) -> None:
        assert [key.id for key in (await provider.known()).keys] == ["one"]

    run(double, steps)
    double.keys = [*[TWO] * MOST_KEYS, ONE]

    async def too_many(provider: Provider, _: Seconds) -> None:
        assert await provider.key("one", "ES256") is None

    run(double, too_many)


def test_without_the_provider_its_people_wait_and_clients_go_on(
    double: Double, database_url: str, settings: Settings
) -> None:
    named = {"oidc_issuer": double.issuer, "oidc_audience": "x", "oidc_roles": "x=admin:lkca"}
    double.status = 503
    app = create_app(settings.model_copy(update={**named, "oidc_client_id": "swagger"}), database_url)
    token = jwt.encode({}, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"typ": "at+jwt"})
    with Http(app) as http:
        answer = http.get("/v1/registrations", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        own = http.get("/v1/registrations", headers={"Authorization": "Bearer x.y.z"})
        assert own.status_code == 401
        assert http.get("/v1/docs").status_code == 200
        assert "authorizationCode" not in http.get("/v1/openapi.json").text
