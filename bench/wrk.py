"""The load by wrk, where it is installed: a client that costs the machine less than one in Python."""

import json
import math
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

SCRIPT = Path(__file__).with_suffix(".lua")
_MARK = "MEASURED "


def is_here() -> bool:
    """Whether there is a wrk on this machine."""
    return shutil.which("wrk") is not None


def run(
    requests: Sequence[str], status: int, address: str, seconds: float, connections: int
) -> dict[str, float]:
    """What `bench.load` tells, of a load for so many whole seconds.

    SystemExit when anything but `status` was answered, or nothing.
    """
    with tempfile.NamedTemporaryFile() as file:
        for text in requests:
            content = text.encode()
            file.write(b"%d\n%s\n" % (len(content), content))
        file.flush()
        # Requests are numbered from anywhere, so that clients beside each other do not send the same.
        numbered = [file.name, str(secrets.randbits(47))]
        load = [
            *("--threads", "1", "--connections", str(connections), "--timeout", "60s"),
            *("--duration", f"{math.ceil(seconds)}s", "--script", str(SCRIPT)),
        ]
        command = ["wrk", *load, address, "--", *numbered]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    marked = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    if not marked:
        raise SystemExit(f"wrk ended with {done.returncode}: {done.stdout}{done.stderr}")
    found = json.loads(marked[0].removeprefix(_MARK))
    if found["failed"] or found["answered"].keys() != {str(status)}:
        raise SystemExit(
            f"answered {found['answered']} instead of {status}, {found['failed']} times not at all"
        )
    return {
        "count": found["count"],
        "rate": found["count"] / found["seconds"],
        "p50": found["p50"],
        "p99": found["p99"],
        "busy": found["cpu"] / found["seconds"],
    }
