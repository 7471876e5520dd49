"""What problems say is there in Dutch too: every sentence of the code, and those of Pydantic that we meet."""

import ast
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from fastapi.routing import APIRoute
from pydantic import ValidationError
from pydantic_core import _pydantic_core as core

from app.core import problems
from app.core.http.refusals import _fault
from app.core.texts import LONGEST, PROBLEMS, Catalogue
from app.core.values import Input
from app.main import ROUTERS
from tests.world import World, registration

APP = Path(__file__).parents[2] / "app"
Base = TypeVar("Base")
SPEAKERS = {"refusal": 0, "PydanticCustomError": 1}


def _below(above: type[Base]) -> Iterator[type[Base]]:
    for kind in above.__subclasses__():
        yield kind
        yield from _below(kind)


def _sentences(node: ast.AST | None) -> Iterator[str]:
    """The texts that an expression may give, with gaps where something is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield _numbered(node.value)
    elif isinstance(node, ast.IfExp):
        yield from _sentences(node.body)
        yield from _sentences(node.orelse)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _sentences(value)
    elif isinstance(node, ast.JoinedStr):
        yield _numbered(
            "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        )


def _numbered(text: str) -> str:
    number = count()
    return re.sub(r"\{\w*\}", lambda _: f"{{{next(number)}}}", text)


def _said(tree: ast.AST) -> Iterator[str]:
    """What is said in problems: by a `detail` of any kind, or at the place where one is made."""
    speakers = {kind.__name__: 0 for kind in problems.kinds()} | SPEAKERS
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).lower().endswith(
            ("detail", "details")
        ):
            yield from _sentences(node.value)
        elif isinstance(node, ast.Call):
            named = (word.value for word in node.keywords if word.arg == "detail")
            for expression in named:
                yield from _sentences(expression)
            place = speakers.get(ast.unparse(node.func).rpartition(".")[2])
            if place is not None and len(node.args) > place:
                yield from _sentences(node.args[place])


def _of_the_code() -> set[str]:
    paths = (path for path in APP.rglob("*.py") if path.name != "verify_draw.py")
    return {said for path in paths for said in _said(ast.parse(path.read_text(encoding="utf-8")))}


def _of_libraries() -> set[str]:
    kinds = {_numbered(kind["message_template_python"]) for kind in core.list_all_errors()}
    return kinds | {"There was an error parsing the body"}


def test_every_sentence_of_the_code_has_its_counterpart() -> None:
    """Who adds one to the code adds its Dutch to app/core/problems.nl.json."""
    said = _of_the_code()
    assert len(said) > 80
    assert said - set(PROBLEMS.counterparts) == set()


def test_no_counterpart_is_of_what_nobody_says() -> None:
    assert set(PROBLEMS.counterparts) - _of_the_code() - _of_libraries() == set()


def test_counterparts_fill_in_only_what_was_said() -> None:
    for english, dutch in PROBLEMS.counterparts.items():
        assert set(re.findall(r"\{\d+\}", dutch)) <= set(re.findall(r"\{\d+\}", english)), english
        assert dutch != english
        assert dutch.endswith(".") == english.endswith("."), english


STRANGE: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    float("inf"),
    "",
    "x",
    "x" * 5000,
    [],
    {},
    [{}],
    {"x": 1},
]


def _faults() -> Iterator[Any]:
    """What Pydantic finds when each member of each body, and each part of a query or path, is strange."""
    for body in _below(Input):
        for name in [*body.model_fields, "x"]:
            for value in STRANGE:
                try:
                    body.model_validate({name: value})
                except ValidationError as found:
                    yield from found.errors()
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        for field in (*route.dependant.query_params, *route.dependant.path_params):
            for value in STRANGE:
                yield from field.validate(value, {}, loc=())[1] or []


def test_every_fault_that_is_found_has_its_counterpart() -> None:
    kinds, left = set(), set()
    for fault in _faults():
        told = _fault({**fault, "loc": ("body", *fault["loc"])}).detail
        kinds.add(fault["type"])
        if PROBLEMS.dutch(told) == told:
            left.add(told)
    assert len(kinds) > 15
    assert left == set()


def test_faults_are_told_in_the_readers_language(world: World) -> None:
    body = registration(applicant={"email": "noor", "familyName": ""}, x=1)
    told = {
        language: world.fleck.post("/v1/registrations", body, headers={"Accept-Language": language})
        for language in ("nl", "en")
    }
    english, dutch = (
        {f["pointer"]: f["detail"] for f in one.json()["errors"]} for one in (told["en"], told["nl"])
    )
    assert english.keys() == dutch.keys() == {"#/applicant/email", "#/applicant/familyName", "#/x"}
    assert not set(english.values()) & set(dutch.values())
    assert dutch["#/applicant/familyName"] == "Mag niet korter zijn dan 1 (aantal tekens)"
    assert told["nl"].json()["detail"] == "3 fouten gevonden in de invoer"
    assert [one.headers["vary"] for one in told.values()] == ["Accept-Language, Origin"] * 2


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/v1/editions/nergens", "Er is geen editie nergens."),
        ("/v1/nergens", "Op dit adres is niets."),
        ("/v1/events", "Stuur een toegangstoken mee: Authorization: Bearer …"),
    ],
)
def test_what_happened_is_told_in_dutch(world: World, path: str, detail: str) -> None:
    assert world.http.get(path, headers={"Accept-Language": "nl"}).json()["detail"] == detail


def test_the_sentence_that_says_most_is_taken() -> None:
    catalogue = Catalogue(
        {"No {0}.": "Geen {0}.", "No {0} here, {1}.": "{1}, hier geen {0}.", "No way.": "Nee."}
    )
    assert catalogue.dutch("No seat.") == "Geen seat."
    assert catalogue.dutch("No way.") == "Nee."
    assert catalogue.dutch("No seat here, {0}.") == "Geen seat here, {0}."
    assert catalogue.dutch("Yes.") == "Yes."
    longest = f"No {'x' * LONGEST}."
    assert catalogue.dutch(longest) == longest
