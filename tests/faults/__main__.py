"""Every fault story, as often in a row as is asked: `python -m tests.faults --times 20`.

One pass takes a minute and a half on two quiet cores. Each has a seed of its own, which is printed; the same
seed gives the same kills. It ends with the first pass that fails, and with 1.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> None:
    """Run the passes, and say how each went."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=1)
    options.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000)
    options.add_argument("--together", type=int, default=1, help="how many stories run at the same time")
    given, more = options.parse_known_args()
    workers = ["-n", str(given.together), "--dist", "loadfile"] if given.together > 1 else []
    for turn in range(given.times):
        seed, begun = given.seed + turn, time.monotonic()
        with tempfile.NamedTemporaryFile("r") as figures:
            told = {"FAULTS_SEED": str(seed), "FAULTS_FIGURES": figures.name}
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-x",
                "--timeout=600",
                *workers,
                str(FOLDER),
                *more,
            ]
            done = subprocess.run(command, env={**os.environ, **told}, check=False)
            print(figures.read(), end="")
        said = "passed" if done.returncode == 0 else "FAILED"
        seconds = time.monotonic() - begun
        print(f"pass {turn + 1} of {given.times} {said} in {seconds:.0f} s, seed {seed}", flush=True)
        if done.returncode:
            sys.exit(1)


if __name__ == "__main__":
    main()
