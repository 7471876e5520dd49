"""A real server, started as people start it, that a story talks to over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx

COMMAND = Path(sys.executable).parent / "cultuurcoordinator"
PATIENCE = 60
JSON = dict[str, Any]


class Server:
    """`cultuurcoordinator run` on a data folder of its own; `at` ends it and starts it at another moment."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder, self.port = folder, _free_port() if port is None else port
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "DATA_DIR": str(folder / "data"),
            "PORT": str(self.port),
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.administrator: Caller | None = None
        self.printed = folder / "printed.txt"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *options: str) -> None:
        """Start the server, without waiting until it serves."""
        self.stop()
        with self.printed.open("ab") as printed:
            self.process = subprocess.Popen(
                [COMMAND, "run", *options], env=self.environment, stdout=printed, stderr=printed
            )

    def at(self, moment: str) -> None:
        """Serve with the clock at `moment`."""
        self.start("--at", moment)
        self.wait()

    def wait(self) -> None:
        """Wait until the server that was started serves."""
        assert self.process
        for _ in range(PATIENCE * 10):
            assert self.process.poll() is None, self.printed.read_text()
            try:
                if httpx.get(f"{self.url}/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(self.printed.read_text())

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        """End the server that this object started."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(by)
            self.process.wait(timeout=PATIENCE)

    def client(self, organisation: str, role: str) -> "Caller":
        """A new API client: an administrator's by the command line, others' by that administrator."""
        if role != "admin":
            self.administrator = self.administrator or self.client("lkca", "admin")
            body = {"name": "Van het verhaal", "organisation": organisation, "role": role}
            return Caller(self, self.administrator.post("/v1/clients", body, status=201))
        command = [
            str(COMMAND),
            "clients",
            "create",
            "--organisation",
            organisation,
            "--role",
            role,
            "--json",
        ]
        made = subprocess.run(command, env=self.environment, capture_output=True, check=True)
        return Caller(self, json.loads(made.stdout))


class Caller:
    """An organisation's system: asks for a token when it needs one, and calls."""

    def __init__(self, server: Server, credentials: JSON) -> None:
        self.server, self.credentials = server, credentials

    def token(self) -> str:
        """A fresh token."""
        basic = (self.credentials["clientId"], self.credentials["clientSecret"])
        grant = {"grant_type": "client_credentials"}
        token = httpx.post(f"{self.server.url}/v1/oauth/token", data=grant, auth=basic)
        assert token.status_code == 200, token.text
        return str(token.json()["access_token"])

    def request(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """The answer to one request, with a fresh token."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        return httpx.request(method, f"{self.server.url}{path}", json=body, headers=headers, timeout=30)

    def get(self, path: str) -> Any:
        """The body of a successful read."""
        answer = self.request("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, status: int = 200) -> JSON:
        """The body of a POST that must answer `status`."""
        answer = self.request("POST", path, body)
        assert answer.status_code == status, answer.text
        made: JSON = answer.json()
        return made

    def put(self, path: str, body: Any) -> JSON:
        """The body of a successful PUT."""
        answer = self.request("PUT", path, body)
        assert answer.status_code == 200, answer.text
        made: JSON = answer.json()
        return made

    def patch(self, path: str, body: Any) -> JSON:
        """The body of a successful PATCH."""
        answer = self.request("PATCH", path, body)
        assert answer.status_code == 200, answer.text
        made: JSON = answer.json()
        return made


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
