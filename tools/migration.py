"""Writes a migration: compares the tables with a database that stands at the newest one. `make migration`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script

from app import migrate
from app.core import embedded


def main(message: str) -> None:
    """Write `migrations/versions/NNNN_message.py` for what changed in the models."""
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder), durable=False) as server:
        migrate.upgrade(server.url)
        number = len(list((migrate.ROOT / "migrations" / "versions").glob("[0-9]*.py"))) + 1
        made = command.revision(
            migrate.config(server.url), message=message, autogenerate=True, rev_id=f"{number:04d}"
        )
        assert isinstance(made, Script)
        _tidy(Path(made.path))


def _tidy(path: Path) -> None:
    """Take the generator's remarks out and format the rest."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "# ###" not in line), encoding="utf-8")
    for step in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, str(path)], check=True)


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "change")
