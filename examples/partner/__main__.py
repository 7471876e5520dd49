"""A partner's system on the command line: `python -m partner import teachers.csv`, `sync`, `list`.

REGISTER_URL, CLIENT_ID and CLIENT_SECRET say which register, and as whom.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from . import following, importing, receiving
from .book import Book
from .register import Refused, Register

Command = Callable[[Register, Book, argparse.Namespace], None]


def import_file(register: Register, book: Book, given: argparse.Namespace) -> None:
    """Register the teachers in a file, show what was refused, and bring the list up to date."""
    query = {"mode": "all" if given.all else "partial", "dryRun": "true" if given.dry_run else "false"}
    if given.edition:
        query["edition"] = given.edition
    one = importing.send(register, given.file, **query)
    importing.tell(register, one, given.file.with_name(f"refused-{given.file.stem}.csv"))
    if not given.dry_run and not book.recall("webhook"):  # else `receive` does, and alone
        sync(register, book, given)


def sync(register: Register, book: Book, _given: argparse.Namespace) -> None:
    """Bring the list up to date with all that happened since the last time."""
    print(f"{following.catch_up(register, book)} events")


def receive(register: Register, _book: Book, given: argparse.Namespace) -> None:
    """Keep the list in step by webhooks, until stopped; it adds the webhook itself."""
    receiving.serve(register, given.book, given.host, given.port, given.url)


def show(_register: Register, book: Book, _given: argparse.Namespace) -> None:
    """Print the list."""
    for row in book.rows():
        print("\t".join(cell or "" for cell in row))


COMMANDS: dict[str, Command] = {"import": import_file, "sync": sync, "receive": receive, "list": show}


def main() -> int:
    """Do one command; 1 when the register refused it."""
    parser = argparse.ArgumentParser(prog="partner", description=__doc__)
    parser.add_argument("--book", type=Path, default=Path("registrations.sqlite"), help="the list")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.__doc__)
    file = commands.choices["import"]
    file.add_argument("file", type=Path, help="CSV, or JSON lines (.jsonl)")
    file.add_argument("--edition", help="for rows that name none")
    file.add_argument("--all", action="store_true", help="register nobody when any row is refused")
    file.add_argument("--dry-run", action="store_true", help="tell what would come of it")
    address = commands.choices["receive"]
    address.add_argument("url", help="where the register reaches it, as in https://systeem.example/register")
    address.add_argument("--host", default="127.0.0.1", help="where it listens, behind what speaks TLS")
    address.add_argument("--port", type=int, default=8080)
    given = parser.parse_args()
    credentials = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
    with Register(os.environ["REGISTER_URL"], *credentials) as register, Book(given.book) as book:
        try:
            COMMANDS[given.command](register, book, given)
        except Refused as refused:
            print(refused, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
