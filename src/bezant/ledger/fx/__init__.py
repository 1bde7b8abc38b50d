"""Currencies: exact rates, quotes that expire, conversions through positions, revaluation."""

from typing import TYPE_CHECKING

from bezant.kernel.lazy import lazily

if TYPE_CHECKING:
    from bezant.ledger.fx.conversions import ConvertCurrency
    from bezant.ledger.fx.errors import (
        ClientRateTooHigh,
        FxAmountOutOfRange,
        FxNotSetUp,
        QuoteExpired,
        QuoteUsed,
        RateUnknown,
        SameAsset,
        UnknownQuote,
    )
    from bezant.ledger.fx.schemas import QUOTE_LASTS_S_MAX, NewConversion, NewQuote, Quote

__all__ = [
    "QUOTE_LASTS_S_MAX",
    "ClientRateTooHigh",
    "ConvertCurrency",
    "FxAmountOutOfRange",
    "FxNotSetUp",
    "NewConversion",
    "NewQuote",
    "Quote",
    "QuoteExpired",
    "QuoteUsed",
    "RateUnknown",
    "SameAsset",
    "UnknownQuote",
]

__getattr__ = lazily(
    __name__,
    {
        "conversions": "ConvertCurrency",
        "errors": (
            "ClientRateTooHigh, FxAmountOutOfRange, FxNotSetUp, QuoteExpired, QuoteUsed,"
            " RateUnknown, SameAsset, UnknownQuote"
        ),
        "schemas": "QUOTE_LASTS_S_MAX, NewConversion, NewQuote, Quote",
    },
)
