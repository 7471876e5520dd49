"""The database: one engine, one session and one transaction per request."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any

import asyncpg
import sqlalchemy as sa
import uuid_utils.compat
from sqlalchemy import event
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import tenancy
from app.core.problems import Problem, Unavailable
from app.core.tenancy import Acting

# Every constraint has a name that can be told from its table and columns, in migrations and in errors alike.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


# What the pool's connections are born with, for what comes by HTTP: who waits longer than this has long gone.
# A transaction that does nothing for so long is a process that hangs, with locks that others need.
AT_MOST = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "10min",
}
_NO_ROLE = asyncpg.InvalidParameterValueError.sqlstate
# For a connection, the pool's or a new one: a host that is gone does not even refuse.
CONNECT_SECONDS = 5.0


class Database:
    """The engine of one process, and the sessions it gives.

    `before_commit` is done at the end of every transaction, as part of it: what follows from the changes.
    """

    def __init__(
        self,
        url: str,
        pool_size: int = 10,
        before_commit: Callable[[AsyncSession], Awaitable[None]] | None = None,
    ) -> None:
        self._url, self._before_commit = url, before_commit
        # A connection that died while idle is replaced without the caller noticing.
        self.engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            pool_timeout=CONNECT_SECONDS,
            hide_parameters=True,  # errors are logged, and parameters are personal data
        )
        event.listen(self.engine.sync_engine, "do_connect", partial(_connect, at_most=AT_MOST))

    @asynccontextmanager
    async def transaction(self, acting: Acting | None = tenancy.WHOLE) -> AsyncIterator[AsyncSession]:
        """One session, one transaction: committed at the end, rolled back when anything is raised.

        It acts as the register itself, with all the time that it takes, or as nobody, until it says as whom
        (core/tenancy.py). A Problem with `keeps_record` is the exception: it commits the record of the
        refused attempt.
        """
        async with AsyncSession(self.engine, expire_on_commit=False) as db:
            if acting:
                tenancy.begin_as(db, acting, patient=True)
            try:
                yield db
            except Problem as problem:
                if problem.keeps_record:
                    await db.commit()
                raise
            if self._before_commit:
                await self._before_commit(db)
            await db.commit()

    @asynccontextmanager
    async def line(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection beside the pool, in no transaction: to listen, and to hold a session's locks.

        Raises Unavailable when there is no server to connect to.
        """
        engine = create_async_engine(self._url, poolclass=NullPool)
        event.listen(engine.sync_engine, "do_connect", _connect)
        async with engine.connect() as connection:
            driven = (await connection.get_raw_connection()).driver_connection
            assert driven is not None
            try:
                yield driven
            finally:
                driven.terminate()  # whatever state it is in: nothing waits for it

    async def connect(self, settings: Mapping[str, str]) -> asyncpg.Connection:
        """A connection beside the pool, with these settings of the server's; OSError when there is none."""
        _, named = self.engine.dialect.create_connect_args(self.engine.url)
        return await asyncpg.connect(**{"timeout": CONNECT_SECONDS, **named}, server_settings=settings)

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()


async def set_aside(db: AsyncSession) -> None:
    """Give the connection back while something slow is waited for, such as a large body.

    The next statement begins a new transaction; what was read has to be read again.
    """
    assert not {*db.new, *db.dirty, *db.deleted}, "what was changed would be lost"
    await db.rollback()


def _connect(
    dialect: Dialect,
    _record: object,
    arguments: tuple[Any, ...],
    named: dict[str, Any],
    at_most: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    """Connect, as who sees nothing of anybody; Unavailable when there is no server to connect to."""
    born = {"role": tenancy.PARTNER, **at_most}
    try:
        return dialect.connect(*arguments, **{"timeout": CONNECT_SECONDS, **named}, server_settings=born)
    except OSError as refused:
        raise Unavailable from refused
    except dialect.loaded_dbapi.Error as refused:
        if getattr(refused, "sqlstate", None) == _NO_ROLE:  # the migrations make the roles
            raise Unavailable from refused
        raise


async def flush(db: AsyncSession, on_conflict: Mapping[str, Problem]) -> None:
    """Send the pending changes; a violated constraint that `on_conflict` names becomes its Problem."""
    try:
        await db.flush()
    except IntegrityError as error:
        problem = on_conflict.get(constraint_of(error) or "")
        if problem is None:
            raise
        raise problem from error


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint that was violated."""
    name: str | None = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
    return name


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): keys in the order in which they were made."""
    return uuid_utils.compat.uuid7()


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """A column with a moment: timestamptz, aware UTC in Python."""
    return Field(
        default=None if nullable else ..., sa_type=sa.DateTime(timezone=True), nullable=nullable, index=index
    )


def one_of(kind: type[StrEnum], name: str, length: int = 40) -> sa.Enum:
    """The column type for an enum: its values as text, guarded by a CHECK called `name`."""
    return sa.Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=length,
        values_callable=lambda members: [member.value for member in members],
    )
