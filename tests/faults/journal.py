"""Clients that write, and keep a journal of what was acknowledged."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import httpx

from tests.faults.stand import JSON, Process

PATIENCE = 180.0


@dataclass(frozen=True)
class Entry:
    """One write that was acknowledged: what was asked under which key, and what was answered."""

    method: str
    path: str
    body: Any
    key: str
    status: int
    answer: JSON


@dataclass
class Journal:
    """What was acknowledged, what was refused on the way, and what should never have been answered."""

    entries: list[Entry] = field(default_factory=list)
    tries: int = 0
    refused: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    clients: list[httpx.Client] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self.clients:
            client.close()

    def of(self, path: str) -> list[Entry]:
        """The entries whose address has `path` in it."""
        return [one for one in self.entries if path in one.path]


class Writer:
    """A client that repeats a request, under the same key, until it is acknowledged, by any of the APIs."""

    def __init__(self, apis: Sequence[Process], journal: Journal, credentials: JSON, seed: int = 0) -> None:
        self.apis, self.journal, self.chance = apis, journal, random.Random(seed)
        self.credentials, self.token = credentials, ""
        self.client = httpx.Client(timeout=40, trust_env=False)
        journal.clients.append(self.client)

    def authorise(self) -> None:
        """Ask for a token, which lasts for the whole story."""
        basic = (self.credentials["clientId"], self.credentials["clientSecret"])
        answer = self._persistently(
            lambda api: self.client.post(
                f"{api.address}/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=basic
            )
        )
        self.token = answer.json()["access_token"]

    def write(self, method: str, path: str, body: Any = None) -> Entry:
        """Write once, however often it has to be sent for that."""
        key = str(uuid4())
        answer = self.send(method, path, body, key)
        entry = Entry(method, path, body, key, answer.status_code, answer.json())
        with self.journal.lock:
            self.journal.entries.append(entry)
            if answer.status_code >= 300:
                self.journal.faults.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return entry

    def send(self, method: str, path: str, body: Any, key: str) -> httpx.Response:
        """The answer that an API gives in the end."""
        if not self.token:
            self.authorise()
        headers = {"Authorization": f"Bearer {self.token}"}
        if method == "POST":
            headers["Idempotency-Key"] = key
        return self._persistently(
            lambda api: self.client.request(method, api.address + path, json=body, headers=headers)
        )

    def _persistently(self, ask: Callable[[Process], httpx.Response]) -> httpx.Response:
        """Ask one API after another, until one answers other than that it cannot just now."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                answer = ask(self.chance.choice(self.apis))
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            finally:
                with self.journal.lock:
                    self.journal.tries += 1
            in_use = answer.status_code == 409 and answer.json()["type"].endswith("key-in-use")
            if answer.status_code != 503 and not in_use:
                return answer
            with self.journal.lock:
                self.journal.refused.append(answer.status_code)
                if "retry-after" not in answer.headers:
                    self.journal.faults.append(f"{answer.status_code} without Retry-After")
            time.sleep(0.1)
        raise AssertionError("nobody answered")
