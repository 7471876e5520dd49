"""The public check of a certificate, as whoever scanned its QR code meets it."""

import pytest

from tests.browser.reader import DESKTOP, PHONE, Reader, hindrances, overflows
from tests.stories.server import Server


@pytest.fixture(scope="module")
def unknown(server: Server) -> str:
    server.at("2021-07-06T09:00+02:00")
    return f"{server.url}/v1/verifications/AAAA-AAAA-AAAA-AAAA"


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize(
    ("language", "said"),
    [("nl", "Dit certificaat kennen wij niet"), ("en", "We do not know this certificate")],
)
def test_a_certificate_that_nobody_knows(
    reader: Reader, unknown: str, language: str, said: str, width: int
) -> None:
    page = reader.open(unknown, language=language, width=width, status=404)
    assert said in page.inner_text("main")
    assert not overflows(page)
    assert hindrances(page) == []
    assert said in reader.open(unknown, language=language, javascript=False, status=404).inner_text("main")
