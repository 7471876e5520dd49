"""Fuzz a running server by its own contract: `python -m tests.fuzz --examples 50`.

For the public and for each role in turn, schemathesis sends what the published OpenAPI document allows, what
it does not, and ways of several requests; it checks each answer against the document. The server is a real
one on PostgreSQL, with a pilot in all its states. Ends with 1 when anything failed.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from tests.fuzz import pilot
from tests.stories.server import Server

# The administrator last, who can take away what others need.
ROLES = {"public": "", "partner": "fleck", "provider": "mocca", "certifier": "lkca", "admin": "lkca"}
HOUR = "3600"


def main() -> int:
    """Fuzz as each role; print the figures of each and of all; 1 when a check failed, 0 otherwise."""
    wanted = _wanted()
    failed, total = False, 0
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        server.environment["TOKEN_SECONDS"] = HOUR
        names = pilot.play(server)
        names["clientId"] = [server.client("fleck", "partner").credentials["clientId"]]
        for role, organisation in ROLES.items():
            token = _token(server, organisation, role) if organisation else None
            config = Path(folder, f"{role}.toml")
            config.write_text(_config(names, token))
            code, printed = _run(server, config, wanted)
            cases = int(re.findall(r"(\d+) generated", printed)[-1])
            total, failed = total + cases, failed or code != 0
            print(f"{role:<10} {cases:>7} cases  {'failed' if code else 'passed'}", flush=True)
            if code:
                print(printed)
        assert httpx.get(f"{server.url}/health/ready").status_code == 200
    print(f"{'together':<10} {total:>7} cases  {'failed' if failed else 'passed'}")
    return int(failed)


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=20, help="random cases for each operation and role")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other cases")
    return parser.parse_args()


def _token(server: Server, organisation: str, role: str) -> str:
    credentials = server.client(organisation, role).credentials
    basic = (credentials["clientId"], credentials["clientSecret"])
    answer = httpx.post(f"{server.url}/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=basic)
    return str(answer.json()["access_token"])


def _config(names: pilot.Names, token: str | None) -> str:
    """Schemathesis' settings: the checks in checks.py beside its own, half of all names real."""
    lines = ['hooks = "tests.fuzz.checks"']
    if token:
        lines += ["[headers]", f'Authorization = "Bearer {token}"']
    for name, values in names.items():
        lines += [f"[dictionaries.{name}]", f"values = {values!r}"]
    lines += ["[parameters]"]
    lines += [f'"path.{name}" = {{ dictionary = "{name}", probability = 0.5 }}' for name in names]
    return "\n".join(lines)


def _run(server: Server, config: Path, wanted: argparse.Namespace) -> tuple[int, str]:
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(config), "run"]
    command += [f"{server.url}/v1/openapi.json", "--no-color", "--generation-database", "none"]
    command += ["--exclude-checks", "positive_data_acceptance"]
    command += ["--max-examples", str(wanted.examples), "--seed", str(wanted.seed), "--request-timeout", "30"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main())
