"""The OpenID Connect provider: its description and its keys, fetched and kept within bounds."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog

from app.core.problems import Problem
from app.core.settings import Settings
from app.identity import jwk, people
from app.identity.caller import Caller
from app.identity.jwk import Key
from app.identity.people import Trust
from app.identity.tokens import refusal

log = structlog.get_logger("provider")

KEPT = 600.0  # seconds that what was fetched counts as today's
STALE = 3600.0  # that keys are used for when the provider does not answer
BETWEEN = 60.0  # between two fetches for a key that is not known
PAUSE = 10.0  # after a fetch that failed
PATIENCE = 5.0  # for one answer, from beginning to end
LARGEST = 262_144  # bytes of one answer
MOST_KEYS = 50
DISCOVERY = "/.well-known/openid-configuration"
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?")


class ProviderUnavailable(Problem):
    """The provider cannot be asked for its keys just now."""

    status, code = 503, "provider-unavailable"
    title, title_nl = "Sign-in temporarily unavailable", "Inloggen tijdelijk niet mogelijk"

    def __init__(self) -> None:
        detail = "The sign-in provider cannot be reached just now; try again."
        super().__init__(detail, headers={"Retry-After": str(int(PAUSE))})


class Wrong(Exception):
    """What the provider answered is not what it should be; the text says how."""


@dataclass(frozen=True)
class Known:
    """What a provider says of itself."""

    authorization_endpoint: str
    token_endpoint: str
    keys: tuple[Key, ...]


class Provider:
    """One provider, for one process: fetches no more often than the bounds above say, one at a time.

    `secure` asks https of every address. `clock` counts seconds.
    """

    def __init__(self, issuer: str, *, secure: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.issuer, self._secure, self._clock = issuer, secure, clock
        self._known: Known | None = None
        self._fetched = self._failed = float("-inf")
        self._lock = asyncio.Lock()

    async def key(self, kid: object, algorithm: object) -> Key | None:
        """The key of that id that is used with that algorithm; the only one that is, without an id.

        A key that is not known has the keys fetched again, once a minute at most: so a provider may change
        them whenever it likes. Raises ProviderUnavailable.
        """
        found = _chosen(await self.known(), kid, algorithm)
        if found is None:
            found = _chosen(await self.known(newer_than=BETWEEN), kid, algorithm)
        return found

    async def known(self, newer_than: float = KEPT) -> Known:
        """What the provider says of itself, as of `newer_than` seconds ago or later."""
        if self._known and self._age() < newer_than:
            return self._known
        async with self._lock:
            if not (self._known and self._age() < newer_than):
                await self._refresh()
            if self._known is None or self._age() >= STALE:
                raise ProviderUnavailable
            return self._known

    def _age(self) -> float:
        return self._clock() - self._fetched

    async def _refresh(self) -> None:
        """Fetch; what fails is logged, and is not tried again for a while."""
        if self._clock() - self._failed < PAUSE:
            return
        try:
            async with asyncio.timeout(2 * PATIENCE):
                self._known = await self._fetch()
            self._fetched = self._clock()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, Wrong) as error:
            self._failed = self._clock()
            log.warning("provider does not answer", why=f"{type(error).__name__} {error}".strip())

    async def _fetch(self) -> Known:
        # No redirect is followed and no proxy asked: the addresses are those that were configured.
        async with httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False, trust_env=False) as http:
            said = await self._read(http, self.issuer.rstrip("/") + DISCOVERY)
            if said.get("issuer") != self.issuer:
                raise Wrong("the issuer is another")
            keys = await self._read(http, self._address(said, "jwks_uri"))
            return Known(
                self._address(said, "authorization_endpoint"),
                self._address(said, "token_endpoint"),
                _readable(keys.get("keys")),
            )

    def _address(self, said: dict[str, Any], name: str) -> str:
        address = said.get(name)
        if not isinstance(address, str) or not ADDRESS.fullmatch(address):
            raise Wrong(f"{name} is no address")
        if self._secure and not address.startswith("https://"):
            raise Wrong(f"{name} is without https")
        return address

    async def _read(self, http: httpx.AsyncClient, address: str) -> dict[str, Any]:
        """The JSON object at an address, as long as it is no larger than it may be."""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        content = bytearray()
        async with asyncio.timeout(PATIENCE), http.stream("GET", address, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK or "content-encoding" in answer.headers:
                raise Wrong(f"answers {answer.status_code}")
            async for part in answer.aiter_raw():
                content += part
                if len(content) > LARGEST:
                    raise Wrong("the answer is too large")
        try:
            read = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise Wrong("the answer is no JSON") from error
        if not isinstance(read, dict):
            raise Wrong("the answer is no object")
        return read


@dataclass(frozen=True)
class SignIn:
    """How people come in: what is trusted, and the provider that is asked for its keys."""

    trust: Trust
    provider: Provider

    async def caller(self, token: str, header: Mapping[str, Any], now: datetime) -> Caller:
        """The person that a token with this header stands for.

        Raises Unauthenticated, Forbidden and ProviderUnavailable.
        """
        key = await self.provider.key(header.get("kid"), header["alg"])
        if key is None:
            raise refusal("The token is signed by a key that the provider does not publish.")
        return people.read(self.trust, token, header["alg"], key, now)


def sign_in(settings: Settings) -> SignIn | None:
    """How people come in by these settings; None when only clients do."""
    if not settings.oidc_issuer:
        return None
    trust = Trust(
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience or "",
        claim=settings.oidc_roles_claim,
        parts=people.parts_of(settings.oidc_roles or ""),
        longest_life=timedelta(seconds=settings.oidc_token_seconds),
        secret=settings.key("pseudonyms of people"),
    )
    return SignIn(trust, Provider(settings.oidc_issuer, secure=settings.environment == "production"))


def origin(address: str) -> str:
    """Scheme, host and port of an address, as a policy names them."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _readable(keys: object) -> tuple[Key, ...]:
    """The keys that sign and that are of a kind we take; a provider may have others beside them."""
    found = []
    for one in keys[:MOST_KEYS] if isinstance(keys, list) else []:
        try:
            found.append(jwk.read(one))
        except (jwk.NotAKey, AttributeError, TypeError):
            continue
    return tuple(found)


def _chosen(known: Known, kid: object, algorithm: object) -> Key | None:
    fitting = [key for key in known.keys if algorithm in key.algorithms and kid in (None, key.id)]
    return fitting[0] if kid is not None and fitting else fitting[0] if len(fitting) == 1 else None
