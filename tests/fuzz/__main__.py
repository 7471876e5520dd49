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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from tests.fuzz import pilot
from tests.stories.server import Server

# The administrator last, who can take away what others need.
ROLES = {"public": "", "partner": "fleck", "provider": "mocca", "certifier": "lkca", "admin": "lkca"}
HOUR = "3600"
# Links (of the OpenAPI document) that have to be followed at least: what a role may not do leads nowhere, and
# how far few scenarios get is chance (20 to 76 as the administrator).
FEWEST_LINKS = {"public": 10, "partner": 40, "provider": 20, "certifier": 15, "admin": 15}
STEPS = 40
# What names the same things in queries and bodies.
ELSEWHERE = {
    "query.edition": "edition",
    "query.partner": "organisation",
    "query.q": "q",
    "query.registration": "registrationId",
    "query.session": "sessionId",
    "query.training": "training",
    "body.edition": "edition",
    "body.from": "edition",
    "body.editions[*]": "edition",
    "body.organisation": "organisation",
    "body.phase": "phase",
    "body.registration": "registrationId",
    "body.items[*].registration": "registrationId",
    "body.training": "training",
}


@dataclass(frozen=True)
class Figures:
    """What schemathesis did as one role."""

    cases: int
    operations: int
    of_operations: int
    links: int
    of_links: int

    @classmethod
    def read(cls, printed: str) -> Self:
        """The figures, from what schemathesis printed."""
        (cases,) = re.findall(r"(\d+) generated", printed)[-1:]
        (operations,) = re.findall(r"Selected: (\d+)/\d+", printed)[-1:]
        (tested,) = re.findall(r"Tested: (\d+)", printed)[-1:]
        links, _, of_links = re.findall(r"(\d+) covered / (\d+) selected / (\d+) total", printed)[-1]
        return cls(int(cases), int(tested), int(operations), int(links), int(of_links))

    def lacking(self, role: str) -> str:
        """What was too little, in words; empty when it was enough."""
        if self.operations < self.of_operations:
            return f"{self.operations} of {self.of_operations} operations"
        if self.links < FEWEST_LINKS[role]:
            return f"{self.links} links, of {FEWEST_LINKS[role]} at least"
        return ""

    def __str__(self) -> str:
        return (
            f"{self.cases:>7} cases {self.operations:>4} of {self.of_operations} operations "
            f"{self.links:>4} of {self.of_links} links"
        )


def main() -> int:
    """Fuzz as each role, and print the figures; 1 when a check failed or too little was done."""
    wanted = _wanted()
    failed, total = False, 0
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        server.environment["TOKEN_SECONDS"] = HOUR
        # Who asks so much and so wrongly would soon be told nothing but to come back later.
        limits = ("CLIENT_PER_MINUTE", "ADDRESS_PER_MINUTE", "GUESSES_PER_MINUTE", "PUBLIC_PER_MINUTE")
        server.environment |= dict.fromkeys(limits, "0")
        names = pilot.play(server)
        names["clientId"] = [server.client("fleck", "partner").credentials["clientId"]]
        for role in wanted.roles:
            token = _token(server, ROLES[role], role) if ROLES[role] else None
            Path(folder, f"{role}.toml").write_text(_config(names, token, wanted.scenarios))
        # Two at a time keep the server busy; the administrator, who can end what others use, is alone.
        others = [role for role in wanted.roles if role != "admin"]
        alone = [role for role in wanted.roles if role == "admin"]
        for roles in (others, alone):
            with ThreadPoolExecutor(2) as pool:
                runs = {
                    role: pool.submit(_run, server, Path(folder, f"{role}.toml"), wanted) for role in roles
                }
            for role, run in runs.items():
                cases, passed = _told(role, *run.result())
                total, failed = total + cases, failed or not passed
        assert httpx.get(f"{server.url}/health/ready").status_code == 200
    print(f"{'together':<10} {total:>7} cases  {'failed' if failed else 'passed'}")
    return int(failed)


def _told(role: str, code: int, printed: str) -> tuple[int, bool]:
    """Print the figures of one role, and all else where it failed; how many cases, and whether it passed."""
    try:
        figures = Figures.read(printed)
    except ValueError:
        print(f"{role:<10} failed\n{printed}")
        return 0, False
    lacking = figures.lacking(role)
    passed = code == 0 and not lacking
    print(f"{role:<10} {figures}  {'passed' if passed else 'failed'}", flush=True)
    if code:
        print(printed)
    elif lacking:
        print(f"Too little was tried: {lacking}.")
    return figures.cases, passed


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=20, help="random cases for each operation and role")
    parser.add_argument("--scenarios", type=int, default=20, help="ways of several requests for each role")
    parser.add_argument(
        "--roles", nargs="+", choices=ROLES, default=list(ROLES), help="as whom, in this order"
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed, other cases")
    return parser.parse_args()


def _token(server: Server, organisation: str, role: str) -> str:
    credentials = server.client(organisation, role).credentials
    basic = (credentials["clientId"], credentials["clientSecret"])
    answer = httpx.post(f"{server.url}/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=basic)
    return str(answer.json()["access_token"])


def _config(names: pilot.Names, token: str | None, scenarios: int) -> str:
    """Schemathesis' settings: the checks in checks.py beside its own, half of all names real.

    Ways of several requests follow the links that the document declares, and no others.
    """
    lines = ['hooks = "tests.fuzz.checks"']
    if token:
        lines += ["[headers]", f'Authorization = "Bearer {token}"']
    for name, values in names.items():
        lines += [f"[dictionaries.{name}]", f"values = {values!r}"]
    lines += ["[parameters]"]
    lines += [f'"path.{name}" = {{ dictionary = "{name}", probability = 0.5 }}' for name in names]
    lines += [
        f'"{place}" = {{ dictionary = "{name}", probability = 0.5 }}' for place, name in ELSEWHERE.items()
    ]
    lines += ["[phases.stateful]", f"max-steps = {STEPS}", "inference.algorithms = []"]
    lines += ["[phases.stateful.generation]", f"max-examples = {scenarios}"]
    # The page's own buttons post there, which is no part of the contract.
    lines += ["[[operations]]", 'include-path = "/enrolment-forms/{token}"']
    lines += ["checks.unsupported_method.enabled = false", "checks.allow_header_conformance.enabled = false"]
    # A client is ended, and stays in the list with its `endedAt`: so it can be read.
    lines += ["[[operations]]", 'include-path = "/clients/{clientId}"']
    lines += ["checks.use_after_free.enabled = false"]
    # Its body is a text: a number is sent as one too, and becomes a line with a verdict of its own.
    lines += ["[[operations]]", 'include-name = "POST /registration-imports"']
    lines += ["checks.negative_data_rejection.enabled = false"]
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
