"""Resources: from a sender-constrained access token to the caller of the API."""

from bezant.identity.resources.api import part
from bezant.identity.resources.authenticator import Callers, TokenAuthenticator, TokenRefused
from bezant.identity.resources.grant_management import GrantManagement
from bezant.identity.resources.guard import TokenGuard
from bezant.identity.resources.signed_messages import SignedCallers, SignedMessages

__all__ = [
    "Callers",
    "GrantManagement",
    "SignedCallers",
    "SignedMessages",
    "TokenAuthenticator",
    "TokenGuard",
    "TokenRefused",
    "part",
]
