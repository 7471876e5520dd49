"""The OpenAPI document, from the routes; `openapi/openapi.json` is its committed copy.

It is written in English, where the routes and schemas are. Its Dutch stands in `openapi.nl.json`, by the
English sentence; what an answer is called, in the Dutch titles of the problems.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app import __version__, openapi_links, openapi_webhooks, openapi_words
from app.core import problems
from app.core.http import refusals
from app.core.http.accept import PAGE
from app.core.http.idempotency import KEY, REPLAYED
from app.core.http.limits import TooManyRequests
from app.core.http.strictness import LONGEST_CONDITION, MERGE_PATCH
from app.core.idempotency import AnswerErased, KeyInUse, KeyReused
from app.core.language import Language
from app.core.texts import Catalogue
from app.core.values import without_defaults
from app.identity.provider import Known

PREFIX = "/v1"
# What the server answered when the pilot was played: `make examples` writes it anew.
EXAMPLES = Path(__file__).with_name("examples.json")
# And how it refused: the documents by name, and which of them tell of an operation's status.
REFUSALS = Path(__file__).with_name("refusals.json")
EVERYWHERE = "*"
SCHEMAS = "#/components/schemas/"
# A form's schema has no class of ours to take its title from; the others' say enough in their module alone,
# and generated clients have no modules.
RENAMED = {
    "Body_createToken": "TokenRequest",
    "ClientPage": "ApiClientPage",
    "Code": "RequirementCode",
    "Ground": "DuplicateGround",
    "Mode": "SessionMode",
    "Reason": "ReasonBody",
    "Role": "ClientRole",
    "Status": "RegistrationStatus",
    "Verdict": "PhaseVerdict",
    "DeliveryStatus": "WebhookDeliveryStatus",
}
NULL = {"type": "null"}
VERSION_HEADER = {
    "description": "The full version of the API",
    "schema": {"type": "string", "examples": [__version__]},
}
TAG_HEADER = {
    "description": "Names this state of the resource (RFC 9110, section 8.8.3)",
    "schema": {"type": "string", "examples": ['"3f2a9c0d5b7e41f6a8c0d2e4"']},
}
REPLAYED_HEADER = {
    "description": "There when this answer was given before, to a request with the same Idempotency-Key",
    "schema": {"type": "string", "enum": ["true"]},
}
ADDRESS_HEADER = {
    "description": "The address of what was made, below the server",
    "schema": {"type": "string", "examples": ["/v1/registrations/01890000-0000-7000-8000-000000000000"]},
}
LINK_HEADER = {
    "description": 'The address of the next page, when there is one, as rel="next" (RFC 8288)',
    "schema": {"type": "string", "examples": ['</v1/phases?limit=2&cursor=WyJ4Il0>; rel="next"']},
}
RETRY_HEADER = {
    "description": "After how many seconds to try again (RFC 9110, section 10.2.3)",
    "schema": {"type": "string", "examples": ["5"]},
}
PROBLEM = {"schema": {"$ref": f"{SCHEMAS}Problem"}}
OR_PAGE = {PAGE: {"schema": {"type": "string"}}}
# What every operation may answer, whatever was asked: said once.
FAILURES = {"500": "Failed", "503": "Unavailable"}
# What many may answer in the same words, with the same examples.
SHARED = {
    "400": "Invalid",
    "401": "Unauthenticated",
    "408": "TooSlow",
    "412": "Changed",
    "413": "TooLarge",
    "415": "UnsupportedMediaType",
    "422": "KeyReused",
    "429": "TooManyRequests",
}
FAILED = {
    "Failed": {
        "description": "Internal error",
        "headers": {"API-Version": {"$ref": "#/components/headers/API-Version"}},
        "content": {"application/problem+json": PROBLEM, **OR_PAGE},
    },
    "Unavailable": {
        "description": problems.Unavailable.title,
        "headers": {
            "API-Version": {"$ref": "#/components/headers/API-Version"},
            "Retry-After": {"$ref": "#/components/headers/Retry-After"},
        },
        "content": {"application/problem+json": PROBLEM, **OR_PAGE},
    },
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of what you have: the answer is 304, without content, while it is current",
    "schema": {"type": "string", "maxLength": LONGEST_CONDITION},
}
DUTCH = Catalogue.read(Path(__file__).with_name("openapi.nl.json"))
WORDS = {"summary", "description"}
# What stands in these is values, not words about them.
VALUES = {"default", "enum", "example", "examples"}
# What stands filled in when somebody tries an operation; it works on the demonstration, and changes little.
IN_PATHS = {
    "organisation": "fleck",
    "training": "cultuurcoordinator-vo",
    "phase": "orientatie",
    "edition": "voorbeeld",
}
IN_BODIES: dict[str, dict[str, Any]] = {
    "changeOrganisation": {"region": "Flevoland"},
    "rotateClient": {},
    "changeEdition": {"answerDays": 14},
    "changeSession": {"title": "Bijeenkomst 1"},
    "changeRegistration": {"position": "docent beeldende vorming"},
    "changeApplicant": {"phone": "+31612345678"},
    "changeWebhook": {"types": ["registration.*"]},
    "announceDraw": {},
    "runDraw": {},
}
# In the order of the way from registration to certificate.
TAGS = {
    "tokens": "Access tokens by client credentials.",
    "organisations": "Partners, providers and certifiers.",
    "clients": "API clients of organisations.",
    "trainings": "What is taught.",
    "phases": "The four parts of the training.",
    "editions": "Runs of the training in a region: window, quotas, seats.",
    "sessions": "Meetings, physical and online.",
    "registrations": "One teacher, one edition, through one partner.",
    "applicants": "The people behind the registrations.",
    "privacy": "The rights of people: access, erasure, and the register of processing.",
    "enrolment-forms": "The form that completes a registration, by personal link.",
    "draws": "Who gets a seat when there are more candidates than seats.",
    "invoices": "What participants pay: invoices, credit notes, payments.",
    "attendance": "Minutes attended per session, contact hours and what can become of them.",
    "personal-pages": "A participant's own page, by personal link.",
    "progress": "Phases, product, and what is met for a certificate.",
    "certificates": "Issued when every requirement is met.",
    "verifications": "The public check of a certificate.",
    "messages": "What people are told by e-mail, and who has not been told yet.",
    "webhooks": "What happens, posted to partners' own systems by the Standard Webhooks specification.",
    "events": "The audit trail.",
}
DESCRIPTION = """\
The register behind the teacher training *Cultuurcoördinator Voortgezet Onderwijs*: a teacher registers
through a cultural partner, returns the enrolment form, gets a seat (by lot when there are too few),
attends sessions in four phases, makes a professional product and receives a certificate that anyone
can check.

**Authorize** with the client id and secret of your organisation (`make run` prints those of the demonstration
on its first start). Errors are problem documents (RFC 9457) that name every fault at once.

Text is kept composed (Unicode NFC) and without white space around it; a limit on its length is one on what is
kept. Moments need an offset; seconds may be left out, and of their decimals the first six are kept.
"""


def document(app: FastAPI, language: Language = "en") -> dict[str, Any]:
    """The OpenAPI 3.1 document of `app`: paths below the server `/v1`, refusals as problem documents."""
    english = app.openapi_schema or _written(app)
    if language == "en":
        return english
    titles = {kind.title: kind.title_nl for kind in problems.kinds()}

    def dutch(text: str) -> str:
        # The description of a refusal is the titles of its problems.
        return DUTCH.counterparts.get(text) or "; ".join(titles.get(one, one) for one in text.split("; "))

    info = {**english["info"], "title": dutch(english["info"]["title"])}
    return {**with_words(english, dutch), "info": with_words(info, dutch)}


def with_sign_in(made: dict[str, Any], known: Known, scopes: str) -> dict[str, Any]:
    """The document with the way in for people: the provider's, by authorization code with PKCE."""
    flow = {
        "authorizationUrl": known.authorization_endpoint,
        "tokenUrl": known.token_endpoint,
        "scopes": dict.fromkeys(scopes.split(), ""),
    }
    schemes = made["components"]["securitySchemes"]
    oauth2 = {**schemes["oauth2"], "flows": {**schemes["oauth2"]["flows"], "authorizationCode": flow}}
    return {**made, "components": {**made["components"], "securitySchemes": {**schemes, "oauth2": oauth2}}}


def with_words(node: Any, say: Callable[[str], str]) -> Any:
    """The document, or a part of it, with each summary, description and scope as `say` says it."""
    if isinstance(node, list):
        return [with_words(one, say) for one in node]
    return {key: _said(key, value, say) for key, value in node.items()} if isinstance(node, dict) else node


def _said(key: str, value: Any, say: Callable[[str], str]) -> Any:
    if key in WORDS and isinstance(value, str):
        return say(value)
    if key == "clientCredentials":
        return {**value, "scopes": {name: say(text) for name, text in value["scopes"].items()}}
    return value if key in VALUES else with_words(value, say)


def _written(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title="Cultuurcoördinator VO, the training register",
        version=__version__,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        servers=[{"url": PREFIX}],
        contact={
            "name": "Beheer opleidingsregister Cultuurcoördinator VO",
            "url": "https://register.example/contact",
            "email": "register@register.example",
        },
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
    )
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    refused = json.loads(REFUSALS.read_text(encoding="utf-8"))
    made["paths"] = {
        path.removeprefix(PREFIX): {
            method: _with_example(_operation(method, operation), examples.get(operation["operationId"], {}))
            for method, operation in operations.items()
        }
        for path, operations in made["paths"].items()
    }
    made["components"]["headers"] = {
        "API-Version": VERSION_HEADER,
        "ETag": TAG_HEADER,
        "Link": LINK_HEADER,
        "Location": ADDRESS_HEADER,
        "Retry-After": RETRY_HEADER,
        REPLAYED: REPLAYED_HEADER,
    }
    made["components"]["responses"] = deepcopy(FAILED)
    made["components"]["examples"] = {name: {"value": value} for name, value in refused["examples"].items()}
    failed = {status: made["components"]["responses"][name] for status, name in FAILURES.items()}
    for answers, found in [
        (failed, refused["answers"].get(EVERYWHERE, {})),
        *(
            (operation["responses"], refused["answers"].get(operation["operationId"], {}))
            for operations in made["paths"].values()
            for operation in operations.values()
        ),
    ]:
        _say_refused(answers, found)
    _share_refusals(made)
    made["components"]["schemas"] |= openapi_webhooks.schemas()
    made["webhooks"] = openapi_webhooks.section()
    app.openapi_schema = _with_own_names(made)
    openapi_links.link(app.openapi_schema)
    openapi_words.describe(app.openapi_schema)
    return app.openapi_schema


def _operation(method: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation with 400 in place of the framework's 422, and the headers of every answer."""
    made = {**deepcopy(operation), "security": operation.get("security", [])}  # [] is: open to all
    responses = made["responses"]
    for sent in [*made.get("parameters", []), *made.get("requestBody", {}).get("content", {}).values()]:
        sent["schema"] = _sendable(sent["schema"])
    if method == "get":
        _say_conditional(made)
    if method == "patch":
        content = made["requestBody"]["content"]
        content[MERGE_PATCH] = content["application/json"]
    if method in ("put", "patch") and "412" in responses:
        responses["200"].setdefault("headers", {})["ETag"] = {"$ref": "#/components/headers/ETag"}
    if "cursor" in {parameter["name"] for parameter in made.get("parameters", [])}:
        responses["200"].setdefault("headers", {})["Link"] = {"$ref": "#/components/headers/Link"}
    _say_refusals(made)
    if any(parameter["name"] == KEY for parameter in made.get("parameters", [])):
        _say_repeatable(responses)
    # Who sends a form without a script reads what comes of it (core/http/refusals.py).
    is_form = method == "post" and not {*refusals.FORMS}.isdisjoint(
        made.get("requestBody", {}).get("content", ())
    )
    for status, response in responses.items():
        response.setdefault("headers", {})["API-Version"] = {"$ref": "#/components/headers/API-Version"}
        if status >= "400":
            has_page = is_form or PAGE in response.get("content", {})
            response["content"] = {"application/problem+json": PROBLEM, **(OR_PAGE if has_page else {})}
        if status == str(TooManyRequests.status):
            response["headers"]["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    responses |= {status: {"$ref": f"#/components/responses/{name}"} for status, name in FAILURES.items()}
    made["responses"] = dict(sorted(responses.items()))
    return made


def _say_refusals(made: dict[str, Any]) -> None:
    """Say what is refused before a route is reached."""
    responses = made["responses"]
    if responses.pop("422", None) and "400" not in responses:
        responses["400"] = {"description": "The input is not valid"}
    responses["429"] = {"description": TooManyRequests.title}
    if made["security"]:
        responses["401"] = {"description": "Not authenticated"}
        responses["403"] = {"description": "Not allowed"}
    if "requestBody" in made:
        responses["408"] = {"description": problems.BodyTooSlow.title}
        responses["413"] = {"description": problems.BodyTooLarge.title}
        responses["415"] = {"description": "Unsupported media type"}


def _with_example(operation: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """The operation with one exchange as it went: names in its address, a request, its answer."""
    for parameter in operation.get("parameters", []):
        if parameter["name"] in example.get("path", {}):
            written = example["path"][parameter["name"]]
            is_number = parameter["schema"].get("type") == "integer"
            parameter["example"] = int(written) if is_number else written
    if "request" in example and not _looks_like_operations(example["request"]):
        for body in operation["requestBody"]["content"].values():
            body["example"] = example["request"]
    answered = operation["responses"][str(example["status"])] if example else {}
    for header in example.get("headers", []):
        answered["headers"][header] = {"$ref": f"#/components/headers/{header}"}
    if "answer" in example and not _looks_like_operations(example["answer"]):
        answered["content"]["application/json"]["example"] = example["answer"]
    _say_examples(operation)
    return operation


def _say_refused(responses: dict[str, Any], found: dict[str, list[str]]) -> None:
    """Give refusals the examples that were found of them; each stands once, in the components."""
    for status, names in found.items():
        examples = {name: {"$ref": f"#/components/examples/{name}"} for name in names}
        responses[status]["content"][refusals.MEDIA_TYPE] = {**PROBLEM, "examples": examples}


def _share_refusals(made: dict[str, Any]) -> None:
    """Say the most common refusal of each status once, where most operations have it."""
    responses = [one["responses"] for methods in made["paths"].values() for one in methods.values()]
    for status, name in SHARED.items():
        found = Counter(json.dumps(one[status], sort_keys=True) for one in responses if status in one)
        ((common, _),) = found.most_common(1)
        made["components"]["responses"][name] = json.loads(common)
        for one in responses:
            if status in one and json.dumps(one[status], sort_keys=True) == common:
                one[status] = {"$ref": f"#/components/responses/{name}"}


def _looks_like_operations(value: Any) -> bool:
    """Whether a member of an example has the name of a method in its own, such as postalCode.

    The linter of the API Design Rules takes that for an operation without a 400. The members' own examples,
    which stand in the schemas, say what such a body looks like.
    """
    if isinstance(value, dict):
        named = any(re.search("put|post|patch", name) for name in value)
        return named or any(map(_looks_like_operations, value.values()))
    return isinstance(value, list) and any(map(_looks_like_operations, value))


def _sendable(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's or a body's schema without null: what one does not send is left out."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != NULL]
    only = kinds[0] if len(kinds) == 1 else {}
    return only | {
        key: value for key, value in schema.items() if key != "title" and not (only and key == "anyOf")
    }


def _say_examples(made: dict[str, Any]) -> None:
    """Give the parts of the path, and the body, the examples that Swagger UI fills in."""
    for parameter in made.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in IN_PATHS:
            parameter["example"] = IN_PATHS[parameter["name"]]
    if made["operationId"] in IN_BODIES:
        made["requestBody"]["content"]["application/json"]["example"] = IN_BODIES[made["operationId"]]


def _say_conditional(made: dict[str, Any]) -> None:
    """Say what `core/http/conditional.py` does with every GET."""
    made["parameters"] = [*made.get("parameters", []), IF_NONE_MATCH]
    made["responses"]["200"].setdefault("headers", {})["ETag"] = {"$ref": "#/components/headers/ETag"}
    made["responses"]["304"] = {"description": "As it was: If-None-Match names what is current"}
    made["responses"]["412"] = {"description": "If-Match names what is not current"}


def _say_repeatable(responses: dict[str, Any]) -> None:
    """Say what `core/http/idempotency.py` does with a POST that has a key."""
    done = responses["201" if "201" in responses else "200"]
    done.setdefault("headers", {})[REPLAYED] = {"$ref": f"#/components/headers/{REPLAYED}"}
    responses["422"] = {"description": KeyReused.title}
    told = responses.setdefault("409", {"description": ""})
    told["description"] = "; ".join(filter(None, (told["description"], KeyInUse.title, AnswerErased.title)))


def _with_own_names(made: dict[str, Any]) -> dict[str, Any]:
    """The document with each schema under its title, and without those of the framework."""
    schemas: dict[str, Any] = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    # The route takes any form, to refuse it in OAuth's own words.
    without_defaults(schemas["Body_createToken"])
    schemas["Body_createToken"]["required"] = ["grant_type"]
    titles = {name: RENAMED.get(name) or schema.get("title", name) for name, schema in schemas.items()}
    made["components"]["schemas"] = {
        titles[name]: {**_untitled(schema), "title": titles[name]} for name, schema in sorted(schemas.items())
    }
    renamed: dict[str, Any] = _replaced(
        made, {f"{SCHEMAS}{old}": f"{SCHEMAS}{new}" for old, new in titles.items()}
    )
    return renamed


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without the framework's titles of members, which repeat their names."""
    members = schema.get("properties", {}).items()
    without = {name: {k: v for k, v in member.items() if k != "title"} for name, member in members}
    return {**schema, **({"properties": without} if without else {})}


def _replaced(node: Any, references: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            key: references.get(value, value) if key == "$ref" else _replaced(value, references)
            for key, value in node.items()
        }
    return [_replaced(one, references) for one in node] if isinstance(node, list) else node
