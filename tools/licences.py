"""Which licences what is shipped has, and whether somebody chose each (`make sbom` asks).

    python -m tools.licences build/sbom.json

prints a line per package and ends with 1 when one has a licence that does not stand here: then read it, and
add it or take the package out. The register is under the EUPL-1.2, with which these may be shipped.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHOSEN = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",  # by file: what is changed in such a file would have to be published; nothing is
    "OFL-1.1",  # fonts
    "PSF-2.0",
    "Unlicense",
}
# What packages call theirs that name none of the SPDX list.
CALLED = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# Packages that say nothing where it is looked for, and what their own files say.
READ = {"pymupdf-fonts": "OFL-1.1"}


def licences(component: dict[str, Any]) -> list[str]:
    """What a component of a CycloneDX document is under, as SPDX expressions or as it calls them."""
    said = [
        one.get("expression") or one["license"].get("id") or one["license"].get("name", "")
        for one in component.get("licenses", [])
    ]
    named = dict.fromkeys(CALLED.get(one, one) for one in said)
    return list(named) or [one for one in [READ.get(component["name"])] if one]


def is_chosen(expression: str) -> bool:
    """Whether an expression without brackets can be kept: all of an AND, one of an OR."""
    return any(
        all(part.strip() in CHOSEN for part in option.split(" AND ")) for option in expression.split(" OR ")
    )


def strangers(document: dict[str, Any]) -> Iterator[str]:
    """The packages of which nobody chose the licence; several licences are all looked at."""
    for component in document["components"]:
        found = licences(component)
        if not found or not all(map(is_chosen, found)):
            yield f"{component['name']}: {', '.join(found) or 'no licence'}"


def main(path: str) -> int:
    """Print the list; 1 when something in it was not chosen."""
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    for component in document["components"]:
        sys.stdout.write(f"{component['name']} {component['version']}\t{', '.join(licences(component))}\n")
    unknown = list(strangers(document))
    for one in unknown:
        sys.stderr.write(f"Not chosen: {one}\n")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
