"""Tokens: the token endpoint, and what becomes of what it issues."""

from bezant.identity.tokens.access import AccessTokens, InvalidAccessToken
from bezant.identity.tokens.api import part
from bezant.identity.tokens.confirming import proven
from bezant.identity.tokens.domain import Claims
from bezant.identity.tokens.endpoint import TokenEndpoint
from bezant.identity.tokens.exchanging import TokenExchange
from bezant.identity.tokens.giving import Givers
from bezant.identity.tokens.introspection import IntrospectionEndpoint
from bezant.identity.tokens.narrowing import resources_of
from bezant.identity.tokens.ports import (
    CodeRedeemer,
    IdTokenIssuer,
    PolledFor,
    Poller,
    PresentedCode,
    Redeemed,
    Spent,
)
from bezant.identity.tokens.refreshing import RefreshTokens
from bezant.identity.tokens.revocation import RevocationEndpoint
from bezant.identity.tokens.standing import TokenStandings
from bezant.identity.tokens.sweeping import TokenSweep

__all__ = [
    "AccessTokens",
    "Claims",
    "CodeRedeemer",
    "Givers",
    "IdTokenIssuer",
    "IntrospectionEndpoint",
    "InvalidAccessToken",
    "PolledFor",
    "Poller",
    "PresentedCode",
    "Redeemed",
    "RefreshTokens",
    "RevocationEndpoint",
    "Spent",
    "TokenEndpoint",
    "TokenExchange",
    "TokenStandings",
    "TokenSweep",
    "part",
    "proven",
    "resources_of",
]
