"""Numbers that carry a check: IBAN, BIC, VAT number, KvK number, OIN, country. Pure."""

import re
from functools import cache
from importlib.resources import files

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_DUTCH_IBAN = re.compile(r"NL[0-9]{2}[A-Z]{4}[0-9]{10}")
_BIC = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_VAT = re.compile(r"NL([0-9]{9})B(?!00)[0-9]{2}")
_KVK = re.compile(r"[0-9]{8}")
_OIN = re.compile(r"[0-9]{20}")


def compact(number: str) -> str:
    """The number as it is kept: capitals, without the spaces, points and dashes that people write in it."""
    return re.sub(r"[ .-]", "", number).upper()


def is_iban(number: str) -> bool:
    """Whether it is an account number (ISO 13616): its shape, its country, and its check by 97."""
    if not _IBAN.fullmatch(number) or number[:2] not in countries():
        return False
    if number.startswith("NL") and not _DUTCH_IBAN.fullmatch(number):
        return False
    return _modulo_97(number[4:] + number[:4]) == 1


def is_bic(number: str) -> bool:
    """Whether it has the shape of a bank's identifier (ISO 9362) in a country that there is."""
    return bool(_BIC.fullmatch(number)) and number[4:6] in countries()


def is_vat_number(number: str) -> bool:
    """Whether it is a Dutch VAT number: of a legal person by the eleven test, of a person by 97."""
    shape = _VAT.fullmatch(number)
    if shape is None:
        return False
    digits = [int(digit) for digit in shape[1]]
    weighed = sum(weight * digit for weight, digit in zip(range(9, 1, -1), digits[:8], strict=True))
    legal_person = any(digits) and weighed % 11 == digits[8]
    return legal_person or _modulo_97(number) == 1


def is_kvk_number(number: str) -> bool:
    """Whether it has the shape of a number of the Dutch trade register, which has no check of its own."""
    return bool(_KVK.fullmatch(number))


def is_oin(number: str) -> bool:
    """Whether it has the shape of the number of a Dutch public body (Organisatie-identificatienummer)."""
    return bool(_OIN.fullmatch(number))


def is_country(code: str) -> bool:
    """Whether it is a country of ISO 3166-1."""
    return code in countries()


@cache
def countries() -> frozenset[str]:
    """The two-letter codes of ISO 3166-1, as the time zone database lists them."""
    table = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line[:2] for line in table.splitlines() if line and not line.startswith("#"))


def _modulo_97(number: str) -> int:
    """The remainder by 97 of a number in which A is 10 and Z is 35 (ISO 7064)."""
    return int("".join(str(int(character, 36)) for character in number)) % 97
