"""The command line, `cultuurcoordinator`: run, migrate, seed, worker, backup, restore, openapi, clients."""

import asyncio
import contextlib
import errno
import json
import re
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import asyncpg
import typer
from alembic.util import CommandError
from pydantic import ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app import backup, cli_clients, cli_privacy, following, serving
from app import migrate as migrations
from app import openapi as openapi_document
from app import seed as pilot
from app import worker as background
from app.certificates import audit
from app.cli_shell import COMMAND_LINE, Shell, one_line, transaction
from app.core import embedded, logs, storage
from app.core.clock import Clock
from app.core.database import Database
from app.core.patience import patiently
from app.core.problems import Unavailable
from app.core.settings import Settings
from app.credentials import keys
from app.events import service as events
from app.identity.schemas import ClientWithSecret
from app.main import create_app

cli = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)
seed_cli = typer.Typer(no_args_is_help=True, help="Put data in the database.")
cli.add_typer(seed_cli, name="seed")
keys_cli = typer.Typer(no_args_is_help=True, help="Keys that certificates' credentials are signed with.")
cli.add_typer(keys_cli, name="keys")
register_cli = typer.Typer(no_args_is_help=True, help="The register of certificates as a whole.")
cli.add_typer(register_cli, name="register")

SIGNED = re.compile(r"eyJ[\w-]+(\.[\w-]+){2}")  # a token; anything else names a file
NO_TABLES = ("42P01", "42703")  # PostgreSQL's codes for a table and a column that is not there

AtOption = Annotated[
    str | None,
    typer.Option(help="Development: the moment the clock stands at, such as 2021-06-15T09:00+02:00."),
]


@cli.command()
def run(
    host: Annotated[str | None, typer.Option(help="Address to listen on; LISTEN_ADDRESS, 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; PORT, 8000.")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the embedded database; DATA_DIR, .data.")
    ] = None,
    at: AtOption = None,
    migrate: Annotated[bool, typer.Option(help="Bring the database to the newest migration first.")] = True,
    allow_at_with_database_url: Annotated[
        bool, typer.Option(help="Let --at date data in DATABASE_URL.")
    ] = False,
) -> None:
    """Migrate, seed on the first start, and serve."""
    settings = _settings(
        listen_address=host,
        port=port,
        data_dir=data_dir,
        at=at,
        allow_at_with_database_url=allow_at_with_database_url or None,
    )
    with _listening(settings) as listener:
        # With port 0 the system chose one.
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        with _database(settings, create=True) as url:
            if migrate:
                asyncio.run(_reached(settings, url))
                migrations.upgrade(url)
            clients = asyncio.run(patiently(partial(_first_start, settings, url), settings.start_seconds))
            _serve(settings, url, listener, clients)


@cli.command("migrate")
def migrate_database() -> None:
    """Bring the database to the newest migration."""
    settings = _settings()
    with _database(settings, create=True) as url:
        asyncio.run(_reached(settings, url))
        migrations.upgrade(url)


@seed_cli.command("pilot")
def seed_pilot() -> None:
    """Add what is missing of the pilot's data; what is there stays as it is."""
    settings = _settings()
    with _database(settings) as url:
        migrations.upgrade(url)
        added = asyncio.run(_seed(settings, url))
    typer.echo("Seeded the pilot." if added else "The pilot was there already; nothing was changed.")


@cli.command()
def worker() -> None:
    """Do the background work until stopped, beside one or more servers."""
    settings = _settings()
    with _database(settings) as url, contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_work(settings, url))


@cli.command()
def openapi(
    output: Annotated[Path | None, typer.Option(help="File to write; standard output otherwise.")] = None,
) -> None:
    """Write the OpenAPI document; needs no database."""
    app = create_app(_settings(), "postgresql+asyncpg://nowhere/none")
    written = json.dumps(openapi_document.document(app), ensure_ascii=False, indent=2) + "\n"
    if output:
        try:
            output.write_text(written, encoding="utf-8")
        except OSError as error:
            _fail(f"The document cannot be written to {output}: {error.strerror}.")
    else:
        sys.stdout.write(written)


@keys_cli.command("rotate")
def rotate_keys() -> None:
    """Make a new signing key; what older ones signed stays valid, for they stay published."""
    settings = _settings()
    with _database(settings) as url:
        name = asyncio.run(_rotate(settings, url))
    typer.echo(f"Credentials are signed with {name} from now on.")


@register_cli.command("verify")
def verify_register(
    head: Annotated[
        list[str] | None,
        typer.Option(help="A head that was kept elsewhere: its token, or a file with it or with its JSON."),
    ] = None,
) -> None:
    """Check the whole register: chain, published heads, every certificate; ends with 1 when one is off."""
    settings = _settings()
    kept = [token for one in head or [] for token in _tokens(one)]
    with _database(settings) as url:
        found = asyncio.run(_verify(url, Clock(settings.at).now(), kept))
    counts = f"{found.entries} entries, {found.certificates} certificates, {found.heads} published heads"
    typer.echo(f"{counts}.")
    if found.faults:
        _fail("\n".join(found.faults), 1)
    typer.echo("Everything fits.")


@cli.command("backup")
def make_backup(
    folder: Annotated[Path, typer.Argument(help="Folder to write, which is not there yet.")],
) -> None:
    """Copy database and files to a folder, checksummed; the server may go on meanwhile."""
    settings = _settings()
    with _database(settings) as url, _said_of_backups():
        now = Clock(settings.at).now()
        made = backup.make(url, storage.of(settings), folder, now)
        asyncio.run(_note_backup(url, made, now))
    absent = f" {len(made.absent)} were removed meanwhile." if made.absent else ""
    typer.echo(f"{made.rows} rows of {len(made.tables)} tables and {len(made.files) - 1} files.{absent}")


@cli.command("restore")
def restore_backup(
    folder: Annotated[Path, typer.Argument(help="Folder that `backup` wrote.")],
) -> None:
    """Make the register of a backup again, in an empty database; checks everything first.

    Who was erased since, by the ledger beside the files, is erased again.
    """
    settings = _settings()
    with _database(settings, create=True) as url, _said_of_backups():
        made = backup.restore(url, storage.of(settings), folder)
        migrations.upgrade(url)
        again = asyncio.run(cli_privacy.with_tools(settings, url, cli_privacy.again_erased))
    typer.echo(
        f"{made.rows} rows of {len(made.tables)} tables and {len(made.files) - 1} files, as of {made.at}."
        + (f" Erasures done again, by the ledger: {again}." if again else "")
    )


@contextlib.contextmanager
def _said_of_backups() -> Iterator[None]:
    """End with a sentence when a backup cannot be made or used."""
    try:
        yield
    except (backup.BackupError, embedded.EmbeddedError) as error:
        _fail(str(error), 1)


def main() -> None:
    """The entry point of the command `cultuurcoordinator`."""
    cli()


def _settings(**given: Any) -> Settings:
    """The settings from the environment, with what the command line gives in their place."""
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as invalid:
        _fail("\n".join(_said(fault) for fault in invalid.errors()))
    logs.configure(settings.log_level)
    return settings


def _said(fault: Mapping[str, Any]) -> str:
    name = ".".join(str(step) for step in fault["loc"]).upper()
    return f"{name} {fault['msg'].removeprefix('Value error, ')}".strip()


def _fail(message: str, code: int = 2) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """The socket to serve on, taken before anything else is touched."""
    host, port = settings.listen_address, settings.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "another program uses that port" if taken else error.strerror or error
        _fail(f"The server cannot listen on {host}, port {port}: {why}.", 1)
    with listener:
        yield listener


@contextlib.contextmanager
def _database(settings: Settings, *, create: bool = False) -> Iterator[str]:
    """The address of the database: the one that is configured, or the embedded one, started or joined.

    What is wrong with it is said in a sentence. Only with `create` is an embedded one made that is not there.
    """
    if settings.database_url:
        address = make_url(settings.database_url)
        with _in_words(f"The database {address.database} on {address.host or 'this machine'}"):
            yield settings.database_url
        return
    folder = settings.data_dir.resolve()
    if not create and not embedded.is_there(folder):
        _fail(
            f"There is no database in {folder}. Name its folder in DATA_DIR or its address in DATABASE_URL, "
            "or make one with `cultuurcoordinator run`.",
            1,
        )
    try:
        server = embedded.start(folder)
    except embedded.EmbeddedError as error:
        _fail(str(error), 1)
    with server, server.guarded(), _in_words(f"The database in {folder}"):
        yield server.url


@contextlib.contextmanager
def _in_words(database: str) -> Iterator[None]:
    """End with a sentence, not with a traceback, when the database cannot be used."""
    try:
        yield
    except (Unavailable, ConnectionError, TimeoutError, socket.gaierror) as error:
        why = error.__cause__ if isinstance(error, Unavailable) else error
        _fail(f"{database} cannot be reached: {one_line(why)}.", 1)
    except (DBAPIError, asyncpg.PostgresError) as error:
        said = error.orig if isinstance(error, DBAPIError) else error
        if getattr(said, "sqlstate", None) in NO_TABLES:
            _fail(f"{database} lacks tables: bring it up to date with `cultuurcoordinator migrate`.", 1)
        _fail(f"{database} cannot be used: {one_line(said)}.", 1)
    except CommandError as error:
        _fail(f"{database} cannot be migrated: {one_line(error)}.", 1)


def _serve(settings: Settings, url: str, listener: socket.socket, clients: list[ClientWithSecret]) -> None:
    """Serve until stopped; exits with 1 when the application does not start."""
    config = serving.config(create_app(settings, url, with_worker=settings.worker), settings)
    server = serving.Server(config, lambda: _greet(settings, clients))
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    if not server.started:
        _fail("The application did not start.", 1)


async def _reached(settings: Settings, url: str) -> None:
    """Wait until there is a server to migrate on; raises when there is none in time."""
    database = Database(url)

    async def attempt() -> None:
        connection = await database.connect({})
        await connection.close()

    # What it refuses, such as a password, the migration runs into as well, and tells.
    with contextlib.suppress(asyncpg.PostgresError):
        await patiently(attempt, settings.start_seconds)


async def _has_tables(database: Database) -> None:
    async with database.transaction() as db:
        await pilot.is_planted(db)


async def _first_start(settings: Settings, url: str) -> list[ClientWithSecret]:
    """Seed an empty development database and give its demonstration clients; otherwise change nothing."""
    if settings.environment == "production":
        return []
    now = Clock(settings.at).now()
    async with transaction(url) as db:
        if await pilot.is_planted(db):
            return []
        await pilot.plant(db, now)
        return await pilot.add_demo_clients(db, now)


async def _seed(settings: Settings, url: str) -> bool:
    async with transaction(url) as db:
        return await pilot.plant(db, Clock(settings.at).now())


async def _rotate(settings: Settings, url: str) -> str:
    async with transaction(url) as db:
        return await keys.rotate(db, keys.Vault.of(settings), COMMAND_LINE, Clock(settings.at).now())


async def _note_backup(url: str, made: backup.Manifest, now: datetime) -> None:
    """Leave an event of it: a copy of everybody's data was made, and alarms look for how long ago."""
    async with transaction(url) as db:
        events.record(db, "backup.made", subject="backup", actor=COMMAND_LINE, at=now, rows=made.rows)


def _tokens(given: str) -> list[str]:
    """The tokens of heads in what --head was given: a token, a file with one, a head or a list as JSON."""
    text = given
    if not SIGNED.fullmatch(given):
        try:
            text = Path(given).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            _fail(f"--head: {given} cannot be read: {one_line(error)}.")
    if not text.startswith("{"):
        return [text]
    try:
        document = json.loads(text)
        return [one["token"] for one in document.get("items", [document])]
    except (ValueError, KeyError, TypeError, AttributeError):
        _fail(f"--head: {given} holds no head as the register publishes it.")


async def _verify(url: str, now: datetime, kept: list[str]) -> audit.Verified:
    async with transaction(url) as db:
        # One state of the database throughout, whatever is issued meanwhile.
        await db.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return await audit.verify(db, now, kept)


async def _work(settings: Settings, url: str) -> None:
    database = Database(url, settings.pool_size, following.settle)
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        # Fails in words, and at once but for a database that is away, where there is nothing to work on.
        await patiently(partial(_has_tables, database), settings.start_seconds)
        await background.work(database, Clock(settings.at), storage.of(settings), settings)
    finally:
        await database.close()


def _greet(settings: Settings, clients: list[ClientWithSecret]) -> None:
    """Say where the documentation is and, on the first start, with what to try it."""
    lines = [f"Documentation  {settings.base_url}/v1/docs"]
    if settings.at:
        lines.append(f"Clock          stands at {settings.at.isoformat()}")
    if clients:
        lines += ["", "Demonstration clients, with id and secret (shown this once):"]
        lines += [
            f"  {client.role:<10} {client.organisation:<15} {client.client_id:<34} {client.client_secret}"
            for client in clients
        ]
    typer.echo("\n".join([*lines, ""]))


# At the end, for what these commands borrow stands above.
SHELL = Shell(_settings, _database, _fail)
cli.add_typer(cli_clients.commands(SHELL), name="clients")
cli.add_typer(cli_privacy.commands(SHELL), name="privacy")
