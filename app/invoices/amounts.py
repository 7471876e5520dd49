"""Amounts of an invoice, in whole cents, as EN 16931 reckons them. Pure: integers in, integers out.

Lines are net of VAT (BT-131). VAT is rounded once, half up, over the sum of the lines of a category
(BR-CO-17), never line by line. A price that has VAT in it stays the price: where no net amount gives it back
exactly, the difference of a cent is the document's rounding amount (BT-114).
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Totals:
    """The totals of a document with one VAT category, and the net amount of each of its lines."""

    lines: tuple[int, ...]
    vat: int
    rounding: int

    @property
    def net(self) -> int:
        """The sum of the lines (BT-106, BT-109)."""
        return sum(self.lines)

    @property
    def with_vat(self) -> int:
        """What stands on it with VAT (BT-112)."""
        return self.net + self.vat

    @property
    def payable(self) -> int:
        """What is to be paid (BT-115)."""
        return self.with_vat + self.rounding


def half_up(numerator: int, denominator: int) -> int:
    """The quotient of two whole numbers that are not negative, rounded to a whole one, halves upward."""
    return (2 * numerator + denominator) // (2 * denominator)


def totals(prices: Sequence[int], rate_percent: int, *, includes_vat: bool) -> Totals:
    """The totals of lines with these prices in cents, all at one rate."""
    if includes_vat:
        lines = tuple(half_up(price * 100, 100 + rate_percent) for price in prices)
    else:
        lines = tuple(prices)
    vat = half_up(sum(lines) * rate_percent, 100)
    payable = sum(prices) if includes_vat else sum(lines) + vat
    return Totals(lines, vat, payable - sum(lines) - vat)


def euros(cents: int) -> str:
    """An amount with a decimal point, as documents for machines write it: 750.00, -0.01."""
    sign, cents = "-" if cents < 0 else "", abs(cents)
    return f"{sign}{cents // 100}.{cents % 100:02d}"


def in_dutch(cents: int) -> str:
    """An amount as one writes it in Dutch: € 1.234,50, € -0,01."""
    sign, cents = "-" if cents < 0 else "", abs(cents)
    whole = f"{cents // 100:,}".replace(",", ".")
    return f"€ {sign}{whole},{cents % 100:02d}"
