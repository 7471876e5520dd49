"""What is looked for in every answer of every attack, whatever else its test looks for."""

import httpx

# Words that only a failure would bring into an answer.
INSIDES = (
    "Traceback (most",
    "asyncpg",
    "sqlalchemy",
    "psycopg",
    "site-packages",
    "pydantic_core",
    "root:x:0",
)


def watched(answer: httpx.Response) -> httpx.Response:
    """The answer, which tells of no failure of ours and carries what every answer carries."""
    asked = f"{answer.request.method} {answer.request.url!s:.200}"
    assert answer.status_code < 500, (asked, answer.status_code, answer.text[:500])
    assert answer.headers["x-content-type-options"] == "nosniff", asked
    if answer.is_error:
        assert not [word for word in INSIDES if word in answer.text], (asked, answer.text[:500])
    return answer
