"""Settings: what is read, what is refused, and the keys that come from them."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.core.settings import Settings

SECRET = "a key for tests, of more than 32 characters"
URL = "postgresql://register@localhost/register"
PRODUCTION: dict[str, Any] = {
    "environment": "production",
    "database_url": URL,
    "secret_key": SECRET,
    "public_url": "https://register.example",
    "files_dir": "/var/lib/register",
}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set where the tests run has no part in them."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)


def refusal(**given: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        Settings(**given)
    return str(refused.value)


def test_development_needs_nothing() -> None:
    settings = Settings()
    assert (settings.environment, settings.database_url, settings.at) == ("development", None, None)
    assert settings.base_url == "http://127.0.0.1:8000"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8123")
    monkeypatch.setenv("TOKEN_SECONDS", "60")
    monkeypatch.setenv("AT", "2021-06-15T09:00+02:00")
    monkeypatch.setenv("DATABASE_URL", "")
    settings = Settings()
    assert (settings.port, settings.token_seconds, settings.database_url) == (8123, 60, None)
    assert settings.at == datetime(2021, 6, 15, 7, tzinfo=UTC)
    assert settings.at.tzinfo is UTC
    assert Settings(port=1).port == 1


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_the_address_of_the_database_names_the_driver(scheme: str) -> None:
    url = Settings(database_url=f"{scheme}://me:p%40ss@db.example:5432/register?ssl=prefer").database_url
    assert url == "postgresql+asyncpg://me:p%40ss@db.example:5432/register?ssl=prefer"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://localhost/register",
        "sqlite:///register.db",
        "postgresql+psycopg://localhost/register",
        "POSTGRESQL",
        "postgresql:localhost/register",
        "localhost/register",
        "://",
        " postgresql://localhost/register",
    ],
)
def test_another_kind_of_database_is_refused(url: str) -> None:
    assert "must begin with postgresql://" in refusal(database_url=url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://db.example:port/register", "should read postgresql://"),
        ("postgresql://db.example/register?x=1", "not known: x"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused(url: str, said: str) -> None:
    assert said in refusal(database_url=url)


def test_a_clock_that_stands_still_is_for_development() -> None:
    assert "AT is for development only" in refusal(**PRODUCTION, at="2021-06-15T09:00+02:00")
    assert "AT is for development only" in refusal(
        **PRODUCTION, at="2021-06-15T09:00+02:00", allow_at_with_database_url=True
    )


def test_a_clock_that_stands_still_dates_no_data_of_somebody_elses() -> None:
    at = "2021-06-15T09:00+02:00"
    assert "ALLOW_AT_WITH_DATABASE_URL" in refusal(at=at, database_url=URL)
    assert Settings(at=at, database_url=URL, allow_at_with_database_url=True).at is not None
    assert Settings(at=at).at is not None


def test_a_clock_needs_an_offset() -> None:
    assert "needs an offset" in refusal(at="2021-06-15T09:00")
    assert "years 1 to 9999" in refusal(at="0001-01-01T00:00:00+14:00")


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("database_url", "production needs DATABASE_URL"),
        ("secret_key", "production needs SECRET_KEY"),
        ("public_url", "production needs PUBLIC_URL, with https"),
        ("files_dir", "production needs FILES_DIR or FILES_URL"),
    ],
)
def test_production_needs_what_development_makes_up(left_out: str, said: str) -> None:
    assert Settings(**PRODUCTION).environment == "production"
    assert said in refusal(**{name: value for name, value in PRODUCTION.items() if name != left_out})


@pytest.mark.parametrize("url", ["http://register.example", "register.example", "ftp://register.example", ""])
def test_production_is_reached_over_https(url: str) -> None:
    assert "with https" in refusal(**{**PRODUCTION, "public_url": url})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("environment", "staging"),
        ("port", 65536),
        ("port", -1),
        ("secret_key", ""),
        ("secret_key", "x" * 31),
        ("token_seconds", 59),
        ("token_seconds", 3601),
        ("pool_size", 0),
        ("worker_seconds", 0),
        ("log_level", "loud"),
        ("max_body_bytes", 1023),
        ("at", "yesterday"),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, value: object) -> None:
    assert name in refusal(**{name: value})


def test_the_address_for_links_has_no_slash_at_the_end() -> None:
    assert Settings(public_url="https://register.example/").base_url == "https://register.example"
    assert Settings(listen_address="0.0.0.0", port=80).base_url == "http://0.0.0.0:80"


def test_a_secret_is_not_shown() -> None:
    settings = Settings(secret_key=SECRET)
    assert SECRET not in f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"


def test_each_purpose_has_a_key_of_its_own(tmp_path: Path) -> None:
    settings, other = Settings(secret_key=SECRET), Settings(secret_key=f"{SECRET}.", data_dir=tmp_path)
    keys = {settings.key("access tokens"), settings.key("enrolment forms"), other.key("access tokens")}
    assert (len(keys), {len(key) for key in keys}) == (3, {32})
    assert Settings(secret_key=SECRET).key("access tokens") == settings.key("access tokens")
    assert list(tmp_path.iterdir()) == []


def test_a_generated_key_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    before = os.umask(0)
    try:
        first = Settings(data_dir=folder).key("access tokens")
    finally:
        os.umask(before)
    [kept] = folder.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert len(kept.read_text()) == 64
    assert Settings(data_dir=folder).key("access tokens") == first
    assert Settings(data_dir=tmp_path / "other").key("access tokens") != first


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda _: Settings(data_dir=tmp_path).key("access tokens"), range(16)))
    assert len(set(keys)) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_origins_stand_with_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().allowed_origins == frozenset()
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://www.example.org, http://localhost:5173,")
    assert Settings().allowed_origins == {"https://www.example.org", "http://localhost:5173"}


@pytest.mark.parametrize(
    "wrong", ["*", "null", "www.example.org", "https://example.org/", "https://*.org", "ftp://a"]
)
def test_what_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", f"https://good.example,{wrong}")
    assert f"{wrong} is no origin" in refusal()


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example",
        "smtp://",
        "mail.example:25",
        "smtp://mail.example:no",
        "smtp://mail.example/inbox",
    ],
)
def test_what_is_no_mail_server_is_refused_without_its_password(url: str) -> None:
    assert "should read smtp://user:password@host:587" in refusal(smtp_url=url, mail_from="a@b.example")
    secret = refusal(smtp_url="http://register:geheim@mail.example", mail_from="a@b.example")
    assert "geheim" not in secret


@pytest.mark.parametrize("written", ["Register", "Register <>", "a@", "zoë@b.example", "a@b"])
def test_whom_messages_come_from_has_an_address(written: str) -> None:
    assert "should read register@example.org" in refusal(mail_from=written)
    assert "should read register@example.org" in refusal(mail_reply_to=written)


def test_a_mail_server_needs_somebody_whom_messages_come_from() -> None:
    assert "SMTP_URL needs MAIL_FROM" in refusal(smtp_url="smtp://mail.example")
    settings = Settings(smtp_url="smtp://register:geheim@mail.example", mail_from="Register <a@b.example>")
    assert "geheim" not in f"{settings!r}{settings.model_dump_json()}"
    assert Settings(smtp_url="", mail_from="").smtp_url is None


def test_files_are_in_one_place() -> None:
    assert Settings(files_dir="/x").files_dir == Path("/x")
    assert Settings(files_url="s3://bucket/some/prefix").files_url == "s3://bucket/some/prefix"
    assert Settings(files_url="").files_url is None
    assert "name two places" in refusal(files_dir="/x", files_url="s3://bucket")
    assert Settings(**{**PRODUCTION, "files_dir": None, "files_url": "s3://bucket"}).files_dir is None


@pytest.mark.parametrize(
    "url",
    [
        "bucket",
        "s3:bucket",
        "s3://",
        "s3://B",
        "https://s3.example/bucket",
        "s3://bucket/../x y",
        "s3://bucket//x",
    ],
)
def test_a_bucket_is_named_as_one(url: str) -> None:
    assert "should read s3://bucket or s3://bucket/prefix" in refusal(files_url=url)


def test_a_server_of_files_is_an_address_and_has_both_halves_of_a_key() -> None:
    assert Settings(files_s3_endpoint="http://127.0.0.1:9000").files_s3_endpoint == "http://127.0.0.1:9000"
    assert "should read https://host" in refusal(files_s3_endpoint="127.0.0.1:9000")
    assert "with https" in refusal(**PRODUCTION, files_s3_endpoint="http://127.0.0.1:9000")
    assert "go together" in refusal(files_s3_access_key_id="x")
    secret = Settings(
        files_s3_access_key_id="x", files_s3_secret_access_key="not told"
    ).files_s3_secret_access_key
    assert "not told" not in repr(secret)
