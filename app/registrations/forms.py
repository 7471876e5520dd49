"""The enrolment form: reached by a personal link, saved in parts, returned once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.etags import Expected
from app.core.language import Language
from app.core.problems import Fault, InvalidInput, NotFound, Problem
from app.core.tokens import digest
from app.core.values import utc
from app.events import service as events
from app.registrations import form_definition as definition
from app.registrations import wishes
from app.registrations.form_schemas import (
    EnrolmentFormAnswers,
    EnrolmentFormChange,
    EnrolmentFormRead,
    EnrolmentFormSection,
    EnrolmentFormSubmit,
)
from app.registrations.lifecycle import Status
from app.registrations.models import Applicant, EnrolmentForm, Registration
from app.registrations.moves import locked, move, require
from app.trainings.models import Edition, Training

# The actor of what an applicant does by a personal link.
APPLICANT = "applicant"
_WISHES = "wishes"


class FormAlreadySubmitted(Problem):
    """The link was used before."""

    status, code = 409, "form-already-submitted"
    title, title_nl = "Form already submitted", "Formulier is al ingestuurd"


class FormOverdue(Problem):
    """The form came too late."""

    status, code = 409, "form-overdue"
    title, title_nl = "Form is overdue", "Formulier is te laat"


@dataclass(frozen=True)
class Opened:
    """A form with what belongs to it."""

    form: EnrolmentForm
    registration: Registration
    applicant: Applicant
    edition: Edition
    training_title: str
    answers: dict[str, Any]  # the wishes too

    @property
    def due_at(self) -> datetime | None:
        """The first moment that is too late."""
        return due_at(self.form, self.edition)

    def is_late(self, now: datetime) -> bool:
        """Whether it can no longer be returned."""
        return self.due_at is not None and now >= self.due_at

    def is_editable(self, now: datetime) -> bool:
        """Whether it can be saved and returned."""
        waits = self.registration.status is Status.RECEIVED and not self.form.submitted_at
        return waits and not self.is_late(now)


@dataclass(frozen=True)
class InvoiceAddress:
    """Where the invoice goes, as the applicant filled it in."""

    name: str
    street: str
    postal_code: str
    city: str
    reference: str | None = None
    cost_centre: str | None = None
    order_number: str | None = None


def due_at(form: EnrolmentForm, edition: Edition) -> datetime | None:
    """Until when a form can be returned: its own term, or the edition's."""
    return form.due_at or edition.forms_due_at


async def read(db: AsyncSession, token: str, language: Language, now: datetime) -> EnrolmentFormRead:
    """The form behind a link, with its draft while that can be changed; NotFound for an unknown token."""
    return shown(await opened(db, token), language, now)


async def save(
    db: AsyncSession,
    token: str,
    change: EnrolmentFormChange,
    language: Language,
    now: datetime,
    expected: Expected,
) -> EnrolmentFormRead:
    """Change the draft, if it is as `expected`; what is missing may come later.

    Raises NotFound, FormAlreadySubmitted, FormOverdue, and MoveNotAllowed when the registration was ended.
    """
    form = await _to_fill_in(db, token, now, expected)
    patch = change.model_dump(mode="json", by_alias=True, exclude_unset=True)
    answers = merged(form.answers, patch)
    if answers == form.answers:
        return shown(form, language, now)
    await _keep(db, form.form, answers, now)
    events.record(
        db,
        "enrolment-form.saved",
        subject=form.registration.id,
        actor=APPLICANT,
        at=now,
        edition=form.edition.slug,
        partner=form.registration.partner,
        fields=sorted(patch),
    )
    await db.flush()
    return shown(await opened(db, token), language, now)


async def submit(
    db: AsyncSession,
    token: str,
    answers: EnrolmentFormSubmit,
    language: Language,
    now: datetime,
    expected: Expected,
) -> EnrolmentFormRead:
    """Return the form, if it is as `expected`: the registration is complete and takes part in the allocation.

    `answers` are all there is: they take the place of the whole draft, so a member that they leave out is
    not answered. Raises NotFound for an unknown token, FormAlreadySubmitted for one that was used,
    FormOverdue after its term, InvalidInput for what the edition asks and MoveNotAllowed when the
    registration was ended in the meantime.
    """
    form = await _to_fill_in(db, token, now, expected)
    given = answers.model_dump(mode="json", by_alias=True, exclude_none=True)
    if faults := left_open(given, form.edition.form_required):
        raise InvalidInput(faults)
    await _keep(db, form.form, given, now)
    form.form.submitted_at = form.form.consented_at = now
    move(db, form.registration, form.edition, "complete", APPLICANT, now)
    await db.flush()
    return shown(await opened(db, token), language, now)


def left_open(answers: Mapping[str, Any], asked: Collection[str]) -> list[Fault]:
    """A fault for each answer that the edition asks for beside the form's own, and that is not given."""
    return [
        Fault(pointer=f"#/{name}", code="missing", detail="Field required")
        for name in definition.missing(answers, asked)
    ]


async def invoice_address(db: AsyncSession, registration_id: UUID) -> InvoiceAddress | None:
    """The invoice address on a returned form; None when there is none, or no such form."""
    query = select(EnrolmentForm.answers).where(
        EnrolmentForm.registration == registration_id, col(EnrolmentForm.submitted_at).is_not(None)
    )
    answers = (await db.exec(query)).first() or {}
    given = answers.get("invoiceAddress")
    if given is None:
        return None
    return InvoiceAddress(
        name=given["name"],
        street=given["street"],
        postal_code=given["postalCode"],
        city=given["city"],
        reference=given.get("reference"),
        cost_centre=given.get("costCentre"),
        order_number=given.get("orderNumber"),
    )


def merged(answers: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The answers after a merge patch (RFC 7396); an object in which nothing is left goes too."""
    after = dict(answers)
    for name, value in patch.items():
        new = merged(after.get(name) or {}, value) if isinstance(value, Mapping) else value
        after[name] = None if new == {} else new
    return {name: value for name, value in after.items() if value is not None}


async def opened(db: AsyncSession, token: str) -> Opened:
    """What is behind a link, or NotFound."""
    query = (
        select(EnrolmentForm, Registration, Applicant, Edition)
        .join(Registration, col(Registration.id) == EnrolmentForm.registration)
        .join(Applicant, col(Applicant.id) == Registration.applicant)
        .join(Edition, col(Edition.slug) == Registration.edition)
        .where(EnrolmentForm.token_digest == digest(token))
        .execution_options(populate_existing=True)
    )
    found = (await db.exec(query)).first()
    if found is None:
        raise NotFound("There is no form behind this link.")
    form, registration, applicant, edition = found
    training = await db.get_one(Training, edition.training)
    return Opened(form, registration, applicant, edition, training.title, await answers_of(db, form))


async def answers_of(db: AsyncSession, form: EnrolmentForm) -> dict[str, Any]:
    """Every answer on a form, with the wishes from where they are kept; empty ones left out."""
    kept = {name: value for name, value in (form.answers or {}).items() if value is not None}
    wished = await wishes.read(db, form.registration)
    return {**kept, **({_WISHES: wished} if wished else {})}


def shown(opened: Opened, language: Language, now: datetime) -> EnrolmentFormRead:
    """The form as its holder sees it, with labels in `language`."""
    editable = opened.is_editable(now)
    return EnrolmentFormRead(
        edition=opened.edition.slug,
        edition_title=opened.edition.title,
        training_title=opened.training_title,
        applicant_name=opened.applicant.full_name,
        status="submitted" if opened.form.submitted_at else "open",
        due_at=opened.due_at,
        submitted_at=opened.form.submitted_at,
        editable=editable,
        saved_at=opened.form.saved_at,
        answers=EnrolmentFormAnswers.model_validate(opened.answers) if editable else None,
        form_schema=definition.json_schema(language, opened.edition.form_required),
        sections=[
            EnrolmentFormSection(
                title=section.title.of(language),
                description=section.intro.of(language) if section.intro else None,
                members=section.members,
            )
            for section in definition.FORM
        ],
    )


def require_editable(found: Opened, now: datetime) -> None:
    """Raise FormAlreadySubmitted, FormOverdue or MoveNotAllowed unless it can be saved and returned."""
    if found.form.submitted_at:
        raise FormAlreadySubmitted("This form was returned before; the link works once.")
    if found.due_at and found.is_late(now):
        raise FormOverdue(f"The form could be returned until {utc(found.due_at)}.")
    require(found.registration, "complete")


async def _to_fill_in(db: AsyncSession, token: str, now: datetime, expected: Expected) -> Opened:
    """The form behind a link, locked with its registration, when it can be saved and returned."""
    found = await opened(db, token)
    await locked(db, found.registration.id)
    found = await opened(db, token)  # as it is now that nobody else changes it
    require_editable(found, now)
    expected.require(*(shown(found, language, now) for language in get_args(Language)))
    return found


async def _keep(db: AsyncSession, form: EnrolmentForm, answers: Mapping[str, Any], now: datetime) -> None:
    form.answers = {name: value for name, value in answers.items() if name != _WISHES}
    form.saved_at = now
    await wishes.keep(db, form.registration, answers.get(_WISHES, {}))
