"""Whether the contract of today breaks clients that were made for the last release's (`make check` asks).

    python -m tools.compatibility

compares openapi/openapi.json with that of the newest release tag (v1.2.3) in the history, and with what
`make release` kept of the last release's, which is there in a copy without history too. A break is allowed
with a new major version only.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tools.fits import Comparison, Direction, Node, resolved

CONTRACT = "openapi/openapi.json"
KEPT = "openapi/released.json"
RELEASE = re.compile(r"v\d+\.\d+\.\d+")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
Git = Callable[..., str | None]


def breaks(old: Node, new: Node) -> list[str]:
    """What a client made for `old` can no longer do, or understand, with `new`: sentences, each once."""
    return list(dict.fromkeys(_Contracts(old, new).breaks()))


class _Contracts:
    """Two contracts; each method gives what breaks in one part."""

    def __init__(self, old: Node, new: Node) -> None:
        self.old, self.new = old, new
        self.requests = Comparison(old, new, Direction.REQUEST)
        self.answers = Comparison(old, new, Direction.ANSWER)

    def breaks(self) -> Iterator[str]:
        servers = [one["url"] for one in self.new.get("servers", [])]
        for server in self.old.get("servers", []):
            if server["url"] not in servers:
                yield f"the server {server['url']} is gone"
        yield from self._schemes()
        for path, item in self.old.get("paths", {}).items():
            becomes = self.new.get("paths", {}).get(path)
            if becomes is None:
                yield f"{path}: is gone"
            else:
                yield from self._path(path, resolved(self.old, item), resolved(self.new, becomes))
        for name, item in self.old.get("webhooks", {}).items():
            yield from self._webhook(name, item, self.new.get("webhooks", {}).get(name))

    def _schemes(self) -> Iterator[str]:
        """Ways to authenticate; one that an operation needs and that is gone shows at the operation."""
        schemes = self.new.get("components", {}).get("securitySchemes", {})
        for name, scheme in self.old.get("components", {}).get("securitySchemes", {}).items():
            was, becomes = resolved(self.old, scheme), resolved(self.new, schemes.get(name, {}))
            for key in ("type", "in", "name", "scheme", "openIdConnectUrl"):
                if becomes and was.get(key) != becomes.get(key):
                    yield f"{name}: {key} is {becomes.get(key)}, was {was.get(key)}"
            for kind, flow in was.get("flows", {}).items():
                yield from _flow_breaks(f"{name}, {kind}", flow, becomes.get("flows", {}).get(kind))

    def _path(self, path: str, old: Node, new: Node) -> Iterator[str]:
        for method in METHODS:
            where = f"{method.upper()} {path}"
            if method in old and method not in new:
                yield f"{where}: is gone"
            elif method in old:
                yield from self._operation(where, (old, old[method]), (new, new[method]))

    def _operation(self, where: str, old: tuple[Node, Node], new: tuple[Node, Node]) -> Iterator[str]:
        was, becomes = old[1], new[1]
        if was.get("operationId") != becomes.get("operationId"):
            yield f"{where}: operationId is {becomes.get('operationId')}, was {was.get('operationId')}"
        if was.get("tags", [])[:1] != becomes.get("tags", [])[:1]:
            # Generated clients keep an operation in a module, or an object, that the first tag names.
            yield f"{where}: tags are {_tags(becomes)}, were {_tags(was)}"
        for way in _ways_in(self.old, was):
            if not any(_opens(way, other) for other in _ways_in(self.new, becomes)):
                yield f"{where}: {_shown(way)} is no longer enough"
        yield from self._parameters(where, self._by_name(self.old, *old), self._by_name(self.new, *new))
        yield from self._body(where, was.get("requestBody"), becomes.get("requestBody"))
        yield from self._responses(where, was["responses"], becomes["responses"])

    def _by_name(self, document: Node, item: Node, operation: Node) -> dict[str, Node]:
        """The parameters of an operation, its path's too; names of headers know no case."""
        found = {}
        for one in [*item.get("parameters", []), *operation.get("parameters", [])]:
            parameter = resolved(document, one)
            name = parameter["name"].lower() if parameter["in"] == "header" else parameter["name"]
            found[f"{parameter['in']} parameter {name}"] = parameter
        return found

    def _parameters(self, where: str, old: dict[str, Node], new: dict[str, Node]) -> Iterator[str]:
        for name, parameter in new.items():
            if parameter.get("required") and not old.get(name, {}).get("required"):
                yield f"{where}: the {name} has to be sent"
        for name, was in old.items():
            becomes = new.get(name)
            if becomes is None:
                yield f"{where}: the {name} is gone"
                continue
            for key in ("style", "explode", "allowReserved"):
                if was.get(key) != becomes.get(key):
                    yield f"{where}: the {name} has {key} {becomes.get(key)}, had {was.get(key)}"
            place = f"{where}, {name}"
            yield from self.requests.breaks(was.get("schema", {}), becomes.get("schema", {}), place)
            yield from self._content(place, was, becomes, self.requests)

    def _body(self, where: str, old: Node | None, new: Node | None) -> Iterator[str]:
        was, becomes = resolved(self.old, old or {}), resolved(self.new, new or {})
        if becomes.get("required") and not was.get("required"):
            yield f"{where}: a body has to be sent"
        yield from self._content(f"{where}, body", was, becomes, self.requests)

    def _responses(self, where: str, old: Node, new: Node) -> Iterator[str]:
        for status in sorted(set(new) - set(old)):
            if status.startswith("2"):
                yield f"{where}: the new success {status} is one that no client knows"
        for status, response in old.items():
            if status not in new:
                yield f"{where}: the answer {status} is gone"
                continue
            was, becomes = resolved(self.old, response), resolved(self.new, new[status])
            place = f"{where}, {status}"
            yield from self._content(place, was, becomes, self.answers)
            yield from self._headers(place, was.get("headers", {}), becomes.get("headers", {}))

    def _headers(self, where: str, old: Node, new: Node) -> Iterator[str]:
        headers = {name.lower(): resolved(self.new, header) for name, header in new.items()}
        for name, header in old.items():
            was, becomes = resolved(self.old, header), headers.get(name.lower())
            if becomes is None:
                yield f"{where}: the header {name} is gone"
                continue
            if was.get("required") and not becomes.get("required"):
                yield f"{where}: the header {name} may be left out"
            place = f"{where}, header {name}"
            yield from self.answers.breaks(was.get("schema", {}), becomes.get("schema", {}), place)

    def _content(self, where: str, old: Node, new: Node, comparison: Comparison) -> Iterator[str]:
        """Media types: one that was there stays; a further one is there for who asks for it."""
        for kind, was in old.get("content", {}).items():
            becomes = new.get("content", {}).get(kind)
            if becomes is None:
                yield f"{where}: {kind} is gone"
            else:
                yield from comparison.breaks(was.get("schema", {}), becomes.get("schema", {}), where)

    def _webhook(self, name: str, old: Node, new: Node | None) -> Iterator[str]:
        """What the register sends by itself is read by the client as an answer is."""
        if new is None:
            yield f"webhook {name}: is gone"
            return
        for method in (one for one in METHODS if one in old):
            was, becomes = old[method].get("requestBody", {}), new.get(method, {}).get("requestBody", {})
            yield from self._content(
                f"webhook {name}", resolved(self.old, was), resolved(self.new, becomes), self.answers
            )


def _flow_breaks(where: str, old: Node, new: Node | None) -> Iterator[str]:
    if new is None:
        yield f"{where}: is gone"
        return
    for key in ("authorizationUrl", "tokenUrl", "refreshUrl"):
        if old.get(key) != new.get(key):
            yield f"{where}: {key} is {new.get(key)}, was {old.get(key)}"
    for scope in old.get("scopes", {}):
        if scope not in new.get("scopes", {}):
            yield f"{where}: the scope {scope} is gone"


def _tags(operation: Node) -> str:
    return ", ".join(operation.get("tags", [])) or "none"


def _ways_in(document: Node, operation: Node) -> list[Node]:
    """The alternatives of which a caller fulfils one; open to all is one that asks nothing."""
    ways: list[Node] = operation["security"] if "security" in operation else document.get("security", [])
    return ways or [{}]


def _opens(held: Node, asked: Node) -> bool:
    """Whether who fulfils `held` fulfils `asked`: no further scheme, no further scope."""
    return all(name in held and set(scopes) <= set(held[name]) for name, scopes in asked.items())


def _shown(way: Node) -> str:
    return " and ".join(f"{name} {' '.join(scopes)}".strip() for name, scopes in way.items()) or "no token"


def last_release(git: Git) -> str | None:
    """The newest release tag in this history; None when there is none, or no git."""
    listed = git("tag", "--list", "v*", "--merged", "HEAD", "--sort=-version:refname") or ""
    return next((tag for tag in listed.split() if RELEASE.fullmatch(tag)), None)


def verdict(git: Git, kept: Node | None, new: Node) -> tuple[bool, list[str]]:
    """Whether `new` may stand after the last release, and what there is to say; `kept` is its contract."""
    releases = {}
    if kept is not None:
        releases[f"v{kept['info']['version']}"] = kept
    tag = last_release(git)
    if tag is not None and (tagged := git("show", f"{tag}:{CONTRACT}")) is not None:
        releases[f"the tag {tag}"] = json.loads(tagged)
    if not releases:
        return True, ["No release yet: the contract was compared with none."]
    verdicts = [_after(name, old, new) for name, old in releases.items()]
    return all(passes for passes, _ in verdicts), [line for _, said in verdicts for line in said]


def _after(name: str, old: Node, new: Node) -> tuple[bool, list[str]]:
    """The verdict on one release."""
    found = breaks(old, new)
    if not found:
        return True, [f"Clients of {name} can go on with this contract."]
    versions = [str(one["info"]["version"]) for one in (old, new)]
    was, becomes = (int(version.split(".")[0]) for version in versions)
    said = [f"{len(found)} breaks for clients of {name}:", *(f"- {one}" for one in found)]
    if becomes > was:
        return True, [*said, f"{versions[1]} is a new major version, which may."]
    return False, [
        *said,
        f"{versions[1]} is no new major version after {versions[0]}: mend these, or raise it.",
    ]


def git(*arguments: str) -> str | None:
    """What git prints, None when it is not there or fails."""
    program = shutil.which("git")
    if program is None:
        return None
    done = subprocess.run([program, *arguments], capture_output=True, check=False)
    return done.stdout.decode() if done.returncode == 0 else None


def read(path: str) -> Any:
    """A document, None when it is not there."""
    file = Path(path)
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def main() -> int:
    """Say what breaks; 1 when it may not."""
    new, kept = read(CONTRACT), read(KEPT)
    assert new is not None, f"{CONTRACT} is not there"
    passes, said = verdict(git, kept, new)
    sys.stdout.write("\n".join([*said, ""]))
    return 0 if passes else 1


if __name__ == "__main__":
    raise SystemExit(main())
