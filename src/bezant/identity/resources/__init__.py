"""Resources: from a sender-constrained access token to the caller of the API."""

from bezant.identity.resources.api import part
from bezant.identity.resources.authenticator import Callers, TokenAuthenticator, TokenRefused
from bezant.identity.resources.grant_management import GrantManagement
from bezant.identity.resources.guard import TokenGuard

__all__ = [
    "Callers",
    "GrantManagement",
    "TokenAuthenticator",
    "TokenGuard",
    "TokenRefused",
    "part",
]
