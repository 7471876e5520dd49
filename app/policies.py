"""Which rows are whose, as PostgreSQL's row-level security has it; and what nobody may change afterwards.

A migration writes these into the database; `tests/whole/test_tenancy.py` compares what is there with this.
Every table stands here: one that is nobody's alone says so.
"""

from app.core.tenancy import TENANT
from app.events import service as events

_HEARD_BY_ALL = ", ".join(f"'{type}'" for type in events.SHARED)
_TENANT = f"(SELECT current_setting('{TENANT}', true))"
_OF_A_REGISTRATION = (
    "attendance",
    "attendance_version",
    "certificate",
    "check_in_guess",
    "draw_candidate",
    "enrolment_form",
    "file",
    "invoice",
    "invoice_address",
    "make_up",
    "message",
    "out_of_reach",
    "product",
    "progress",
    "seat_offer",
    "wishes",
)
# A row is whose the row is that it belongs to: by which column, in which table, under which key.
PARENT = {
    **dict.fromkeys(_OF_A_REGISTRATION, ("registration", "registration", "id")),
    "certificate_review": ("certificate", "certificate", "number"),
    "invoice_payment": ("invoice", "invoice", "number"),
    "registration_import_row": ("part_of", "registration_import", "id"),
    "webhook_attempt": ("delivery", "webhook_delivery", "id"),
    "webhook_delivery": ("webhook", "webhook", "id"),
}
# A row says itself whose it is; what everybody in an edition hears is everybody's to read.
DIRECT = {
    "applicant": f"partner = {_TENANT}",
    "event": f"partner = {_TENANT} OR (partner IS NULL AND type IN ({_HEARD_BY_ALL}))",
    "event_detail": f"partner = {_TENANT} OR (partner IS NULL AND type IN ({_HEARD_BY_ALL}))",
    "message": f"organisation = {_TENANT}",
    "registration": f"partner = {_TENANT}",
    "registration_import": f"organisation = {_TENANT}",
    "webhook": f"partner = {_TENANT}",
}
# What no partner reads or writes, whosever it is.
CLOSED = {
    "certificate_batch": "the certifier's",
    "certificate_batch_item": "the certifier's",
    "certificate_counter": "numbers are the certifier's to give",
    "client_assertion": "used before anybody is known",
    "client_secret": "asked for before anybody is known",
    "duplicate_decision": "the administrators'",
    "erasure": "the administrators'",
    "invoice_counter": "numbers are the sellers' to give",
    "register_forgotten": "the certifier's",
    "register_salt": "opens the register's entries",
    "signing_key": "signs for the certifier",
}
# What is nobody's alone; a partner reads it, and writes what is named.
SHARED: dict[str, str] = {
    "client": "",
    "draw": "",
    "edition": "UPDATE",
    "edition_provider": "",
    "event_pending": "INSERT",
    "forecast_round": "INSERT, UPDATE",
    "idempotent_answer": "INSERT, UPDATE, DELETE",
    "organisation": "",
    "phase": "",
    "quota": "",
    "register_entry": "",
    "register_head": "",
    "seller": "",
    "session": "UPDATE",
    "session_edition": "",
    "status_list": "",
    "training": "",
}
# What is added to and never changed: no role of the application's may.
APPEND_ONLY = ("event", "register_entry", "register_head")
# What is added to and never changed, and goes with the person: the register may take it away, a partner not.
ERASED_ONLY = ("attendance_version",)


def own() -> dict[str, str]:
    """Every table with rows that are somebody's, and the condition on which a partner sees and writes one."""
    of_parents = {
        table: f"EXISTS (SELECT FROM {parent} AS parent WHERE parent.{key} = {table}.{column})"
        for table, (column, parent, key) in PARENT.items()
    }
    return {**of_parents, **DIRECT, "message": f"{DIRECT['message']} OR {of_parents['message']}"}
