"""What the enrolment form asks: sections and questions, in Dutch and English, with their limits.

The JSON Schema for frontends, the validation (form_schemas.py) and the page (form_page.py) are all made from
FORM, so whoever adds a question adds it here. Pure: no database, no clock, no HTTP.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.core.language import Language
from app.core.values import LINE_PATTERN, LINES_PATTERN
from app.trainings.terms import FormPart

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class Words:
    """A text in both languages."""

    nl: str
    en: str

    def of(self, language: Language) -> str:
        """The text in `language`."""
        return self.nl if language == "nl" else self.en


class Kind(StrEnum):
    """How a question is answered."""

    LINE = "line"  # a text on one line
    LINES = "lines"  # a longer text
    NUMBER = "number"
    CHOICE = "choice"
    YES = "yes"  # a permission, which counts when it is given


@dataclass(frozen=True)
class Question:
    """One question; `name` is the member that holds its answer.

    `required` is about the finished form, in a section with a member of its own: once that is there.
    """

    name: str
    kind: Kind
    label: Words
    help: Words | None = None
    required: bool = False
    longest: int = 200  # of a text
    smallest: float = 0  # of a number
    largest: float = 0
    step: float = 1
    choices: Mapping[str, Words] | None = None
    example: Any = None
    # What a browser may fill in by itself (WCAG 2.2, 1.3.5).
    autocomplete: str | None = None


@dataclass(frozen=True)
class Section:
    """Questions that belong together; `member` is the object that holds the answers, if they have one."""

    title: Words
    questions: tuple[Question, ...]
    intro: Words | None = None
    member: str | None = None

    @property
    def members(self) -> list[str]:
        """The members of the answers that this section fills."""
        return [self.member] if self.member else [question.name for question in self.questions]


LEARNING = Section(
    Words("Je leervraag", "Your learning question"),
    (
        Question(
            "learningQuestion",
            Kind.LINES,
            Words("Wat is je leervraag?", "What is your learning question?"),
            Words(
                "Wat wil je met de opleiding op je school bereiken? Een paar zinnen is genoeg.",
                "What do you want to achieve at your school with the training? A few sentences will do.",
            ),
            required=True,
            longest=4000,
            example="Hoe maak ik van losse activiteiten een doorlopende leerlijn?",
        ),
        Question(
            "workSituation",
            Kind.LINES,
            Words("Wat is je werksituatie?", "What is your work situation?"),
            Words(
                "Bijvoorbeeld je vak of functie, de afdelingen waar je werkt en hoe groot je baan is.",
                "Such as your subject or position, the departments you work in and how large your job is.",
            ),
            required=True,
            longest=4000,
            example="Docent beeldend, 0,8 fte, twee uur per week voor coördinatie.",
        ),
    ),
)
COORDINATING = Section(
    Words("Cultuurcoördinator op je school", "Culture coordinator at your school"),
    (
        Question(
            "coordinatorHours",
            Kind.NUMBER,
            Words(
                "Hoeveel uur per week heb je om te coördineren?",
                "How many hours a week do you have for coordinating?",
            ),
            Words("Nog geen uren? Vul dan 0 in.", "No hours yet? Then fill in 0."),
            largest=40,
            step=0.25,
            example=2.5,
        ),
        Question(
            "coordinatorMandate",
            Kind.CHOICE,
            Words(
                "Welke opdracht heb je daarvoor van je school?",
                "What mandate has your school given you for it?",
            ),
            choices={
                "none": Words("Nog geen opdracht", "No mandate yet"),
                "spoken": Words(
                    "Afgesproken met de schoolleiding, niet op papier",
                    "Agreed with the school's leaders, not on paper",
                ),
                "written": Words(
                    "Op papier, bijvoorbeeld in het taakbeleid",
                    "On paper, such as in the school's task policy",
                ),
            },
            example="spoken",
        ),
    ),
)
SCHOOL_LEADER = Section(
    Words("Akkoord van je schoolleider", "Your school leader's consent"),
    (
        Question(
            "name",
            Kind.LINE,
            Words("Naam van je schoolleider", "Name of your school leader"),
            required=True,
            example="Jan de Boer",
        ),
        Question(
            "consent",
            Kind.YES,
            Words(
                "Mijn schoolleider gaat akkoord met mijn deelname",
                "My school leader agrees to my taking part",
            ),
            required=True,
            example=True,
        ),
    ),
    Words(
        "De opleiding vraagt tijd en geld van je school. Bespreek je deelname daarom vooraf.",
        "The training asks time and money of your school. So talk about taking part beforehand.",
    ),
    member=FormPart.SCHOOL_LEADER.value,
)
INVOICE = Section(
    Words("Factuur", "Invoice"),
    (
        Question(
            "name",
            Kind.LINE,
            Words("Naam van de school of het bestuur", "Name of the school or its board"),
            required=True,
            example="Het Lyceum, administratie",
            autocomplete="billing organization",
        ),
        Question(
            "street",
            Kind.LINE,
            Words("Straat en huisnummer, of postbus", "Street and number, or PO box"),
            required=True,
            example="Schoolstraat 1",
            autocomplete="billing address-line1",
        ),
        Question(
            "postalCode",
            Kind.LINE,
            Words("Postcode", "Postal code"),
            required=True,
            longest=100,
            example="1315 AA",
            autocomplete="billing postal-code",
        ),
        Question(
            "city",
            Kind.LINE,
            Words("Plaats", "Town or city"),
            required=True,
            longest=100,
            example="Almere",
            autocomplete="billing address-level2",
        ),
        Question(
            "reference",
            Kind.LINE,
            Words("Kenmerk", "Reference"),
            Words(
                "Wat er op de factuur moet staan, zoals een naam of afdeling.",
                "What should stand on the invoice, such as a name or department.",
            ),
            example="Kostenplaats 42",
        ),
        Question("costCentre", Kind.LINE, Words("Kostenplaats", "Cost centre"), longest=100, example="4210"),
        Question(
            "orderNumber",
            Kind.LINE,
            Words("Bestel- of inkoopnummer", "Order number"),
            longest=100,
            example="PO-2021-0042",
        ),
    ),
    Words(
        "Waar kan de factuur naartoe? Vraag het zo nodig na bij de administratie van je school.",
        "Where can the invoice go? Ask your school's administration if need be.",
    ),
    member=FormPart.INVOICE_ADDRESS.value,
)
WISHES = Section(
    Words("Wensen voor de bijeenkomsten", "Wishes for the sessions"),
    (
        Question(
            "dietary",
            Kind.LINES,
            Words("Wat kun of wil je niet eten of drinken?", "What can or will you not eat or drink?"),
            longest=1000,
            example="Vegetarisch",
        ),
        Question(
            "accessibility",
            Kind.LINES,
            Words("Wat heb je nodig om goed mee te doen?", "What do you need to take part well?"),
            Words(
                "Bijvoorbeeld een ringleiding, een lift of grote letters.",
                "Such as a hearing loop, a lift or large print.",
            ),
            longest=1000,
            example="Een zaal zonder trappen",
        ),
    ),
    Words(
        "Alleen voor wie de bijeenkomsten organiseren. Na de laatste bijeenkomst wissen we dit.",
        "Only for those who organise the sessions. We erase this after the last session.",
    ),
    member="wishes",
)
PERMISSION = Section(
    Words("Toestemming", "Permission"),
    (
        Question(
            "consent",
            Kind.YES,
            Words(
                "Ik geef toestemming om deze gegevens te gebruiken voor de opleiding",
                "I give permission to use these data for the training",
            ),
            Words(
                "We bewaren de datum waarop je dit instuurt. Zonder toestemming kun je niet meedoen.",
                "We keep the date on which you submit this. Without permission you cannot take part.",
            ),
            required=True,
            example=True,
        ),
    ),
)
FORM = (LEARNING, COORDINATING, SCHOOL_LEADER, INVOICE, WISHES, PERMISSION)
TITLE = Words("Inschrijfformulier", "Enrolment form")

_PATTERNS = {Kind.LINE: LINE_PATTERN, Kind.LINES: LINES_PATTERN}


def questions() -> Iterator[tuple[Section, Question, str]]:
    """Every question with its section, and the path of its answer: `learningQuestion`, `wishes.dietary`."""
    for section in FORM:
        for question in section.questions:
            yield section, question, f"{section.member}.{question.name}" if section.member else question.name


def missing(answers: Mapping[str, Any], asked: Collection[str]) -> list[str]:
    """The members that an edition asks for beyond the form's own, and that `answers` leave open."""
    return [name for name in FormPart if name in asked and answers.get(name) is None]


def json_schema(language: Language, asked: Collection[str] = ()) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the finished answers, with labels and help in `language`.

    `asked` are the members that the edition asks for beyond the form's own.
    """
    properties: dict[str, Any] = {}
    required: list[str] = []
    for section in FORM:
        if section.member:
            properties[section.member] = _object(section, language)
        else:
            properties |= {one.name: _property(one, language) for one in section.questions}
            required += [one.name for one in section.questions if one.required]
    return {
        "$schema": DIALECT,
        "title": TITLE.of(language),
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name in {*required, *asked}],
        "additionalProperties": False,
    }


def _object(section: Section, language: Language) -> dict[str, Any]:
    described = {"description": section.intro.of(language)} if section.intro else {}
    required = [one.name for one in section.questions if one.required]
    return {
        "title": section.title.of(language),
        **described,
        "type": "object",
        "properties": {one.name: _property(one, language) for one in section.questions},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _property(question: Question, language: Language) -> dict[str, Any]:
    described = {"description": question.help.of(language)} if question.help else {}
    return {"title": question.label.of(language), **described, **_kind(question, language)}


def _kind(question: Question, language: Language) -> dict[str, Any]:
    """What an answer may be."""
    match question.kind:
        case Kind.NUMBER:
            limits = {"minimum": question.smallest, "maximum": question.largest, "multipleOf": question.step}
            return {"type": "number", **limits}
        case Kind.CHOICE:
            choices = (question.choices or {}).items()
            named = [{"const": value, "title": words.of(language)} for value, words in choices]
            return {"type": "string", "oneOf": named}
        case Kind.YES:
            return {"type": "boolean", "const": True}
        case Kind.LINE | Kind.LINES:
            length = {"minLength": 1, "maxLength": question.longest}
            return {"type": "string", **length, "pattern": _PATTERNS[question.kind]}
