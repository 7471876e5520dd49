"""What goes in and out about organisations, clients and tokens."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.core.paging import Page
from app.core.values import Change, Email, Input, Moment, Name, Output, Slug, Title
from app.identity import jwk
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


Member = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{1,1400}$")]  # base64url
KeyId = Annotated[str, StringConstraints(pattern="^[\\x21-\\x7e]{1,100}$")]
EXAMPLE_KEY: dict[str, JsonValue] = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "kid": "2026-1",
}


class PublicKey(Input):
    """A public key as JSON Web Key: RSA of 2048 bits or more, P-256, P-384 or Ed25519."""

    model_config = ConfigDict(alias_generator=None, json_schema_extra={"examples": [EXAMPLE_KEY]})

    kty: Literal["RSA", "EC", "OKP"]
    kid: KeyId | None = Field(
        default=None, description="its id in the header of assertions; the thumbprint (RFC 7638) when absent"
    )
    use: Literal["sig"] | None = None
    alg: Literal["PS256", "RS256", "ES256", "ES384", "EdDSA"] | None = Field(
        default=None, description="the only algorithm that it is used with; any that fits when absent"
    )
    key_ops: list[Literal["verify"]] | None = Field(default=None, max_length=1)
    ext: bool | None = Field(default=None, strict=True)
    crv: Literal["P-256", "P-384", "Ed25519"] | None = None
    x: Member | None = None
    y: Member | None = None
    n: Member | None = None
    e: Member | None = None

    @model_validator(mode="before")
    @classmethod
    def _public(cls, given: Any) -> Any:
        """Refuse a private key in words of its own: its owner should make another."""
        if isinstance(given, dict) and jwk.PRIVATE & given.keys():
            raise PydanticCustomError(
                "private-key", "Input should be a public key; this one is private: make a new pair"
            )
        return given

    @model_validator(mode="after")
    def _a_key(self) -> Self:
        try:
            jwk.read(self.as_jwk())
        except jwk.NotAKey as refused:
            raise PydanticCustomError(
                "key", "Input should be a public key: {reason}", {"reason": str(refused)}
            ) from refused
        return self

    def as_jwk(self) -> dict[str, Any]:
        """The key as it is kept and shown, always with an id."""
        members = self.model_dump(exclude_none=True, exclude={"key_ops", "ext"})
        return members if self.kid else {**members, "kid": jwk.read(members).id}


class KeySet(Input):
    """The public keys of a client (RFC 7517), by which it says who it is; none takes them all away."""

    keys: list[PublicKey] = Field(max_length=5, description="all its keys, each with a kid of its own")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({one["kid"] for one in self.as_jwks()}) < len(self.keys):
            raise PydanticCustomError("same-key", "Input should hold each kid once")
        return self

    def as_jwks(self) -> list[dict[str, Any]]:
        """The keys as they are kept."""
        return [key.as_jwk() for key in self.keys]


class FirstKeySet(KeySet):
    """The public keys of a new client."""

    keys: list[PublicKey] = Field(
        min_length=1, max_length=5, description="all its keys, each with a kid of its own"
    )


class ClientCreate(Input):
    """A new API client."""

    model_config = ConfigDict(title="ApiClientCreate")

    organisation: Slug = Field(examples=["fleck"])
    role: Role = Field(examples=["partner"])
    name: Title | None = Field(default=None, examples=["Aanmeldformulier op de website"])
    jwks: FirstKeySet | None = Field(
        default=None, description="public keys for `private_key_jwt`; with these it gets no secret"
    )
    secret_expires_at: Moment | None = Field(
        default=None, description="until when its secret works; until it is ended when absent"
    )


class Rotation(Input):
    """How a client's secret is renewed; left out, the others end at once and the new one stays."""

    keep_others_until: Moment | None = Field(
        default=None, description="until when the secrets before go on working; 30 days at most"
    )
    secret_expires_at: Moment | None = Field(default=None, description="until when the new secret works")


class SecretRead(Output):
    """What is known of a secret; the secret itself is kept nowhere."""

    model_config = ConfigDict(title="ApiClientSecret")

    fingerprint: str = Field(description="the first eight digits of its SHA-256")
    given_at: Moment
    expires_at: Moment | None
    ended_at: Moment | None
    last_used_at: Moment | None = Field(description="to the minute")


class ClientRead(Output):
    """An API client, without its secret."""

    model_config = ConfigDict(title="ApiClient")

    client_id: str
    organisation: str
    role: Role
    name: str
    created_at: Moment
    secret_given_at: Moment = Field(
        description="since when its newest secret works, or its keys when it has none"
    )
    ended_at: Moment | None
    last_used_at: Moment | None = Field(description="when it last asked for a token, to the minute")
    secrets: list[SecretRead] = Field(description="the newest ten, newest first")
    keys: list[dict[str, Any]] = Field(
        description="its public keys, as JSON Web Keys", examples=[[EXAMPLE_KEY]]
    )

    @property
    def unused(self) -> "ClientRead":
        """The client without when it was used: its tag is of this, so that use fails nobody's If-Match."""
        secrets = [secret.model_copy(update={"last_used_at": None}) for secret in self.secrets]
        members = self.model_dump(include=set(ClientRead.model_fields), exclude={"secrets"}, by_alias=False)
        return ClientRead(**{**members, "secrets": secrets, "last_used_at": None})


class ClientWithSecret(ClientRead):
    """An API client with its new secret, which is shown this once."""

    model_config = ConfigDict(title="ApiClientWithSecret")

    client_secret: str = Field(description="shown in this answer alone; empty for a new client with keys")


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
