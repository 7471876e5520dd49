"""Row-level security: what the services' filters forget, PostgreSQL keeps apart."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import asyncpg
import pytest
import sqlalchemy as sa

from app import policies
from app.core import tenancy
from app.core.http.dependencies import Db
from app.core.tenancy import PARTNER, REGISTER
from app.identity.access import requires
from app.identity.caller import Caller, Scope
from app.registrations.models import Registration
from app.tables import metadata
from tests.conftest import sql
from tests.imports.files import imported
from tests.notifications.post_office import Postman
from tests.world import World

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
# Who acts for the whole register on a partner's request, and gives nothing of it away.
ELEVATED = {
    ("following.py", "settle"),
    ("privacy/people.py", "find"),
    ("privacy/service.py", "erase"),
    ("registrations/intake.py", "insert"),
    ("registrations/service.py", "act"),
}


def as_role(world: World, role: str, tenant: str, *statements: str) -> list[asyncpg.Record]:
    """Rows of the last statement, in a transaction that acts so; nothing is kept."""
    act = f"SELECT set_config('role', '{role}', true), set_config('register.tenant', '{tenant}', true)"
    return sql(world.database_url, "BEGIN", act, *statements)


def test_every_table_has_a_decision() -> None:
    decided = [*policies.own(), *policies.CLOSED, *policies.SHARED]
    assert sorted(decided) == sorted(metadata.tables)
    assert set(policies.APPEND_ONLY) <= set(decided)


def test_the_database_has_the_rights_that_are_written_down(world: World) -> None:
    for table in metadata.tables:
        expected = {
            REGISTER: set(RIGHTS),
            PARTNER: set(RIGHTS) if table in policies.own() else set(),
        }
        if table in policies.SHARED:
            expected[PARTNER] = {"SELECT", *filter(None, policies.SHARED[table].split(", "))}
        for role, rights in expected.items():
            if table in (*policies.APPEND_ONLY, *policies.ERASED_ONLY):
                rights -= {"UPDATE", "DELETE"}
            if table in policies.ERASED_ONLY and role == REGISTER:
                rights.add("DELETE")
            asked = ", ".join(f"has_table_privilege('{role}', '\"{table}\"', '{right}')" for right in RIGHTS)
            (row,) = sql(world.database_url, f"SELECT {asked}")
            assert {right for right, has in zip(RIGHTS, row, strict=True) if has} == rights, (table, role)


def test_the_database_has_the_policies_that_are_written_down(world: World) -> None:
    """PostgreSQL writes a condition in its own words, so the one written down is given to it as well."""
    query = """
        SELECT c.relname, p.polname, p.polpermissive, p.polcmd, array_agg(r.rolname)::text[] AS roles,
               pg_get_expr(p.polqual, p.polrelid) AS condition, p.polwithcheck IS NULL AS same
          FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_roles r ON r.oid = ANY (p.polroles)
         GROUP BY p.oid, c.relname"""
    for table, condition in policies.own().items():
        sql(world.database_url, f'CREATE POLICY written_down ON "{table}" TO {PARTNER} USING ({condition})')
    found: dict[str, dict[str, asyncpg.Record]] = {}
    for row in sql(world.database_url, query):
        assert (row["polpermissive"], row["polcmd"], row["same"]) == (True, b"*", True)
        found.setdefault(row["relname"], {})[row["polname"]] = row
    assert found.keys() == policies.own().keys()
    for table, there in found.items():
        assert there.keys() == {"of_a_partner", "of_the_register", "written_down"}, table
        assert there["of_a_partner"]["condition"] == there["written_down"]["condition"], table
        assert there["of_a_partner"]["roles"] == [PARTNER]
        assert (there["of_the_register"]["condition"], there["of_the_register"]["roles"]) == (
            "true",
            [REGISTER],
        )
    closed = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity"
    assert {row[0] for row in sql(world.database_url, closed)} == policies.own().keys()


def test_neither_role_is_more_than_it_should_be(world: World) -> None:
    roles = sql(
        world.database_url,
        f"SELECT * FROM pg_roles WHERE rolname IN ('{PARTNER}', '{REGISTER}')",
    )
    assert len(roles) == 2
    for role in roles:
        assert not any(
            role[name] for name in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolcanlogin")
        )
    owned = f"SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) IN ('{PARTNER}', '{REGISTER}')"
    assert sql(world.database_url, owned)[0][0] == 0


# What that story does not write to; the conditions are of the same kinds as those of the other tables.
UNUSED = {
    "certificate_review",
    "check_in_guess",
    "draw_candidate",
    "event_detail",
    "file",
    "invoice_address",
    "invoice_payment",
    "make_up",
    "out_of_reach",
    "seat_offer",
    "webhook_attempt",
    "webhook_delivery",
    "wishes",
}


@pytest.fixture
def two(world: World) -> World:
    """A register in which FleCk and Mocca have somebody each, who went the whole way."""
    for party in (world.fleck, world.mocca):
        world.at("2021-06-15T09:00+02:00")
        imported(party, world)
        made = world.certified(party)
        world.invoices_by("mocca")
        world.invoice(made["registration"])
        hook = {"url": "https://hooks.example/here", "types": ["registration.*"]}
        assert party.post("/v1/webhooks", hook).status_code == 201
    Postman(world, None).collect()
    return world


def test_as_one_partner_no_row_of_another_is_there(two: World) -> None:
    empty = []
    for table in policies.own():
        count = f'SELECT count(*) FROM "{table}"'
        (all_rows,) = sql(two.database_url, count)[0]
        fleck, mocca, nobody = (as_role(two, PARTNER, who, count)[0][0] for who in ("fleck", "mocca", ""))
        (whole,) = as_role(two, REGISTER, "", count)[0]
        assert whole == all_rows, table
        if table == "event":  # those of sessions are everybody's
            shared = f"SELECT count(*) FROM {table} WHERE partner IS NULL AND type LIKE 'session.%'"
            (everybody,) = sql(two.database_url, shared)[0]
            assert nobody == everybody
            fleck, mocca = fleck - everybody, mocca - everybody
        else:
            assert nobody == 0, table
        assert fleck + mocca <= all_rows, table
        if not (fleck and mocca):
            empty.append(table)
    assert set(empty) <= UNUSED


def test_as_one_partner_no_row_of_another_is_changed_taken_away_or_made(two: World) -> None:
    (theirs,) = sql(two.database_url, "SELECT id FROM registration WHERE partner = 'mocca' LIMIT 1")[0]
    for statement in (
        f"UPDATE registration SET position = 'mine' WHERE id = '{theirs}' RETURNING id",
        f"DELETE FROM enrolment_form WHERE registration = '{theirs}' RETURNING registration",
        "UPDATE applicant SET partner = 'fleck' WHERE partner = 'mocca' RETURNING id",
        "DELETE FROM webhook WHERE partner = 'mocca' RETURNING id",
    ):
        assert as_role(two, PARTNER, "fleck", statement) == []
    for statement in (
        "UPDATE registration SET partner = 'mocca'",
        """INSERT INTO applicant (id, partner, family_name, email, language, search_text)
           VALUES (gen_random_uuid(), 'mocca', 'X', 'x@example.org', 'nl', '')""",
        f"INSERT INTO wishes (registration, dietary) VALUES ('{theirs}', 'x') ON CONFLICT DO NOTHING",
        """INSERT INTO event (type, subject, actor, at, data, partner)
           VALUES ('registration.placed', 'x', 'x', now(), '{}', 'mocca')""",
        "INSERT INTO event (type, subject, actor, at, data) VALUES ('draw.completed', 'x', 'x', now(), '{}')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            as_role(two, PARTNER, "fleck", statement)
    for table in policies.CLOSED:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            as_role(two, PARTNER, "fleck", f'SELECT * FROM "{table}"')


@pytest.mark.parametrize("table", [*policies.APPEND_ONLY, *policies.ERASED_ONLY])
@pytest.mark.parametrize("role", [PARTNER, REGISTER])
def test_what_is_added_to_is_never_changed(world: World, table: str, role: str) -> None:
    """Nor taken away, but by erasure, from a table that goes with the person."""
    column = {"attendance_version": "version", "event": "type"}.get(table, "at")
    may_erase = table in policies.ERASED_ONLY and role == REGISTER
    for statement in (
        f'UPDATE "{table}" SET {column} = {column}',
        *([] if may_erase else [f'DELETE FROM "{table}"']),
        f'TRUNCATE "{table}"',
        f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY',
        f'DROP TABLE "{table}"',
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            as_role(world, role, "fleck", statement)


@pytest.fixture
def unfiltered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every filter by partner in the services is forgotten."""
    forgotten = 0
    for name, module in sorted(sys.modules.items()):
        for member in ("visible", "_visible"):
            if name.startswith("app.") and callable(getattr(module, member, None)):
                monkeypatch.setattr(module, member, lambda *_: sa.true())
                forgotten += 1
    assert forgotten > 5


ADDRESSES = (
    "/v1/registrations",
    "/v1/registrations?q=a",
    "/v1/registrations?partner=mocca",
    "/v1/applicants",
    "/v1/attendance",
    "/v1/certificates",
    "/v1/invoices",
    "/v1/webhooks",
    "/v1/messages",
)


@pytest.mark.usefixtures("unfiltered")
def test_a_forgotten_filter_leaks_nothing(two: World) -> None:
    for address in ADDRESSES:
        answer = two.fleck.get(address)
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        assert not [item for item in items if "mocca" in (item.get("partner"), item.get("organisation"))]
        assert items or "partner=mocca" in address, address
    for path in theirs(two):
        assert two.fleck.get(path).status_code == 404, path
    exported = two.fleck.get("/v1/registration-exports/registrations.csv").text
    assert "fleck" in exported
    assert "mocca" not in exported


@pytest.mark.usefixtures("unfiltered")
def test_without_the_second_lock_it_would(two: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the test above can fail: the same requests, let in to the whole register."""
    monkeypatch.setattr(tenancy, "of_partner", lambda _: tenancy.WHOLE)
    assert two.fleck.get("/v1/registrations?partner=mocca").json()["items"]
    assert {two.fleck.get(path).status_code for path in theirs(two)} == {200}


def theirs(world: World) -> list[str]:
    """Addresses of what is Mocca's."""
    found = []
    for table, key, path in (
        ("registration", "id", "/v1/registrations/{}"),
        ("registration", "id", "/v1/registrations/{}/progress"),
        ("registration", "id", "/v1/registrations/{}/eligibility"),
        ("registration", "id", "/v1/registrations/{}/contact-hours"),
        ("registration", "id", "/v1/registrations/{}/enrolment-form"),
        ("registration", "id", "/v1/registrations/{}/invoice-address"),
        ("applicant", "id", "/v1/applicants/{}"),
        ("webhook", "id", "/v1/webhooks/{}"),
        ("webhook", "id", "/v1/webhooks/{}/deliveries"),
    ):
        (one,) = sql(world.database_url, f"SELECT {key} FROM {table} WHERE partner = 'mocca' LIMIT 1")[0]
        found.append(path.format(one))
    return found


def test_a_route_that_forgets_to_ask_who_calls_finds_nothing(two: World) -> None:
    async def everything(db: Db) -> dict[str, int]:
        found = (
            await (await db.connection()).execute(sa.select(sa.func.count()).select_from(Registration))
        ).scalar_one()
        return {"found": found}

    two.app.add_api_route("/v1/everything", everything)
    assert two.http.get("/v1/everything").json() == {"found": 0}


def test_who_acts_for_the_whole_register_is_written_down() -> None:
    root = Path(policies.__file__).parent
    assert {
        (str(path.relative_to(root)), name)
        for path in root.rglob("*.py")
        if path.name != "tenancy.py"
        for name in _elevating(ast.parse(path.read_text(encoding="utf-8")))
    } == ELEVATED


def _elevating(tree: ast.Module) -> Iterator[str]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            names = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
            if "whole_register" in names:
                yield function.name


def test_an_elevation_ends_with_what_it_was_for(world: World) -> None:
    async def read() -> list[str]:
        said = "SELECT current_setting('role') || ' ' || current_setting('register.tenant')"
        async with world.app.state.database.transaction(tenancy.of_partner("fleck")) as db:
            connection = await db.connection()

            async def now() -> str:
                return str((await connection.execute(sa.text(said))).scalar_one())

            found = [await now()]
            async with tenancy.whole_register(db):
                found.append(await now())
                async with tenancy.whole_register(db):
                    pass
                found.append(await now())
            found.append(await now())
            with pytest.raises(ValueError, match="wrong"):
                async with tenancy.whole_register(db):
                    raise ValueError("wrong")
            return [*found, await now()]

    mine, whole = f"{PARTNER} fleck", f"{REGISTER} "
    assert world.http.portal.call(read) == [mine, whole, whole, mine, mine]


def test_a_transaction_leaves_nothing_to_the_next(world: World) -> None:
    async def read() -> list[str]:
        found = []
        for acting in (tenancy.WHOLE, None, tenancy.of_partner("fleck"), None):
            async with world.app.state.database.transaction(acting) as db:
                said = (
                    "SELECT current_setting('role') || coalesce(current_setting('register.tenant', true), '')"
                )
                found.append(str((await (await db.connection()).execute(sa.text(said))).scalar_one()))
        return found

    assert world.http.portal.call(read) == [REGISTER, PARTNER, f"{PARTNER}fleck", PARTNER]


def test_what_takes_the_database_too_long_is_given_up(world: World) -> None:
    async def wait(db: Db, _: Annotated[Caller, requires(Scope.REGISTRATIONS_READ)]) -> str:
        connection = await db.connection()
        limits = "SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')"
        assert (await connection.execute(sa.text(limits))).scalar_one() == "30s 10s"
        await connection.execute(sa.text("SET LOCAL statement_timeout = '50ms'"))
        await connection.execute(sa.text("SELECT pg_sleep(5)"))
        return "too late"

    world.app.add_api_route("/v1/wait", wait)
    answer = world.fleck.get("/v1/wait")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "too long" in answer.json()["detail"]
