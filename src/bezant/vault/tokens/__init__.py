"""Tokens: random texts that stand for cards, bank accounts and other values of people."""

from bezant.vault.tokens.api import operations
from bezant.vault.tokens.holding import TokenHolding
from bezant.vault.tokens.service import TokenService

__all__ = ["TokenHolding", "TokenService", "operations"]
