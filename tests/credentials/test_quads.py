"""Canonical N-Quads: the same for the same facts, and nothing that the table does not know."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.credentials.quads import MOST_BLANKS, NotCanonical, canonical

SUBJECT: dict[str, Any] = {
    "id": "urn:uuid:01890000-0000-7000-8000-000000000000",
    "type": ["AchievementSubject"],
}


def _subject(**members: Any) -> dict[str, Any]:
    return {**SUBJECT, **members}


def test_a_document_becomes_sorted_lines() -> None:
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "https://register.example/v1/status-lists/1",
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": "did:web:register.example",
        "validFrom": "2022-04-20T10:00:00Z",
        "credentialSubject": {
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": "uX",
        },
    }
    credential, status = "https://www.w3.org/2018/credentials#", "https://www.w3.org/ns/credentials/status#"
    type = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    own, moment = "https://register.example/v1/status-lists/1", "http://www.w3.org/2001/XMLSchema#dateTime"
    assert canonical(document).splitlines() == [
        f"<{own}> <{type}> <{credential}VerifiableCredential> .",
        f"<{own}> <{type}> <{status}BitstringStatusListCredential> .",
        f"<{own}> <{credential}credentialSubject> _:c14n0 .",
        f"<{own}> <{credential}issuer> <did:web:register.example> .",
        f'<{own}> <{credential}validFrom> "2022-04-20T10:00:00Z"^^<{moment}> .',
        f"_:c14n0 <{type}> <{status}BitstringStatusList> .",
        f'_:c14n0 <{status}encodedList> "uX"^^<https://w3id.org/security#multibase> .',
        f'_:c14n0 <{status}statusPurpose> "revocation" .',
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('"', '\\"'),
        ("\\", "\\\\"),
        ("a\nb", "a\\nb"),
        ("a\tb", "a\\tb"),
        ("’t Hooft é 𝓒", "’t Hooft é 𝓒"),
        ("\u007f", "\\u007F"),
        ("\u0001", "\\u0001"),
        ("\u0085\u2028", "\u0085\u2028"),
    ],
)
def test_texts_are_escaped_where_the_standard_says(text: str, written: str) -> None:
    assert f'"{written}" .\n' in canonical(_subject(licenseNumber=text))


@given(
    st.permutations(["licenseNumber", "identifier", "activityStartDate", "activityEndDate"]), st.booleans()
)
def test_the_order_of_members_and_of_sets_makes_no_difference(names: list[str], turned: bool) -> None:
    identities = [
        {"type": "IdentityObject", "identityHash": identity, "hashed": hashed, "identityType": "name"}
        for identity, hashed in (("Noor", False), ("sha256$00", True))
    ]
    members = {
        "licenseNumber": "CCVO-2022-000001",
        "identifier": identities[::-1] if turned else identities,
        "activityStartDate": "2021-10-07",
        "activityEndDate": "2022-04-07",
    }
    assert canonical(_subject(**{name: members[name] for name in names})) == canonical(_subject(**members))


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_texts_give_different_lines(one: str, other: str) -> None:
    same = canonical(_subject(licenseNumber=one)) == canonical(_subject(licenseNumber=other))
    assert same is (one == other)


@pytest.mark.parametrize(
    "document",
    [
        _subject(unknown="x"),
        {**SUBJECT, "type": ["Unknown"]},
        _subject(licenseNumber=7),
        _subject(licenseNumber=None),
        _subject(achievement={"id": "no address", "type": ["Achievement"]}),
        {**SUBJECT, "id": "https://register.example/<x>"},
        {"issuer": "nobody"},
        {"issuer": 7},
        _subject(identifier=[{"type": "IdentityObject"}, {"type": "IdentityObject"}]),
    ],
    ids=lambda one: json.dumps(one)[-40:],
)
def test_what_the_table_does_not_know_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(NotCanonical):
        canonical(document)


def test_a_document_with_far_more_nodes_than_ours_is_refused() -> None:
    nodes = [{"name": str(n)} for n in range(MOST_BLANKS + 1)]
    assert f"_:c14n{MOST_BLANKS - 1} " in canonical(_subject(evidence=nodes[1:]))
    with pytest.raises(NotCanonical, match="more than"):
        canonical(_subject(evidence=nodes))
