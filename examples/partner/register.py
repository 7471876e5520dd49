"""The register's API as a partner meets it: a token that is renewed in time, and problems as exceptions."""

import time
import uuid
from collections.abc import Iterator
from typing import Any, Self

import httpx

JSON = dict[str, Any]
TRIES = 5


class Refused(Exception):
    """The register refused a request; its problem document says why."""

    def __init__(self, answer: httpx.Response) -> None:
        self.problem: JSON = answer.json()
        faults = [f"{fault['pointer']}: {fault['detail']}" for fault in self.problem.get("errors", [])]
        super().__init__("\n".join([f"{self.problem['title']}: {self.problem['detail']}", *faults]))


class Register:
    """Calls the register at `url` as one API client."""

    def __init__(self, url: str, client_id: str, client_secret: str, language: str = "nl") -> None:
        headers = {"Accept-Language": language}
        self._http = httpx.Client(base_url=f"{url.rstrip('/')}/v1", headers=headers, timeout=60)
        self._credentials = client_id, client_secret
        self._token, self._renew_at = "", 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def send(self, path: str, content: bytes, kind: str, **query: str) -> JSON:
        """Send a file; gives the answer. That it may be sent twice does no harm."""
        answer = self._ask("POST", path, content=content, params=query, headers={"Content-Type": kind})
        return dict(answer.json())

    def write(self, method: str, path: str, body: JSON | None = None) -> JSON:
        """Make or change something; gives the answer. However often it is tried, it happens once."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        return dict(self._ask(method, path, json=body, headers=headers).json())

    def read(self, path: str, **query: str) -> JSON:
        """One answer in JSON."""
        return dict(self._ask("GET", path, params=query).json())

    def find(self, path: str) -> JSON | None:
        """The same, or None for what is not there (any more)."""
        try:
            return self.read(path)
        except Refused as refused:
            if refused.problem["status"] == httpx.codes.NOT_FOUND:
                return None
            raise

    def download(self, path: str) -> bytes:
        """A file."""
        return self._ask("GET", path).content

    def every(self, path: str, **query: str) -> Iterator[JSON]:
        """All items of a list, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.read(path, **query, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["nextCursor"]

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer; what fails for a moment (no connection, 503) is tried again, at growing distances."""
        own = request.pop("headers", {})
        for attempt in range(1, TRIES + 1):
            try:
                headers = {"Authorization": f"Bearer {self._fresh_token()}", **own}
                answer = self._http.request(method, path, headers=headers, **request)
            except httpx.TransportError:
                if attempt == TRIES:
                    raise
            else:
                if answer.is_success:
                    return answer
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or attempt == TRIES:
                    raise Refused(answer)
            time.sleep(0.5 * 2**attempt)
        raise AssertionError("the last try returns or raises")

    def _fresh_token(self) -> str:
        """The token, a new one when the last has less than half a minute left."""
        if time.monotonic() > self._renew_at:
            grant = {"grant_type": "client_credentials"}
            answer = self._http.post("/oauth/token", data=grant, auth=self._credentials)
            if not answer.is_success:
                raise Refused(answer)
            granted = answer.json()
            self._token = granted["access_token"]
            self._renew_at = time.monotonic() + granted["expires_in"] - 30
        return self._token
