"""`cultuurcoordinator clients`: create, list, rotate and end the API clients of organisations."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from app.cli_shell import COMMAND_LINE, Shell, one_line, transaction
from app.core import etags
from app.core.clock import Clock
from app.core.paging import Window
from app.core.problems import NotFound, Problem
from app.core.settings import Settings
from app.core.values import utc
from app.identity import service as identity
from app.identity.caller import Role
from app.identity.schemas import ClientCreate, ClientRead, ClientWithSecret, FirstKeySet, Rotation


def commands(shell: Shell) -> typer.Typer:
    """The commands, for the command line to add."""
    cli = typer.Typer(no_args_is_help=True, help="API clients of organisations.")
    _add_creating(cli, shell)
    _add_the_rest(cli, shell)
    return cli


def _add_creating(cli: typer.Typer, shell: Shell) -> None:
    @cli.command("create")
    def create_client(
        organisation: Annotated[str, typer.Option(help="Slug of the organisation, such as fleck.")],
        role: Annotated[Role, typer.Option(help="What the client may do.")],
        name: Annotated[str | None, typer.Option(help="What the client is for.")] = None,
        jwks: Annotated[
            Path | None, typer.Option(help="File with its public keys (a JWK Set), in place of a secret.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Add an API client; its secret is printed this once. Works beside a running server."""
        settings = shell.settings()
        try:
            with shell.database(settings) as url:
                keys_of_its_own = FirstKeySet.model_validate_json(jwks.read_bytes()) if jwks else None
                wanted = ClientCreate(organisation=organisation, role=role, name=name, jwks=keys_of_its_own)
                added = asyncio.run(_add_client(settings, url, wanted))
        except Problem as problem:
            faults = [fault["detail"] for fault in problem.extra.get("errors", [])]
            shell.fail(" ".join(faults) or problem.detail, 2)
        except OSError as error:
            shell.fail(f"--jwks: {jwks} cannot be read: {one_line(error)}.", 2)
        except ValidationError as invalid:
            shell.fail(
                " ".join(
                    f"--{fault['loc'][0] if fault['loc'] else 'jwks'}: {fault['msg']}."
                    for fault in invalid.errors()
                ),
                2,
            )
        if as_json:
            typer.echo(json.dumps({"clientId": added.client_id, "clientSecret": added.client_secret}))
        else:
            typer.echo(f"client id      {added.client_id}\nclient secret  {added.client_secret}")


def _add_the_rest(cli: typer.Typer, shell: Shell) -> None:
    @cli.command("list")
    def list_clients() -> None:
        """List every API client: its id, when it last asked for a token, and whether it has been ended."""
        settings = shell.settings()
        with shell.database(settings) as url:
            clients = asyncio.run(_clients(url))
        for one in clients:
            used = utc(one.last_used_at) if one.last_used_at else "never used"
            typer.echo(f"{one.client_id:<34} {used:<28} {'ended' if one.ended_at else 'works':<6} {one.name}")

    @cli.command("rotate")
    def rotate_client(
        client_id: Annotated[str, typer.Argument(help="The client's id.")],
        overlap_hours: Annotated[
            int, typer.Option(min=0, max=720, help="For how long the secrets before go on working.")
        ] = 0,
    ) -> None:
        """Give an API client a new secret, printed this once; the ones before end. Works beside a server."""
        settings = shell.settings()
        until = Clock(settings.at).now() + timedelta(hours=overlap_hours) if overlap_hours else None
        with shell.database(settings) as url, _said(shell):
            rotated = asyncio.run(_rotate_client(settings, url, client_id, Rotation(keepOthersUntil=until)))
        typer.echo(f"client id      {rotated.client_id}\nclient secret  {rotated.client_secret}")

    @cli.command("end")
    def end_client(client_id: Annotated[str, typer.Argument(help="The client's id.")]) -> None:
        """End an API client: its secrets, keys and tokens are refused from now on."""
        settings = shell.settings()
        with shell.database(settings) as url, _said(shell):
            asyncio.run(_end_client(settings, url, client_id))
        typer.echo(f"{client_id} has been ended.")


async def _add_client(settings: Settings, url: str, wanted: ClientCreate) -> ClientWithSecret:
    async with transaction(url) as db:
        return await identity.add_client(db, COMMAND_LINE, wanted, Clock(settings.at).now())


async def _clients(url: str) -> list[ClientRead]:
    found, cursor = list[ClientRead](), None
    async with transaction(url) as db:
        while True:
            page = await identity.list_clients(db, Window(100, cursor))
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found


async def _rotate_client(settings: Settings, url: str, client_id: str, how: Rotation) -> ClientWithSecret:
    now = Clock(settings.at).now()
    async with transaction(url) as db:
        return await identity.rotate_client(db, COMMAND_LINE, client_id, how, now, etags.ANYTHING)


async def _end_client(settings: Settings, url: str, client_id: str) -> None:
    now = Clock(settings.at).now()
    async with transaction(url) as db:
        await identity.end_client(db, COMMAND_LINE, client_id, now, etags.ANYTHING)


@contextlib.contextmanager
def _said(shell: Shell) -> Iterator[None]:
    """End with a sentence when there is no such client."""
    try:
        yield
    except NotFound as unknown:
        shell.fail(unknown.detail, 2)
