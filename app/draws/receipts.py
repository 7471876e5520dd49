"""The receipt: what a draw meant for one applicant, by the applicant's own link."""

from collections import Counter
from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.language import Language
from app.core.problems import NotFound
from app.core.tokens import digest
from app.draws.models import Draw, DrawCandidate, DrawStatus
from app.draws.protocol import chance_of
from app.draws.schemas import DrawReceipt, PassedOver
from app.identity import service as identity
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
    "partner-at-maximum": (
        "{often} overgeslagen, omdat {partner_name} aan het maximum zat.",
        "Passed over {often}, because {partner_name} was at its maximum.",
    ),
    "other-partner-under-minimum": (
        "{often} overgeslagen, omdat een andere partner onder het minimum zat en dan voorgaat.",
        "Passed over {often}, because another partner was under its minimum and then goes first.",
    ),
    "carried-over": (
        "Je bent meegenomen naar de lijst van een volgende editie: {next}.",
        "You moved on to the list of a next edition: {next}.",
    ),
    Status.WITHDRAWN: ("Je aanmelding is ingetrokken.", "Your registration was withdrawn."),
    Status.DECLINED: ("Je hebt de plaats afgeslagen.", "You declined the seat."),
    Status.REJECTED: ("Je aanmelding is afgewezen.", "Your registration was rejected."),
    Status.LAPSED: (
        "Er kwam niet op tijd een antwoord, dus de plaats ging naar een ander.",
        "No answer came in time, so the seat went to somebody else.",
    ),
}


async def read(db: AsyncSession, token: str, base_url: str, language: Language) -> DrawReceipt:
    """The receipt of the latest draw that somebody took part in, by their personal link.

    It is that of the link's own registration, or of one that it was carried over to.
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
        partner_name=(await identity.names(db))[registration.partner],
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
        answer_by=registration.answer_by,
        why=[],
    )
    following = await _next_edition(db, registration)
    return receipt.model_copy(update={"why": _in_words(receipt, draw, following, language)})


async def _latest(db: AsyncSession, token: str) -> tuple[Draw, DrawCandidate, Registration] | None:
    owns = EnrolmentForm.token_digest == digest(token)
    own = select(col(EnrolmentForm.registration).label("id")).where(owns).cte("own", recursive=True)
    # Who was carried over keeps the link they had.
    own = own.union(select(Registration.id).join(own, col(Registration.carried_over_from) == own.c.id))
    query = (
        select(Draw, DrawCandidate, Registration)
        .join(DrawCandidate, col(DrawCandidate.draw) == Draw.id)
        .join(Registration, col(Registration.id) == DrawCandidate.registration)
        .where(col(Registration.id).in_(select(own.c.id)))
        .order_by(col(Draw.announced_at).desc(), col(Draw.id).desc())
    )
    return (await db.exec(query)).first()


async def _next_edition(db: AsyncSession, registration: Registration) -> str | None:
    """The title of the edition that somebody was carried over to."""
    query = (
        select(Edition.title)
        .join(Registration, col(Registration.edition) == Edition.slug)
        .where(Registration.carried_over_from == registration.id)
    )
    return (await db.exec(query)).first()


def _in_words(receipt: DrawReceipt, draw: Draw, following: str | None, language: Language) -> list[str]:
    """Why it is so, a sentence at a time."""
    values = {
        **receipt.model_dump(include={"chance", "lot", "number", "seats"}),
        "partner_name": receipt.partner_name,
        "place": receipt.place_in_line,
        "reason": draw.void_reason,
        "next": following,
    }
    said = [(key, values) for key in _said(receipt, needed=draw.draw_needed, carried=following is not None)]
    said += [(one.why, {**values, "often": _often(one.times, language)}) for one in receipt.passed_over]
    return [_WORDS[key][language == "en"].format(**filled) for key, filled in said]


def _often(times: int, language: Language) -> str:
    if language == "nl":
        return "Eén keer" if times == 1 else f"{times} keer"
    return {1: "once", 2: "twice"}.get(times, f"{times} times")


def _said(receipt: DrawReceipt, *, needed: bool, carried: bool) -> Sequence[str]:
    if receipt.status is DrawStatus.VOID:
        return ["void"]
    said: list[str] = [receipt.outcome or "announced"]
    if receipt.outcome and not needed:
        said = ["not-needed"]
    if carried:
        said.append("carried-over")
    elif receipt.registration_status not in SEATED | {Status.COMPLETE, Status.WAITLISTED}:
        said.append(receipt.registration_status)
    elif receipt.outcome == "waitlisted":
        said.append("in-line" if receipt.place_in_line else "offered")
    return said
