"""The data map: every column of every table, what it holds of people, why, and what erasure does. Pure.

Erasure, retention, the export of what is known of somebody, the register of processing and the table in
docs/privacy.md all go by this; a test compares it with the tables, so that no column is forgotten.
`where` is the SQL condition of a person's rows; it may use `:registrations` and `:applicants` (ids) and
`:names` (those ids as text, with the numbers of certificates and invoices).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.privacy.uses import Use
from app.trainings.terms import Retained

ERASED = "[gewist]"  # what stands where a text has to stand, and was erased
GONE = f"'{ERASED}'"


class Fate(StrEnum):
    """What becomes of a column when the person is erased."""

    ROW = "row"  # it goes with its row
    BLANK = "blank"  # it is made empty, or replaced
    KEPT = "kept"  # it stays, and the answer says why
    OWN = "own"  # code of its own does it: files, certificates, what is found by a hash
    TIMED = "timed"  # it goes by itself within the term of its use


@dataclass(frozen=True)
class Datum:
    """A column with personal data: what for, what erasure does, and after which term it goes earlier."""

    use: Use
    fate: Fate
    to: str = "NULL"  # SQL that a blanked column is set to
    term: Retained | None = None
    hidden: bool = False  # not in an export: a secret, or made of what stands there already


@dataclass(frozen=True)
class Held:
    """A table: whose its rows are, which columns are personal, and which are not."""

    what: str
    personal: Mapping[str, Datum] = field(default_factory=dict)
    plain: str = ""
    where: str | None = None
    term: Retained | None = None  # when its rows go as a whole, if that is before the registration does
    part: tuple[Retained, str] | None = None  # when some of them go before, and which
    internal: bool = False  # the administrators' alone: no part of a partner's export

    @property
    def goes(self) -> bool:
        """Whether erasure takes the rows away."""
        return any(datum.fate is Fate.ROW for datum in self.personal.values())


def _row(use: Use, names: str, **more: Datum) -> dict[str, Datum]:
    return {name: Datum(use, Fate.ROW) for name in names.split()} | more


def _kept(use: Use, names: str, **more: Datum) -> dict[str, Datum]:
    return {name: Datum(use, Fate.KEPT) for name in names.split()} | more


def _own(use: Use, names: str, *, hidden: bool = False) -> dict[str, Datum]:
    return {name: Datum(use, Fate.OWN, hidden=hidden) for name in names.split()}


def _blank(use: Use, to: str = "NULL", term: Retained | None = None, *, hidden: bool = False) -> Datum:
    return Datum(use, Fate.BLANK, to, term, hidden)


_R, _U = Retained, Use
_OF_REGISTRATION = "registration = ANY(:registrations)"
_OF_CERTIFICATE = "certificate IN (SELECT number FROM certificate WHERE registration = ANY(:registrations))"
_SEEN = "session registration version recorded_by recorded_at"

MAP: Mapping[str, Held] = {
    "applicant": Held(
        "who somebody is",
        {
            "given_name": _blank(_U.REGISTRATION),
            "family_name_prefix": _blank(_U.REGISTRATION),
            "family_name": _blank(_U.REGISTRATION, GONE),
            "email": _blank(_U.REGISTRATION, "id || '@erased.invalid'"),
            "phone": _blank(_U.REGISTRATION),
            "search_text": _blank(_U.REGISTRATION, "''", hidden=True),
        },
        "id partner language erased_at",
        "id = ANY(:applicants)",
    ),
    "registration": Held(
        "the registration for an edition",
        {
            "email_key": _blank(_U.REGISTRATION, "id || '@erased.invalid'", hidden=True),
            "name_key": _blank(_U.REGISTRATION, "''", hidden=True),
            "school_name": _blank(_U.REGISTRATION, GONE),
            "school_city": _blank(_U.REGISTRATION, GONE),
            "position": _blank(_U.REGISTRATION),
            "motivation": _blank(_U.MOTIVATION, term=_R.MOTIVATION),
        },
        "id edition partner applicant status received_at answer_by waiting_number carried_over_from "
        "links_generation",
        "id = ANY(:registrations)",
    ),
    "enrolment_form": Held(
        "the enrolment form",
        {
            # The link ends: no token has this digest, for no text in UTF-8 begins with the byte FF.
            "token_digest": _blank(
                _U.FORMS, "sha256(decode('ff', 'hex') || uuid_send(registration))", hidden=True
            ),
            "answers": _blank(_U.FORMS, term=_R.FORMS),
        },
        "registration submitted_at saved_at consented_at reopened_at due_at reminded_at reminded_for",
        _OF_REGISTRATION,
    ),
    "wishes": Held(
        "what somebody eats and needs",
        _row(_U.WISHES, "dietary accessibility"),
        "registration",
        _OF_REGISTRATION,
        _R.FORMS,
    ),
    "seat_offer": Held(
        "seats that were offered, by ids",
        plain="id edition registration waiting_number rule offered_at",
        where=_OF_REGISTRATION,
    ),
    "duplicate_decision": Held(
        "which registrations are one person's",
        {"reason": _blank(_U.REGISTRATION, GONE)},
        "first second verdict decided_by decided_at",
        "first = ANY(:registrations) OR second = ANY(:registrations)",
        internal=True,
    ),
    "draw_candidate": Held(
        "who was drawn, by a random label",
        plain="draw label registration lot placed number",
        where=_OF_REGISTRATION,
    ),
    "attendance": Held(
        "attendance as it stands",
        _row(
            _U.ATTENDANCE,
            "presence minutes channel",
            late_minutes=Datum(_U.ATTENDANCE, Fate.ROW, term=_R.ATTENDANCE),
            early_minutes=Datum(_U.ATTENDANCE, Fate.ROW, term=_R.ATTENDANCE),
        ),
        _SEEN,
        _OF_REGISTRATION,
    ),
    "attendance_version": Held(
        "each state that attendance has had",
        _row(_U.ATTENDANCE, "presence minutes channel late_minutes early_minutes reason"),
        _SEEN,
        _OF_REGISTRATION,
        _R.ATTENDANCE,
    ),
    "check_in_guess": Held(
        "wrong codes at a check-in",
        _row(_U.ATTENDANCE, "wrong since"),
        "session registration",
        _OF_REGISTRATION,
        _R.ATTENDANCE,
    ),
    "make_up": Held(
        "hours that were made up for",
        _row(
            _U.ATTENDANCE,
            "title done_on minutes",
            reason=Datum(_U.ATTENDANCE, Fate.ROW, GONE, _R.ATTENDANCE),
            revoke_reason=Datum(_U.ATTENDANCE, Fate.ROW, term=_R.ATTENDANCE),
        ),
        "id registration kind session approved_by approved_at revoked_by revoked_at",
        _OF_REGISTRATION,
    ),
    "out_of_reach": Held(
        "who cannot reach the contact hours",
        _row(_U.ATTENDANCE, "became_certain_at"),
        "registration",
        _OF_REGISTRATION,
    ),
    "progress": Held(
        "each phase: what was handed in, and how it was judged",
        _row(
            _U.EVIDENCE,
            "verdict",
            evidence=Datum(_U.EVIDENCE, Fate.ROW, term=_R.EVIDENCE),
            feedback=Datum(_U.EVIDENCE, Fate.ROW, term=_R.EVIDENCE),
            submission=Datum(_U.EVIDENCE, Fate.ROW, term=_R.EVIDENCE),
        ),
        "registration phase recorded_by recorded_at submitted_at",
        _OF_REGISTRATION,
    ),
    "product": Held(
        "the professional product",
        _row(_U.EVIDENCE, "title approved"),
        "registration kind",
        _OF_REGISTRATION,
    ),
    "file": Held(
        "files with evidence; the content goes from storage with the row",
        _row(_U.EVIDENCE, "name size sha256", storage_key=Datum(_U.EVIDENCE, Fate.ROW, hidden=True)),
        "id registration phase media_type added_by added_at",
        _OF_REGISTRATION,
        _R.EVIDENCE,
    ),
    "invoice_address": Held(
        "where the next invoice goes",
        _row(_U.REGISTRATION, "buyer"),
        "registration corrected_at",
        _OF_REGISTRATION,
    ),
    "invoice": Held(
        "invoices as they were sent",
        _kept(_U.INVOICE, "buyer participant_name lines reason"),
        "number kind registration seller credits issued_at issued_on due_on payment_days period_starts_on "
        "period_ends_on seller_details vat net_cents vat_cents rounding_cents due_cents paid_cents "
        "credited_at left_noted_at",
        _OF_REGISTRATION,
    ),
    "invoice_payment": Held(
        "payments",
        _kept(_U.INVOICE, "paid_on amount_cents note"),
        "id invoice recorded_by recorded_at",
        "invoice IN (SELECT number FROM invoice WHERE registration = ANY(:registrations))",
    ),
    "certificate": Held(
        "certificates; erasure keeps what the public check shows, or on request nothing",
        _kept(_U.CERTIFICATE, "holder_name training_title contact_minutes issuer issued_on code")
        | _own(_U.CERTIFICATE, "product_title sessions phases revoke_reason credential credential_jwt"),
        "number code_digest registration status issued_at edition_title study_load_hours revoked_at "
        "supersedes "
        "superseded_at status_list status_index credential_digest credential_jwt_digest forgotten_at",
        _OF_REGISTRATION,
    ),
    "certificate_review": Held(
        "certificates that are looked at again",
        _row(_U.CERTIFICATE, "found reason"),
        "id certificate opened_at verdict decided_by decided_at",
        _OF_CERTIFICATE,
    ),
    "certificate_batch_item": Held(
        "who was in a batch of certificates, and why not",
        {"explanation": _blank(_U.CERTIFICATE)},
        "batch registration state certificate",
        _OF_REGISTRATION,
        internal=True,
    ),
    "register_salt": Held(
        "what opens the register's entries; goes with what they said",
        _own(_U.CERTIFICATE, "salt", hidden=True),
        "entry certificate",
        _OF_CERTIFICATE,
        internal=True,
    ),
    "message": Held(
        "which messages were sent; their words are made when they are, and kept nowhere",
        _row(_U.MESSAGES, "kind last_error message_id"),
        "id event first_event registration organisation about language status created_at attempts "
        "next_attempt_at give_up_at sent_at",
        _OF_REGISTRATION,
        _R.MESSAGES,
    ),
    "event_detail": Held(
        "what somebody wrote with an event, and what was changed of a person",
        _row(_U.AUDIT, "text before after"),
        "id type subject about partner",
        "subject = ANY(:names) OR about = ANY(:names)",
        part=(_R.ATTENDANCE, "type IN ('attendance.recorded', 'attendance.corrected')"),
    ),
    "event": Held(
        "what happened, by ids; of whom may be at home the network (/24, /48), no address",
        plain="id type subject edition partner actor at data origin",
        where="subject = ANY(:names) OR data ->> 'registration' = ANY(:names)",
    ),
    "webhook_delivery": Held(
        "what was told to systems of organisations, by ids",
        plain="id webhook event type subject status created_at attempts next_attempt_at give_up_at "
        "finished_at "
        "claimed_by claimed_until",
        where="subject = ANY(:names)",
    ),
    "webhook_attempt": Held(
        "how telling them went",
        {
            "response_start": _blank(_U.AUDIT),
            "response_headers": _blank(_U.AUDIT),
            "error": _blank(_U.AUDIT),
        },
        "id delivery at duration_ms request_headers response_status",
        "delivery IN (SELECT id FROM webhook_delivery WHERE subject = ANY(:names))",
    ),
    "registration_import_row": Held(
        "rows of files of registrations",
        _own(_U.IMPORT, "content faults") | _own(_U.IMPORT, "digest person", hidden=True),
        "part_of number line verdict registration",
        _OF_REGISTRATION,
    ),
    "idempotent_answer": Held(
        "answers kept for repeats, sealed",
        _own(_U.SECURITY, "sealed", hidden=True),
        "id fingerprint kept_until",
    ),
    "erasure": Held(
        "who was erased, by ids", plain="id request registration applicant certificates actor at copied_at"
    ),
    "organisation": Held(
        "organisations and their contacts",
        {"email": Datum(_U.ORGANISATION, Fate.TIMED)},
        "slug name region roles",
    ),
    "client": Held(
        "systems that call",
        {"name": Datum(_U.ORGANISATION, Fate.TIMED)},
        "id organisation role created_at ended_at keys keys_given_at keys_used_at",
    ),
    "seller": Held(
        "who invoices",
        {"email": Datum(_U.ORGANISATION, Fate.TIMED)},
        "organisation legal_name street postal_code city kvk_number vat_number iban bic payment_days "
        "number_prefix vat",
    ),
    "certificate_batch": Held("batches", plain="id edition dry_run organisation asked_by asked_at"),
    "certificate_counter": Held("numbers given", plain="prefix year last"),
    "client_assertion": Held("assertions that were used, hashed", plain="client digest expires_at"),
    "client_secret": Held(
        "secrets, hashed", plain="digest client created_at ended_at expires_at last_used_at"
    ),
    "draw": Held(
        "draws; candidates stand in them by random labels",
        plain="id edition status draw_needed frozen_list list_hash groups shortages seats beacon drawable_at "
        "outcome announced_at publish_at run_at published_at withdrawn voided_at void_reason",
    ),
    "edition": Held(
        "editions",
        plain="slug training title region time_zone opens_at closes_at forms_due_at form_reminder_days "
        "form_required answer_days minimum_contact_minutes capacity seats_taken waiting frozen "
        "unfilled_minimum "
        "carry_over_mode carry_over_weight price_cents invoiced_by vat mails_applicants retention",
    ),
    "edition_provider": Held("who gives an edition", plain="edition organisation"),
    "event_pending": Held("events not acted upon", plain="event not_before"),
    "forecast_round": Held("forecasts made", plain="edition judged_until"),
    "invoice_counter": Held("numbers given", plain="prefix year last"),
    "phase": Held("phases", plain="slug training number title summary yields_product asks evidence_kind"),
    "quota": Held("seats of partners", plain="edition organisation minimum maximum"),
    "register_entry": Held(
        "the register's chain; tells nothing without a salt", plain="number kind commitment previous hash at"
    ),
    "register_forgotten": Held("entries without a salt", plain="entry said_by"),
    "register_head": Held("how the chain stood", plain="on size hash at token"),
    "registration_import": Held(
        "files of registrations",
        plain="id organisation asked_by role mode dry_run format encoding columns edition partner asked_at "
        "completed_at forgotten_at",
    ),
    "session": Held(
        "sessions",
        plain="id title mode starts_at ends_at contact_minutes phase place city address travel_note "
        "online_url "
        "cancelled_at sequence changed_at",
    ),
    "session_edition": Held("sessions of editions", plain="session edition"),
    "signing_key": Held("keys", plain="name public sealed made_at retired_at"),
    "status_list": Held("which certificates count", plain="id used credential signed_at"),
    "training": Held(
        "trainings",
        plain="slug title summary study_load_hours minimum_contact_minutes price_cents certificate_prefix",
    ),
    "webhook": Held(
        "receivers of what happens",
        plain="id organisation partner url description types status created_at status_at secret "
        "previous_secret "
        "previous_until failures failing_since resting_until",
    ),
}


def of_people() -> Iterator[tuple[str, Held, str]]:
    """The tables with rows of a person, each with the condition of these rows."""
    for table, held in MAP.items():
        if held.where is not None:
            yield table, held, held.where


def blanks(held: Held, term: Retained | None) -> dict[str, str]:
    """What to set which columns to: at this term alone, or on erasure of the whole person (None)."""
    if term is None:
        chosen = {name: datum for name, datum in held.personal.items() if datum.fate is Fate.BLANK}
    else:
        chosen = {name: datum for name, datum in held.personal.items() if datum.term is term}
    return {name: datum.to for name, datum in chosen.items()}
