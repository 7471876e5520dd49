"""All settings, from environment variables, in one place."""

import hashlib
import hmac
import importlib.util
import inspect
import os
import re
import secrets
from datetime import UTC, datetime
from email.utils import parseaddr
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import asyncpg
from email_validator import EmailNotValidError, validate_email
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?")
# As app.identity.people reads it.
PART = re.compile(r"(?P<value>.+)=(?:partner|provider|certifier|admin):[a-z0-9]+(?:-[a-z0-9]+)*")
OIDC_SCOPES = re.compile(r"[!-~]+( [!-~]+)*")
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


class Settings(BaseSettings):
    """Every setting the application knows; the environment variable has the field's name in capitals.

    Raises pydantic's ValidationError, naming each variable that is wrong.
    """

    # What a wrong variable holds may be a secret, so no error shows it.
    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    environment: Literal["development", "production"] = "development"
    database_url: str | None = Field(default=None, description="PostgreSQL 15 or newer; embedded when absent")
    data_dir: Path = Field(default=Path(".data"), description="embedded database and generated key")
    listen_address: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str | None = Field(default=None, description="address that people reach the server at")
    allowed_origins: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(), description="origins whose pages may call the API, with commas between"
    )
    trusted_proxies: str = Field(
        default="", description="addresses or networks, with commas, whose X-Forwarded-For is believed"
    )
    secret_key: SecretStr | None = Field(default=None, min_length=32, description="required in production")
    at: datetime | None = Field(default=None, description="development: the moment the clock stands at")
    allow_at_with_database_url: bool = False
    token_seconds: int = Field(default=900, ge=60, le=3600)
    oidc_issuer: str | None = Field(default=None, description="provider that people sign in with")
    oidc_client_id: str | None = Field(default=None, description="Swagger UI's, a public client with PKCE")
    oidc_audience: str | None = Field(default=None, description="whom the provider's tokens are for: us")
    oidc_scopes: str = Field(default="openid", description="that Swagger UI asks for, with spaces between")
    oidc_roles_claim: str = Field(default="groups", min_length=1, max_length=200)
    oidc_roles: str | None = Field(
        default=None, description="what that claim makes of people: value=role:organisation, with commas"
    )
    oidc_token_seconds: int = Field(
        default=3600, ge=60, le=86_400, description="how long the provider's tokens may live"
    )
    pool_size: int = Field(default=10, ge=1, le=100)
    fast_connections: int = Field(
        default=8,
        ge=0,
        le=100,
        description="for the short ways, beside the pool; 0: everything goes the long",
    )
    drain_seconds: float = Field(
        default=0.0, ge=0, le=300, description="for so long after SIGTERM requests are still taken"
    )
    start_seconds: float = Field(
        default=30.0, ge=0, le=600, description="that starting waits for a database that is away"
    )
    worker: bool = Field(default=True, description="run the background work inside `run` too")
    worker_seconds: float = Field(default=30.0, gt=0)
    check_in_opens_minutes: int = Field(default=15, ge=0, le=240, description="before a session begins")
    check_in_grace_minutes: int = Field(default=10, ge=0, le=240, description="after which one is late")
    public_per_minute: int = Field(
        default=120, ge=0, description="calls of the public check by one address in a minute; 0: no limit"
    )
    client_per_minute: int = Field(
        default=6000, ge=0, description="calls of one API client in a minute; 0: no limit"
    )
    address_per_minute: int = Field(
        default=1200, ge=0, description="calls without a token by one address in a minute; 0: no limit"
    )
    guesses_per_minute: int = Field(
        default=10, ge=0, description="wrong secrets for one client by one address in a minute; 0: no limit"
    )
    smtp_url: SecretStr | None = Field(default=None, description="mail server; without one messages wait")
    smtp_seconds: float = Field(default=30.0, gt=0, le=120)
    mail_from: str | None = Field(default=None, description="whom messages come from")
    mail_reply_to: str | None = Field(default=None, description="where a partner has no address of its own")
    mail_days: int = Field(default=5, ge=1, le=30, description="for how long a message is worth sending")
    mail_quiet_minutes: int = Field(
        default=15, ge=0, le=1440, description="how long news of a session waits for what may follow"
    )
    webhook_seconds: float = Field(default=10.0, gt=0, le=60, description="for a receiver to answer in")
    webhook_concurrency: int = Field(default=8, ge=1, le=64, description="deliveries to one receiver at once")
    webhook_log_days: int = Field(default=30, ge=1, le=365, description="for how long deliveries are kept")
    webhooks_local: bool | None = Field(
        default=None, description="let webhooks go by http and to this machine; in development when absent"
    )
    metrics_token: SecretStr | None = Field(
        default=None, min_length=16, description="asked of who reads /metrics; required for it in production"
    )
    traces_url: str | None = Field(
        default=None, description="where traces are sent, by OTLP over HTTP; none are made when absent"
    )
    traces_share: float = Field(default=1.0, ge=0, le=1, description="of the requests that begin a trace")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    body_seconds: float = Field(
        default=20.0, gt=0, le=600, description="for a body to come in, and a second more for each 10 kB"
    )
    head_seconds: float = Field(default=10.0, gt=0, le=600, description="for a request's headers to come in")
    max_file_bytes: int = Field(default=26_214_400, ge=1024, description="of each file that is taken in")
    max_files_per_phase: int = Field(default=10, ge=1, le=100, description="of each participant")
    max_import_bytes: int = Field(default=16_777_216, ge=1024, description="of each file of registrations")
    max_import_rows: int = Field(default=20_000, ge=1, description="of each file of registrations")
    files_dir: Path | None = Field(default=None, description="folder of files; `files` in DATA_DIR")
    files_url: str | None = Field(default=None, description="s3://bucket/prefix, instead of a folder")
    files_s3_endpoint: str | None = Field(default=None, description="address of a server other than AWS's")
    files_s3_region: str = "us-east-1"
    files_s3_access_key_id: str | None = Field(default=None, description="the machine's own role when absent")
    files_s3_secret_access_key: SecretStr | None = None

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, url: str | None) -> str | None:
        """Accept the schemes in common use and name the driver."""
        if not url:
            return None
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in {"postgres", "postgresql", "postgresql+asyncpg"}:
            raise ValueError("must begin with postgresql://")
        # What libpq calls sslmode, asyncpg calls ssl.
        named = f"postgresql+asyncpg://{rest.replace('sslmode=', 'ssl=')}"
        try:
            query = make_url(named).query
        except (ArgumentError, ValueError):
            raise ValueError("should read postgresql://user:password@host:port/database") from None
        if unknown := sorted(query.keys() - inspect.signature(asyncpg.connect).parameters):
            raise ValueError(f"has a part that is not known: {', '.join(unknown)}")
        return named

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _each_an_origin(cls, origins: object) -> object:
        """Split at commas; an origin is a scheme, a host and perhaps a port, as browsers send it."""
        if not isinstance(origins, str):
            return origins
        listed = [origin.strip() for origin in origins.split(",") if origin.strip()]
        for origin in listed:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin} is no origin, such as https://www.example.org")
        return frozenset(listed)

    @field_validator("trusted_proxies")
    @classmethod
    def _each_a_network(cls, written: str) -> str:
        """Accept addresses and networks; everybody (`*`) is nobody to trust."""
        listed = [one.strip() for one in written.split(",") if one.strip()]
        for one in listed:
            try:
                ip_network(one)
            except ValueError:
                raise ValueError(f"{one} is no address or network, such as 10.0.0.0/8") from None
        return ",".join(listed)

    @field_validator("smtp_url")
    @classmethod
    def _a_mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or not url.get_secret_value():
            return None
        try:
            parts = urlsplit(url.get_secret_value())
            known = parts.scheme in ("smtp", "smtps") and parts.hostname and (parts.port or 1)
        except ValueError:
            known = False
        if not known or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("should read smtp://user:password@host:587, or smtps:// for TLS from the start")
        return url

    @field_validator("mail_from", "mail_reply_to")
    @classmethod
    def _a_mailbox(cls, written: str | None) -> str | None:
        """Accept an address, with a name before it or without."""
        if not written:
            return None
        try:
            read = validate_email(parseaddr(written)[1], check_deliverability=False)
        except EmailNotValidError:
            read = None
        if read is None or read.ascii_email is None:
            raise ValueError("should read register@example.org, or Register <register@example.org>")
        return written

    @field_validator("at")
    @classmethod
    def _in_utc(cls, at: datetime | None) -> datetime | None:
        if at is not None and at.tzinfo is None:
            raise ValueError("needs an offset, such as 2021-06-15T09:00+02:00")
        try:
            return at.astimezone(UTC) if at else None
        except OverflowError:
            raise ValueError("should lie in the years 1 to 9999, in UTC") from None

    @field_validator("files_url")
    @classmethod
    def _a_bucket(cls, url: str | None) -> str | None:
        if url and not BUCKET.fullmatch(url):
            raise ValueError("should read s3://bucket or s3://bucket/prefix")
        return url or None

    @field_validator("files_s3_endpoint")
    @classmethod
    def _an_address(cls, url: str | None) -> str | None:
        if url and not ORIGIN.fullmatch(url):
            raise ValueError("should read https://host or https://host:port")
        return url or None

    @field_validator("oidc_issuer")
    @classmethod
    def _an_issuer(cls, url: str | None) -> str | None:
        if not url:
            return None
        origin = re.match(ORIGIN, url)
        rest = url[origin.end() :] if origin else "?"
        if not re.fullmatch(r"(/[\w.~/%-]*)?", rest, re.ASCII):
            raise ValueError("should read https://host or https://host/path, as the provider writes it")
        return url

    @field_validator("oidc_roles")
    @classmethod
    def _each_a_part(cls, written: str | None) -> str | None:
        """Accept value=role:organisation, each value once."""
        values = set()
        for one in (part.strip() for part in (written or "").split(",") if part.strip()):
            read = PART.fullmatch(one)
            if not read:
                raise ValueError(f"{one} should read value=role:organisation, such as staff=partner:fleck")
            if read["value"] in values:
                raise ValueError(f"names {read['value']} twice")
            values.add(read["value"])
        return written if values else None

    @field_validator("oidc_scopes")
    @classmethod
    def _scopes(cls, written: str) -> str:
        if not OIDC_SCOPES.fullmatch(written):
            raise ValueError("should read openid, or several scopes with one space between")
        return written

    @field_validator("traces_url")
    @classmethod
    def _a_collector(cls, url: str | None) -> str | None:
        """Accept the whole address that spans are posted to; their packages have to be there."""
        if not url:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not parts.path.strip("/"):
            raise ValueError("should read https://host:4318/v1/traces")
        if importlib.util.find_spec("opentelemetry.exporter") is None:
            raise ValueError("needs the packages of requirements/traces.txt")
        return url

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.files_dir and self.files_url:
            raise ValueError("FILES_DIR and FILES_URL name two places for files; leave one out")
        if (self.files_s3_access_key_id is None) != (self.files_s3_secret_access_key is None):
            raise ValueError("FILES_S3_ACCESS_KEY_ID and FILES_S3_SECRET_ACCESS_KEY go together")
        if self.at and self.environment == "production":
            raise ValueError("AT is for development only")
        if self.at and self.database_url and not self.allow_at_with_database_url:
            raise ValueError("AT with DATABASE_URL needs ALLOW_AT_WITH_DATABASE_URL=true: it dates real data")
        named = {"OIDC_AUDIENCE": self.oidc_audience, "OIDC_ROLES": self.oidc_roles}
        if self.oidc_issuer and (missing := [name for name, value in named.items() if not value]):
            raise ValueError(f"OIDC_ISSUER needs {' and '.join(missing)}")
        if not self.oidc_issuer and any((*named.values(), self.oidc_client_id)):
            raise ValueError("OIDC_AUDIENCE, OIDC_ROLES and OIDC_CLIENT_ID need OIDC_ISSUER")
        if self.smtp_url and not self.mail_from:
            raise ValueError("SMTP_URL needs MAIL_FROM, whom messages come from")
        if self.environment == "production":
            self._check_production()
        return self

    def _check_production(self) -> None:
        if not self.database_url:
            raise ValueError("production needs DATABASE_URL")
        if not self.secret_key:
            raise ValueError("production needs SECRET_KEY")
        if not (self.public_url or "").startswith("https://"):
            raise ValueError("production needs PUBLIC_URL, with https")
        if not (self.files_dir or self.files_url):
            raise ValueError(
                "production needs FILES_DIR or FILES_URL: what is uploaded must outlast the server"
            )
        if (self.oidc_issuer or "").startswith("http://"):
            raise ValueError("production needs OIDC_ISSUER with https")
        if (self.files_s3_endpoint or "").startswith("http://"):
            raise ValueError("production needs FILES_S3_ENDPOINT with https")

    @property
    def base_url(self) -> str:
        """The address for links that people get, without a trailing slash."""
        return (self.public_url or f"http://{self.listen_address}:{self.port}").rstrip("/")

    @property
    def lets_webhooks_in(self) -> bool:
        """Whether webhooks may go by http, and to this machine: never in production unless it is said."""
        return self.environment == "development" if self.webhooks_local is None else self.webhooks_local

    def key(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose, derived from the secret key."""
        return hmac.digest(self._root_key, f"cultuurcoordinator {purpose}".encode(), hashlib.sha256)

    @cached_property
    def _root_key(self) -> bytes:
        if self.secret_key:
            return self.secret_key.get_secret_value().encode()
        return _kept_key(self.data_dir / "secret-key")


def _kept_key(path: Path) -> bytes:
    """The key in `path`, made on first use, for its owner only; two processes may start at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600, exist_ok=False)
    draft.write_text(secrets.token_hex(32), encoding="ascii")
    try:
        os.link(draft, path)  # fails when another process was first, whose key then counts
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text(encoding="ascii").strip().encode()
