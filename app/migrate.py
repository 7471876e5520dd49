"""Brings the database to the newest migration, from wherever it is."""

from pathlib import Path

from alembic import command
from alembic.config import Config

ROOT = Path(__file__).parent.parent


def config(database_url: str) -> Config:
    """Alembic's configuration for the database at `database_url`."""
    made = Config(ROOT / "alembic.ini")
    made.set_main_option("script_location", str(ROOT / "migrations"))
    made.attributes["database_url"] = database_url
    return made


def upgrade(database_url: str, revision: str = "head") -> None:
    """Apply every migration up to `revision`; safe when several processes do so at once."""
    command.upgrade(config(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Take migrations back down to `revision`."""
    command.downgrade(config(database_url), revision)
