"""A real server that is told where traces go: its spans arrive, and a trusted proxy's trace is carried on."""

import signal
from pathlib import Path

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.core.test_tracing import CARRIED, TRACE, Collector
from tests.stories.server import HTTP, Server


def test_spans_of_a_server_arrive_at_the_collector(tmp_path: Path) -> None:
    with Collector() as collector, Server(tmp_path) as server:
        server.environment |= {"TRACES_URL": collector.url, "TRUSTED_PROXIES": "127.0.0.1", "WORKER": "false"}
        server.start()
        server.wait()
        # By who calls, and not by whom it calls for.
        headers = {**CARRIED, "X-Forwarded-For": "192.0.2.7"}
        assert HTTP.get(f"{server.url}/v1/organisations", headers=headers).status_code == 200
        server.stop(by=signal.SIGTERM)
    carried = [span for span in collector.spans() if span.trace_id.hex() == TRACE]
    assert [span.name for span in carried if span.kind == Span.SPAN_KIND_SERVER] == ["GET /v1/organisations"]
    assert [span.name for span in carried if span.kind == Span.SPAN_KIND_CLIENT]
    assert b"192.0.2.7" not in b"".join(one.SerializeToString() for one in collector.requests)
