"""What goes in and out about organisations, clients and tokens."""

from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field

from app.core.paging import Page
from app.core.values import Change, Email, Input, Moment, Name, Output, Slug, Title
from app.identity.caller import Role


class OrganisationRole(StrEnum):
    """What an organisation does for the training."""

    PARTNER = "partner"
    PROVIDER = "provider"
    CERTIFIER = "certifier"
    SUPPORT = "support"


class OrganisationCreate(Input):
    """A new organisation."""

    slug: Slug = Field(examples=["cultuurschakel"])
    name: Title = Field(examples=["CultuurSchakel"])
    region: Name | None = Field(default=None, examples=["Den Haag"])
    roles: list[OrganisationRole] = Field(min_length=1, max_length=4, examples=[["partner"]])
    email: Email | None = Field(
        default=None,
        description="who answers a message of the register writes to it",
        examples=["post@cultuurschakel.example"],
    )


class OrganisationChange(Change):
    """What to change of an organisation (merge patch): absent stays, null clears."""

    name: Title = Field(default="", examples=["CultuurSchakel"])
    region: Name | None = None
    roles: list[OrganisationRole] = Field(default=[], min_length=1, max_length=4)
    email: Email | None = None


class OrganisationRead(Output):
    """An organisation of the training."""

    model_config = ConfigDict(title="Organisation", from_attributes=True)

    slug: str = Field(examples=["fleck"])
    name: str = Field(examples=["FleCk"])
    region: str | None = Field(examples=["Flevoland"])
    roles: list[OrganisationRole] = Field(examples=[["partner"]])
    email: str | None = Field(description="who answers a message of the register writes to it")


class OrganisationPage(Page[OrganisationRead]):
    """One page of organisations."""


class ClientCreate(Input):
    """A new API client."""

    model_config = ConfigDict(title="ApiClientCreate")

    organisation: Slug = Field(examples=["fleck"])
    role: Role = Field(examples=["partner"])
    name: Title | None = Field(default=None, examples=["Aanmeldformulier op de website"])


class ClientRead(Output):
    """An API client, without its secret."""

    model_config = ConfigDict(title="ApiClient")

    client_id: str
    organisation: str
    role: Role
    name: str
    created_at: Moment
    secret_given_at: Moment = Field(description="since when its present secret works")
    ended_at: Moment | None


class ClientWithSecret(ClientRead):
    """An API client with its new secret, which is shown this once."""

    model_config = ConfigDict(title="ApiClientWithSecret")

    client_secret: str

    @property
    def without_secret(self) -> ClientRead:
        """The client as it is read from now on."""
        return ClientRead.model_validate(self.model_dump(exclude={"client_secret"}, by_alias=False))


class ClientPage(Page[ClientRead]):
    """One page of API clients."""


class TokenRead(Output):
    """An access token (RFC 6749, section 5.1)."""

    # The one body whose names OAuth gives: snake_case.
    model_config = ConfigDict(title="Token", alias_generator=None)

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  the kind of token, no password
    expires_in: int = Field(description="seconds")
    scope: str = Field(description="scopes, separated by spaces")
