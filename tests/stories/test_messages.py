"""Workers that are killed while they send: nothing is lost, and what is sent twice can be told by its id."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.notifications.post_office import PostOffice
from tests.stories.server import COMMAND, Server
from tests.world import registration

PEOPLE = 5


class Workers:
    """`cultuurcoordinator worker` processes beside a server, each at a moment of its own."""

    def __init__(self, server: Server, office: PostOffice) -> None:
        self.server, self.office = server, office
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, moment: str) -> subprocess.Popen[bytes]:
        """A worker whose clock stands at `moment`."""
        environment = {
            **self.server.environment,
            "AT": moment,
            "SMTP_URL": f"smtp://127.0.0.1:{self.office.port}",
            "MAIL_FROM": "Register <register@register.example>",
            "WORKER_SECONDS": "0.2",
        }
        with self.server.printed.open("ab") as printed:
            worker = subprocess.Popen([COMMAND, "worker"], env=environment, stdout=printed, stderr=printed)
        self.running.append(worker)
        return worker

    def end(self) -> None:
        """End every worker that this object started."""
        for worker in self.running:
            if worker.poll() is None:
                worker.send_signal(signal.SIGKILL)
            worker.wait(timeout=30)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as server:
        server.environment["WORKER"] = "false"
        yield server


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with PostOffice() as office:
        yield office


@pytest.fixture
def workers(server: Server, office: PostOffice) -> Iterator[Workers]:
    workers = Workers(server, office)
    yield workers
    workers.end()


def _until(true: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_killed_between_sent_and_marked_it_is_sent_again_under_the_same_id(
    server: Server, office: PostOffice, workers: Workers
) -> None:
    server.at("2021-06-15T09:00+02:00")
    fleck, admin = server.client("fleck", "partner"), server.client("lkca", "admin")
    made = [fleck.post("/v1/registrations", registration(), status=201) for _ in range(PEOPLE)]

    # The mail server has the whole message and is slow to say so: then the worker is killed.
    office.slow = 1.5
    killed = workers.start("2021-06-15T09:01+02:00")
    assert office.arrived.wait(40)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(timeout=30) == -signal.SIGKILL
    office.slow = 0.0

    def statuses() -> list[str]:
        return [one["status"] for one in admin.get("/v1/messages")["items"]]

    assert statuses() == ["pending"] * PEOPLE
    # At the same moment the others go out, and by two workers each goes out once.
    for _ in range(2):
        workers.start("2021-06-15T09:02+02:00")
    _until(lambda: statuses().count("sent") == PEOPLE - 1)
    assert len(office.received) == PEOPLE
    # When its claim has run out, the one that hung in between is sent again.
    taking_over = workers.start("2021-06-15T09:10+02:00")
    _until(lambda: statuses().count("sent") == PEOPLE)
    taking_over.send_signal(signal.SIGTERM)
    assert taking_over.wait(timeout=30) == 0

    ids = [mail["Message-ID"] for mail in office.received]
    messages: list[dict[str, Any]] = admin.get("/v1/messages")["items"]
    assert len(ids) == PEOPLE + 1
    assert ids.count(ids[0]) == 2
    assert set(ids) == {one["messageId"] for one in messages}
    assert {one["registration"] for one in messages} == {one["id"] for one in made}


def test_a_slow_mail_server_delays_nothing_that_falls_due(
    server: Server, office: PostOffice, workers: Workers
) -> None:
    server.at("2021-06-15T09:00+02:00")
    fleck, admin = server.client("fleck", "partner"), server.client("lkca", "admin")
    office.slow = 60.0
    made = fleck.post("/v1/registrations", registration(), status=201)
    workers.start("2021-06-15T09:01+02:00")
    assert office.arrived.wait(40)
    # The same worker, while it waits for the mail server, does what is due by now.
    admin.patch("/v1/editions/noord-midden-2021", {"formsDueAt": "2021-06-15T09:00:30+02:00"})
    _until(lambda: fleck.get(f"/v1/registrations/{made['id']}")["status"] == "lapsed", 20)
    assert admin.get("/v1/messages")["items"][0]["status"] == "pending"
