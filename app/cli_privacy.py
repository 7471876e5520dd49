"""`cultuurcoordinator privacy`: purge, export, erase, replay, search, and the register of processing."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar
from uuid import UUID

import typer
from sqlmodel.ext.asyncio.session import AsyncSession

from app import following
from app.cli_shell import COMMAND_LINE, Shell
from app.core import storage
from app.core.clock import Clock
from app.core.database import Database
from app.core.etags import ANYTHING
from app.core.language import Language
from app.core.problems import Problem
from app.core.settings import Settings
from app.core.storage import Storage
from app.identity.caller import Caller, Role
from app.privacy import export, export_pdf, ledger, purging, searching
from app.privacy import service as privacy
from app.privacy.erasing import Means
from app.privacy.uses import Certificates

ADMINISTRATOR = Caller(COMMAND_LINE, COMMAND_LINE, Role.ADMIN, frozenset())
Result = TypeVar("Result")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LanguageOption = Annotated[str, typer.Option(help="nl or en.")]
ApplicantArgument = Annotated[UUID, typer.Argument(help="The applicant's id.")]


class Tools(NamedTuple):
    """What a command works with."""

    database: Database
    storage: Storage
    means: Means
    now: datetime


def commands(shell: Shell) -> typer.Typer:
    """The commands, for the command line to add."""
    cli = typer.Typer(no_args_is_help=True, help="The rights of people: retention, access, erasure.")
    _add_changes(cli, shell)
    _add_reading(cli, shell)
    return cli


def _add_changes(cli: typer.Typer, shell: Shell) -> None:
    @cli.command("purge")
    def purge(
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
        as_json: JsonOption = False,
    ) -> None:
        """Erase what has served, by the terms that each edition sets."""
        reports = _run(
            shell, lambda at: purging.purge(at.database, at.storage, at.means, at.now, dry_run=dry_run)
        )
        if as_json:
            typer.echo(json.dumps({"dryRun": dry_run, "editions": [one.said() for one in reports]}, indent=2))
        else:
            typer.echo(_report(reports, dry_run))

    @cli.command("erase")
    def erase(
        applicant: ApplicantArgument,
        forget_certificates: Annotated[
            bool, typer.Option("--forget-certificates", help="So that nobody can check them any more.")
        ] = False,
        language: LanguageOption = "nl",
    ) -> None:
        """Erase a person; prints what was erased, and what is kept and why, as JSON."""
        wanted = Certificates.FORGET if forget_certificates else Certificates.KEEP
        spoken = _language(shell, language)

        async def work(at: Tools) -> str:
            async with at.database.transaction() as db:
                told, contents = await privacy.erase(
                    db, ADMINISTRATOR, applicant, wanted, at.means, spoken, at.now, ANYTHING
                )
            for key in contents:
                at.storage.delete(key)
            await ledger.copy(at.database, at.storage)
            return told.model_dump_json(indent=2)

        typer.echo(_run(shell, work))

    @cli.command("replay")
    def replay() -> None:
        """Erase again whom the ledger names and the database still knows, as after a restore."""
        again = _run(shell, again_erased)
        typer.echo(f"{again} erased again.")


def _report(reports: list[purging.Purged], dry_run: bool) -> str:
    """What was purged, for people."""
    lines = []
    for one in reports:
        for kind, counts in sorted(one.rows.items()):
            rows = ", ".join(f"{number} {table}" for table, number in sorted(counts.items()))
            lines.append(f"{one.edition}  {kind}: {rows}.")
        lines.append(f"{one.edition}  files: {len(one.contents)}.")
    if not reports:
        return "Nothing has served."
    return "\n".join([*lines, "Nothing was changed."] if dry_run else lines)


async def again_erased(at: Tools) -> int:
    """Replay the ledger, and bring what is kept beside the files up to date with it."""
    again = await ledger.replay(at.database, at.storage, at.means, at.now)
    await ledger.copy(at.database, at.storage)
    return again


def _add_reading(cli: typer.Typer, shell: Shell) -> None:
    @cli.command("export")
    def export_person(
        applicant: ApplicantArgument,
        pdf: Annotated[Path | None, typer.Option(help="Write a PDF to read to this file.")] = None,
        language: LanguageOption = "nl",
    ) -> None:
        """Everything that is known of a person, as JSON or as a PDF."""
        spoken = _language(shell, language)
        known = _read(shell, lambda db, at: export.of_person(db, ADMINISTRATOR, applicant, spoken, at.now))
        if pdf is None:
            typer.echo(known.model_dump_json(indent=2))
            return
        try:
            pdf.write_bytes(export_pdf.render(known, spoken))
        except OSError as error:
            shell.fail(f"The PDF cannot be written to {pdf}: {error.strerror}.", 2)

    @cli.command("processing")
    def processing(language: LanguageOption = "nl") -> None:
        """The register of processing activities (AVG, article 30), as JSON."""
        spoken = _language(shell, language)
        register = _read(shell, lambda db, at: export.processing(db, spoken, at.now))
        typer.echo(register.model_dump_json(indent=2))

    @cli.command("search")
    def search(
        words: Annotated[list[str], typer.Argument(help="Words to look for, without regard to case.")],
        as_json: JsonOption = False,
    ) -> None:
        """Search every column of every table, and every file, for words; ends with 1 when one is found."""
        found = _read(shell, lambda db, at: searching.search(db, at.storage, at.means.answers, words))
        if as_json:
            typer.echo(json.dumps([one.__dict__ for one in found], indent=2, ensure_ascii=False))
        else:
            for one in found:
                typer.echo(f"{one.place}  {one.word}  {one.times}")
        if found:
            raise typer.Exit(1)
        if not as_json:
            typer.echo("Nothing was found.")


def _language(shell: Shell, given: str) -> Language:
    if given in ("nl", "en"):
        return "en" if given == "en" else "nl"
    return shell.fail("--language is nl or en.", 2)


def _read(shell: Shell, ask: Callable[[AsyncSession, Tools], Awaitable[Result]]) -> Result:
    """What one transaction gives that changes nothing."""

    async def work(at: Tools) -> Result:
        async with at.database.transaction() as db:
            return await ask(db, at)

    return _run(shell, work)


def _run(shell: Shell, work: Callable[[Tools], Awaitable[Result]]) -> Result:
    """Do something with the database and the files of the settings; what is refused is said."""
    settings = shell.settings()
    with shell.database(settings) as url:
        try:
            return asyncio.run(with_tools(settings, url, work))
        except Problem as problem:
            return shell.fail(_sentence(problem), 1)


def _sentence(problem: Problem) -> str:
    going: list[dict[str, Any]] = problem.extra.get("registrations", [])
    ways = [f"{one['id']} is {one['currentStatus']}: {', '.join(one['allowed'])}." for one in going]
    return "\n".join([problem.detail, *ways])


async def with_tools(settings: Settings, url: str, work: Callable[[Tools], Awaitable[Result]]) -> Result:
    """Do something with the database at `url` and the files of the settings."""
    database = Database(url, before_commit=following.settle)
    try:
        now = Clock(settings.at).now()
        return await work(Tools(database, storage.of(settings), Means.of(settings), now))
    finally:
        await database.close()
