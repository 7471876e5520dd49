"""Traces by OpenTelemetry: a span for each request and each of its statements, sent where TRACES_URL says.

Off unless that is set, and then nothing of it is loaded. The ready-made middlewares are not used, for they
tell of the address itself, and some addresses are secrets: here a span has the route's template, never a
path, a query, an address of a caller or a parameter of a statement (docs/decisions/0031-traces.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import uuid4

import structlog
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import __version__
from app.core.settings import Settings

SERVICE = "cultuurcoordinator"
LONGEST_STATEMENT = 2_000  # characters of it that are told
SECONDS = 5  # for the collector to answer in; spans that it does not take are dropped
CARRIED = ("traceparent", "tracestate")  # W3C Trace Context
SERVER_ERROR = 500
# What HTTP itself knows (RFC 9110, RFC 5789); anybody may send any word.
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}


class Tracing:
    """What makes spans and sends them, for one process; `close` sends what is left."""

    def __init__(self, settings: Settings) -> None:
        # Heavy, and an extra of its own to install: whoever has not asked for traces does without.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

        who = {"service.name": SERVICE, "service.version": __version__, "service.instance.id": str(uuid4())}
        self._provider = TracerProvider(
            resource=Resource.create(who), sampler=ParentBased(TraceIdRatioBased(settings.traces_share))
        )
        exporter = OTLPSpanExporter(endpoint=settings.traces_url, timeout=SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self.tracer: Tracer = self._provider.get_tracer(SERVICE, __version__)
        self._proxies = [ip_network(one) for one in settings.trusted_proxies.split(",") if one]

    def watch(self, engine: AsyncEngine) -> None:
        """From now on each statement in a request has its span."""
        _Statements(self.tracer).listen(engine)

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application with a span around each request; goes outside of what reads X-Forwarded-For."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            with self._request(scope) as span:

                async def noted(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        _note_status(span, message["status"])
                    await send(message)

                await app(scope, receive, noted)

        return traced

    def close(self) -> None:
        """Send what is left; blocks for as long as the collector takes, within its bound."""
        self._provider.shutdown()

    @contextmanager
    def _request(self, scope: Scope) -> Iterator[Span]:
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        with (
            self.tracer.start_as_current_span(
                method,
                context=self._carried(scope),
                kind=SpanKind.SERVER,
                attributes={"http.request.method": method, "url.scheme": scope.get("scheme", "http")},
                record_exception=False,  # its words may hold what nobody else may see
            ) as span,
            structlog.contextvars.bound_contextvars(trace_id=f"{span.get_span_context().trace_id:032x}"),
        ):
            try:
                yield span
            finally:
                if route := getattr(scope.get("route"), "path", None):
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)
                # What a problem document calls its instance.
                span.set_attribute("cultuurcoordinator.request_id", scope.get("request_id", ""))

    def _carried(self, scope: Scope) -> Context:
        """The trace that a trusted proxy has begun; a new one for everybody else, who could mix ours up."""
        if not self._is_trusted(scope):
            return Context()
        told: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            told.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        carrier = {name: told[name] for name in CARRIED if name in told}
        return TraceContextTextMapPropagator().extract(carrier, Context())

    def _is_trusted(self, scope: Scope) -> bool:
        try:
            peer = ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        return any(peer in network for network in self._proxies)


def of(settings: Settings) -> Tracing | None:
    """The tracing that is configured, or None."""
    return Tracing(settings) if settings.traces_url else None


def _note_status(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= SERVER_ERROR:
        span.set_attribute("error.type", str(status))
        span.set_status(StatusCode.ERROR)


class _Statements:
    """Makes a span of each statement: its text, in which values are placeholders, and never the values."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def listen(self, engine: AsyncEngine) -> None:
        event.listen(engine.sync_engine, "before_cursor_execute", self._begin)
        event.listen(engine.sync_engine, "after_cursor_execute", self._end)
        event.listen(engine.sync_engine, "handle_error", self._failed)

    def _begin(
        self, connection: Any, _cursor: Any, statement: str, _values: Any, context: Any, _: bool
    ) -> None:
        if context is None or not (request := get_current_span()).is_recording():
            return
        kind = statement.split(None, 1)[0].upper() if statement.strip() else ""
        context.span = self._tracer.start_span(
            kind,
            context=set_span_in_context(request),
            kind=SpanKind.CLIENT,
            attributes={
                "db.system.name": "postgresql",
                "db.namespace": connection.engine.url.database or "",
                "db.operation.name": kind,
                "db.query.text": statement[:LONGEST_STATEMENT],
            },
        )

    def _end(
        self, _connection: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _: bool
    ) -> None:
        if span := getattr(context, "span", None):
            span.end()

    def _failed(self, failure: Any) -> None:
        if span := getattr(failure.execution_context, "span", None):
            code = getattr(failure.original_exception, "sqlstate", None)
            span.set_attribute("error.type", code or type(failure.original_exception).__name__)
            span.set_status(StatusCode.ERROR)
            span.end()
