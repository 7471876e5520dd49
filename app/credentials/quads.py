"""A credential as canonical N-Quads, which a proof is made over (RDF Dataset Canonicalization 1.0).

No context is ever fetched: TERMS says of every term in use which IRI it stands for, as the two official
contexts (VC 2.0 and Open Badges 3.0.3) say, and any other term is refused. Pure.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]

CREDENTIALS = "https://www.w3.org/2018/credentials#"
STATUS = "https://www.w3.org/ns/credentials/status#"
SECURITY = "https://w3id.org/security#"
BADGES = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
SCHEMA = "https://schema.org/"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
XSD = "http://www.w3.org/2001/XMLSchema#"
# The context of Open Badges writes the namespace of XML Schema with https, and so must we.
BADGES_XSD = "https://www.w3.org/2001/XMLSchema#"

ID = "@id"  # the value is an IRI, or a node
PLAIN = f"{XSD}string"  # the value is a text, or a node

# Term: its IRI, and what its value is: ID, PLAIN or a datatype.
TERMS: dict[str, tuple[str, str]] = {
    "issuer": (f"{CREDENTIALS}issuer", ID),
    "validFrom": (f"{CREDENTIALS}validFrom", f"{XSD}dateTime"),
    "credentialSubject": (f"{CREDENTIALS}credentialSubject", ID),
    "credentialStatus": (f"{CREDENTIALS}credentialStatus", ID),
    "evidence": (f"{CREDENTIALS}evidence", ID),
    "name": (f"{SCHEMA}name", PLAIN),
    "description": (f"{SCHEMA}description", PLAIN),
    "url": (f"{SCHEMA}url", f"{BADGES_XSD}anyURI"),
    "inLanguage": (f"{SCHEMA}inLanguage", PLAIN),
    "value": (f"{SCHEMA}value", PLAIN),
    "targetName": (f"{SCHEMA}targetName", PLAIN),
    "targetUrl": (f"{SCHEMA}targetUrl", f"{BADGES_XSD}anyURI"),
    "targetDescription": (f"{SCHEMA}targetDescription", PLAIN),
    "targetFramework": (f"{SCHEMA}targetFramework", PLAIN),
    "achievement": (f"{BADGES}achievement", PLAIN),
    "achievementType": (f"{BADGES}achievementType", PLAIN),
    "activityStartDate": (f"{BADGES}activityStartDate", f"{BADGES_XSD}date"),
    "activityEndDate": (f"{BADGES}activityEndDate", f"{BADGES_XSD}date"),
    "alignment": (f"{BADGES}alignment", PLAIN),
    "criteria": (f"{BADGES}Criteria", ID),
    "hashed": (f"{BADGES}hashed", f"{BADGES_XSD}boolean"),
    "humanCode": (f"{BADGES}humanCode", PLAIN),
    "identifier": (f"{BADGES}identifier", PLAIN),
    "identityHash": (f"{BADGES}identityHash", PLAIN),
    "identityType": (f"{BADGES}identityType", PLAIN),
    "licenseNumber": (f"{BADGES}licenseNumber", PLAIN),
    "narrative": (f"{BADGES}narrative", PLAIN),
    "requiredValue": (f"{BADGES}requiredValue", PLAIN),
    "result": (f"{BADGES}result", PLAIN),
    "resultDescription": (f"{BADGES}resultDescription", PLAIN),
    "resultType": (f"{BADGES}resultType", PLAIN),
    "salt": (f"{BADGES}salt", PLAIN),
    "encodedList": (f"{STATUS}encodedList", f"{SECURITY}multibase"),
    "statusPurpose": (f"{STATUS}statusPurpose", PLAIN),
    "statusListIndex": (f"{STATUS}statusListIndex", PLAIN),
    "statusListCredential": (f"{STATUS}statusListCredential", ID),
    "created": ("http://purl.org/dc/terms/created", f"{XSD}dateTime"),
    "cryptosuite": (f"{SECURITY}cryptosuite", f"{SECURITY}cryptosuiteString"),
    "verificationMethod": (f"{SECURITY}verificationMethod", ID),
    "proofPurpose": (f"{SECURITY}proofPurpose", ID),
}
# A term that means something else inside a node of this type.
SCOPED: dict[tuple[str, str], tuple[str, str]] = {
    ("Result", "resultDescription"): (f"{BADGES}resultDescription", f"{BADGES_XSD}anyURI"),
}
TYPES: dict[str, str] = {
    "VerifiableCredential": f"{CREDENTIALS}VerifiableCredential",
    "BitstringStatusListCredential": f"{STATUS}BitstringStatusListCredential",
    "BitstringStatusListEntry": f"{STATUS}BitstringStatusListEntry",
    "BitstringStatusList": f"{STATUS}BitstringStatusList",
    "DataIntegrityProof": f"{SECURITY}DataIntegrityProof",
    "Alignment": f"{SCHEMA}AlignmentObject",
    **{
        name: f"{BADGES}{name}"
        for name in (
            "OpenBadgeCredential",
            "Achievement",
            "AchievementSubject",
            "Criteria",
            "Evidence",
            "IdentityObject",
            "Profile",
            "Result",
            "ResultDescription",
        )
    },
}
# Ours have 7. To name them takes time with the square of their number.
MOST_BLANKS = 100
# Words that a term of kind ID takes for an IRI.
NAMED = {"assertionMethod": f"{SECURITY}assertionMethod"}
_ESCAPES = {
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
    **{chr(code): f"\\u{code:04X}" for code in (*range(8), 0x0B, *range(0x0E, 0x20), 0x7F)},
}
_ESCAPED = str.maketrans(_ESCAPES)


class NotCanonical(ValueError):
    """The document holds what this table has no meaning for, or two nodes that nothing tells apart."""


@dataclass
class _Dataset:
    """Statements as (subject, predicate, object), where a blank node's name begins with _:b."""

    quads: list[tuple[str, str, str]] = field(default_factory=list)
    blanks: int = 0


def canonical(document: Json) -> str:
    """The canonical N-Quads of a credential, a status list or the options of a proof, each line with its end.

    Raises NotCanonical for a term, a type or a value that the table does not know.
    """
    dataset = _Dataset()
    _node(dataset, {name: value for name, value in document.items() if name != "@context"})
    labels = _labels(dataset)
    lines = {
        f"{labels.get(subject, subject)} {predicate} {labels.get(value, value)} .\n"
        for subject, predicate, value in dataset.quads
    }
    return "".join(sorted(lines))


def _node(dataset: _Dataset, node: Json) -> str:
    """Add what is said of a node; gives its name in the statements."""
    if "id" in node:
        subject = _iri(node["id"])
    else:
        if dataset.blanks == MOST_BLANKS:
            raise NotCanonical(f"more than {MOST_BLANKS} nodes without an id")
        subject = f"_:b{dataset.blanks}"
        dataset.blanks += 1
    types = _several(node.get("type", []))
    for name in types:
        if name not in TYPES:
            raise NotCanonical(f"unknown type {name}")
        dataset.quads.append((subject, f"<{RDF_TYPE}>", f"<{TYPES[name]}>"))
    for term, value in node.items():
        if term not in ("id", "type"):
            iri, kind = _meaning(types, term)
            for one in _several(value):
                dataset.quads.append((subject, f"<{iri}>", _object(dataset, one, kind)))
    return subject


def _meaning(types: list[Any], term: str) -> tuple[str, str]:
    for name in types:
        if (name, term) in SCOPED:
            return SCOPED[name, term]
    if term not in TERMS:
        raise NotCanonical(f"unknown term {term}")
    return TERMS[term]


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _object(dataset: _Dataset, value: Any, kind: str) -> str:
    if isinstance(value, Mapping):
        return _node(dataset, value)
    if kind == ID:
        return _iri(NAMED.get(value, value))
    if kind == f"{BADGES_XSD}boolean" and isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, str):
        raise NotCanonical(f"no text: {value!r}")
    literal = f'"{value.translate(_ESCAPED)}"'
    return literal if kind == PLAIN else f"{literal}^^<{kind}>"


def _iri(value: Any) -> str:
    if not isinstance(value, str) or ":" not in value or any(one in value for one in '<>"{}|^`\\ \n'):
        raise NotCanonical(f"no IRI: {value!r}")
    return f"<{value}>"


def _labels(dataset: _Dataset) -> dict[str, str]:
    """The canonical names of the blank nodes: in the order of their first-degree hashes (section 4.6).

    Our documents are small trees in which these hashes differ; where two are equal, NotCanonical is raised
    instead of comparing their surroundings.
    """
    hashes = {f"_:b{n}": _first_degree(dataset, f"_:b{n}") for n in range(dataset.blanks)}
    if doubles := [name for name, count in Counter(hashes.values()).items() if count > 1]:
        raise NotCanonical(f"{len(doubles)} pairs of nodes look alike")
    ordered = sorted(hashes, key=lambda name: hashes[name])
    return {name: f"_:c14n{n}" for n, name in enumerate(ordered)}


def _first_degree(dataset: _Dataset, blank: str) -> str:
    lines = sorted(_seen_from(dataset, blank))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _seen_from(dataset: _Dataset, blank: str) -> Iterator[str]:
    for quad in dataset.quads:
        if blank in (quad[0], quad[2]):
            subject, predicate, value = (
                ("_:a" if part == blank else "_:z") if part.startswith("_:b") else part for part in quad
            )
            yield f"{subject} {predicate} {value} .\n"
