"""Processes that are replaced one by one under load, behind a proxy: not one request fails."""

import signal
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.faults.conftest import Processes, Stand
from tests.faults.proxy import Proxy
from tests.faults.stand import Process, say, until
from tests.world import registration

CLIENTS = 4
Said = Counter[int | str]


def test_a_rolling_restart_fails_no_request(stand: Stand, processes: Processes) -> None:
    """With connections that are kept, and a client that tries nothing again."""
    apis = [processes.start(DRAIN_SECONDS="1") for _ in range(2)]
    for api in apis:
        api.wait()
    said: Said = Counter()
    ended = threading.Event()
    with Proxy(apis) as proxy, ThreadPoolExecutor(CLIENTS) as threads:
        until(lambda: len(proxy.ready) == 2)
        asking = [threads.submit(_ask, proxy, stand, said, ended) for _ in range(CLIENTS)]
        try:
            for api in apis:
                time.sleep(0.5)
                api.end(signal.SIGTERM)
                api.environment["DRAIN_SECONDS"] = "0"  # for the control
                api.start()
                until(lambda: len(proxy.ready) == 2)
        finally:
            ended.set()
        for one in asking:
            one.result()
    say(f"{sum(said.values())} requests over two restarts: {dict(said)}")
    assert set(said) == {200, 201}
    assert said[201] > 20
    assert _is_cut_off(apis[0]), "the control: without draining a kept connection ends without a word"


def _is_cut_off(api: Process) -> bool:
    """Whether a process that is told to end hangs up on a connection that it had said it would keep."""
    with socket.create_connection(("127.0.0.1", api.port), 10) as line:
        line.sendall(b"GET /health/live HTTP/1.1\r\nHost: register\r\n\r\n")
        answer = b""
        while not answer.endswith(b"}"):  # head and body may come one after the other
            piece = line.recv(4096)
            assert piece, answer
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" not in answer.lower()
        assert api.process
        api.process.send_signal(signal.SIGTERM)
        line.settimeout(30)
        return line.recv(4096) == b""


def test_a_process_that_is_to_end_says_so_and_goes_on_until_then(processes: Processes) -> None:
    api = processes.serve(DRAIN_SECONDS="3")
    with httpx.Client(base_url=api.address, trust_env=False) as client:
        assert "connection" not in client.get("/v1/organisations").headers
        assert api.process
        api.process.send_signal(signal.SIGTERM)
        until(lambda: not api.ready(), 2)
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.headers["connection"]) == (503, "close")
        assert ready.headers["content-type"] == "application/problem+json"
        answer = client.get("/v1/organisations")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        api.process.wait(10)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{api.address}/health/live", trust_env=False)


def _ask(proxy: Proxy, stand: Stand, said: Said, ended: threading.Event) -> None:
    """Ask on one connection for as long as the server keeps it, as a partner's system does."""
    credentials = stand.prepared.clients["fleck", "partner"]
    basic, grant = (
        (credentials["clientId"], credentials["clientSecret"]),
        {"grant_type": "client_credentials"},
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{proxy.port}", timeout=20, trust_env=False) as client:
        token = client.post("/v1/oauth/token", data=grant, auth=basic).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        while not ended.is_set():
            try:
                said[client.get("/v1/registrations?limit=5").status_code] += 1
                body = registration(edition="voorbeeld")
                said[client.post("/v1/registrations", json=body).status_code] += 1
            except httpx.TransportError as broken:
                said[type(broken).__name__] += 1
            time.sleep(0.1)
