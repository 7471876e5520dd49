"""HTTP for messages and their templates."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.core.http.accept import ForPeople, or_page
from app.core.http.answers import page, problems, tagged
from app.core.http.dependencies import Config, Db, Now, Paging, Precondition
from app.core.http.idempotency import Repeatable
from app.core.language import Language
from app.core.problems import InvalidInput, NotFound, PreconditionFailed
from app.core.values import Slug
from app.identity.access import requires
from app.identity.caller import Caller, Scope
from app.notifications import letters, samples
from app.notifications import service as messages
from app.notifications.kinds import Kind
from app.notifications.models import MessageStatus
from app.notifications.schemas import (
    MessagePage,
    MessagePreview,
    MessageRead,
    MessageTemplateList,
    MessageTemplateRead,
)
from app.notifications.service import NothingToTell, NotRetryable, Wanted
from app.registrations.dependencies import Linking

router = APIRouter(prefix="/v1", tags=["messages"], route_class=Repeatable)

MessageId = Annotated[UUID, Path(alias="messageId")]
Reading = Annotated[Caller, requires(Scope.MESSAGES_READ)]
Writing = Annotated[Caller, requires(Scope.MESSAGES_WRITE)]


async def _wanted(
    edition: Annotated[Slug | None, Query(description="Only those about this edition")] = None,
    registration: Annotated[UUID | None, Query(description="Only those about this registration")] = None,
    status: Annotated[MessageStatus | None, Query(description="Only those in this status")] = None,
    kind: Annotated[Kind | None, Query(description="Only those of this kind")] = None,
) -> Wanted:
    return Wanted(edition, registration, status, kind)


@router.get(
    "/messages", summary="List messages", operation_id="listMessages", responses=problems(InvalidInput)
)
async def list_messages(
    request: Request,
    response: Response,
    caller: Reading,
    db: Db,
    window: Paging,
    wanted: Annotated[Wanted, Depends(_wanted)],
) -> MessagePage:
    """The e-mails that the register sends to the people behind registrations that you may see, oldest first.

    Who gets them, and in which words, is looked up when they are sent.
    """
    return page(request, response, await messages.list_messages(db, caller, window, wanted))


@router.get(
    "/messages/{messageId}",
    summary="Read a message",
    operation_id="getMessage",
    responses=problems(InvalidInput, NotFound),
)
async def get_message(message_id: MessageId, caller: Reading, response: Response, db: Db) -> MessageRead:
    """How far one message is."""
    return tagged(response, await messages.read(db, caller, message_id))


@router.get(
    "/messages/{messageId}/preview",
    response_model=MessagePreview,
    summary="Preview a message",
    operation_id="previewMessage",
    responses=or_page(problems(InvalidInput, NotFound, NothingToTell), 200),
)
async def preview_message(
    message_id: MessageId,
    caller: Writing,
    db: Db,
    now: Now,
    links: Linking,
    settings: Config,
    for_people: ForPeople,
) -> MessagePreview | Response:
    """The message as it would be sent now, personal links included; a page for browsers."""
    otherwise = settings.mail_reply_to is not None
    shown = await messages.preview(db, caller, message_id, links, now, otherwise=otherwise)
    return _as_asked(shown, for_people=for_people)


@router.post(
    "/messages/{messageId}/_retry",
    summary="Send a message again",
    operation_id="retryMessage",
    responses=problems(InvalidInput, NotFound, NotRetryable, PreconditionFailed),
)
async def retry_message(
    message_id: MessageId,
    caller: Writing,
    response: Response,
    db: Db,
    now: Now,
    expected: Precondition,
    settings: Config,
) -> MessageRead:
    """Send a message that failed, expired or waits, as soon as can be."""
    keep = timedelta(days=settings.mail_days)
    return tagged(response, await messages.retry(db, caller, message_id, keep, now, expected))


@router.get(
    "/message-templates",
    dependencies=[requires(Scope.MESSAGES_READ)],
    summary="List the kinds of message",
    operation_id="listMessageTemplates",
    responses=problems(InvalidInput),
)
async def list_message_templates() -> MessageTemplateList:
    """Every kind of message, with its subject in both languages."""
    return MessageTemplateList(
        items=[
            MessageTemplateRead(
                kind=kind,
                subject_nl=letters.write(kind, "nl", samples.values(kind, "nl")).subject,
                subject_en=letters.write(kind, "en", samples.values(kind, "en")).subject,
            )
            for kind in Kind
        ]
    )


@router.get(
    "/message-templates/{kind}/preview",
    dependencies=[requires(Scope.MESSAGES_READ)],
    response_model=MessagePreview,
    summary="Preview a kind of message",
    operation_id="previewMessageTemplate",
    responses=or_page(problems(InvalidInput, NotFound), 200),
)
async def preview_message_template(
    kind: Slug,
    for_people: ForPeople,
    language: Annotated[Language, Query(description="In Dutch or in English")] = "nl",
) -> MessagePreview | Response:
    """A message of this kind, filled in with examples; a page for browsers."""
    if kind not in set(Kind):
        raise NotFound("There is no such kind of message.")
    known = Kind(kind)
    letter = letters.write(known, language, samples.values(known, language))
    shown = MessagePreview(
        kind=known, language=language, subject=letter.subject, text=letter.text, html=letter.html
    )
    return _as_asked(shown, for_people=for_people)


def _as_asked(shown: MessagePreview, *, for_people: bool) -> MessagePreview | Response:
    headers = {"Cache-Control": "no-store", "Vary": "Accept", "Content-Language": shown.language}
    if for_people:
        policy = {"Content-Security-Policy": letters.policy()}
        return HTMLResponse(shown.html, headers={**headers, **policy})
    return Response(shown.model_dump_json(by_alias=True), headers=headers, media_type="application/json")
