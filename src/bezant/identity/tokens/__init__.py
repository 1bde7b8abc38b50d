"""Tokens: the token endpoint, and what becomes of what it issues."""

from bezant.identity.tokens.ports import (
    CodeRedeemer,
    IdTokenIssuer,
    PresentedCode,
    Redeemed,
    Spent,
)

__all__ = ["CodeRedeemer", "IdTokenIssuer", "PresentedCode", "Redeemed", "Spent"]
