"""Registrations the short way: one taken in, one read, a page of them."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from app.core import etags
from app.core.database import new_id
from app.core.http import idempotency
from app.core.idempotency import KEPT_FOR, Attempt
from app.core.paging import CURSOR_LENGTH, Window
from app.core.problems import InvalidInput
from app.core.tokens import digest
from app.fast import shape
from app.fast.admission import counted, let_in
from app.fast.asked import UUID_AS_WRITTEN, Answer, Asked, OutOfTheOrdinary
from app.fast.callers import LIVE, acting_as
from app.identity.caller import Caller, Role, Scope
from app.registrations import search
from app.registrations.intake import email_key
from app.registrations.lifecycle import Status
from app.registrations.lists import time_and_id
from app.registrations.schemas import (
    ApplicantRead,
    EnrolmentFormLink,
    RegistrationCreate,
    RegistrationRead,
    SchoolRead,
)

# What `service.shown` shows, but for the link of the form, which is made with a key.
_BEFORE_LINK = shape.members(
    {
        "id": shape.bare("r.id"),
        "edition": shape.bare("r.edition"),
        "partner": shape.bare("r.partner"),
        "applicant": shape.members(
            {
                "id": shape.bare("a.id"),
                "givenName": shape.text("a.given_name"),
                "familyNamePrefix": shape.text("a.family_name_prefix"),
                "familyName": shape.text("a.family_name"),
                "email": shape.text("a.email"),
                "phone": shape.text("a.phone"),
                "language": shape.bare("a.language"),
                "erasedAt": shape.moment("a.erased_at"),
            }
        ),
        "school": shape.members({"name": shape.text("r.school_name"), "city": shape.text("r.school_city")}),
        "position": shape.text("r.position"),
        "motivation": shape.text("r.motivation"),
        "status": shape.bare("r.status"),
        "receivedAt": shape.moment("r.received_at"),
        "answerBy": shape.moment("r.answer_by"),
        "waitingNumber": shape.number("r.waiting_number"),
        "carriedOverFrom": shape.text("r.carried_over_from"),
        "enrolmentForm": [],
    }
)[:-1]
_AFTER_LINK: shape.Shape = [
    *('"dueAt":', *shape.moment("coalesce(f.due_at, e.forms_due_at)")),
    *(',"submittedAt":', *shape.moment("f.submitted_at"), "}}"),
]
_SHOWN = f"""
SELECT r.id, r.received_at, r.status = 'received' AND a.erased_at IS NULL AS has_link,
       {shape.written(_BEFORE_LINK)} AS before_link, {shape.written(_AFTER_LINK)} AS after_link
  FROM registration r JOIN applicant a ON a.id = r.applicant
  JOIN enrolment_form f ON f.registration = r.id JOIN edition e ON e.slug = r.edition
 WHERE {LIVE}"""  # noqa: S608  of texts of our own
# The second parameter is the caller's organisation, as `service.visible` has it.
_VISIBLE = {
    Role.PARTNER: "r.partner = $2",
    Role.PROVIDER: "r.edition IN (SELECT edition FROM edition_provider WHERE organisation = $2)",
    Role.CERTIFIER: "$2::text IS NOT NULL",
    Role.ADMIN: "$2::text IS NOT NULL",
}
_TAKE_IN = f"SELECT take_in({', '.join(f'${n}' for n in range(1, 27))})"
_MOST = 100  # of a page
_EDITIONS = 500  # whose terms are remembered


async def read(asked: Asked) -> Answer:
    """One registration, as `getRegistration` answers it."""
    (id,) = asked.place
    if asked.scope["query_string"] or not UUID_AS_WRITTEN.fullmatch(id):
        raise OutOfTheOrdinary
    caller = asked.caller(Scope.REGISTRATIONS_READ)
    count = await counted(asked, caller)
    statement = f"{_SHOWN} AND {_VISIBLE[caller.role]} AND r.id = $3"
    rows = await asked.means.lines.fetch(
        acting_as(caller), statement, caller.client_id, caller.organisation, UUID(id)
    )
    if not rows:
        raise OutOfTheOrdinary
    let_in(asked, caller, count)
    content = _item(asked, caller, rows[0]).encode()
    return Answer.of(content, etag=etags.of_bytes(content))


async def page(asked: Asked) -> Answer:
    """A page of all registrations by the moment they came in, as `listRegistrations` answers it."""
    query = parse_qsl(asked.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    said = dict(query)
    limit = said.get("limit", "50")
    if len(said) < len(query) or said.keys() - {"limit", "cursor"} or not limit.isascii():
        raise OutOfTheOrdinary
    # Of very many digits Python makes no number.
    if not limit.isdecimal() or limit.startswith("0") or len(limit) > len(str(_MOST)) or int(limit) > _MOST:
        raise OutOfTheOrdinary
    if len(said.get("cursor", "")) > CURSOR_LENGTH:
        raise OutOfTheOrdinary
    window = Window(int(limit), said.get("cursor"), of=urlencode([("", asked.path)]))
    try:
        after = window.after(time_and_id)
    except InvalidInput:
        raise OutOfTheOrdinary from None
    caller = asked.caller(Scope.REGISTRATIONS_READ)
    count = await counted(asked, caller)
    place = "" if after is None else "AND (r.received_at, r.id) > ($3, $4)"
    # The limit is one of a hundred numbers, and as such the planner knows it.
    statement = (
        f"{_SHOWN} AND {_VISIBLE[caller.role]} {place} ORDER BY r.received_at, r.id LIMIT {int(limit) + 1}"
    )
    rows = await asked.means.lines.fetch(
        acting_as(caller), statement, caller.client_id, caller.organisation, *(after or ())
    )
    if not rows:
        raise OutOfTheOrdinary
    let_in(asked, caller, count)
    shown, cursor = window.cut(rows, lambda row: f"{row['received_at'].isoformat()} {row['id']}")
    items = ",".join([_item(asked, caller, row) for row in shown])
    content = f'{{"items":[{items}],"nextCursor":{json.dumps(cursor)}}}'.encode()
    headers = {"etag": etags.of_bytes(content)}
    if cursor:
        following = urlencode(
            [*((name, value) for name, value in query if name != "cursor"), ("cursor", cursor)]
        )
        headers["link"] = f'<{asked.path}?{following}>; rel="next"'
    return Answer.of(content, **headers)


async def register(asked: Asked) -> Answer:
    """A teacher taken in for the caller's own organisation, as `createRegistration` does it."""
    caller = asked.caller(Scope.REGISTRATIONS_WRITE)
    if asked.scope["query_string"] or caller.role is not Role.PARTNER:
        raise OutOfTheOrdinary
    said = await asked.body()
    try:
        wanted = RegistrationCreate.model_validate(said)
    except ValidationError:
        raise OutOfTheOrdinary from None
    if wanted.partner not in (None, caller.organisation):
        raise OutOfTheOrdinary
    count = await counted(asked, caller)
    form_due_at = await _form_due_at(asked, caller, wanted.edition)
    person, made = new_id(), new_id()
    token = asked.means.links.enrolment_token(made)
    form = EnrolmentFormLink(
        url=asked.means.links.enrolment_form_of(token), token=token, due_at=form_due_at, submitted_at=None
    )
    answer = _created(asked, caller, wanted, person, made, form)
    rows = await asked.means.lines.fetch(
        acting_as(caller),
        _TAKE_IN,
        *(caller.client_id, caller.organisation, wanted.edition, asked.now, form_due_at),
        *_rows(wanted, person, made),
        digest(token),
        *_kept(asked, caller, said, answer),
        asked.address or None,
    )
    if not rows[0][0]:
        asked.means.form_due_at.pop(wanted.edition, None)  # it may have another by now
        raise OutOfTheOrdinary
    let_in(asked, caller, count)
    return Answer(201, answer.raw_headers, bytes(answer.body))


def _item(asked: Asked, caller: Caller, row: Any) -> str:
    """One registration as JSON; the link to the form only for who may send it on."""
    id, _, has_link, before_link, after_link = row
    if Scope.REGISTRATIONS_WRITE not in caller.scopes:
        return f"{before_link}null}}"
    if not has_link:
        return f'{before_link}{{"url":null,"token":null,{after_link}'
    token = asked.means.links.enrolment_token(id)
    url = json.dumps(asked.means.links.enrolment_form_of(token), ensure_ascii=False)
    return f'{before_link}{{"url":{url},"token":"{token}",{after_link}'


async def _form_due_at(asked: Asked, caller: Caller, edition: str) -> datetime | None:
    """When the forms of an edition are due, as it was known last; `take_in` sees whether it still is so."""
    known = asked.means.form_due_at
    if edition not in known:
        statement = "SELECT forms_due_at FROM edition WHERE slug = $1"
        rows = await asked.means.lines.fetch(acting_as(caller), statement, edition)
        if not rows:
            raise OutOfTheOrdinary
        if len(known) >= _EDITIONS:
            known.clear()
        known[edition] = rows[0][0]
    return known[edition]


def _rows(wanted: RegistrationCreate, person: UUID, made: UUID) -> tuple[Any, ...]:
    """What is written of person and registration, as `intake.made` and `describe` have it."""
    who, school = wanted.applicant, wanted.school
    names = who.given_name, who.family_name_prefix, who.family_name
    return (
        *(person, *names, who.email, who.phone, who.language),
        search.search_text(*names, who.email, school.name, school.city),
        *(made, email_key(who.email), search.name_key(who.family_name, who.given_name)),
        *(school.name, school.city, wanted.position, wanted.motivation),
    )


def _created(
    asked: Asked,
    caller: Caller,
    wanted: RegistrationCreate,
    person: UUID,
    made: UUID,
    form: EnrolmentFormLink,
) -> Response:
    """The answer, as the route makes it of what `service.shown` shows."""
    shown = RegistrationRead(
        id=made,
        edition=wanted.edition,
        partner=caller.organisation,
        applicant=ApplicantRead(id=person, **wanted.applicant.model_dump()),
        school=SchoolRead(name=wanted.school.name, city=wanted.school.city),
        position=wanted.position,
        motivation=wanted.motivation,
        status=Status.RECEIVED,
        received_at=asked.now,
        answer_by=None,
        waiting_number=None,
        carried_over_from=None,
        enrolment_form=form,
    )
    content = shown.model_dump_json().encode()
    answer = Response(content, 201, media_type="application/json")
    answer.headers["Location"] = f"/v1/registrations/{made}"
    answer.headers["ETag"] = etags.of_bytes(content)
    return answer


def _kept(asked: Asked, caller: Caller, said: Any, answer: Response) -> tuple[Any, ...]:
    """The answer as it is kept for repeats, where there is a key."""
    given = asked.headers.get(b"idempotency-key")
    if given is None:
        return None, None, None, None
    try:
        (key,) = idempotency.read_key([given.decode("latin-1")])
    except PydanticCustomError:
        raise OutOfTheOrdinary from None
    operation, content = f"POST {asked.path}", idempotency.canonical(said)
    attempt = Attempt.of(asked.means.answers_key, caller.client_id, operation, key, content)
    sealed = attempt.seal(idempotency.packed(answer))
    return attempt.id, attempt.fingerprint, sealed, asked.now + KEPT_FOR
