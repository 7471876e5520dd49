"""Numbers with a check: the same verdict as a library of standard numbers, and what is no number at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import bic as their_bic
from stdnum import iban as their_iban
from stdnum.nl import btw as their_btw

from app.invoices import identifiers as ours

# As the banks of these countries publish them for examples.
IBANS = [
    "NL91ABNA0417164300",
    "BE68539007547034",
    "DE89370400440532013000",
    "GB29NWBK60161331926819",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "FR1420041010050500013M02606",
]
VAT_NUMBERS = ["NL123456782B01", "NL002455799B11", "NL004495445B01"]


@pytest.mark.parametrize("number", IBANS)
def test_accounts_are_known_and_every_changed_digit_is_found_out(number: str) -> None:
    assert ours.is_iban(number)
    for place in range(2, len(number)):
        if number[place].isdigit():
            changed = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
            assert not ours.is_iban(changed), changed


@pytest.mark.parametrize(
    "number",
    [
        "",
        "NL91",
        "NL91ABNA041716430",
        "XX91ABNA0417164300",
        "nl91abna0417164300",
        "NL91ABNA0417164300 ",
        "٣" * 18,
    ],
)
def test_what_is_no_account_is_refused(number: str) -> None:
    assert not ours.is_iban(number)


@given(st.integers(0, 10**10 - 1), st.sampled_from(["ABNA", "INGB", "RABO", "TRIO"]))
def test_the_check_digits_are_those_of_the_library(account: int, bank: str) -> None:
    rest = f"{bank}{account:010d}"
    digits = their_iban.calc_check_digits(f"NL00{rest}")
    assert ours.is_iban(f"NL{digits}{rest}")
    assert not ours.is_iban(f"NL{(int(digits) + 1) % 100:02d}{rest}")


@pytest.mark.parametrize("number", VAT_NUMBERS)
def test_vat_numbers_of_persons_and_of_legal_persons_are_known(number: str) -> None:
    assert ours.is_vat_number(number)
    assert their_btw.is_valid(number)


@given(st.integers(0, 10**9 - 1), st.integers(0, 99))
def test_vat_numbers_are_judged_as_the_library_judges_them(number: int, serial: int) -> None:
    written = f"NL{number:09d}B{serial:02d}"
    assert ours.is_vat_number(written) == their_btw.is_valid(written)


@pytest.mark.parametrize("number", ["", "NL123456782", "123456782B01", "NL123456782B00", "BE0123456749"])
def test_what_is_no_dutch_vat_number_is_refused(number: str) -> None:
    assert not ours.is_vat_number(number)


@pytest.mark.parametrize("number", ["ABNANL2A", "INGBNL2AXXX", "DEUTDEFF500"])
def test_banks_are_known(number: str) -> None:
    assert ours.is_bic(number)
    assert their_bic.is_valid(number)


@pytest.mark.parametrize("number", ["", "ABNANL2", "ABNAXX2A", "ABNANL2AXX", "1BNANL2A"])
def test_what_is_no_bank_is_refused(number: str) -> None:
    assert not ours.is_bic(number)


def test_registers_and_countries_are_told_by_their_shape() -> None:
    assert ours.is_kvk_number("12345678")
    assert ours.is_oin("00000001003214345000")
    assert not any(map(ours.is_kvk_number, ("", "1234567", "123456789", "1234567٣")))
    assert not any(map(ours.is_oin, ("", "12345678", "0000000100321434500X")))
    assert {"NL", "BE", "DE", "BQ"} <= ours.countries()
    assert not any(map(ours.is_country, ("", "nl", "NLD", "XX", "EU")))
    assert len(ours.countries()) > 240


def test_what_people_write_between_the_digits_makes_no_difference() -> None:
    assert ours.compact(" nl91 ABNA 0417.1643-00 ") == "NL91ABNA0417164300"
