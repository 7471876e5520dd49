"""Tables: organisation, client, client_secret, client_assertion."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import moment, one_of
from app.identity.caller import Role


class Organisation(SQLModel, table=True):
    """A partner, provider or certifier; `roles` says which of these it is."""

    slug: str = Field(primary_key=True, max_length=63)
    name: str = Field(max_length=200, unique=True)
    region: str | None = Field(default=None, max_length=100)
    email: str | None = Field(default=None, max_length=254)
    roles: list[str] = Field(sa_type=sa.ARRAY(sa.String(40)))


class Client(SQLModel, table=True):
    """A system of an organisation that calls the API."""

    id: str = Field(primary_key=True, max_length=100)
    organisation: str = Field(foreign_key="organisation.slug", index=True, max_length=63)
    role: Role = Field(sa_type=one_of(Role, "role"))
    name: str = Field(max_length=200)
    created_at: datetime = moment()
    ended_at: datetime | None = moment(nullable=True)
    # Public keys as JWKs, each as it was registered, with a kid.
    keys: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": "[]"}
    )
    keys_given_at: datetime | None = moment(nullable=True)
    keys_used_at: datetime | None = moment(nullable=True)


class ClientSecret(SQLModel, table=True):
    """A secret of a client, as SHA-256: it holds 256 random bits, so a slow hash would add nothing."""

    __tablename__ = "client_secret"

    digest: bytes = Field(primary_key=True, sa_type=sa.LargeBinary(32))
    client: str = Field(foreign_key="client.id", index=True, max_length=100)
    created_at: datetime = moment()
    ended_at: datetime | None = moment(nullable=True)
    expires_at: datetime | None = moment(nullable=True)
    last_used_at: datetime | None = moment(nullable=True)


class ClientAssertion(SQLModel, table=True):
    """The id of an assertion that was used, as SHA-256; it counts once, until it expires."""

    __tablename__ = "client_assertion"

    client: str = Field(primary_key=True, foreign_key="client.id", max_length=100)
    digest: bytes = Field(primary_key=True, sa_type=sa.LargeBinary(32))
    expires_at: datetime = moment()
