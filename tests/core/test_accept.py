"""Whether a page is asked for: by what browsers and programs send, and by what they could."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.http.accept import wants_page

BROWSERS = [
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
        "application/signed-exchange;v=b3;q=0.7"
    ),
]
PAGES = [
    "text/html",
    "TEXT/HTML",
    "Text/Html; charset=utf-8",
    "text/*",
    "text/html;q=0.1",
    "text/html;level=1",
]
PAGES += ["text/html, application/json", "application/json;q=0.9, text/html", "text/html ; Q = 0.5"]
DATA = ["", "*/*", "application/json", "application/*", "text/plain", "text/html;q=0", "text/html;q=0.0, */*"]
DATA += [
    "application/json, text/html;q=0.9",
    "text/html;q=0.5, */*",
    "text/html;q=x",
    "text/htmlx",
    "x text/html",
]
DATA += ["application/problem+json", ",", ";q=1"]


@pytest.mark.parametrize("accept", BROWSERS + PAGES)
def test_who_likes_a_page_best_gets_one(accept: str) -> None:
    assert wants_page(accept)


@pytest.mark.parametrize("accept", DATA)
def test_everybody_else_gets_data(accept: str) -> None:
    assert not wants_page(accept)


@given(st.text())
def test_whatever_is_sent_is_decided(accept: str) -> None:
    assert wants_page(accept) in (True, False)


@given(st.floats(0.001, 1), st.floats(0, 1))
def test_the_weights_decide(page: float, data: float) -> None:
    assert wants_page(f"text/html;q={page:f}, application/json;q={data:f}") == (
        round(page, 6) >= round(data, 6)
    )
