"""How an invoice stands: by table, and always one of four."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.invoices.standing import InvoiceStatus, open_cents, status

DUE = date(2021, 10, 1)


@pytest.mark.parametrize(
    ("due", "paid", "due_on", "today", "credited", "stands", "left"),
    [
        (75_000, 0, DUE, DUE - timedelta(days=30), False, "open", 75_000),
        (75_000, 0, DUE, DUE, False, "open", 75_000),
        (75_000, 0, DUE, DUE + timedelta(days=1), False, "overdue", 75_000),
        (75_000, 74_999, DUE, DUE + timedelta(days=1), False, "overdue", 1),
        (75_000, 75_000, DUE, DUE + timedelta(days=1), False, "paid", 0),
        (75_000, 0, DUE, DUE + timedelta(days=1), True, "credited", 0),
        (75_000, 75_000, DUE, DUE, True, "credited", 0),
        (75_000, 0, None, DUE, False, "open", 75_000),
        (0, 0, None, DUE, False, "paid", 0),
    ],
)
def test_it_stands_so(
    due: int, paid: int, due_on: date | None, today: date, credited: bool, stands: str, left: int
) -> None:
    assert status(due, paid, due_on, today, credited=credited) == stands
    assert open_cents(due, paid, credited=credited) == left


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(-40, 40), st.booleans())
def test_something_is_open_when_and_only_when_it_is_told(
    due: int, paid: int, days: int, credited: bool
) -> None:
    paid = min(paid, due)
    stands = status(due, paid, DUE, DUE + timedelta(days=days), credited=credited)
    left = open_cents(due, paid, credited=credited)
    assert (left > 0) == (stands in (InvoiceStatus.OPEN, InvoiceStatus.OVERDUE))
    assert 0 <= left <= due
