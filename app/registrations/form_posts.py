"""What the page of an enrolment form posts: texts that become answers, or faults to show with them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import etags
from app.core.etags import Expected
from app.core.language import Language
from app.core.problems import Fault, InvalidInput, NotFound, PreconditionFailed, Problem
from app.identity import service as identity
from app.registrations import form_definition as definition
from app.registrations import form_page, forms
from app.registrations.form_definition import Kind, Question
from app.registrations.form_page import Filled, Sheet, State
from app.registrations.form_schemas import EnrolmentFormChange, EnrolmentFormSubmit, EnrolmentFormTyped
from app.registrations.forms import Opened
from app.registrations.lifecycle import Status

_NUMBER = re.compile(r"\d{1,9}([.,]\d{1,9})?")


@dataclass(frozen=True)
class Shown:
    """A page, and the status of its answer."""

    page: str
    status: int = 200


async def page(
    db: AsyncSession, token: str, language: Language, now: datetime, *, saved: bool = False
) -> Shown:
    """The page behind a link: the form, or why it cannot be filled in (404 for an unknown link)."""
    try:
        opened = await forms.opened(db, token)
    except NotFound:
        return Shown(form_page.of_nothing(language), NotFound.status)
    sheet = await _sheet(db, opened, language, now)
    if opened.is_editable(now):
        filled = Filled(form_page.texts(opened.answers, language), saved=saved)
        return Shown(form_page.of_form(sheet, filled, language))
    return Shown(form_page.of_state(sheet, _state(opened), language))


async def receive(
    db: AsyncSession, token: str, typed: EnrolmentFormTyped, language: Language, now: datetime
) -> None:
    """Save or return what was typed; all of it, or nothing when a part of it cannot be.

    Raises InvalidInput with every fault, PreconditionFailed when the form was saved elsewhere since the page
    was opened, and what `forms.save` and `forms.submit` raise.
    """
    posted = typed.model_dump(by_alias=True)
    press, seen = posted.pop("press"), posted.pop("seen")
    opened, read = await forms.opened(db, token), answers(posted)
    forms.require_editable(opened, now)
    expected = Expected(match=seen) if seen else etags.ANYTHING
    try:
        if press == "submit":
            await _submit(db, token, read, opened.edition.form_required, language, now, expected)
        else:
            change = EnrolmentFormChange.model_validate(read)
            await forms.save(db, token, change, language, now, expected)
    except ValidationError as found:
        raise InvalidInput(_faults(found)) from found


async def refused(
    db: AsyncSession,
    token: str,
    typed: EnrolmentFormTyped,
    refusal: Problem,
    language: Language,
    now: datetime,
) -> Shown:
    """The page that tells of a refusal; what was typed stays, unless there is no form to fill in any more."""
    if not isinstance(refusal, InvalidInput | PreconditionFailed):
        return replace(await page(db, token, language, now), status=refusal.status)
    posted = typed.model_dump(by_alias=True, exclude={"press", "seen"})
    faults = refusal.faults if isinstance(refusal, InvalidInput) else []
    filled = Filled(posted, _told(faults, language), changed=isinstance(refusal, PreconditionFailed))
    sheet = await _sheet(db, await forms.opened(db, token), language, now)
    return Shown(form_page.of_form(sheet, filled, language), refusal.status)


async def _submit(
    db: AsyncSession,
    token: str,
    read: Mapping[str, Any],
    asked: list[str],
    language: Language,
    now: datetime,
    expected: Expected,
) -> None:
    """Return the form, with the faults that the edition's wishes make told together with the others."""
    left_open = forms.left_open(read, asked)
    try:
        given = EnrolmentFormSubmit.model_validate(_given(read))
    except ValidationError as found:
        raise InvalidInput(_faults(found) + left_open) from found
    await forms.submit(db, token, given, language, now, expected)


def answers(posted: Mapping[str, str]) -> dict[str, Any]:
    """The texts of the fields as the answers of a merge patch: an empty field is null."""
    read: dict[str, Any] = {}
    for section, question, path in definition.questions():
        answer = _answer(question, posted.get(path, ""))
        if section.member:
            read.setdefault(section.member, {})[question.name] = answer
        else:
            read[question.name] = answer
    return {name: None if _is_blank(value) else value for name, value in read.items()}


def _is_blank(value: Any) -> bool:
    return isinstance(value, dict) and all(one is None for one in value.values())


def _answer(question: Question, text: str) -> Any:
    """What was typed, as JSON would hold it; what is none stays as it is, to be found fault with."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        return None
    if question.kind is Kind.NUMBER and _NUMBER.fullmatch(text):
        return float(text.replace(",", "."))
    return True if question.kind is Kind.YES and text == "yes" else text


def _given(read: Mapping[str, Any]) -> dict[str, Any]:
    """The answers without those that are empty, as a finished form leaves them out."""
    return {
        name: _given(value) if isinstance(value, Mapping) else value
        for name, value in read.items()
        if value is not None
    }


def _faults(found: ValidationError) -> list[Fault]:
    return [
        Fault(
            pointer="#" + "".join(f"/{step}" for step in one["loc"]),
            code=one["type"].replace("_", "-"),
            detail=one["msg"],
        )
        for one in found.errors()
    ]


def _told(faults: Iterable[Fault], language: Language) -> dict[str, str]:
    """What is wrong, in words, by the path of the field, in the order of the fields."""
    codes = {fault.pointer.removeprefix("#/").replace("/", "."): fault.code for fault in faults}
    told = {}
    for section, question, path in definition.questions():
        # An object that is missing altogether is asked for field by field.
        whole = codes.get(section.member or "") if question.required else None
        if code := codes.get(path, whole):
            told[path] = form_page.explained(question, code, language)
    return told


async def _sheet(db: AsyncSession, opened: Opened, language: Language, now: datetime) -> Sheet:
    names = await identity.names(db)
    return Sheet(
        training_title=opened.training_title,
        edition_title=opened.edition.title,
        applicant_name=opened.applicant.full_name,
        partner_name=names[opened.registration.partner],
        time_zone=opened.edition.time_zone,
        due_at=opened.due_at,
        saved_at=opened.form.saved_at,
        submitted_at=opened.form.submitted_at,
        asked=frozenset(opened.edition.form_required),
        seen=etags.of(forms.shown(opened, language, now)),
    )


def _state(opened: Opened) -> State:
    if opened.form.submitted_at:
        return "submitted"
    in_time = opened.registration.status not in (Status.RECEIVED, Status.LAPSED)
    return "closed" if in_time else "late"
