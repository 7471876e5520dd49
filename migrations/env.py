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
    )
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        context.run_migrations()


async def _online(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


def _url() -> str:
    given: str | None = context.config.attributes.get("database_url") or Settings().database_url
    if given is None:
        raise SystemExit(
            "Set DATABASE_URL, or use `cultuurcoordinator migrate`, which knows the embedded database."
        )
    return given


asyncio.run(_online(_url()))
