"""The enrolment form as a page for people: plain HTML that needs no script, made of the form's definition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from markupsafe import Markup

from app.core.language import Language
from app.core.pages import Pages, time_tag
from app.registrations.form_definition import FORM, Kind, Question, Section, Words, questions

State = Literal["submitted", "late", "closed"]
_PAGES = Pages(Path(__file__).parent, "enrolment-form.css", with_form=True)
_MISSING = {
    Kind.YES: Words("Zet hier een vinkje", "Tick this box"),
    Kind.CHOICE: Words("Kies een antwoord", "Choose an answer"),
}
_UNANSWERED = Words("Vul dit nog in", "Fill this in")
_NUMBER = Words(
    "Vul een getal in van {least} tot en met {most}, op een kwart nauwkeurig, zoals 2,5",
    "Fill in a number from {least} to {most}, to a quarter, such as 2.5",
)
_TOO_LONG = Words(
    "Maak dit korter: er passen {longest} tekens in",
    "Make this shorter: there is room for {longest} characters",
)
_UNREADABLE = Words(
    "Hierin staan tekens die we niet kunnen bewaren; typ het opnieuw",
    "This holds characters that we cannot keep; type it again",
)
_SHORT = 100  # characters
_NUMBERS = {"float-type", "greater-than-equal", "less-than-equal", "multiple-of"}


@dataclass(frozen=True)
class Sheet:
    """What a page says of one form: whose it is, and what has to be known to fill it in."""

    training_title: str
    edition_title: str
    applicant_name: str
    partner_name: str
    time_zone: str
    due_at: datetime | None
    saved_at: datetime | None
    submitted_at: datetime | None
    asked: frozenset[str]  # what the edition asks beside what the form always does
    seen: str  # names this state of the form


@dataclass(frozen=True)
class Filled:
    """What stands in the fields, by path, and what is wrong with it."""

    texts: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)
    saved: bool = False  # only just
    changed: bool = False  # in another window, in the meantime


def texts(answers: Mapping[str, Any], language: Language) -> dict[str, str]:
    """The answers as they stand in the fields, by path."""
    found = {}
    for section, question, path in questions():
        inside = answers.get(section.member) or {} if section.member else answers
        found[path] = _text(inside.get(question.name), language)
    return found


def _text(answer: object, language: Language) -> str:
    match answer:
        case None | False:
            return ""
        case True:
            return "yes"
        case float() | int():
            text = f"{answer:.2f}".rstrip("0").rstrip(".")
            return text.replace(".", ",") if language == "nl" else text
        case _:
            return str(answer)


def explained(question: Question, code: str, language: Language) -> str:
    """What is wrong with an answer, in words for who typed it; `code` is that of the fault."""
    if code in ("missing", "consent"):
        return _MISSING.get(question.kind, _UNANSWERED).of(language)
    if code == "string-too-long":
        return _TOO_LONG.of(language).format(longest=question.longest)
    if code in _NUMBERS:
        limits = {"least": f"{question.smallest:g}", "most": f"{question.largest:g}"}
        return _NUMBER.of(language).format(**limits)
    unreadable = question.kind in (Kind.LINE, Kind.LINES)
    return (_UNREADABLE if unreadable else _MISSING[question.kind]).of(language)


def of_form(sheet: Sheet, filled: Filled, language: Language) -> str:
    """The form to fill in, with what was typed and what is wrong with it."""
    labels = {path: question.label.of(language) for _, question, path in questions()}
    return _render(
        "enrolment-form",
        language,
        sheet.time_zone,
        sheet=sheet,
        filled=filled,
        labels=labels,
        sections=[_section(one, sheet.asked, language) for one in FORM],
    )


def of_state(sheet: Sheet, state: State, language: Language) -> str:
    """What there is to know about a form that cannot be filled in."""
    return _render("enrolment-form-state", language, sheet.time_zone, sheet=sheet, state=state)


def of_nothing(language: Language) -> str:
    """What an unknown link says."""
    return _render("enrolment-form-state", language, "UTC", sheet=None, state="unknown")


def policy() -> str:
    """The pages' content security policy."""
    return _PAGES.policy


def _section(section: Section, asked: frozenset[str], language: Language) -> dict[str, Any]:
    """A section as its template wants it."""
    optional = section.member is not None and section.member not in asked
    return {
        "title": section.title.of(language),
        "intro": section.intro.of(language) if section.intro else "",
        # What follows from its questions is not said of the whole.
        "optional": optional and any(one.required for one in section.questions),
        "questions": [_question(section, one, asked, language) for one in section.questions],
    }


def _question(
    section: Section, question: Question, asked: frozenset[str], language: Language
) -> dict[str, Any]:
    path = f"{section.member}.{question.name}" if section.member else question.name
    return {
        "path": path,
        "id": path.replace(".", "-"),
        "kind": question.kind.value,
        "label": question.label.of(language),
        "help": question.help.of(language) if question.help else "",
        "required": question.required or path in asked,
        "choices": [(value, words.of(language)) for value, words in (question.choices or {}).items()],
        "rows": 5 if question.required else 2,
        "width": _width(question),
        "autocomplete": question.autocomplete or "off",
    }


def _width(question: Question) -> str:
    """How wide a field looks, which tells how much is expected in it."""
    if question.kind is Kind.NUMBER:
        return "short"
    return "middle" if question.longest <= _SHORT else ""


def _render(template: str, language: Language, time_zone: str, **values: Any) -> str:
    def moment(value: datetime) -> Markup:
        return time_tag(value, time_zone, language)

    return _PAGES.render(f"{template}.{language}.html", moment=moment, **values)
