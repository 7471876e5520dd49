"""What is asked of an answer to valid data, where schemathesis' own check knows of schemas only."""

import re

import schemathesis
from schemathesis import Case, CheckContext, Response

# Faults that only the server can know of, by their code: they compare members, look something up, or ask of
# a text what JSON Schema has no words for. Any other 400 to a body that the schema allows is a defect.
RULES = frozenset(
    {
        "after-what",
        "approved-before",
        "bic",
        "both-stay",
        "carry-over",
        "channel",
        "contradiction",
        "country",
        "credentials",
        "csv-invalid",
        "cursor",
        "duplicate",
        "email",
        "encoding",
        "exemption-reason",
        "file-damaged",
        "file-empty",
        "file-heic",
        "file-locked",
        "file-macros",
        "file-type",
        "file-unsafe",
        "fragment",
        "future",
        "iban",
        "in-the-future",
        "invisible",
        "key",
        "kvk-number",
        "line-too-long",
        "minutes-without-presence",
        "missing-column",
        "mode",
        "no-credential",
        "no-pdf",
        "no-product-here",
        "no-rows",
        "no-session-here",
        "not-a-participant",
        "not-a-url",
        "not-announced",
        "not-given",
        "not-held",
        "not-https",
        "not-plain",
        "not-public",
        "not-yours",
        "oin",
        "one-of",
        "one-of-the-two",
        "other-kind",
        "other-training",
        "overlap",
        "own-session",
        "past",
        "port",
        "private-key",
        "quota",
        "rate",
        "repeated-column",
        "round-or-at",
        "same-edition",
        "same-key",
        "time-zone",
        "times",
        "too-many-columns",
        "too-many-minutes",
        "too-soon",
        "unknown-column",
        "unknown-edition",
        "unknown-organisation",
        "unknown-phase",
        "unknown-registration",
        "unknown-session",
        "unknown-training",
        "unknown-type",
        "vat-number",
        "window",
        "wrong-role",
        "wrong-signature",
    }
)
# Members that are required of some callers, or together with others.
SOMETIMES_REQUIRED = frozenset(
    {
        "#/items/0/minutes",
        "#/minutes",
        "#/partner",
        "#/title",
        "#/value",
        "#/signature",
        "#/numberPrefix",
        "#/beacon/source",
        "#/beacon/field",
        "#/beacon/availableAt",
    }
)
# A precondition that does not hold, a state that does not allow it, somebody who may not, a key used before.
REFUSALS = frozenset({401, 403, 404, 409, 412, 422})

# Lines of JSON are sent as any text is.
schemathesis.serializer.alias(["application/jsonl", "application/x-ndjson"], "text/plain")


@schemathesis.check  # type: ignore[untyped-decorator]  # schemathesis is not there when types are checked
def valid_data_is_refused_only_by_a_rule(_: CheckContext, response: Response, case: Case) -> None:
    """What the schema allows is done, or refused for a reason that no schema could tell."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code < 400 or response.status_code in REFUSALS:
        return
    if {None, "null"} & set((case.path_parameters or {}).values()):  # of an earlier answer, which has it null
        return
    assert response.status_code == 400, f"Valid data was answered by {response.status_code}"
    if response.headers["content-type"][0].startswith("text/html"):  # a page, for who sends a form
        return
    problem = response.json()
    if "error" in problem:  # the token endpoint's own refusals (RFC 6749, section 5.2)
        return
    unexplained = [
        fault
        for fault in problem.get("errors", [problem])
        if fault.get("code") not in RULES
        and not (fault.get("code") == "missing" and _place(fault) in SOMETIMES_REQUIRED)
    ]
    assert not unexplained, f"Valid data was refused: {unexplained}"


def _place(fault: dict[str, str]) -> str:
    """The pointer of a fault, whichever of a list's items it is in."""
    return re.sub(r"/\d+(?=/)", "/0", fault.get("pointer", ""))
