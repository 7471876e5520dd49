"""The contract of webhooks, for the OpenAPI document: what is posted, by noun, and how to answer."""

from datetime import UTC, datetime
from typing import Any

from app.webhooks import catalogue, payloads
from app.webhooks.payloads import Told
from app.webhooks.schemas import WebhookPayload

_REFERENCE = "#/components/schemas/{model}"
_BASE = "https://register.example"
_ID = "01890000-0000-7000-8000-000000000000"
# Subjects that are no UUID.
_SUBJECTS = {
    "certificate": "CCVO-2022-000001",
    "client": "fleck-partner-1a2b3c4d",
    "edition": "noord-midden-2021",
    "invoice": "MOCCA-2021-00001",
    "organisation": "fleck",
    "pilot": "noord-midden-2021",
    "signing-key": "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
}
# The type that stands as the example of its noun; of the others it is the first.
_EXAMPLES = {
    "certificate": "certificate.issued",
    "draw": "draw.completed",
    "registration": "registration.placed",
    "session": "session.changed",
}
_OF_THE_REGISTER = frozenset(("client", "organisation", "pilot", "signing-key"))
_OF_EVERYBODY = frozenset(("certificate-batch", "draw", "duplicate", "edition", "session"))
_HEADERS = {
    "webhook-id": ("The same at each attempt, and when an event is sent again", "evt_17"),
    "webhook-timestamp": ("When this attempt was sent, in seconds since 1970", "1625558400"),
    "webhook-signature": (
        "Base64 of HMAC-SHA256 after `v1,`; two, with a space between, while a secret is replaced",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}
_ANSWERS = {
    "2XX": "Taken: it is not sent again",
    "410": "Gone: the webhook is switched off",
    "4XX": "Not taken: it is sent again, for three days",
    "5XX": "Not taken: it is sent again, for three days",
}


def schemas() -> dict[str, Any]:
    """The schemas that the webhooks need, by name."""
    made = WebhookPayload.model_json_schema(mode="serialization", ref_template=_REFERENCE)
    parts = {part.get("title", name): part for name, part in made.pop("$defs").items()}
    made["properties"]["data"] = {"$ref": _REFERENCE.format(model="WebhookEventData")}
    return {"WebhookPayload": made, **parts}


def section() -> dict[str, Any]:
    """What is posted to webhooks, by noun."""
    return {name: {"post": _operation(name, said)} for name, said in sorted(catalogue.NOUNS.items())}


def _operation(name: str, said: str) -> dict[str, Any]:
    types = catalogue.types_of(name)
    kind = {"properties": {"type": {"enum": types, "x-grows": True}}}
    payload = {"allOf": [{"$ref": _REFERENCE.format(model="WebhookPayload")}, kind]}
    words = "".join(part.capitalize() for part in name.split("-"))
    return {
        "tags": ["webhooks"],
        "summary": said,
        "description": "Answer at once, with 2xx, and work later; the same event may come more than once.",
        "operationId": f"on{words}",
        "security": [],
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "description": meaning,
                "schema": {"type": "string"},
                "example": example,
            }
            for header, (meaning, example) in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": payload, "example": example_of(name)}},
        },
        "responses": {status: {"description": meaning} for status, meaning in _ANSWERS.items()},
    }


def example_of(name: str) -> dict[str, Any]:
    """A payload of a noun, made as deliveries are."""
    type = _EXAMPLES.get(name) or catalogue.types_of(name)[0]
    data: dict[str, dict[str, Any]] = {
        "certificate": {"registration": _ID},
        "invoice": {"registration": _ID},
        "session": {"after": {"status": "planned"}},
    }
    told = Told(
        id=17,
        type=type,
        subject=_SUBJECTS.get(name, _ID),
        edition=None if name in _OF_THE_REGISTER else "noord-midden-2021",
        partner=None if name in {*_OF_THE_REGISTER, *_OF_EVERYBODY} else "fleck",
        at=datetime(2021, 7, 6, 8, tzinfo=UTC),
        data=data.get(name, {}),
    )
    return payloads.payload(told, _BASE)
