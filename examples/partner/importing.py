"""Registering from a file: send it, follow how far it is, and keep what was refused to be mended."""

import time
from pathlib import Path
from typing import Any

from .register import Register

JSON = dict[str, Any]
KINDS = {".csv": "text/csv", ".jsonl": "application/jsonl", ".ndjson": "application/x-ndjson"}


def send(register: Register, file: Path, **query: str) -> JSON:
    """Send a file and wait until every row has its verdict; gives the import."""
    one = register.send("/registration-imports", file.read_bytes(), KINDS[file.suffix.lower()], **query)
    while one["status"] != "done":
        counts = one["counts"]
        print(f"{counts['rows'] - counts['waiting']} of {counts['rows']} rows", flush=True)
        time.sleep(0.5)
        one = register.read(f"/registration-imports/{one['id']}")
    return one


def tell(register: Register, one: JSON, refused: Path) -> None:
    """Print what came of the rows; those that were refused go into the file `refused`."""
    print(", ".join(f"{name}: {count}" for name, count in one["counts"].items() if count))
    path = f"/registration-imports/{one['id']}"
    for row in register.every(f"{path}/rows", verdict="refused", limit="100"):
        for fault in row["faults"]:
            print(f"line {row['line']}, {fault['column'] or fault['pointer']}: {fault['detail']}")
    if one["counts"]["refused"]:
        refused.write_bytes(register.download(f"{path}/refused.csv"))
        print(f"Mend {refused} and send it again.")
