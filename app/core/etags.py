"""Entity tags: a fingerprint of what the caller sees, so that a change can be made against what was seen."""

import hashlib

from pydantic import BaseModel

from app.core.problems import PreconditionFailed


def of(seen: BaseModel) -> str:
    """The strong entity tag (RFC 9110, section 8.8.3) of a representation."""
    return f'"{hashlib.blake2b(seen.model_dump_json().encode(), digest_size=12).hexdigest()}"'


def require(expected: str | None, current: BaseModel) -> None:
    """Raise PreconditionFailed unless `expected`, an If-Match header or None, agrees with `current`."""
    if expected is None or expected.strip() == "*":
        return
    wanted = {tag.strip() for tag in expected.split(",")}
    if of(current) not in wanted:
        raise PreconditionFailed("This was changed after you read it; read it again and repeat the change.")
