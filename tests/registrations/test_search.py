"""Search: what people type finds whom they mean, and only whom they mean; the index answers."""

import itertools
import unicodedata
from functools import partial

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import registry

from app import migrate
from app.identity.caller import ROLE_SCOPES, Caller, Role
from app.registrations import search
from app.registrations.lists import holds
from app.registrations.service import rows
from tests.conftest import sql
from tests.world import JSON, World

quick = hypothesis.settings(max_examples=100, deadline=None)
ROWS = 30_000


def found(world: World, q: str, **query: str) -> list[str]:
    """The ids that a search gives."""
    answer = world.admin.get("/v1/registrations", params={"q": q, "limit": "100", **query})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.fixture
def people(world: World) -> dict[str, JSON]:
    """Some names as they are in the Netherlands."""
    applicants = {
        "noor": {"email": "n_meer@lyceum.example"},
        "jose": {
            "givenName": "José",
            "familyNamePrefix": None,
            "familyName": "Núñez",
            "email": "j@x.example",
        },
        "hooft": {
            "givenName": "Søren",
            "familyNamePrefix": "’t",
            "familyName": "Hooft",
            "email": "h@x.example",
        },
        "ijsbrand": {"givenName": "Ĳsbrand", "familyNamePrefix": None, "familyName": "Groß"},
        "mononym": {"givenName": None, "familyNamePrefix": None, "familyName": "Suharto"},
    }
    return {
        name: world.register(applicant=applicant, school={"name": f"School 100% {name}", "city": "Almere"})
        for name, applicant in applicants.items()
    }


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("jose", ["jose"]),
        ("JOSÉ", ["jose"]),
        ("jose\u0301", ["jose"]),
        ("nunez jose", ["jose"]),
        ("meer", ["noor"]),
        ("van der meer", ["noor"]),
        ("Meer van der Noor", ["noor"]),
        ("noor  meer", ["noor"]),
        ("noor hooft", []),
        ("'t hooft", ["hooft"]),
        ("’t Hooft", ["hooft"]),
        ("soren", ["hooft"]),
        ("ijsbrand gross", ["ijsbrand"]),
        ("GROẞ", ["ijsbrand"]),
        ("suh", ["mononym"]),
        ("su", ["mononym"]),
        ("uharto", ["mononym"]),
        ("n_meer", ["noor"]),
        ("n_meer@lyceum.example", ["noor"]),
        ("n%meer", []),
        ("_ooft", []),
        ("\\", []),
        ("100%", ["noor", "jose", "hooft", "ijsbrand", "mononym"]),
        ("100% jose", ["jose"]),
        ("%", ["noor", "jose", "hooft", "ijsbrand", "mononym"]),
        ("%%", []),
        ("a%", []),
        ("0%", ["noor", "jose", "hooft", "ijsbrand", "mononym"]),
        ("_", ["noor"]),
        ("__", []),
        ("a_", []),
        ("ij", ["ijsbrand"]),
        ("school alm", ["noor", "jose", "hooft", "ijsbrand", "mononym"]),
        ("zzz", []),
        ("¨", []),
    ],
)
def test_what_is_typed_finds_whom_is_meant(
    world: World, people: dict[str, JSON], q: str, names: list[str]
) -> None:
    assert found(world, q) == [people[name]["id"] for name in names]


@pytest.mark.parametrize("q", ["", " ", "\u200b", "\u00ad\u200d", "\u0301", "\x00", "x" * 101])
def test_what_holds_nothing_to_look_for_is_refused(world: World, q: str) -> None:
    answer = world.admin.get("/v1/registrations", params={"q": q})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/q")


def test_a_search_goes_with_filters_and_rights(world: World, people: dict[str, JSON]) -> None:
    theirs = world.register(world.mocca, edition="voorbeeld", applicant={"givenName": "José"})
    assert found(world, "jose") == [people["jose"]["id"], theirs["id"]]
    assert found(world, "jose", partner="mocca") == [theirs["id"]]
    assert [one["id"] for one in world.mocca.get("/v1/registrations?q=jose").json()["items"]] == [
        theirs["id"]
    ]


def test_what_is_corrected_is_found_by_what_it_is_now(world: World) -> None:
    made = world.register()
    applicant = f"/v1/applicants/{made['applicant']['id']}"
    world.fleck.patch(applicant, {"familyName": "Ågren", "email": "nieuw@school.example"})
    world.fleck.patch(f"/v1/registrations/{made['id']}", {"school": {"name": "Het Échte College"}})
    for q in ("agren", "nieuw@school", "echte", "noor almere"):
        assert found(world, q) == [made["id"]], q
    for q in ("meer", "lyceum"):
        assert found(world, q) == [], q


def test_a_name_and_a_school_that_change_at_once_are_both_found(world: World) -> None:
    made = world.register()
    applicant, registration = f"/v1/applicants/{made['applicant']['id']}", f"/v1/registrations/{made['id']}"
    for turn in range(8):
        answers = world.http.together(
            [
                partial(world.fleck.patch, applicant, {"familyName": f"Naam{turn}"}),
                partial(world.fleck.patch, registration, {"school": {"name": f"School{turn}"}}),
            ]
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        assert found(world, f"naam{turn} school{turn}") == [made["id"]]


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)


@quick
@given(texts)
def test_folding_is_settled_after_once(text: str) -> None:
    assert search.fold(search.fold(text)) == search.fold(text)
    assert search.fold(unicodedata.normalize("NFD", text)) == search.fold(unicodedata.normalize("NFC", text))


@quick
@given(texts, texts)
def test_each_word_of_a_text_is_found_in_it(before: str, text: str) -> None:
    searched = search.search_text(before, text)
    for word in search.words(text):
        assert word in searched
        assert set(search.grams(word)) <= {searched[n : n + 3] for n in range(len(searched))}


@pytest.fixture
def many(world: World) -> World:
    """The pilot with enough registrations for the planner to think of indexes."""
    sql(
        world.database_url,
        f"""INSERT INTO applicant (id, partner, given_name, family_name, email, search_text)
            SELECT md5('a' || n)::uuid, 'fleck', 'Noor', md5(n::text), n || '@school.example',
              concat_ws(E'\\n', 'noor', md5(n::text), n || '@school.example', 'het lyceum', 'almere')
              FROM generate_series(1, {ROWS}) n""",
        f"""INSERT INTO registration (id, edition, partner, applicant, email_key, school_name, school_city,
              status, received_at, name_key)
            SELECT md5('r' || n)::uuid, 'voorbeeld', 'fleck', md5('a' || n)::uuid, n || '@school.example',
              'Het Lyceum', 'Almere', 'received', now() - n * interval '1 minute',
              md5(n::text) || E'\\tnoor' FROM generate_series(1, {ROWS}) n""",
        f"""INSERT INTO enrolment_form (registration, token_digest)
            SELECT md5('r' || n)::uuid, sha256(n::text::bytea) FROM generate_series(1, {ROWS}) n""",
        "VACUUM ANALYZE registration, applicant",
        "ANALYZE",
    )
    return world


def plan(world: World, query: sa.Select[tuple[object]]) -> str:
    """How the database goes about a query, values written out."""
    compiled = query.compile(
        dialect=registry.load("postgresql.asyncpg")(), compile_kwargs={"literal_binds": True}
    )
    return "\n".join(row[0] for row in sql(world.database_url, f"EXPLAIN {compiled}"))


def test_searches_and_sorts_go_by_an_index(many: World) -> None:
    caller = Caller("x", "lkca", Role.ADMIN, ROLE_SCOPES[Role.ADMIN])
    by_time = ("registration.received_at", "registration.id")
    for q in ("noor 12345@school", "c4ca4238a0b9", "zzzz"):
        query = rows(caller).where(holds(q)).order_by(*map(sa.text, by_time)).limit(51)
        assert "Bitmap Index Scan on ix_applicant_search" in plan(many, query), q
    [one] = found(many, "c4ca4238a0b923820dcc NOOR")
    assert many.admin.get(f"/v1/registrations/{one}").json()["applicant"]["familyName"].startswith("c4ca42")

    # Each sort goes by an index too, in both directions.
    wanted = itertools.product((Role.ADMIN, Role.PARTNER), ("received_at", "name_key"), ("ASC", "DESC"))
    for role, column, order in wanted:
        partner = Caller("x", "fleck", role, ROLE_SCOPES[role])
        by = (f"registration.{column} {order}", f"registration.id {order}")
        shown = plan(many, rows(partner).order_by(*map(sa.text, by)).limit(51))
        assert f"{column}_id" in shown, shown
        assert "Sort" not in shown, shown


def test_the_rows_that_were_there_get_what_the_application_writes(
    world: World, people: dict[str, JSON]
) -> None:
    """Down to before there was a search, and up again."""
    kept = """SELECT r.id, name_key, search_text FROM registration r JOIN applicant a ON a.id = r.applicant
              ORDER BY r.id"""
    before = sql(world.database_url, kept)
    assert len(before) == len(people)
    migrate.downgrade(world.database_url, "0001")
    migrate.upgrade(world.database_url)
    assert sql(world.database_url, kept) == before
