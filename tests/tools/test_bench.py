"""What the benches write into the tables by hand fits the tables as they are now."""

from bench import certificates
from tests.conftest import sql


def test_certificates_are_measured_on_rows_that_fit(database_url: str) -> None:
    ready = certificates.READY.format(edition="first", count=2)
    earlier = certificates.EARLIER.format(size=20)
    rows = sql(
        database_url,
        *(one for text in (ready, earlier) for one in text.split(";\n") if one.strip()),
        "SELECT count(*) certificates, min(s.entry) first, max(c.number) last,"
        " (SELECT count(*) FROM attendance) attended"
        " FROM certificate c JOIN register_salt s ON s.certificate = c.number",
    )
    assert dict(rows[0]) == {"certificates": 20, "first": 1, "last": "CCVO-2012-000020", "attended": 16}
