"""What a price says of VAT. Pure: no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


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

    @classmethod
    def kept(cls, members: Mapping[str, Any]) -> Self:
        """The one whose members the database keeps as JSON."""
        return cls(**{**members, "category": VatCategory(members["category"])})
