"""The data map: every column of every table is in it, and the page says what it says."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.privacy import data_map
from app.privacy.data_map import MAP, Fate
from app.privacy.people import Person
from app.privacy.uses import EXPLAINED, Use
from app.tables import metadata
from app.trainings.terms import RETENTION, Retained
from tests.conftest import sql
from tests.world import World
from tools import data_map as written

# Columns with free text about no person: settings, what is public, what the register makes itself.
NOT_PERSONAL = {
    "certificate.edition_title",
    "draw.frozen_list",
    "draw.outcome",
    "draw.void_reason",
    "session.travel_note",
    "session.online_url",
    "session.place",
    "session.address",
    "webhook.description",
}


def test_every_column_of_every_table_stands_in_the_map_once() -> None:
    assert MAP.keys() == metadata.tables.keys()
    for name, table in metadata.tables.items():
        listed = [*MAP[name].plain.split(), *MAP[name].personal]
        assert sorted(listed) == sorted(column.name for column in table.columns), name


def test_long_texts_of_people_are_not_called_impersonal() -> None:
    """What may hold a few hundred characters, or JSON, is personal unless it is known not to be."""
    wide = {
        f"{name}.{column.name}"
        for name, table in metadata.tables.items()
        if MAP[name].where is not None
        for column in table.columns
        if isinstance(column.type, JSONB | sa.Text | ARRAY) or (getattr(column.type, "length", 0) or 0) > 200
    }
    personal = {f"{name}.{column}" for name, held in MAP.items() for column in held.personal}
    by_id = {
        "event.data",
        "invoice.seller_details",
        "invoice.vat",
        "webhook_attempt.request_headers",
    }
    assert wide - personal - NOT_PERSONAL <= by_id


def test_every_purpose_is_explained_and_every_term_belongs_to_one() -> None:
    assert EXPLAINED.keys() == set(Use)
    used = {datum.use for held in MAP.values() for datum in held.personal.values()}
    assert used == set(Use)
    assert {term for said in EXPLAINED.values() for term in said.terms} == set(Retained) == RETENTION.keys()


def test_a_row_goes_whole_or_not_at_all() -> None:
    for name, held in MAP.items():
        fates = {datum.fate for datum in held.personal.values()}
        if Fate.ROW in fates:
            assert fates == {Fate.ROW}, name
        assert held.term is None or held.goes, name


@pytest.mark.parametrize("table", [name for name, held, _ in data_map.of_people()])
def test_each_condition_is_sql_that_finds_nobody_else(world: World, table: str) -> None:
    where = MAP[table].where
    assert where is not None
    found = Person((), ()).bound(f'SELECT 1 FROM "{table}" WHERE {where}')
    text = str(found.compile(compile_kwargs={"literal_binds": False}))
    for name in ("registrations", "applicants"):
        text = text.replace(f":{name}", "ARRAY[]::uuid[]")
    assert sql(world.database_url, text.replace(":names", "ARRAY[]::text[]")) == []


def test_the_page_has_the_tables_that_the_map_makes() -> None:
    page = written.PAGE.read_text(encoding="utf-8")
    assert written.page_with(written.written(), page) == page, "run: python -m tools.data_map"
