"""Entity tags: a fingerprint of what the caller sees, so that a change can be made against what was seen."""

import hashlib
import re
from dataclasses import dataclass

from pydantic import BaseModel

from app.core.problems import PreconditionFailed

# A thing as its reader gets it: by its members, as bytes, or by its tag alone; None is: nothing there yet.
Seen = BaseModel | bytes | str | None
# One element of a list of tags, empty ones allowed (RFC 9110, sections 5.6.1 and 8.8.3).
_ELEMENT = re.compile(r'[ \t]*(?:(W/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(,|$)')


def of(seen: BaseModel) -> str:
    """The strong entity tag (RFC 9110, section 8.8.3) of a representation."""
    return of_bytes(seen.model_dump_json().encode())


def of_bytes(content: bytes) -> str:
    """The strong entity tag of an answer's content."""
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def tag_of(seen: Seen) -> str | None:
    """The entity tag of what is seen, in whatever shape; None of nothing."""
    if seen is None or isinstance(seen, str):
        return seen
    return of_bytes(seen) if isinstance(seen, bytes) else of(seen)


def strong_match(listed: str, current: str | None) -> bool:
    """Whether If-Match says yes: a weak tag never does (section 8.8.3.2), `*` to anything that exists."""
    if listed.strip(" \t") == "*":
        return current is not None
    return (False, current) in _tags(listed)


def weak_match(listed: str, current: str | None) -> bool:
    """Whether If-None-Match names what is current, weak or not; `*` names anything that exists."""
    if listed.strip(" \t") == "*":
        return current is not None
    return current in {tag for _, tag in _tags(listed)}


def _tags(listed: str) -> set[tuple[bool, str | None]]:
    """The tags of a list, each with whether it is weak; none when it is not a list of tags."""
    found: set[tuple[bool, str | None]] = set()
    position, end = 0, len(listed)
    while position <= end:
        element = _ELEMENT.match(listed, position)
        if element is None:
            return set()
        weak, tag, comma = element.groups()
        if tag:
            found.add((bool(weak), tag))
        if not comma:
            break
        position = element.end()
    return found


@dataclass(frozen=True)
class Expected:
    """What a change was made against: the If-Match and If-None-Match of its request, None where absent."""

    match: str | None = None
    none_match: str | None = None

    def __bool__(self) -> bool:
        """Whether anything is expected, so that what is there has to be looked up."""
        return self.match is not None or self.none_match is not None

    def require(self, *current: Seen) -> None:
        """Raise PreconditionFailed unless `current` is as expected.

        What is shown in several ways, such as languages, has a tag in each, of which the caller has seen one.
        """
        if not self:
            return
        tags = [tag_of(one) for one in current]
        if self.match is not None and not any(strong_match(self.match, tag) for tag in tags):
            raise PreconditionFailed(
                "This was changed after you read it; read it again and repeat the change."
            )
        if self.none_match is not None and any(weak_match(self.none_match, tag) for tag in tags):
            raise PreconditionFailed("If-None-Match names what is there.")


ANYTHING = Expected()
