"""What goes in and out about enrolment forms; the shapes of the answers are made of the form's definition."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, create_model
from pydantic.alias_generators import to_snake
from pydantic_core import PydanticCustomError

from app.core.values import Change, Flag, Input, Moment, Output, Text, text_of
from app.registrations.form_definition import FORM, Kind, Question, Section, questions
from app.trainings.terms import FormPart

Body = TypeVar("Body", bound=BaseModel)
# What the objects inside the answers are called in the contract.
_NAMES = {
    FormPart.SCHOOL_LEADER.value: "SchoolLeader",
    FormPart.INVOICE_ADDRESS.value: "InvoiceAddress",
    "wishes": "Wishes",
}
_LONGEST_TYPED = 20_000  # characters that the page takes for one answer; it says itself what is too long


def _given(consent: bool) -> bool:
    if not consent:
        raise PydanticCustomError("consent", "Input should be true: without permission we cannot proceed")
    return consent


class _Stage(StrEnum):
    """What a model of the answers is for."""

    FINISHED = "finished"
    DRAFT = "draft"  # anything may be missing yet, or cleared
    SHOWN = "shown"  # on the way out nothing is checked


def _type(question: Question, stage: _Stage) -> Any:
    """The kind of value that answers a question; only in a draft a permission may be held back."""
    lines = question.kind is Kind.LINES
    match question.kind:
        case Kind.NUMBER if stage is _Stage.SHOWN:
            return float
        case Kind.NUMBER:
            limits = Field(
                strict=True,
                allow_inf_nan=False,
                ge=question.smallest,
                le=question.largest,
                multiple_of=question.step,
            )
            return Annotated[float, limits]
        case Kind.CHOICE:
            return Literal[tuple(question.choices or ())]
        case Kind.YES:
            return Annotated[Flag, AfterValidator(_given)] if stage is _Stage.FINISHED else Flag
        case Kind.LINE | Kind.LINES:
            return str if stage is _Stage.SHOWN else text_of(question.longest, lines=lines)


def _field(question: Question, stage: _Stage) -> tuple[Any, Any]:
    about: dict[str, Any] = {"description": question.label.en, "examples": [question.example]}
    if stage is not _Stage.FINISHED or not question.required:
        return _type(question, stage) | None, Field(default=None, **about)
    if question.kind is Kind.YES:
        about["json_schema_extra"] = {"const": True}
    return _type(question, stage), Field(**about)


def _model(
    base: type[Body], stage: _Stage, name: str, about: str, inside: Any, of: Section | None = None
) -> type[Body]:
    """A model of the answers, or of one section's: what the definition asks, on `base`.

    `inside` gives the model of a section that has an object of its own.
    """
    members: dict[str, Any] = {}
    for section in [of] if of else FORM:
        if section.member and section is not of:
            described = Field(default=None, description=section.title.en)
            members[to_snake(section.member)] = (inside(section) | None, described)
        else:
            members |= {to_snake(one.name): _field(one, stage) for one in section.questions}
    made: type[Body] = create_model(name, __base__=base, __doc__=about, __module__=__name__, **members)
    return made


def _inside(base: type[BaseModel], stage: _Stage, suffix: str, about: str) -> Any:
    def inside(section: Section) -> type[BaseModel]:
        name = f"{_NAMES[section.member or '']}{suffix}"
        return _model(base, stage, name, f"{section.title.en}: {about}", None, section)

    return inside


def _typed() -> type[Input]:
    """What the page posts: each answer as text by its path, which button was pressed, and what was seen."""
    text = Annotated[str, Field(max_length=_LONGEST_TYPED)]
    members: dict[str, Any] = {
        path.replace(".", "__"): (text, Field(default="", alias=path)) for _, _, path in questions()
    }
    members["press"] = (Literal["save", "submit"], "save")
    members["seen"] = (Annotated[str, Field(max_length=100)], "")
    made: type[Input] = create_model("EnrolmentFormTyped", __base__=Input, __module__=__name__, **members)
    return made


if TYPE_CHECKING:
    # To the type checker they are what they are made on.
    EnrolmentFormSubmit = Input
    EnrolmentFormTyped = Input
    EnrolmentFormChange = Change
    EnrolmentFormAnswers = Output
else:
    EnrolmentFormSubmit = _model(
        Input,
        _Stage.FINISHED,
        "EnrolmentFormSubmit",
        "The applicant's answers, finished.",
        _inside(Input, _Stage.FINISHED, "", "what was filled in."),
    )
    EnrolmentFormChange = _model(
        Change,
        _Stage.DRAFT,
        "EnrolmentFormChange",
        "What to change of a draft (merge patch): absent stays, null clears; what is missing may come later.",
        _inside(Change, _Stage.DRAFT, "Change", "what to change of it."),
    )
    EnrolmentFormAnswers = _model(
        Output,
        _Stage.SHOWN,
        "EnrolmentFormAnswers",
        "The answers so far; null where there is none.",
        _inside(Output, _Stage.SHOWN, "Answers", "what was answered."),
    )
    EnrolmentFormTyped = _typed()


class EnrolmentFormSection(Output):
    """A part of the form, as a page of it may be divided."""

    title: str
    description: str | None
    members: list[str] = Field(description="the members of the answers that belong to it")


class EnrolmentFormRead(Output):
    """The form behind a personal link; what was returned is not shown again."""

    model_config = ConfigDict(title="EnrolmentForm")

    edition: str
    edition_title: str
    training_title: str
    applicant_name: str
    status: Literal["open", "submitted"]
    due_at: Moment | None
    submitted_at: Moment | None
    editable: bool = Field(description="whether it can be saved and returned now")
    saved_at: Moment | None = Field(description="when the draft was last saved")
    answers: EnrolmentFormAnswers | None = Field(description="the draft, while it can be changed")
    form_schema: dict[str, JsonValue] = Field(
        alias="schema", description="JSON Schema (2020-12) of the finished answers, labelled for the reader"
    )
    sections: list[EnrolmentFormSection] = Field(description="the order and division of the questions")


class ReturnedFormRead(Output):
    """The enrolment form of a registration, as who works with it sees it."""

    model_config = ConfigDict(title="ReturnedForm")

    registration: UUID
    edition: str
    status: Literal["open", "submitted"]
    due_at: Moment | None
    saved_at: Moment | None = Field(description="when the applicant last saved or returned it")
    submitted_at: Moment | None
    reopened_at: Moment | None
    reminded_at: Moment | None = Field(description="when the applicant was last reminded")
    consented_at: Moment | None = Field(description="when permission for the use of the data was given")
    answers: EnrolmentFormAnswers | None = Field(
        description="null until it is returned; without the invoice address for a provider, and without the "
        "wishes until there is a seat"
    )


class FormReopen(Input):
    """Why a form is reopened, and until when it can be returned."""

    reason: Text | None = Field(default=None, examples=["Het factuuradres klopt niet."])
    due_at: Moment | None = Field(
        default=None,
        description="the first moment that is too late, where it is not the edition's",
        examples=["2021-07-05T12:00:00+02:00"],
    )
