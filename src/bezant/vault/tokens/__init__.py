"""Tokens: random texts that stand for cards, bank accounts and other values of people."""

from bezant.vault.tokens.api import OF_REVEALS, operations
from bezant.vault.tokens.holding import TokenHolding
from bezant.vault.tokens.moving import TokenFingerprints
from bezant.vault.tokens.records import TokenRow, unknown
from bezant.vault.tokens.revealing import Values, redeem
from bezant.vault.tokens.service import TokenService

__all__ = [
    "OF_REVEALS",
    "TokenFingerprints",
    "TokenHolding",
    "TokenRow",
    "TokenService",
    "Values",
    "operations",
    "redeem",
    "unknown",
]
