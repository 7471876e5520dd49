"""SIGKILL of APIs, worker and PostgreSQL while all is being written: what was acknowledged is there, whole.

The clients keep a journal, and repeat what was not answered under the same Idempotency-Key. After a while
the database, the receiver of webhooks and the mail server are compared with the journal.
"""

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from app.webhooks import catalogue
from tests.conftest import sql
from tests.faults.conftest import Processes, Stand
from tests.faults.journal import Journal, Writer
from tests.faults.stand import Process, announcing, say, superuser, until, world_on
from tests.notifications.post_office import SENDER, PostOffice
from tests.stories.server import COMMAND
from tests.webhooks.receivers import Receiver
from tests.world import registration

SECONDS = float(os.environ.get("FAULTS_SECONDS", "12"))
SEED = int(os.environ.get("FAULTS_SEED", "0")) or random.randrange(1, 10**6)
# Rows that one of the writes leaves, and that no other may be without.
HALVES = {
    "an applicant without a registration": """
        SELECT a.id FROM applicant a LEFT JOIN registration r ON r.applicant = a.id WHERE r.id IS NULL""",
    "a registration without a form": """
        SELECT r.id FROM registration r LEFT JOIN enrolment_form f ON f.registration = r.id
         WHERE f.registration IS NULL""",
    "a registration that was not received once": """
        SELECT r.id FROM registration r LEFT JOIN event e
            ON e.subject = r.id::text AND e.type = 'registration.received'
         GROUP BY r.id HAVING count(e.id) <> 1""",
    "a certificate without its entry in the register": """
        SELECT c.number FROM certificate c LEFT JOIN register_salt s ON s.certificate = c.number
         GROUP BY c.number HAVING count(s.entry) <> 1""",
    "a certificate whose holder is not certified": """
        SELECT c.number FROM certificate c JOIN registration r ON r.id = c.registration
         WHERE r.status <> 'certified'""",
    "a certificate without its event": """
        SELECT c.number FROM certificate c LEFT JOIN event e
            ON e.type = 'certificate.issued' AND e.subject = c.number
         GROUP BY c.number HAVING count(e.id) <> 1""",
    "somebody certified without a certificate": """
        SELECT r.id FROM registration r LEFT JOIN certificate c ON c.registration = r.id
         WHERE r.status = 'certified' AND c.number IS NULL""",
    "a draw that is completed and whose candidates were not told once": """
        SELECT c.registration FROM draw d JOIN draw_candidate c ON c.draw = d.id
          LEFT JOIN event e ON e.subject = c.registration::text
           AND e.type IN ('registration.placed', 'registration.waitlisted')
         WHERE d.status = 'completed' GROUP BY c.registration HAVING count(e.id) <> 1""",
    "an edition with other seats than are taken": """
        SELECT e.slug FROM edition e LEFT JOIN registration r
            ON r.edition = e.slug AND r.status IN ('placed', 'confirmed', 'certified')
         GROUP BY e.slug HAVING count(r.id) <> e.seats_taken""",
    "attendance whose last version it is not": """
        SELECT a.registration FROM attendance a JOIN attendance_version v
            ON v.session = a.session AND v.registration = a.registration
         GROUP BY a.session, a.registration, a.version HAVING max(v.version) <> a.version
             OR count(*) <> a.version""",
    "a draw announced twice": """
        SELECT edition FROM draw WHERE status IN ('announced', 'run') GROUP BY edition HAVING count(*) > 1""",
}

WAITING = """
SELECT (SELECT count(*) FROM event_pending) + (SELECT count(*) FROM message WHERE status = 'pending')
     + (SELECT count(*) FROM webhook_delivery WHERE status = 'pending') AS n
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with PostOffice() as office:
        yield office


def test_what_was_acknowledged_outlives_every_kill(
    stand: Stand, processes: Processes, url: str, receiver: Receiver, office: PostOffice
) -> None:
    say(f"seed {SEED}")
    apis = [processes.start() for _ in range(2)]
    mail = {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": SENDER, "WORKER_SECONDS": "1"}
    worker = processes.start("worker", **mail)
    for api in apis:
        api.wait()
    with Journal() as journal:
        clients = stand.prepared.clients
        admin = Writer(apis, journal, clients["lkca", "admin"])
        admin.write("POST", "/v1/webhooks", {"url": receiver.url, "types": ["*"]})
        kills = _storm(stand, apis, worker, journal)
        assert journal.faults == []
        assert min(kills.values()) >= 1, kills
        _is_complete(url, journal)
        _repeats(journal, Writer(apis, journal, clients["fleck", "partner"]))
        _has_no_halves(url)
        _register_fits(apis[0])
        _is_told(url, receiver, office)
    say(
        f"{dict(kills)} killed; {len(journal.entries)} acknowledged in {journal.tries} tries, "
        f"{len(journal.refused)} times 503 or 409"
    )


def _storm(stand: Stand, apis: list[Process], worker: Process, journal: Journal) -> dict[str, int]:
    """Write while things are killed; give how often each was."""
    ended = threading.Event()
    kills: dict[str, int] = defaultdict(int)
    killer = threading.Thread(target=_kill, args=(stand, apis, worker, ended, kills))
    tasks = Writers(stand, apis, journal, ended).tasks()
    with ThreadPoolExecutor(len(tasks)) as threads:
        running = [threads.submit(task) for task in tasks]
        killer.start()
        time.sleep(SECONDS)
        ended.set()
        killer.join()
        for one in running:
            one.result()
    return kills


def _kill(
    stand: Stand, apis: list[Process], worker: Process, ended: threading.Event, kills: dict[str, int]
) -> None:
    """Kill one after another, in an order of chance in which each has its turn, and start it again."""
    chance = random.Random(SEED)

    def database() -> None:
        stand.cluster.kill()
        time.sleep(chance.uniform(0, 0.5))
        stand.cluster.start()

    turns: dict[str, Callable[[], None]] = {
        "database": database,
        "first API": partial(_again, apis[0], apis[1]),
        "second API": partial(_again, apis[1], apis[0]),
        "worker": partial(_again, worker),
    }
    while not ended.is_set() or len(kills) < len(turns):
        for what in chance.sample(list(turns), len(turns)):
            time.sleep(chance.uniform(0.2, 1.5))
            turns[what]()
            kills[what] += 1
            if ended.is_set() and len(kills) == len(turns):
                return


def _again(process: Process, other: Process | None = None) -> None:
    """Kill it and start it; while the `other` serves, for nothing is acknowledged when none does."""
    if other:
        until(other.ready)
    process.end(signal.SIGKILL)
    process.start()


@dataclass
class Writers:
    """Who writes, each in a thread, until it has `ended`."""

    stand: Stand
    apis: list[Process]
    journal: Journal
    ended: threading.Event

    def tasks(self) -> list[Callable[[], None]]:
        """What runs at the same time."""
        partners = enumerate(("fleck", "mocca", "fleck"))
        registrars = [partial(self.register, partner, number) for number, partner in partners]
        return [*registrars, self.attend, self.draw, self.certify]

    def writer(self, organisation: str, role: str, number: int = 0) -> Writer:
        """A client of its own."""
        return Writer(self.apis, self.journal, self.stand.prepared.clients[organisation, role], number)

    def register(self, partner: str, number: int) -> None:
        """Teachers, one after another."""
        writer = self.writer(partner, "partner", number)
        while not self.ended.wait(0.1):
            writer.write("POST", "/v1/registrations", registration(edition="voorbeeld"))

    def attend(self) -> None:
        """Attendance that is corrected each time."""
        writer, prepared = self.writer("mocca", "provider"), self.stand.prepared
        for minutes in range(180):
            for id in prepared.attending:
                path = f"/v1/sessions/{prepared.sessions[minutes % 3]}/attendance/{id}"
                writer.write("PUT", path, {"minutes": minutes, "reason": f"correction {minutes}"})
                if self.ended.wait(0.15):
                    return

    def draw(self) -> None:
        """Draws that are run and published, and others that are announced."""
        writer, prepared = self.writer("lkca", "admin"), self.stand.prepared
        for number, id in enumerate(prepared.draws):
            writer.write("POST", f"/v1/draws/{id}/_run", {"value": f"739.5{number}"})
            self.ended.wait(SECONDS / 12)
            writer.write("POST", f"/v1/draws/{id}/_publish")
        for slug in prepared.to_announce:
            writer.write("POST", f"/v1/editions/{slug}/draws", announcing())
            self.ended.wait(SECONDS / 12)

    def certify(self) -> None:
        """Certificates, one after another."""
        writer = self.writer("lkca", "certifier")
        for id in self.stand.prepared.certifiable:
            writer.write("POST", "/v1/certificates", {"registration": id})
            self.ended.wait(SECONDS / 16)


def _is_complete(url: str, journal: Journal) -> None:
    """Everything that was acknowledged is there, once."""
    rows = sql(
        url,
        "SELECT r.id::text, a.email FROM registration r JOIN applicant a ON a.id = r.applicant "
        "WHERE r.edition = 'voorbeeld'",
    )
    there = sorted((row["id"], row["email"]) for row in rows)
    acknowledged = journal.of("/v1/registrations")
    assert there == sorted((one.answer["id"], one.body["applicant"]["email"]) for one in acknowledged)

    numbers = [row["number"] for row in sql(url, "SELECT number FROM certificate ORDER BY number")]
    certified = sorted(one.answer["number"] for one in journal.of("/v1/certificates"))
    assert numbers == certified
    places = [int(number.rpartition("-")[2]) for number in numbers]
    assert places == list(range(1, len(numbers) + 1))

    attended = defaultdict(list)
    for one in journal.of("/attendance/"):
        attended[one.path].append(one.body["minutes"])
    for path, minutes in attended.items():
        _, _, _, session, _, registration_id = path.split("/")
        rows = sql(
            url,
            "SELECT minutes FROM attendance_version WHERE session = "
            f"'{session}' AND registration = '{registration_id}' ORDER BY version",
        )
        assert [row["minutes"] for row in rows] == minutes, path

    published = {one.path.split("/")[3]: one.answer for one in journal.of("/_publish")}
    for id, answer in published.items():
        [row] = sql(url, f"SELECT status, outcome FROM draw WHERE id = '{id}'")
        assert row["status"] == "completed"
        assert json.loads(row["outcome"])["lots"] == answer["outcome"]["lots"]
    announced = {one.answer["id"] for one in journal.of("/draws") if "/editions/" in one.path}
    pending = {str(row["id"]) for row in sql(url, "SELECT id FROM draw WHERE status = 'announced'")}
    assert announced == pending


def _repeats(journal: Journal, writer: Writer) -> None:
    """Whoever repeats what was acknowledged gets the same answer again, and nothing happens."""
    mine = [one for one in journal.of("/v1/registrations") if one.answer["partner"] == "fleck"]
    assert mine
    for one in mine[-10:]:
        answer = writer.send(one.method, one.path, one.body, one.key)
        assert (answer.status_code, answer.headers["idempotency-replayed"]) == (one.status, "true")
        assert answer.json() == one.answer


def _has_no_halves(url: str) -> None:
    found = {what: len(rows) for what, query in HALVES.items() if (rows := sql(url, query))}
    assert found == {}


def _register_fits(api: Process) -> None:
    done = subprocess.run(
        [COMMAND, "register", "verify"], env=api.environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["Everything fits."]), done


def _is_told(url: str, receiver: Receiver, office: PostOffice) -> None:
    """Every event was delivered at least once, always under one id; every message, under one Message-ID."""

    def waits() -> int:
        # A message that a killed worker had claimed is another's after five minutes: not waited for here.
        sql(
            url,
            "UPDATE message SET next_attempt_at = now() WHERE status = 'pending' "
            "AND next_attempt_at > now() + interval '2 minutes'",
        )
        [row] = sql(url, WAITING)
        return int(row["n"])

    until(lambda: waits() == 0, every=0.3)
    ids: dict[int, set[str]] = defaultdict(set)
    for one in receiver.received:
        ids[json.loads(one.content)["data"]["event"]].add(one.id)
    since = "SELECT id, type FROM event WHERE id > (SELECT id FROM event WHERE type = 'webhook.added')"
    wanted = {row["id"] for row in sql(url, since) if catalogue.wanted(["*"], row["type"])}
    assert wanted - set(ids) == set()
    assert {event for event, under in ids.items() if len(under) > 1} == set()
    messages = sql(url, "SELECT status, message_id FROM message")
    assert {row["status"] for row in messages} <= {"sent", "cancelled"}
    sent = [row["message_id"] for row in messages if row["status"] == "sent"]
    assert len(sent) == len(set(sent)) > 0
    assert set(sent) == {str(one["Message-ID"]) for one in office.received}


def test_without_waiting_for_the_disk_an_acknowledged_write_is_lost(
    stand: Stand, url: str, tmp_path: Path
) -> None:
    """The control: these kills do lose what PostgreSQL was told not to keep before it says so."""
    superuser(url, f"ALTER DATABASE {make_url(url).database} SET synchronous_commit = off")
    superuser(url, "ALTER SYSTEM SET wal_writer_delay = '10s'", "SELECT pg_reload_conf()")
    try:
        with world_on(url, stand.prepared, tmp_path) as world:
            made = world.register(edition="voorbeeld")
            stand.cluster.kill()
        stand.cluster.start()
        assert sql(url, f"SELECT FROM registration WHERE id = '{made['id']}'") == []
    finally:
        superuser(url, "ALTER SYSTEM RESET wal_writer_delay", "SELECT pg_reload_conf()")
