"""Keep the contract of a release, to compare those that follow with it (`make release`).

    python -m tools.release

wants a version that the changelog dates, and a contract that does not break the last release's; writes
openapi/released.json, and says which tag is to be made.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from app import __version__
from tools.compatibility import CONTRACT, KEPT, Git, git, read, verdict
from tools.fits import Node

CHANGELOG = "CHANGELOG.md"
# What tells people, and no program: it may change in every release.
WORDS = ("description", "summary", "title", "example", "examples", "externalDocs")
# Below these stand names that somebody chose; a member called `title` is a member.
NAMES = ("properties", "patternProperties", "$defs", "paths", "schemas", "headers", "responses", "scopes")


def slim(document: Node) -> Node:
    """The contract without its words for people: all that compatibility is about, in a fifth of the size."""
    slimmed: Node = _slim(document, named=False)
    return slimmed


def _slim(part: Any, *, named: bool) -> Any:
    if isinstance(part, list):
        return [_slim(one, named=False) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        key: _slim(value, named=key in NAMES and not named)
        for key, value in part.items()
        if named or (key not in WORDS and not key.startswith("x-"))
    }


def faults(version: str, changelog: str, contract: Node, kept: Node | None, git: Git) -> list[str]:
    """Why this cannot be released; empty when it can."""
    found = []
    if not re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", changelog, re.MULTILINE):
        found.append(f"{CHANGELOG} has no heading `## {version} (YYYY-MM-DD)`.")
    if contract["info"]["version"] != version:
        found.append(f"{CONTRACT} is of {contract['info']['version']}, not {version}: run `make openapi`.")
    if kept is not None and kept["info"]["version"] == version:
        found.append(f"{version} has been released: raise the version in app/__init__.py.")
    passes, said = verdict(git, kept, contract)
    return found if passes else [*found, *said]


def main() -> int:
    """Write the kept contract, or say why not."""
    contract = read(CONTRACT)
    changelog = Path(CHANGELOG).read_text(encoding="utf-8")
    if found := faults(__version__, changelog, contract, read(KEPT), git):
        sys.stdout.write("\n".join([*found, ""]))
        return 1
    text = json.dumps(slim(contract), ensure_ascii=False, indent=1, sort_keys=True)
    Path(KEPT).write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"Commit {KEPT}, then: git tag --annotate v{__version__} --message v{__version__}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
