"""Amounts: whole cents that add up, by table and by property."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.invoices.amounts import euros, half_up, in_dutch, totals

PRICES = st.lists(st.integers(0, 10_000_000), min_size=1, max_size=5)
RATES = st.integers(0, 100)


@pytest.mark.parametrize(
    ("price", "rate", "included", "net", "vat", "rounding"),
    [
        (75_000, 0, False, 75_000, 0, 0),
        (75_000, 0, True, 75_000, 0, 0),
        (75_000, 21, False, 75_000, 15_750, 0),
        (75_000, 21, True, 61_983, 13_016, 1),  # 619.83 and its 21 % are 749.99: a cent of rounding
        (90_750, 21, True, 75_000, 15_750, 0),
        (50, 21, False, 50, 11, 0),  # 10.5 cents, half up
        (1, 21, True, 1, 0, 0),
        (0, 21, True, 0, 0, 0),
    ],
)
def test_the_amounts_are_these(
    price: int, rate: int, included: bool, net: int, vat: int, rounding: int
) -> None:
    made = totals([price], rate, includes_vat=included)
    assert (made.net, made.vat, made.rounding) == (net, vat, rounding)


def test_vat_is_rounded_once_over_all_lines() -> None:
    assert totals([2, 2, 2], 21, includes_vat=False).vat == 1  # 1.26 cents; three times 0.42 would be none


@given(PRICES, RATES, st.booleans())
def test_they_add_up_as_the_norm_says(prices: list[int], rate: int, included: bool) -> None:
    made = totals(prices, rate, includes_vat=included)
    assert all(type(amount) is int for amount in (*made.lines, made.vat, made.rounding))
    assert len(made.lines) == len(prices)
    assert made.net == sum(made.lines)  # BR-CO-10, BR-CO-13
    assert made.with_vat == made.net + made.vat  # BR-CO-15
    assert made.payable == made.with_vat + made.rounding  # BR-CO-16
    assert abs(Fraction(made.net * rate, 100) - made.vat) <= Fraction(1, 2)  # BR-CO-17
    assert min(made.net, made.vat, made.payable) >= 0


@given(PRICES, RATES)
def test_a_price_with_vat_in_it_is_what_is_paid(prices: list[int], rate: int) -> None:
    made = totals(prices, rate, includes_vat=True)
    assert made.payable == sum(prices)
    assert abs(made.rounding) <= len(prices)


@given(PRICES, RATES)
def test_a_price_without_vat_is_never_rounded(prices: list[int], rate: int) -> None:
    made = totals(prices, rate, includes_vat=False)
    assert (made.lines, made.rounding) == (tuple(prices), 0)


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_halves_go_up(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert -Fraction(1, 2) <= exact - half_up(numerator, denominator) < Fraction(1, 2)


@pytest.mark.parametrize(
    ("cents", "for_machines", "for_people"),
    [
        (0, "0.00", "€ 0,00"),
        (5, "0.05", "€ 0,05"),
        (75_000, "750.00", "€ 750,00"),
        (123_456_789, "1234567.89", "€ 1.234.567,89"),
        (-1, "-0.01", "€ -0,01"),
    ],
)
def test_they_are_written_so(cents: int, for_machines: str, for_people: str) -> None:
    assert (euros(cents), in_dutch(cents)) == (for_machines, for_people)
