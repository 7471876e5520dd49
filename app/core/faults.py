"""What is wrong with input as Pydantic finds it, in the words and pointers of the contract (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from app.core.problems import Fault

# What may stand in a fragment as it is (RFC 3986, section 3.5).
FRAGMENT = "~!$&'()*+,;=:@-._"


def fault_at(location: str, path: Sequence[Any], entry: Mapping[str, Any]) -> Fault:
    """One entry of Pydantic's `errors()` as a fault, which was found at `path` in the `location`."""
    code = str(entry["type"]).replace("_", "-")
    if code == "json-invalid":
        return Fault(pointer="#", code=code, detail=f"The body is not JSON from character {path[0] + 1} on.")
    if code in ("enum", "literal-error"):
        # Pydantic ends the choices with an English "or".
        detail = f"Input should be one of: {entry['ctx']['expected'].replace(' or ', ', ')}"
        return Fault(pointer=pointer(path), location=location, code=code, detail=detail)
    return Fault(pointer=pointer(path), location=location, code=code, detail=_readable(entry["msg"]))


def pointer(path: Sequence[object]) -> str:
    """The JSON Pointer as URI fragment (RFC 6901, section 6)."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "#" + "".join(f"/{quote(step.encode('utf-8', 'replace'), safe=FRAGMENT)}" for step in steps)


def _readable(message: str) -> str:
    """Messages may quote input with lone surrogates, which cannot be sent as UTF-8."""
    return message.removeprefix("Value error, ").encode("utf-8", "replace").decode()
