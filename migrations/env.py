"""Runs migrations over asyncpg, one process at a time, each migration in its transaction."""

import asyncio
from typing import Literal

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import AutoString

from app.core.settings import Settings
from app.tables import metadata

# Any number of our own: whoever migrates holds this advisory lock.
LOCK = 7_218_005
# A statement that waits for a table's lock holds up everybody who comes after it, readers too: so it gives
# way soon, and app/migrate.py tries again.
PATIENCE = "500ms"


def _rendered(kind: str, item: object, _: object) -> str | Literal[False]:
    """Write SQLModel's text type as the plain one that it is, so that migrations stand on their own."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={getattr(item.impl_instance, 'length', None)})"
    return False


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=True,
        render_item=_rendered,
        transaction_per_migration=True,  # so that no lock is held for longer than one of them takes
    )
    # The session's, to hold through all of them; who waits for it waits as long as it takes.
    connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
    connection.execute(text(f"SET lock_timeout = '{PATIENCE}'"))
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()


async def _online(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        try:
            await connection.run_sync(_migrate)
            await connection.commit()
        finally:
            await connection.invalidate()  # and with it goes the lock
            await engine.dispose()


def _url() -> str:
    given: str | None = context.config.attributes.get("database_url") or Settings().database_url
    if given is None:
        raise SystemExit(
            "Set DATABASE_URL, or use `cultuurcoordinator migrate`, which knows the embedded database."
        )
    return given


asyncio.run(_online(_url()))
