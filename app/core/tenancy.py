"""As whom a transaction acts in PostgreSQL: row-level security, the second lock behind services' filters.

Every connection of the application is born as PARTNER, of no tenant: it reads and writes no row that is
anybody's. The database's own policies (app/policies.py) let PARTNER see the rows of the tenant that its
transaction names, and REGISTER all. So what forgot to say who it is, or a filter, finds nothing of others.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction
from sqlmodel.ext.asyncio.session import AsyncSession

PARTNER, REGISTER = "cultuurcoordinator_partner", "cultuurcoordinator_register"
TENANT, ORIGIN = "register.tenant", "register.origin"
# Until the end of the transaction; what says it in a statement of its own pays a round trip.
ACT = (
    f"set_config('role', :role, true), set_config('{TENANT}', :tenant, true), "
    f"set_config('{ORIGIN}', :origin, true)"
)
_ACTING, _FROM = "acts as", "comes from"


@dataclass(frozen=True)
class Acting:
    """A role of PostgreSQL's, and the organisation whose rows it sees."""

    role: str
    tenant: str = ""


WHOLE = Acting(REGISTER)


def of_partner(organisation: str) -> Acting:
    """As a partner, that sees what is its own."""
    return Acting(PARTNER, organisation)


def come_from(db: AsyncSession, origin: str) -> None:
    """Events of transactions that `db` begins from now on say that they come from there; empty is nowhere."""
    db.info[_FROM] = origin


def said(session: Session, acting: Acting) -> dict[str, str]:
    """The parameters of ACT."""
    return {"role": acting.role, "tenant": acting.tenant, "origin": session.info.get(_FROM, "")}


def begin_as(db: AsyncSession, acting: Acting) -> None:
    """Every transaction that `db` begins from now on acts so; one that has begun does not."""
    db.info[_ACTING] = acting


@event.listens_for(Session, "after_begin")
def _act(session: Session, transaction: SessionTransaction, connection: sa.Connection) -> None:
    acting: Acting | None = session.info.get(_ACTING)
    if acting and not transaction.nested:
        connection.execute(sa.text(f"SELECT {ACT}"), said(session, acting))


@asynccontextmanager
async def whole_register(db: AsyncSession) -> AsyncIterator[None]:
    """Meanwhile act as the register: what follows from a partner's request for others, decided by the rules.

    Whoever uses this gives nothing of what it reads to the caller but what is the caller's.
    """
    before: Acting | None = db.info.get(_ACTING)
    if before is None or before == WHOLE:
        yield
        return
    await _become(db, WHOLE)
    try:
        yield
    except DBAPIError:
        raise  # the transaction is over, or goes back to a point where it acted as before
    except BaseException:
        await _become(db, before)
        raise
    await _become(db, before)


async def _become(db: AsyncSession, acting: Acting) -> None:
    await db.flush()
    begin_as(db, acting)
    await (await db.connection()).execute(sa.text(f"SELECT {ACT}"), said(db.sync_session, acting))
