"""Where an answer leads: the OpenAPI document's `links`, made from one table.

An answer that makes or lists something holds what the addresses of the next operations are filled in with;
one that reads a thing has the ETag that a change of it is made against.
"""

import re
from collections.abc import Iterator
from typing import Any

# By the schema of an answer, or of a list's items: which parts of addresses it gives, and where they stand.
GIVEN: dict[str, dict[str, str]] = {
    "ApiClient": {"clientId": "/clientId"},
    "ApiClientWithSecret": {"clientId": "/clientId"},
    "Applicant": {"applicantId": "/id"},
    "Certificate": {"number": "/number"},
    "CertificateBatch": {"batchId": "/id"},
    "CertificateReview": {"reviewId": "/id"},
    "Draw": {"drawId": "/id"},
    "Edition": {"edition": "/slug"},
    "File": {"fileId": "/id"},
    "Invoice": {"invoiceNumber": "/number"},
    "MakeUp": {"makeUpId": "/id"},
    "Message": {"messageId": "/id"},
    "Organisation": {"organisation": "/slug"},
    "Phase": {"phase": "/slug"},
    "Registration": {
        "registrationId": "/id",
        "applicantId": "/applicant/id",
        "token": "/enrolmentForm/token",
        "receiptToken": "/enrolmentForm/token",
    },
    "RegistrationImport": {"importId": "/id"},
    "RegisterHead": {"on": "/on"},
    "Session": {"sessionId": "/id"},
    "Training": {"training": "/slug"},
    "Webhook": {"webhookId": "/id"},
    "WebhookDelivery": {"deliveryId": "/id"},
    "WebhookDeliveryWithAttempts": {"deliveryId": "/id"},
    "WebhookWithSecret": {"webhookId": "/id"},
}
CONDITION = "If-Match"
Link = dict[str, Any]


def link(document: dict[str, Any]) -> None:
    """Give the answers of `document`, under their schemas' own names, the links to what can follow."""
    operations = {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    for (method, path), operation in operations.items():
        status, answer = next(one for one in operation["responses"].items() if one[0].startswith("2"))
        given = _given(document, answer) if status == "201" or _is_list(document, answer) else {}
        links = [_with(target, given) for target in operations.values() if given and target is not operation]
        if method == "get" and "{" in path:
            links += [
                _against(target)
                for (other, address), target in operations.items()
                if other != "get" and re.fullmatch(rf"{re.escape(path)}(/_\w+)?", address)
            ]
        found = {one["operationId"]: one for one in links if one}
        if found:
            answer["links"] = found


def _given(document: dict[str, Any], answer: Link) -> dict[str, str]:
    """The expressions for what the answer gives, by the parts of addresses."""
    name, place = _schema(answer), ""
    if _is_list(document, answer):
        items = document["components"]["schemas"][name]["properties"]["items"]["items"]
        name, place = items.get("$ref", "").rpartition("/")[2], "/items/0"
    return {part: f"$response.body#{place}{where}" for part, where in GIVEN.get(name, {}).items()}


def _schema(answer: Link) -> str:
    content = answer.get("content", {}).get("application/json", {})
    return str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]


def _is_list(document: dict[str, Any], answer: Link) -> bool:
    schema = document["components"]["schemas"].get(_schema(answer), {})
    return {"items", "nextCursor"} <= set(schema.get("properties", {}))


def _with(target: Link, given: dict[str, str]) -> Link | None:
    """The link to `target`, when something of its address is given."""
    named = {name: given[name] for name in _parts(target, "path") if name in given}
    return {"operationId": target["operationId"], "parameters": named} if named else None


def _against(target: Link) -> Link | None:
    """The link from what was read to a change of it, when that takes the tag that was read."""
    if CONDITION not in _parts(target, "header"):
        return None
    same = {name: f"$request.path.{name}" for name in _parts(target, "path")}
    parameters = {**same, CONDITION: "$response.header.ETag"}
    return {"operationId": target["operationId"], "parameters": parameters}


def _parts(operation: Link, place: str) -> Iterator[str]:
    return (one["name"] for one in operation.get("parameters", ()) if one["in"] == place)
