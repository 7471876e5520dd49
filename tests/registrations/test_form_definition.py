"""The definition of the enrolment form, and what is made of it: schema, models and page must agree."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from app.registrations import form_page, form_posts
from app.registrations.form_definition import FORM, Kind, json_schema, missing, questions
from app.registrations.form_schemas import EnrolmentFormChange, EnrolmentFormSubmit
from app.registrations.forms import merged
from app.trainings.terms import FormPart
from tests.world import JSON, form

ALL = form(
    coordinatorHours=2.5,
    coordinatorMandate="spoken",
    schoolLeader={"name": "Jan de Boer", "consent": True},
    invoiceAddress={
        "name": "Het Lyceum",
        "street": "Schoolstraat 1",
        "postalCode": "1315 AA",
        "city": "Almere",
        "reference": "Team kunst",
        "costCentre": "4210",
        "orderNumber": "PO-42",
    },
    wishes={"dietary": "Vegetarisch", "accessibility": "Een lift"},
)
PATHS = [path for _, _, path in questions()]


def _fits(schema: JSON, answers: object) -> bool:
    return bool(Draft202012Validator(schema).is_valid(answers))


def _is_taken(answers: object) -> bool:
    try:
        EnrolmentFormSubmit.model_validate_json(json.dumps(answers))
    except ValidationError:
        return False
    return True


def test_every_question_has_a_name_of_its_own_and_both_languages() -> None:
    assert len(set(PATHS)) == len(PATHS)
    for section, question, _ in questions():
        for words in (section.title, section.intro, question.label, question.help):
            assert (
                words is None or (words.nl and words.en and words.nl != words.en) or words.en == "Reference"
            )


def test_what_an_edition_can_ask_for_is_there_and_is_otherwise_optional() -> None:
    members = {name for section in FORM for name in section.members}
    assert set(FormPart) <= members
    assert not set(FormPart) & set(json_schema("nl")["required"])
    for part in FormPart:
        assert part in json_schema("nl", [part])["required"]
        assert missing({}, [part]) == [part]
        assert missing(ALL, [part]) == []


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_schema_is_one_and_labels_every_answer(language: Any) -> None:
    schema = json_schema(language, list(FormPart))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for _, question, path in questions():
        at: JSON = schema
        for step in path.split("."):
            at = at["properties"][step]
        assert at["title"] == question.label.of(language)
        assert _fits(at, question.example)


def test_the_languages_differ_in_words_alone() -> None:
    def bare(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: bare(value) for key, value in node.items() if key not in ("title", "description")}
        return [bare(one) for one in node] if isinstance(node, list) else node

    dutch, english = json_schema("nl"), json_schema("en")
    assert dutch != english
    assert bare(dutch) == bare(english)


def _values(question_kind: Kind, choices: list[str]) -> st.SearchStrategy[Any]:
    texts = st.text(alphabet=st.sampled_from("aZ é\n\t\x00 "), max_size=5)
    of_kind: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.LINE: texts | st.sampled_from(["x" * 100, "x" * 101, "x" * 200, "x" * 201]),
        Kind.LINES: texts | st.sampled_from(["x" * 1000, "x" * 1001, "x" * 4000, "x" * 4001]),
        Kind.NUMBER: st.sampled_from([-1, -0.25, 0, 0.25, 0.3, 1.5, 39.75, 40, 40.25, 10**6]),
        Kind.CHOICE: st.sampled_from([*choices, "other"]),
        Kind.YES: st.booleans(),
    }
    strange = st.sampled_from([1, True, "x", [], {}])
    return of_kind[question_kind] | strange


def _drawn(draw: Any, section: Any) -> JSON:
    drawn = {}
    for question in section.questions:
        if draw(st.integers(0, 9)):
            drawn[question.name] = draw(
                st.just(question.example) | _values(question.kind, list(question.choices or {}))
            )
    return drawn


@st.composite
def _answers(draw: Any) -> JSON:
    """Answers of which most are as they should be."""
    found: JSON = {}
    for section in FORM:
        if not section.member:
            found |= _drawn(draw, section)
        elif draw(st.booleans()):
            found[section.member] = _drawn(draw, section)
    return found


@given(_answers())
def test_what_the_schema_takes_is_what_the_form_takes(answers: JSON) -> None:
    """But for white space around a text, which is taken away before it is measured."""
    fits, taken = _fits(json_schema("nl"), answers), _is_taken(answers)
    trimmed = any(isinstance(one, str) and one != one.strip() for one in _leaves(answers))
    assert fits == taken or trimmed


def _leaves(node: Any) -> list[Any]:
    return [leaf for value in node.values() for leaf in _leaves(value)] if isinstance(node, dict) else [node]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"coordinatorHours": 40.25}, "coordinatorHours"),
        ({"coordinatorHours": True}, "coordinatorHours"),
        ({"coordinatorHours": "2"}, "coordinatorHours"),
        ({"coordinatorMandate": "maybe"}, "coordinatorMandate"),
        ({"schoolLeader": {"name": "Jan"}}, "schoolLeader.consent"),
        ({"schoolLeader": {"name": "Jan", "consent": False}}, "schoolLeader.consent"),
        ({"wishes": {"dietary": "x" * 1001}}, "wishes.dietary"),
        ({"wishes": {"halal": "ja"}}, "wishes.halal"),
        ({"consent": False}, "consent"),
        ({"learningQuestion": "x" * 4001}, "learningQuestion"),
    ],
)
def test_neither_takes_what_is_wrong(wrong: JSON, pointer: str) -> None:
    answers = {**ALL, **wrong}
    assert _is_taken(ALL)
    assert _fits(json_schema("en"), ALL)
    assert not _fits(json_schema("en"), answers)
    with pytest.raises(ValidationError) as found:
        EnrolmentFormSubmit.model_validate(answers)
    assert [".".join(map(str, one["loc"])) for one in found.value.errors()] == [pointer]


def test_a_draft_may_lack_anything_and_hold_a_permission_back() -> None:
    for draft in ({}, {"consent": False}, {"invoiceAddress": {"city": "Almere"}}, {"wishes": None}, ALL):
        EnrolmentFormChange.model_validate(draft)
    with pytest.raises(ValidationError):
        EnrolmentFormChange.model_validate({"invoiceAddress": {"town": "Almere"}})


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_stands_in_the_fields_is_read_as_what_was_answered(language: Any) -> None:
    for answers in (ALL, form(), {"coordinatorHours": 0}, {"coordinatorHours": 12}, {}):
        posted = form_page.texts(answers, language)
        assert list(posted) == PATHS
        assert merged({}, form_posts.answers(posted)) == answers


@given(st.dictionaries(st.sampled_from(PATHS), st.text(max_size=20)))
def test_whatever_is_typed_is_read(posted: dict[str, str]) -> None:
    read = form_posts.answers(posted)
    assert set(read) == {path.partition(".")[0] for path in PATHS}
    blank = {path for path in PATHS if not posted.get(path, "").strip()}
    for path in blank:
        member, _, inside = path.partition(".")
        assert (read[member] if not inside else (read[member] or {}).get(inside)) is None


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": None}, {}),
        ({"o": {"x": 1, "y": 2}}, {"o": {"x": None}}, {"o": {"y": 2}}),
        ({"o": {"x": 1}}, {"o": {"x": None}}, {}),
        ({}, {"o": {"x": 1}}, {"o": {"x": 1}}),
        ({"o": {"x": 1}}, {"o": None}, {}),
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 0}, {"b": False}, {"a": 0, "b": False}),
    ],
)
def test_a_merge_patch_merges(before: JSON, patch: JSON, after: JSON) -> None:
    kept = json.dumps(before)
    assert merged(before, patch) == after
    assert json.dumps(before) == kept
