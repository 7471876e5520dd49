"""What a price says of VAT. Pure: no database."""

from dataclasses import dataclass
from enum import StrEnum


class VatCategory(StrEnum):
    """The categories of EN 16931 (UNTDID 5305) that a training can fall in."""

    EXEMPT = "E"  # such as recognised vocational education
    STANDARD = "S"


@dataclass(frozen=True)
class Vat:
    """How VAT is charged: category, rate, why there is none, and whether the price has it in it."""

    category: VatCategory
    rate_percent: int
    exemption_reason: str | None = None
    exemption_reason_code: str | None = None
    price_includes_vat: bool = False
