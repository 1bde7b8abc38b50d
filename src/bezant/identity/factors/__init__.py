"""Factors: passwords, passkeys, codes and devices."""

from bezant.identity.factors import (
    approvals,
    domain,
    errors,
    passkeys,
    passwords,
    recovery,
    store,
    totp,
)
from bezant.identity.factors.approvals import Approvals
from bezant.identity.factors.domain import Factor, Method
from bezant.identity.factors.listing import factors_of, listed
from bezant.identity.factors.passkeys import RelyingParty
from bezant.identity.factors.passwords import (
    CHARACTERS_MAX,
    CHARACTERS_MIN,
    BreachedFile,
    BreachedPasswords,
    Passwords,
)
from bezant.identity.factors.proving import Proving

__all__ = [
    "CHARACTERS_MAX",
    "CHARACTERS_MIN",
    "Approvals",
    "BreachedFile",
    "BreachedPasswords",
    "Factor",
    "Method",
    "Passwords",
    "Proving",
    "RelyingParty",
    "approvals",
    "domain",
    "errors",
    "factors_of",
    "listed",
    "passkeys",
    "passwords",
    "recovery",
    "store",
    "totp",
]
