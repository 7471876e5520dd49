"""Traces, as a collector on loopback receives them: what is in a span, and what never is."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import httpx
import pytest
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import ValidationError
from starlette.types import ASGIApp

from app.core.http import envelope
from app.core.http.tracing import Tracing
from app.core.settings import Settings
from app.main import create_app
from tests.conftest import sql
from tests.world import Http, World, registration

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CARRIED = {"traceparent": f"00-{TRACE}-{PARENT}-01"}


class Collector:
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["content-length"]))
                collector.requests.append(ExportTraceServiceRequest.FromString(content))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/traces"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> list[Span]:
        """All of them, in the order in which they ended."""
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


class Traced(Http):
    """An application with traces, called by a peer of the test's choice."""

    def __init__(self, settings: Settings, url: str, peer: str = "192.0.2.7") -> None:
        app = create_app(settings, url)
        super().__init__(app)
        self.traces: Tracing = app.state.tracing
        self.around: ASGIApp = self.traces.around(app)
        self.peer = peer

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer to one request from the peer."""

        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self.around, client=(self.peer, 5000))
            async with httpx.AsyncClient(transport=transport, base_url="https://register.example") as client:
                return await client.request(method, path, **more)

        return self.portal.call(answer)


@pytest.fixture
def traced_settings(settings: Settings, collector: Collector) -> Settings:
    return Settings(
        **{
            **settings.model_dump(exclude_unset=True),
            "traces_url": collector.url,
            "trusted_proxies": "10.0.0.0/8",
            "_env_file": None,
        }
    )


def attributes(span: Span) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "") for one in span.attributes}


@pytest.mark.long_ways
def test_a_request_is_a_span_with_its_statements_below_it(
    traced_settings: Settings, world: World, collector: Collector
) -> None:
    body = registration(edition="voorbeeld")
    headers = {"Authorization": f"Bearer {world.fleck.token()}", "User-Agent": "secret agent"}
    with Traced(traced_settings, world.database_url) as http:
        http.app.state.clock = world.app.state.clock
        answer = http.ask("POST", "/v1/registrations?", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
    *statements, request = collector.spans()
    assert (request.name, request.kind) == ("POST /v1/registrations", Span.SPAN_KIND_SERVER)
    assert attributes(request) == {
        "http.request.method": "POST",
        "url.scheme": "https",
        "http.route": "/v1/registrations",
        "http.response.status_code": 201,
        "cultuurcoordinator.request_id": answer.headers["x-request-id"],
    }
    assert {one.trace_id for one in statements} == {request.trace_id}
    assert {one.parent_span_id for one in statements} == {request.span_id}
    assert {one.kind for one in statements} == {Span.SPAN_KIND_CLIENT}
    assert {"SELECT", "INSERT"} <= {one.name for one in statements}
    assert all("$1" in attributes(one)["db.query.text"] for one in statements if one.name == "INSERT")
    [resource] = {
        one.resource.SerializeToString() for sent in collector.requests for one in sent.resource_spans
    }
    assert b"cultuurcoordinator" in resource


def test_nothing_that_is_secret_or_somebodys_is_told(
    traced_settings: Settings, world: World, collector: Collector
) -> None:
    made = world.register()
    token = made["enrolmentForm"]["token"]
    with Traced(traced_settings, world.database_url) as http:
        assert http.ask("GET", f"/v1/enrolment-forms/{token}").status_code == 200
        assert http.ask("GET", f"/v1/nowhere/{token}?email=noor@lyceum.example").status_code == 404
        assert http.ask("SPY", "/v1/organisations").status_code == 405
    sent = b"".join(one.SerializeToString() for one in collector.requests)
    for secret in (token, made["applicant"]["email"], "noor@", "192.0.2.7", "nowhere", "SPY"):
        assert secret.encode() not in sent, secret
    names = [span.name for span in collector.spans() if span.kind == Span.SPAN_KIND_SERVER]
    assert names == ["GET /v1/enrolment-forms/{token}", "GET", "_OTHER /v1/organisations"]


@pytest.mark.parametrize(("peer", "trusted"), [("10.1.2.3", True), ("192.0.2.7", False), ("unix", False)])
def test_a_trace_is_carried_on_for_trusted_proxies_alone(
    traced_settings: Settings, world: World, collector: Collector, peer: str, trusted: bool
) -> None:
    with Traced(traced_settings, world.database_url, peer) as http:
        http.ask("GET", "/health/live", headers={**CARRIED, "X-Forwarded-For": "10.1.2.3"})
    [request] = [span for span in collector.spans() if span.kind == Span.SPAN_KIND_SERVER]
    assert ((request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)) is trusted


class Log:
    """Keeps what is bound to the lines that are logged."""

    def __init__(self) -> None:
        self.bound: list[dict[str, Any]] = []

    def info(self, _: str, **__: object) -> None:
        self.bound.append(structlog.contextvars.get_contextvars())


def test_log_lines_carry_the_trace(
    traced_settings: Settings, world: World, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    monkeypatch.setattr(envelope, "log", log)
    with Traced(traced_settings, world.database_url) as http:
        answer = http.ask("GET", "/v1/organisations")
    assert log.bound == [
        {"request_id": answer.headers["x-request-id"], "trace_id": collector.spans()[-1].trace_id.hex()}
    ]


def test_a_failure_is_an_error_without_its_words(
    traced_settings: Settings, world: World, collector: Collector
) -> None:
    sql(world.database_url, "ALTER TABLE organisation RENAME TO elsewhere")
    with Traced(traced_settings, world.database_url) as http:
        assert http.ask("GET", "/v1/organisations").status_code == 500
    statement, request = [one for one in collector.spans() if one.status.code == 2]
    assert (attributes(statement)["error.type"], attributes(request)["error.type"]) == ("42P01", "500")
    assert [list(one.events) for one in collector.spans()] == [[]] * len(collector.spans())


def test_no_more_than_the_share_is_traced(
    traced_settings: Settings, world: World, collector: Collector
) -> None:
    with Traced(traced_settings.model_copy(update={"traces_share": 0.0}), world.database_url) as http:
        assert http.ask("GET", "/v1/organisations").status_code == 200
    assert collector.spans() == []


def test_a_collector_that_is_away_delays_nobody(settings: Settings, world: World) -> None:
    nowhere = settings.model_copy(update={"traces_url": "http://127.0.0.1:9/v1/traces"})
    with Traced(nowhere, world.database_url) as http:
        assert http.ask("GET", "/v1/organisations").status_code == 200


def test_traces_are_off_unless_they_are_asked_for(world: World) -> None:
    assert world.app.state.tracing is None


@pytest.mark.parametrize(
    "url", ["collector:4318", "https://collector.example", "ftp://collector.example/v1/traces"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="should read https://host:4318/v1/traces"):
        Settings(traces_url=url, _env_file=None)
