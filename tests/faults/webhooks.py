"""Workers that are killed at random while events flow to three receivers: `python -m tests.faults.webhooks`.

Teachers are registered, changed and withdrawn over HTTP, a webhook tells each of three receivers of it (one
fast, one slow, one that fails first), and workers are killed with SIGKILL at random moments. Afterwards:

- nothing is lost: every event that was committed was taken (2xx) by every receiver at least once;
- every single delivery was signed as the independent library wants it, within its tolerance of five minutes;
- order per subject: when an event arrives at a receiver for the first time, that receiver has answered 2xx to
  every earlier event of the same subject (so first arrivals of a subject are in the order of its events);
- nothing is left over in the outbox, claimed or pending.
"""

import argparse
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from app.core import embedded
from tests.conftest import sql
from tests.stories.server import COMMAND, Server
from tests.webhooks.receivers import Answer, Received, Receiver, is_signed
from tests.world import registration

# What happens to one teacher: received, changed so often, withdrawn.
CHANGES = 3
OF_EACH = CHANGES + 2


@dataclass(frozen=True)
class Plan:
    """How much flows, for how long workers are killed, how many there are, and the seed of chance."""

    events: int = 2000
    seconds: float = 60.0
    workers: int = 3
    seed: int = 1
    patience: float = 240.0
    slow: float = 0.15  # seconds until the slow receiver answers
    fails_for: float = 0.3  # of the time, the third receiver fails


@dataclass
class Told:
    """What one receiver saw: it judges as it goes."""

    name: str
    answer: Callable[[Received], Answer]
    secret: str = ""
    arrived: dict[int, float] = field(default_factory=dict)
    taken: dict[int, float] = field(default_factory=dict)
    by_subject: dict[str, list[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    count: int = 0
    delays: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def judge(self, one: Received) -> Answer:
        """Check a delivery as it comes in, and answer it."""
        if not is_signed(self.secret, one):
            self.faults.append(f"{one.id} is not signed")
        said = json.loads(one.content)
        event, subject = said["data"]["event"], said["data"]["subject"]
        with self.lock:
            self.count += 1
            if event not in self.arrived:
                self.arrived[event] = one.at
                self.delays.append(one.at - datetime.fromisoformat(said["timestamp"]).timestamp())
                before = self.by_subject.setdefault(subject, [])
                if any(earlier > event or earlier not in self.taken for earlier in before):
                    self.faults.append(f"{event} of {subject} came before its time")
                before.append(event)
        return self.answer(one)

    def took(self, one: Received, answer: Answer) -> None:
        """Note what was answered 2xx, just before it is said."""
        if answer.status < 300:
            event = json.loads(one.content)["data"]["event"]
            with self.lock:
                self.taken.setdefault(event, time.time())


@dataclass
class Report:
    """What came of it."""

    committed: list[tuple[int, str]]
    told: list[Told]
    kills: int
    left_over: dict[str, int]
    seconds: float

    def faults(self) -> list[str]:
        """Everything that is not as it should be."""
        wanted = {event for event, _ in self.committed}
        found = [f"{one.name}: {fault}" for one in self.told for fault in one.faults]
        for one in self.told:
            if missing := wanted - set(one.taken):
                found.append(f"{one.name}: {len(missing)} events were never taken")
            if strange := set(one.arrived) - wanted:
                found.append(f"{one.name}: {len(strange)} events that nobody committed")
            mixed = [events for events in one.by_subject.values() if events != sorted(events)]
            found += [f"{one.name}: {events} is out of order" for events in mixed]
        return found + [f"{count} {what} are left" for what, count in self.left_over.items() if count]

    def lines(self) -> list[str]:
        """The figures, to print."""
        lines = [f"{len(self.committed)} events, {self.kills} workers killed, {self.seconds:.0f} s in all"]
        for one in self.told:
            delays = statistics.quantiles(one.delays, n=100)
            lines.append(
                f"{one.name:<8} {len(one.taken)} taken, {one.count} attempts, "
                f"delay p50 {delays[49]:.2f} s, p99 {delays[98]:.2f} s"
            )
        return lines


class Flow:
    """One run."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.plan, self.chance = plan, random.Random(plan.seed)
        self.server = Server(folder)
        self.server.environment |= {"WORKER": "false", "TOKEN_SECONDS": "3600", "PUBLIC_PER_MINUTE": "0"}
        self.workers: list[subprocess.Popen[bytes]] = []
        self.kills = 0
        self.until = 0.0
        self.told = [
            Told("fast", lambda _: Answer()),
            Told("slow", lambda _: Answer(after=plan.slow)),
            Told("failing", self._failing),
        ]

    def run(self) -> Report:
        """Let it flow, and give what came of it."""
        with self.server:
            self.server.start()
            self.server.wait()
            begun = time.time()
            receivers = [_keeping(told) for told in self.told]
            for receiver in receivers:
                receiver.__enter__()
            try:
                return self._flow(receivers, begun)
            finally:
                for worker in self.workers:
                    _end(worker)
                for receiver in receivers:
                    receiver.__exit__()

    def _flow(self, receivers: list[Receiver], begun: float) -> Report:
        fleck = self.server.client("fleck", "partner")
        for told, receiver in zip(self.told, receivers, strict=True):
            body = {"url": receiver.url, "types": ["registration.*"]}
            told.secret = fleck.post("/v1/webhooks", body, status=201)["secret"]
        self.workers = [self._worker() for _ in range(self.plan.workers)]
        self.until = time.time() + self.plan.seconds
        killer = threading.Thread(target=self._kill)
        killer.start()
        made = self._write(fleck.credentials)
        killer.join()
        committed = self._wait_until_all_is_told(made)
        return Report(committed, self.told, self.kills, self._left_over(), time.time() - begun)

    def _failing(self, one: Received) -> Answer:
        """Fails at first in every way there is, and then recovers."""
        if one.at < self.until - self.plan.seconds * (1 - self.plan.fails_for):
            return self.chance.choice(
                [Answer(500), Answer(503, {"retry-after": "1"}), Answer(404, after=0.2)]
            )
        return Answer()

    def _worker(self) -> subprocess.Popen[bytes]:
        with self.server.printed.open("ab") as printed:
            return subprocess.Popen(
                [COMMAND, "worker"], env=self.server.environment, stdout=printed, stderr=printed
            )

    def _kill(self) -> None:
        """Kill a worker at a random moment, and start another in its place."""
        while (left := self.until - time.time()) > 0:
            time.sleep(min(left, self.chance.uniform(0.5, 4.0)))
            place = self.chance.randrange(len(self.workers))
            self.workers[place].send_signal(signal.SIGKILL)
            self.workers[place].wait(30)
            self.kills += 1
            self.workers[place] = self._worker()

    def _write(self, credentials: dict[str, Any]) -> int:
        """Write over HTTP, spread over the time; gives how many events were acknowledged."""
        people = self.plan.events // OF_EACH
        grant = {"grant_type": "client_credentials"}
        basic = (credentials["clientId"], credentials["clientSecret"])
        with httpx.Client(base_url=self.server.url, timeout=60) as client:
            token = client.post("/v1/oauth/token", data=grant, auth=basic).raise_for_status().json()
            client.headers["Authorization"] = f"Bearer {token['access_token']}"
            begun, step = time.time(), self.plan.seconds * 0.8 / (people * OF_EACH)
            made: list[str] = []
            acknowledged = 0
            for turn in range(OF_EACH):
                for place in range(people):
                    time.sleep(max(0.0, begun + acknowledged * step - time.time()))
                    if turn == 0:
                        body = registration(edition="voorbeeld")
                        made.append(
                            client.post("/v1/registrations", json=body).raise_for_status().json()["id"]
                        )
                    elif turn <= CHANGES:
                        change = {"position": f"docent {turn}"}
                        client.patch(f"/v1/registrations/{made[place]}", json=change).raise_for_status()
                    else:
                        client.post(f"/v1/registrations/{made[place]}/_withdraw").raise_for_status()
                    acknowledged += 1
        return acknowledged

    def _wait_until_all_is_told(self, made: int) -> list[tuple[int, str]]:
        rows = self._query(
            "SELECT id, subject FROM event WHERE partner = 'fleck' AND type LIKE 'registration.%' ORDER BY id"
        )
        committed = [(int(id), subject) for id, subject in rows]
        assert len(committed) == made, (len(committed), made)
        deadline = time.time() + self.plan.patience
        wanted = {event for event, _ in committed}
        while time.time() < deadline and any(wanted - set(one.taken) for one in self.told):
            time.sleep(0.1)
        while time.time() < deadline and any(self._left_over().values()):
            time.sleep(0.2)
        return committed

    def _left_over(self) -> dict[str, int]:
        [[outbox, pending, claimed, failed]] = self._query(
            "SELECT (SELECT count(*) FROM event_pending), "
            "count(*) FILTER (WHERE status = 'pending'), count(claimed_by), "
            "count(*) FILTER (WHERE status = 'failed') FROM webhook_delivery"
        )
        found = {"outbox": outbox, "pending": pending, "claimed": claimed, "failed": failed}
        return {what: int(count) for what, count in found.items()}

    def _query(self, statement: str) -> list[list[str]]:
        """Rows of the server's own database, asked beside it."""
        return _asked(Path(self.server.environment["DATA_DIR"]), statement)


def _asked(data: Path, statement: str) -> list[list[str]]:

    with embedded.start(data.resolve()) as server:
        return [list(row.values()) for row in sql(server.url, statement)]


def _keeping(told: Told) -> Receiver:
    """A receiver that judges what it gets, and notes what it takes before it says so."""

    def answer(one: Received) -> Answer:
        said = told.judge(one)
        if said.after:
            time.sleep(said.after)
        told.took(one, said)
        return Answer(said.status, said.headers, said.content)

    return Receiver(answer)


def _end(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        worker.send_signal(signal.SIGTERM)
    try:
        worker.wait(30)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait(30)


def main() -> None:
    """Run, print, and end with 1 when something was not as it should be."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=Plan.events)
    options.add_argument("--seconds", type=float, default=Plan.seconds)
    options.add_argument("--seed", type=int, default=Plan.seed)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(events=given.events, seconds=given.seconds, seed=given.seed)
        report = Flow(Path(folder), plan).run()
    print("\n".join(report.lines()))
    faults = report.faults()
    print("\n".join(faults[:50]) if faults else "Nothing lost, every signature right, order kept.")
    print(f"faults: {dict(Counter(fault.partition(':')[0] for fault in faults))}" if faults else "", end="")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
