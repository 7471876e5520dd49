"""The embedded server, with real processes: how it starts, is shared, ends, and comes back after a crash."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from app.core import embedded

ROOT = Path(__file__).parents[2]
SECONDS = 20

# Answers each statement on its input with the value of the first row, until the input ends.
USER = """
import asyncio, signal, sys
from pathlib import Path
import asyncpg
from app.core import embedded

# As in a terminal, also where the tests themselves run in the background, with Ctrl-C ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

async def first_value(url, statement):
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()

with embedded.start(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    try:
        for statement in sys.stdin:
            print(asyncio.run(first_value(server.url, statement)), flush=True)
    except KeyboardInterrupt:
        print("drained", asyncio.run(first_value(server.url, "SELECT count(*) FROM kept")), flush=True)
"""


class User:
    """Another process that uses the embedded server of `data_dir`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            start_new_session=True,  # a process group of its own, as a terminal would give it
        )

    def hear(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def ask(self, statement: str) -> str:
        assert self.process.stdin
        self.process.stdin.write(statement + "\n")
        self.process.stdin.flush()
        return self.hear()

    def leave(self) -> int:
        """End the input, and with it the process; returns its exit code."""
        self.process.communicate(timeout=SECONDS)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=SECONDS)


StartUser = Callable[[Path], User]


@pytest.fixture
def user() -> Iterator[StartUser]:
    """Starts users, and at the end of the test whatever they started is gone."""
    started: list[User] = []

    def start(data_dir: Path) -> User:
        started.append(User(data_dir))
        return started[-1]

    yield start
    for one in started:
        servers = server_processes(one.data_dir)
        one.kill()
        kill_all(servers)


@pytest.fixture
def first(user: StartUser, tmp_path: Path) -> User:
    """A user of a fresh folder, in which it keeps one row."""
    one = user(tmp_path)
    one.hear()
    one.ask("CREATE TABLE kept (name text)")
    one.ask("INSERT INTO kept VALUES ('Noor')")
    return one


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A temp folder with a short name, which pytest's own does not always have."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def server_processes(data_dir: Path) -> list[Any]:
    """PostgreSQL's main process on this folder and its children, if any runs."""
    try:
        main = psutil.Process(int((cluster(data_dir) / "postmaster.pid").read_text().split()[0]))
        return [main, *main.children()] if str(cluster(data_dir)) in main.cmdline() else []
    except (OSError, psutil.Error):
        return []


def kill_all(processes: list[Any]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # the others end by themselves when the main process has gone
            process.kill()


def runs(process: Any) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def all_gone(processes: list[Any]) -> bool:
    assert processes, "the server was not seen running"
    return not any(runs(process) for process in processes)


def cluster(data_dir: Path) -> Path:
    return data_dir / "postgresql" / "cluster"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


async def facts_by_asyncpg(url: str) -> dict[str, Any]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        row = await connection.fetchrow("""
            SELECT current_database() AS database, usesuper AS superuser, current_setting('TimeZone') AS zone,
                   current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
                   current_setting('listen_addresses') AS addresses,
                   (SELECT datlocale FROM pg_database WHERE datname = current_database()) AS locale
              FROM pg_user WHERE usename = current_user""")
        return dict(row)
    finally:
        await connection.close()


async def answer_by_sqlalchemy(url: str) -> object:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return (await connection.execute(sqlalchemy.text("SELECT 'ok'"))).scalar_one()
    finally:
        await engine.dispose()


def test_a_fresh_folder_gets_a_database_that_is_the_same_on_every_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")  # meant for another server
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    with embedded.start(tmp_path / "new" / "folder") as server:
        facts = asyncio.run(facts_by_asyncpg(server.url))
        assert asyncio.run(answer_by_sqlalchemy(server.url)) == "ok"
        running = server_processes(tmp_path / "new" / "folder")
    assert facts == {
        "database": "cultuurcoordinator",
        "superuser": False,
        "zone": "UTC",
        "encoding": "UTF8",
        "fsync": "on",
        "addresses": "",
        "locale": "C.UTF-8",
    }
    assert all_gone(running)
    server.stop()


def test_other_users_of_the_machine_cannot_reach_it(user: StartUser, tmp_path: Path) -> None:
    query = parse_qs(urlsplit(user(tmp_path).hear()).query)
    for folder in (tmp_path / "postgresql", cluster(tmp_path), Path(query["host"][0])):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_speed_goes_before_safety_only_when_asked_for(tmp_path: Path) -> None:
    with embedded.start(tmp_path, durable=False) as server:
        assert asyncio.run(facts_by_asyncpg(server.url))["fsync"] == "off"
    with embedded.start(tmp_path) as server:
        assert asyncio.run(facts_by_asyncpg(server.url))["fsync"] == "on"


def test_rows_are_still_there_after_a_restart(first: User, user: StartUser) -> None:
    before = server_processes(first.data_dir)
    assert first.leave() == 0
    assert all_gone(before)
    second = user(first.data_dir)
    second.hear()
    assert second.ask("SELECT name FROM kept") == "Noor"


def test_the_server_stays_until_its_last_user_leaves(first: User, user: StartUser) -> None:
    running = server_processes(first.data_dir)
    second = user(first.data_dir)
    second.hear()
    assert first.leave() == 0
    assert second.ask("SELECT name FROM kept") == "Noor"
    third = user(first.data_dir)
    third.hear()
    assert server_processes(first.data_dir)[0] == running[0]
    assert second.leave() == 0
    assert third.ask("SELECT name FROM kept") == "Noor"
    assert third.leave() == 0
    assert all_gone(running)


def test_two_first_starts_at_the_same_instant_share_one_server(user: StartUser, tmp_path: Path) -> None:
    both = [user(tmp_path), user(tmp_path)]
    assert both[0].hear() == both[1].hear() != ""
    started = "SELECT pg_postmaster_start_time()"
    assert both[0].ask(started) == both[1].ask(started)
    assert [one.leave() for one in both] == [0, 0]


def test_a_server_that_a_killed_user_left_behind_is_taken_over(first: User, user: StartUser) -> None:
    left_behind = server_processes(first.data_dir)
    first.kill()
    assert not all_gone(left_behind)
    second = user(first.data_dir)
    second.hear()
    assert second.ask("SELECT name FROM kept") == "Noor"
    running = server_processes(first.data_dir)
    assert second.leave() == 0
    assert all_gone(left_behind + running)


def test_it_recovers_when_everything_was_killed_and_the_process_id_is_in_use_again(
    first: User, user: StartUser
) -> None:
    killed = server_processes(first.data_dir)
    first.kill()
    kill_all(killed)
    until(lambda: all_gone(killed))
    note = cluster(first.data_dir) / "postmaster.pid"
    lines = note.read_text().splitlines()
    note.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    second = user(first.data_dir)
    second.hear()
    assert second.ask("SELECT name FROM kept") == "Noor"
    assert second.leave() == 0


def test_the_next_user_brings_it_back_when_it_died_under_the_others(first: User, user: StartUser) -> None:
    server_processes(first.data_dir)[0].kill()
    second = user(first.data_dir)
    second.hear()
    assert second.ask("SELECT name FROM kept") == "Noor"
    assert first.ask("SELECT name FROM kept") == "Noor"
    assert second.leave() == 0
    assert first.ask("SELECT name FROM kept") == "Noor"


def test_a_first_start_that_was_killed_halfway_does_no_harm(user: StartUser, tmp_path: Path) -> None:
    unlucky = user(tmp_path)
    until((tmp_path / "postgresql" / "cluster.draft" / "PG_VERSION").exists)
    unlucky.kill()
    second = user(tmp_path)
    second.hear()
    assert second.ask("SELECT 'here'") == "here"
    assert not (tmp_path / "postgresql" / "cluster.draft").exists()


def test_ctrl_c_reaches_the_application_and_not_its_database(first: User) -> None:
    running = server_processes(first.data_dir)
    os.killpg(first.process.pid, signal.SIGINT)
    assert first.hear() == "drained 1"
    assert first.leave() == 0
    assert all_gone(running)


def test_sigterm_ends_the_server_too(first: User) -> None:
    running = server_processes(first.data_dir)
    first.process.terminate()
    assert first.leave() == 128 + signal.SIGTERM
    assert all_gone(running)


def test_a_path_that_is_too_long_for_a_socket_works(
    user: StartUser, tmp_path: Path, sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(sockets))
    one = user(tmp_path / ("long, 'odd' & " + "x" * 100))
    url = one.hear()
    assert f"host={sockets}/cultuur-" in url
    assert [stat.S_IMODE(path.stat().st_mode) for path in sockets.iterdir()] == [0o700]
    monkeypatch.delenv("TMPDIR")
    second = user(one.data_dir)
    assert second.hear() == url
    assert second.leave() == 0
    assert one.ask("SELECT 'here'") == "here"
    assert one.leave() == 0
    assert list(sockets.iterdir()) == []


def test_a_cluster_of_another_version_is_refused_in_words(tmp_path: Path) -> None:
    cluster(tmp_path).mkdir(parents=True)
    (cluster(tmp_path) / "PG_VERSION").write_text("17\n")
    with pytest.raises(embedded.EmbeddedError, match="was made by PostgreSQL 17, and this is PostgreSQL 18"):
        embedded.start(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(embedded.EmbeddedError, match=r"The database cannot stand in .*/file/postgresql: "):
        embedded.start(tmp_path / "file")


def test_a_server_that_does_not_come_up_says_why(first: User) -> None:
    assert first.leave() == 0
    with (cluster(first.data_dir) / "postgresql.conf").open("a") as settings:
        settings.write("nonsense = on\n")
    with pytest.raises(embedded.EmbeddedError, match=r'did not start[\s\S]*parameter "nonsense"'):
        embedded.start(first.data_dir)
    assert server_processes(first.data_dir) == []
