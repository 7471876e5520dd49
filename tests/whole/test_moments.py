"""The outermost moments, with their offsets: taken or refused by their year in UTC, and never a failure."""

from tests.world import PILOT, PUBLIC_SOURCE, World

# The outermost moments that are taken, the same with other offsets, and the first ones beyond.
TAKEN = (
    "0002-01-01T00:00:00Z",
    "0001-12-31T12:00:00-12:00",
    "0002-01-01T14:00:00+14:00",
    "9998-12-31T23:59:59.999999Z",
    "9999-01-01T13:59:59+14:00",
    "9998-12-31T11:59:59-12:00",
)
REFUSED = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "0001-12-31T23:59:59.999999Z",
    "0002-01-01T13:59:59+14:00",
    "9999-01-01T00:00:00Z",
    "9998-12-31T12:00:00-12:00",
    "9999-12-31T23:59:59-12:00",
    "9999-12-31T23:59:59.999999+14:00",
)
DRAWS = f"/v1/editions/{PILOT}/draws"
SESSION = {"title": "Ver weg", "mode": "online", "editions": [PILOT], "contactMinutes": 60}
EDITION = {"training": "cultuurcoordinator-vo", "title": "Ver weg", "region": "Noord", "capacity": 1}


def _sessions_and_editions(world: World, edge: str, number: int) -> list[int]:
    early = edge.startswith("000")
    times = {"startsAt": edge, "endsAt": "2030-01-01T00:00:00Z"}
    window = {"opensAt": edge, "closesAt": "2030-01-01T00:00:00Z"}
    if not early:
        times = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": edge}
        window = {"opensAt": "2020-01-01T00:00:00Z", "closesAt": edge}
    edition = {**EDITION, "slug": f"ver-{number}", "window": window, "formsDueAt": edge}
    answers = [
        world.admin.post("/v1/sessions", {**SESSION, **times, "allowOverlap": True}),
        world.admin.patch(f"/v1/sessions/{world.sessions()[-1]['id']}", {**times, "allowOverlap": True}),
        world.admin.post("/v1/editions", edition),
        world.admin.patch("/v1/editions/voorbeeld", {"window": window}),
        world.admin.patch("/v1/editions/voorbeeld", {"formsDueAt": edge}),
    ]
    for path in ("/v1/sessions", "/v1/editions", "/v1/editions/voorbeeld", f"/v1/sessions?edition={PILOT}"):
        read = world.http.get(path, params={"limit": 1} if path.endswith("s") else {})
        assert read.status_code == 200, path
    return [answer.status_code // 100 for answer in answers]


def test_a_session_and_an_edition_take_the_years_2_to_9998(world: World) -> None:
    for number, edge in enumerate(TAKEN):
        assert _sessions_and_editions(world, edge, number) == [2] * 5, edge
    for edge in REFUSED:
        assert _sessions_and_editions(world, edge, len(TAKEN)) == [4] * 5, edge
    cursor: str | None = ""
    while cursor is not None:
        page = world.http.get("/v1/sessions", params={"limit": "5", **({"cursor": cursor} if cursor else {})})
        assert page.status_code == 200
        cursor = page.json()["nextCursor"]


def test_a_draw_takes_them_or_says_what_is_wrong(world: World) -> None:
    world.complete()
    assert world.admin.patch(f"/v1/editions/{PILOT}", {"capacity": 0, "quotas": []}).status_code == 200
    world.at("2021-07-06T09:00+02:00")
    for edge in TAKEN + REFUSED:
        bodies = (
            {"beacon": {"kind": "drand", "at": edge}},
            {"beacon": {**PUBLIC_SOURCE, "availableAt": edge}},
            {"beacon": PUBLIC_SOURCE, "publishAt": edge},
        )
        for body in bodies:
            answer = world.admin.post(DRAWS, body)
            # What is past is refused too, but for drand's first round, which is the first from then on.
            assert answer.status_code in ((201, 400) if edge in TAKEN else (400,)), (edge, answer.text)
            if answer.status_code == 201:
                path = f"/v1/draws/{answer.json()['id']}"
                assert world.http.get(path).status_code == 200
                assert world.admin.post(f"{path}/_void", {"reason": "Proef."}).status_code == 200
