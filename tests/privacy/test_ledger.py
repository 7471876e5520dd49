"""The ledger: yesterday's backup brings nobody back."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import backup
from app.core.storage import Folder
from app.privacy import ledger
from tests.conftest import sql
from tests.privacy.lives import NAMES, WORDS, Life, lived, rows_with, stored
from tests.privacy.test_erasure import erased
from tests.test_cli import command
from tests.world import World


@pytest.fixture
def life(world: World) -> Life:
    return lived(world)


def environment(url: str, folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "FILES_DIR": str(folder),
        "SECRET_KEY": "a key for tests, of more than 32 characters",
        "PUBLIC_URL": "https://register.example",
        "AT": "2022-05-01T12:00:00Z",
        "ALLOW_AT_WITH_DATABASE_URL": "true",
    }


def test_yesterdays_backup_does_not_bring_anybody_back(
    world: World, life: Life, empty_database: str, tmp_path: Path
) -> None:
    files = world.app.state.settings.data_dir / "files"
    backup.make(world.database_url, Folder(files), tmp_path / "backup", datetime(2022, 4, 30, tzinfo=UTC))
    erased(world, life)
    (note,) = (files / "erasures").iterdir()
    said = json.loads(note.read_bytes())
    assert {one["registration"] for one in said["erased"]} >= {life.registration}
    assert not [word for word in WORDS if word in note.read_text()]

    # The storage is the one that there was; the database begins anew with what the backup has.
    restored = command("restore", str(tmp_path / "backup"), **environment(empty_database, files))
    assert restored.returncode == 0, restored.stderr
    assert "Erasures done again, by the ledger: 1." in restored.stdout, restored.stderr
    assert rows_with(empty_database, *WORDS) == {"certificate", "invoice", "invoice_payment"}
    assert stored(files, *WORDS) == []
    assert sql(empty_database, "SELECT count(*) FROM erasure WHERE copied_at IS NOT NULL")[0][0] == len(
        said["erased"]
    )
    again = command("privacy", "replay", **environment(empty_database, files))
    assert again.stdout == "0 erased again.\n"
    verified = command("register", "verify", **environment(empty_database, files))
    # Nobody published heads meanwhile; that is all that is wrong.
    assert [line for line in verified.stderr.splitlines() if not line.startswith("No head")] == []


def test_a_backup_has_its_own_ledger_where_the_storage_is_new(
    world: World, life: Life, empty_database: str, tmp_path: Path
) -> None:
    files = Folder(world.app.state.settings.data_dir / "files")
    erased(world, life)
    backup.make(world.database_url, files, tmp_path / "backup", datetime(2022, 4, 30, tzinfo=UTC))
    new = tmp_path / "elsewhere"
    restored = command("restore", str(tmp_path / "backup"), **environment(empty_database, new))
    assert restored.returncode == 0, restored.stderr
    assert rows_with(empty_database, NAMES[0]) == {"certificate", "invoice"}
    assert rows_with(empty_database, *WORDS) == {"certificate", "invoice", "invoice_payment"}


def test_what_could_not_be_copied_at_once_is_copied_later(world: World, life: Life) -> None:
    state = world.app.state
    erased(world, life)
    notes = state.settings.data_dir / "files" / "erasures"
    (note,) = notes.iterdir()
    before = note.read_bytes()
    note.unlink()
    sql(world.database_url, "UPDATE erasure SET copied_at = NULL")
    assert world.http.portal.call(ledger.copy, state.database, state.storage) == 1
    assert note.read_bytes() == before
    assert world.http.portal.call(ledger.copy, state.database, state.storage) == 0
    # No sweep takes it for a file that nobody has.
    assert note.name not in list(state.storage.older_than(-datetime.resolution))
