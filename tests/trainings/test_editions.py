"""Editions: read by all, added and changed by an administrator."""

from functools import partial

from tests.world import JSON, PILOT, World

PATH = f"/v1/editions/{PILOT}"
# For how many months what is kept, where an edition says nothing of it.
RETENTION = {
    "unsuccessful": 6,
    "motivation": 6,
    "forms": 12,
    "attendance": 24,
    "evidence": 24,
    "messages": 12,
    "participants": 24,
    "invoices": 84,
}
ZUID: JSON = {
    "slug": "zuid-2022",
    "training": "cultuurcoordinator-vo",
    "title": "Zuid 2022-2023",
    "region": "Zuid",
    "timeZone": "Europe/Amsterdam",
    "window": {"opensAt": "2022-06-08T00:00:00+02:00", "closesAt": "2022-07-06T00:00:00+02:00"},
    "capacity": 16,
    "quotas": [
        {"organisation": "kunst-centraal", "minimum": 0, "maximum": 0},
        {"organisation": "fleck", "minimum": 1, "maximum": 16},
    ],
    "providers": ["neos", "mocca"],
    "formsDueAt": "2022-07-10T00:00:00+02:00",
    "answerDays": 14,
    "unfilledMinimum": "held",
    "carryOver": {"mode": "weight", "weight": 3},
}


def faults(world: World, method: str, path: str, body: JSON) -> set[tuple[str, str]]:
    """The pointers and codes of what is refused in this body."""
    answer = world.admin.request(method, path, json=body)
    assert answer.status_code == 400, answer.text
    return {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}


def test_the_pilot_is_as_it_was_announced(world: World) -> None:
    answer = world.http.get(PATH)
    assert answer.json() == {
        "slug": PILOT,
        "training": "cultuurcoordinator-vo",
        "title": "Pilot Noord/Midden 2021-2022",
        "region": "Noord/Midden",
        "timeZone": "Europe/Amsterdam",
        "window": {"opensAt": "2021-06-07T22:00:00Z", "closesAt": "2021-07-05T22:00:00Z"},
        "capacity": 20,
        "quotas": [{"organisation": "fleck", "minimum": 2, "maximum": 4}],
        "providers": ["kunst-centraal", "mocca", "neos"],
        "seats": {"capacity": 20, "taken": 0, "free": 20, "waiting": 0},
        "formsDueAt": None,
        "answerDays": None,
        "unfilledMinimum": "released",
        "carryOver": {"mode": "none", "weight": None},
        "priceCents": 75_000,
        "invoicedBy": None,
        "vat": None,
        "formReminderDays": [],
        "formRequired": [],
        "mailsApplicants": True,
        "minimumContactMinutes": 1200,
        "retention": RETENTION,
    }
    listed = world.http.get("/v1/editions").json()["items"]
    assert [item["slug"] for item in listed] == [PILOT, "voorbeeld"]
    assert listed[0] == answer.json()


def test_an_edition_is_added(world: World) -> None:
    answer = world.admin.post("/v1/editions", ZUID)
    made = answer.json()
    assert answer.status_code == 201, answer.text
    assert made == {
        **ZUID,
        "window": {"opensAt": "2022-06-07T22:00:00Z", "closesAt": "2022-07-05T22:00:00Z"},
        "quotas": sorted(ZUID["quotas"], key=lambda quota: str(quota["organisation"])),
        "providers": ["mocca", "neos"],
        "formsDueAt": "2022-07-09T22:00:00Z",
        "seats": {"capacity": 16, "taken": 0, "free": 16, "waiting": 0},
        "priceCents": 75_000,
        "invoicedBy": None,
        "vat": None,
        "formReminderDays": [7, 2],
        "formRequired": [],
        "mailsApplicants": True,
        "minimumContactMinutes": 1200,
        "retention": RETENTION,
    }
    again = world.http.get(answer.headers["location"])
    assert (again.json(), again.headers["etag"]) == (made, answer.headers["etag"])
    [event] = world.events("edition.added")
    assert (event["subject"], event["edition"]) == ("zuid-2022", "zuid-2022")


def test_what_an_edition_may_leave_out_gets_its_default(world: World) -> None:
    optional = {
        "timeZone",
        "quotas",
        "providers",
        "formsDueAt",
        "answerDays",
        "unfilledMinimum",
        "carryOver",
    }
    body = {name: value for name, value in ZUID.items() if name not in optional}
    made = world.admin.post("/v1/editions", body).json()
    assert {name: made[name] for name in optional} == {
        "timeZone": "Europe/Amsterdam",
        "quotas": [],
        "providers": [],
        "formsDueAt": None,
        "answerDays": None,
        "unfilledMinimum": "released",
        "carryOver": {"mode": "none", "weight": None},
    }


def test_a_slug_that_is_taken_is_a_conflict(world: World) -> None:
    requests = [partial(world.admin.post, "/v1/editions", ZUID) for _ in range(4)]
    assert sorted(answer.status_code for answer in world.http.together(requests)) == [201] + [409] * 3
    answer = world.admin.post("/v1/editions", {**ZUID, "slug": PILOT})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "edition-exists")


def test_a_body_that_is_no_edition_names_every_fault(world: World) -> None:
    body = {
        "slug": "Zuid",
        "training": 7,
        "title": "",
        "timeZone": "Europe/Nergens",
        "window": {"opensAt": "2022-06-08", "closesAt": None},
        "capacity": -1,
        "quotas": [{"organisation": "fleck", "minimum": 3, "maximum": 2}, {"organisation": "mocca"}],
        "providers": "mocca",
        "answerDays": 0,
        "seats": {},
    }
    assert {pointer for pointer, _ in faults(world, "POST", "/v1/editions", body)} == {
        "#/slug",
        "#/training",
        "#/title",
        "#/region",
        "#/timeZone",
        "#/window/opensAt",
        "#/window/closesAt",
        "#/capacity",
        "#/quotas/0",
        "#/quotas/1/minimum",
        "#/quotas/1/maximum",
        "#/providers",
        "#/answerDays",
        "#/seats",
    }


def test_every_name_that_is_unknown_comes_in_one_answer(world: World) -> None:
    body = {
        **ZUID,
        "training": "nergens",
        "quotas": [
            {"organisation": "nergens", "minimum": 0, "maximum": 1},
            {"organisation": "fleck", "minimum": 0, "maximum": 1},
            {"organisation": "neos", "minimum": 0, "maximum": 1},
        ],
        "providers": ["fleck", "mocca", "nergens"],
    }
    assert faults(world, "POST", "/v1/editions", body) == {
        ("#/training", "unknown-training"),
        ("#/quotas/0/organisation", "unknown-organisation"),
        ("#/quotas/2/organisation", "wrong-role"),
        ("#/providers/0", "wrong-role"),
        ("#/providers/2", "unknown-organisation"),
    }


def test_a_partner_has_one_quota(world: World) -> None:
    quota = {"organisation": "fleck", "minimum": 0, "maximum": 1}
    assert faults(world, "PATCH", PATH, {"quotas": [quota, quota]}) == {("#/quotas", "duplicate")}


def test_a_window_closes_after_it_opens(world: World) -> None:
    moment = "2022-06-08T00:00:00Z"
    window = {"opensAt": moment, "closesAt": moment}
    assert faults(world, "POST", "/v1/editions", {**ZUID, "window": window}) == {("#/window", "window")}
    assert faults(world, "PATCH", PATH, {"window": {"closesAt": "2021-06-07T22:00:00Z"}}) == {
        ("#/window", "window")
    }
    assert faults(world, "PATCH", PATH, {"window": {"opensAt": "2021-07-06T00:00:00+02:00"}}) == {
        ("#/window", "window")
    }


def test_absent_stays_as_it_is(world: World) -> None:
    kept = world.http.get(PATH).json()
    window = {"opensAt": "2021-06-07T22:00:00Z", "closesAt": "2021-07-31T22:00:00Z"}
    due = {"formsDueAt": "2021-07-09T22:00:00Z", "answerDays": 7}
    none = {"capacity": 0, "seats": {"capacity": 0, "taken": 0, "free": 0, "waiting": 0}}
    changes: list[tuple[JSON, JSON]] = [
        ({}, {}),
        ({"title": " Pilot "}, {"title": "Pilot"}),
        ({"capacity": 0}, none),
        ({"window": {}}, {}),
        ({"window": {"closesAt": "2021-08-01T00:00:00+02:00"}}, {"window": window}),
        ({"quotas": []}, {"quotas": []}),
        ({"providers": ["neos", "neos"]}, {"providers": ["neos"]}),
        ({"formsDueAt": "2021-07-10T00:00:00+02:00", "answerDays": 7}, due),
        ({"region": "Midden"}, {"region": "Midden"}),
    ]
    for change, after in changes:
        kept = {**kept, **after}
        answer, again = world.admin.patch(PATH, change), world.http.get(PATH)
        assert (answer.status_code, answer.json(), again.json()) == (200, kept, kept)
        assert again.headers["etag"] == answer.headers["etag"]


def test_null_clears_where_a_null_can_be(world: World) -> None:
    world.admin.patch(PATH, {"formsDueAt": "2021-07-10T00:00:00+02:00", "answerDays": 7})
    answer = world.admin.patch(PATH, {"formsDueAt": None, "answerDays": None})
    assert (answer.json()["formsDueAt"], answer.json()["answerDays"]) == (None, None)
    required = ("title", "region", "window", "capacity", "quotas", "providers")
    refused = faults(world, "PATCH", PATH, dict.fromkeys(required))
    assert {pointer for pointer, _ in refused} == {f"#/{name}" for name in required}


def test_what_an_edition_is_cannot_be_changed(world: World) -> None:
    body = {"slug": "x", "training": "x", "timeZone": "Europe/London", "seats": {}, "frozen": True}
    refused = faults(world, "PATCH", PATH, body)
    assert refused == {(f"#/{name}", "extra-forbidden") for name in body}


def test_a_change_is_made_against_what_was_seen(world: World) -> None:
    headers = {"If-Match": world.http.get(PATH).headers["etag"]}
    requests = [
        partial(world.admin.patch, PATH, {"capacity": 21 + number}, headers=headers) for number in range(4)
    ]
    assert sorted(answer.status_code for answer in world.http.together(requests)) == [200] + [412] * 3
    assert len(world.events("edition.changed")) == 1


def test_a_registration_changes_the_tag_only_when_it_takes_a_seat(world: World) -> None:
    before = world.http.get(PATH).headers["etag"]
    world.complete()
    assert world.http.get(PATH).headers["etag"] == before
    world.draw()
    assert world.http.get(PATH).headers["etag"] != before
    assert world.http.get(PATH).json()["seats"] == {"capacity": 20, "taken": 1, "free": 19, "waiting": 0}


def test_there_are_never_fewer_seats_than_are_taken(world: World) -> None:
    for _ in range(2):
        world.complete(world.mocca)
    world.draw()
    answer = world.admin.patch(PATH, {"capacity": 1})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "capacity-too-low")
    assert world.admin.patch(PATH, {"capacity": 2}).json()["seats"]["free"] == 0


def test_the_widest_window_can_be_read_back(world: World) -> None:
    """The database knows two infinities; a moment must not become one of them."""
    window = {"opensAt": "0001-01-01T00:00:00Z", "closesAt": "9999-12-31T23:59:59.999999Z"}
    answer = world.admin.patch(PATH, {"window": window})
    assert answer.status_code in (200, 400)
    assert world.http.get("/v1/editions").status_code == 200
    if answer.status_code == 200:
        assert world.http.get(PATH).json()["window"] == window


def test_only_an_administrator_adds_and_changes(world: World) -> None:
    for party in (world.fleck, world.provider, world.lkca):
        assert party.post("/v1/editions", ZUID).status_code == 403
        assert party.patch(PATH, {"capacity": 99}).status_code == 403
    assert world.http.post("/v1/editions", json=ZUID).status_code == 401
    assert world.http.get(PATH).json()["capacity"] == 20


def test_what_is_not_there_is_not_found(world: World) -> None:
    assert world.http.get("/v1/editions/nergens").status_code == 404
    assert world.admin.patch("/v1/editions/nergens", {}).status_code == 404


def test_how_long_what_is_kept_is_an_editions_own(world: World) -> None:
    path = f"/v1/editions/{PILOT}"
    changed = world.admin.patch(path, {"retention": {"forms": 3, "invoices": 120}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["retention"] == {**RETENTION, "forms": 3, "invoices": 120}
    # The law's seven years are the least, and nothing is kept for ever.
    for wrong in ({"invoices": 83}, {"forms": 0}, {"evidence": 241}, {"wishes": 1}):
        assert world.admin.patch(path, {"retention": wrong}).status_code == 400
    made = world.admin.post("/v1/editions", {**ZUID, "retention": {"participants": 60}})
    assert made.json()["retention"] == {**RETENTION, "participants": 60}
