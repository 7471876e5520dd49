"""The receipt: what a draw meant for one applicant, by the applicant's own link."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.language import Language
from app.core.problems import NotFound
from app.core.tokens import digest
from app.draws.models import Draw, DrawCandidate, DrawStatus
from app.draws.protocol import chance_of
from app.draws.schemas import DrawReceipt, PassedOver
from app.registrations import waiting_list
from app.registrations.lifecycle import SEATED, Status
from app.registrations.models import EnrolmentForm, Registration
from app.registrations.seats import Rule
from app.trainings import service as trainings
from app.trainings.models import Edition

_WHY = {Rule.FIRST_IN_LINE: "partner-at-maximum", Rule.UNDER_MINIMUM: "other-partner-under-minimum"}
_WORDS: dict[str, tuple[str, str]] = {
    "announced": (
        "De loting is aangekondigd en nog niet gepubliceerd; je kans op een plaats is {chance}.",
        "The draw is announced and not published yet; your chance of a seat is {chance}.",
    ),
    "void": (
        "Deze loting telt niet: {reason}",
        "This draw does not count: {reason}",
    ),
    "not-needed": (
        "Er waren genoeg plaatsen, dus er hoefde niet te worden geloot: je hebt een plaats.",
        "There were enough seats, so no draw was needed: you have a seat.",
    ),
    "placed": (
        "Je lotnummer is {lot}: plaats {number} van {seats}.",
        "Your lot is number {lot}: seat {number} of {seats}.",
    ),
    "waitlisted": (
        "Je lotnummer is {lot}: nummer {number} op de wachtlijst.",
        "Your lot is number {lot}: number {number} on the waiting list.",
    ),
    "in-line": (
        "Je staat nu op plek {place} van de wachtlijst.",
        "You are number {place} on the waiting list now.",
    ),
    "offered": (
        "Er kwam een plaats vrij en die is voor jou.",
        "A seat fell free and it is yours.",
    ),
    "answer-by": ("Antwoord uiterlijk {answer_by}.", "Answer by {answer_by}."),
    "partner-at-maximum": (
        "{times} keer overgeslagen, omdat {partner} aan het maximum zat.",
        "Passed over {times} times, because {partner} was at its maximum.",
    ),
    "other-partner-under-minimum": (
        "{times} keer overgeslagen, omdat een andere partner onder het minimum zat en dan voorgaat.",
        "Passed over {times} times, because another partner was under its minimum and then goes first.",
    ),
    "left": ("Je aanmelding is beëindigd ({status}).", "Your registration has ended ({status})."),
}


async def read(db: AsyncSession, token: str, base_url: str, language: Language) -> DrawReceipt:
    """The receipt of the latest draw that the registration behind a personal link took part in.

    NotFound for an unknown link, and while there has been no draw.
    """
    found = await _latest(db, token)
    if found is None:
        raise NotFound("There is no draw behind this link.")
    draw, candidate, registration = found
    edition = await trainings.edition(db, draw.edition)
    shown = draw.status is DrawStatus.COMPLETED
    drawn_out = shown and candidate.placed is False
    times = await waiting_list.passed_over(db, registration) if drawn_out else Counter[Rule]()
    waits = registration.status is Status.WAITLISTED
    place = await waiting_list.place_in_line(db, registration) if waits else None
    receipt = DrawReceipt(
        edition=edition.slug,
        edition_title=edition.title,
        draw=draw.id,
        draw_url=f"{base_url}/v1/draws/{draw.id}",
        status=draw.status,
        list_hash=draw.list_hash.hex(),
        label=candidate.label,
        partner=registration.partner,
        chance=chance_of(
            draw.groups, registration.partner, carried_over=bool(registration.carried_over_from)
        ),
        lot=candidate.lot if shown else None,
        outcome=("placed" if candidate.placed else "waitlisted") if shown else None,
        number=candidate.number if shown else None,
        seats=draw.seats,
        place_in_line=place,
        passed_over=[PassedOver(times=count, why=_WHY[rule]) for rule, count in sorted(times.items())],
        registration_status=registration.status,
        why=[],
    )
    return receipt.model_copy(update={"why": _in_words(receipt, draw, registration, edition, language)})


async def _latest(db: AsyncSession, token: str) -> tuple[Draw, DrawCandidate, Registration] | None:
    query = (
        select(Draw, DrawCandidate, Registration)
        .join(DrawCandidate, col(DrawCandidate.draw) == Draw.id)
        .join(Registration, col(Registration.id) == DrawCandidate.registration)
        .join(EnrolmentForm, col(EnrolmentForm.registration) == Registration.id)
        .where(EnrolmentForm.token_digest == digest(token))
        .order_by(col(Draw.announced_at).desc(), col(Draw.id).desc())
    )
    return (await db.exec(query)).first()


def _in_words(
    receipt: DrawReceipt, draw: Draw, registration: Registration, edition: Edition, language: Language
) -> list[str]:
    """Why it is so, a sentence at a time."""
    answer_by = registration.answer_by
    values = {
        **receipt.model_dump(include={"chance", "lot", "number", "seats", "partner"}),
        "place": receipt.place_in_line,
        "reason": draw.void_reason,
        "status": registration.status,
        "answer_by": answer_by
        and answer_by.replace(tzinfo=UTC).astimezone(ZoneInfo(edition.time_zone)).strftime("%d-%m-%Y %H:%M"),
    }
    said = [(key, values) for key in _said(receipt, registration, needed=draw.draw_needed)]
    said += [(one.why, {**values, "times": one.times}) for one in receipt.passed_over]
    return [_WORDS[key][language == "en"].format(**filled) for key, filled in said]


def _said(receipt: DrawReceipt, registration: Registration, *, needed: bool) -> Sequence[str]:
    if receipt.status is DrawStatus.VOID:
        return ["void"]
    said: list[str] = [receipt.outcome or "announced"]
    if receipt.outcome and not needed:
        said = ["not-needed"]
    if registration.status not in SEATED | {Status.COMPLETE, Status.WAITLISTED}:
        said.append("left")
    elif receipt.outcome == "waitlisted":
        said.append("in-line" if receipt.place_in_line else "offered")
    if registration.answer_by:
        said.append("answer-by")
    return said
