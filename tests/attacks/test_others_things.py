"""Attempts to reach what is somebody else's (IDOR): by every address, every filter and every way to ask.

Whoever may not see a thing gets the answer of a thing that does not exist: nothing tells that it is there.
"""

import re
from typing import Any

import httpx
import pytest

from tests.attacks.siege import Siege, arguments, letters, operation, queries, routes, same
from tests.whole.test_access import FILLED
from tests.world import PILOT

# What stands in addresses: things that are somebody's; links that open something by being known; the rest.
OWNED = {
    "registrationId": "01890000-0000-7000-8000-000000000000",
    "applicantId": "01890000-0000-7000-8000-000000000000",
    "number": "CCVO-2022-999999",
    "invoiceNumber": "MOCCA-2021-99999",
    "fileId": "01890000-0000-7000-8000-000000000000",
    "makeUpId": "01890000-0000-7000-8000-000000000000",
    "messageId": "01890000-0000-7000-8000-000000000000",
    "importId": "01890000-0000-7000-8000-000000000000",
    "webhookId": "01890000-0000-7000-8000-000000000000",
    "deliveryId": "01890000-0000-7000-8000-000000000000",
    "batchId": "01890000-0000-7000-8000-000000000000",
    "reviewId": "01890000-0000-7000-8000-000000000000",
}
LINKS = {"token", "receiptToken", "pageToken", "calendarToken", "holderToken", "code"}
EVERYBODYS = {
    "organisation": "public; its invoicing is the administrator's alone",
    "clientId": "the administrator's alone",
    "training": "public",
    "phase": "public",
    "edition": "public; what stands below it is filtered",
    "sessionId": "public; what stands below it is filtered",
    "drawId": "public",
    "kind": "a template, which is everybody's",
    "listId": "public",
    "on": "public",
}
PARAMETER = re.compile(r"{(\w+)}")
pytestmark = pytest.mark.usefixtures("module_untouched")
ALL = [(method, route.path) for method, route in routes()]
AIMED = [(method, path) for method, path in ALL if set(PARAMETER.findall(path)) & set(OWNED)]
BY_TOKEN = [aim for aim in AIMED if not set(PARAMETER.findall(aim[1])) & LINKS]
READ = [aim for aim in BY_TOKEN if aim[0] == "GET"]


def named(aim: tuple[str, str]) -> str:
    return " ".join(aim)


def ask(siege: Siege, who: str, method: str, path: str, **kwargs: Any) -> httpx.Response:
    """The answer to one of those who have no business there."""
    if who == "nobody":
        return siege.world.http.request(method, path, **kwargs)
    party = siege.world.fleck if who == "another partner" else siege.party(who)
    return party.request(method, path, **kwargs)


ROLES = {"another partner": "p", "outsider": "v", "ended": "", "nobody": ""}


def test_every_part_of_an_address_is_known_to_be_somebodys_or_everybodys() -> None:
    found = {name for _, path in ALL for name in PARAMETER.findall(path)}
    assert found == set(OWNED) | LINKS | set(EVERYBODYS)
    assert len(AIMED) > 60


@pytest.mark.parametrize("aim", BY_TOKEN, ids=named)
def test_who_has_no_business_there_cannot_tell_it_from_what_does_not_exist(
    siege: Siege, aim: tuple[str, str]
) -> None:
    method, path = aim
    theirs = siege.names
    nothing = {**theirs, **{name: value for name, value in OWNED.items() if name in PARAMETER.findall(path)}}
    for who, role in ROLES.items():
        one, other = (
            ask(siege, who, method, path.format(**names), **arguments(method, path))
            for names in (theirs, nothing)
        )
        expected = 401 if not role else 404 if role in letters(method, path) else 403
        assert one.status_code == expected, (who, one.text)
        assert same(one, other, theirs, nothing), (who, one.text, other.text)
        assert not [mark for mark in siege.spoils.marks if mark in one.text and mark not in str(one.url)]


@pytest.mark.parametrize("aim", READ, ids=named)
def test_neither_head_nor_conditions_nor_ranges_tell_that_it_is_there(
    siege: Siege, aim: tuple[str, str]
) -> None:
    path = aim[1]
    reader = {"p": siege.world.mocca, "v": siege.world.provider, "c": siege.world.lkca}.get(
        letters(*aim)[0], siege.world.admin
    )
    real, unreal = path.format(**siege.names), path.format(**{**siege.names, **OWNED})
    known = reader.get(real)
    assert known.status_code == 200, known.text
    assert reader.get(unreal).status_code == 404
    tag = known.headers.get("etag", '"x"')
    for way, more in (
        ("HEAD", {}),
        ("GET", {"If-None-Match": tag}),
        ("GET", {"If-None-Match": "*"}),
        ("GET", {"If-Match": tag}),
        ("GET", {"Range": "bytes=0-3"}),
        ("OPTIONS", {}),
    ):
        one, other = (siege.world.fleck.request(way, address, headers=more) for address in (real, unreal))
        assert one.status_code == other.status_code, (way, more, one.text, other.text)
        assert one.status_code in (204, 403, 404, 412), (way, more, one.status_code)
        assert one.status_code != 204 or way == "OPTIONS"
        assert one.headers.get("etag") == other.headers.get("etag")


CHANGED = [aim for aim in BY_TOKEN if aim[0] in ("PATCH", "PUT", "DELETE") or "/_" in aim[1]]


@pytest.mark.parametrize("aim", CHANGED, ids=named)
def test_knowing_the_tag_of_it_opens_nothing(siege: Siege, aim: tuple[str, str]) -> None:
    """The conditions on changes are looked at only after whose it is."""
    method, path = aim
    for condition in ("*", '"0000"'):
        answers = [
            siege.world.fleck.request(
                method,
                path.format(**{**siege.names, **names}),
                headers={"If-Match": condition},
                **arguments(method, path),
            )
            for names in ({}, OWNED)
        ]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].status_code in (403, 404), answers[0].text


def crossings() -> list[tuple[str, str, str]]:
    """Each operation below something of one's own, with what in its address is another's."""
    return [
        (method, path, names[-1])
        for method, path in ALL
        if len(names := [name for name in PARAMETER.findall(path) if name in {*OWNED, *LINKS}]) > 1
    ]


@pytest.mark.parametrize("crossing", crossings(), ids=" ".join)
def test_below_ones_own_nothing_of_another_is_found(siege: Siege, crossing: tuple[str, str, str]) -> None:
    method, path, last = crossing
    world, mixed = siege.world, {**siege.names, **siege.spoils.own, last: siege.spoils.theirs[last]}
    nothing = {**mixed, last: OWNED[last]}
    by_link = bool(set(PARAMETER.findall(path)) & LINKS)
    role = letters(method, path)[:1]
    call = world.http.request if by_link else (world.fleck if role == "p" else world.provider).request
    one, other = (call(method, path.format(**names), **arguments(method, path)) for names in (mixed, nothing))
    assert one.status_code == 404, one.text
    assert same(one, other, mixed, nothing), (one.text, other.text)


QUERIES = {
    "partner": "mocca",
    "q": "Geheimhouder",
    "registration": "registrationId",
    "subject": "registrationId",
}
PLAIN = {"limit", "cursor", "edition", "status", "sort", "kind", "type", "after", "training", "verdict"}
PLAIN |= {
    "outlook",
    "saved",
    "mode",
    "dryRun",
    "state",
    "lang",
    "language",
    "session",
    "If-None-Match",
    "phase",
}
LISTS = [
    (path, name)
    for method, path in ALL
    if method == "GET"
    for name in sorted(queries(operation(method, path)))
    if name in QUERIES and "p" in letters(method, path)
]


def test_every_filter_is_known_to_name_somebodys_things_or_none() -> None:
    found = {name for _, route in routes() for name in queries(route)}
    assert found <= set(QUERIES) | PLAIN, found - set(QUERIES) - PLAIN
    assert {name for _, name in LISTS} == set(QUERIES)


@pytest.mark.parametrize(("path", "name"), LISTS, ids=lambda one: one)
def test_no_filter_finds_what_is_anothers(siege: Siege, path: str, name: str) -> None:
    value = siege.spoils.theirs.get(QUERIES[name], QUERIES[name])
    other = {"partner": "buiten", "q": "Nergenshuizen"}.get(name, OWNED["registrationId"])
    there, nowhere = (siege.world.fleck.get(path, params={name: each}) for each in (value, other))
    assert there.status_code == nowhere.status_code
    assert same(there, nowhere, {"it": value}, {"it": other}), (there.text, nowhere.text)
    assert not [mark for mark in siege.spoils.marks if mark in there.text.replace(value, "")]


SHARED = [
    path
    for method, path in ALL
    if method == "GET" and not set(PARAMETER.findall(path)) & (set(OWNED) | LINKS)
]


@pytest.mark.parametrize("path", SHARED)
def test_what_several_may_read_holds_nothing_of_another_partner(siege: Siege, path: str) -> None:
    names = {**siege.names, "on": "2022-04-19", "kind": "waitlisted"}
    answer = siege.world.fleck.get(path.format(**names), params={"limit": 100} if _pages(path) else {})
    assert answer.status_code in (200, 403, 404), answer.text
    assert [mark for mark in siege.spoils.marks if mark.encode() in answer.content] == []
    assert not [mark for mark in siege.spoils.marks if mark in str(answer.headers)]


def _pages(path: str) -> bool:
    return "limit" in queries(operation("GET", path))


ENDED_LINKS = {
    "enrolment-forms": "token",
    "draw-receipts": "receiptToken",
    "personal-pages": "pageToken",
    "personal-calendars": "calendarToken",
    "holder-pages": "holderToken",
    "verifications": "code",
}


@pytest.mark.parametrize("folder", ENDED_LINKS)
def test_no_link_opens_another_door_than_its_own(siege: Siege, folder: str) -> None:
    """Each link's token at every other link's address, and the ids of things in the place of a token."""
    # A form's link shows its own draw receipt too: two doors with one key.
    one_key = {"enrolment-forms", "draw-receipts"}
    for other, name in ENDED_LINKS.items():
        if other != folder and not {other, folder} <= one_key:
            answer = siege.world.http.get(f"/v1/{folder}/{siege.spoils.theirs[name]}")
            assert answer.status_code == 404, (other, answer.text)
    for name in ("registrationId", "applicantId", "number", "invoiceNumber", "fileId"):
        assert siege.world.http.get(f"/v1/{folder}/{siege.spoils.theirs[name]}").status_code == 404, name


@pytest.mark.parametrize("folder", ENDED_LINKS)
@pytest.mark.parametrize(
    "change", ["last letter", "first letter", "longer", "shorter", "case", "padded", "zeros"]
)
def test_no_link_near_a_right_one_opens_anything(siege: Siege, folder: str, change: str) -> None:
    token = siege.spoils.theirs[ENDED_LINKS[folder]]
    turned = "B" if token[0] != "B" else "C"
    tried = {
        "last letter": token[:-2] + ("A" if token[-2] != "A" else "Q") + token[-1],
        "first letter": turned + token[1:],
        "longer": f"{token}A",
        "shorter": token[:-1],
        "case": token.swapcase(),
        "padded": f"{token}=",
        "zeros": "A" * len(token),
    }[change]
    assert siege.world.http.get(f"/v1/{folder}/{token}").status_code in (200, 409)
    answer = siege.world.http.get(f"/v1/{folder}/{tried}")
    assert answer.status_code in (400, 404), (tried, answer.text)
    assert not [mark for mark in siege.spoils.marks if mark in answer.text]


LISTED = (
    "registrations",
    "applicants",
    "attendance",
    "certificates",
    "invoices",
    "messages",
    "webhooks",
    "events",
)


@pytest.mark.parametrize("name", LISTED)
def test_what_another_does_moves_no_list_count_or_tag_of_ones_own(breach: Siege, name: str) -> None:
    world = breach.world
    before = world.fleck.get(f"/v1/{name}")
    assert before.json()["items"]
    theirs = breach.spoils.theirs
    changes = [
        world.mocca.patch(f"/v1/registrations/{theirs['registrationId']}", {"position": "nog geheimer"}),
        world.mocca.patch(f"/v1/applicants/{theirs['applicantId']}", {"phone": "+31600000001"}),
        world.mocca.post(f"/v1/webhooks/{theirs['webhookId']}/_rotate"),
        world.provider.post(f"/v1/invoices/{theirs['invoiceNumber']}/_credit", {"reason": "Fout"}),
        world.lkca.post(f"/v1/certificates/{theirs['number']}/_revoke", {"reason": "Fout"}),
    ]
    assert [answer.status_code for answer in changes] == [200, 200, 200, 201, 200]
    after = world.fleck.get(f"/v1/{name}")
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])
    same_tag = world.fleck.get(f"/v1/{name}", headers={"If-None-Match": before.headers["etag"]})
    assert same_tag.status_code == 304


@pytest.mark.parametrize("name", LISTED)
def test_a_cursor_of_another_shows_no_more_than_ones_own_list(siege: Siege, name: str) -> None:
    world = siege.world
    cursor = world.admin.get(f"/v1/{name}", params={"limit": 1}).json()["nextCursor"]
    assert cursor, name
    answer = world.fleck.get(f"/v1/{name}", params={"limit": 1, "cursor": cursor})
    assert answer.status_code in (200, 400), answer.text
    assert not [mark for mark in siege.spoils.marks if mark in answer.text]
    # A tag that another got for the same address is not the tag of this reader's list.
    tag = world.admin.get(f"/v1/{name}").headers["etag"]
    assert world.fleck.get(f"/v1/{name}", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    "name", ["edition/contact-hours", "invoices.csv", "certificates.csv", "registrations.csv"]
)
def test_a_table_of_all_holds_the_rows_of_its_reader_alone(siege: Siege, name: str) -> None:
    path = {
        "edition/contact-hours": f"/v1/editions/{PILOT}/contact-hours",
        "registrations.csv": "/v1/registration-exports/registrations.csv",
    }.get(name, f"/v1/editions/{PILOT}/{name}")
    theirs, own = siege.world.mocca.get(path), siege.world.fleck.get(path)
    mark = siege.spoils.own["invoiceNumber" if "invoices" in name else "registrationId"]
    if "certificates" in name:
        mark = siege.spoils.own["number"]
    assert mark in own.text
    assert mark not in theirs.text
    assert not [each for each in siege.spoils.marks if each in own.text]


def test_an_outsider_provider_sees_no_participants_of_an_edition_that_it_does_not_give(siege: Siege) -> None:
    outsider = siege.party("outsider")
    for path in ("registrations", "attendance", "certificates", "invoices"):
        answer = outsider.get(f"/v1/{path}")
        assert answer.json()["items"] == [], path
    for path in ("attendance.csv", "attendance.pdf", "check-in-code", "online-meeting"):
        answer = outsider.get(f"/v1/sessions/{siege.names['sessionId']}/{path}")
        assert answer.status_code in (403, 404), (path, answer.text)


def test_no_one_counts_what_there_is_by_filling_an_address_with_everything() -> None:
    """The access table's placeholders are all of what is above: none is right by chance."""
    assert {name for name in OWNED if name in FILLED} == set(OWNED)
